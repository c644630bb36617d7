//! What an operator asks for: resend, release, discard, erase. The pages call the same [`carry_out`].

use actix_web::{HttpResponse, web};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::clock::Clock;
use crate::delivery::State;
use crate::http::admin::api::leads::attempt_logs;
use crate::http::admin::api::view::LeadDetail;
use crate::http::admin::auth::Operator;
use crate::http::admin::body;
use crate::http::admin::filters::{MOST_PER_PAGE, TypedFilters};
use crate::http::admin::languages::ApiLanguage;
use crate::http::admin::reason::Reason;
use crate::http::request_id;
use crate::http::settings::Server;
use crate::lead::LeadId;
use crate::store::{Filter, Order, Ordered, Page, Selection, Store, StoredLead};
use crate::telemetry::field;

/// How many leads of a bulk resend are under way in the store at once: enough to share its fdatasyncs.
const AT_ONCE: usize = 64;

/// What a bulk resend is for, unless something else is asked for.
const UNFINISHED: [State; 2] = [State::Failed, State::Retrying];

/// One of the four things that can be asked for a lead: the last segment of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// `resend`
    Resend,
    /// `release`
    Release,
    /// `discard`
    Discard,
    /// `erase`
    Erase,
}

impl Action {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Resend, Self::Release, Self::Discard, Self::Erase];

    /// The word in addresses and logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Release => "release",
            Self::Discard => "discard",
            Self::Erase => "erase",
        }
    }

    /// Reads the word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// Does it, and logs who asked. The lead as it then is.
pub(crate) async fn carry_out(
    action: Action,
    id: LeadId,
    operator: &Operator,
    (store, clock): (&Store, &Clock),
) -> Result<StoredLead, Reason> {
    let signature = (operator.name(), clock.now());
    let ordered = match action {
        Action::Resend => store.order(id, Order::Resend, signature).await?,
        Action::Release => store.order(id, Order::Release, signature).await?,
        Action::Discard => store.order(id, Order::Discard, signature).await?,
        Action::Erase => store.erase(id, signature).await?,
    };
    match ordered {
        Ordered::Done(stored) => {
            tracing::info!(
                { field::REQUEST_ID } = request_id::current(),
                operator = operator.name(),
                action = action.as_str(),
                { field::LEAD_ID } = %id,
                "admin action"
            );
            Ok(*stored)
        }
        Ordered::Conflict(conflict) => Err(Reason::Conflict(conflict)),
        Ordered::Unknown => Err(Reason::NotFound),
    }
}

/// `POST /admin/api/leads/{id}/{action}`.
pub(crate) async fn one(
    operator: Operator,
    ApiLanguage(language): ApiLanguage,
    path: web::Path<(String, String)>,
    store: web::Data<Store>,
    clock: web::Data<Clock>,
) -> Result<HttpResponse, Reason> {
    let (id, action) = path.into_inner();
    let action = Action::parse(&action).ok_or(Reason::NotFound)?;
    let id = LeadId::parse(&id).ok_or(Reason::NotFound)?;
    let stored = carry_out(action, id, &operator, (&store, &clock)).await?;
    let logs = attempt_logs(&store, &stored).await?;
    Ok(HttpResponse::Ok().json(LeadDetail::new(&stored, &logs, language)))
}

/// What became of a bulk resend.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Matched {
    /// Leads the filters let through.
    pub(crate) matched: usize,
    /// Those of them that were in a state to be resent.
    pub(crate) resent: usize,
}

/// `POST /admin/api/leads/resend`: all that the filters in the body let through; without `state` only failed and retrying ones.
pub(crate) async fn resend_matching(
    operator: Operator,
    payload: web::Payload,
    store: web::Data<Store>,
    (clock, server): (web::Data<Clock>, web::Data<Server>),
) -> Result<HttpResponse, Reason> {
    let body = body::read(payload, &server, &clock).await?;
    let filter = TypedFilters::from_json(&body)?.parse(&server.time_zone)?;
    let matched = resend_all(&operator, &store, filter, &clock).await?;
    Ok(HttpResponse::Ok().json(matched))
}

/// Resends what the filter lets through, and logs who asked. Goes from the newest to the oldest, a page at a time. The cursor moves on
/// by id, so a lead that changes its state meanwhile is neither met twice nor the reason that another is skipped.
pub(crate) async fn resend_all(
    operator: &Operator,
    store: &Store,
    mut filter: Filter,
    clock: &Clock,
) -> Result<Matched, Reason> {
    if filter.states.is_empty() {
        filter.states = UNFINISHED.to_vec();
    }
    let selection = selection(&filter);
    let mut total = Matched {
        matched: 0,
        resent: 0,
    };
    let mut before = None;
    loop {
        let page = Page {
            before,
            limit: MOST_PER_PAGE,
        };
        let page = store.leads(filter.clone(), page).await?;
        total.matched += page.leads.len();
        total.resent += resend_page(store, &page.leads, &selection, (operator, clock)).await?;
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    tracing::info!(
        { field::REQUEST_ID } = request_id::current(),
        operator = operator.name(),
        action = "resend all",
        matched = total.matched,
        resent = total.resent,
        "admin action"
    );
    Ok(total)
}

/// The deliveries that a bulk resend is for: of a lead that is delivered to one CRM and refused by another, the refused one. Delivered ones only
/// when that is what was asked for.
fn selection(filter: &Filter) -> Selection {
    let mut states = UNFINISHED.to_vec();
    if filter.states.contains(&State::Delivered) {
        states.push(State::Delivered);
    }
    Selection {
        states,
        destination: filter.destination.clone(),
        cause: filter.cause.clone(),
    }
}

async fn resend_page(
    store: &Store,
    leads: &[StoredLead],
    selection: &Selection,
    (operator, clock): (&Operator, &Clock),
) -> Result<usize, Reason> {
    stream::iter(leads.iter().map(|stored| stored.lead.id))
        .map(|id| {
            let order = Order::ResendOf(selection.clone());
            store.order(id, order, (operator.name(), clock.now()))
        })
        .buffer_unordered(AT_ONCE)
        .try_fold(0, |done, ordered| async move {
            Ok(done + usize::from(matches!(ordered, Ordered::Done(_))))
        })
        .await
        .map_err(Reason::from)
}
