//! The mapped custom fields: RetailCRM answers success to a code it does not know and keeps nothing (trap 10), and a dictionary wants the code of an
//! element, not its label.

use crate::delivery::Failure;
use crate::destination::retailcrm::api::{CustomField, Dictionary};
use crate::destination::retailcrm::check::{Check, meant};
use crate::destination::retailcrm::suggest::did_you_mean;
use crate::lead::Create;

/// One mapping's custom fields of one entity.
struct Mapped {
    /// `forms.callback.deliver[0].order.customFields`.
    key_path: String,
    codes: Vec<String>,
    /// Code and fixed value, where the value is fixed.
    fixed: Vec<(String, String)>,
}

impl Check<'_> {
    /// Every mapped custom field of orders and customers.
    pub(super) async fn custom_fields(&mut self) -> Result<(), Failure> {
        let mut dictionaries: Option<Vec<Dictionary>> = None;
        for (entity, block) in [("order", "order"), ("customer", "customer_fields")] {
            let mapped = self.mapped(block);
            if mapped.iter().all(|mapped| mapped.codes.is_empty()) {
                continue;
            }
            let answer = self
                .account
                .api
                .custom_fields(entity, &mut Vec::new())
                .await;
            let Some(fields) = self.read(answer, "custom-fields")? else {
                continue;
            };
            let has_dictionary = fields.iter().any(|field| field.dictionary.is_some());
            if dictionaries.is_none() && has_dictionary {
                let answer = self.account.api.dictionaries(&mut Vec::new()).await;
                dictionaries = self.read(answer, "custom-fields/dictionaries")?;
            }
            for mapped in &mapped {
                self.custom_codes(mapped, &fields, entity);
                self.custom_values(mapped, &fields, dictionaries.as_deref().unwrap_or_default());
            }
        }
        Ok(())
    }

    fn mapped(&self, block: &str) -> Vec<Mapped> {
        let rules = self
            .rules
            .iter()
            .filter(|rule| block != "order" || rule.mapping.create == Create::Order);
        rules
            .map(|rule| {
                let tree = if block == "order" {
                    &rule.mapping.order
                } else {
                    &rule.mapping.customer_fields
                };
                let fixed = tree.fixed().into_iter().filter_map(|(path, value)| {
                    let code = path.strip_prefix("customFields.")?;
                    Some((code.split('[').next().unwrap_or(code).to_owned(), value))
                });
                Mapped {
                    key_path: format!("{}.{block}.customFields", rule.key_path),
                    codes: tree.custom_codes(),
                    fixed: fixed.collect(),
                }
            })
            .collect()
    }

    fn custom_codes(&mut self, mapped: &Mapped, fields: &[CustomField], entity: &str) {
        for code in &mapped.codes {
            if !fields.iter().any(|field| field.code == *code) {
                let meant = meant(did_you_mean(
                    code,
                    fields.iter().map(|field| field.code.as_str()),
                ));
                self.problem(
                    format!("{}.{code}", mapped.key_path),
                    format!("в аккаунте нет такого пользовательского поля{}; CRM молча отбросит значение", meant.ru),
                    format!("the account has no such custom field of {entity}{}; the CRM drops its value silently", meant.en),
                );
            }
        }
        for field in fields
            .iter()
            .filter(|field| field.required && !mapped.codes.contains(&field.code))
        {
            self.warning(
                mapped.key_path.clone(),
                format!(
                    "поле {} обязательно в аккаунте, а здесь не заполняется",
                    field.code
                ),
                format!(
                    "the field {} is required in the account and is not filled here",
                    field.code
                ),
            );
        }
    }

    fn custom_values(
        &mut self,
        mapped: &Mapped,
        fields: &[CustomField],
        dictionaries: &[Dictionary],
    ) {
        for (code, value) in &mapped.fixed {
            let Some(field) = fields.iter().find(|field| field.code == *code) else {
                continue;
            };
            let path = format!("{}.{code}", mapped.key_path);
            let dictionary = field
                .dictionary
                .as_ref()
                .and_then(|name| dictionaries.iter().find(|known| known.code == *name));
            if let Some(dictionary) = dictionary {
                self.element(path, value, dictionary);
            } else if !fits(&field.kind, value) {
                self.problem(
                    path,
                    format!("\"{value}\" не подходит полю типа {}", field.kind),
                    format!("\"{value}\" does not fit a field of type {}", field.kind),
                );
            }
        }
    }

    fn element(&mut self, path: String, value: &str, dictionary: &Dictionary) {
        if dictionary.elements.iter().any(|(code, _)| code == value) {
            return;
        }
        let by_label = dictionary
            .elements
            .iter()
            .find(|(_, name)| name == value)
            .map(|(code, _)| code.as_str());
        let near = did_you_mean(
            value,
            dictionary.elements.iter().map(|(code, _)| code.as_str()),
        );
        let meant = meant(by_label.or(near));
        let name = &dictionary.code;
        self.problem(
            path,
            format!(
                "в справочнике {name} нет элемента с кодом \"{value}\"{}",
                meant.ru
            ),
            format!(
                "the dictionary {name} has no element with the code \"{value}\"{}",
                meant.en
            ),
        );
    }
}

/// Whether a fixed value can be of the custom field's type.
fn fits(kind: &str, value: &str) -> bool {
    match kind {
        "integer" => value.parse::<i64>().is_ok(),
        "numeric" => value.parse::<f64>().is_ok(),
        "boolean" => matches!(value, "true" | "false" | "1" | "0"),
        "date" => value.parse::<jiff::civil::Date>().is_ok(),
        _ => true,
    }
}
