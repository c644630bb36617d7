//! The page for "not now": it holds everything that was typed and sends it again by one button.

use maud::{Markup, html};

use crate::http::body::Pairs;
use crate::http::pages::{Look, document, inputs};
use crate::http::problem::Problem;

/// Keeps the submission in hidden inputs; the page posts to the address it stands at. With an `_id` in it, pressing the button twice makes one lead.
pub fn retry(look: &Look<'_>, problem: &Problem, typed: &Pairs) -> Markup {
    let text = problem.text(look.language);
    let content = html! {
        p.mark.mark-wait aria-hidden="true" { "…" }
        h1 { (text.title) }
        p {
            (text.remedy) " "
            (look.language.pick(
                "Всё, что вы ввели, сохранено на этой странице.",
                "Everything you typed is kept on this page.",
            ))
        }
        form method="post" {
            (inputs::id_if_absent(typed))
            @for (name, value) in typed { (inputs::hidden(name, value)) }
            button { (look.language.pick("Отправить ещё раз", "Send again")) }
        }
    };
    document(look, text.title, &content)
}
