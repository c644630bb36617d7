//! What the two `*/upload` methods have in common: at most 50 rows, each stored or refused for itself, and 460 when
//! some were refused.

use serde_json::{Map, Value, json};

use crate::simulator::account::Account;
use crate::simulator::answer::{Answer, Complaint, Refusal, errors_map, errors_of_upload};
use crate::simulator::call::Call;
use crate::simulator::texts::Text;

const MOST_ROWS: usize = 50;
const PARTLY: u16 = 460;

/// The rows of a JSON array field.
pub(super) fn rows(call: &Call, name: &str) -> Result<Vec<Value>, Refusal> {
    let Value::Array(rows) = call.json(name)? else {
        return Err(Refusal::missing(name));
    };
    if rows.is_empty() {
        return Err(Refusal::missing(name));
    }
    if rows.len() > MOST_ROWS {
        let complaint = Complaint::new(name, Text::TooMany(MOST_ROWS));
        return Err(Refusal::about(Text::Validation, vec![complaint]));
    }
    Ok(rows)
}

/// What became of the rows so far.
#[derive(Default)]
pub(super) struct Batch {
    ids: Vec<u64>,
    uploaded: Vec<Value>,
    failed: Vec<Value>,
    complaints: Vec<Complaint>,
}

impl Batch {
    /// Notes one row.
    pub(super) fn note(&mut self, row: &Value, added: Result<u64, Refusal>) {
        let mut named = Map::new();
        if let Some(external) = row.get("externalId") {
            named.insert("externalId".to_owned(), external.clone());
        }
        match added {
            Ok(id) => {
                named.insert("id".to_owned(), json!(id));
                self.ids.push(id);
                self.uploaded.push(Value::Object(named));
            }
            Err(refusal) => {
                self.failed.push(Value::Object(named));
                self.complain(row, refusal);
            }
        }
    }

    fn complain(&mut self, row: &Value, refusal: Refusal) {
        let external = match &row["externalId"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let text = match refusal.message {
            Text::OrderExists => Text::OrderRowExists(external),
            Text::CustomerExists => Text::CustomerRowExists(external),
            other => other,
        };
        if refusal.complaints.is_empty() {
            self.complaints.push(Complaint::new("", text));
        } else {
            self.complaints.extend(refusal.complaints);
        }
    }

    /// The internal ids of the stored rows, in the order of the rows.
    pub(super) fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// The answer of `orders/upload`; `orders` are the stored ones in full.
    pub(super) fn orders_answer(self, account: &Account, orders: Vec<Value>) -> Answer {
        let errors = errors_of_upload(&self.complaints, account);
        let members = json!({ "uploadedOrders": self.uploaded, "orders": orders });
        let failed = json!({ "failedOrders": self.failed });
        answer(members, failed, &Text::OrdersWithErrors, errors, account)
    }

    /// The answer of `customers/upload`.
    pub(super) fn customers_answer(self, account: &Account) -> Answer {
        let errors = errors_map(&self.complaints, account);
        let members = json!({ "uploadedCustomers": self.uploaded });
        let failed = json!({ "failedCustomers": self.failed });
        answer(members, failed, &Text::CustomersWithErrors, errors, account)
    }
}

fn answer(
    members: Value,
    failed: Value,
    message: &Text,
    errors: Value,
    account: &Account,
) -> Answer {
    let is_whole = match &errors {
        Value::Array(texts) => texts.is_empty(),
        Value::Object(texts) => texts.is_empty(),
        _ => false,
    };
    let mut answer = Answer::ok(members);
    if is_whole {
        return answer;
    }
    answer.status = PARTLY;
    if let (Some(body), Value::Object(failed)) = (answer.body.as_object_mut(), failed) {
        body.insert("success".to_owned(), Value::Bool(false));
        body.extend(failed);
        let message = message.say(account.language);
        body.insert("errorMsg".to_owned(), Value::String(message));
        body.insert("errors".to_owned(), errors);
    }
    answer
}
