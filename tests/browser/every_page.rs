//! What holds for every page: it fits into its window, it is in one language, and its console is silent.

use crate::support::{Gate, Script, Visitor, Window};

/// Leads that are hard on a layout; names in Latin letters, so that all Cyrillic on an English page is ours.
async fn hard_leads(gate: &Gate) {
    let long_name = "Bartholomew-Maximilian ".repeat(8);
    let long_word = "x".repeat(180);
    gate.post(
        "callback",
        &[
            ("name", long_name.as_str()),
            ("phone", "+7 495 123-45-67 ext 12"),
            ("comment", long_word.as_str()),
            ("utm_campaign", long_word.as_str()),
        ],
    )
    .await;
    gate.post(
        "banquet",
        &[
            ("name", long_word.as_str()),
            ("phone", "8 912 345-67-80"),
            ("_gotcha", "filled"),
        ],
    )
    .await;
}

#[tokio::test]
async fn no_page_is_wider_than_its_window_in_either_language() {
    let gate = Gate::start();
    hard_leads(&gate).await;
    for window in [Window::Phone, Window::Desk] {
        for language in ["ru", "en"] {
            let visitor = Visitor::new(window, language, Script::On).await;
            look_at_every_page(&visitor, &gate, language).await;
            visitor.leave().await;
        }
    }
}

async fn look_at_every_page(visitor: &Visitor, gate: &Gate, language: &str) {
    let demo = format!("/demo?lang={language}");
    let thanks = format!("/demo/thanks?lang={language}");
    for path in [demo.as_str(), &thanks, "/admin/login"] {
        look(visitor, &gate.page(path), language).await;
    }
    visitor.log_in(gate).await;
    visitor.reload_until(".leads .name", "xxx").await;
    visitor.nothing_sticks_out().await;
    for path in [
        "/admin/",
        "/admin/forms",
        "/admin/destinations",
        "/admin/alerts",
        "/admin/erasures",
        "/admin/failures",
        "/admin/?cause=refused:customFields.a-long-code-of-a-field:another-long-code",
        "/admin/?q=nobody",
        "/admin/resend/confirm?state=failed",
    ] {
        look(visitor, &gate.page(path), language).await;
    }
    for row in ["tr:first-child", "tr:last-child"] {
        visitor.open(&gate.page("/admin/")).await;
        visitor.press(&format!(".leads tbody {row} a.open")).await;
        visitor.see("header.lead").await;
        visitor.nothing_sticks_out().await;
        visitor.press("a[href$='/preview']").await;
        visitor.see(".requests").await;
        visitor.nothing_sticks_out().await;
        visitor.press("main p a").await;
        visitor.see("header.lead").await;
        visitor.press("a.danger").await;
        visitor.see("form[action$='/erase']").await;
        visitor.nothing_sticks_out().await;
    }
}

async fn look(visitor: &Visitor, address: &str, language: &str) {
    visitor.open(address).await;
    visitor.nothing_sticks_out().await;
    assert_eq!(visitor.language().await, language, "{address}");
}

/// The one word of the other language on a page: the name of that language, in the switch.
const NAME_OF_RUSSIAN: &str = "Русский";

#[tokio::test]
async fn an_english_page_has_no_russian_word_but_those_of_the_config() {
    let gate = Gate::start();
    hard_leads(&gate).await;
    let visitor = Visitor::at_a_desk().await;
    for path in ["/demo?lang=en", "/demo/thanks?lang=en"] {
        visitor.open(&gate.page(path)).await;
        no_russian(&visitor, &[]).await;
    }
    visitor.log_in(&gate).await;
    visitor.reload_until(".leads .name", "xxx").await;
    // The titles and labels of the demo's forms are Russian: they are the site owner's words, like what visitors type.
    let of_the_config = [
        "Банкет во дворе",
        "Обратный звонок",
        "Имя",
        "Телефон",
        "Комментарий",
        "Мебель",
        "Свет",
        "Текстиль",
        // What goes to the CRM is in the language of the form.
        "Добавочный",
    ];
    no_russian(&visitor, &of_the_config).await;
    for row in ["tr:first-child", "tr:last-child"] {
        visitor.open(&gate.page("/admin/")).await;
        visitor.press(&format!(".leads tbody {row} a.open")).await;
        visitor.see("header.lead").await;
        no_russian(&visitor, &of_the_config).await;
        visitor.press("a[href$='/preview']").await;
        visitor.see(".requests").await;
        no_russian(&visitor, &of_the_config).await;
    }
    visitor.open(&gate.page("/admin/failures")).await;
    no_russian(&visitor, &of_the_config).await;
    visitor.open(&gate.page("/admin/forms")).await;
    no_russian(&visitor, &of_the_config).await;
    visitor.leave().await;
}

async fn no_russian(visitor: &Visitor, allowed: &[&str]) {
    let mut text = visitor.text().await.replace(NAME_OF_RUSSIAN, "");
    for words in allowed {
        text = text.replace(words, "");
    }
    let is_cyrillic = |letter: char| ('\u{400}'..='\u{4ff}').contains(&letter);
    let line = text.lines().find(|line| line.contains(is_cyrillic));
    assert_eq!(line, None, "{}", visitor.address().await);
}
