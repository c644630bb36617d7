//! What a bad network, a bad server and a closed tab do to a lead: nothing. Each of these ends with exactly one.

use serde_json::json;

use super::{Fault, World, form, visitor};
use crate::support::Visitor;

const NOTHING_WAITS: &str = "window.leadgate && leadgate.queue && leadgate.queue().length === 0";
const ONE_WAITS: &str = "leadgate.queue().length === 1";

async fn fill(visitor: &Visitor) {
    visitor.until("window.leadgate").await;
    visitor.fill("#name", "Anna").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
}

/// A visitor who has filled a form in.
async fn filled_in() -> (World, Visitor) {
    let world = World::new().await;
    let visitor = visitor().await;
    visitor.open(&world.page("en", &form("class=lead"))).await;
    fill(&visitor).await;
    (world, visitor)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_without_a_network_and_reloaded_it_is_sent_when_the_network_is_back() {
    let world = World::new().await;
    let page = world.page("en", &form("class=lead"));
    let visitor = visitor().await;
    visitor.open(&page).await;
    fill(&visitor).await;
    visitor.network(false).await;
    visitor.press("#go").await;
    visitor
        .see_text("[data-state=queued]", "as soon as you are online")
        .await;
    visitor.until(ONE_WAITS).await;
    // The page cannot even be loaded again.
    visitor.browser().refresh().await.ok();
    visitor.network(true).await;
    visitor.open(&page).await;
    visitor.until(NOTHING_WAITS).await;
    let lead = world.only_lead().await;
    assert_eq!(lead["name"], "Anna");
    assert_eq!(
        visitor
            .run("return Object.keys(localStorage).filter((key) => key.startsWith('leadgate:'))")
            .await,
        json!([])
    );
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_an_open_page_it_goes_as_soon_as_the_network_is_back_and_the_visitor_is_told() {
    let (world, visitor) = filled_in().await;
    visitor.network(false).await;
    visitor.press("#go").await;
    visitor.see_text("[data-state=queued]", "Saved").await;
    visitor.network(true).await;
    visitor.see_text("[data-state=sent]", "Thank you!").await;
    world.only_lead().await;
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_then_busy_then_up_gets_it_once() {
    let (world, visitor) = filled_in().await;
    world.front.set(Fault::Down);
    visitor.press("#go").await;
    visitor.see("[data-state=queued]").await;
    world.front.set(Fault::Answer(503, ""));
    let before = world.front.posts().len();
    world.front.posted(before + 1).await;
    world.front.set(Fault::None);
    visitor.see_text("[data-state=sent]", "Thank you!").await;
    let ids: Vec<_> = world
        .front
        .posts()
        .iter()
        .map(|post| post.value("_id"))
        .collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
    world.only_lead().await;
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_makes_no_second_lead() {
    let (world, visitor) = filled_in().await;
    world.front.set(Fault::LoseAnswer);
    visitor.press("#go").await;
    visitor.see_text("[data-state=sent]", "Thank you!").await;
    let posts = world.front.posts();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[0].value("_id"), posts[1].value("_id"));
    world.only_lead().await;
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_how_long_to_wait_is_not_asked_before() {
    let (world, visitor) = filled_in().await;
    world.front.set(Fault::Answer(429, "Retry-After: 4\r\n"));
    visitor.press("#go").await;
    visitor.see("[data-state=queued]").await;
    world.front.set(Fault::None);
    // Neither a new page nor a change of the network makes it come before its time.
    visitor.browser().refresh().await.expect("a page");
    visitor.until("window.leadgate").await;
    visitor.run("dispatchEvent(new Event('online'))").await;
    visitor.until(NOTHING_WAITS).await;
    let posts = world.front.posts();
    assert_eq!(posts.len(), 2);
    let waited = posts[1].at.duration_since(posts[0].at);
    assert!(waited.as_millis() >= 3_900, "{waited:?}");
    world.only_lead().await;
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tab_that_is_closed_in_mid_send_leaves_its_lead_to_the_next_page() {
    let world = World::new().await;
    let page = world.page("en", &form("class=lead"));
    let visitor = visitor().await;
    visitor.open(&page).await;
    fill(&visitor).await;
    world.front.set(Fault::Hang);
    visitor.press("#go").await;
    world.front.posted(1).await;
    let browser = visitor.browser();
    let other = browser.new_tab().await.expect("a tab");
    browser.close_window().await.expect("closed");
    browser.switch_to_window(other).await.expect("a tab");
    world.front.set(Fault::Answer(503, ""));
    visitor.open(&page).await;
    world.front.set(Fault::None);
    visitor.until(NOTHING_WAITS).await;
    let posts = world.front.posts();
    assert!(posts.len() > 1);
    world.only_lead().await;
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_tabs_one_sends_what_waits() {
    let world = World::new().await;
    let page = world.page("en", &form("class=lead"));
    let visitor = visitor().await;
    visitor.open(&page).await;
    let browser = visitor.browser();
    let first = browser.window().await.expect("a tab");
    let second = browser.new_tab().await.expect("a tab");
    browser.switch_to_window(second).await.expect("a tab");
    visitor.open(&page).await;
    fill(&visitor).await;
    world.front.set(Fault::Answer(503, ""));
    visitor.press("#go").await;
    visitor.see("[data-state=queued]").await;
    world.front.set(Fault::Hang);
    let before = world.front.posts().len();
    // Both are told at the same moment that the network is back; while one is at it the other keeps away.
    let wake = "for (let i = 0; i < 20; i++) dispatchEvent(new Event('online'))";
    visitor.run(wake).await;
    world.front.posted(before + 1).await;
    browser.switch_to_window(first).await.expect("a tab");
    visitor.run(wake).await;
    visitor.until("navigator.locks.query().then((all) => window.held = all.held.length) && window.held === 1").await;
    assert_eq!(world.front.posts().len(), before + 1);
    world.front.set(Fault::None);
    visitor.until(NOTHING_WAITS).await;
    assert_eq!(world.front.posts().len(), before + 1);
    world.only_lead().await;
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_can_be_kept_the_open_page_goes_on_trying() {
    let world = World::new().await;
    let visitor = visitor().await;
    let denied = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } })";
    let full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }";
    for trouble in [denied, full] {
        let body = format!("<script>{trouble}</script>{}", form("class=lead"));
        let before = world.front.posts().len();
        // The script is asynchronous, and this one is not.
        visitor.open(&world.page("en", &body)).await;
        fill(&visitor).await;
        world.front.set(Fault::Answer(503, ""));
        visitor.press("#go").await;
        visitor
            .see_text("[data-state=waiting]", "Keep this page open")
            .await;
        world.front.posted(before + 2).await;
        world.front.set(Fault::None);
        visitor.see_text("[data-state=sent]", "Thank you!").await;
    }
    assert_eq!(world.leads().await.len(), 2);
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_keeps_it_from_being_kept_and_consent_lets_it() {
    let world = World::new().await;
    let visitor = visitor().await;
    let keys = "return Object.keys(localStorage).filter((key) => key.startsWith('leadgate'))";
    let pages = [
        world.page_at("/off", "en", "data-queue=off", &form("class=lead")),
        world.page_at("/asks", "en", "data-consent", &form("class=lead")),
    ];
    world.front.set(Fault::Answer(503, ""));
    for page in &pages {
        visitor.open(page).await;
        visitor.run("localStorage.clear()").await;
        visitor.open(page).await;
        fill(&visitor).await;
        visitor.press("#go").await;
        visitor.see("[data-state=waiting]").await;
        let leads = visitor
            .run("return Object.keys(localStorage).filter((key) => key.startsWith('leadgate:'))")
            .await;
        assert_eq!(leads, json!([]));
    }
    assert_eq!(visitor.run(keys).await, json!([]));
    visitor.run("leadgate.consent(true)").await;
    visitor.press("#go").await;
    visitor.see("[data-state=queued]").await;
    visitor.run("leadgate.consent(false)").await;
    assert_eq!(visitor.run(keys).await, json!([]));
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pressed_again_while_it_waits_it_is_mended_and_not_doubled() {
    let (world, visitor) = filled_in().await;
    visitor.network(false).await;
    visitor.press("#go").await;
    visitor.see("[data-state=queued]").await;
    visitor.fill("#phone", "8 912 345-67-80").await;
    visitor.press("#go").await;
    visitor
        .see("form[aria-busy=false] [data-state=queued]")
        .await;
    visitor.network(true).await;
    visitor.see("[data-state=sent]").await;
    assert_eq!(world.only_lead().await["phone"], "+79123456780");
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_final_refusal_ends_it_and_leaves_what_was_typed() {
    let (world, visitor) = filled_in().await;
    world.front.set(Fault::Answer(413, ""));
    visitor.press("#go").await;
    visitor
        .see_text("[data-state=failed]", "Please try again")
        .await;
    visitor.until(NOTHING_WAITS).await;
    assert_eq!(
        visitor
            .run("return document.querySelector('#name').value")
            .await,
        "Anna"
    );
    world.front.set(Fault::None);
    visitor.press("#go").await;
    visitor.see_text("[data-state=sent]", "Thank you!").await;
    world.only_lead().await;
    visitor.leave_unheard().await;
}
