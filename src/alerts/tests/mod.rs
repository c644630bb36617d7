//! The pure part of alerts: what is told, when, and in which words.

mod letters;
mod outgoing;
mod watching;

use jiff::{SignedDuration, Timestamp};

use crate::alerts::event::Event;
use crate::alerts::reason::Reason;
use crate::delivery::Cause;
use crate::lead::{DestinationId, FormId, LeadId};

fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-21T07:32:00Z".parse().expect("an instant");
    start + SignedDuration::from_secs(seconds)
}

fn id(text: &str) -> DestinationId {
    DestinationId::parse(text).expect("an id")
}

fn paused(seconds: i64) -> Event {
    Event::Paused {
        destination: id("shop"),
        at: at(seconds),
        reason: Reason::of(&Cause::TimedOut { after_s: 30 }),
        waiting: 1,
    }
}

fn back(paused_at: i64, seconds: i64, waited: usize) -> Event {
    Event::Back {
        destination: id("shop"),
        paused_at: at(paused_at),
        at: at(seconds),
        waited,
    }
}

fn failed(lead: u8, cause: &Cause) -> Event {
    Event::LeadFailed {
        lead: LeadId::from_bytes([lead; 16]),
        form: FormId::parse("callback").expect("an id"),
        destination: id("shop"),
        reason: Reason::of(cause),
    }
}
