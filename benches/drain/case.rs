//! One drain: the leads wait, the CRM comes back, fresh leads come meanwhile.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use leadgate::app::App;
use leadgate::clock::Clock;
use leadgate::delivery::{DeliveryId, State};
use leadgate::lead::{DestinationId, LeadId};
use leadgate::simulator::{DEMO_API_KEY, Options, SimulatedCrm, Totals};
use leadgate::store::Store;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::app::Gate;
use crate::gate::{Poster, text};
use crate::support::Outcome;

/// How often it is looked whether the backlog is gone.
const TICK: Duration = Duration::from_millis(20);

/// Fresh leads, each with the time it took.
type Fresh = Vec<(LeadId, Duration)>;

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// No drain: leads one after another to a CRM that is well.
    Healthy,
    /// No drain: a burst of new people to a slow CRM.
    Burst,
    /// Nobody is searched for.
    Unmatched,
    /// New people with a phone alone.
    OneContact,
    /// People whom the CRM has, with phone and e-mail.
    Known,
    /// New people with phone and e-mail.
    TwoContacts,
}

impl Kind {
    /// In words.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Healthy => "one after another",
            Self::Burst => "a burst",
            Self::Unmatched => "customer = \"none\"",
            Self::OneContact => "customer = \"match\", new people with a phone",
            Self::Known => "customer = \"match\", people whom the CRM knows",
            Self::TwoContacts => "customer = \"match\", new people with phone and e-mail",
        }
    }

    fn customer(self) -> &'static str {
        match self {
            Self::Unmatched => "none",
            _ => "match",
        }
    }

    /// The time between two fresh leads. With matching one takes four requests, so that one a second is 40 % of the usual pace.
    fn fresh_every(self) -> Duration {
        match self {
            Self::Unmatched => Duration::from_millis(250),
            _ => Duration::from_secs(1),
        }
    }

    fn body(self, number: usize) -> String {
        match self {
            Self::OneContact => format!("name=Visitor&phone=%2B7912{number:07}"),
            _ => format!("name=Visitor&phone=%2B7912{number:07}&email=v{number}%40mail.example"),
        }
    }
}

/// What is measured.
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) leads: usize,
    pub(crate) rate: u32,
    pub(crate) latency: Duration,
}

/// What came of it.
pub(crate) struct Drained {
    pub(crate) accepted_in: Duration,
    pub(crate) since_back: Duration,
    pub(crate) since_healthy: Duration,
    /// Without those for fresh leads and without probes.
    pub(crate) requests_per_lead: f64,
    pub(crate) peak_per_second: usize,
    pub(crate) too_many: u64,
    /// From the post to the record that the CRM has it, sorted.
    pub(crate) fresh: Vec<Duration>,
    pub(crate) orders: usize,
    pub(crate) customers: usize,
    pub(crate) duplicates: usize,
    pub(crate) by_operation: BTreeMap<String, u64>,
}

impl Drained {
    /// So long took so many of a hundred fresh leads at most.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let place = (self.fresh.len() * percent).div_ceil(100).max(1) - 1;
        self.fresh.get(place).copied().unwrap_or_default()
    }
}

impl Case {
    /// Runs it.
    pub(crate) async fn run(&self) -> Outcome<Drained> {
        let crm = SimulatedCrm::start(Options {
            requests_per_second: 0,
            ..Options::default()
        })
        .await?;
        if self.kind == Kind::Known {
            self.seed(&crm).await?;
        }
        let clock = Clock::system();
        let gate = Gate::with(&text(
            &crm.url(),
            self.kind.customer(),
            self.rate.saturating_sub(1),
        ))
        .await?;
        let seeded = crm.stats().totals;
        crm.set_latency(self.latency);
        crm.set_requests_per_second(self.rate);
        crm.stop_listening().await;

        let poster = Poster::new(gate.app.address())?;
        let start = clock.monotonic();
        let bodies = (0..self.leads).map(|number| self.kind.body(number));
        poster.post_all(bodies).await?;
        let accepted_in = clock.monotonic() - start;
        // What was under way when the pause began has ended too.
        while !poster.is_paused().await? || gate.app.store().count(State::Sending) > 0 {
            clock.sleep(TICK).await;
        }

        crm.listen_again().await?;
        let back = clock.monotonic();
        while poster.is_paused().await? {
            clock.sleep(TICK).await;
        }
        let healthy = clock.monotonic();
        let (drained, fresh) = self.fresh(&gate.app, &poster, &clock).await?;

        let spans = [accepted_in, drained - back, drained - healthy];
        let result = self.count((&gate.app, &crm), &seeded, spans, fresh).await?;
        gate.stop().await?;
        crm.stop().await;
        Ok(result)
    }

    /// Reads from the CRM and the store what it took.
    async fn count(
        &self,
        (app, crm): (&App, &SimulatedCrm),
        seeded: &Totals,
        [accepted_in, since_back, since_healthy]: [Duration; 3],
        fresh: Fresh,
    ) -> Outcome<Drained> {
        let (mut took, mut fresh_requests) = (Vec::new(), 0);
        for (lead, span) in fresh {
            let id = DeliveryId { lead, ordinal: 0 };
            let attempts = app.store().attempts(id).await?;
            fresh_requests += attempts
                .iter()
                .map(|attempt| attempt.steps.len())
                .sum::<usize>();
            took.push(span);
        }
        took.sort_unstable();
        let stats = crm.stats();
        let by_operation = since(&seeded.by_operation, &stats.totals.by_operation);
        let for_leads: u64 = by_operation
            .iter()
            .filter(|(name, _)| *name != "credentials" && *name != "settings/get")
            .map(|(_, count)| count)
            .sum();
        let waiting = for_leads.saturating_sub(fresh_requests as u64);
        let expected = self.leads + took.len();
        let ids: HashSet<String> = crm
            .orders()
            .iter()
            .map(|order| order["externalId"].to_string())
            .collect();
        if ids.len() < expected {
            return Err(format!("{} of {expected} orders are there", ids.len()).into());
        }
        Ok(Drained {
            accepted_in,
            since_back,
            since_healthy,
            requests_per_lead: waiting as f64 / self.leads as f64,
            peak_per_second: stats.peak_per_second,
            too_many: stats
                .totals
                .by_status
                .get(&503)
                .copied()
                .unwrap_or_default(),
            fresh: took,
            orders: stats.orders,
            customers: stats.customers,
            // Every lead here is another person's.
            duplicates: (stats.orders - ids.len()) + stats.customers.saturating_sub(expected),
            by_operation,
        })
    }

    /// Posts fresh leads until nothing of the backlog waits; when that was, and each fresh lead with the time until the gate knew that the CRM
    /// has it.
    async fn fresh(&self, app: &App, poster: &Poster, clock: &Clock) -> Outcome<(Instant, Fresh)> {
        let shop = DestinationId::parse("shop").ok_or("no id")?;
        let (mut under_way, mut arrived) = (JoinSet::new(), Fresh::new());
        let (mut number, mut next) = (0, clock.monotonic());
        while app.store().waiting(&shop).count > under_way.len() {
            if next <= clock.monotonic() {
                let store = app.store().clone();
                under_way.spawn(one_fresh(store, poster.clone(), clock.clone(), number));
                number += 1;
                next += self.kind.fresh_every();
            }
            clock.sleep(TICK).await;
            while let Some(ended) = under_way.try_join_next() {
                arrived.push(ended??);
            }
        }
        let drained = clock.monotonic();
        while let Some(ended) = under_way.join_next().await {
            arrived.push(ended??);
        }
        Ok((drained, arrived))
    }

    /// The CRM has these people already, with their phones as managers type them. Slowly, and before the gate checks its account,
    /// because these requests count for the busiest second.
    async fn seed(&self, crm: &SimulatedCrm) -> Outcome<()> {
        let (http, clock) = (reqwest::Client::builder().build()?, Clock::system());
        let numbers: Vec<usize> = (0..self.leads).collect();
        for part in numbers.chunks(50) {
            let people: Vec<Value> = part
                .iter()
                .map(|number| {
                    let digits = format!("{number:07}");
                    let phone = format!("8 (912) {}-{}", &digits[..3], &digits[3..]);
                    let email = format!("v{number}@mail.example");
                    json!({ "firstName": "Visitor", "phones": [{ "number": phone }], "email": email })
                })
                .collect();
            let form = form_urlencoded::Serializer::new(String::new())
                .append_pair("customers", &serde_json::to_string(&people)?)
                .finish();
            let url = format!("{}/api/v5/customers/upload", crm.url());
            let request = http.post(url).header("X-API-KEY", DEMO_API_KEY);
            let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            request.body(form).send().await?.error_for_status()?;
            clock.sleep(Duration::from_millis(150)).await;
        }
        clock.sleep(Duration::from_secs(1)).await;
        Ok(())
    }
}

/// Posts one lead and waits until the gate has recorded that the CRM has it.
async fn one_fresh(
    store: Store,
    poster: Poster,
    clock: Clock,
    number: usize,
) -> Outcome<(LeadId, Duration)> {
    let start = clock.monotonic();
    let body = format!("name=Fresh&phone=%2B7999{number:07}&email=f{number}%40mail.example");
    let lead = poster.post(body).await?;
    let mut changes = store.changes();
    loop {
        changes.borrow_and_update();
        let stored = store.lead(lead).await?.ok_or("a lead is lost")?;
        match stored.status.state() {
            State::Delivered => return Ok((lead, clock.monotonic() - start)),
            State::Failed => return Err("a fresh lead failed".into()),
            _ => changes.changed().await?,
        }
    }
}

/// What was counted since a first count.
fn since(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    now.iter()
        .map(|(name, count)| (name.clone(), count - before.get(name).unwrap_or(&0)))
        .filter(|(_, count)| *count > 0)
        .collect()
}
