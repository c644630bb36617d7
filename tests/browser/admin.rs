//! The admin in the hands of an operator.

use crate::support::{Gate, Script, Visitor, Window};

const ANNA: [(&str, &str); 2] = [("name", "Анна Петрова"), ("phone", "8 912 345-67-89")];
const BOT: [(&str, &str); 3] = [
    ("name", "Бот"),
    ("phone", "8 912 345-67-80"),
    ("_gotcha", "filled"),
];

#[tokio::test]
async fn only_the_right_password_opens_the_admin_and_logging_out_closes_it() {
    let gate = Gate::start();
    let operator = Visitor::at_a_desk().await;
    let (name, password) = gate.login();
    operator.open(&gate.page("/admin/forms")).await;
    operator.fill("[name=name]", name).await;
    operator.fill("[name=password]", "wrong").await;
    operator.press("form.login button").await;
    operator
        .see_text(".notice.bad", "The name or the password is wrong.")
        .await;

    operator.fill("[name=password]", password).await;
    operator.press("form.login button").await;
    operator.see_text("h1", "Forms").await;
    assert_eq!(operator.address().await, gate.page("/admin/forms"));

    operator.press(".who button").await;
    operator.see("form.login").await;
    operator.open(&gate.page("/admin/")).await;
    operator.see("form.login").await;
    operator.leave().await;
}

#[tokio::test]
async fn the_admin_works_on_a_phone_without_scripts() {
    let gate = Gate::start();
    gate.post("callback", &ANNA).await;
    let operator = Visitor::new(Window::Phone, "ru", Script::Off).await;
    operator.log_in(&gate).await;
    operator.reload_until(".leads .pill", "доставлена").await;
    operator.nothing_sticks_out().await;
    operator.press(".leads a.open").await;
    operator.see_text("h1", "Анна Петрова").await;
    operator.nothing_sticks_out().await;
    operator.leave().await;
}

#[tokio::test]
async fn a_held_lead_is_released_from_its_page_and_becomes_an_order() {
    let gate = Gate::start();
    gate.post("callback", &BOT).await;
    let operator = Visitor::at_a_desk().await;
    operator.log_in(&gate).await;
    operator.reload_until(".leads .pill", "held").await;
    operator.press(".leads a.open").await;
    operator.see_text(".notice", "trap").await;
    operator.press("form[action$='/release'] button").await;
    operator.see_text(".notice.good", "Released").await;
    operator
        .reload_until("header.lead .pill", "delivered")
        .await;
    operator.see(".card .crm").await;
    operator.leave().await;
}

#[tokio::test]
async fn a_refused_lead_is_told_with_its_reason_and_resent_from_its_page() {
    let gate = Gate::start();
    gate.break_crm(REFUSE_ORDERS).await;
    gate.post("callback", &ANNA).await;
    let operator = Visitor::at_a_desk().await;
    operator.log_in(&gate).await;
    operator.reload_until(".leads .pill", "failed").await;
    operator.see(".leads .next .error").await;
    operator.press(".leads a.open").await;
    operator.see(".timeline li.bad").await;

    gate.break_crm("").await;
    operator.press("form[action$='/resend'] button").await;
    operator.see_text(".notice.good", "Back to work").await;
    operator
        .reload_until("header.lead .pill", "delivered")
        .await;
    operator.leave().await;
}

#[tokio::test]
async fn leads_that_fail_for_one_cause_are_one_card_and_resent_by_one_button() {
    let gate = Gate::start();
    gate.break_crm(REFUSE_ORDERS).await;
    gate.post("callback", &ANNA).await;
    gate.post("banquet", &[("name", "Пётр"), ("phone", "8 912 345-67-90")])
        .await;
    let operator = Visitor::new(Window::Phone, "en", Script::On).await;
    operator.log_in(&gate).await;
    operator.open(&gate.page("/admin/failures")).await;
    operator
        .reload_until(".failure h2", "2 leads: the CRM refused")
        .await;
    operator.nothing_sticks_out().await;
    operator.press(".failure a.button").await;
    operator
        .see_text("p.notice", "Only with the cause: the CRM refused")
        .await;
    operator.nothing_sticks_out().await;

    gate.break_crm("").await;
    operator.press("p.notice a").await;
    operator.press(".failure button").await;
    operator
        .see_text(".notice.good", "Back to work: 2 leads")
        .await;
    operator.reload_until(".empty h2", "Nothing fails").await;
    operator.open(&gate.page("/admin/")).await;
    operator.reload_until(".leads .pill", "delivered").await;
    operator.leave().await;
}

#[tokio::test]
async fn a_failed_lead_shows_its_deciding_request_and_what_the_crm_would_get_now() {
    let gate = Gate::start();
    gate.break_crm(REFUSE_ORDERS).await;
    gate.post("callback", &ANNA).await;
    let operator = Visitor::new(Window::Phone, "en", Script::Off).await;
    operator.log_in(&gate).await;
    operator.reload_until(".leads .pill", "failed").await;
    operator.press(".leads a.open").await;
    operator
        .see_text(
            ".steps details[open] pre.wire",
            "POST /api/v5/orders/create",
        )
        .await;
    operator.nothing_sticks_out().await;
    assert!(!operator.text().await.contains("\"phone\":\"+7912"));
    operator.press("a[href$='/preview']").await;
    operator
        .see_text(".requests", "\"phone\": \"+79123456789\"")
        .await;
    operator.nothing_sticks_out().await;
    operator.leave().await;
}

/// The CRM takes no order and names no field that could be left out.
const REFUSE_ORDERS: &str = r#"{"kind":"success_false_200","text":"Order is not loaded","match":{"operation":"orders/create"}}"#;

#[tokio::test]
async fn tabs_search_and_form_narrow_the_list() {
    let gate = Gate::start();
    gate.post("callback", &ANNA).await;
    gate.post("banquet", &[("name", "Пётр"), ("phone", "8 912 345-67-90")])
        .await;
    gate.post("callback", &BOT).await;
    let operator = Visitor::at_a_desk().await;
    operator.log_in(&gate).await;
    operator.reload_until(".leads .name", "Бот").await;

    operator.press(".tabs a:nth-child(2)").await;
    operator.see(".tabs a:nth-child(2)[aria-current]").await;
    assert_eq!(names(&operator).await, ["Бот"]);

    operator.open(&gate.page("/admin/")).await;
    operator.fill("#search", "8 912 345-67-90").await;
    operator.press(".filters button").await;
    operator.see("a.button[href='/admin/']").await;
    assert_eq!(names(&operator).await, ["Пётр"]);

    operator.open(&gate.page("/admin/")).await;
    operator
        .press("select[name=form] option[value=callback]")
        .await;
    operator.press(".filters button").await;
    operator.see("a.button[href='/admin/']").await;
    assert_eq!(names(&operator).await, ["Бот", "Анна Петрова"]);
    operator.leave().await;
}

async fn names(operator: &Visitor) -> Vec<String> {
    let table = operator.text().await;
    let known = ["Бот", "Анна Петрова", "Пётр"];
    table
        .lines()
        .filter_map(|line| known.iter().find(|name| line.contains(*name)))
        .map(|name| (*name).to_owned())
        .collect()
}

#[tokio::test]
async fn the_language_is_the_browser_s_until_the_operator_chooses_the_other() {
    let gate = Gate::start();
    let operator = Visitor::new(Window::Desk, "ru", Script::On).await;
    operator.log_in(&gate).await;
    assert_eq!(operator.language().await, "ru");
    operator.press(".switch").await;
    operator.see_text(".tabs a", "Needs attention").await;
    operator.open(&gate.page("/admin/forms")).await;
    assert_eq!(operator.language().await, "en");
    operator.leave().await;
}

#[tokio::test]
async fn a_new_lead_is_announced_to_who_looks_at_the_list() {
    let gate = Gate::start();
    let operator = Visitor::at_a_desk().await;
    operator.log_in(&gate).await;
    gate.post("callback", &ANNA).await;
    operator.see_text("#fresh", "1 new. Show").await;
    operator.press("#fresh").await;
    operator.see_text(".leads .name", "Анна Петрова").await;
    operator.leave().await;
}
