//! The filters of the list as they stand in URLs and bodies: read once here for the pages, the JSON API and the CSV.
//!
//! A value that cannot be read is refused with the name of its parameter, never ignored: a filter that silently does nothing would
//! make "resend what I see" resend everything.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::delivery::{CauseKey, State};
use crate::http::admin::reason::{BadParameter, Reason};
use crate::lead::{DestinationId, FormId, LeadId};
use crate::store::{Filter, Page};

/// Leads on a page unless the client says otherwise.
const DEFAULT_LIMIT: usize = 50;
/// Leads on a page at the most; a higher wish is cut to this.
pub(super) const MOST_PER_PAGE: usize = 200;
/// A longer search text finds nothing that a shorter one would not.
const LONGEST_TEXT: usize = 200;

/// The filters as they were typed; an empty text is no filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TypedFilters {
    /// States, separated by commas.
    pub(super) state: String,
    /// A form's id.
    pub(super) form: String,
    /// A destination's id.
    pub(super) destination: String,
    /// Free text.
    pub(super) q: String,
    /// A date or an RFC 3339 instant; leads received then or later.
    pub(super) from: String,
    /// A date (that day included) or an RFC 3339 instant (excluded).
    pub(super) to: String,
    /// The key of a group of failures.
    pub(super) cause: String,
}

const NAMES: [&str; 7] = ["state", "form", "destination", "q", "from", "to", "cause"];

impl TypedFilters {
    /// Picks the filters out of a query string; of a repeated name the last counts, other names are not ours.
    pub(super) fn from_query(query: &str) -> Self {
        let mut typed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if let Some(slot) = typed.slot(&name) {
                value.trim().clone_into(slot);
            }
        }
        typed
    }

    /// Reads a JSON body; nothing at all means no filter. Unknown names are refused.
    pub(super) fn from_json(body: &[u8]) -> Result<Self, Reason> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(body).map_err(|error| Reason::Malformed(error.to_string()))
    }

    /// The query string that brings these filters back, with one of them replaced; without empty ones.
    pub(super) fn to_query_with(&self, name: &str, value: &str) -> String {
        let mut changed = self.clone();
        if let Some(slot) = changed.slot(name) {
            value.clone_into(slot);
        }
        changed.to_query()
    }

    /// The query string that brings these filters back; without empty ones.
    pub(super) fn to_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in NAMES.into_iter().zip(self.values()) {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    /// No filter at all.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the store understands. `zone` gives dates their midnight.
    pub(super) fn parse(&self, zone: &TimeZone) -> Result<Filter, BadParameter> {
        let cause = cause(&self.cause)?;
        let mut states = states(&self.state)?;
        if cause.is_some() && states.is_empty() {
            // Only these fail for a cause; so said, the others are not even looked at.
            states = vec![State::Failed, State::Retrying];
        }
        Ok(Filter {
            states,
            cause,
            form: id("form", &self.form, FormId::parse)?,
            destination: id("destination", &self.destination, DestinationId::parse)?,
            text: given(&self.q).map(|text| text.chars().take(LONGEST_TEXT).collect()),
            from: instant("from", &self.from, zone, Bound::Lower)?,
            until: instant("to", &self.to, zone, Bound::Upper)?,
        })
    }

    fn values(&self) -> [&str; 7] {
        [
            &self.state,
            &self.form,
            &self.destination,
            &self.q,
            &self.from,
            &self.to,
            &self.cause,
        ]
    }

    fn slot(&mut self, name: &str) -> Option<&mut String> {
        match name {
            "state" => Some(&mut self.state),
            "form" => Some(&mut self.form),
            "destination" => Some(&mut self.destination),
            "q" => Some(&mut self.q),
            "from" => Some(&mut self.from),
            "to" => Some(&mut self.to),
            "cause" => Some(&mut self.cause),
            _ => None,
        }
    }
}

/// Reads `limit` and `cursor` of a query string.
pub(super) fn page(query: &str) -> Result<Page, BadParameter> {
    let mut page = Page {
        before: None,
        limit: DEFAULT_LIMIT,
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*name, value.trim()) {
            (_, "") => {}
            ("limit", value) => page.limit = limit(value)?,
            ("cursor", value) => page.before = Some(cursor(value)?),
            _ => {}
        }
    }
    Ok(page)
}

/// The last value of a name in a query string.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(found, _)| found == name)
        .map(|(_, value)| value)
        .last()
}

fn limit(value: &str) -> Result<usize, BadParameter> {
    match value.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(MOST_PER_PAGE)),
        _ => Err(BadParameter {
            name: "limit",
            expected_ru: "число от 1 до 200",
            expected_en: "a number from 1 to 200",
        }),
    }
}

fn cursor(value: &str) -> Result<LeadId, BadParameter> {
    LeadId::parse(value).ok_or(BadParameter {
        name: "cursor",
        expected_ru: "значение next из предыдущего ответа",
        expected_en: "the value of next from the previous answer",
    })
}

fn given(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

fn states(text: &str) -> Result<Vec<State>, BadParameter> {
    text.split(',')
        .filter_map(given)
        .map(|word| {
            State::parse(word).ok_or(BadParameter {
                name: "state",
                expected_ru: "одно или несколько через запятую: failed, held, retrying, sending, queued, delivered, discarded",
                expected_en: "one or several, separated by commas, of failed, held, retrying, sending, queued, delivered, discarded",
            })
        })
        .collect()
}

fn cause(text: &str) -> Result<Option<CauseKey>, BadParameter> {
    given(text)
        .map(|text| {
            CauseKey::parse(text).ok_or(BadParameter {
                name: "cause",
                expected_ru: "значение cause из /admin/api/failures",
                expected_en: "a value of cause from /admin/api/failures",
            })
        })
        .transpose()
}

fn id<T>(
    name: &'static str,
    text: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, BadParameter> {
    given(text)
        .map(|text| {
            parse(text).ok_or(BadParameter {
                name,
                expected_ru: "идентификатор из латинских букв, цифр, «-» и «_»",
                expected_en: "an id of letters, digits, - and _",
            })
        })
        .transpose()
}

#[derive(Clone, Copy)]
enum Bound {
    Lower,
    Upper,
}

fn instant(
    name: &'static str,
    text: &str,
    zone: &TimeZone,
    bound: Bound,
) -> Result<Option<Timestamp>, BadParameter> {
    given(text)
        .map(|text| {
            day(text, zone, bound)
                .or_else(|| text.parse().ok())
                // An unescaped "+03:00" arrives as " 03:00".
                .or_else(|| text.replacen(' ', "+", 1).parse().ok())
                .ok_or(BadParameter {
                    name,
                    expected_ru: "дата (2026-11-21) или момент по RFC 3339 (2026-11-21T10:00:00+03:00)",
                    expected_en: "a date (2026-11-21) or an RFC 3339 instant (2026-11-21T10:00:00+03:00)",
                })
        })
        .transpose()
}

/// The first instant of the day, or of the day after it. `None` when the text is no bare date.
fn day(text: &str, zone: &TimeZone, bound: Bound) -> Option<Timestamp> {
    if text.len() != "2026-11-21".len() {
        return None;
    }
    let day: Date = text.parse().ok()?;
    let first = match bound {
        Bound::Lower => day,
        Bound::Upper => day.tomorrow().ok()?,
    };
    Some(first.to_zoned(zone.clone()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> Result<Filter, BadParameter> {
        let zone = TimeZone::get("Europe/Moscow").expect("a zone");
        TypedFilters::from_query(query).parse(&zone)
    }

    #[test]
    fn dates_are_whole_days_in_the_zone_of_the_server() {
        let filter = parsed("from=2026-11-21&to=2026-11-21").expect("readable");
        let text = |at: Option<Timestamp>| at.expect("given").to_string();
        assert_eq!(text(filter.from), "2026-11-20T21:00:00Z");
        assert_eq!(text(filter.until), "2026-11-21T21:00:00Z");
    }

    #[test]
    fn an_instant_may_have_lost_its_plus_sign() {
        for query in [
            "from=2026-11-21T10:00:00%2B03:00",
            "from=2026-11-21T10:00:00+03:00",
            "from=2026-11-21T07:00:00Z",
        ] {
            let from = parsed(query).expect("readable").from.expect("given");
            assert_eq!(from.to_string(), "2026-11-21T07:00:00Z", "{query}");
        }
    }

    #[test]
    fn a_bad_value_is_refused_with_the_name_of_its_parameter() {
        for (query, name) in [
            ("state=dead", "state"),
            ("form=%D1%84", "form"),
            ("destination=a/b", "destination"),
            ("from=yesterday", "from"),
            ("to=2026-13-01", "to"),
            ("cause=Refused!", "cause"),
        ] {
            assert_eq!(parsed(query).expect_err(query).name, name);
        }
        for (query, name) in [
            ("limit=0", "limit"),
            ("limit=x", "limit"),
            ("cursor=1", "cursor"),
        ] {
            assert_eq!(page(query).expect_err(query).name, name);
        }
    }

    #[test]
    fn empty_values_are_no_filters() {
        let filter = parsed("state=&form=&q=+&from=&to=&destination=").expect("readable");
        assert_eq!(filter, Filter::default());
        assert_eq!(page("limit=&cursor=").expect("readable").limit, 50);
        assert_eq!(page("limit=9999").expect("readable").limit, 200);
    }

    #[test]
    fn several_states_are_separated_by_commas() {
        let filter = parsed("state=failed,%20held").expect("readable");
        assert_eq!(filter.states, [State::Failed, State::Held]);
    }

    #[test]
    fn a_cause_means_failed_and_retrying_leads_unless_a_state_is_named() {
        let filter = parsed("cause=refused:orderMethod:landing-pge").expect("readable");
        assert_eq!(filter.states, [State::Failed, State::Retrying]);
        let key = filter.cause.map(|key| key.to_string());
        assert_eq!(key.as_deref(), Some("refused:orderMethod:landing-pge"));
        let filter = parsed("cause=timed_out&state=retrying").expect("readable");
        assert_eq!(filter.states, [State::Retrying]);
    }

    #[test]
    fn a_misspelt_filter_in_a_body_is_refused() {
        assert!(TypedFilters::from_json(b"{\"stat\":\"failed\"}").is_err());
        assert!(TypedFilters::from_json(b"[]x").is_err());
        assert_eq!(
            TypedFilters::from_json(b" ").expect("empty"),
            TypedFilters::default()
        );
    }

    #[test]
    fn the_query_string_brings_the_same_filters_back() {
        let typed = TypedFilters::from_query("q=%D0%90+%26b&state=held&x=1");
        assert_eq!(TypedFilters::from_query(&typed.to_query()), typed);
        assert_eq!(typed.to_query_with("q", ""), "state=held");
    }
}
