//! Failures by cause. One call resends a group: `POST /admin/api/leads/resend` with its `cause`.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;

use crate::http::admin::auth::Operator;
use crate::http::admin::causes;
use crate::http::admin::failures::{self, Group};
use crate::http::admin::languages::ApiLanguage;
use crate::http::admin::reason::Reason;
use crate::lead::Language;
use crate::store::Store;

#[derive(Serialize)]
struct Listed {
    failures: Vec<GroupView>,
    /// How many leads were looked at, the newest first.
    looked_at: usize,
    /// There are more leads or more causes than are told here.
    cut_off: bool,
}

#[derive(Serialize)]
struct GroupView {
    /// The filter that finds the group again.
    cause: String,
    title: String,
    leads: usize,
    failed: usize,
    retrying: usize,
    forms: BTreeSet<String>,
    destinations: BTreeSet<String>,
    oldest_received_at: Timestamp,
    newest_received_at: Timestamp,
    /// The cause of the newest lead, in the CRM's words; may quote what was typed.
    example: String,
}

/// `GET /admin/api/failures`: the largest group first.
pub(crate) async fn list(
    _operator: Operator,
    ApiLanguage(language): ApiLanguage,
    store: web::Data<Store>,
) -> Result<HttpResponse, Reason> {
    let found = failures::find(&store).await?;
    let groups = found.groups.iter();
    Ok(HttpResponse::Ok().json(Listed {
        failures: groups
            .map(|group| GroupView::new(group, language))
            .collect(),
        looked_at: found.looked_at,
        cut_off: found.cut_off,
    }))
}

impl GroupView {
    fn new(group: &Group, language: Language) -> Self {
        Self {
            cause: group.key.to_string(),
            title: causes::title(&group.key, language),
            leads: group.leads(),
            failed: group.failed,
            retrying: group.retrying,
            forms: group.forms.clone(),
            destinations: group.destinations.clone(),
            oldest_received_at: group.oldest,
            newest_received_at: group.newest,
            example: group.example.text(language),
        }
    }
}
