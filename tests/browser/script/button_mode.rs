//! Buttons that are found by selector, with whatever stands around them.

use serde_json::json;

use super::{World, visitor};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_without_a_form_sends_what_stands_nearest_to_it_by_the_names_of_the_fields() {
    let world = World::new().await;
    let visitor = visitor().await;
    let body = "<div class=card><input name=name value=Wrong><input name=tel value=1></div>
        <p id=total>3 500</p><div class=card><p><input name=name id=name></p><p><input name=tel id=phone><input name=other value=x></p>
        <div><a class=order id=go tabindex=0>Order</a></div></div>";
    let page = world.page("en", body);
    visitor.open(&page).await;
    visitor.until("window.leadgate").await;
    visitor.fill("#name", "Anna").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    visitor.press("#go").await;
    visitor.see_text("[role=status]", "Thank you!").await;
    let lead = world.only_lead().await;
    assert_eq!(lead["form"], "order");
    assert_eq!(
        lead["fields"],
        json!({ "name": "Anna", "phone": "+79123456789", "total": "3 500" })
    );
    assert_eq!(visitor.address().await, page);
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_in_a_form_sends_the_whole_form_and_the_sites_own_handler_goes_on() {
    let world = World::new().await;
    let visitor = visitor().await;
    let body = "<p id=total>1</p><form onsubmit='event.preventDefault(); this.reset(); document.title = \"theirs\"'><input name=tel id=phone>
        <input name=city value=Kazan><button class=send id=go>Go</button></form>";
    visitor.open(&world.page("en", body)).await;
    visitor.until("window.leadgate").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    visitor.press("#go").await;
    world.front.posted(1).await;
    visitor.until("leadgate.queue().length === 0").await;
    assert_eq!(visitor.run("return document.title").await, "theirs");
    let lead = world.only_lead().await;
    assert_eq!(
        lead["fields"],
        json!({ "phone": "+79123456789", "city": "Kazan", "total": "1" })
    );
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_is_one_lead_and_a_mistake_is_shown_beside_its_field() {
    let world = World::new().await;
    let visitor = visitor().await;
    // No #total: the value function throws, and stops nothing.
    let body = "<div><label>Phone <input name=tel id=phone></label><button type=button class=order id=go>Order</button></div>";
    visitor.open(&world.page("en", body)).await;
    visitor.until("window.leadgate").await;
    visitor.fill("#phone", "12").await;
    visitor.press("#go").await;
    visitor.see_text(".leadgate-error", "10 digits").await;
    visitor.see("#phone[aria-invalid=true]").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    visitor
        .until("!document.querySelector('[aria-invalid]')")
        .await;
    visitor
        .run("const go = document.querySelector('#go'); go.click(); go.click(); go.click();")
        .await;
    visitor.see_text("[data-state=sent]", "Thank you!").await;
    visitor.run("document.querySelector('#go').click()").await;
    assert_eq!(world.leads().await.len(), 1);
    assert_eq!(world.front.posts().len(), 2);
    visitor.leave_unheard().await;
}
