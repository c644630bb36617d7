//! The wire of API v5: one place where requests are paced, signed, sent and their answers judged. What the methods mean is next door:
//! [`records`] for orders and customers, [`upload`] for many of them at once, [`account`] for what an account is set up with.

mod account;
mod gathering;
mod masked;
mod notifications;
mod previews;
mod records;
mod reply;
mod statuses;
mod upload;

use std::time::{Duration, Instant};

use form_urlencoded::Serializer;
use reqwest::header::HeaderName;
use serde_json::{Map, Value};
use url::Url;

pub(super) use account::{Credentials, CustomField, Dictionary, Entry, User};
pub(super) use previews::TOLD_LATER;
pub(super) use records::{Customer, CustomerFilter, CustomerKey, OrderRecord};
pub(super) use reply::{Fault, Purpose, Refusal};
pub(super) use upload::{Entity, MOST_ROWS};

use gathering::Gathering;
use masked::Hidden;

use crate::clock::Clock;
use crate::delivery::{Cause, Failure, FailureKind, Lane, Step};
use crate::destination::client::{HttpClient, HttpRequest};
use crate::destination::pace::{Pace, Permit};
use crate::destination::retailcrm::Settings;
use crate::lead::Bilingual;
use crate::metrics;
use crate::secret::Secret;

/// How long nothing is sent after the CRM complained about the rate and gave no time of its own.
const RATE_REST: Duration = Duration::from_secs(1);

/// How long a read that no lead waits for rests before it is sent again.
const RESTS_ASIDE: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(10)];

/// The requests of one attempt, for its log.
pub(super) type Steps = Vec<Step>;

/// One account as seen through its API.
pub(super) struct Api {
    http: HttpClient,
    base: Url,
    key: Secret,
    site: Option<String>,
    pace: Pace,
    requests: metrics::RequestsOf,
    gathering: Gathering,
    clock: Clock,
}

/// One request before it is encoded.
struct Call {
    /// The method in the CRM's words, for the log: `orders/create`.
    operation: &'static str,
    /// The path, segment by segment, not yet percent-encoded.
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    /// The fields of a POST; values are scalars or JSON as text.
    form: Option<Vec<(&'static str, String)>>,
    purpose: Purpose,
    timeout: Option<Duration>,
}

impl Call {
    fn get(operation: &'static str, path: &[&str], purpose: Purpose) -> Self {
        let path = path.iter().map(|segment| (*segment).to_owned()).collect();
        Self {
            operation,
            path,
            query: Vec::new(),
            form: None,
            purpose,
            timeout: None,
        }
    }

    fn post(
        operation: &'static str,
        path: &[&str],
        form: Vec<(&'static str, String)>,
        purpose: Purpose,
    ) -> Self {
        Self {
            form: Some(form),
            ..Self::get(operation, path, purpose)
        }
    }

    fn method(&self) -> &'static str {
        if self.form.is_some() { "POST" } else { "GET" }
    }

    fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    fn within(self, timeout: Duration) -> Self {
        Self {
            timeout: Some(timeout),
            ..self
        }
    }
}

impl Api {
    /// The account of these settings.
    pub(super) fn new(
        settings: &Settings,
        (pace, requests): (Pace, metrics::RequestsOf),
        clock: Clock,
    ) -> Self {
        Self {
            http: HttpClient::new(settings.timeout),
            base: settings.url.clone(),
            key: settings.api_key.clone(),
            site: settings.site.clone(),
            pace,
            requests,
            gathering: Gathering::default(),
            clock,
        }
    }

    /// The same account for the work of a lane, within the same pace.
    pub(super) fn for_lane(&self, lane: Lane) -> Self {
        Self {
            http: self.http.clone(),
            base: self.base.clone(),
            key: self.key.clone(),
            site: self.site.clone(),
            pace: self.pace.for_lane(lane),
            requests: self.requests.clone(),
            gathering: Gathering::default(),
            clock: self.clock.clone(),
        }
    }

    /// The store's code, if the config names one.
    pub(super) fn site(&self) -> Option<&str> {
        self.site.as_deref()
    }

    /// The address of a page for people: `https://demo.retailcrm.ru/orders/7/edit`.
    pub(super) fn page(&self, path: &[&str]) -> String {
        self.address(path.iter().copied()).into()
    }

    /// Whether an address is that of a page of this account, whoever made it.
    pub(super) fn is_page(&self, address: &str) -> bool {
        let base = self.base.as_str().trim_end_matches('/');
        let path = address.strip_prefix(base);
        path.is_some_and(|path| path.starts_with('/'))
    }

    fn address<'a>(&self, path: impl Iterator<Item = &'a str>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// `site` as a parameter of its own, which every write and every access by external id needs when the key reaches several stores.
    fn with_site(
        &self,
        mut parameters: Vec<(&'static str, String)>,
    ) -> Vec<(&'static str, String)> {
        if let Some(site) = &self.site {
            parameters.push(("site", site.clone()));
        }
        parameters
    }

    /// Sends one request when the pace allows. A read whose connection broke is sent once more at once: a server that closes an idle
    /// connection just when we use it is the most ordinary trouble there is, and a read does no harm.
    async fn call(&self, call: Call, steps: &mut Steps) -> Result<Map<String, Value>, Fault> {
        let permit = self.pace.acquire().await;
        let first = self.send(&call, permit, steps).await;
        match &first {
            Err(Fault::Failed(failure)) if call.form.is_none() && is_broken_off(failure) => {
                let permit = self.pace.acquire().await;
                self.send(&call, permit, steps).await
            }
            _ => first,
        }
    }

    /// Sends one read that can wait for ever: only when no lead needs the pace.
    async fn errand(&self, call: Call, steps: &mut Steps) -> Result<Map<String, Value>, Fault> {
        let permit = self.pace.acquire_spare().await;
        self.send(&call, permit, steps).await
    }

    /// Sends a read that no lead waits for: in what fresh leads leave of the second, and again after a while when the CRM complains about
    /// the rate.
    async fn call_aside(&self, call: Call) -> Result<Map<String, Value>, Fault> {
        let pace = self.pace.for_lane(Lane::Backlog);
        let mut rests = RESTS_ASIDE.into_iter();
        loop {
            let permit = pace.acquire().await;
            let answer = self.send(&call, permit, &mut Steps::new()).await;
            match (&answer, rests.next()) {
                (Err(Fault::Failed(failure)), Some(rest))
                    if failure.cause == Cause::RateLimited || is_broken_off(failure) =>
                {
                    self.clock.sleep(rest).await;
                }
                _ => return answer,
            }
        }
    }

    /// Sends one request for which the pace has been asked, logs it, and judges the answer.
    async fn send(
        &self,
        call: &Call,
        permit: Permit,
        steps: &mut Steps,
    ) -> Result<Map<String, Value>, Fault> {
        let started = self.clock.monotonic();
        let answer = self.http.send(self.encode(call)).await;
        permit.answered();
        let took = self.clock.monotonic().saturating_duration_since(started);
        let status = answer.as_ref().ok().map(|answer| answer.status);
        self.requests.ended(status, took);
        // Only now, so that the request is not held up between the pace and the wire.
        let (sent, mut hidden) = self.masked(call);
        let (status, said, result) = match answer {
            Ok(answer) => (
                Some(answer.status),
                Some(masked::answer(&answer.body, &mut hidden)),
                reply::read(call.purpose, &answer),
            ),
            Err(error) => {
                let failure = reply::unanswered(call.purpose, &error);
                (None, None, Err(failure.into()))
            }
        };
        if let Some(rest) = rate_rest(&result) {
            self.pace.hold_back(rest);
        }
        steps.push(Step {
            operation: call.operation.to_owned(),
            http_status: status,
            duration_ms: self.millis_since(started),
            note: note(&result),
            request: Some(sent),
            answer: said.filter(|said| !said.is_empty()),
        });
        result
    }

    fn masked(&self, call: &Call) -> (String, Hidden) {
        let url = self.address(call.path.iter().map(String::as_str));
        masked::request(
            (call.method(), url.path()),
            &call.query,
            call.form.as_deref().unwrap_or_default(),
            self.key.reveal(),
        )
    }

    fn encode(&self, call: &Call) -> HttpRequest<'_> {
        let mut url = self.address(call.path.iter().map(String::as_str));
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let form = call
            .form
            .as_ref()
            .map(|form| Serializer::new(String::new()).extend_pairs(form).finish());
        HttpRequest {
            url,
            key: (HeaderName::from_static("x-api-key"), &self.key),
            form,
            timeout: call.timeout,
        }
    }

    fn millis_since(&self, started: Instant) -> u64 {
        let span = self.clock.monotonic().saturating_duration_since(started);
        u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
    }
}

fn is_broken_off(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::ConnectionLost { .. })
}

/// How long the CRM wants to be left alone, if it complained about the rate.
fn rate_rest(result: &Result<Map<String, Value>, Fault>) -> Option<Duration> {
    match result {
        Err(Fault::Failed(failure)) if failure.cause == Cause::RateLimited => match failure.kind {
            FailureKind::Transient { retry_after } => Some(retry_after.unwrap_or(RATE_REST)),
            _ => Some(RATE_REST),
        },
        _ => None,
    }
}

/// A few words for the log, without anything of the lead: the CRM's own texts quote what was typed.
fn note(result: &Result<Map<String, Value>, Fault>) -> Bilingual {
    let (ru, en) = match result {
        Ok(_) => ("успешно", "ok"),
        Err(Fault::Refused(_)) => ("отказ", "refused"),
        Err(Fault::Missing { combined_to: None }) => ("не найдено", "not found"),
        Err(Fault::Missing {
            combined_to: Some(_),
        }) => ("объединён с другим", "merged into another"),
        Err(Fault::Failed(failure)) => match &failure.cause {
            Cause::Unreachable { .. } => ("нет соединения", "unreachable"),
            Cause::TimedOut { .. } => ("ответа не дождались", "timed out"),
            Cause::ConnectionLost { .. } => ("связь оборвалась", "connection lost"),
            Cause::RateLimited => ("слишком часто", "rate limited"),
            Cause::ServerError { .. } => ("ошибка сервера", "server error"),
            Cause::NotTheCrm { .. } => ("это не RetailCRM", "not RetailCRM"),
            Cause::Unreadable { .. } => ("ответ не прочесть", "unreadable answer"),
            Cause::AccessDenied { .. } => ("нет доступа", "access denied"),
            _ => ("отказ", "refused"),
        },
    };
    Bilingual::new(ru, en)
}

/// Says in the log what the latest request brought.
pub(super) fn annotate(steps: &mut Steps, note: Bilingual) {
    if let Some(step) = steps.last_mut() {
        step.note = note;
    }
}
