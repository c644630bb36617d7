//! What the admin asks of a gate, over HTTP, and how long the answers take.

use std::time::Duration;

use jiff::Timestamp;
use leadgate::clock::Clock;
use leadgate::delivery::State;
use leadgate::lead::LeadId;
use reqwest::Client;
use serde_json::Value;

use crate::people::{Dice, Person, received_at};
use crate::support::Outcome;

/// The token of the admin API.
pub(crate) const TOKEN: &str = "token-of-the-bench-for-the-admin";

/// Of one kind of question at most so long is asked; the fewest times are asked even if that takes longer.
const LONGEST: Duration = Duration::from_secs(15);
const FEWEST: usize = 20;

/// Leads in the file whose export is measured, unless fewer are stored.
pub(crate) const EXPORTED: u32 = 100_000;

/// How one kind of question was answered.
pub(crate) struct Answers {
    pub(crate) what: String,
    /// Ascending.
    latencies: Vec<Duration>,
    /// Leads in an answer, on average.
    pub(crate) leads: f64,
}

impl Answers {
    /// In milliseconds.
    pub(crate) fn quantile(&self, quantile: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1) as f64;
        let latency = self.latencies.get((last * quantile).round() as usize);
        latency.map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// What of a person is searched for.
type Text = fn(&Person) -> String;

/// An operator with a gate to ask.
pub(crate) struct Operator<'a> {
    http: Client,
    url: String,
    /// How often each kind of question is asked.
    times: usize,
    ids: &'a [LeadId],
    now: Timestamp,
}

impl<'a> Operator<'a> {
    /// Somebody who asks the gate at this address, each thing so often; `ids` are the leads that are stored, the last of them from `now`.
    pub(crate) fn new(
        address: std::net::SocketAddr,
        times: usize,
        (ids, now): (&'a [LeadId], Timestamp),
    ) -> Outcome<Self> {
        Ok(Self {
            http: Client::builder().build()?,
            url: format!("http://{address}/admin/api/leads"),
            times,
            ids,
            now,
        })
    }

    /// Asks everything.
    pub(crate) async fn ask_everything(&self) -> Outcome<Vec<Answers>> {
        let mut all = vec![
            self.ask("list, first page", |_, _| String::new()).await?,
            self.ask("list, a page in the middle", |_, id| {
                format!("?cursor={id}")
            })
            .await?,
        ];
        for state in State::ALL {
            let what = format!("filter: {}", state.as_str());
            let query = format!("?state={}", state.as_str());
            all.push(self.ask(&what, |_, _| query.clone()).await?);
        }
        let days = self.days();
        all.push(
            self.ask("filter: a rare form", |_, _| "?form=banquet".to_owned())
                .await?,
        );
        all.push(
            self.ask("filter: destination", |_, _| "?destination=shop".to_owned())
                .await?,
        );
        all.push(self.ask("filter: three hours", |_, _| days.clone()).await?);
        let search: [(&str, Text); 6] = [
            ("search: phone", |who| who.phone.clone()),
            ("search: e-mail", |who| who.email.clone()),
            ("search: start of a surname", |who| start(&who.surname, 5)),
            ("search: start of a first name", |who| {
                start(who.first_name, 3)
            }),
            ("search: start of a patronymic", |who| {
                start(&who.patronymic, 4)
            }),
            ("search: two words", |who| {
                format!("{} {}", start(who.first_name, 4), start(&who.surname, 4))
            }),
        ];
        for (what, text) in search {
            all.push(self.ask(what, |who, _| query_for(&text(who))).await?);
        }
        all.push(self.ask("search: nobody", |_, _| query_for("щщщ")).await?);
        all.push(self.ask("one lead", |_, id| format!("/{id}")).await?);
        Ok(all)
    }

    /// Asks one kind of question for one random lead after another.
    async fn ask(&self, what: &str, path: impl Fn(&Person, LeadId) -> String) -> Outcome<Answers> {
        let clock = Clock::system();
        let begin = clock.monotonic();
        let (mut latencies, mut leads) = (Vec::with_capacity(self.times), 0);
        let mut dice = Dice(7);
        while latencies.len() < self.times
            && (latencies.len() < FEWEST || clock.monotonic() - begin < LONGEST)
        {
            let number = dice.roll(self.ids.len());
            let person = Person::new(u32::try_from(number)?);
            let url = format!("{}{}", self.url, path(&person, self.ids[number]));
            let start = clock.monotonic();
            let answer = self.http.get(url).bearer_auth(TOKEN).send().await?;
            let answer = answer.error_for_status()?.bytes().await?;
            latencies.push(clock.monotonic() - start);
            let answer: Value = serde_json::from_slice(&answer)?;
            leads += answer["leads"].as_array().map_or(1, Vec::len);
        }
        latencies.sort_unstable();
        Ok(Answers {
            what: what.to_owned(),
            leads: leads as f64 / latencies.len() as f64,
            latencies,
        })
    }

    /// How long the export of the newest leads as CSV takes, and how many were in the file.
    pub(crate) async fn export(&self) -> Outcome<(Duration, u32)> {
        let leads = u32::try_from(self.ids.len())?;
        let from = received_at(leads.saturating_sub(EXPORTED), leads, self.now);
        let url = format!("{}.csv?from={from}", self.url);
        let clock = Clock::system();
        let start = clock.monotonic();
        let answer = self.http.get(url).bearer_auth(TOKEN).send().await?;
        let mut answer = answer.error_for_status()?;
        let mut lines = 0;
        while let Some(piece) = answer.chunk().await? {
            lines += piece.iter().filter(|byte| **byte == b'\n').count();
        }
        let span = clock.monotonic() - start;
        // The first line is the heading.
        let rows = u32::try_from(lines)?.saturating_sub(1);
        if rows < leads.min(EXPORTED) {
            return Err(format!("the CSV has {rows} of {leads} leads").into());
        }
        Ok((span, rows))
    }

    /// Three hours in the middle of what is stored.
    fn days(&self) -> String {
        let leads = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let middle = received_at(leads / 2, leads, self.now);
        let from = middle - jiff::SignedDuration::from_hours(3);
        format!("?from={from}&to={middle}")
    }
}

fn start(word: &str, letters: usize) -> String {
    word.chars().take(letters).collect()
}

fn query_for(text: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("q", text)
        .finish();
    format!("?{query}")
}
