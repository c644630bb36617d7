//! The forms and how busy they are.

use actix_web::{HttpResponse, web};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::clock::Clock;
use crate::http::admin::auth::Operator;
use crate::http::admin::reason::Reason;
use crate::http::settings::Server;
use crate::lead::Forms;
use crate::store::Store;

#[derive(Serialize)]
struct Listed {
    forms: Vec<FormView>,
}

#[derive(Serialize)]
struct FormView {
    id: String,
    title: String,
    leads_today: usize,
    last_lead_at: Option<Timestamp>,
}

/// `GET /admin/api/forms`, by id. Today began at midnight in `server.time_zone`.
pub(crate) async fn list(
    _operator: Operator,
    (live, store): (web::Data<ArcSwap<Forms>>, web::Data<Store>),
    (server, clock): (web::Data<Server>, web::Data<Clock>),
) -> Result<HttpResponse, Reason> {
    let midnight = start_of_day(clock.now(), &server.time_zone);
    let mut forms = Vec::new();
    for form in live.load_full().iter() {
        let count = store.form_count(form.id.clone(), midnight).await?;
        forms.push(FormView {
            id: form.id.to_string(),
            title: form.title.clone(),
            leads_today: count.leads_since,
            last_lead_at: count.last_lead_at,
        });
    }
    Ok(HttpResponse::Ok().json(Listed { forms }))
}

/// The first instant of the day that `now` lies in.
pub(crate) fn start_of_day(now: Timestamp, zone: &TimeZone) -> Timestamp {
    now.to_zoned(zone.clone())
        .start_of_day()
        .map_or(now, |midnight| midnight.timestamp())
}
