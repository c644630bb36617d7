//! What the page shows and where it leads.

use super::*;

#[tokio::test]
async fn it_is_russian_by_itself_and_english_when_asked() {
    let demo = Demo::open();
    for address in ["/demo", "/demo/", "/demo?lang=de"] {
        let page = demo.get(address).await;
        assert_eq!(page.status, StatusCode::OK, "{address}");
        assert!(page.body.contains("<html lang=\"ru\">"));
        assert!(page.body.contains("RetailCRM работает"));
        assert!(page.body.contains("name=\"_lang\" value=\"ru\""));
    }
    let page = demo.get("/demo?lang=en").await.body;
    assert!(page.contains("<html lang=\"en\">"));
    assert!(page.contains("RetailCRM is up"));
    assert!(page.contains("name=\"_lang\" value=\"en\""));
}

#[tokio::test]
async fn no_russian_is_left_on_the_english_page_but_what_is_sent() {
    let demo = Demo::open();
    for address in ["/demo?lang=en", "/demo/thanks?lang=en"] {
        let page = demo.get(address).await.body;
        let (before, rest) = page.split_once("<details>").expect("examples");
        let after = rest.split_once("</details>").expect("their end").1;
        let told = format!("{before}{after}");
        let shown: String = told
            .split("value=\"")
            .map(|part| part.split_once('"').map_or(part, |(_, rest)| rest))
            .collect();
        // The name of the language itself is in that language.
        let russian: String = shown
            .replace("title=\"Русский\"", "")
            .chars()
            .filter(|letter| ('А'..='я').contains(letter))
            .collect();
        assert_eq!(russian, "", "{address}");
    }
}

#[tokio::test]
async fn its_forms_go_to_the_public_addresses_without_a_script() {
    let page = Demo::open().get("/demo").await.body;
    assert!(page.contains("method=\"post\" action=\"/f/callback\""));
    assert!(page.contains("method=\"post\" action=\"/f/banquet\""));
    assert!(page.contains("method=\"post\" action=\"/demo/crm\""));
    assert!(page.contains("name=\"_gotcha\" tabindex=\"-1\""));
}

#[tokio::test]
async fn every_view_has_fresh_ids() {
    let demo = Demo::open();
    let ids = |page: &str| -> Vec<String> {
        page.split("name=\"_id\" value=\"")
            .skip(1)
            .map(|rest| rest[..32].to_owned())
            .collect()
    };
    let (first, second) = (demo.get("/demo").await, demo.get("/demo").await);
    let mut all = [ids(&first.body), ids(&second.body)].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4);
}

#[tokio::test]
async fn nothing_from_outside_gets_into_it_unescaped() {
    let demo = Demo::open();
    let page = demo
        .get("/demo?utm_source=%22%3E%3Cbad%3E&lang='%3Cbad")
        .await;
    assert!(!page.body.contains("<bad"));
    assert!(page.body.contains("demo&lt;b&gt;") && page.body.contains("one-two&amp;three"));
    assert!(page.body.contains("/demo?utm_source="));
}

#[tokio::test]
async fn it_loads_nothing_but_its_own_files_and_those_are_there() {
    let demo = Demo::open();
    let page = demo.get("/demo").await;
    assert!(
        page.policy
            .starts_with("default-src 'none'; style-src 'self'; script-src 'self'")
    );
    assert!(!page.body.contains("style=\"") && !page.body.contains("<style"));
    assert!(!page.body.contains(" onclick=") && !page.body.contains("<script>"));
    for (name, start) in [
        ("demo.css", "/*"),
        ("demo-shop.css", "/*"),
        ("demo-form.css", "/*"),
        ("demo-panel.css", "/*"),
        ("demo.js", "//"),
    ] {
        assert!(page.body.contains(&format!("/demo/static/{name}\"")));
        let file = demo.get(&format!("/demo/static/{name}")).await;
        assert_eq!(file.status, StatusCode::OK);
        assert!(file.body.starts_with(start), "{name}");
    }
    let public = demo.get("/static/demo.js").await;
    assert_eq!(
        public.status,
        StatusCode::NOT_FOUND,
        "a gate in service has no demo files"
    );
}

#[tokio::test]
async fn it_shows_the_figures_the_login_and_what_to_type() {
    let demo = Demo::open();
    demo.ask(form("/f/callback", "phone=89123456789")).await;
    demo.leads(1).await;
    let page = demo.get("/demo").await.body;
    assert!(page.contains("<div data-figure=\"waiting\"><dt>ждут в leadgate</dt><dd>1</dd>"));
    assert!(page.contains("<div data-figure=\"orders\"><dt>заказов в CRM</dt><dd>41</dd>"));
    assert!(page.contains("href=\"/admin/\"") && page.contains("href=\"http://127.0.0.1:8081\""));
    assert!(page.contains("curl -i http://127.0.0.1:8080/f/callback"));
    assert!(page.contains("curl -i http://127.0.0.1:8080/f/banquet"));
}

#[tokio::test]
async fn a_plain_form_ends_on_the_pages_thanks_in_its_language() {
    let demo = Demo::open();
    let body = "phone=8+912+345-67-89&_next=%2Fdemo%2Fthanks%3Flang%3Den&_lang=en";
    let answer = demo.ask(form("/f/callback", body)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location, "http://127.0.0.1:8080/demo/thanks?lang=en");
    let thanks = demo.get("/demo/thanks?lang=en").await;
    assert!(thanks.body.contains("<h1>Thank you!</h1>"));
    assert!(thanks.body.contains("href=\"/demo?lang=en\""));
}
