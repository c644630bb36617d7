//! A lead is worth more than a field: finds the value for which the CRM refused a record (`find`), and takes it out (`take`).
//!
//! What cannot be found at all is handled by leaving out what names something of the account, and at last everything that can be left out.

mod find;
mod take;

use serde_json::{Map, Value};

use crate::destination::retailcrm::api::Refusal;
use crate::destination::retailcrm::mapping::LeftOut;
use crate::lead::Bilingual;

/// How many values are left out one after another before the attempt is given up.
pub(super) const MOST_REPAIRS: usize = 5;

/// Fields without which the record would not be this person's lead.
const KEPT: [&str; 5] = ["externalId", "lastName", "firstName", "patronymic", "phone"];

/// Fields that stay when everything that can be left out is.
const CORE: [&str; 4] = ["createdAt", "email", "customerComment", "source"];

/// The account's own fields.
const CUSTOM: &str = "customFields";

/// What the visitor ordered, and where to: goes last.
const GOODS: [&str; 4] = ["items", "delivery", "contragent", "additionalPhone"];

/// Takes out the values that the refusal complains of. Empty when it names none that can be left out.
pub(super) fn leave_out(fields: &mut Map<String, Value>, refusal: &Refusal) -> Vec<LeftOut> {
    let mut complaints = refusal.errors.clone();
    if complaints.is_empty() {
        complaints.push((String::new(), refusal.message.clone()));
    }
    let mut paths = Vec::new();
    let mut reasons: Vec<(String, &str)> = Vec::new();
    for (field, text) in &complaints {
        for path in find::paths(fields, field, text) {
            reasons.push((path.clone(), text));
            paths.push(path);
        }
    }
    let taken = take::take_all(fields, &paths).into_iter();
    let left = taken.map(|(path, value)| {
        let reason = reasons.iter().find(|(about, _)| about.starts_with(&path));
        let why = reason.map_or(refusal.text(), |(_, text)| (*text).to_owned());
        LeftOut {
            path,
            value,
            why: Bilingual::same(why),
        }
    });
    left.collect()
}

/// Takes out more when a refusal tells nothing that helps: first the custom fields, whose types only the account knows; then all that names
/// something of the account; the goods and the address at last. Empty when nothing is left that can go.
pub(super) fn leave_out_all(fields: &mut Map<String, Value>, refusal: &Refusal) -> Vec<LeftOut> {
    let extras: Vec<String> = fields
        .keys()
        .filter(|name| may_go(name) && !CORE.contains(&name.as_str()))
        .cloned()
        .collect();
    let custom: Vec<String> = extras
        .iter()
        .filter(|name| *name == CUSTOM)
        .cloned()
        .collect();
    let mut codes: Vec<String> = extras
        .iter()
        .filter(|name| !GOODS.contains(&name.as_str()))
        .cloned()
        .collect();
    let delivery = fields.get("delivery").and_then(Value::as_object);
    for code in ["code", "service"] {
        if delivery.is_some_and(|delivery| delivery.contains_key(code)) {
            codes.push(format!("delivery.{code}"));
        }
    }
    let stages = [custom, codes, extras];
    let stage = stages.into_iter().find(|paths| !paths.is_empty());
    let taken = take::take_all(fields, &stage.unwrap_or_default());
    let left = taken.into_iter().map(|(path, value)| LeftOut {
        path,
        value,
        why: Bilingual::same(refusal.text()),
    });
    left.collect()
}

/// Whether a top-level field can be left out.
fn may_go(name: &str) -> bool {
    !KEPT.contains(&name)
}

/// `items[0].offer.id`, `customFields[city]`, `children[delivery].children[code]` as their parts.
fn segments(path: &str) -> Vec<String> {
    let is_path = !path.is_empty()
        && path
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '[' | ']' | '_' | '-'));
    if !is_path {
        return Vec::new();
    }
    let parts = path
        .split(['.', '[', ']'])
        .filter(|part| !part.is_empty() && *part != "children");
    parts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refusal(message: &str, errors: &[(&str, &str)]) -> Refusal {
        let errors = errors
            .iter()
            .map(|(field, text)| ((*field).to_owned(), (*text).to_owned()))
            .collect();
        Refusal {
            status: 400,
            message: message.to_owned(),
            errors,
        }
    }

    fn order() -> Map<String, Value> {
        let order = json!({
            "externalId": "lg-1", "firstName": "Анна", "phone": "+79123456789", "email": "a@b.ru",
            "orderMethod": "landing", "status": "new", "managerId": 12,
            "customFields": {"city": "msk", "channel": "ads"},
            "items": [{"productName": "Стол", "offer": {"id": 99}}],
            "payments": [{"type": "cash"}],
        });
        order.as_object().expect("object").clone()
    }

    /// What is complained of (field and text), and the path and value that are taken out.
    const TABLE: &str = r#"
orderMethod | no such | orderMethod | landing
order.status | no such | status | new
customFields.city | не существует | customFields.city | msk
customFields[city] | bad | customFields.city | msk
children[managerId] | bad | managerId | 12
items[0].offer.id | not found | items[0].offer.id | 99
 | items[0].offer.id: Offer with id 99 not found. | items[0].offer.id | 99
payments[0].type.code | bad | payments[0].type | cash
 | "OrderMethod" with "code"="landing" does not exist. | orderMethod | landing
 | "Status" с "code"="new" не существует. | status | new
 | Element "ads" is unknown | customFields.channel | ads
"#;

    #[test]
    fn the_value_is_found_by_path_class_or_quotation() {
        for line in TABLE.lines().filter(|line| !line.is_empty()) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [field, text, path, value] = cells.try_into().expect("four cells");
            let mut fields = order();
            let left = leave_out(&mut fields, &refusal("x", &[(field, text)]));
            let found: Vec<_> = left
                .iter()
                .map(|left| (left.path.as_str(), left.value.as_str()))
                .collect();
            assert_eq!(found, [(path, value)], "{line}");
        }
        let mut fields = order();
        let left = leave_out(
            &mut fields,
            &refusal("\"Status\" with \"code\"=\"new\"", &[]),
        );
        assert_eq!(
            left.len(),
            1,
            "the summary stands in for missing complaints"
        );
    }

    #[test]
    fn the_person_and_the_ids_are_never_left_out() {
        for field in [
            "externalId",
            "phone",
            "firstName",
            "customer.externalId",
            "customer",
        ] {
            let mut fields = order();
            assert!(
                leave_out(&mut fields, &refusal("x", &[(field, "bad")])).is_empty(),
                "{field}"
            );
            assert_eq!(fields, order());
        }
    }

    #[test]
    fn what_is_empty_after_a_repair_goes_too() {
        let mut fields = order();
        leave_out(
            &mut fields,
            &refusal(
                "x",
                &[
                    ("customFields.city", "bad"),
                    ("customFields.channel", "bad"),
                    ("payments[0].type", "bad"),
                ],
            ),
        );
        assert!(!fields.contains_key("customFields") && !fields.contains_key("payments"));
    }

    /// A shop's order in full.
    fn basket() -> Map<String, Value> {
        let order = json!({
            "phone": "+7912", "status": "new",
            "items": [
                {"offer": {"id": 711}, "quantity": 1},
                {"offer": {"id": 822}, "quantity": 2, "status": "new"},
                {"productName": "Лампа", "offer": {"id": 933}},
            ],
            "delivery": {"code": "courier", "cost": 300, "address": {"text": "Казань"}},
            "payments": [{"type": "card", "amount": 100}, {"type": "gift", "amount": 50}, {"type": "card"}],
        });
        order.as_object().expect("object").clone()
    }

    fn left(fields: &mut Map<String, Value>, errors: &[(&str, &str)]) -> Vec<(String, String)> {
        let left = leave_out(fields, &refusal("x", errors)).into_iter();
        left.map(|left| (left.path, left.value)).collect()
    }

    #[test]
    fn several_complaints_about_one_list_take_out_what_they_mean() {
        let mut fields = basket();
        let found = left(
            &mut fields,
            &[
                ("payments[0].type", "bad"),
                ("payments[0].amount", "bad"),
                ("payments[2].type", "bad"),
            ],
        );
        let whole = (
            "payments[0]".to_owned(),
            "type: card, amount: 100".to_owned(),
        );
        let only = ("payments[2].type".to_owned(), "card".to_owned());
        assert_eq!(found, [whole, only]);
        assert_eq!(fields["payments"], json!([{"type": "gift", "amount": 50}]));
    }

    #[test]
    fn a_line_whose_offer_is_unknown_stays_under_its_name_or_its_id() {
        let mut fields = basket();
        let complaints = [
            ("items[0].offer.id", "Offer with id 711 not found."),
            ("items[2].offer.id", "Offer with id 933 not found."),
        ];
        left(&mut fields, &complaints);
        assert_eq!(
            fields["items"][0],
            json!({"quantity": 1, "productName": "id: 711"})
        );
        assert_eq!(fields["items"][2], json!({"productName": "Лампа"}));
    }

    #[test]
    fn a_code_that_several_fields_share_is_told_by_its_class() {
        let mut fields = basket();
        let text = "\"PaymentType\" с \"code\"=\"card\" не существует.";
        let found = left(&mut fields, &[("", text)]);
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["payments[0]", "payments[2].type"]);
        let text = "\"OrderProductStatus\" with \"code\"=\"new\" does not exist.";
        assert_eq!(left(&mut fields, &[("", text)])[0].0, "items[1].status");
        assert_eq!(fields["status"], "new");
    }

    #[test]
    fn a_complaint_without_a_place_is_understood_by_what_it_speaks_of() {
        for text in [
            "This payment type is not supported for the type of delivery",
            "Тип оплаты не поддерживается для данного типа доставки",
        ] {
            let mut fields = basket();
            assert_eq!(left(&mut fields, &[("", text)])[0].0, "payments", "{text}");
            assert_eq!(fields["delivery"]["code"], "courier");
            assert_eq!(
                left(&mut fields, &[("", text)])[0].0,
                "delivery.code",
                "{text}"
            );
        }
        let mut fields = basket();
        let found = left(&mut fields, &[("", "Торговое предложение не найдено")]);
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn without_a_hint_the_goods_go_last_and_the_person_never() {
        let said_nothing = refusal("Так нельзя", &[]);
        let mut fields = basket();
        fields.extend(order());
        leave_out_all(&mut fields, &said_nothing);
        assert!(!fields.contains_key("customFields") && fields.contains_key("status"));
        leave_out_all(&mut fields, &said_nothing);
        let left: Vec<&str> = fields.keys().map(String::as_str).collect();
        assert_eq!(
            left,
            [
                "phone",
                "items",
                "delivery",
                "externalId",
                "firstName",
                "email"
            ]
        );
        assert_eq!(
            fields["delivery"],
            json!({"cost": 300, "address": {"text": "Казань"}})
        );
        leave_out_all(&mut fields, &said_nothing);
        let left: Vec<&str> = fields.keys().map(String::as_str).collect();
        assert_eq!(left, ["phone", "externalId", "firstName", "email"]);
        assert!(
            leave_out_all(&mut fields, &said_nothing).is_empty(),
            "so an attempt ends"
        );
    }

    proptest! {
        #[test]
        fn what_is_taken_out_is_told_and_the_rest_stays(
            chosen in proptest::collection::vec(any::<prop::sample::Index>(), 1..8),
        ) {
            let paths = [
                "status", "items[0].offer.id", "items[0].quantity", "items[1].offer", "items[1].status", "items[2].offer.id",
                "items[2].productName", "delivery.code", "delivery.address.text", "payments[0].type", "payments[0].amount",
                "payments[1].type", "payments[1]", "payments[2].type", "payments[2]", "items[1]",
            ];
            let mut fields = basket();
            let complaints: Vec<(&str, &str)> = chosen.iter().map(|index| (*index.get(&paths), "bad")).collect();
            let told = left(&mut fields, &complaints);
            let after = format!("{} {told:?}", Value::Object(fields.clone()));
            // Every value of the basket that is like no other.
            for value in ["711", "822", "933", "Лампа", "courier", "300", "Казань", "100", "gift", "50"] {
                prop_assert!(after.contains(value), "{value}: {after}");
            }
            let mut again = fields.clone();
            prop_assert!(left(&mut again, &[("phone", "bad")]).is_empty());
            let lines = fields.get("items").and_then(Value::as_array);
            let payments = fields.get("payments").and_then(Value::as_array);
            prop_assert!(lines.into_iter().flatten().all(|line| line.get("offer").is_some() || line.get("productName").is_some()));
            prop_assert!(payments.into_iter().flatten().all(|payment| payment.get("type").is_some()));
        }
    }
}
