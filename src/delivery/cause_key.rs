//! What failures have in common: the word of the cause, the CRM's field and the code it complains of. Thousands of failed leads are a
//! few of these. Nothing of a person is in it: texts that may quote what was typed are told apart by a fingerprint.

use std::fmt;

use crate::delivery::Cause;

/// A longer code is more likely a sentence.
const LONGEST_CODE: usize = 60;

/// A code with so many digits may be somebody's phone.
const DIGITS_OF_A_PHONE: usize = 9;

/// The common part of failures. Its text form, `refused:orderMethod:landing-pge`, stands in URLs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CauseKey {
    word: String,
    field: String,
    code: String,
}

impl CauseKey {
    /// The key of a cause.
    pub fn of(cause: &Cause) -> Self {
        let (field, code) = match cause {
            Cause::ServerError { status } | Cause::NotTheCrm { status, .. } => {
                (String::new(), status.to_string())
            }
            Cause::Refused { message, errors } => refused(message, errors),
            Cause::Mapping { detail } => (String::new(), fingerprint([detail.as_str()])),
            Cause::GaveUp { last, .. } => last.as_deref().map_or_else(Default::default, |last| {
                let last = Self::of(last);
                let mut details = [last.field, last.code].into_iter();
                let detail = details.find(|detail| !detail.is_empty());
                (last.word, detail.unwrap_or_default())
            }),
            Cause::FormGone { form } => (String::new(), form.clone()),
            Cause::DestinationGone { destination } => (String::new(), destination.clone()),
            Cause::Unreachable { .. }
            | Cause::TimedOut { .. }
            | Cause::ConnectionLost { .. }
            | Cause::RateLimited
            | Cause::Unreadable { .. }
            | Cause::AccessDenied { .. }
            | Cause::Internal => Default::default(),
        };
        Self {
            word: cause.word().to_owned(),
            field,
            code,
        }
    }

    /// Reads the text form; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let word = parts.next().unwrap_or_default();
        let field = parts.next().unwrap_or_default();
        let code = parts.next().unwrap_or_default();
        let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let fits = is_word
            && (field.is_empty() || is_field(field))
            && (code.is_empty() || is_code(code) || is_fingerprint(code));
        fits.then(|| Self {
            word: word.to_owned(),
            field: field.to_owned(),
            code: code.to_owned(),
        })
    }

    /// [`Cause::word`].
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The CRM's field, places in lists left out: `payments[].type`. After `gave_up` the word of the last cause. May be empty.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The code that is wrong, the HTTP status, the id that is gone. `None` also when only a fingerprint tells it from others.
    pub fn code(&self) -> Option<&str> {
        Some(self.code.as_str()).filter(|code| !code.is_empty() && !is_fingerprint(code))
    }
}

/// The text form, without empty parts at its end.
impl fmt::Display for CauseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { word, field, code } = self;
        match (field.is_empty(), code.is_empty()) {
            (true, true) => f.write_str(word),
            (false, true) => write!(f, "{word}:{field}"),
            (_, false) => write!(f, "{word}:{field}:{code}"),
        }
    }
}

/// Field and code of the first complaint that names a field; else a fingerprint of everything said.
fn refused(message: &str, errors: &[(String, String)]) -> (String, String) {
    let summary = (String::new(), message.to_owned());
    let named = errors.iter().chain([&summary]).find_map(|(field, text)| {
        let field = [field.as_str(), text.split(": ").next().unwrap_or_default()]
            .into_iter()
            .find_map(field_of_path)
            .or_else(|| field_of_class(text))?;
        Some((field, code(text).unwrap_or_default()))
    });
    named.unwrap_or_else(|| {
        let complaints = errors.iter().map(|(_, text)| text.as_str());
        (
            String::new(),
            fingerprint([message].into_iter().chain(complaints)),
        )
    })
}

/// `order.payments[0].type` and `children[payments].children[0].children[type]` as `payments[].type`.
fn field_of_path(path: &str) -> Option<String> {
    if !is_field(path) {
        return None;
    }
    let parts = path
        .split(['.', '[', ']'])
        .filter(|part| !part.is_empty() && *part != "children");
    let mut name = String::new();
    for (place, part) in parts.enumerate() {
        match part {
            "order" | "customer" if place == 0 => {}
            index if index.bytes().all(|b| b.is_ascii_digit()) => name.push_str("[]"),
            part if name.is_empty() => name.push_str(part),
            part => {
                name.push('.');
                name.push_str(part);
            }
        }
    }
    (!name.is_empty() && !name.starts_with('[')).then_some(name)
}

/// `"OrderMethod" with "code"="x" does not exist.`, in any language: the quoted class is the name of the field.
fn field_of_class(text: &str) -> Option<String> {
    let mut quoted = text.split('"').skip(1).step_by(2);
    let (class, key) = (quoted.next()?, quoted.next()?);
    let mut letters = class.chars();
    let first = letters.next().filter(char::is_ascii_uppercase)?;
    let name: String = first.to_lowercase().chain(letters).collect();
    (is_field(&name) && ["code", "id"].contains(&key)).then_some(name)
}

/// The code of `"code"="x"`. Ids are not taken: an offer's is another in every lead.
fn code(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("\"code\"=\"")?;
    let (code, _) = rest.split_once('"')?;
    is_code(code).then(|| code.to_owned())
}

fn is_field(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".[]_-".contains(&b))
}

fn is_code(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (1..=LONGEST_CODE).contains(&text.len())
        && digits < DIGITS_OF_A_PHONE
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b))
}

fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix('~')
        .is_some_and(|hex| hex.len() == 8 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Tells sentences apart without keeping them: FNV-1a over their words, without what is quoted and without words with digits or `@`, which are
/// another in every lead.
fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash: u32 = 0x811c_9dc5;
    let unquoted = texts
        .into_iter()
        .flat_map(|text| text.split(['"', '«', '»']).step_by(2));
    let words = unquoted.flat_map(str::split_whitespace);
    for word in words.filter(|word| !word.contains(|c: char| c.is_ascii_digit() || c == '@')) {
        for byte in word.bytes().chain([b' ']) {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
    format!("~{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(message: &str, errors: &[(&str, &str)]) -> String {
        let errors = errors.iter();
        CauseKey::of(&Cause::Refused {
            message: message.to_owned(),
            errors: errors
                .map(|(field, text)| ((*field).to_owned(), (*text).to_owned()))
                .collect(),
        })
        .to_string()
    }

    #[test]
    fn a_refusal_is_known_by_field_and_code_in_every_shape_and_language() {
        let method = "\"OrderMethod\" with \"code\"=\"landing-pge\" does not exist.";
        let russian = "\"OrderMethod\" с \"code\"=\"landing-pge\" не существует.";
        for errors in [
            [("orderMethod", method)],
            [("order.orderMethod", russian)],
            [("children[orderMethod]", method)],
            [("", method)],
            [("", russian)],
        ] {
            let known = key("Order is not loaded", &errors);
            assert_eq!(known, "refused:orderMethod:landing-pge", "{errors:?}");
        }
        assert_eq!(
            key(
                "x",
                &[("payments[0].type", "This payment type is not supported")]
            ),
            "refused:payments[].type"
        );
        assert_eq!(
            key(
                "x",
                &[("", "items[1].offer.id: Offer with id 771 not found.")]
            ),
            "refused:items[].offer.id"
        );
        assert_eq!(key(method, &[]), "refused:orderMethod:landing-pge");
    }

    #[test]
    fn nothing_that_was_typed_gets_into_a_key() {
        let anna = "\"City\" with \"code\"=\"Анна Петрова\" does not exist.";
        assert_eq!(
            key("x", &[("customFields.city", anna)]),
            "refused:customFields.city"
        );
        let phone = "\"City\" with \"code\"=\"+79123456789\" does not exist.";
        assert_eq!(key("x", &[("", phone)]), "refused:city");
        let digits = "\"City\" with \"code\"=\"79123456789\" does not exist.";
        assert_eq!(key("x", &[("anna@example.ru", digits)]), "refused:city");
        let typed = key("Не загружено: «Анна», anna@example.ru, +79123456789", &[]);
        let other = key("Не загружено: «Борис», b@example.ru, +79990000000", &[]);
        assert_eq!(typed, other);
        assert!(
            typed.starts_with("refused::~") && typed.is_ascii(),
            "{typed}"
        );
        assert_ne!(typed, key("Заказ закрыт для изменений", &[]));
    }

    #[test]
    fn other_causes_are_known_by_what_there_is_to_mend() {
        let said = |cause: &Cause| CauseKey::of(cause).to_string();
        let timed_out = Cause::TimedOut { after_s: 30 };
        assert_eq!(said(&timed_out), "timed_out");
        assert_eq!(
            said(&Cause::ServerError { status: 503 }),
            "server_error::503"
        );
        let gave_up = |last: Cause| Cause::GaveUp {
            after_s: 60,
            last: Some(Box::new(last)),
        };
        assert_eq!(said(&gave_up(timed_out)), "gave_up:timed_out");
        assert_eq!(
            said(&gave_up(Cause::ServerError { status: 500 })),
            "gave_up:server_error:500"
        );
        let form = "quiz".to_owned();
        assert_eq!(said(&Cause::FormGone { form }), "form_gone::quiz");
    }

    #[test]
    fn the_text_form_is_read_back_and_nothing_else_is() {
        for text in [
            "timed_out",
            "refused:orderMethod:landing-pge",
            "refused:payments[].type",
            "refused::~0a1b2c3d",
            "server_error::503",
        ] {
            let read = CauseKey::parse(text).map(|key| key.to_string());
            assert_eq!(read.as_deref(), Some(text));
        }
        for text in [
            "",
            "Refused",
            "refused:Анна",
            "refused::a b",
            "refused::~x",
            "a:b:c:d",
        ] {
            assert_eq!(CauseKey::parse(text), None, "{text}");
        }
    }
}
