//! One request as the API reads it: PHP-style parameters from the query and from an urlencoded body, with JSON inside
//! single fields. A body of any other content type carries no fields, which is how a JSON body gets its
//! `Parameter 'order' is missing`.

use serde_json::Value;

use crate::simulator::answer::Refusal;
use crate::simulator::texts::Text;

/// Longest text of a filter, in characters (documented).
const LONGEST_FILTER: usize = 255;

/// A request after decoding.
#[derive(Debug, Clone, Default)]
pub(super) struct Call {
    pub(super) method: String,
    /// As sent, still percent-encoded.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) form: Vec<(String, String)>,
    header_key: Option<String>,
}

/// What a request consists of before decoding.
pub(super) struct Raw<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) content_type: &'a str,
    pub(super) header_key: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// A parameter `filter[name][rest...]=value`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) rest: Vec<String>,
    pub(super) value: String,
}

impl Call {
    pub(super) fn decode(raw: &Raw<'_>) -> Self {
        let is_form = raw
            .content_type
            .to_ascii_lowercase()
            .starts_with("application/x-www-form-urlencoded");
        let form = if is_form { pairs(raw.body) } else { Vec::new() };
        Self {
            method: raw.method.to_owned(),
            path: raw.path.to_owned(),
            query: pairs(raw.query.as_bytes()),
            form,
            header_key: raw.header_key.map(str::to_owned),
        }
    }

    /// The API key: the header, else the parameter. An empty one counts as none.
    pub(super) fn key(&self) -> Option<&str> {
        self.header_key
            .as_deref()
            .or_else(|| self.parameter("apiKey"))
            .filter(|key| !key.is_empty())
    }

    /// Replaces the key wherever it stands, so that it can be shown to people.
    pub(super) fn mask_key(&mut self, mask: &str) {
        self.header_key = None;
        for (name, value) in self.query.iter_mut().chain(&mut self.form) {
            if name == "apiKey" {
                mask.clone_into(value);
            }
        }
    }

    /// Roughly the bytes that keeping it takes.
    pub(super) fn size(&self) -> usize {
        let text: usize = self
            .query
            .iter()
            .chain(&self.form)
            .map(|(name, value)| name.len() + value.len() + 48)
            .sum();
        size_of::<Self>() + self.path.len() + text
    }

    /// A scalar parameter, from the body first.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.form
            .iter()
            .chain(&self.query)
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A field of the body that carries JSON.
    pub(super) fn json(&self, name: &str) -> Result<Value, Refusal> {
        self.form
            .iter()
            .find(|(known, _)| known == name)
            .and_then(|(_, text)| serde_json::from_str(text).ok())
            .ok_or_else(|| Refusal::missing(name))
    }

    /// A list parameter `name[]=...` of the query.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.query
            .iter()
            .filter(|(key, _)| key.strip_prefix(name).is_some_and(is_index))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// All filters. Refuses one whose text is too long.
    pub(super) fn filters(&self) -> Result<Vec<Filter>, Refusal> {
        let filters: Vec<Filter> = self
            .query
            .iter()
            .filter_map(|(key, value)| filter(key, value))
            .collect();
        match filters
            .iter()
            .find(|filter| filter.value.chars().count() > LONGEST_FILTER)
        {
            Some(long) => Err(refused_filter(&long.name)),
            None => Ok(filters),
        }
    }
}

/// The refusal of a filter's value, worded as RetailCRM words it.
pub(super) fn refused_filter(name: &str) -> Refusal {
    Refusal::parameter(&format!("children[{name}]"), Text::Invalid)
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(bytes)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// `[]` or `[3]`, as PHP writes members of a list.
fn is_index(rest: &str) -> bool {
    rest.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|index| index.chars().all(|digit| digit.is_ascii_digit()))
}

fn filter(key: &str, value: &str) -> Option<Filter> {
    let mut rest = key.strip_prefix("filter")?;
    let mut segments = Vec::new();
    while let Some(open) = rest.strip_prefix('[') {
        let (segment, after) = open.split_once(']')?;
        segments.push(segment.to_owned());
        rest = after;
    }
    if segments.is_empty() || !rest.is_empty() {
        return None;
    }
    Some(Filter {
        name: segments.remove(0),
        rest: segments,
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(query: &str, content_type: &str, body: &str) -> Call {
        Call::decode(&Raw {
            method: "POST",
            path: "/api/v5/orders/create",
            query,
            content_type,
            header_key: None,
            body: body.as_bytes(),
        })
    }

    #[test]
    fn brackets_are_taken_apart_as_php_does() {
        let call = call(
            "filter[customFields][nps][min]=5&filter%5Bids%5D%5B%5D=7&ids[]=1&ids[2]=3&idsx[]=9",
            "",
            "",
        );
        let filters = call.filters().unwrap();
        assert_eq!(filters[0].name, "customFields");
        assert_eq!(filters[0].rest, ["nps", "min"]);
        assert_eq!(filters[1].name, "ids");
        assert_eq!(filters[1].value, "7");
        assert_eq!(call.list("ids"), ["1", "3"]);
    }

    #[test]
    fn a_json_body_carries_no_fields() {
        let body = r#"{"order":{"firstName":"A"}}"#;
        assert!(call("", "application/json", body).json("order").is_err());
    }

    #[test]
    fn json_inside_a_form_field_keeps_plus_and_ampersand() {
        let body = "order=%7B%22phone%22%3A%22%2B7%26%22%7D";
        let form = call("", "application/x-www-form-urlencoded; charset=utf-8", body);
        assert_eq!(form.json("order").unwrap()["phone"], "+7&");
    }

    #[test]
    fn a_filter_longer_than_255_characters_is_refused() {
        let long = "я".repeat(256);
        assert!(
            call(&format!("filter[name]={long}"), "", "")
                .filters()
                .is_err()
        );
        let most = "я".repeat(255);
        assert!(
            call(&format!("filter[name]={most}"), "", "")
                .filters()
                .is_ok()
        );
    }
}
