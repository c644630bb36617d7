//! What of a request and its answer is kept for the operator: everything but the key and the person.
//!
//! Shown are codes, ids, dates, small numbers and flags; every other text is replaced by its length, so that a value that is too long
//! or empty can still be told. What was masked in the request is masked in the answer too, wherever the CRM quotes it. The whole
//! values are in the preview of the lead, which is computed anew and kept nowhere.

use serde_json::{Map, Value};

use crate::delivery::{Step, excerpt};

/// Keys and parameters whose values are codes, ids or dates by their nature.
const SHOWN: [&str; 32] = [
    "by",
    "campaign",
    "code",
    "content",
    "contragentType",
    "countryIso",
    "createdAt",
    "currency",
    "externalId",
    "filter[entity]",
    "filter[externalIds][]",
    "id",
    "ids",
    "keyword",
    "limit",
    "managerId",
    "medium",
    "orderMethod",
    "orderType",
    "page",
    "priceType",
    "privilegeType",
    "scopes",
    "shipmentStore",
    "site",
    "siteAccess",
    "sitesAvailable",
    "source",
    "status",
    "timezone",
    "type",
    "xmlId",
];

/// Keys whose values are long numbers that are nobody's phone.
const IDS: [&str; 6] = [
    "createdAt",
    "externalId",
    "filter[externalIds][]",
    "id",
    "ids",
    "managerId",
];

/// So many digits may be a phone.
const DIGITS_OF_A_PHONE: usize = 9;

/// A shorter value is not looked for in answers: it would be found in every second word.
const SHORTEST_HIDDEN: usize = 3;

/// So much of a body that is not the CRM's is looked at.
const MOST_OF_A_PAGE: usize = 2_000;

/// The values that were masked in a request.
pub(super) struct Hidden(Vec<String>);

/// A request as it is kept: method and path with its query, then a line for each field of the body.
pub(super) fn request(
    (method, path): (&str, &str),
    query: &[(&'static str, String)],
    form: &[(&'static str, String)],
    key: &str,
) -> (String, Hidden) {
    let mut hidden = Hidden(vec![key.to_owned()]);
    let mut text = format!("{method} {path}");
    for (place, (name, value)) in query.iter().enumerate() {
        let join = if place == 0 { '?' } else { '&' };
        let value = hidden.text(name, value);
        text.push_str(&format!("{join}{name}={value}"));
    }
    for (name, value) in form {
        let value = match serde_json::from_str::<Value>(value) {
            Ok(record @ (Value::Object(_) | Value::Array(_))) => {
                hidden.record(name, &record).to_string()
            }
            Ok(_) | Err(_) => hidden.text(name, value),
        };
        text.push_str(&format!("\n{name}={value}"));
    }
    (excerpt(&text, Step::LONGEST_REQUEST), hidden)
}

/// The beginning of an answer as it is kept.
pub(super) fn answer(body: &[u8], hidden: &mut Hidden) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(reply @ (Value::Object(_) | Value::Array(_))) => hidden.record("", &reply).to_string(),
        Ok(_) | Err(_) => {
            let start = body.get(..body.len().min(MOST_OF_A_PAGE));
            let page = String::from_utf8_lossy(start.unwrap_or_default());
            hidden.clean(&page.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    };
    excerpt(&text, Step::LONGEST_ANSWER)
}

impl Hidden {
    /// A record with its personal values masked; `key` is the one it stands under.
    fn record(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let masked = fields.iter().map(|(name, value)| {
                    let masked = match name.as_str() {
                        "errorMsg" | "errors" => self.complaint(value),
                        // A setting is an object of its own: {"timezone": {"value": "Europe/Moscow"}}.
                        "value" => self.record(key, value),
                        name => self.record(name, value),
                    };
                    (name.clone(), masked)
                });
                Value::Object(masked.collect::<Map<_, _>>())
            }
            Value::Array(items) => items.iter().map(|item| self.record(key, item)).collect(),
            Value::String(text) => self.text(key, text).into(),
            Value::Number(number) if !IDS.contains(&key) && may_be_phone(&number.to_string()) => {
                self.text(key, &number.to_string()).into()
            }
            Value::Number(_) | Value::Bool(_) | Value::Null => value.clone(),
        }
    }

    /// The CRM's own sentences, without what they quote of the person.
    fn complaint(&self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (self.clean(name), self.complaint(value)))
                .collect(),
            Value::Array(items) => items.iter().map(|item| self.complaint(item)).collect(),
            Value::String(text) => self.clean(text).into(),
            other => other.clone(),
        }
    }

    /// One value: shown when it is a code, else its length.
    fn text(&mut self, key: &str, value: &str) -> String {
        let is_code = value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.:/ +".contains(c));
        if value.is_empty()
            || SHOWN.contains(&key) && is_code && (IDS.contains(&key) || !may_be_phone(value))
        {
            return value.to_owned();
        }
        let length = value.chars().count();
        if length >= SHORTEST_HIDDEN {
            self.0.push(value.to_owned());
        }
        format!("***({length})")
    }

    /// A text without the hidden values, e-mails and phones.
    fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in &self.0 {
            text = text.replace(value.as_str(), "***");
        }
        let is_edge = |c: char| c.is_whitespace() || "\"'<>=,;«»".contains(c);
        let words = text.split_inclusive(is_edge).map(|word| {
            let bare = word.trim_end_matches(is_edge);
            let edge = word.get(bare.len()..).unwrap_or_default();
            let is_number = bare
                .chars()
                .all(|c| c.is_ascii_digit() || "+-().".contains(c));
            if bare.contains('@') || is_number && may_be_phone(bare) {
                format!("***{edge}")
            } else {
                word.to_owned()
            }
        });
        words.collect()
    }
}

fn may_be_phone(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= DIGITS_OF_A_PHONE
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = r#"{"externalId":"lg-0190a4d2-7c1e-7aaa-8123-123456789012","createdAt":"2026-11-21 10:00:00","orderMethod":"landing-pge","firstName":"Анна","phone":"+79123456789","email":"anna@example.ru","managerId":12,"call":true,"customerComment":"Перезвоните","customFields":{"city":"Казань","guests":3,"inn":771234567890},"source":{"campaign":"summer","content":"anna@example.ru"}}"#;

    fn sent() -> (String, Hidden) {
        let form = [("site", "shop-ru".to_owned()), ("order", ORDER.to_owned())];
        request(("POST", "/api/v5/orders/create"), &[], &form, "s3cret-key")
    }

    #[test]
    fn a_request_keeps_codes_and_loses_the_person() {
        insta::assert_snapshot!(sent().0, @r#"
        POST /api/v5/orders/create
        site=shop-ru
        order={"externalId":"lg-0190a4d2-7c1e-7aaa-8123-123456789012","createdAt":"2026-11-21 10:00:00","orderMethod":"landing-pge","firstName":"***(4)","phone":"***(12)","email":"***(15)","managerId":12,"call":true,"customerComment":"***(11)","customFields":{"city":"***(6)","guests":3,"inn":"***(12)"},"source":{"campaign":"summer","content":"***(15)"}}
        "#);
    }

    #[test]
    fn a_search_keeps_its_shape_and_loses_the_contact() {
        let query = [
            ("filter[name]", "9123456789".to_owned()),
            ("filter[externalIds][]", "lg-1".to_owned()),
            ("limit", "20".to_owned()),
        ];
        let (text, _) = request(("GET", "/api/v5/customers"), &query, &[], "");
        assert_eq!(
            text,
            "GET /api/v5/customers?filter[name]=***(10)&filter[externalIds][]=lg-1&limit=20"
        );
    }

    #[test]
    fn an_answer_tells_what_is_wrong_without_quoting_the_person() {
        let (_, mut hidden) = sent();
        let said = |hidden: &mut Hidden, body: &str| answer(body.as_bytes(), hidden);
        assert_eq!(
            said(
                &mut hidden,
                r#"{"success":false,"errorMsg":"Order is not loaded","errors":{"orderMethod":"\"OrderMethod\" with \"code\"=\"landing-pge\" does not exist.","email":"anna@example.ru is taken, call +7(912)345-67-89","customFields.city":"No such element: \u041a\u0430\u0437\u0430\u043d\u044c"}}"#
            ),
            r#"{"success":false,"errorMsg":"Order is not loaded","errors":{"orderMethod":"\"OrderMethod\" with \"code\"=\"landing-pge\" does not exist.","email":"*** is taken, call ***","customFields.city":"No such element: ***"}}"#
        );
        assert_eq!(
            said(
                &mut hidden,
                r#"{"success":true,"customers":[{"id":77,"firstName":"Борис","phones":[{"number":"89990000000"}],"externalId":"lg-c-1"}],"pagination":{"totalCount":1}}"#
            ),
            r#"{"success":true,"customers":[{"id":77,"firstName":"***(5)","phones":[{"number":"***(11)"}],"externalId":"lg-c-1"}],"pagination":{"totalCount":1}}"#
        );
    }

    #[test]
    fn a_page_instead_of_an_answer_is_one_line_without_the_person_and_the_key() {
        let (_, mut hidden) = sent();
        let page = b"<html>\n  <h1>Blocked: s3cret-key</h1> <p>+79123456789 \xff</p></html>";
        assert_eq!(
            answer(page, &mut hidden),
            "<html> <h1>Blocked: ***</h1> <p>*** \u{fffd}</p></html>"
        );
        assert_eq!(answer(b"", &mut hidden), "");
    }

    #[test]
    fn both_are_bounded() {
        let long = format!("{{\"a\":[{}1]}}", "1,".repeat(100_000));
        let form = [("order", long.clone())];
        let (text, mut hidden) = request(("POST", "/"), &[], &form, "");
        assert!(text.len() <= Step::LONGEST_REQUEST);
        assert!(answer(long.as_bytes(), &mut hidden).len() <= Step::LONGEST_ANSWER);
    }
}
