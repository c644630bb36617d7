//! What is known of the account's custom fields, brought to bear on what is sent. The CRM drops a code that it does not know without a word and
//! takes a dictionary's element only by its code (facts/retailcrm.md, 3.9 and trap 10), so what it would lose is taken out here and told.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::destination::retailcrm::fields::Kind;
use crate::destination::retailcrm::mapping::convert::{Expected, convert};
use crate::destination::retailcrm::mapping::{LeftOut, join};
use crate::lead::{Bilingual, Value};

/// Where an order and a customer hold them.
const PLACE: &str = "customFields";

/// The custom fields of one entity, by code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::destination::retailcrm) struct AccountFields(BTreeMap<String, AccountField>);

/// One custom field as the account has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::destination::retailcrm) struct AccountField {
    /// `string`, `integer`, `dictionary`, ... A type that is not known here takes any value.
    pub(in crate::destination::retailcrm) kind: String,
    /// Code and name of the elements of its dictionary; `None` when it has none, or they could not be read.
    pub(in crate::destination::retailcrm) elements: Option<Vec<(String, String)>>,
}

/// What becomes of one value.
#[derive(Debug, Default, PartialEq)]
struct Fitted {
    /// What is sent.
    value: Option<Json>,
    /// What the field does not take, with what it wants.
    refused: Vec<(String, Expected)>,
}

impl FromIterator<(String, AccountField)> for AccountFields {
    fn from_iter<T: IntoIterator<Item = (String, AccountField)>>(fields: T) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl AccountFields {
    /// Brings the custom fields of a record to the types that the account has, and takes out what it would drop or refuse.
    pub(super) fn fit(&self, record: &mut Map<String, Json>, zone: &TimeZone) -> Vec<LeftOut> {
        let Some(Json::Object(sent)) = record.get_mut(PLACE) else {
            return Vec::new();
        };
        let mut left_out = Vec::new();
        for (code, value) in std::mem::take(sent) {
            let fitted = match self.0.get(&code) {
                Some(field) => field.fit(value, zone),
                None => unknown(&value),
            };
            left_out.extend(fitted.refused.into_iter().map(|(value, why)| LeftOut {
                path: join(PLACE, &code),
                value,
                why,
            }));
            if let Some(value) = fitted.value {
                sent.insert(code, value);
            }
        }
        if sent.is_empty() {
            record.shift_remove(PLACE);
        }
        left_out
    }

    /// Whether the account has a field of this code.
    pub(in crate::destination::retailcrm) fn get(&self, code: &str) -> Option<&AccountField> {
        self.0.get(code)
    }
}

impl AccountField {
    /// Whether a text can be a value of the field.
    pub(in crate::destination::retailcrm) fn takes(&self, text: &str) -> bool {
        self.fit(text.into(), &TimeZone::UTC).refused.is_empty()
    }

    fn fit(&self, value: Json, zone: &TimeZone) -> Fitted {
        let kind = match self.kind.as_str() {
            "string" | "text" | "email" => Kind::Text,
            "boolean" => Kind::Boolean,
            "integer" => Kind::Integer,
            "numeric" => Kind::Number,
            "date" => Kind::Date,
            "datetime" => Kind::DateTime,
            "dictionary" => return self.elements(value, false),
            "multiselect_dictionary" => return self.elements(value, true),
            _ => return Fitted::as_it_is(value),
        };
        let Some(typed) = typed(&value) else {
            return Fitted::as_it_is(value);
        };
        match convert(&typed, kind, zone) {
            Ok(value) => Fitted {
                value,
                refused: Vec::new(),
            },
            Err(expected) => Fitted {
                value: None,
                refused: vec![(typed.to_text(), expected)],
            },
        }
    }

    /// The codes of the elements that were meant, by code or by name.
    fn elements(&self, value: Json, several: bool) -> Fitted {
        let Some(known) = &self.elements else {
            return Fitted::as_it_is(if several { listed(value) } else { value });
        };
        let texts = match &value {
            Json::Array(items) => items.iter().map(shown).collect(),
            one => vec![shown(one)],
        };
        let mut fitted = Fitted::default();
        let mut codes: Vec<Json> = Vec::new();
        for text in texts.iter().flat_map(|text| parts(text, known, several)) {
            match element(text, known) {
                Some(_) if !several && !codes.is_empty() => fitted.refused.push((
                    text.to_owned(),
                    Bilingual::new("поле принимает одно значение", "the field takes one value"),
                )),
                Some(code) => codes.push(code.into()),
                None => fitted.refused.push((
                    text.to_owned(),
                    Bilingual::new(
                        "в справочнике нет такого элемента",
                        "the dictionary has no such element",
                    ),
                )),
            }
        }
        fitted.value = match several {
            true if codes.is_empty() => None,
            true => Some(Json::Array(codes)),
            false => codes.into_iter().next(),
        };
        fitted
    }
}

impl Fitted {
    fn as_it_is(value: Json) -> Self {
        Self {
            value: Some(value),
            refused: Vec::new(),
        }
    }
}

/// Takes out the custom fields that a stored record does not show. Zeros, false and empty texts may just not be shown.
pub(super) fn dropped(record: &mut Map<String, Json>, kept: &[String]) -> Vec<LeftOut> {
    let Some(Json::Object(sent)) = record.get_mut(PLACE) else {
        return Vec::new();
    };
    let counts = |value: &Json| {
        *value != Json::Bool(false) && value.as_f64() != Some(0.0) && !shown(value).is_empty()
    };
    let missing = |(code, value): &(&String, &Json)| !kept.contains(code) && counts(value);
    let missing: Vec<String> = sent
        .iter()
        .filter(missing)
        .map(|(code, _)| code.clone())
        .collect();
    missing
        .into_iter()
        .filter_map(|code| {
            Some(LeftOut {
                value: shown(&sent.shift_remove(&code)?),
                path: join(PLACE, &code),
                why: Bilingual::new(
                    "CRM приняла поле молча и не сохранила",
                    "the CRM took the field without a word and did not keep it",
                ),
            })
        })
        .collect()
}

fn unknown(value: &Json) -> Fitted {
    Fitted {
        value: None,
        refused: vec![(
            shown(value),
            Bilingual::new(
                "в аккаунте нет такого поля",
                "the account has no such field",
            ),
        )],
    }
}

/// A value of several elements typed as one text, "Свет, Текстиль", in its parts; a single element may itself hold a comma.
fn parts<'a>(text: &'a str, known: &[(String, String)], several: bool) -> Vec<&'a str> {
    if several && element(text, known).is_none() {
        let parts = text.split([',', ';']).map(str::trim);
        return parts.filter(|part| !part.is_empty()).collect();
    }
    vec![text]
}

/// The code of an element by its code or its name; neither case nor surrounding spaces count.
fn element<'a>(text: &str, known: &'a [(String, String)]) -> Option<&'a str> {
    let wanted = text.trim().to_lowercase();
    let by = |part: fn(&(String, String)) -> &str| {
        known
            .iter()
            .find(|element| part(element).trim().to_lowercase() == wanted)
    };
    let exact = known.iter().find(|(code, _)| code == text);
    exact
        .or_else(|| by(|(code, _)| code))
        .or_else(|| by(|(_, name)| name))
        .map(|(code, _)| code.as_str())
}

fn listed(value: Json) -> Json {
    match value {
        Json::Array(_) => value,
        one => Json::Array(vec![one]),
    }
}

/// A value as the lead had it; `None` for what no form sends.
fn typed(value: &Json) -> Option<Value> {
    Some(match value {
        Json::String(text) => Value::Text(text.clone()),
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => number
            .as_i64()
            .map_or_else(|| Value::Number(number.to_string()), Value::Integer),
        Json::Array(items) => Value::List(items.iter().map(shown).collect()),
        Json::Null | Json::Object(_) => return None,
    })
}

fn shown(value: &Json) -> String {
    typed(value).map_or_else(|| value.to_string(), |value| value.to_text())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(kind: &str, elements: Option<&[(&str, &str)]>) -> AccountField {
        let owned = |(code, name): &(&str, &str)| ((*code).to_owned(), (*name).to_owned());
        AccountField {
            kind: kind.to_owned(),
            elements: elements.map(|elements| elements.iter().map(owned).collect()),
        }
    }

    const LIGHTS: &[(&str, &str)] = &[("light", "Свет"), ("textile", "Текстиль, шторы")];

    /// Sends one custom field `x` to an account whose field `x` is this one.
    fn sent(field: AccountField, value: &Json) -> (Json, Vec<String>) {
        let account = AccountFields::from_iter([("x".to_owned(), field)]);
        let mut record = Map::from_iter([(PLACE.to_owned(), json!({"x": value}))]);
        let left = account.fit(&mut record, &TimeZone::UTC);
        let left = left.into_iter().map(|left| left.value).collect();
        (
            record
                .remove(PLACE)
                .map_or(json!(null), |all| all["x"].clone()),
            left,
        )
    }

    #[test]
    fn a_value_takes_the_type_that_the_account_has() {
        for (kind, value, wanted) in [
            ("integer", json!("12"), json!(12)),
            ("numeric", json!("1 200,50"), json!(1200.5)),
            ("boolean", json!("да"), json!(true)),
            ("boolean", json!(0), json!(false)),
            ("date", json!("21.11.2026"), json!("2026-11-21")),
            (
                "datetime",
                json!("2026-11-21"),
                json!("2026-11-21 00:00:00"),
            ),
            ("string", json!(12), json!("12")),
            ("text", json!(["a", "b"]), json!("a, b")),
            ("of-tomorrow", json!([1]), json!([1])),
            ("string", json!({"deep": 1}), json!({"deep": 1})),
        ] {
            let (got, left) = sent(field(kind, None), &value);
            assert_eq!((got, left), (wanted, Vec::new()), "{kind} {value}");
        }
    }

    #[test]
    fn elements_of_a_dictionary_are_found_by_code_and_by_name() {
        for (kind, value, wanted) in [
            ("dictionary", json!("light"), json!("light")),
            ("dictionary", json!("СВЕТ "), json!("light")),
            ("dictionary", json!(["Свет"]), json!("light")),
            ("multiselect_dictionary", json!("Свет"), json!(["light"])),
            (
                "multiselect_dictionary",
                json!("Текстиль, шторы"),
                json!(["textile"]),
            ),
            (
                "multiselect_dictionary",
                json!("textile; Свет"),
                json!(["textile", "light"]),
            ),
        ] {
            let (got, left) = sent(field(kind, Some(LIGHTS)), &value);
            assert_eq!((got, left), (wanted, Vec::new()), "{kind} {value}");
        }
        let unread = sent(field("multiselect_dictionary", None), &json!("Свет"));
        assert_eq!(unread, (json!(["Свет"]), Vec::new()));
    }

    #[test]
    fn what_the_field_would_not_take_is_left_out_and_the_rest_is_sent() {
        let several = field("multiselect_dictionary", Some(LIGHTS));
        let (got, left) = sent(several, &json!(["light", "звук"]));
        assert_eq!((got, left), (json!(["light"]), vec!["звук".to_owned()]));
        let one = field("dictionary", Some(LIGHTS));
        let (got, left) = sent(one, &json!(["light", "textile"]));
        assert_eq!((got, left), (json!("light"), vec!["textile".to_owned()]));
        let (got, left) = sent(field("integer", None), &json!("много"));
        assert_eq!((got, left), (json!(null), vec!["много".to_owned()]));
    }

    #[test]
    fn what_the_stored_order_does_not_show_was_dropped_but_not_what_is_empty() {
        let sent = json!({"kept": "a", "lost": "b", "no": false, "none": 0, "blank": ""});
        let mut record = Map::from_iter([(PLACE.to_owned(), sent)]);
        let left = dropped(&mut record, &["kept".to_owned()]);
        let paths: Vec<&str> = left.iter().map(|left| left.path.as_str()).collect();
        assert_eq!(paths, ["customFields.lost"]);
        assert_eq!(left[0].value, "b");
    }

    #[test]
    fn what_is_said_of_all_leads_quotes_none() {
        let left = LeftOut {
            path: "customFields.x".to_owned(),
            value: "код".to_owned(),
            why: Bilingual::same("\"Element\" with \"code\"=\"код\" is not a кодовое слово: код"),
        };
        let note = left.note();
        assert!(
            note.text
                .ru
                .starts_with("customFields.x=\"код\" не передано")
        );
        assert_eq!(
            note.about.en,
            "customFields.x was left out: \"Element\" with \"code\"=\"…\" is not a кодовое слово: …"
        );
    }

    #[test]
    fn a_field_that_the_account_does_not_have_is_not_sent() {
        let mut record = Map::from_iter([(PLACE.to_owned(), json!({"gone": true}))]);
        let left = AccountFields::default().fit(&mut record, &TimeZone::UTC);
        assert_eq!(left[0].path, "customFields.gone");
        assert_eq!(left[0].why.en, "the account has no such field");
        assert!(record.is_empty(), "an empty object is not sent either");
    }
}
