//! What goes over the wire for an order of each kind, letter for letter, and that the CRM takes it as it is: nothing left out, nothing repaired.

mod customers;
mod orders;

use leadgate::lead::{Client, FieldKind, FieldSpec, Lead, LeadId, Submission};
use leadgate::simulator::ReceivedRequest;
use serde_json::Value;

use crate::world::{Setup, World, form};

/// A lead with a fixed id, of a form that declares these fields.
fn lead(specs: &[(&str, FieldKind)], pairs: &[(&str, &str)]) -> Lead {
    let mut form = form(Vec::new());
    let spec = |(name, kind): &(&str, FieldKind)| FieldSpec {
        name: (*name).to_owned(),
        kind: kind.clone(),
        required: false,
        from: Vec::new(),
        label: None,
        max_length: None,
    };
    form.fields = specs.iter().map(spec).collect();
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let at = "2026-11-21T22:30:15Z".parse().expect("instant");
    let id = LeadId::parse("01930000-0000-7000-8000-000000000001").expect("id");
    Submission::from_pairs(pairs.collect())
        .into_lead(&form, id, at, Client::default())
        .expect("valid")
}

/// Method, path, query and body of every request but the one for the time zone.
fn wire(requests: &[ReceivedRequest]) -> String {
    let mut text = String::new();
    for request in requests
        .iter()
        .filter(|one| one.operation != "settings/get")
    {
        text += &format!("{} {}\n", request.method, request.path);
        for (name, value) in request.query.iter().chain(&request.fields) {
            text += &format!("  {name}={value}\n");
        }
    }
    text
}

/// Delivers the lead, which must need no repair, and tells what was sent for it and what is in the CRM then.
async fn sent(setup: Setup, lead: &Lead) -> (String, World) {
    let world = World::new(setup).await;
    let delivered = world.delivered(lead).await;
    assert_eq!(delivered.warning, None);
    (wire(&world.crm.received()), world)
}

fn same(stored: &Value, expected: Value) {
    for (name, value) in expected.as_object().expect("object") {
        assert_eq!(&stored[name], value, "{name}");
    }
}
