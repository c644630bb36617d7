//! The way in and out, and the choice of the language.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, LOCATION, ORIGIN, RETRY_AFTER, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use maud::html;

use crate::clock::Clock;
use crate::http::admin::auth::{self, Access, LogIn, Operator};
use crate::http::admin::pages::HOME;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::reason::Reason;
use crate::http::admin::{body, cookies, filters, languages, words};
use crate::http::client_address::client_address;
use crate::http::request_id;
use crate::http::settings::Server;
use crate::lead::Language;
use crate::telemetry::field;

/// The address of the log-in page that leads back to `next`.
pub(crate) fn address(next: &str) -> String {
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("/admin/login?next={next}")
}

/// `GET /admin/login`.
pub(crate) async fn show(screen: Screen, request: HttpRequest) -> HttpResponse {
    form(
        &screen,
        StatusCode::OK,
        &next_of(request.query_string()),
        "",
        None,
    )
}

/// `POST /admin/login`: name, password, next.
pub(crate) async fn log_in(
    screen: Screen,
    request: HttpRequest,
    payload: web::Payload,
    (access, clock): (web::Data<Access>, web::Data<Clock>),
    server: web::Data<Server>,
) -> Result<HttpResponse, Reason> {
    if is_forged(request.headers(), &server) {
        return Err(Reason::ForeignOrigin);
    }
    let body = body::read(payload, &server, &clock).await?;
    let body = String::from_utf8_lossy(&body);
    let given = |name| filters::parameter(&body, name).unwrap_or_default();
    let (name, next) = (given("name"), next_of(&body));
    let address = client_address(
        request.peer_addr().map(|peer| peer.ip()),
        request.headers(),
        &server.trusted_proxies,
    );
    let outcome = access
        .log_in(address, &name, given("password").into_owned())
        .await;
    Ok(match outcome {
        LogIn::In(token) => {
            tracing::info!(
                { field::REQUEST_ID } = request_id::current(),
                operator = %name,
                action = "log in",
                "admin action"
            );
            HttpResponse::SeeOther()
                .insert_header((LOCATION, next))
                .insert_header((SET_COOKIE, cookies::session(auth::COOKIE, &token.0)))
                .finish()
        }
        LogIn::Refused => {
            tracing::warn!(
                { field::REQUEST_ID } = request_id::current(),
                "a log-in to the admin was refused"
            );
            let text = screen.pick(
                "Имя или пароль не подходят.",
                "The name or the password is wrong.",
            );
            form(&screen, StatusCode::UNAUTHORIZED, &next, &name, Some(text))
        }
        LogIn::TooSoon(wait) => too_soon(&screen, &next, &name, wait.as_secs() + 1),
    })
}

/// `POST /admin/logout`.
pub(crate) async fn log_out(
    _operator: Operator,
    request: HttpRequest,
    access: web::Data<Access>,
) -> HttpResponse {
    access.log_out(request.headers());
    HttpResponse::SeeOther()
        .insert_header((LOCATION, "/admin/login"))
        .insert_header((SET_COOKIE, cookies::no_session(auth::COOKIE)))
        .finish()
}

/// `GET /admin/language/{language}?next=`: remembers the choice and goes back. Harmless, so a link may do it.
pub(crate) async fn choose_language(
    language: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Reason> {
    let language = Language::parse(&language).ok_or(Reason::NotFound)?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, next_of(request.query_string())))
        .insert_header((
            SET_COOKIE,
            cookies::choice(languages::COOKIE, language.as_str()),
        ))
        .finish())
}

/// A browser tells where a POST comes from; a log-in from elsewhere would put a visitor into a stranger's session. A program that
/// tells nothing has typed the password itself.
fn is_forged(headers: &HeaderMap, server: &Server) -> bool {
    let tells = headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site");
    tells && !auth::comes_from_our_pages(headers, &server.public_url)
}

/// Where to go afterwards: a path of the admin, else the list.
fn next_of(query: &str) -> String {
    filters::parameter(query, "next")
        .filter(|next| is_own_path(next))
        .map_or_else(|| HOME.to_owned(), |next| next.into_owned())
}

/// Only what a browser can read as a path below `/admin/`: no other host by `//` or `\`, nothing that ends the header.
fn is_own_path(next: &str) -> bool {
    next.starts_with(HOME)
        && next
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn too_soon(screen: &Screen, next: &str, name: &str, seconds: u64) -> HttpResponse {
    let wait = words::span(i64::try_from(seconds).unwrap_or(i64::MAX), screen.language);
    let text = match screen.language {
        Language::Ru => format!("Слишком много неверных паролей. Попробуйте снова через {wait}."),
        Language::En => format!("Too many wrong passwords. Try again in {wait}."),
    };
    let mut response = form(
        screen,
        StatusCode::TOO_MANY_REQUESTS,
        next,
        name,
        Some(&text),
    );
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

fn form(
    screen: &Screen,
    status: StatusCode,
    next: &str,
    name: &str,
    complaint: Option<&str>,
) -> HttpResponse {
    let title = screen.pick("Вход", "Log in");
    let content = html! {
        form.card.narrow.login method="post" action="/admin/login" {
            h1 { (title) }
            @if let Some(complaint) = complaint {
                p.notice.bad role="alert" { (complaint) }
            }
            input type="hidden" name="next" value=(next);
            label { (screen.pick("Имя", "Name"))
                input name="name" value=(name) autocomplete="username" required autofocus[name.is_empty()];
            }
            label { (screen.pick("Пароль", "Password"))
                // A name that was given already is seldom what was wrong.
                input name="password" type="password" autocomplete="current-password" required autofocus[!name.is_empty()];
            }
            button.primary { (screen.pick("Войти", "Log in")) }
        }
    };
    screen.open_page(status, title, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leaves_the_admin() {
        let next = |text: &str| {
            let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            next_of(&format!("next={text}"))
        };
        assert_eq!(
            next("/admin/?state=held&q=%D0%B0"),
            "/admin/?state=held&q=%D0%B0"
        );
        for foreign in [
            "https://evil.example/admin/",
            "//evil.example",
            "/\\evil.example",
            "/admin/\r\nSet-Cookie: a=b",
            "/admin/\\evil",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(next(foreign), HOME, "{foreign:?}");
        }
    }
}
