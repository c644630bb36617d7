//! The codes that mappings name: order types and methods, statuses, managers and the like. Only fixed values can be compared; what a template
//! computes is known with the lead.

use std::collections::BTreeMap;

use crate::delivery::Failure;
use crate::destination::retailcrm::api::Entry;
use crate::destination::retailcrm::check::{Check, meant};
use crate::destination::retailcrm::suggest::did_you_mean;

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

/// A fixed value of a mapping and where it stands.
struct Fixed {
    key_path: String,
    /// The field without indexes: `items.status`.
    field: String,
    value: String,
}

impl Check<'_> {
    /// Every fixed code against its list, and every manager against the users.
    pub(super) async fn codes(&mut self) -> Result<(), Failure> {
        let fixed = self.fixed();
        let mut lists: BTreeMap<&str, Option<Vec<Entry>>> = BTreeMap::new();
        for value in &fixed {
            let Some((_, list)) = LISTS.iter().find(|(field, _)| *field == value.field) else {
                continue;
            };
            if !lists.contains_key(list) {
                let answer = self.account.api.reference(list, &mut Vec::new()).await;
                let entries = self.read(answer, list)?;
                lists.insert(list, entries);
            }
            if let Some(Some(entries)) = lists.get(list) {
                self.code(value, entries, list);
            }
        }
        self.managers(&fixed).await
    }

    fn fixed(&self) -> Vec<Fixed> {
        let mut all = Vec::new();
        for rule in self.rules {
            for (block, tree) in [
                ("order", &rule.mapping.order),
                ("customer_fields", &rule.mapping.customer_fields),
            ] {
                let values = tree.fixed().into_iter();
                all.extend(values.map(|(path, value)| Fixed {
                    key_path: format!("{}.{block}.{path}", rule.key_path),
                    field: without_indexes(&path),
                    value,
                }));
            }
        }
        all
    }

    fn code(&mut self, fixed: &Fixed, entries: &[Entry], list: &str) {
        let Fixed {
            key_path, value, ..
        } = fixed;
        match entries.iter().find(|entry| entry.code == *value) {
            Some(entry) if entry.active => {}
            Some(_) => self.warning(
                key_path.clone(),
                format!("\"{value}\" в справочнике {list} отключено"),
                format!("\"{value}\" is switched off in the list {list}"),
            ),
            None => {
                let meant = meant(did_you_mean(
                    value,
                    entries.iter().map(|entry| entry.code.as_str()),
                ));
                let known: Vec<&str> = entries
                    .iter()
                    .filter(|entry| entry.active)
                    .map(|entry| entry.code.as_str())
                    .take(20)
                    .collect();
                let known = known.join(", ");
                self.problem(
                    key_path.clone(),
                    format!(
                        "в справочнике {list} нет кода \"{value}\"{}; есть: {known}",
                        meant.ru
                    ),
                    format!(
                        "the list {list} has no code \"{value}\"{}; it has: {known}",
                        meant.en
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
        let answer = self.account.api.users(&mut Vec::new()).await;
        let Some(users) = self.read(answer, "users")? else {
            return Ok(());
        };
        for Fixed {
            key_path, value, ..
        } in managers
        {
            match users.iter().find(|user| user.id.to_string() == *value) {
                Some(user) if user.active => {}
                Some(_) => self.warning(
                    key_path.clone(),
                    format!("пользователь {value} отключён в CRM"),
                    format!("user {value} is switched off in the CRM"),
                ),
                None => self.problem(
                    key_path.clone(),
                    format!("в CRM нет пользователя с id {value}"),
                    format!("the CRM has no user with the id {value}"),
                ),
            }
        }
        Ok(())
    }
}

/// `items[0].status` as `items.status`.
fn without_indexes(path: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            letter if !inside => plain.push(letter),
            _ => {}
        }
    }
    plain
}
