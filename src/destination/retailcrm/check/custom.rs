//! The mapped custom fields: RetailCRM answers success to a code it does not know and keeps nothing (trap 10). What the account has is kept for the
//! deliveries, which put into the comment what would be lost.

use crate::delivery::Failure;
use crate::destination::Bilingual;
use crate::destination::retailcrm::Rule;
use crate::destination::retailcrm::api::{CustomField, Dictionary};
use crate::destination::retailcrm::check::{Check, Said, instead};
use crate::destination::retailcrm::known_fields::Entity;
use crate::destination::retailcrm::mapping::{AccountField, AccountFields, Tree};
use crate::lead::{Create, CustomerMatching};

/// Both entities with the key of their mapping.
const ENTITIES: [(Entity, &str); 2] = [
    (Entity::Order, "order"),
    (Entity::Customer, "customer_fields"),
];

/// The custom fields of an entity, as the account has them.
pub(super) struct Has {
    /// Whose they are.
    pub(super) entity: Entity,
    /// With the names that people see.
    pub(super) list: Vec<CustomField>,
    /// With their elements.
    pub(super) fields: AccountFields,
}

impl Check<'_> {
    /// Every mapped custom field of orders and customers.
    pub(super) async fn custom_fields(&mut self) -> Result<(), Failure> {
        let mut has = Vec::new();
        let mut dictionaries: Option<Vec<Dictionary>> = None;
        for (entity, _) in ENTITIES {
            if !self.rules.iter().any(|rule| maps(rule, entity)) {
                continue;
            }
            let word = entity.as_str();
            let answer = self.account.api.custom_fields(word).await;
            let Some(list) = self.read(answer, ("custom-fields", "custom_fields_read"))? else {
                continue;
            };
            if dictionaries.is_none() && list.iter().any(|field| field.dictionary.is_some()) {
                let answer = self.account.api.dictionaries().await;
                let what = ("custom-fields/dictionaries", "custom_fields_read");
                dictionaries = self.read(answer, what)?;
            }
            let fields = known(&list, dictionaries.as_deref());
            self.account.fields.learn(entity, fields.clone());
            has.push(Has {
                entity,
                list,
                fields,
            });
        }
        for has_now in &has {
            let other = has.iter().find(|other| other.entity != has_now.entity);
            self.compare(has_now, other);
        }
        Ok(())
    }

    fn compare(&mut self, has: &Has, other: Option<&Has>) {
        for rule in self.rules {
            let Some((block, tree)) = mapped(rule, has.entity) else {
                continue;
            };
            let path = format!("{}.{block}.customFields", rule.key_path);
            let codes = tree.custom_codes();
            for code in &codes {
                if has.fields.get(code).is_none() {
                    self.unknown_field(&path, code, (has, other));
                }
            }
            for field in &has.list {
                if field.required && !codes.contains(&field.code) {
                    self.unfilled(&path, field);
                }
            }
            self.values(&path, (rule, tree), &has.fields);
        }
    }

    fn unknown_field(&mut self, path: &str, code: &str, (has, other): (&Has, Option<&Has>)) {
        let said = Said::new(
            format!(
                "в аккаунте нет пользовательского поля \"{code}\" ({}); значение пишется в комментарий менеджеру",
                of(has.entity).ru
            ),
            format!(
                "the account has no custom field \"{code}\" of {}; its value is written into the manager's comment",
                of(has.entity).en
            ),
        );
        let elsewhere = other.is_some_and(|other| other.fields.get(code).is_some());
        let known = has
            .list
            .iter()
            .map(|field| (field.code.as_str(), field.name.as_str()));
        let (instead, remedy) = if elsewhere {
            let theirs = of(other.map_or(has.entity, |other| other.entity));
            let instead = Bilingual::new(
                format!("такое поле есть {}", theirs.ru),
                format!("it is a field of {}", theirs.en),
            );
            (Some(instead), ELSEWHERE)
        } else {
            (instead(code, known), UNKNOWN)
        };
        self.problem(
            format!("{path}.{code}"),
            said.instead(instead).remedy(remedy.0, remedy.1),
        );
    }

    fn unfilled(&mut self, path: &str, field: &CustomField) {
        let (code, name) = (&field.code, &field.name);
        let said = Said::new(
            format!("поле \"{code}\" ({name}) обязательно в аккаунте, а здесь не заполняется"),
            format!(
                "the field \"{code}\" ({name}) is required in the account and is not filled here"
            ),
        );
        self.warning(
            path,
            said.remedy(
                "заполните его здесь или снимите обязательность в CRM: без него она может отказать",
                "fill it here, or make it optional in the CRM, which may refuse without it",
            ),
        );
    }
}

const UNKNOWN: (&str, &str) = (
    "исправьте код здесь или заведите поле в CRM: Настройки, Пользовательские поля",
    "correct the code here, or add the field in the CRM: Settings, Custom fields",
);

const ELSEWHERE: (&str, &str) = (
    "перенесите его в другой блок (order.customFields или customer_fields) или заведите поле с этим кодом",
    "move it to the other block (order.customFields or customer_fields), or add a field with this code",
);

fn of(entity: Entity) -> Bilingual {
    match entity {
        Entity::Order => Bilingual::new("у заказов", "orders"),
        Entity::Customer => Bilingual::new("у клиентов", "customers"),
    }
}

/// The mapping of an entity, if the rule makes one.
fn mapped(rule: &Rule, entity: Entity) -> Option<(&'static str, &Tree)> {
    let mapping = &rule.mapping;
    match entity {
        Entity::Order if mapping.create == Create::Order => Some(("order", &mapping.order)),
        Entity::Customer if mapping.customer != CustomerMatching::None => {
            Some(("customer_fields", &mapping.customer_fields))
        }
        Entity::Order | Entity::Customer => None,
    }
}

fn maps(rule: &Rule, entity: Entity) -> bool {
    mapped(rule, entity).is_some_and(|(_, tree)| !tree.custom_codes().is_empty())
}

fn known(list: &[CustomField], dictionaries: Option<&[Dictionary]>) -> AccountFields {
    let elements = |field: &CustomField| {
        let code = field.dictionary.as_ref()?;
        let dictionary = dictionaries?.iter().find(|known| known.code == *code)?;
        Some(dictionary.elements.clone())
    };
    list.iter()
        .map(|field| {
            let known = AccountField {
                kind: field.kind.clone(),
                elements: elements(field),
            };
            (field.code.clone(), known)
        })
        .collect()
}
