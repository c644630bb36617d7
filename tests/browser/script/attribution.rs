//! Where the visitor came from, first and last, across the pages of the site.

use serde_json::json;

use super::{World, form, visitor};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_and_the_last_touch_travel_with_a_lead_of_a_later_page() {
    let world = World::new().await;
    let visitor = visitor().await;
    let page = world.page("en", &form("class=lead"));
    visitor
        .open(&format!("{page}?utm_source=yandex&utm_medium=cpc&yclid=77"))
        .await;
    visitor.until("window.leadgate && leadgate.attach").await;
    visitor
        .open(&format!("{page}?utm_source=mail&utm_campaign=may"))
        .await;
    visitor.until("window.leadgate && leadgate.attach").await;
    // Later, directly.
    visitor.open(&format!("{page}?x=1")).await;
    visitor.until("window.leadgate && leadgate.attach").await;
    visitor
        .run("document.cookie = '_ym_uid=1761589519654701270'; document.cookie = 'roistat_visit=100500'; document.cookie = '_ga=GA1.1.172067973.1761589519'")
        .await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    visitor.press("#go").await;
    visitor.see("[data-state=sent]").await;
    let lead = world.only_lead().await;
    let attribution = &lead["attribution"];
    let expected = json!({ "source": "mail", "medium": null, "campaign": "may", "term": null, "content": null });
    assert_eq!(attribution["utm"], expected);
    let visit = &attribution["visit"];
    assert_eq!(visit["ym_uid"], "1761589519654701270");
    assert_eq!(visit["roistat"], "100500");
    assert_eq!(visit["ga"], "172067973.1761589519");
    assert_eq!(visit["first_utm_source"], "yandex");
    assert_eq!(visit["first_utm_medium"], "cpc");
    assert_eq!(visit["first_yclid"], "77");
    let landing = format!("{page}?utm_source=mail&utm_campaign=may");
    assert_eq!(visit["landing_page"], landing);
    let post = &world.front.posts()[0];
    assert_eq!(post.value("_page_url"), Some(format!("{page}?x=1")));
    assert_eq!(post.value("_page_title").as_deref(), Some("Page"));
    let opened: i64 = post
        .value("_opened_at")
        .expect("a time")
        .parse()
        .expect("a number");
    let filled = post.at.as_millisecond() - opened;
    assert!((0..120_000).contains(&filled), "{filled}");
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_consent_nothing_is_stored_and_afterwards_the_visit_is() {
    let world = World::new().await;
    let visitor = visitor().await;
    let page = world.page_at("/", "en", "data-consent", &form("class=lead"));
    visitor.open(&format!("{page}?utm_source=yandex")).await;
    visitor.until("window.leadgate && leadgate.attach").await;
    assert_eq!(visitor.run("return localStorage.length").await, 0);
    visitor.run("leadgate.consent(true)").await;
    visitor.open(&page).await;
    visitor.until("window.leadgate && leadgate.attach").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    visitor.press("#go").await;
    visitor.see("[data-state=sent]").await;
    let lead = world.only_lead().await;
    assert_eq!(lead["attribution"]["utm"]["source"], "yandex");
    visitor.leave_unheard().await;
}
