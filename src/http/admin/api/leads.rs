//! Reading leads: the list, one lead, and the CSV.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use arc_swap::ArcSwap;
use serde::Serialize;

use crate::clock::Clock;
use crate::delivery::Attempt;
use crate::http::admin::api::view::{LeadDetail, LeadView};
use crate::http::admin::auth::Operator;
use crate::http::admin::csv;
use crate::http::admin::filters::{self, TypedFilters};
use crate::http::admin::languages::ApiLanguage;
use crate::http::admin::reason::Reason;
use crate::http::request_id;
use crate::http::settings::Server;
use crate::lead::{Forms, LeadId};
use crate::store::{Store, StoreError, StoredLead};
use crate::telemetry::field;

#[derive(Serialize)]
struct Listed {
    leads: Vec<LeadView>,
    next: Option<String>,
}

/// `GET /admin/api/leads`: newest first.
pub(crate) async fn list(
    _operator: Operator,
    ApiLanguage(language): ApiLanguage,
    request: HttpRequest,
    store: web::Data<Store>,
    server: web::Data<Server>,
) -> Result<HttpResponse, Reason> {
    let query = request.query_string();
    let filter = TypedFilters::from_query(query).parse(&server.time_zone)?;
    let page = store.leads(filter, filters::page(query)?).await?;
    Ok(HttpResponse::Ok().json(Listed {
        leads: page
            .leads
            .iter()
            .map(|stored| LeadView::new(stored, language))
            .collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}

/// `GET /admin/api/leads/{id}`: with fields, attribution and attempts.
pub(crate) async fn one(
    _operator: Operator,
    ApiLanguage(language): ApiLanguage,
    id: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, Reason> {
    let id = LeadId::parse(&id).ok_or(Reason::NotFound)?;
    let stored = store.lead(id).await?.ok_or(Reason::NotFound)?;
    let logs = attempt_logs(&store, &stored).await?;
    Ok(HttpResponse::Ok().json(LeadDetail::new(&stored, &logs, language)))
}

/// The attempts of every delivery of a lead, in the order of its deliveries.
pub(crate) async fn attempt_logs(
    store: &Store,
    stored: &StoredLead,
) -> Result<Vec<Vec<Attempt>>, StoreError> {
    let mut logs = Vec::with_capacity(stored.status.deliveries.len());
    for delivery in &stored.status.deliveries {
        logs.push(store.attempts(delivery.id).await?);
    }
    Ok(logs)
}

/// `GET /admin/api/leads.csv`: everything the filters let through, read and sent page by page.
pub(crate) async fn export(
    operator: Operator,
    ApiLanguage(language): ApiLanguage,
    request: HttpRequest,
    (store, forms): (web::Data<Store>, web::Data<ArcSwap<Forms>>),
    (server, clock): (web::Data<Server>, web::Data<Clock>),
) -> Result<HttpResponse, Reason> {
    let query = request.query_string();
    let typed = TypedFilters::from_query(query);
    let filter = typed.parse(&server.time_zone)?;
    let dialect = csv::Dialect::from_query(query, language)?;
    let columns = csv::Columns::new(&forms.load(), filter.form.as_ref());
    tracing::info!(
        { field::REQUEST_ID } = request_id::current(),
        operator = operator.name(),
        action = "export",
        "admin action"
    );
    let today = clock.now().to_zoned(server.time_zone.clone()).date();
    let sheet = csv::Sheet::new(dialect, columns, server.time_zone.clone());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"leads-{today}.csv\""),
        ))
        .streaming(csv::stream(Store::clone(&store), filter, sheet)))
}
