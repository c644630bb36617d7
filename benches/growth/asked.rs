//! What the admin asks of gates, over HTTP, and how long the answers take.

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
const LONGEST: Duration = Duration::from_secs(30);
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

/// The end of the address that asks for a lead of this person.
type Path = dyn Fn(&Operator<'_>, &Person, LeadId) -> String;

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

    /// Asks for one random lead, of whatever is asked for. How long the answer took, and how many leads were in it.
    async fn ask(&self, dice: &mut Dice, path: &Path) -> Outcome<(Duration, usize)> {
        let number = dice.roll(self.ids.len());
        let person = Person::new(u32::try_from(number)?);
        let url = format!("{}{}", self.url, path(self, &person, self.ids[number]));
        let clock = Clock::system();
        let start = clock.monotonic();
        let answer = self.http.get(url).bearer_auth(TOKEN).send().await?;
        let answer = answer.error_for_status()?.bytes().await?;
        let latency = clock.monotonic() - start;
        let answer: Value = serde_json::from_slice(&answer)?;
        Ok((latency, answer["leads"].as_array().map_or(1, Vec::len)))
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

    /// How long it takes to erase the person of a lead in the middle.
    pub(crate) async fn erase(&self) -> Outcome<Duration> {
        let person = Person::new(u32::try_from(self.ids.len() / 2)?);
        let url = self.url.replace("/leads", "/persons/erase");
        let clock = Clock::system();
        let start = clock.monotonic();
        let body = serde_json::json!({ "phone": person.phone }).to_string();
        let request = self.http.post(url).bearer_auth(TOKEN).body(body);
        let request = request.header("Content-Type", "application/json");
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        let span = clock.monotonic() - start;
        let receipt: Value = serde_json::from_slice(&answer)?;
        match &receipt["rewritten"] {
            Value::Array(rewritten) if rewritten.len() == 3 => Ok(span),
            _ => Err(format!("not everything was written anew: {receipt}").into()),
        }
    }

    /// Three hours in the middle of what is stored.
    fn days(&self) -> String {
        let leads = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let middle = received_at(leads / 2, leads, self.now);
        let from = middle - jiff::SignedDuration::from_hours(3);
        format!("?from={from}&to={middle}")
    }
}

/// Asks everything. Tells what each of the operators was answered.
pub(crate) async fn ask_everything(operators: &[Operator<'_>]) -> Outcome<Vec<Vec<Answers>>> {
    let mut all: Vec<Vec<Answers>> = operators.iter().map(|_| Vec::new()).collect();
    for (what, path) in questions() {
        let answers = ask(operators, &what, &path).await?;
        for (all, answers) in all.iter_mut().zip(answers) {
            all.push(answers);
        }
    }
    Ok(all)
}

/// Every kind of question, in the order of the table.
fn questions() -> Vec<(String, Box<Path>)> {
    let mut all: Vec<(String, Box<Path>)> = vec![
        ("list, first page".into(), Box::new(|_, _, _| String::new())),
        (
            "list, a page in the middle".into(),
            Box::new(|_, _, id| format!("?cursor={id}")),
        ),
    ];
    for state in State::ALL {
        let what = format!("filter: {}", state.as_str());
        let query = format!("?state={}", state.as_str());
        all.push((what, Box::new(move |_, _, _| query.clone())));
    }
    let filters: [(&str, Box<Path>); 3] = [
        ("a rare form", Box::new(|_, _, _| "?form=banquet".into())),
        (
            "destination",
            Box::new(|_, _, _| "?destination=shop".into()),
        ),
        ("three hours", Box::new(|operator, _, _| operator.days())),
    ];
    all.extend(filters.map(|(what, path)| (format!("filter: {what}"), path)));
    let searches: [(&str, Text); 7] = [
        ("phone", |who| who.phone.clone()),
        ("e-mail", |who| who.email.clone()),
        ("start of a surname", |who| start(&who.surname, 5)),
        ("start of a first name", |who| start(who.first_name, 3)),
        ("start of a patronymic", |who| start(&who.patronymic, 4)),
        ("two words", |who| {
            format!("{} {}", start(who.first_name, 4), start(&who.surname, 4))
        }),
        ("nobody", |_| "щщщ".to_owned()),
    ];
    for (what, text) in searches {
        let path = move |_: &Operator<'_>, who: &Person, _| query_for(&text(who));
        all.push((format!("search: {what}"), Box::new(path)));
    }
    all.push(("one lead".into(), Box::new(|_, _, id| format!("/{id}"))));
    all
}

/// Asks one kind of question of one gate after the other, again and again: what else the machine does meanwhile is in the answers of all.
async fn ask(operators: &[Operator<'_>], what: &str, path: &Path) -> Outcome<Vec<Answers>> {
    let clock = Clock::system();
    let begin = clock.monotonic();
    let asked = operators.iter().map(|_| (Dice(7), Vec::new(), 0));
    let mut asked: Vec<(Dice, Vec<Duration>, usize)> = asked.collect();
    let times = operators.first().map_or(0, |operator| operator.times);
    for time in 0..times {
        if time >= FEWEST && clock.monotonic() - begin >= LONGEST {
            break;
        }
        for at in 0..operators.len() {
            // Not always in the same order.
            let at = (at + time) % operators.len();
            let (dice, latencies, leads) = &mut asked[at];
            let (latency, found) = operators[at].ask(dice, path).await?;
            latencies.push(latency);
            *leads += found;
        }
    }
    let answers = asked.into_iter().map(|(_, mut latencies, leads)| {
        latencies.sort_unstable();
        Answers {
            what: what.to_owned(),
            leads: leads as f64 / latencies.len() as f64,
            latencies,
        }
    });
    Ok(answers.collect())
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
