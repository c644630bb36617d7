//! The two forms of the demo's landing page, with and without scripts.

use crate::support::{Gate, Script, Visitor, Window};

/// What a form of the page holds after the phone was typed so and the tick set.
async fn fill_callback(visitor: &Visitor, phone: &str) {
    visitor.fill("#callback-name", "Анна Петрова").await;
    visitor.fill("#callback-phone", phone).await;
    visitor.press("#callback-consent").await;
}

#[tokio::test]
async fn without_scripts_the_plain_form_leads_to_the_thanks_page() {
    let gate = Gate::start();
    for (window, language, address, thanks) in [
        (Window::Phone, "ru", "/demo", "Спасибо!"),
        (Window::Desk, "en", "/demo?lang=en", "Thank you!"),
    ] {
        let visitor = Visitor::new(window, language, Script::Off).await;
        visitor.open(&gate.page(address)).await;
        fill_callback(&visitor, "8 (912) 345-67-89").await;
        visitor.press("#callback form button").await;
        visitor.see_text("h1", thanks).await;
        assert!(visitor.address().await.contains("/demo/thanks"));
        visitor.nothing_sticks_out().await;
        visitor.leave().await;
    }
}

#[tokio::test]
async fn without_scripts_the_script_s_form_is_a_plain_one_whose_mistakes_come_back_beside_the_fields()
 {
    let gate = Gate::start();
    let visitor = Visitor::new(Window::Phone, "ru", Script::Off).await;
    visitor.open(&gate.page("/demo")).await;
    visitor.fill("#banquet-name", "Пётр Смирнов").await;
    visitor.fill("#banquet-phone", "12").await;
    visitor.press("#banquet form button").await;
    visitor.see_text("h1", "Проверьте форму").await;
    visitor.see_text(".error", "номер").await;
    visitor.nothing_sticks_out().await;
    let typed = visitor.see("input[name=name]").await;
    let typed = typed.value().await.expect("a value");
    assert_eq!(typed.as_deref(), Some("Пётр Смирнов"));

    visitor.fill("input[name=phone]", "8 912 345-67-90").await;
    visitor.press("form button").await;
    visitor.see_text("h1", "Спасибо!").await;
    visitor.leave().await;
}

#[tokio::test]
async fn with_scripts_the_plain_form_leads_to_the_thanks_page_too() {
    let gate = Gate::start();
    let visitor = Visitor::at_a_desk().await;
    visitor.open(&gate.page("/demo?lang=en")).await;
    fill_callback(&visitor, "+7 912 345-67-89").await;
    visitor.press("#callback form button").await;
    visitor.see_text("h1", "Thank you!").await;
    visitor.leave().await;
}

#[tokio::test]
async fn the_script_sends_its_form_and_says_thanks_in_place() {
    let gate = Gate::start();
    for (window, language, address, thanks) in [
        (Window::Desk, "en", "/demo?lang=en", "Thank you!"),
        (Window::Phone, "ru", "/demo", "Спасибо!"),
    ] {
        let visitor = Visitor::new(window, language, Script::On).await;
        visitor.open(&gate.page(address)).await;
        visitor.fill("#banquet-name", "Пётр Смирнов").await;
        visitor.fill("#banquet-phone", "8 912 345-67-90").await;
        visitor.fill("#banquet-guests", "40").await;
        visitor
            .press("#banquet-interests input[value=Мебель]")
            .await;
        visitor.press("#banquet form button").await;
        visitor.see_text("[data-part=state]", thanks).await;
        assert_eq!(visitor.address().await, gate.page(address));
        let emptied = visitor.see("#banquet-name").await;
        assert_eq!(emptied.value().await.expect("a value").as_deref(), Some(""));
        visitor.nothing_sticks_out().await;
        visitor.leave().await;
    }
}

#[tokio::test]
async fn the_script_puts_each_complaint_beside_its_field_and_goes_to_the_first() {
    let gate = Gate::start();
    let visitor = Visitor::at_a_desk().await;
    visitor.open(&gate.page("/demo?lang=en")).await;
    visitor.fill("#banquet-phone", "12").await;
    visitor.fill("#banquet-guests", "many").await;
    visitor.press("#banquet form button").await;
    visitor.see("#banquet-phone-error:not(:empty)").await;
    visitor.see("#banquet-guests-error:not(:empty)").await;
    visitor.see("#banquet-phone[aria-invalid=true]").await;
    visitor
        .see_text("[data-part=state]", "Please check the marked fields.")
        .await;
    assert_eq!(visitor.focused().await, "banquet-phone");

    visitor.fill("#banquet-phone", "8 912 345-67-90").await;
    visitor.fill("#banquet-guests", "40").await;
    visitor.press("#banquet form button").await;
    visitor.see_text("[data-part=state]", "Thank you!").await;
    visitor.leave().await;
}
