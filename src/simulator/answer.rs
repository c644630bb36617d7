//! What the simulated API answers with: a success body or a refusal in the shapes of RetailCRM. A refusal is kept as
//! data until the end, because its language and the shape of `errors` belong to the account.

use serde_json::{Map, Value, json};

use crate::simulator::account::{Account, ErrorsShape};
use crate::simulator::texts::Text;

/// A status and a JSON body, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    /// 200 with `success: true` before the given members.
    pub(super) fn ok(members: Value) -> Self {
        Self::success(200, members)
    }

    /// 201 with `success: true` before the given members.
    pub(super) fn created(members: Value) -> Self {
        Self::success(201, members)
    }

    fn success(status: u16, members: Value) -> Self {
        let mut body = Map::new();
        body.insert("success".to_owned(), Value::Bool(true));
        if let Value::Object(members) = members {
            body.extend(members);
        }
        Self {
            status,
            body: Value::Object(body),
        }
    }
}

/// One complaint about one field of what was sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Complaint {
    /// Where, e.g. `customFields.city` or `items[0].offer.id`.
    pub(super) path: String,
    pub(super) text: Text,
}

impl Complaint {
    pub(super) fn new(path: impl Into<String>, text: Text) -> Self {
        Self {
            path: path.into(),
            text,
        }
    }
}

/// A call that is not carried out, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: Text,
    pub(super) complaints: Vec<Complaint>,
    /// The customer that took over the one asked for.
    pub(super) combined_to: Option<u64>,
}

impl Refusal {
    /// A refusal without `errors`.
    pub(super) fn new(status: u16, message: Text) -> Self {
        Self {
            status,
            message,
            complaints: Vec::new(),
            combined_to: None,
        }
    }

    /// 400 with complaints about fields.
    pub(super) fn about(message: Text, complaints: Vec<Complaint>) -> Self {
        Self {
            complaints,
            ..Self::new(400, message)
        }
    }

    /// 400 `Errors in the input parameters` about one parameter.
    pub(super) fn parameter(name: &str, text: Text) -> Self {
        Self::about(Text::InputParameters, vec![Complaint::new(name, text)])
    }

    /// 400 `Parameter '...' is missing`.
    pub(super) fn missing(name: &str) -> Self {
        Self::new(400, Text::ParameterMissing(name.to_owned()))
    }

    /// 404 `Not found`.
    pub(super) fn not_found() -> Self {
        Self::new(404, Text::NotFound)
    }

    /// The answer in the language and shape of the account.
    pub(super) fn answer(&self, account: &Account) -> Answer {
        let mut body = Map::new();
        body.insert("success".to_owned(), Value::Bool(false));
        let message = self.message.say(account.language);
        body.insert("errorMsg".to_owned(), Value::String(message));
        if !self.complaints.is_empty() {
            let errors = match account.errors {
                ErrorsShape::Map => errors_map(&self.complaints, account),
                ErrorsShape::List => errors_list(&self.complaints, account),
            };
            body.insert("errors".to_owned(), errors);
        }
        if let Some(id) = self.combined_to {
            body.insert("combinedTo".to_owned(), json!({ "id": id }));
        }
        Answer {
            status: self.status,
            body: Value::Object(body),
        }
    }
}

/// `errors` as an object; the first complaint about a field stands.
pub(super) fn errors_map(complaints: &[Complaint], account: &Account) -> Value {
    let mut map = Map::new();
    for complaint in complaints {
        map.entry(complaint.path.clone())
            .or_insert_with(|| Value::String(complaint.text.say(account.language)));
    }
    Value::Object(map)
}

/// `errors` as an array of bare texts.
fn errors_list(complaints: &[Complaint], account: &Account) -> Value {
    complaints
        .iter()
        .map(|complaint| Value::String(complaint.text.say(account.language)))
        .collect()
}

/// `errors` of a partly failed orders upload: always an array, each text with its path in front when it has one.
pub(super) fn errors_of_upload(complaints: &[Complaint], account: &Account) -> Value {
    complaints
        .iter()
        .map(|complaint| {
            let text = complaint.text.say(account.language);
            Value::String(match complaint.path.as_str() {
                "" => text,
                path => format!("{path}: {text}"),
            })
        })
        .collect()
}
