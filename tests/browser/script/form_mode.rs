//! Forms that are found by selector or attribute, whenever and wherever they come to be.

use super::{Fault, World, form, visitor};
use crate::support::{Script, Visitor, Window};

/// Types a name and a phone and presses the button.
async fn send(visitor: &Visitor) {
    visitor.until("window.leadgate").await;
    type_and_press(visitor).await;
}

async fn type_and_press(visitor: &Visitor) {
    visitor.fill("#name", "Anna").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    visitor.press("#go").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_found_by_its_selector_is_sent_in_place_with_the_values_that_the_config_computes() {
    let world = World::new().await;
    let page = world.page(
        "en",
        &format!(
            "<script>cart = {{total: '1 200'}}</script>{}",
            form("class=lead")
        ),
    );
    let visitor = visitor().await;
    visitor.open(&page).await;
    send(&visitor).await;
    visitor.see_text("[role=status]", "Thank you!").await;
    assert_eq!(visitor.address().await, page);
    let lead = world.only_lead().await;
    assert_eq!(lead["form"], "callback");
    assert_eq!(lead["fields"]["name"], "Anna");
    assert_eq!(lead["fields"]["cart"], "1 200");
    assert!(lead["fields"].get("broken").is_none());
    assert_eq!(
        visitor
            .run("return document.querySelector('#name').value")
            .await,
        ""
    );
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_and_with_them_the_same_form_makes_the_same_lead() {
    let world = World::new().await;
    let action = format!(
        "data-leadgate=plain method=post action='{}/f/plain'",
        world.front.url()
    );
    let page = world.page("ru", &form(&action));
    let still = Visitor::new(Window::Desk, "ru", Script::Off).await;
    still.open(&page).await;
    type_and_press(&still).await;
    still.see_text("h1", "Спасибо!").await;
    still.leave().await;
    let moving = visitor().await;
    moving.open(&page).await;
    send(&moving).await;
    moving.see_text("[role=status]", "Спасибо!").await;
    moving.leave().await;
    let leads = world.leads().await;
    assert_eq!(leads.len(), 2);
    assert_eq!(leads[0]["fields"], leads[1]["fields"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_and_an_impatient_enter_make_one_lead() {
    let world = World::new().await;
    let visitor = visitor().await;
    visitor.open(&world.page("en", &form("class=lead"))).await;
    visitor.until("window.leadgate").await;
    visitor.fill("#name", "Anna").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    world.front.set(Fault::Hang);
    visitor
        .run("for (let i = 0; i < 5; i++) document.querySelector('#go').click()")
        .await;
    visitor
        .see("form[aria-busy=true] [aria-disabled=true]")
        .await;
    visitor.press("#go").await;
    world.front.posted(1).await;
    world.front.set(Fault::None);
    visitor.see_text("[role=status]", "Thank you!").await;
    visitor
        .run("for (let i = 0; i < 5; i++) document.querySelector('#go').click()")
        .await;
    visitor.see("form[aria-busy=false]").await;
    assert_eq!(world.front.posts().len(), 1);
    world.only_lead().await;
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_that_come_later_in_copies_and_in_shadow_roots_are_each_their_own() {
    let world = World::new().await;
    let visitor = visitor().await;
    visitor.open(&world.page("en", "<main></main>")).await;
    visitor.until("window.leadgate && leadgate.attach").await;
    let late = "const put = (root, id) => root.insertAdjacentHTML('beforeend', `<form class=lead id=${id}><input name=phone><button>Go</button></form>`);
        const main = document.querySelector('main'); put(main, 'one'); put(main, 'two');
        const host = document.createElement('x-card'); main.append(host);
        const inner = document.createElement('div'); host.attachShadow({mode: 'open'}).append(inner); put(inner, 'three');";
    visitor.run(late).await;
    // The place that speaks is there before anybody touches the form.
    visitor
        .until("document.querySelectorAll('main > form > [role=status]').length === 2")
        .await;
    visitor
        .until("document.querySelector('x-card').shadowRoot.querySelector('[role=status]')")
        .await;
    visitor
        .run("const inside = document.querySelector('x-card').shadowRoot;
            [...document.querySelectorAll('form'), inside.querySelector('form')].forEach((form, at) => {
                form.elements.phone.value = `8 912 345-67-8${at}`; form.requestSubmit(); });")
        .await;
    visitor
        .until("document.querySelectorAll('main > form > [data-state=sent]').length === 2")
        .await;
    visitor
        .until("document.querySelector('x-card').shadowRoot.querySelector('[data-state=sent]')")
        .await;
    let leads = world.leads().await;
    let mut phones: Vec<_> = leads.iter().map(|lead| lead["phone"].to_string()).collect();
    phones.sort();
    assert_eq!(
        phones,
        ["\"+79123456780\"", "\"+79123456781\"", "\"+79123456782\""]
    );
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_is_what_a_browser_would_send() {
    let world = World::new().await;
    let controls = "<form class=lead><input name=phone value='8 912 345-67-89'>
        <input name=off value=1 disabled><fieldset disabled><input name=off2 value=1></fieldset>
        <input type=checkbox name=tick value=a checked><input type=checkbox name=tick value=b checked><input type=checkbox name=tick value=c>
        <input type=radio name=radio value=x><input type=radio name=radio value=y checked>
        <select name=many multiple><option selected>1<option selected>2<option>3</select>
        <select name=one><option>p<option selected>q</select><textarea name=text>line 1\nline 2</textarea>
        <input name=named form=none value=1><input type=submit name=which value=left><button id=go name=which value=right>Go</button></form>
        <input name=outside form=f value=1>";
    let visitor = visitor().await;
    visitor
        .open(&world.page("en", &controls.replace("class=lead", "class=lead id=f")))
        .await;
    visitor.until("window.leadgate").await;
    visitor.press("#go").await;
    visitor.see_text("[role=status]", "Thank you!").await;
    let lead = world.only_lead().await;
    let expected = serde_json::json!({ "phone": "+79123456789", "tick": ["a", "b"], "radio": "y", "many": ["1", "2"], "one": "q",
        "text": "line 1\nline 2", "outside": "1", "which": "right" });
    assert_eq!(lead["fields"], expected);
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sites_own_handlers_and_validation_come_first() {
    let world = World::new().await;
    let visitor = visitor().await;
    let body = "<form class=lead id=own onsubmit='return false'><input name=phone value='8 912 345-67-81'><button id=go1>Go</button></form>
        <form class=lead id=checked><input name=phone required><button id=go2>Go</button></form>
        <form class=lead id=throws onsubmit='throw 1'><input name=phone value='8 912 345-67-83'><button id=go3>Go</button></form>
        <form class=lead id=stops><input name=phone value='8 912 345-67-84'><button id=go4>Go</button></form>
        <script>document.querySelector('#stops').addEventListener('submit', (event) => event.stopPropagation());</script>";
    visitor.open(&world.page("en", body)).await;
    visitor.until("window.leadgate").await;
    for button in ["#go1", "#go2", "#go3", "#go4"] {
        visitor.press(button).await;
    }
    visitor
        .see_text("#throws [role=status]", "Thank you!")
        .await;
    visitor.see_text("#stops [role=status]", "Thank you!").await;
    assert_eq!(world.leads().await.len(), 2);
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_with_a_handler_of_its_own_goes_there_and_a_copy_comes_to_us() {
    let world = World::new().await;
    let visitor = visitor().await;
    world
        .site
        .put("/handler", "", "<h1>The site's own thanks</h1>");
    let page = world.page("en", &form("class=lead method=post action=/handler"));
    visitor.open(&page).await;
    send(&visitor).await;
    visitor.see_text("h1", "The site's own thanks").await;
    world.front.posted(1).await;
    assert_eq!(world.site.posts().len(), 1);
    // The answer may have been missed by the page that was left; the next one of the site asks again, with the same id.
    visitor.open(&page).await;
    visitor
        .until("window.leadgate && leadgate.queue().length === 0")
        .await;
    let lead = world.only_lead().await;
    assert_eq!(lead["phone"], "+79123456789");
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_with_an_address_of_its_own_sends_there() {
    let world = World::new().await;
    let visitor = visitor().await;
    let front = world.front.url();
    let body = format!(
        "<form data-leadgate=plain method=post action='{front}/f/plain'><input name=phone value='8 912 345-67-89'>
         <button id=other formaction='{front}/f/callback'>Callback</button><button id=away formaction=/away>Preview</button></form>"
    );
    world.site.put("/away", "", "<h1>Preview</h1>");
    let page = world.page("en", &body);
    visitor.open(&page).await;
    visitor.until("window.leadgate").await;
    visitor.press("#other").await;
    visitor.see_text("[role=status]", "Thank you!").await;
    assert_eq!(world.only_lead().await["form"], "callback");
    visitor.press("#away").await;
    visitor.see_text("h1", "Preview").await;
    assert_eq!(world.front.posts().len(), 1);
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_strict_policy_all_of_it_works_and_nothing_is_refused() {
    let world = World::new().await;
    let front = world.front.url();
    let policy = format!(
        "Content-Security-Policy: default-src 'none'; script-src {front}; connect-src {front}\r\n"
    );
    let html = format!(
        "<!doctype html><html lang=en><head><title>Page</title><link rel=icon href=data:,>{}</head><body>{}</body></html>",
        world.line(""),
        form("class=lead")
    );
    world.site.put("/", &policy, &html);
    let visitor = visitor().await;
    visitor.open(&world.site.url("/")).await;
    visitor
        .run("window.refused = []; document.addEventListener('securitypolicyviolation', (event) => refused.push(event.violatedDirective + ' ' + event.blockedURI))")
        .await;
    visitor.fill("#phone", "12").await;
    visitor.press("#go").await;
    visitor.see("#phone[aria-invalid=true]").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    visitor.press("#go").await;
    visitor.see_text("[role=status]", "Thank you!").await;
    let refused = visitor
        .run("return refused.filter((one) => !one.startsWith('img-src'))")
        .await;
    assert_eq!(refused, serde_json::json!([]));
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_fetch_is_blocked_the_form_goes_as_a_plain_one_with_the_same_id() {
    let world = World::new().await;
    let front = world.front.url();
    let policy = "Content-Security-Policy: connect-src 'none'\r\n";
    let html = format!(
        "<!doctype html><html lang=en><head>{}</head><body>{}</body></html>",
        world.line(""),
        form("class=lead")
    );
    world.site.put("/", policy, &html);
    let visitor = visitor().await;
    visitor.open(&world.site.url("/")).await;
    visitor
        .run("document.addEventListener('leadgate:before', (event) => sessionStorage.id = event.detail.id)")
        .await;
    send(&visitor).await;
    visitor.see_text("h1", "Thank you!").await;
    assert!(visitor.address().await.starts_with(&front));
    let posts = world.front.posts();
    assert_eq!(posts.len(), 1);
    assert!(
        posts[0]
            .head
            .to_lowercase()
            .contains("sec-fetch-mode: navigate")
    );
    world.only_lead().await;
    visitor.open(&world.site.url("/")).await;
    let id = visitor.run("return sessionStorage.id").await;
    assert_eq!(
        Some(id.as_str().expect("an id").to_owned()),
        posts[0].value("_id")
    );
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_another_site_and_one_nobody_captures_are_left_alone() {
    let world = World::new().await;
    let visitor = visitor().await;
    let body = "<form class=elsewhere><input name=phone value=1><button id=go1>Go</button></form><form><input name=q value=1><button id=go2>Go</button></form>";
    visitor.open(&world.page("en", body)).await;
    visitor.until("window.leadgate").await;
    for button in ["#go1", "#go2"] {
        visitor.press(button).await;
        visitor
            .until("location.search.length > 1 && window.leadgate")
            .await;
    }
    assert!(world.front.posts().is_empty());
    visitor.leave().await;
}
