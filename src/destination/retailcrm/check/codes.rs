//! The codes that mappings name: order types and methods, statuses, managers and the like. One unknown code refuses the whole order.

use std::collections::BTreeMap;

use crate::delivery::Failure;
use crate::destination::retailcrm::api::{Entry, User};
use crate::destination::retailcrm::check::fixed::Fixed;
use crate::destination::retailcrm::check::{Check, Said, instead};

/// A mapped field, indexes left out, and the reference list of its codes.
const LISTS: [(&str, &str); 11] = [
    ("orderType", "order-types"),
    ("orderMethod", "order-methods"),
    ("status", "statuses"),
    ("shipmentStore", "stores"),
    ("items.status", "product-statuses"),
    ("items.priceType.code", "price-types"),
    ("payments.type", "payment-types"),
    ("payments.status", "payment-statuses"),
    ("delivery.code", "delivery-types"),
    ("delivery.service.code", "delivery-services"),
    ("currency", "currencies"),
];

/// The lists that were read, by their name.
pub(super) type Lists = BTreeMap<&'static str, Vec<Entry>>;

impl Check<'_> {
    /// Every fixed code against its list, whether they go together, and every manager against the users.
    pub(super) async fn codes(&mut self) -> Result<(), Failure> {
        let fixed = self.fixed();
        let lists = self.lists(&fixed).await?;
        for value in &fixed {
            let list = LISTS.iter().find(|(field, _)| *field == value.field);
            if let Some((_, list)) = list
                && let Some(entries) = lists.get(list)
            {
                self.code(value, entries, list);
            }
        }
        self.payments(&fixed, &lists);
        self.managers(&fixed).await
    }

    async fn lists(&mut self, fixed: &[Fixed]) -> Result<Lists, Failure> {
        let mut lists = Lists::new();
        for (field, list) in LISTS {
            if fixed.iter().any(|value| value.field == field) {
                let answer = self.account.api.reference(list).await;
                if let Some(entries) = self.read(answer, (list, "reference_read"))? {
                    lists.insert(list, entries);
                }
            }
        }
        Ok(lists)
    }

    fn code(&mut self, fixed: &Fixed, entries: &[Entry], list: &str) {
        let value = &fixed.value;
        let active = entries.iter().filter(|entry| entry.active);
        let known = active.map(|entry| (entry.code.as_str(), entry.name.as_str()));
        match entries.iter().find(|entry| entry.code == *value) {
            Some(entry) if entry.active => {}
            Some(_) => {
                let said = Said::new(
                    format!("\"{value}\" в справочнике {list} отключено"),
                    format!("\"{value}\" is switched off in the list {list}"),
                );
                self.warning(
                    &fixed.key_path,
                    said.instead(instead("", known)).remedy(
                        "включите его в CRM или укажите другой код",
                        "switch it on in the CRM, or give another code",
                    ),
                );
            }
            None => {
                let said = Said::new(
                    format!("в справочнике {list} нет кода \"{value}\""),
                    format!("the list {list} has no code \"{value}\""),
                );
                self.problem(
                    &fixed.key_path,
                    said.instead(instead(value, known)).remedy(
                        "исправьте код здесь или заведите его в CRM; с чужим кодом CRM не примет заказ",
                        "correct the code here, or add it in the CRM; the CRM refuses an order with a code it does not know",
                    ),
                );
            }
        }
    }

    async fn managers(&mut self, fixed: &[Fixed]) -> Result<(), Failure> {
        let managers: Vec<&Fixed> = fixed
            .iter()
            .filter(|value| value.field == "managerId")
            .collect();
        if managers.is_empty() {
            return Ok(());
        }
        let answer = self.account.api.users().await;
        let Some(users) = self.read(answer, ("users", "user_read"))? else {
            return Ok(());
        };
        for manager in managers {
            self.manager(manager, &users);
        }
        Ok(())
    }

    fn manager(&mut self, fixed: &Fixed, users: &[User]) {
        let value = &fixed.value;
        let user = users.iter().find(|user| user.id.to_string() == *value);
        let Some(user) = user else {
            let said = Said::new(
                format!("в CRM нет пользователя с id {value}"),
                format!("the CRM has no user with the id {value}"),
            );
            let ids: Vec<String> = users
                .iter()
                .filter(|user| user.active && user.manager != Some(false))
                .map(|user| user.id.to_string())
                .collect();
            let known = ids.iter().map(|id| (id.as_str(), ""));
            self.problem(
                &fixed.key_path,
                said.instead(instead("", known)).remedy(
                    "id стоит в адресе страницы пользователя: Настройки, Пользователи",
                    "the id stands in the address of the user's page: Settings, Users",
                ),
            );
            return;
        };
        if !user.active || user.manager == Some(false) {
            let said = if user.active {
                Said::new(
                    format!("пользователь {value} не менеджер"),
                    format!("user {value} is no manager"),
                )
            } else {
                Said::new(
                    format!("пользователь {value} отключён в CRM"),
                    format!("user {value} is switched off in the CRM"),
                )
            };
            self.warning(
                &fixed.key_path,
                said.remedy(
                    "назначьте другого или поправьте пользователя в CRM",
                    "name another one, or mend the user in the CRM",
                ),
            );
        }
    }
}
