//! The shop's own part of the page: what it lends, and why one would leave a phone number.

use maud::{Markup, html};

use crate::http::demo::view::View;
use crate::http::demo::{illustration, order_forms};

/// Name, places on the page, telephone.
pub(super) fn header(view: &View) -> Markup {
    html! {
        header.top {
            a.brand href=(view.page("")) { (illustration::sign()) span { (view.say("Длинный стол", "The Long Table")) } }
            nav.places aria-label=(view.say("Разделы", "Sections")) {
                a href=(view.page("#goods")) { (view.say("Что сдаём", "What we lend")) }
                a href=(view.page("#banquet")) { (view.say("Банкет", "Banquet")) }
                a href=(view.page("#callback")) { (view.say("Звонок", "Call back")) }
            }
        }
    }
}

/// The first screen.
pub(super) fn hero(view: &View) -> Markup {
    html! {
        section.hero {
            div.words {
                p.eyebrow { (view.say("Прокат для праздников под открытым небом", "Lending for parties under the open sky")) }
                h1 { (view.say("Накроем двор, как гостиную", "We set your yard like a living room")) }
                p.lead {
                    (view.say(
                        "Привезём столы, гирлянды и скатерти, расставим до прихода гостей и заберём утром. Вам останется только позвать всех.",
                        "We bring the tables, the lights and the linen, set them up before the guests come and take them away in the morning. All you do is invite everybody.",
                    ))
                }
                p.actions {
                    a.button href="#banquet" { (view.say("Рассчитать праздник", "Plan my party")) }
                    a.button.quiet href="#callback" { (view.say("Перезвоните мне", "Call me back")) }
                }
            }
            (illustration::table_under_lights(view))
        }
    }
}

/// What is lent, at which price.
pub(super) fn goods(view: &View) -> Markup {
    let goods = [
        (
            "furniture",
            view.say("Мебель", "Furniture"),
            view.say("Дубовые столы по три метра, скамьи и венские стулья: от 8 до 120 мест.", "Oak tables of three metres, benches and bentwood chairs: from 8 to 120 seats."),
            view.say("от 350 ₽ за место", "from 350 ₽ a seat"),
        ),
        (
            "light",
            view.say("Свет", "Light"),
            view.say("Ретрогирлянды, свечи в стекле и фонари вдоль дорожки. Своё питание, без проводов по траве.", "Strings of old-style bulbs, candles in glass and lanterns along the path. Own power, no cables in the grass."),
            view.say("от 120 ₽ за метр", "from 120 ₽ a metre"),
        ),
        (
            "textile",
            view.say("Текстиль", "Textiles"),
            view.say("Льняные скатерти, салфетки и пледы на вечер. Стираем и гладим сами.", "Linen cloths, napkins and blankets for the evening. We wash and iron them ourselves."),
            view.say("от 90 ₽ за штуку", "from 90 ₽ apiece"),
        ),
    ];
    html! {
        section.goods id="goods" aria-labelledby="goods-title" {
            h2 id="goods-title" { (view.say("Что сдаём", "What we lend")) }
            ul {
                @for (code, name, text, price) in goods {
                    li.card {
                        (illustration::good(code))
                        h3 { (name) }
                        p { (text) }
                        p.price { (price) }
                    }
                }
            }
        }
    }
}

/// The section of the form that the script sends.
pub(super) fn banquet(view: &View) -> Markup {
    html! {
        section.ask id="banquet" aria-labelledby="banquet-title" {
            div.words {
                h2 id="banquet-title" { (view.say("Банкет во дворе", "A banquet in the yard")) }
                p {
                    (view.say("Расскажите о празднике: посчитаем мебель, свет и доставку и пришлём смету в тот же день.", "Tell us about the party: we work out furniture, light and transport and send an estimate the same day."))
                }
                p.note {
                    (view.say(
                        "Эту форму отправляет скрипт: JSON, ошибки у полей, повтор при обрыве связи с тем же номером, чтобы заявка осталась одна. Без скриптов она уйдёт как обычная.",
                        "A script sends this form: JSON, errors beside the fields, a retry with the same id when the connection breaks, so that one lead stays one. Without scripts it goes as a plain form.",
                    ))
                }
            }
            (order_forms::banquet(view))
        }
    }
}

/// The section of the plain form.
pub(super) fn callback(view: &View) -> Markup {
    html! {
        section.ask id="callback" aria-labelledby="callback-title" {
            div.words {
                h2 id="callback-title" { (view.say("Перезвоним за пять минут", "We call back within five minutes")) }
                p {
                    (view.say("Каждый день с девяти до девяти. Подскажем, сколько столов войдёт во двор и хватит ли света.", "Every day from nine to nine. We tell you how many tables fit into your yard and whether the light will do."))
                }
                p.note {
                    (view.say("Обычная HTML-форма: ответ 303, скрипты не нужны.", "A plain HTML form: the answer is 303, no scripts needed."))
                }
            }
            (order_forms::callback(view))
        }
    }
}

/// The last lines.
pub(super) fn footer(view: &View) -> Markup {
    html! {
        footer {
            p { (view.say("«Длинный стол», вымышленный прокат. Страница показывает работу leadgate.", "“The Long Table”, a made-up shop. This page shows leadgate at work.")) }
        }
    }
}
