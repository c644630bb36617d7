//! What must change in a customer that exists. Nothing that is filled is replaced by less: lists are added to, a name stays whose it is, and an
//! empty value is not sent at all.

use serde_json::{Map, Value as Json, json};

use crate::destination::retailcrm::contacts::is_same_phone;

/// The mapped fields that say something about a new customer only.
const OF_A_NEW_ONE: [&str; 1] = ["createdAt"];

/// Fields that are lists of their own kind and are compared by it.
const LISTS: [&str; 5] = ["phones", "tags", "addTags", "removeTags", "attachedTag"];

/// The first name of a customer whose lead told none, by language: a name that comes later takes its place.
pub(super) const PLACEHOLDERS: [&str; 2] = ["Без имени", "No name"];

/// A customer as the mapping and the defaults would have it.
pub(super) struct Wanted<'a> {
    /// What the mapping says: may replace what is there.
    pub(super) mapped: &'a Map<String, Json>,
    /// What is filled by default: only where there is nothing.
    pub(super) defaults: &'a Map<String, Json>,
    /// The lead tells a name.
    pub(super) named: bool,
}

impl Wanted<'_> {
    /// Mapped values that differ, defaults where the customer has nothing. `None` when nothing must change.
    pub(super) fn changes(&self, known: &Map<String, Json>) -> Option<Json> {
        let mut changes = Map::new();
        for (key, value) in self.mapped {
            let is_other = !LISTS.contains(&key.as_str()) && !OF_A_NEW_ONE.contains(&key.as_str());
            if is_other && !covers(known.get(key), value) {
                changes.insert(key.clone(), value.clone());
            }
        }
        // Another person's parts of a name must not be mixed into the one that is there.
        let is_name = |value: &Json| {
            is_filled(value) && !PLACEHOLDERS.iter().any(|placeholder| value == placeholder)
        };
        let has_name = ["lastName", "firstName"]
            .iter()
            .any(|name| known.get(*name).is_some_and(is_name));
        let wanted: &[&str] = if has_name || !self.named {
            &["email"]
        } else {
            &["lastName", "firstName", "patronymic", "email"]
        };
        for name in wanted {
            let taken = known.get(*name).is_some_and(is_name) || self.mapped.contains_key(*name);
            if let Some(value) = self.defaults.get(*name).filter(|_| !taken) {
                changes.insert((*name).to_owned(), value.clone());
            }
        }
        if let Some(phones) = self.more_phones(known) {
            changes.insert("phones".to_owned(), phones);
        }
        self.tags(known, &mut changes);
        (!changes.is_empty()).then_some(Json::Object(changes))
    }

    /// The known phones and those that are new. All of them: nothing says that the CRM keeps those that are not sent.
    fn more_phones(&self, known: &Map<String, Json>) -> Option<Json> {
        let ours = self.mapped.get("phones").or(self.defaults.get("phones"))?;
        let mut phones = members(known.get("phones"));
        let before = phones.len();
        for phone in ours.as_array()? {
            let is_known = phones
                .iter()
                .any(|theirs| is_same_phone(number(phone), number(theirs)));
            if !is_known {
                phones.push(phone.clone());
            }
        }
        (phones.len() > before).then_some(Json::Array(phones))
    }

    /// Tags are added and taken away one by one: `tags` would drop those that managers have given.
    fn tags(&self, known: &Map<String, Json>, changes: &mut Map<String, Json>) {
        let theirs = members(known.get("tags"));
        let has = |tag: &Json| theirs.iter().any(|known| tag_name(known) == tag.as_str());
        let mapped = |name: &str| members(self.mapped.get(name));
        let mut lists = [
            ("addTags", [mapped("tags"), mapped("addTags")].concat()),
            ("removeTags", mapped("removeTags")),
        ];
        lists[0].1.retain(|tag| !has(tag));
        lists[1].1.retain(has);
        for (name, tags) in lists {
            if !tags.is_empty() {
                changes.insert(name.to_owned(), Json::Array(tags));
            }
        }
        if let Some(tag) = self.mapped.get("attachedTag") {
            let is_attached = theirs.iter().any(|known| {
                tag_name(known) == tag.as_str() && known.get("attached") == Some(&json!(true))
            });
            if !is_attached {
                changes.insert("attachedTag".to_owned(), tag.clone());
            }
        }
    }
}

/// The tags of a new customer: `addTags` and `removeTags` are for one that exists.
pub(super) fn tags_of_a_new_one(customer: &mut Map<String, Json>) {
    let mut tags = members(customer.get("tags"));
    for tag in members(customer.shift_remove("addTags").as_ref()) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let removed = members(customer.shift_remove("removeTags").as_ref());
    tags.retain(|tag| !removed.contains(tag));
    if tags.is_empty() {
        customer.shift_remove("tags");
    } else {
        customer.insert("tags".to_owned(), Json::Array(tags));
    }
}

/// The members of a list, which PHP may have written as a map.
fn members(list: Option<&Json>) -> Vec<Json> {
    match list {
        Some(Json::Array(items)) => items.clone(),
        Some(Json::Object(items)) => items.values().cloned().collect(),
        _ => Vec::new(),
    }
}

fn number(phone: &Json) -> &str {
    let number = phone.get("number").and_then(Json::as_str);
    number.unwrap_or_default()
}

/// Written as a text, read as an object (trap 14).
fn tag_name(tag: &Json) -> Option<&str> {
    tag.get("name").unwrap_or(tag).as_str()
}

fn is_filled(value: &Json) -> bool {
    !matches!(value, Json::Null) && value != "" && *value != json!([]) && *value != json!({})
}

/// Whether what is known already says what is wanted; an object is compared by the members that are wanted, a number by its value.
fn covers(known: Option<&Json>, wanted: &Json) -> bool {
    match (known, wanted) {
        (Some(Json::Object(known)), Json::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| covers(known.get(key), value)),
        (Some(Json::Number(known)), Json::Number(wanted)) => known.as_f64() == wanted.as_f64(),
        (known, wanted) => known == Some(wanted),
    }
}
