//! Tabs and filters of the list. A plain GET form: everything that is chosen stands in the URL.

use maud::{Markup, html};

use crate::delivery::State;
use crate::http::admin::filters::TypedFilters;
use crate::http::admin::pages::HOME;
use crate::http::admin::pages::frame::Screen;
use crate::lead::{Forms, Language};
use crate::store::Store;

/// A tab: the states it shows.
#[derive(Clone, Copy)]
struct Tab {
    ru: &'static str,
    en: &'static str,
    states: &'static [State],
    counted: bool,
}

/// The store counts only what is not final, so the others have no number.
const TABS: [Tab; 5] = [
    Tab {
        ru: "Все",
        en: "All",
        states: &[],
        counted: false,
    },
    Tab {
        ru: "Требуют внимания",
        en: "Needs attention",
        states: &[State::Failed, State::Held],
        counted: true,
    },
    Tab {
        ru: "Ждут отправки",
        en: "Waiting",
        states: &[State::Queued, State::Sending, State::Retrying],
        counted: true,
    },
    Tab {
        ru: "Доставлены",
        en: "Delivered",
        states: &[State::Delivered],
        counted: false,
    },
    Tab {
        ru: "Отклонены",
        en: "Discarded",
        states: &[State::Discarded],
        counted: false,
    },
];

impl Tab {
    fn query(self) -> String {
        let words: Vec<&str> = self.states.iter().map(|state| state.as_str()).collect();
        words.join(",")
    }
}

/// The tabs by state, with counts where a number calls for action.
pub(super) fn tabs(screen: &Screen, typed: &TypedFilters, store: &Store) -> Markup {
    html! {
        nav.tabs aria-label=(screen.pick("Состояние", "State")) {
            @for tab in TABS {
                @let query = tab.query();
                @let count: usize = tab.states.iter().map(|state| store.count(*state)).sum();
                a href={ (HOME) "?" (typed.to_query_with("state", &query)) } aria-current=[(typed.state == query).then_some("page")] {
                    (screen.pick(tab.ru, tab.en))
                    @if tab.counted && count > 0 { " " span.count { (count) } }
                }
            }
        }
    }
}

/// The filters, the search, and the CSV of what they let through.
pub(super) fn bar(
    screen: &Screen,
    typed: &TypedFilters,
    forms: &Forms,
    destinations: &[String],
) -> Markup {
    html! {
        form.filters method="get" action=(HOME) role="search" {
            input type="hidden" name="state" value=(typed.state);
            @if !typed.cause.is_empty() { input type="hidden" name="cause" value=(typed.cause); }
            label.wide { span { (screen.pick("Поиск", "Search")) }
                input #search type="search" name="q" value=(typed.q) placeholder=(screen.pick("телефон, имя, e-mail, номер заказа", "phone, name, e-mail, order number"));
            }
            label.whole { span { (screen.pick("Форма", "Form")) }
                select name="form" {
                    option value="" { (screen.pick("все", "all")) }
                    @if !typed.form.is_empty() && forms.get(&typed.form).is_none() {
                        // A form that has left the config still has leads.
                        option value=(typed.form) selected { (typed.form) }
                    }
                    @for form in forms.iter() {
                        option value=(form.id) selected[typed.form == form.id.as_str()] { (form.title) }
                    }
                }
            }
            @if destinations.len() > 1 || !typed.destination.is_empty() {
                label.whole { span { (screen.pick("Назначение", "Destination")) }
                    select name="destination" {
                        option value="" { (screen.pick("все", "all")) }
                        @for id in destinations {
                            option value=(id) selected[typed.destination == *id] { (id) }
                        }
                    }
                }
            }
            label { span { (screen.pick("С", "From")) } (day("from", &typed.from)) }
            label { span { (screen.pick("По", "To")) } (day("to", &typed.to)) }
            div.buttons {
                button.primary { (screen.pick("Показать", "Show")) }
                @if !typed.is_empty() {
                    a.button href=(HOME) { (screen.pick("Сбросить", "Reset")) }
                }
                a.button href=(csv(screen.language, typed)) download { "CSV" }
            }
        }
    }
}

/// A day to choose; an instant that came in by hand is kept as text, which a date input would drop.
fn day(name: &str, value: &str) -> Markup {
    let kind = if value.contains('T') { "text" } else { "date" };
    html! { input type=(kind) name=(name) value=(value); }
}

fn csv(language: Language, typed: &TypedFilters) -> String {
    let query = typed.to_query();
    let join = if query.is_empty() { "" } else { "&" };
    format!(
        "/admin/api/leads.csv?{query}{join}lang={}",
        language.as_str()
    )
}
