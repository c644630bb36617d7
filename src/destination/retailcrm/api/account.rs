//! What an account is set up with: the rights of the key, the reference lists, users, custom fields. Read by `check`, by the probe and for the
//! time zone.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::destination::retailcrm::api::records::{objects, text};
use crate::destination::retailcrm::api::reply::whole_number;
use crate::destination::retailcrm::api::{Api, Call, Fault, Purpose, Steps};

/// The longest a probe or another side errand may take.
const SHORT: Duration = Duration::from_secs(10);

/// The time zone is asked for in the middle of a delivery and has a substitute, so it must not hold the lead up for long.
const SHORTER: Duration = Duration::from_secs(5);

/// A page of `custom-fields` and `users`: the largest the API takes.
const PAGE: &str = "100";

/// More pages than any real account has; a bound on a list that never ends.
const MOST_PAGES: u64 = 20;

/// What the key may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::destination::retailcrm) struct Credentials {
    /// `order_write`, `customer_read`, ...
    pub(in crate::destination::retailcrm) scopes: BTreeSet<String>,
    /// The stores it reaches; `None` for all.
    pub(in crate::destination::retailcrm) sites: Option<Vec<String>>,
}

/// One entry of a reference list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::destination::retailcrm) struct Entry {
    /// The code by which requests name it.
    pub(in crate::destination::retailcrm) code: String,
    /// What people call it.
    pub(in crate::destination::retailcrm) name: String,
    /// Whether it is in use.
    pub(in crate::destination::retailcrm) active: bool,
    /// The stores that have it; empty for all.
    pub(in crate::destination::retailcrm) sites: Vec<String>,
    /// Of a payment type the delivery types it goes with, and the other way round; empty when the account says nothing of it.
    pub(in crate::destination::retailcrm) goes_with: Vec<String>,
}

/// A user of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::destination::retailcrm) struct User {
    /// What `managerId` names.
    pub(in crate::destination::retailcrm) id: u64,
    /// Whether he can work.
    pub(in crate::destination::retailcrm) active: bool,
    /// Whether orders can be his; `None` when the account does not say.
    pub(in crate::destination::retailcrm) manager: Option<bool>,
}

/// A custom field of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::destination::retailcrm) struct CustomField {
    /// The key inside `customFields`.
    pub(in crate::destination::retailcrm) code: String,
    /// What people call it.
    pub(in crate::destination::retailcrm) name: String,
    /// `string`, `integer`, `dictionary`, ...
    pub(in crate::destination::retailcrm) kind: String,
    /// The dictionary whose element codes are its values.
    pub(in crate::destination::retailcrm) dictionary: Option<String>,
    /// An order without it may be refused.
    pub(in crate::destination::retailcrm) required: bool,
}

/// A custom dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::destination::retailcrm) struct Dictionary {
    /// Its code.
    pub(in crate::destination::retailcrm) code: String,
    /// The codes of its elements with their names.
    pub(in crate::destination::retailcrm) elements: Vec<(String, String)>,
}

impl Api {
    /// The rights of the key; cheap, so it is the probe too.
    pub(in crate::destination::retailcrm) async fn credentials(
        &self,
        steps: &mut Steps,
    ) -> Result<Credentials, Fault> {
        let call = Call::get("credentials", &["api", "credentials"], Purpose::Read).within(SHORT);
        Ok(credentials(&self.call(call, steps).await?))
    }

    /// The same for a check.
    pub(in crate::destination::retailcrm) async fn credentials_aside(
        &self,
    ) -> Result<Credentials, Fault> {
        let call = Call::get("credentials", &["api", "credentials"], Purpose::Read).within(SHORT);
        Ok(credentials(&self.call_aside(call).await?))
    }

    /// The versions of the API that the account speaks: `3.0`, `4.0`, `5.0`.
    pub(in crate::destination::retailcrm) async fn versions(&self) -> Result<Vec<String>, Fault> {
        let call = Call::get("api-versions", &["api", "api-versions"], Purpose::Read).within(SHORT);
        let body = self.call_aside(call).await?;
        Ok(texts(&body, "versions").collect())
    }

    /// The name of the account's time zone, if it tells one.
    pub(in crate::destination::retailcrm) async fn time_zone(
        &self,
        steps: &mut Steps,
    ) -> Result<Option<String>, Fault> {
        let body = self.call(Self::settings_call(), steps).await?;
        let zone = body
            .get("settings")
            .and_then(|settings| settings.get("timezone"));
        Ok(zone
            .and_then(|zone| zone.get("value").unwrap_or(zone).as_str())
            .map(str::to_owned))
    }

    pub(super) fn settings_call() -> Call {
        Call::get("settings", &["api", "v5", "settings"], Purpose::Read).within(SHORTER)
    }

    /// A reference list by its name in the path (`order-types`); the reply's key is the same in camel case.
    pub(in crate::destination::retailcrm) async fn reference(
        &self,
        list: &str,
    ) -> Result<Vec<Entry>, Fault> {
        let call = Call::get(
            "reference",
            &["api", "v5", "reference", list],
            Purpose::Read,
        );
        let body = self.call_aside(call).await?;
        Ok(objects(&body, &camel_case(list))
            .filter_map(entry)
            .collect())
    }

    /// The users, page by page.
    pub(in crate::destination::retailcrm) async fn users(&self) -> Result<Vec<User>, Fault> {
        let call = || Call::get("users", &["api", "v5", "users"], Purpose::Read);
        let records = self.pages(call, "users").await?;
        Ok(records.iter().filter_map(user).collect())
    }

    /// The custom fields of `order` or `customer`.
    pub(in crate::destination::retailcrm) async fn custom_fields(
        &self,
        entity: &str,
    ) -> Result<Vec<CustomField>, Fault> {
        let path = ["api", "v5", "custom-fields"];
        let call =
            || Call::get("custom-fields", &path, Purpose::Read).query("filter[entity]", entity);
        let records = self.pages(call, "customFields").await?;
        Ok(records.iter().filter_map(custom_field).collect())
    }

    /// The custom dictionaries.
    pub(in crate::destination::retailcrm) async fn dictionaries(
        &self,
    ) -> Result<Vec<Dictionary>, Fault> {
        let path = ["api", "v5", "custom-fields", "dictionaries"];
        let records = self
            .pages(
                || Call::get("dictionaries", &path, Purpose::Read),
                "customDictionaries",
            )
            .await?;
        Ok(records.iter().filter_map(dictionary).collect())
    }

    async fn pages(
        &self,
        call: impl Fn() -> Call,
        key: &str,
    ) -> Result<Vec<Map<String, Value>>, Fault> {
        let mut records = Vec::new();
        for page in 1..=MOST_PAGES {
            let call = call().query("limit", PAGE).query("page", page.to_string());
            let body = self.call_aside(call).await?;
            records.extend(objects(&body, key).cloned());
            let pages = body
                .get("pagination")
                .and_then(|p| p.get("totalPageCount"))
                .and_then(whole_number);
            if pages.unwrap_or(1) <= page {
                break;
            }
        }
        Ok(records)
    }
}

fn credentials(body: &Map<String, Value>) -> Credentials {
    let selective = body.get("siteAccess").and_then(Value::as_str) == Some("access_selective");
    Credentials {
        scopes: texts(body, "scopes").collect(),
        sites: selective.then(|| texts(body, "sitesAvailable").collect()),
    }
}

fn texts<'a>(body: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = String> + use<'a> {
    let values: Vec<&Value> = match body.get(key) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(items)) => items.values().collect(),
        _ => Vec::new(),
    };
    values
        .into_iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
}

/// A list of codes, which may be texts or objects with a `code`, in an array or keyed.
fn codes(record: &Map<String, Value>, key: &str) -> Vec<String> {
    let in_objects = objects(record, key).filter_map(|object| text(object, "code"));
    texts(record, key).chain(in_objects).collect()
}

fn camel_case(list: &str) -> String {
    let mut words = list.split('-');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

fn flag(record: &Map<String, Value>, key: &str) -> Option<bool> {
    record.get(key).and_then(Value::as_bool)
}

fn entry(record: &Map<String, Value>) -> Option<Entry> {
    let goes_with = ["deliveryTypes", "deliveryPaymentTypes"].map(|key| codes(record, key));
    Some(Entry {
        code: text(record, "code")?,
        name: text(record, "name").unwrap_or_default(),
        active: flag(record, "active").unwrap_or(true),
        sites: codes(record, "sites"),
        goes_with: goes_with.concat(),
    })
}

fn user(record: &Map<String, Value>) -> Option<User> {
    Some(User {
        id: record.get("id").and_then(whole_number)?,
        active: flag(record, "active").unwrap_or(true),
        manager: flag(record, "isManager"),
    })
}

fn custom_field(record: &Map<String, Value>) -> Option<CustomField> {
    Some(CustomField {
        code: text(record, "code")?,
        name: text(record, "name").unwrap_or_default(),
        kind: text(record, "type").unwrap_or_default(),
        dictionary: text(record, "dictionary"),
        required: flag(record, "required").unwrap_or(false),
    })
}

fn dictionary(record: &Map<String, Value>) -> Option<Dictionary> {
    let elements = objects(record, "elements")
        .filter_map(|element| {
            Some((
                text(element, "code")?,
                text(element, "name").unwrap_or_default(),
            ))
        })
        .collect();
    Some(Dictionary {
        code: text(record, "code")?,
        elements,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_reference_list_is_its_name_in_camel_case() {
        assert_eq!(camel_case("sites"), "sites");
        assert_eq!(camel_case("order-types"), "orderTypes");
    }

    #[test]
    fn what_goes_together_is_read_as_codes_and_as_objects() {
        let read = |record: Value| entry(record.as_object().expect("an object")).expect("an entry");
        let payment = read(serde_json::json!({"code": "cash", "deliveryTypes": ["courier"]}));
        assert_eq!(payment.goes_with, ["courier"]);
        let delivery = read(serde_json::json!({
            "code": "courier", "deliveryPaymentTypes": [{"code": "cash", "cod": false}], "sites": {"1": "shop-ru"},
        }));
        assert_eq!(delivery.goes_with, ["cash"]);
        assert_eq!(delivery.sites, ["shop-ru"]);
    }
}
