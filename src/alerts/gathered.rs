//! What one message tells: events gathered into counts, so that its length depends on the set-up and not on the trouble.
//!
//! Two gatherings merge into one, the earlier first; an event is the smallest gathering. So nothing is lost by waiting, and a message that
//! certainly did not leave can be taken back and merged with what came meanwhile.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alerts::event::Event;
use crate::alerts::reason::Reason;
use crate::lead::{DestinationId, FormId, LeadId};

/// The most groups of failures that are told apart; more causes than that are a flood of their own.
const MOST_GROUPS: usize = 40;

/// The most leads of a group that are named.
const MOST_EXAMPLES: usize = 5;

/// What a message tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Gathered {
    /// What became of each destination.
    pub(super) destinations: BTreeMap<DestinationId, Course>,
    /// The leads that failed, by cause.
    pub(super) failed: Vec<FailedGroup>,
    /// Leads that failed besides those.
    pub(super) more_failed: u64,
    /// Where leads wait too long.
    pub(super) waiting: BTreeMap<DestinationId, Overdue>,
}

/// The pauses of one destination, up to how it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Course {
    /// Pauses that began.
    pub(super) pauses: u64,
    /// Pauses that ended.
    pub(super) backs: u64,
    /// When the first that is told here began; it may have been told before.
    pub(super) first_paused_at: Timestamp,
    /// Why the latest began.
    pub(super) reason: Option<Reason>,
    /// The most leads that waited.
    pub(super) waited: usize,
    /// How it is now.
    pub(super) now: Now,
}

/// How a destination is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum Now {
    /// Paused.
    Paused {
        /// Since when.
        since: Timestamp,
    },
    /// Healthy after a pause.
    Back {
        /// Since when.
        since: Timestamp,
        /// When the last pause began.
        paused_at: Timestamp,
    },
}

/// Leads that failed alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FailedGroup {
    /// Where they did not arrive.
    pub(super) destination: DestinationId,
    /// Their form.
    pub(super) form: FormId,
    /// Why.
    pub(super) reason: Reason,
    /// How many.
    pub(super) count: u64,
    /// The first of them.
    pub(super) examples: Vec<LeadId>,
}

/// Leads that wait too long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Overdue {
    /// When the oldest was received.
    pub(super) oldest_received_at: Timestamp,
    /// How many wait.
    pub(super) waiting: usize,
}

impl Gathered {
    /// The gathering of one event.
    pub(super) fn of(event: &Event) -> Self {
        let mut gathered = Self::default();
        match event.clone() {
            Event::Paused {
                destination,
                at,
                reason,
                waiting,
            } => {
                let course = Course::pause(at, reason, waiting);
                gathered.destinations.insert(destination, course);
            }
            Event::Back {
                destination,
                paused_at,
                at,
                waited,
            } => {
                let course = Course::back(paused_at, at, waited);
                gathered.destinations.insert(destination, course);
            }
            Event::LeadFailed {
                lead,
                form,
                destination,
                reason,
            } => gathered.failed.push(FailedGroup {
                destination,
                form,
                reason,
                count: 1,
                examples: vec![lead],
            }),
            Event::MoreFailed(count) => gathered.more_failed = count,
            Event::WaitsLong {
                destination,
                oldest_received_at,
                waiting,
            } => {
                let overdue = Overdue {
                    oldest_received_at,
                    waiting,
                };
                gathered.waiting.insert(destination, overdue);
            }
        }
        gathered
    }

    /// Adds what happened later.
    pub(super) fn merge(&mut self, later: Self) {
        for (destination, course) in later.destinations {
            match self.destinations.get_mut(&destination) {
                Some(known) => known.merge(course),
                None => {
                    self.destinations.insert(destination, course);
                }
            }
        }
        for group in later.failed {
            self.merge_group(group);
        }
        self.more_failed = self.more_failed.saturating_add(later.more_failed);
        for (destination, overdue) in later.waiting {
            let earliest = self
                .waiting
                .get(&destination)
                .map_or(overdue.oldest_received_at, |known| {
                    known.oldest_received_at.min(overdue.oldest_received_at)
                });
            let overdue = Overdue {
                oldest_received_at: earliest,
                ..overdue
            };
            self.waiting.insert(destination, overdue);
        }
    }

    fn merge_group(&mut self, group: FailedGroup) {
        let is_like = |known: &&mut FailedGroup| {
            known.destination == group.destination
                && known.form == group.form
                && known.reason == group.reason
        };
        if let Some(known) = self.failed.iter_mut().find(is_like) {
            known.count = known.count.saturating_add(group.count);
            known.examples.extend(group.examples);
            known.examples.truncate(MOST_EXAMPLES);
        } else if self.failed.len() < MOST_GROUPS {
            self.failed.push(group);
        } else {
            self.more_failed = self.more_failed.saturating_add(group.count);
        }
    }

    /// Nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many leads failed.
    pub(super) fn failures(&self) -> u64 {
        let grouped: u64 = self.failed.iter().map(|group| group.count).sum();
        grouped.saturating_add(self.more_failed)
    }

    /// Something in it is bad news; a destination that is back is good news.
    pub(super) fn is_trouble(&self) -> bool {
        let mut courses = self.destinations.values();
        self.failures() > 0
            || !self.waiting.is_empty()
            || courses.any(|course| matches!(course.now, Now::Paused { .. }))
    }
}

impl Course {
    fn pause(at: Timestamp, reason: Reason, waiting: usize) -> Self {
        Self {
            pauses: 1,
            backs: 0,
            first_paused_at: at,
            reason: Some(reason),
            waited: waiting,
            now: Now::Paused { since: at },
        }
    }

    fn back(paused_at: Timestamp, at: Timestamp, waited: usize) -> Self {
        Self {
            pauses: 0,
            backs: 1,
            first_paused_at: paused_at,
            reason: None,
            waited,
            now: Now::Back {
                since: at,
                paused_at,
            },
        }
    }

    fn merge(&mut self, later: Self) {
        self.pauses = self.pauses.saturating_add(later.pauses);
        self.backs = self.backs.saturating_add(later.backs);
        self.reason = later.reason.or(self.reason.take());
        self.waited = self.waited.max(later.waited);
        self.now = later.now;
    }
}
