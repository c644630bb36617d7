//! What the script costs a page that is large and never still.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{World, visitor};

/// Changes of the page to watch, at a thousand a second.
const CHANGES: usize = 5_000;

/// 200 forms, and a list that grows and shrinks every millisecond.
const BUSY: &str = "const forms = Array.from({length: 200}, (_, at) => `<form class=lead id=f${at}><label>Phone <input name=phone></label><button>Go</button></form>`);
    document.querySelector('main').innerHTML = forms.join('') + '<ul></ul>';
    const list = document.querySelector('ul'); let last = performance.now(); window.changes = 0;
    const port = new MessageChannel(); port.port1.onmessage = () => {
        for (const now = performance.now(); last < now; last += 1) {
            list.append(document.createElement('li')); list.children.length > 50 && list.firstChild.remove(); window.changes += 1;
        }
        setTimeout(() => port.port2.postMessage(0), 1);
    }; port.port2.postMessage(0);";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_forms_and_a_thousand_changes_a_second_cost_less_than_a_hundredth_of_a_core() {
    let world = World::new().await;
    let visitor = visitor().await;
    visitor.open(&world.page("en", "<main></main>")).await;
    visitor.until("window.leadgate && leadgate.attach").await;
    visitor.run(BUSY).await;
    visitor
        .until("document.querySelectorAll('form > [role=status]').length === 200")
        .await;
    visitor.devtools("Profiler.enable", json!({})).await;
    visitor
        .devtools("Profiler.setSamplingInterval", json!({ "interval": 200 }))
        .await;
    visitor.run("window.changes = 0").await;
    visitor.devtools("Profiler.start", json!({})).await;
    visitor.until(&format!("window.changes >= {CHANGES}")).await;
    let told = visitor.devtools("Profiler.stop", json!({})).await;
    let profile = &told["profile"];
    let ours = nodes_of_the_script(profile);
    let list = |name: &str| profile[name].as_array().expect("a list").clone();
    let spent: f64 = list("samples")
        .iter()
        .zip(list("timeDeltas"))
        .filter(|(sample, _)| ours.contains(&sample.as_i64().expect("an id")))
        .map(|(_, delta)| delta.as_f64().expect("microseconds"))
        .sum();
    let time = |name: &str| profile[name].as_f64().expect("microseconds");
    let share = spent / (time("endTime") - time("startTime"));
    assert!(share < 0.01, "{:.2} % of a core", share * 100.0);
    visitor.leave_unheard().await;
}

/// The nodes of the profile that are functions of the script, or were called by one.
fn nodes_of_the_script(profile: &Value) -> HashSet<i64> {
    let nodes = profile["nodes"].as_array().expect("nodes");
    let mut ours = HashSet::new();
    // Children stand behind their parents.
    for node in nodes {
        let id = node["id"].as_i64().expect("an id");
        let url = node["callFrame"]["url"].as_str().unwrap_or_default();
        if url.ends_with("/leadgate.js") || ours.contains(&id) {
            ours.insert(id);
            let children = node["children"].as_array().into_iter().flatten();
            ours.extend(children.filter_map(Value::as_i64));
        }
    }
    ours
}
