//! What has happened since the last look at the destinations: a pause and its end are told once each, and so is a lead that waits too long.
//!
//! Pure: it compares what it sees with what it has told. That memory outlives the process, so a pause that lasts over a restart is not told
//! again: a new process takes every destination for healthy until an attempt fails, so for [`PROVING`] after a start only a pause is believed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alerts::event::Event;
use crate::alerts::reason::Reason;
use crate::delivery::Cause;
use crate::lead::DestinationId;
use crate::store::Waiting;

/// How long after a start it takes an attempt and its probe to find out that a destination is still in trouble: the default time-out twice, and
/// time to spare.
pub(super) const PROVING: SignedDuration = SignedDuration::from_secs(120);

/// What has been told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Watch {
    paused: BTreeMap<DestinationId, Pause>,
    overdue: BTreeSet<DestinationId>,
}

/// A pause that has been told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pause {
    /// When it began.
    at: Timestamp,
    /// When it began as this process sees it; nothing yet after a restart.
    #[serde(skip)]
    seen: Option<Timestamp>,
    /// The most leads that were seen waiting.
    waited: usize,
    /// Why it began.
    reason: Reason,
}

/// A destination as it is now.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub(super) id: DestinationId,
    pub(super) pause: Option<(Timestamp, Cause)>,
    /// Since when it is healthy, if it is.
    pub(super) healthy_since: Timestamp,
    pub(super) waiting: Waiting,
}

/// What a look is measured by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) waiting_longer_than: Duration,
    pub(super) started_at: Timestamp,
    pub(super) now: Timestamp,
}

impl Watch {
    /// Forgets the destinations that are not among these: they have left the config. One that is not seen for a moment is remembered, as at a
    /// start, before the workers have said how they are.
    pub(super) fn keep(&mut self, destinations: &[DestinationId]) {
        self.paused.retain(|id, _| destinations.contains(id));
        self.overdue.retain(|id| destinations.contains(id));
    }

    /// What has happened since the last look.
    pub(super) fn look(&mut self, sights: &[Sight], rules: Rules) -> Vec<Event> {
        let mut events = Vec::new();
        for sight in sights {
            match &sight.pause {
                Some((since, cause)) => self.is_paused(sight, *since, cause, &mut events),
                None => self.is_healthy(sight, rules, &mut events),
            }
            self.waits(sight, rules, &mut events);
        }
        events
    }

    /// The pauses that last, for a channel that has been told of none.
    pub(super) fn ongoing(&self) -> Vec<Event> {
        let pauses = self.paused.iter();
        pauses.map(|(id, pause)| paused(id, pause)).collect()
    }

    fn is_paused(
        &mut self,
        sight: &Sight,
        since: Timestamp,
        cause: &Cause,
        events: &mut Vec<Event>,
    ) {
        let waiting = sight.waiting.count;
        if let Some(known) = self.paused.get_mut(&sight.id) {
            let seen = *known.seen.get_or_insert(since);
            known.waited = known.waited.max(waiting);
            if seen == since {
                return;
            }
            // It was back for a while that nobody looked.
            events.push(back(&sight.id, known, since));
        }
        let pause = Pause {
            at: since,
            seen: Some(since),
            waited: waiting,
            reason: Reason::of(cause),
        };
        events.push(paused(&sight.id, &pause));
        self.paused.insert(sight.id.clone(), pause);
    }

    fn is_healthy(&mut self, sight: &Sight, rules: Rules, events: &mut Vec<Event>) {
        let Some(known) = self.paused.get(&sight.id) else {
            return;
        };
        let is_proven = known.seen.is_some() || rules.now >= rules.started_at + PROVING;
        if is_proven {
            events.push(back(&sight.id, known, sight.healthy_since));
            self.paused.remove(&sight.id);
        }
    }

    fn waits(&mut self, sight: &Sight, rules: Rules, events: &mut Vec<Event>) {
        let longest = SignedDuration::try_from(rules.waiting_longer_than);
        let longest = longest.unwrap_or(SignedDuration::MAX);
        let overdue = sight
            .waiting
            .oldest_received_at
            .filter(|oldest| rules.now.duration_since(*oldest) > longest);
        match overdue {
            None => {
                self.overdue.remove(&sight.id);
            }
            Some(oldest_received_at) => {
                if self.overdue.insert(sight.id.clone()) {
                    events.push(Event::WaitsLong {
                        destination: sight.id.clone(),
                        oldest_received_at,
                        waiting: sight.waiting.count,
                    });
                }
            }
        }
    }
}

fn paused(id: &DestinationId, pause: &Pause) -> Event {
    Event::Paused {
        destination: id.clone(),
        at: pause.at,
        reason: pause.reason.clone(),
        waiting: pause.waited,
    }
}

fn back(id: &DestinationId, pause: &Pause, at: Timestamp) -> Event {
    Event::Back {
        destination: id.clone(),
        paused_at: pause.at,
        at: at.max(pause.at),
        waited: pause.waited,
    }
}
