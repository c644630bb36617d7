//! `GET /admin/api/leads/{id}/preview`: what a stored lead would be sent as. Holds the lead's data and never the API key.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::destination::LiveDestinations;
use crate::destination::preview::{Given, MappedValue, PreviewedRequest};
use crate::http::admin::auth::Operator;
use crate::http::admin::languages::ApiLanguage;
use crate::http::admin::previews::{self, DeliveryPreview};
use crate::http::admin::reason::Reason;
use crate::lead::{Create, Language, LeadId};
use crate::store::Store;

#[derive(Serialize)]
struct Listed {
    previews: Vec<PreviewView>,
}

#[derive(Serialize)]
struct PreviewView {
    destination: String,
    create: Create,
    /// Why nothing could be sent.
    error: Option<String>,
    notes: Vec<String>,
    requests: Vec<RequestView>,
    values: Vec<ValueView>,
}

#[derive(Serialize)]
struct RequestView {
    operation: &'static str,
    purpose: String,
    method: &'static str,
    path: String,
    query: Map<String, Json>,
    /// JSON inside a field is told as JSON.
    form: Map<String, Json>,
}

#[derive(Serialize)]
struct ValueView {
    path: String,
    template: String,
    /// `null` when nothing is sent.
    value: Option<String>,
    /// Why the value does not go where the mapping wants it.
    left_out: Option<String>,
}

/// `GET /admin/api/leads/{id}/preview`.
pub(crate) async fn show(
    _operator: Operator,
    ApiLanguage(language): ApiLanguage,
    id: web::Path<String>,
    (store, live): (web::Data<Store>, web::Data<LiveDestinations>),
) -> Result<HttpResponse, Reason> {
    let id = LeadId::parse(&id).ok_or(Reason::NotFound)?;
    let stored = store.lead(id).await?.ok_or(Reason::NotFound)?;
    let previews = previews::of(&stored, &live)?;
    let previews = previews.into_iter();
    Ok(HttpResponse::Ok().json(Listed {
        previews: previews
            .map(|preview| PreviewView::new(preview, language))
            .collect(),
    }))
}

impl PreviewView {
    fn new(shown: DeliveryPreview<'_>, language: Language) -> Self {
        let delivery = shown.delivery;
        let mut view = Self {
            destination: delivery.destination.to_string(),
            create: delivery.create,
            error: None,
            notes: Vec::new(),
            requests: Vec::new(),
            values: Vec::new(),
        };
        match shown.preview {
            Err(cause) => view.error = Some(cause.text(language)),
            Ok(preview) => {
                let notes = preview.notes.iter();
                view.notes = notes.map(|note| note.pick(language).to_owned()).collect();
                let requests = preview.requests.into_iter();
                view.requests = requests
                    .map(|request| RequestView::new(request, language))
                    .collect();
                let values = preview.values.into_iter();
                view.values = values
                    .map(|value| ValueView::new(value, language))
                    .collect();
            }
        }
        view
    }
}

impl RequestView {
    fn new(request: PreviewedRequest, language: Language) -> Self {
        let object = |pairs: Vec<(String, String)>| {
            let pairs = pairs.into_iter();
            pairs.map(|(name, value)| (name, parsed(value))).collect()
        };
        Self {
            operation: request.operation,
            purpose: request.purpose.pick(language).to_owned(),
            method: request.method,
            path: request.path,
            query: object(request.query),
            form: object(request.form),
        }
    }
}

fn parsed(value: String) -> Json {
    match serde_json::from_str(&value) {
        Ok(record @ (Json::Object(_) | Json::Array(_))) => record,
        Ok(_) | Err(_) => Json::String(value),
    }
}

impl ValueView {
    fn new(mapped: MappedValue, language: Language) -> Self {
        let (value, left_out) = match mapped.given {
            Given::Value(value) => (Some(value), None),
            Given::Empty => (None, None),
            Given::LeftOut { value, why } => (
                Some(value).filter(|value| !value.is_empty()),
                Some(why.pick(language).to_owned()),
            ),
        };
        Self {
            path: mapped.path,
            template: mapped.template,
            value,
            left_out,
        }
    }
}
