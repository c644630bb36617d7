//! Payment and delivery types that are not permitted together, or not in the store: the CRM refuses such an order although each of the codes is
//! right (facts/retailcrm.md, section 4).

use crate::destination::Bilingual;
use crate::destination::retailcrm::api::Entry;
use crate::destination::retailcrm::check::codes::Lists;
use crate::destination::retailcrm::check::fixed::Fixed;
use crate::destination::retailcrm::check::{Check, Said};

impl Check<'_> {
    /// Every payment type with the delivery type of the same rule, and both with the store.
    pub(super) fn payments(&mut self, fixed: &[Fixed], lists: &Lists) {
        for value in fixed {
            let list = match value.field.as_str() {
                "payments.type" => "payment-types",
                "delivery.code" => "delivery-types",
                _ => continue,
            };
            let Some(entry) = find(lists, list, &value.value) else {
                continue;
            };
            self.in_store(value, entry);
            let delivery = fixed
                .iter()
                .find(|other| other.rule == value.rule && other.field == "delivery.code");
            if value.field == "payments.type"
                && let Some(delivery) = delivery
                && let Some(delivery) = find(lists, "delivery-types", &delivery.value)
            {
                self.together(value, entry, delivery);
            }
        }
    }

    fn in_store(&mut self, value: &Fixed, entry: &Entry) {
        let site = match (self.account.api.site(), self.credentials.sites.as_deref()) {
            (Some(site), _) => site.to_owned(),
            (None, Some([only])) => only.clone(),
            _ => return,
        };
        if entry.sites.is_empty() || entry.sites.contains(&site) {
            return;
        }
        let code = &entry.code;
        let said = Said::new(
            format!("\"{code}\" нельзя использовать в магазине \"{site}\""),
            format!("\"{code}\" is not available in the store \"{site}\""),
        );
        let stores = entry.sites.join(", ");
        self.problem(
            &value.key_path,
            said.instead(Some(Bilingual::new(
                format!("магазины этого типа: {stores}"),
                format!("it is available in: {stores}"),
            )))
            .remedy(
                "разрешите его для магазина в CRM или укажите другой код",
                "allow it for the store in the CRM, or give another code",
            ),
        );
    }

    /// Each side lists the other; an empty list says nothing.
    fn together(&mut self, value: &Fixed, payment: &Entry, delivery: &Entry) {
        let allows = |one: &Entry, other: &Entry| {
            one.goes_with.is_empty() || one.goes_with.contains(&other.code)
        };
        if allows(payment, delivery) && allows(delivery, payment) {
            return;
        }
        let (payment_code, delivery_code) = (&payment.code, &delivery.code);
        let said = Said::new(
            format!("оплата \"{payment_code}\" не разрешена с доставкой \"{delivery_code}\""),
            format!(
                "payment \"{payment_code}\" is not permitted with delivery \"{delivery_code}\""
            ),
        );
        let instead = (!delivery.goes_with.is_empty()).then(|| {
            let permitted = delivery.goes_with.join(", ");
            Bilingual::new(
                format!("с этой доставкой разрешены: {permitted}"),
                format!("with this delivery it permits: {permitted}"),
            )
        });
        self.problem(
            &value.key_path,
            said.instead(instead).remedy(
                "выберите разрешённую пару или разрешите эту в CRM, в настройках типа доставки",
                "choose a permitted pair, or permit this one in the CRM, in the delivery type's settings",
            ),
        );
    }
}

fn find<'a>(lists: &'a Lists, list: &str, code: &str) -> Option<&'a Entry> {
    lists.get(list)?.iter().find(|entry| entry.code == code)
}
