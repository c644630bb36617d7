//! The two forms of the page: a plain one, and one that `leadgate.js` sends and that is a plain one too where no script runs.
//!
//! Their fields are those that `forms.toml` declares; a test holds that. What is sent does not depend on the language of the page.

use maud::{Markup, html};

use crate::http::demo::inputs::{self, Line};
use crate::http::demo::page;
use crate::http::demo::view::View;

/// «Обратный звонок»: nothing but HTML.
pub(super) fn callback(view: &View) -> Markup {
    const FORM: &str = "callback";
    let cities = [
        ("", view.say("Выберите город", "Choose a city")),
        ("Москва", view.say("Москва", "Moscow")),
        ("Казань", view.say("Казань", "Kazan")),
        ("Самара", view.say("Самара", "Samara")),
        ("Тула", view.say("Тула", "Tula")),
        ("Другой город", view.say("Другой город", "Another city")),
    ];
    let agreed = view.say(
        "Согласен на обработку персональных данных, чтобы мне перезвонили",
        "I agree to the processing of my personal data so that I can be called back",
    );
    html! {
        form.card method="post" action={ (view.base) "/f/" (FORM) } {
            (controls(view, FORM))
            div.fields {
                (name(view, FORM).show())
                (phone(view, FORM).show())
                (inputs::select(FORM, "city", view.say("Город", "City"), &cities))
                (inputs::text_box(FORM, "comment", view.say("О чём поговорим", "What shall we talk about")))
                (inputs::consent(FORM, "consent", agreed))
            }
            button.button { (view.say("Жду звонка", "Call me back")) }
        }
    }
}

/// «Банкет во дворе»: sent by `leadgate.js`, with its own words for what the script says.
pub(super) fn banquet(view: &View) -> Markup {
    const FORM: &str = "banquet";
    let interests = [
        ("Мебель", view.say("Мебель", "Furniture")),
        ("Свет", view.say("Свет", "Light")),
        ("Текстиль", view.say("Текстиль", "Textiles")),
    ];
    html! {
        form.card method="post" action={ (view.base) "/f/" (FORM) } data-leadgate=(FORM) data-leadgate-focus="field"
            data-leadgate-invalid=(view.say("Проверьте отмеченные поля.", "Please check the marked fields."))
            data-leadgate-sent=(view.say("Спасибо! Заявка принята, скоро позвоним.", "Thank you! We have your request and will call you soon.")) {
            (controls(view, FORM))
            div.fields {
                (name(view, FORM).show())
                (phone(view, FORM).show())
                (Line::new(FORM, "email", view.say("Почта", "E-mail")).filled_by("email", "email").show())
                (Line::new(FORM, "guests", view.say("Сколько гостей", "How many guests")).filled_by("number", "off").show())
                (Line::new(FORM, "delivery_date", view.say("Дата праздника", "Date of the party")).filled_by("date", "off").show())
                (inputs::ticks(FORM, "interests", view.say("Что понадобится", "What you will need"), &interests))
                (inputs::text_box(FORM, "comment", view.say("Пожелания", "Wishes")))
            }
            button.button { (view.say("Рассчитать праздник", "Plan my party")) }
            div.state role="status" tabindex="-1" data-part="state" data-leadgate-status {}
            p hidden data-part="lead" {
                a href={ (view.base) "/admin/leads/" } { (view.say("Что с ней стало", "What became of it")) }
            }
        }
    }
}

/// What travels along unseen. `_id` is fresh on each view: a double click makes one lead.
fn controls(view: &View, form: &str) -> Markup {
    html! {
        (inputs::hidden("_id", &format!("{:032x}", rand::random::<u128>())))
        (inputs::hidden("_lang", view.language.as_str()))
        (inputs::hidden("_next", &view.below("thanks")))
        (inputs::hidden("_page_url", &view.page_url))
        (inputs::hidden("_page_title", page::title(view)))
        (inputs::trap(form, view.say("Не заполняйте это поле", "Leave this field empty")))
    }
}

fn name<'a>(view: &View, form: &'a str) -> Line<'a> {
    Line::new(form, "name", view.say("Имя", "Name")).filled_by("text", "name")
}

fn phone<'a>(view: &View, form: &'a str) -> Line<'a> {
    Line {
        required: true,
        hint: Some(view.say(
            "Например, 8 (912) 345-67-89",
            "For instance, 8 (912) 345-67-89",
        )),
        ..Line::new(form, "phone", view.say("Телефон", "Phone")).filled_by("tel", "tel")
    }
}
