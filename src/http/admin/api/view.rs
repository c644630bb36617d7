//! The shapes of the JSON API, fixed by the contract: keys may be added, none renamed. Own types, so that a change of what is stored
//! changes nothing here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::delivery::{Attempt, AttemptOutcome, Delivery, OrderStanding, OrderStatus, State, Step};
use crate::lead::{Create, Field, Language, Lead, Value};
use crate::store::{Deed, DeedKind, StoredLead};

/// A lead in the list.
#[derive(Debug, Serialize)]
pub(crate) struct LeadView {
    id: String,
    form: String,
    form_title: String,
    received_at: Timestamp,
    state: State,
    held_reason: Option<&'static str>,
    erased_at: Option<Timestamp>,
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    deliveries: Vec<DeliveryView>,
}

/// What is owed to one destination.
#[derive(Debug, Serialize)]
pub(crate) struct DeliveryView {
    destination: String,
    create: Create,
    state: State,
    attempts: u32,
    /// Only while it waits for an attempt.
    next_attempt_at: Option<Timestamp>,
    order_id: Option<u64>,
    order_number: Option<String>,
    customer_id: Option<u64>,
    url: Option<String>,
    /// Only of orders that are followed.
    order_status: Option<OrderStatusView>,
    warning: Option<String>,
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt_log: Option<Vec<AttemptView>>,
}

/// What has become of the order in the CRM.
#[derive(Debug, Serialize)]
struct OrderStatusView {
    /// `status`, `merged` or `gone`.
    standing: &'static str,
    code: Option<String>,
    /// What the account's managers read.
    name: Option<String>,
    /// The internal id of the order that took this one over.
    merged_into: Option<u64>,
    /// When it was first seen to stand there.
    noted_at: Timestamp,
}

/// One try.
#[derive(Debug, Serialize)]
pub(crate) struct AttemptView {
    number: u32,
    started_at: Timestamp,
    duration_ms: Option<u64>,
    /// `null` while it is under way, and for ever when the process died in it.
    outcome: Option<AttemptOutcome>,
    http_status: Option<u16>,
    error: Option<String>,
    steps: Vec<StepView>,
}

/// One request of a try.
#[derive(Debug, Serialize)]
struct StepView {
    operation: String,
    http_status: Option<u16>,
    duration_ms: u64,
    note: String,
    /// Method and path, then a line for each field of the body; masked.
    request: Option<String>,
    /// How the answer begins; masked.
    answer: Option<String>,
}

/// A lead with everything that is known of it.
#[derive(Debug, Serialize)]
pub(crate) struct LeadDetail {
    #[serde(flatten)]
    lead: LeadView,
    fields: Map<String, Json>,
    attribution: AttributionView,
    page: PageView,
    language: Language,
    key_reused: bool,
    /// What operators did with it, the oldest first.
    actions: Vec<ActionView>,
}

#[derive(Debug, Serialize)]
struct ActionView {
    at: Timestamp,
    by: String,
    action: DeedKind,
}

#[derive(Debug, Serialize)]
struct AttributionView {
    utm: UtmView,
    visit: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct UtmView {
    source: Option<String>,
    medium: Option<String>,
    campaign: Option<String>,
    term: Option<String>,
    content: Option<String>,
}

#[derive(Debug, Serialize)]
struct PageView {
    url: Option<String>,
    title: Option<String>,
    referrer: Option<String>,
}

impl LeadView {
    /// The lead as the list tells it; texts in this language.
    pub(crate) fn new(stored: &StoredLead, language: Language) -> Self {
        let StoredLead { lead, status } = stored;
        let contact = &lead.contact;
        Self {
            id: lead.id.to_string(),
            form: lead.form.to_string(),
            form_title: lead.form_title.clone(),
            received_at: lead.received_at,
            state: status.state(),
            held_reason: status.held_reason.map(|reason| reason.as_str()),
            erased_at: status.erased_at,
            name: contact.name.as_ref().map(|name| name.typed().to_owned()),
            phone: contact.phone.as_ref().map(|phone| phone.e164().to_owned()),
            email: contact
                .email
                .as_ref()
                .map(|email| email.as_str().to_owned()),
            deliveries: status
                .deliveries
                .iter()
                .map(|delivery| DeliveryView::new(delivery, language))
                .collect(),
        }
    }
}

impl DeliveryView {
    fn new(delivery: &Delivery, language: Language) -> Self {
        let receipt = delivery.receipt.clone().unwrap_or_default();
        Self {
            destination: delivery.destination.to_string(),
            create: delivery.create,
            state: delivery.state,
            attempts: delivery.attempts,
            next_attempt_at: next_attempt_at(delivery),
            order_id: receipt.order_id,
            order_number: receipt.order_number,
            customer_id: receipt.customer_id,
            url: receipt.url,
            order_status: delivery.order_status.as_ref().map(OrderStatusView::new),
            warning: delivery
                .warning
                .as_ref()
                .map(|warning| warning.pick(language).to_owned()),
            last_error: delivery
                .last_error
                .as_ref()
                .map(|cause| cause.text(language)),
            attempt_log: None,
        }
    }
}

impl OrderStatusView {
    fn new(status: &OrderStatus) -> Self {
        let (standing, code, name, merged_into) = match &status.standing {
            OrderStanding::Status { code, name } => {
                ("status", Some(code.clone()), name.clone(), None)
            }
            OrderStanding::Merged { into } => ("merged", None, None, Some(*into)),
            OrderStanding::Gone => ("gone", None, None, None),
        };
        Self {
            standing,
            code,
            name,
            merged_into,
            noted_at: status.noted_at,
        }
    }
}

/// When a delivery is tried next, as far as a time is set for it.
pub(crate) fn next_attempt_at(delivery: &Delivery) -> Option<Timestamp> {
    matches!(delivery.state, State::Queued | State::Retrying).then_some(delivery.due_at)
}

impl AttemptView {
    fn new(attempt: &Attempt, language: Language) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started_at,
            duration_ms: attempt.duration_ms,
            outcome: attempt.outcome,
            http_status: attempt.http_status,
            error: attempt.error.as_ref().map(|cause| cause.text(language)),
            steps: attempt
                .steps
                .iter()
                .map(|step| StepView::new(step, language))
                .collect(),
        }
    }
}

impl StepView {
    fn new(step: &Step, language: Language) -> Self {
        Self {
            operation: step.operation.clone(),
            http_status: step.http_status,
            duration_ms: step.duration_ms,
            note: step.note.pick(language).to_owned(),
            request: step.request.clone(),
            answer: step.answer.clone(),
        }
    }
}

impl LeadDetail {
    /// The lead with the attempts of each of its deliveries, in their order.
    pub(crate) fn new(stored: &StoredLead, logs: &[Vec<Attempt>], language: Language) -> Self {
        let mut view = LeadView::new(stored, language);
        for (delivery, log) in view.deliveries.iter_mut().zip(logs) {
            let log = log
                .iter()
                .map(|attempt| AttemptView::new(attempt, language));
            delivery.attempt_log = Some(log.collect());
        }
        let lead = &stored.lead;
        Self {
            lead: view,
            fields: fields(&lead.fields),
            attribution: AttributionView::new(lead),
            page: PageView {
                url: lead.page.url.clone(),
                title: lead.page.title.clone(),
                referrer: lead.page.referrer.clone(),
            },
            language: lead.language,
            key_reused: lead.key_reused,
            actions: stored.status.deeds.iter().map(ActionView::new).collect(),
        }
    }
}

impl ActionView {
    fn new(deed: &Deed) -> Self {
        Self {
            at: deed.at,
            by: deed.by.clone(),
            action: deed.what,
        }
    }
}

impl AttributionView {
    fn new(lead: &Lead) -> Self {
        let utm = lead.attribution.utm.clone();
        Self {
            utm: UtmView {
                source: utm.source,
                medium: utm.medium,
                campaign: utm.campaign,
                term: utm.term,
                content: utm.content,
            },
            visit: lead.attribution.visit.0.clone(),
        }
    }
}

fn fields(fields: &[Field]) -> Map<String, Json> {
    fields
        .iter()
        .map(|field| (field.name.clone(), json(&field.value)))
        .collect()
}

/// A decimal number stays text: its digits are exact, and a JSON number would be a float to most readers.
fn json(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::Number(text) => Json::from(text.as_str()),
        Value::Integer(number) => Json::from(*number),
        Value::Boolean(flag) => Json::from(*flag),
        Value::Date(day) => Json::from(day.to_string()),
        Value::List(items) => Json::from(items.clone()),
    }
}
