//! What the mapped values can be, against the types of the account's custom fields: fixed values, and the declared fields of the form that a value
//! is taken from as it is.

use crate::destination::Bilingual;
use crate::destination::retailcrm::Rule;
use crate::destination::retailcrm::check::{Check, Said, instead};
use crate::destination::retailcrm::mapping::{AccountField, AccountFields, Tree};
use crate::lead::FieldKind;

impl Check<'_> {
    /// Fixed values and choices of one mapping; `path` is that of its custom fields.
    pub(super) fn values(
        &mut self,
        path: &str,
        (rule, tree): (&Rule, &Tree),
        fields: &AccountFields,
    ) {
        for (at, value) in tree.fixed() {
            let Some(code) = at.strip_prefix("customFields.") else {
                continue;
            };
            let code = code.split('[').next().unwrap_or(code);
            if let Some(field) = fields.get(code)
                && !field.takes(&value)
            {
                self.misfit(format!("{path}.{code}"), &value, field);
            }
        }
        for code in tree.custom_codes() {
            let spec = tree
                .field_alone(&format!("customFields.{code}"))
                .and_then(|name| rule.form.fields.iter().find(|spec| spec.name == name));
            if let (Some(field), Some(spec)) = (fields.get(&code), spec) {
                self.source(format!("{path}.{code}"), (&spec.name, &spec.kind), field);
            }
        }
    }

    fn misfit(&mut self, path: String, value: &str, field: &AccountField) {
        let kind = &field.kind;
        let said = match &field.elements {
            Some(_) => Said::new(
                format!("в справочнике поля нет элемента \"{value}\""),
                format!("the field's dictionary has no element \"{value}\""),
            ),
            None => Said::new(
                format!("\"{value}\" не подходит полю типа {kind}"),
                format!("\"{value}\" does not fit a field of type {kind}"),
            ),
        };
        let remedy = match &field.elements {
            Some(_) => (
                "укажите код элемента или добавьте элемент в справочник CRM",
                "give the code of an element, or add it to the CRM's dictionary",
            ),
            None => (
                "исправьте значение или тип поля в CRM",
                "correct the value, or the field's type in the CRM",
            ),
        };
        let instead = elements(value, field);
        self.problem(path, said.instead(instead).remedy(remedy.0, remedy.1));
    }

    /// A declared field of the form: what its visitors can choose or type.
    fn source(&mut self, path: String, (name, kind): (&str, &FieldKind), field: &AccountField) {
        let said = match kind {
            FieldKind::Choice(options) => {
                let wrong: Vec<&str> = options
                    .iter()
                    .map(String::as_str)
                    .filter(|option| !field.takes(option))
                    .collect();
                if wrong.is_empty() {
                    return;
                }
                let wrong = wrong.join("\", \"");
                Said::new(
                    format!("варианты поля формы {name} не подходят полю CRM: \"{wrong}\""),
                    format!(
                        "choices of the form's field {name} do not fit the CRM's field: \"{wrong}\""
                    ),
                )
            }
            kind if can_be(kind, &field.kind) => return,
            _ => Said::new(
                format!("поле формы {name} не даёт значений типа {}", field.kind),
                format!(
                    "the form's field {name} gives no values of type {}",
                    field.kind
                ),
            ),
        };
        let instead = elements("", field);
        self.warning(
            path,
            said.instead(instead).remedy(
                "такие значения пишутся в комментарий менеджеру; поправьте форму, поле или справочник CRM",
                "such values go into the manager's comment; mend the form, or the CRM's field or dictionary",
            ),
        );
    }
}

fn elements(value: &str, field: &AccountField) -> Option<Bilingual> {
    let known = field.elements.as_deref()?;
    instead(
        value,
        known
            .iter()
            .map(|(code, name)| (code.as_str(), name.as_str())),
    )
}

/// Whether what is typed into a field of the form can be a value of the type; only what certainly cannot is complained of.
fn can_be(kind: &FieldKind, of_account: &str) -> bool {
    use FieldKind::{Boolean, Consent, Date, Email, Integer, Name, Number, Phone, Url};
    match of_account {
        "integer" | "numeric" => !matches!(kind, Name | Email | Url | Date | Boolean | Consent),
        "boolean" => !matches!(kind, Name | Email | Url | Date | Phone),
        "date" | "datetime" => !matches!(
            kind,
            Name | Email | Url | Phone | Integer | Number | Boolean | Consent
        ),
        _ => true,
    }
}
