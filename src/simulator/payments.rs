//! Payments of an order: their type must be known, go with the delivery and be there in the store; their status must be one of the type's; their
//! external ids exist once in the whole account.

use serde_json::{Map, Value};

use crate::simulator::account::{PaymentType, has_code};
use crate::simulator::answer::Complaint;
use crate::simulator::order_checks::unknown;
use crate::simulator::texts::Text;
use crate::simulator::world::World;

/// Complains of an order's payments; `order` is the one that is edited.
pub(super) fn complaints(
    world: &World,
    fields: &Map<String, Value>,
    site: &str,
    order: Option<u64>,
) -> Vec<Complaint> {
    let payments = fields.get("payments").and_then(Value::as_array);
    let payments: Vec<&Value> = payments.into_iter().flatten().collect();
    let delivery = fields
        .get("delivery")
        .and_then(|delivery| delivery["code"].as_str());
    let mut complaints = Vec::new();
    for (index, payment) in payments.iter().enumerate() {
        let path = format!("payments[{index}]");
        if let Some(id) = payment["externalId"].as_str() {
            let holder = world.records.payment_by_external(id);
            let is_double = payments[..index]
                .iter()
                .any(|other| other["externalId"] == id);
            if is_double || holder.is_some_and(|holder| Some(holder) != order) {
                let text = Text::PaymentExists(id.to_owned());
                complaints.push(Complaint::new(format!("{path}.externalId"), text));
            }
        }
        complaints.extend(of_type(world, payment, (delivery, site), &path));
    }
    complaints
}

fn of_type(
    world: &World,
    payment: &Value,
    (delivery, site): (Option<&str>, &str),
    path: &str,
) -> Vec<Complaint> {
    let account = &world.setup.account;
    let mut complaints = Vec::new();
    let status = payment["status"].as_str();
    let known = status.filter(|code| has_code(&account.payment_statuses, code));
    if let Some(code) = status.filter(|_| known.is_none()) {
        complaints.push(unknown(&format!("{path}.status"), "PaymentStatus", code));
    }
    let type_path = format!("{path}.type");
    let Some(code) = payment["type"].as_str() else {
        complaints.push(Complaint::new(type_path, Text::Blank));
        return complaints;
    };
    let Some(kind) = account.payment_types.iter().find(|kind| kind.code == code) else {
        complaints.push(unknown(&type_path, "PaymentType", code));
        return complaints;
    };
    let PaymentType {
        delivery_types,
        sites,
        payment_statuses,
        ..
    } = kind;
    if delivery.is_some_and(|delivery| !goes_with(delivery_types, delivery)) {
        complaints.push(Complaint::new(type_path.clone(), Text::PaymentAndDelivery));
    }
    if !goes_with(sites, site) {
        complaints.push(Complaint::new(type_path, Text::PaymentAndSite));
    }
    if known.is_some_and(|status| !goes_with(payment_statuses, status)) {
        let path = format!("{path}.status");
        complaints.push(Complaint::new(path, Text::PaymentAndStatus));
    }
    complaints
}

/// An empty list lets everything in.
fn goes_with(list: &[String], code: &str) -> bool {
    list.is_empty() || list.iter().any(|one| one == code)
}
