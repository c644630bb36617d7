//! A refusal as a page: what is wrong, and the way on.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use maud::html;

use crate::http::admin::pages::{HOME, frame};
use crate::http::admin::reason::Reason;
use crate::lead::Language;

/// The page for this reason.
pub(crate) fn page(reason: &Reason, language: Language) -> HttpResponse {
    let title = match reason {
        Reason::NotFound => language.pick("Не найдено", "Not found"),
        Reason::Conflict(_) => language.pick("Сейчас нельзя", "Not possible now"),
        Reason::Unavailable(_) => language.pick("Временно недоступно", "Not available now"),
        Reason::Unauthorized
        | Reason::ForeignOrigin
        | Reason::Method(_)
        | Reason::BadParameter(_)
        | Reason::Malformed(_) => language.pick("Запрос не принят", "Request refused"),
    };
    let content = html! {
        section.card.narrow {
            h1 { (title) }
            p { (reason.text(language)) }
            p { a.button href=(HOME) { (language.pick("Ко всем заявкам", "To all leads")) } }
        }
    };
    let document = frame::document(language, title, &html! {}, &content);
    let mut response = HttpResponse::build(reason.status());
    reason.add_headers(&mut response);
    response
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(document.0)
}
