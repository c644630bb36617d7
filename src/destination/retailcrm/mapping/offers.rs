//! Which lines of an order found no offer in the catalogue. RetailCRM makes a free text of such a line and says nothing, so the shop's stock and
//! figures miss it; the reply to a create shows it.

use serde_json::{Map, Value as Json};

use crate::destination::retailcrm::mapping::LeftOut;
use crate::lead::Bilingual;

/// The ids by which an offer is looked for after its internal one, which refuses the order when it is wrong: the first that is there counts.
const IDS: [&str; 2] = ["externalId", "xmlId"];

/// The sent offers that no line is linked with. None as long as every line is linked with something: then the CRM shows an offer by other ids
/// than it was sent with, and lines of one offer are one line.
pub(super) fn unlinked(sent: &Map<String, Json>, shown: &[Map<String, Json>]) -> Vec<LeftOut> {
    let is_linked = |offer: &Map<String, Json>| offer.contains_key("id") || key(offer).is_some();
    if shown.iter().all(is_linked) {
        return Vec::new();
    }
    let lines = sent.get("items").and_then(Json::as_array);
    let lines = lines.into_iter().flatten().enumerate();
    let mut unlinked = Vec::new();
    for (place, line) in lines {
        let offer = line.get("offer").and_then(Json::as_object);
        let offer = offer.filter(|offer| !offer.contains_key("id"));
        let Some((name, id)) = offer.and_then(key) else {
            continue;
        };
        let is_it = |shown: &Map<String, Json>| shown.get(name).map(text).as_ref() == Some(&id);
        if !shown.iter().any(is_it) {
            unlinked.push(LeftOut {
                path: format!("items[{place}].offer.{name}"),
                value: id,
                why: Bilingual::new(
                    "в каталоге CRM нет такого торгового предложения, позиция записана текстом",
                    "the CRM's catalogue has no such offer, the line is free text",
                ),
            });
        }
    }
    unlinked
}

/// The id by which an offer is looked for, with its name.
fn key(offer: &Map<String, Json>) -> Option<(&'static str, String)> {
    let id = |name: &'static str| Some((name, text(offer.get(name)?)));
    IDS.into_iter().find_map(id)
}

/// Ids are texts, or numbers.
fn text(id: &Json) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(sent: Json, shown: Json) -> Vec<String> {
        let sent = json!({ "items": sent });
        let shown: Vec<Map<String, Json>> = serde_json::from_value(shown).expect("offers");
        let unlinked = unlinked(sent.as_object().expect("an order"), &shown);
        let name = |left: LeftOut| format!("{}={}", left.path, left.value);
        unlinked.into_iter().map(name).collect()
    }

    #[test]
    fn only_what_is_neither_shown_nor_shown_otherwise_is_missed() {
        let sent = json!([
            {"offer": {"externalId": "sofa-1"}},
            {"offer": {"externalId": "gone"}},
            {"productName": "delivery to the door"},
            {"offer": {"xmlId": "w-7", "id": 101}},
            {"offer": {"xmlId": 12}},
        ]);
        let sofa = json!({"id": 101, "externalId": "sofa-1", "displayName": "Sofa"});
        let free = json!({"displayName": "Lamp"});
        assert_eq!(
            found(sent.clone(), json!([sofa, free, {}, {"xmlId": "12"}])),
            ["items[1].offer.externalId=gone"]
        );
        assert_eq!(
            found(sent.clone(), json!([sofa, {"id": 7}, {"id": 8}])),
            [""; 0],
            "no line is free text, so these are the offers by other names"
        );
        assert_eq!(found(sent, json!([])), [""; 0], "nothing is shown");
        assert_eq!(found(json!([]), json!([{}])), [""; 0]);
    }
}
