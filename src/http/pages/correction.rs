//! The page for field errors: the form once more, filled in as it was, with each complaint beside its field.
//!
//! It shows the fields that the form declares, and every other field that is complained about; the rest of what was typed stands folded
//! below, so that a visitor can see that nothing is lost. Controls (`_id`, `_next`, ...) travel along unseen.

use maud::{Markup, html};

use crate::http::body::Pairs;
use crate::http::pages::inputs;
use crate::http::pages::row::{Row, rows, travels_unseen};
use crate::http::pages::{Look, document};
use crate::http::problem::Problem;
use crate::lead::{FieldErrors, Form, Language};

/// The page; it posts to the address it stands at.
pub fn correction(look: &Look<'_>, form: &Form, errors: &FieldErrors, typed: &Pairs) -> Markup {
    let text = Problem::Invalid(FieldErrors(Vec::new())).text(look.language);
    let rows = rows(form, errors, typed);
    let unseen = typed.iter().filter(|(name, _)| travels_unseen(form, name));
    let content = html! {
        p.eyebrow { (form.title) }
        h1 { (text.title) }
        (summary(look.language, text.remedy, &rows))
        @if !rows.is_empty() {
            form method="post" novalidate {
                (inputs::id_if_absent(typed))
                @for (name, value) in unseen { (inputs::hidden(name, value)) }
                @for row in rows.iter().filter(|row| !row.is_folded()) { (row.show(look.language)) }
                (folded(look.language, &rows))
                button { (look.language.pick("Отправить", "Send")) }
            }
        }
    };
    document(look, text.title, &content)
}

fn folded(language: Language, rows: &[Row<'_>]) -> Markup {
    html! {
        @if rows.iter().any(Row::is_folded) {
            details {
                summary { (language.pick("Остальное из вашей формы", "The rest of your form")) }
                @for row in rows.iter().filter(|row| row.is_folded()) { (row.show(language)) }
            }
        }
    }
}

/// Tells first what is wrong, with links to the fields. It takes the focus, so that a screen reader begins here.
fn summary(language: Language, remedy: &str, rows: &[Row<'_>]) -> Markup {
    let is_blank = rows.iter().all(|row| row.message(language).is_none());
    html! {
        div.summary role="alert" tabindex="-1" autofocus {
            @if is_blank {
                p { (language.pick(
                    "Форма пришла пустой. Заполните хотя бы одно поле.",
                    "The form arrived empty. Please fill in at least one field.",
                )) }
            } @else {
                p {
                    (remedy) " "
                    (language.pick("Остальное уже заполнено.", "The rest is filled in already."))
                }
            }
            ul {
                @for row in rows {
                    @if let Some(message) = row.message(language) {
                        li { a href={ "#" (row.id()) } { (row.label()) } ": " (message) }
                    }
                }
            }
        }
    }
}
