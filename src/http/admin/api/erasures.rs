//! The erasure of a person: every lead with a phone or an e-mail. The pages call the same [`carry_out`].

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::http::admin::auth::Operator;
use crate::http::admin::body;
use crate::http::admin::reason::{BadParameter, Reason};
use crate::http::request_id;
use crate::http::settings::Server;
use crate::lead::{Email, Phone};
use crate::store::{Erasure, Person, Store};
use crate::telemetry::field;

/// Who is to be erased, as it was typed. One of the two must be there.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TypedPerson {
    /// A phone in any spelling.
    pub(crate) phone: String,
    /// An e-mail.
    pub(crate) email: String,
}

const PHONE: BadParameter = BadParameter {
    name: "phone",
    expected_ru: "телефон, как +7 912 345-67-89",
    expected_en: "a phone such as +7 912 345-67-89",
};

const EMAIL: BadParameter = BadParameter {
    name: "email",
    expected_ru: "e-mail, как ivan@example.ru",
    expected_en: "an e-mail such as ivan@example.ru",
};

const SOMEBODY: BadParameter = BadParameter {
    name: "phone, email",
    expected_ru: "хотя бы одно из двух",
    expected_en: "at least one of the two",
};

impl TypedPerson {
    /// Reads the body of a form; other names are not ours.
    pub(crate) fn from_form(body: &[u8]) -> Self {
        let mut typed = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "phone" => typed.phone = value.trim().to_owned(),
                "email" => typed.email = value.trim().to_owned(),
                _ => {}
            }
        }
        typed
    }

    /// Whom it means.
    pub(crate) fn parse(&self) -> Result<Person, Reason> {
        let given = |text: &str| !text.trim().is_empty();
        if !given(&self.phone) && !given(&self.email) {
            return Err(Reason::BadParameter(SOMEBODY));
        }
        let phone = given(&self.phone).then(|| Phone::parse(&self.phone));
        let email = given(&self.email).then(|| Email::parse(&self.email));
        Ok(Person {
            phone: phone
                .transpose()
                .map_err(|_unread| Reason::BadParameter(PHONE))?,
            email: email
                .transpose()
                .map_err(|_unread| Reason::BadParameter(EMAIL))?,
        })
    }
}

/// Does it, and logs who asked and how many leads it was. Nothing of the person is logged.
pub(crate) async fn carry_out(
    person: &Person,
    operator: &Operator,
    (store, clock): (&Store, &Clock),
) -> Result<Erasure, Reason> {
    let signature = (operator.name(), clock.now());
    let erased = store.erase_person(person, signature).await?;
    let erasure = erased.ok_or(Reason::NotFound)?;
    tracing::info!(
        { field::REQUEST_ID } = request_id::current(),
        operator = operator.name(),
        action = "erase person",
        leads = erasure.leads.len(),
        "admin action"
    );
    Ok(erasure)
}

/// `POST /admin/api/persons/erase` with `phone`, `email` or both as JSON: the receipt.
pub(crate) async fn erase(
    operator: Operator,
    payload: web::Payload,
    store: web::Data<Store>,
    (clock, server): (web::Data<Clock>, web::Data<Server>),
) -> Result<HttpResponse, Reason> {
    let body = body::read(payload, &server, &clock).await?;
    let typed: TypedPerson =
        serde_json::from_slice(&body).map_err(|error| Reason::Malformed(error.to_string()))?;
    let erasure = carry_out(&typed.parse()?, &operator, (&store, &clock)).await?;
    Ok(HttpResponse::Ok().json(View::of(&erasure)))
}

/// `GET /admin/api/erasures`: all receipts, the newest first.
pub(crate) async fn list(
    _operator: Operator,
    store: web::Data<Store>,
) -> Result<HttpResponse, Reason> {
    let erasures = store.erasures().await?;
    let erasures = erasures.iter().rev().map(View::of).collect();
    Ok(HttpResponse::Ok().json(Views { erasures }))
}

#[derive(Serialize)]
struct Views<'a> {
    erasures: Vec<View<'a>>,
}

/// A receipt.
#[derive(Serialize)]
struct View<'a> {
    at: Timestamp,
    by: Option<&'a str>,
    leads: Vec<String>,
    deliveries: usize,
    given_up: usize,
    attempts: usize,
    in_crms: Vec<InCrm<'a>>,
    rewritten: &'a [String],
    waits_for_room: bool,
    backups: Vec<Backup>,
}

#[derive(Serialize)]
struct InCrm<'a> {
    destination: &'a str,
    order_number: Option<&'a str>,
    customer_id: Option<u64>,
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct Backup {
    path: String,
    made_at: Timestamp,
}

impl<'a> View<'a> {
    fn of(erasure: &'a Erasure) -> Self {
        let in_crms = erasure.in_crms.iter().map(|made| InCrm {
            destination: made.destination.as_str(),
            order_number: made.order_number.as_deref(),
            customer_id: made.customer_id,
            url: made.url.as_deref(),
        });
        let backups = erasure.backups.iter().map(|backup| Backup {
            path: backup.path.display().to_string(),
            made_at: backup.made_at,
        });
        Self {
            at: erasure.at,
            by: erasure.by.as_deref(),
            leads: erasure.leads.iter().map(ToString::to_string).collect(),
            deliveries: erasure.deliveries,
            given_up: erasure.given_up,
            attempts: erasure.attempts,
            in_crms: in_crms.collect(),
            rewritten: &erasure.rewritten,
            waits_for_room: erasure.waits_for_room,
            backups: backups.collect(),
        }
    }
}
