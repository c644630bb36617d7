//! Readers of single values: each turns a raw value into the type the program works with, or says what belongs there.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use toml::{Table, Value};
use url::{Host, Url};

use crate::config::mistake::Mistake;
use crate::config::units;
use crate::http::settings::Rate;
use crate::lead::Language;

/// Reads a text by `parse`, which answers `None` for what it does not understand.
pub(crate) fn parsed<T>(
    value: &Value,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Mistake> {
    value
        .as_str()
        .and_then(parse)
        .ok_or_else(|| Mistake::expected(expected, value))
}

/// A text with something in it; the spaces around it are cut off.
pub(crate) fn text(value: &Value) -> Result<String, Mistake> {
    parsed(value, "a text in quotes, not empty", |text| {
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    })
}

/// `true` or `false`.
pub(crate) fn flag(value: &Value) -> Result<bool, Mistake> {
    value
        .as_bool()
        .ok_or_else(|| Mistake::expected("true or false, without quotes", value))
}

/// A whole number in these bounds.
pub(crate) fn whole(bounds: RangeInclusive<u32>) -> impl Fn(&Value) -> Result<u32, Mistake> {
    move |value| {
        let number = value
            .as_integer()
            .and_then(|number| u32::try_from(number).ok());
        number
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| Mistake::range(&bounds, value))
    }
}

/// One of a closed list of words.
pub(crate) fn word<T: Clone>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&Value) -> Result<T, Mistake> {
    move |value| {
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
        found
            .map(|(_, meaning)| meaning.clone())
            .ok_or_else(|| Mistake::word(words.iter().map(|(word, _)| *word).collect(), value))
    }
}

/// The words of `language`.
pub(crate) const LANGUAGES: &[(&str, Language)] = &[("ru", Language::Ru), ("en", Language::En)];

/// A span of time; zero is one.
pub(crate) fn duration(value: &Value) -> Result<Duration, Mistake> {
    parsed(value, "a duration such as \"10s\"", units::duration)
}

/// A span of time that is not zero.
pub(crate) fn time_limit(value: &Value) -> Result<Duration, Mistake> {
    let positive = |text: &str| units::duration(text).filter(|span| !span.is_zero());
    parsed(value, "a duration above zero such as \"10s\"", positive)
}

/// How often something is asked for: `off`, or a span of a minute at least, so that nobody hammers the CRM.
pub(crate) fn poll(value: &Value) -> Result<Option<Duration>, Mistake> {
    let read = |text: &str| match text {
        "off" => Some(None),
        span => units::duration(span)
            .filter(|span| *span >= Duration::from_secs(60))
            .map(Some),
    };
    let expected = "\"off\" or a duration of a minute at least such as \"15m\"";
    parsed(value, expected, read)
}

/// How long leads are kept: `forever`, or a span of a day at least.
pub(crate) fn keeping_time(value: &Value) -> Result<Option<Duration>, Mistake> {
    let read = |text: &str| match text {
        "forever" => Some(None),
        span => units::duration(span)
            .filter(|span| *span >= Duration::from_secs(86_400))
            .map(Some),
    };
    let expected = "\"forever\" or a duration of a day at least such as \"365d\"";
    parsed(value, expected, read)
}

/// A number of bytes.
pub(crate) fn size(value: &Value) -> Result<u64, Mistake> {
    parsed(value, "a size such as \"256 KiB\"", units::size)
}

/// A rate.
pub(crate) fn rate(value: &Value) -> Result<Rate, Mistake> {
    parsed(
        value,
        "a rate such as \"120/m\" (per s, m or h)",
        units::rate,
    )
}

/// An address to listen on: a number and a port, no name.
pub(crate) fn socket(value: &Value) -> Result<SocketAddr, Mistake> {
    parsed(
        value,
        "an address with a port such as \"127.0.0.1:8080\"",
        |text| text.parse().ok(),
    )
}

/// A network, or a single address.
pub(crate) fn network(value: &Value) -> Result<IpNet, Mistake> {
    parsed(
        value,
        "an address or a network such as \"10.0.0.0/8\"",
        |text| {
            text.parse()
                .ok()
                .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
        },
    )
}

/// A zone of the IANA database.
pub(crate) fn zone(value: &Value) -> Result<TimeZone, Mistake> {
    parsed(
        value,
        "the name of a time zone such as \"Europe/Moscow\"",
        |text| TimeZone::get(text).ok(),
    )
}

/// A table that is kept as it is written.
pub(crate) fn table(value: &Value) -> Result<Table, Mistake> {
    value
        .as_table()
        .cloned()
        .ok_or_else(|| Mistake::expected("a table", value))
}

/// Any address of the web.
pub(crate) fn web_address(value: &Value) -> Result<Url, Mistake> {
    parsed(
        value,
        "an address such as \"https://shop.example/thanks\"",
        |text| Url::parse(text).ok().filter(is_web),
    )
}

/// The address of a whole host: no path, query or login.
pub(crate) fn host_address(value: &Value) -> Result<Url, Mistake> {
    const EXPECTED: &str =
        "an address of scheme and host alone, such as \"https://leads.example.ru\"";
    let url = parsed(value, EXPECTED, |text| Url::parse(text).ok().filter(is_web))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Mistake::Expected {
            expected: EXPECTED,
            found: "one with a login in it".to_owned(),
        });
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    bare.then_some(url)
        .ok_or_else(|| Mistake::expected(EXPECTED, value))
}

/// The address of a CRM: a whole host under https, or under http on this machine, because the API key travels to it.
pub(crate) fn crm_address(value: &Value) -> Result<Url, Mistake> {
    let url = host_address(value)?;
    let safe = url.scheme() == "https" || is_loopback(&url);
    safe.then_some(url).ok_or_else(|| {
        Mistake::expected(
            "https (http would show the API key to the network; it is for 127.0.0.1 only)",
            value,
        )
    })
}

/// An origin as a browser writes it: lower case, punycode, without the scheme's own port.
pub(crate) fn origin(value: &Value) -> Result<String, Mistake> {
    const EXPECTED: &str = "an origin of scheme and host alone, such as \"https://shop.example\"";
    if value.as_str() == Some("*") {
        return Ok("*".to_owned());
    }
    let url = host_address(value).map_err(|_general| Mistake::expected(EXPECTED, value))?;
    Ok(url.origin().ascii_serialization())
}

/// Whether the address leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin_of(text: &str) -> Option<String> {
        origin(&Value::String(text.into())).ok()
    }

    #[test]
    fn an_origin_is_kept_as_browsers_write_it() {
        assert_eq!(
            origin_of("HTTPS://Shop.Example:443/").as_deref(),
            Some("https://shop.example")
        );
        assert_eq!(
            origin_of("http://shop.example:8080").as_deref(),
            Some("http://shop.example:8080")
        );
        assert_eq!(
            origin_of("https://магазин.рф").as_deref(),
            Some("https://xn--80aairftm.xn--p1ai")
        );
        assert_eq!(
            origin_of("http://[::1]:80").as_deref(),
            Some("http://[::1]")
        );
    }

    #[test]
    fn what_no_browser_sends_is_no_origin() {
        for text in [
            "",
            "null",
            "shop.example",
            "https://shop.example/page",
            "https://a:b@shop.example",
            "ftp://x",
            "file:///",
        ] {
            assert_eq!(origin_of(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_api_key_is_sent_over_plain_http_to_this_machine_only() {
        let accepted = |text: &str| crm_address(&Value::String(text.into())).is_ok();
        assert!(accepted("https://demo.retailcrm.ru"));
        assert!(accepted("https://demo.retailcrm.ru/"));
        assert!(accepted("http://127.0.0.1:8081"));
        assert!(accepted("http://localhost:8081"));
        assert!(accepted("http://[::1]:8081"));
        assert!(!accepted("http://demo.retailcrm.ru"));
        assert!(!accepted("http://localhost.example"));
        assert!(!accepted("https://demo.retailcrm.ru/api/v5"));
        assert!(!accepted("https://demo.retailcrm.ru?key=1"));
    }

    #[test]
    fn a_login_in_an_address_is_not_repeated() {
        let mistake = crm_address(&Value::String(
            "https://user:hunter2@demo.retailcrm.ru".into(),
        ))
        .expect_err("login");
        assert!(!mistake.to_string().contains("hunter2"), "{mistake}");
    }

    #[test]
    fn a_plain_address_is_a_network_of_one() {
        let network = |text: &str| {
            network(&Value::String(text.into()))
                .map(|network| network.to_string())
                .ok()
        };
        assert_eq!(network("10.1.2.3").as_deref(), Some("10.1.2.3/32"));
        assert_eq!(network("::1").as_deref(), Some("::1/128"));
        assert_eq!(network("10.0.0.0/8").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(network("10.0.0.0/33"), None);
    }
}
