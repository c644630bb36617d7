//! What the visitor sees, and what is said to one who does not see.

use serde_json::{Value, json};

use super::{Fault, World, form, visitor};
use crate::support::Visitor;

/// The nodes of the accessibility tree that are not ignored.
async fn tree(visitor: &Visitor) -> Vec<Value> {
    let told = visitor
        .devtools("Accessibility.getFullAXTree", json!({}))
        .await;
    let nodes = told["nodes"].as_array().expect("nodes").clone();
    let is_told = |node: &Value| node["ignored"] != true;
    nodes.into_iter().filter(is_told).collect()
}

/// The first node of a role whose name has `part` in it.
fn node<'a>(tree: &'a [Value], role: &str, part: &str) -> &'a Value {
    let found = tree.iter().find(|node| {
        let name = node["name"]["value"].as_str().unwrap_or_default();
        node["role"]["value"] == role && name.contains(part)
    });
    found.unwrap_or_else(|| panic!("no {role} {part:?} in {tree:#?}"))
}

fn property<'a>(node: &'a Value, name: &str) -> &'a Value {
    let list = node["properties"].as_array().expect("properties");
    let found = list.iter().find(|property| property["name"] == name);
    found.map_or(&Value::Null, |property| &property["value"]["value"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_are_told_beside_their_fields_together_and_again_when_they_are_repeated() {
    let world = World::new().await;
    for (language, label, complaint, summary) in [
        ("en", "Phone", "10 digits after +7 or 8", "Please check"),
        ("ru", "Phone", "10 цифр после +7 или 8", "Проверьте"),
    ] {
        let visitor = visitor().await;
        visitor
            .open(&world.page(language, &form("class=lead")))
            .await;
        // There before anything is said.
        visitor.see("form").await;
        visitor
            .until("document.querySelector('form > [role=status]')")
            .await;
        let quiet = tree(&visitor).await;
        assert_eq!(property(node(&quiet, "status", ""), "live"), "polite");

        // Counts what a screen reader is told: each time the words come anew.
        visitor
            .run("window.spoken = 0; new MutationObserver((all) => all.forEach((one) => spoken += one.addedNodes.length && one.addedNodes[0].nodeType === 3 ? 1 : 0))
                .observe(document.querySelector('[role=status]'), {childList: true})")
            .await;
        for round in 1..=2 {
            visitor.fill("#phone", "12").await;
            visitor.press("#go").await;
            visitor
                .until("document.activeElement === document.querySelector('[data-state=invalid]')")
                .await;
            // "Sending" may be cut short by the answer; the complaint never is.
            visitor.until(&format!("spoken >= {round}")).await;
            let told = tree(&visitor).await;
            let input = node(&told, "textbox", label);
            assert_eq!(property(input, "invalid"), "true", "{input:#?}");
            let description = input["description"]["value"]
                .as_str()
                .expect("a description");
            assert!(description.contains(complaint), "{description}");
            let status = tree(&visitor).await;
            let status = node(&status, "status", "");
            assert_eq!(property(status, "focused"), true);
            node(&told, "StaticText", summary);
            let link = node(&told, "link", complaint);
            assert!(
                link["name"]["value"]
                    .as_str()
                    .expect("a name")
                    .starts_with(label)
            );
        }
        visitor.press("[role=status] a").await;
        assert_eq!(visitor.focused().await, "phone");
        visitor.fill("#phone", "8 912 345-67-89").await;
        visitor
            .until("!document.querySelector('[aria-invalid]') && !document.querySelector('[aria-describedby]')")
            .await;
        visitor.leave_unheard().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_sent_the_form_and_its_button_are_busy() {
    let world = World::new().await;
    let visitor = visitor().await;
    visitor.open(&world.page("ru", &form("class=lead"))).await;
    visitor.until("window.leadgate").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    world.front.set(Fault::Hang);
    visitor.press("#go").await;
    visitor.see_text("[data-state=sending]", "Отправляем").await;
    visitor
        .see("form.leadgate-busy[aria-busy=true] #go[aria-disabled=true]")
        .await;
    world.front.set(Fault::None);
    visitor.see_text("[data-state=sent]", "Спасибо!").await;
    visitor
        .until("!document.querySelector('.leadgate-busy, [aria-disabled], [aria-busy=true]')")
        .await;
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_site_says_it_in_its_own_words_places_and_pages() {
    let world = World::new().await;
    let visitor = visitor().await;
    world.site.put("/done", "", "<h1>Done</h1>");
    let body = "<form class=lead data-leadgate-sent='It is ours now' data-leadgate-focus=field><input type=hidden name=_next value=/done>
        <input name=phone id=phone><b data-leadgate-error=phone></b><p data-leadgate-status></p><button id=go>Go</button></form>
        <form class=lead><input type=hidden name=_next value=/done><input name=phone value='8 912 345-67-89'><button id=next>Go</button></form>";
    visitor.open(&world.page("en", body)).await;
    visitor.until("window.leadgate").await;
    visitor.fill("#phone", "12").await;
    visitor.press("#go").await;
    visitor.see_text("b", "10 digits").await;
    visitor.until("document.activeElement.id === 'phone'").await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    visitor.press("#go").await;
    visitor
        .see_text("p[data-state=sent]", "It is ours now")
        .await;
    visitor.press("#next").await;
    visitor.see_text("h1", "Done").await;
    assert_eq!(world.leads().await.len(), 2);
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn back_from_the_page_of_thanks_the_form_is_ready_again() {
    let world = World::new().await;
    let visitor = visitor().await;
    world.site.put("/done", "", "<h1>Done</h1>");
    let body = "<form class=lead><input type=hidden name=_next value=/done><input name=phone id=phone><button id=go>Go</button></form>";
    visitor.open(&world.page("en", body)).await;
    visitor.until("window.leadgate").await;
    visitor
        .run("addEventListener('pageshow', (event) => window.fromCache = event.persisted)")
        .await;
    visitor.fill("#phone", "8 912 345-67-89").await;
    visitor.press("#go").await;
    visitor.see_text("h1", "Done").await;
    visitor.browser().back().await.expect("back");
    visitor.until("window.fromCache").await;
    visitor
        .until("!document.querySelector('.leadgate-busy, [aria-disabled], [aria-busy=true]')")
        .await;
    visitor.fill("#phone", "8 912 345-67-80").await;
    visitor.press("#go").await;
    visitor.see_text("h1", "Done").await;
    assert_eq!(world.leads().await.len(), 2);
    visitor.leave_unheard().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_a_mistake_of_its_field() {
    let world = World::new().await;
    let visitor = visitor().await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "content").expect("written");
    let body = "<form class=lead><input name=phone value='8 912 345-67-89'><label>CV <input type=file name=cv id=cv></label><button id=go>Go</button></form>";
    visitor.open(&world.page("en", body)).await;
    visitor.until("window.leadgate").await;
    let input = visitor.see("#cv").await;
    let path = file.path().to_str().expect("a path");
    input.send_keys(path).await.expect("chosen");
    visitor.press("#go").await;
    visitor.see("#cv[aria-invalid=true]").await;
    visitor
        .see_text(".leadgate-error", "files are not accepted")
        .await;
    visitor.see_text("[role=status] a", "CV").await;
    visitor
        .run("document.querySelector('#cv').value = ''")
        .await;
    visitor.press("#go").await;
    visitor.see("[data-state=sent]").await;
    world.only_lead().await;
    visitor.leave_unheard().await;
}
