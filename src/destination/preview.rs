//! What a lead would be sent as, told without sending anything. Full of personal data and for the eyes of an operator only, so nothing here is
//! `Debug` or kept. The API key travels in a header and is in none of it.

use crate::lead::Bilingual;

/// The requests that an attempt would make now.
pub struct Preview {
    /// In the order in which they would go out.
    pub requests: Vec<PreviewedRequest>,
    /// What each line of the mapping gives for this lead.
    pub values: Vec<MappedValue>,
    /// What the requests rest on: the time zone, say.
    pub notes: Vec<Bilingual>,
}

/// One request.
pub struct PreviewedRequest {
    /// The method in the CRM's words: `orders/create`.
    pub operation: &'static str,
    /// What it is for, and on what it depends: `search the customer by phone 9123456789`.
    pub purpose: Bilingual,
    /// The HTTP verb.
    pub method: &'static str,
    /// The path.
    pub path: String,
    /// The parameters of the query, before they are encoded.
    pub query: Vec<(String, String)>,
    /// The fields of the body, before they are encoded; values are scalars or JSON as text. A `…` stands for what an earlier answer will tell.
    pub form: Vec<(String, String)>,
}

/// A line of the mapping and what came of it.
pub struct MappedValue {
    /// Where it goes: `order.customFields.city`.
    pub path: String,
    /// The template as the config has it, or the fixed value.
    pub template: String,
    /// What it gives.
    pub given: Given,
}

/// What a line of the mapping gives.
pub enum Given {
    /// This is sent.
    Value(String),
    /// Nothing is sent.
    Empty,
    /// It does not fit the CRM's field, and goes into the comment.
    LeftOut {
        /// The value; empty when it could not be computed.
        value: String,
        /// Why.
        why: Bilingual,
    },
}
