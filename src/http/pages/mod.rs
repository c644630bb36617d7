//! The few pages a visitor may see of us: thanks, refusals, and the two that give back what was typed.
//!
//! Rendered on the server, without a script: they must work where everything else has failed. What a visitor typed is escaped by maud.

mod correction;
mod inputs;
mod retry;
mod row;

use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType, HeaderName, REFERRER_POLICY};
use actix_web::{HttpResponse, HttpResponseBuilder};
use maud::{DOCTYPE, Markup, html};

use crate::http::problem::Problem;
use crate::lead::{Form, Language, OriginRule};

pub use correction::correction;
pub use retry::retry;

/// What every page needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The language of its words.
    pub language: Language,
    /// The path under which we are served, without a slash at the end; empty at the root of a host.
    pub base: &'a str,
}

/// Nothing but our stylesheet. `form-action` is open to every site on purpose: browsers apply it also to where a post is redirected to,
/// and `_next` and `success_url` may be redirected further by their own sites (`shop.example` to `www.shop.example`); a visitor who
/// corrected a form would then be stopped after the lead is kept. `frame-ancestors` is left out: forms are posted from frames, too, and
/// there is nothing here to be clicked in somebody's name.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action https: http:; base-uri 'none'";

/// Sends a page. `same-origin`: with `no-referrer` a browser would post our forms with `Origin: null`.
pub fn send(mut answer: HttpResponseBuilder, page: Markup) -> HttpResponse {
    let headers: [(HeaderName, &str); 2] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "same-origin"),
    ];
    for header in headers {
        answer.insert_header(header);
    }
    answer
        .content_type(ContentType::html())
        .body(page.into_string())
}

/// The document around a page's content.
pub(super) fn document(look: &Look<'_>, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(look.language.as_str()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href={ (look.base) "/static/public.css" };
            }
            body { main { (content) } }
        }
    }
}

/// A refusal that keeps nothing.
pub fn refusal(look: &Look<'_>, problem: &Problem) -> Markup {
    let text = problem.text(look.language);
    let content = html! {
        p.mark.mark-stop aria-hidden="true" { "!" }
        h1 { (text.title) }
        p { (text.remedy) }
    };
    document(look, text.title, &content)
}

/// Our own page after success.
pub fn thanks(look: &Look<'_>, form: &Form) -> Markup {
    let title = look.language.pick("Спасибо!", "Thank you!");
    let home = match &form.origins {
        OriginRule::Listed(origins) => origins.first(),
        OriginRule::Any => None,
    };
    let content = html! {
        p.mark.mark-done aria-hidden="true" { "✓" }
        h1 { (title) }
        p {
            (look.language.pick(
                "Мы получили вашу заявку и скоро свяжемся с вами.",
                "We have received your request and will be in touch soon.",
            ))
        }
        @if let Some(home) = home {
            p { a.button href=(home) { (look.language.pick("Вернуться на сайт", "Back to the site")) } }
        }
    };
    document(look, title, &content)
}

#[cfg(test)]
mod tests;
