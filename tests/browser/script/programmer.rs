//! What the site's programmer is promised: events, calls, calls before the script is there, and Roistat's own call.

use serde_json::json;

use super::{Fault, World, form, visitor};

/// Notes every event of ours, and throws in each handler.
const NOTES: &str = "window.notes = []; for (const name of ['before', 'sent', 'queued', 'invalid', 'failed'])
    document.addEventListener('leadgate:' + name, (event) => { notes.push([name, event.detail.form, event.detail.id]); throw new Error('theirs'); });";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_tell_it_all_with_one_id_and_a_handler_that_throws_stops_nothing() {
    let world = World::new().await;
    let visitor = visitor().await;
    visitor.open(&world.page("en", &form("class=lead"))).await;
    visitor.until("window.leadgate").await;
    visitor.run(NOTES).await;
    visitor.fill("#phone", "12").await;
    visitor.press("#go").await;
    visitor.see("[data-state=invalid]").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    world.front.set(Fault::Answer(503, ""));
    visitor.press("#go").await;
    visitor.see("[data-state=queued]").await;
    world.front.set(Fault::None);
    visitor.see("[data-state=sent]").await;
    let names = visitor.run("return notes.map((note) => note[0])").await;
    assert_eq!(
        names,
        json!(["before", "invalid", "before", "queued", "sent"])
    );
    let ids = visitor
        .run("return new Set(notes.slice(2).map((note) => note[2])).size")
        .await;
    assert_eq!(ids, 1);
    world.only_lead().await;
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_changes_values_forbids_and_takes_over() {
    let world = World::new().await;
    let visitor = visitor().await;
    visitor.open(&world.page("en", &form("class=lead"))).await;
    visitor.until("window.leadgate").await;
    visitor
        .run("addEventListener('leadgate:before', (event) => { event.detail.values.set('city', 'Kazan'); window.no && event.preventDefault(); });
            addEventListener('leadgate:sent', (event) => { event.preventDefault(); document.title = event.detail.lead; }); window.no = true;")
        .await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    visitor.press("#go").await;
    visitor.run("window.no = false").await;
    visitor.press("#go").await;
    visitor.until("document.title !== 'Page'").await;
    let lead = world.only_lead().await;
    assert_eq!(visitor.run("return document.title").await, lead["id"]);
    assert_eq!(lead["fields"]["city"], "Kazan");
    assert_eq!(world.front.posts().len(), 1);
    visitor
        .until("!document.querySelector('[data-state=sent]')")
        .await;
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_answered_also_those_made_before_the_script_was_there() {
    let world = World::new().await;
    let visitor = visitor().await;
    let body = format!(
        "<script>window.leadgate = window.leadgate || []; leadgate.push(['send', 'callback', {{phone: '8 912 345-67-81', tags: ['a', 'b']}}]);</script>{}",
        form("id=mine")
    );
    visitor.open(&world.page("en", &body)).await;
    world.front.posted(1).await;
    let told = visitor
        .run("return leadgate.send('callback', {phone: '8 912 345-67-82'}).then((told) => told.kind)")
        .await;
    assert_eq!(told, "sent");
    let told = visitor
        .run("return leadgate.send('callback', {phone: '12'}).then((told) => told.errors[0].code)")
        .await;
    assert_eq!(told, "TYPE_PHONE");
    visitor
        .run("leadgate.attach(document.querySelector('#mine'), 'plain')")
        .await;
    visitor.fill("#phone", "8 912 345-67-83").await;
    visitor.press("#go").await;
    visitor.see("[data-state=sent]").await;
    let told = visitor
        .run("document.querySelector('#phone').value = '8 912 345-67-84';
            return new Promise((done) => setTimeout(done, 600)).then(() => leadgate.send(document.querySelector('#mine'), {city: 'Tula'})).then((told) => told.kind)")
        .await;
    assert_eq!(told, "sent");
    let leads = world.leads().await;
    assert_eq!(leads.len(), 4);
    assert_eq!(leads[0]["fields"]["city"], "Tula");
    assert_eq!(leads[3]["fields"]["tags"], json!(["a", "b"]));
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_can_be_asked_for() {
    let world = World::new().await;
    let visitor = visitor().await;
    visitor.open(&world.page("en", "")).await;
    visitor.until("window.leadgate").await;
    world.front.set(Fault::Answer(503, "Retry-After: 600\r\n"));
    let kind = visitor
        .run("return leadgate.send('callback', {phone: '8 912 345-67-81'}).then((told) => told.kind)")
        .await;
    assert_eq!(kind, "again");
    let queue = visitor.run("return leadgate.queue()").await;
    assert_eq!(
        (&queue[0]["form"], &queue[0]["tries"]),
        (&json!("callback"), &json!(1))
    );
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_calls_roistat_needs_no_change() {
    let world = World::new().await;
    let visitor = visitor().await;
    visitor.open(&world.page("en", "")).await;
    visitor.until("window.roistatGoal").await;
    visitor
        .run("roistatGoal.reach(); roistatGoal.reach({phone: '8 912 345-67-80', is_skip_sending: '1'});
            roistatGoal.reach({leadName: 'Quiz', name: 'Anna', phone: '8 912 345-67-81', email: '', text: 'call me', fields: {city: 'Tula'}})")
        .await;
    world.front.posted(1).await;
    visitor.until("leadgate.queue().length === 0").await;
    let lead = world.only_lead().await;
    assert_eq!(lead["form"], "callback");
    let expected = json!({ "name": "Anna", "phone": "+79123456781", "comment": "call me", "title": "Quiz", "city": "Tula" });
    assert_eq!(lead["fields"], expected);
    let theirs = world.page(
        "en",
        "<script>window.roistatGoal = {reach: () => 'theirs'}</script>",
    );
    visitor.open(&theirs).await;
    visitor.until("window.leadgate && leadgate.attach").await;
    assert_eq!(visitor.run("return roistatGoal.reach({})").await, "theirs");
    visitor.leave_unheard().await;
}
