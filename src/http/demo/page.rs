//! The document: what stands around the shop and the panel, and the page after the plain form.

use maud::{DOCTYPE, Markup, html};

use crate::http::demo::view::View;
use crate::http::demo::{DemoParts, panel, shop};
use crate::lead::Language;

/// The title of the page; travels with each lead.
pub(super) fn title(view: &View) -> &'static str {
    view.say(
        "Длинный стол: мебель, свет и текстиль для праздников",
        "The Long Table: furniture, light and textiles for parties",
    )
}

/// The whole page.
pub(super) fn landing(view: &View, parts: &DemoParts) -> Markup {
    let content = html! {
        main {
            (shop::hero(view))
            (shop::goods(view))
            (shop::banquet(view))
            (shop::callback(view))
            (panel::panel(view, parts))
        }
    };
    document(view, title(view), &content)
}

/// Where the visitor arrives after a form without a script.
pub(super) fn thanks(view: &View, parts: &DemoParts) -> Markup {
    let title = view.say("Спасибо!", "Thank you!");
    let content = html! {
        main {
            section.thanks {
                p.mark aria-hidden="true" { "✓" }
                h1 { (title) }
                p { (view.say("Заявка принята, скоро позвоним.", "We have your request and will call you soon.")) }
                p { a.button href=(view.page("")) { (view.say("Вернуться на сайт", "Back to the site")) } }
            }
            (panel::panel(view, parts))
        }
    };
    document(view, title, &content)
}

fn document(view: &View, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(view.language.as_str()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { (title) }
                @for name in ["demo.css", "demo-shop.css", "demo-form.css", "demo-panel.css"] {
                    link rel="stylesheet" href=(view.file(name));
                }
                // The one line that a site needs.
                script src={ (view.base) "/leadgate.js" } async {}
                script type="module" src=(view.file("demo.js")) {}
            }
            body {
                (ribbon(view))
                (shop::header(view))
                (content)
                (shop::footer(view))
            }
        }
    }
}

/// Says that this is no real shop, leads to the panel, and changes the language.
fn ribbon(view: &View) -> Markup {
    let languages = [
        (Language::Ru, "ru", "Русский", "RU"),
        (Language::En, "en", "English", "EN"),
    ];
    html! {
        aside.ribbon aria-label=(view.say("О демонстрации", "About this demo")) {
            p {
                b { "leadgate demo" } " · "
                (view.say("магазин вымышленный, заявки остаются на этом компьютере.", "the shop is made up, leads stay on this computer."))
                " " a href="#crm" { (view.say("К пульту RetailCRM", "To the RetailCRM panel")) }
            }
            nav.languages aria-label=(view.say("Язык", "Language")) {
                @for (language, code, name, short) in languages {
                    a href=(view.in_language(language)) lang=(code) hreflang=(code) title=(name)
                        aria-current=[(language == view.language).then_some("true")] { (short) }
                }
            }
        }
    }
}
