//! Reading and writing the admin's two cookies. actix-web's own cookie support is a feature we build without.

use actix_web::http::header::{COOKIE, HeaderMap};

/// The value of a cookie of the request.
pub(super) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// A `Set-Cookie` for the session; the value is hexadecimal.
pub(super) fn session(name: &str, token: &str) -> String {
    format!("{name}={token}; Path=/; Secure; HttpOnly; SameSite=Lax")
}

/// A `Set-Cookie` that ends the session in the browser.
pub(super) fn no_session(name: &str) -> String {
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// A `Set-Cookie` for a harmless choice that is remembered for a year.
pub(super) fn choice(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/admin; HttpOnly; SameSite=Lax; Max-Age=31536000")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("x__Host-leadgate=1; a=b=c; __Host-leadgate=abc"),
        );
        assert_eq!(value(&headers, "__Host-leadgate"), Some("abc"));
        assert_eq!(value(&headers, "a"), Some("b=c"));
        assert_eq!(value(&headers, "b"), None);
    }
}
