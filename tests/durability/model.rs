//! The model: what the store must hold after any deeds, in the plainest terms, without journal, threads or files.

use std::collections::BTreeMap;

use leadgate::delivery::{Attempt, Delivery, DeliveryId, State};
use leadgate::lead::Lead;

use crate::world::now;

/// Everything there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// In the order of their ids.
    pub(crate) leads: Vec<Kept>,
    /// Which lead a key with a content led to.
    bound: BTreeMap<(u8, u8), usize>,
    /// With which content a key came first.
    first: BTreeMap<u8, u8>,
}

/// A lead.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) lead: Lead,
    pub(crate) is_erased: bool,
    pub(crate) duties: Vec<Duty>,
}

/// A delivery.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Duty {
    pub(crate) state: State,
    pub(crate) attempts: u32,
    pub(crate) retries: u32,
    pub(crate) in_doubt: bool,
    pub(crate) log: Vec<Attempt>,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Delivered,
    Rejected,
    Unreachable,
    TimedOut,
}

/// What an operator asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Resend,
    Release,
    Discard,
}

impl Duty {
    fn new(held: bool) -> Self {
        Self {
            state: if held { State::Held } else { State::Queued },
            attempts: 0,
            retries: 0,
            in_doubt: false,
            log: Vec::new(),
        }
    }

    /// What can be seen of the same in the store.
    pub(crate) fn of(delivery: &Delivery, log: Vec<Attempt>) -> Self {
        Self {
            state: delivery.state,
            attempts: delivery.attempts,
            retries: delivery.retries,
            in_doubt: delivery.in_doubt,
            log,
        }
    }

    pub(crate) fn is_owed(&self) -> bool {
        [State::Queued, State::Sending, State::Retrying].contains(&self.state)
    }

    /// The number of the attempt that starts, if one may.
    pub(crate) fn begin(&mut self) -> Option<u32> {
        if !self.is_owed() {
            return None;
        }
        self.in_doubt |= self.state == State::Sending;
        self.state = State::Sending;
        self.attempts += 1;
        self.log.push(Attempt {
            number: self.attempts,
            started_at: now(),
            duration_ms: None,
            outcome: None,
            http_status: None,
            error: None,
            steps: Vec::new(),
        });
        Some(self.attempts)
    }

    /// Whether the attempt is recorded.
    pub(crate) fn settle(&mut self, attempt: Attempt, ending: Ending, paused: bool) -> bool {
        if self.state != State::Sending || self.attempts != attempt.number {
            return false;
        }
        if let Some(last) = self.log.last_mut() {
            *last = attempt;
        }
        self.in_doubt = match ending {
            Ending::Delivered => false,
            Ending::TimedOut => true,
            Ending::Rejected | Ending::Unreachable => self.in_doubt,
        };
        self.state = match ending {
            Ending::Delivered => State::Delivered,
            Ending::Rejected => State::Failed,
            Ending::TimedOut | Ending::Unreachable if paused && self.retries == 0 => State::Queued,
            Ending::TimedOut | Ending::Unreachable => {
                self.retries += u32::from(!paused);
                State::Retrying
            }
        };
        true
    }

    fn ask(&mut self, asked: Asked) -> bool {
        let next = match (asked, self.state) {
            (Asked::Resend, State::Failed | State::Delivered | State::Retrying) => {
                self.retries = 0;
                self.in_doubt |= self.attempts > 0;
                State::Queued
            }
            (Asked::Release, State::Held) => State::Queued,
            (Asked::Discard, State::Held) => State::Discarded,
            _ => return false,
        };
        self.state = next;
        true
    }
}

impl Model {
    /// Keeps a lead, or tells which one it repeats.
    pub(crate) fn accept(
        &mut self,
        mut lead: Lead,
        (held, duties): (bool, usize),
        key: Option<(u8, u8)>,
    ) -> Option<usize> {
        if let Some((key, content)) = key {
            let known = self.bound.get(&(key, content));
            if let Some(known) = known.filter(|known| !self.leads[**known].is_erased) {
                return Some(*known);
            }
            lead.key_reused = *self.first.entry(key).or_insert(content) != content;
            self.bound.insert((key, content), self.leads.len());
        }
        self.leads.push(Kept {
            lead,
            is_erased: false,
            duties: vec![Duty::new(held); duties],
        });
        None
    }

    /// Whether anything was changed; `None` when there is nobody any more.
    pub(crate) fn ask(&mut self, lead: usize, asked: Asked) -> Option<bool> {
        let kept = &mut self.leads[lead];
        let changed = kept
            .duties
            .iter_mut()
            .filter_map(|duty| duty.ask(asked).then_some(()))
            .count();
        (!kept.is_erased).then_some(changed > 0)
    }

    pub(crate) fn erase(&mut self, lead: usize) {
        let kept = &mut self.leads[lead];
        kept.is_erased = true;
        for duty in &mut kept.duties {
            duty.state = State::Discarded;
            duty.log.clear();
        }
    }

    /// The config no longer names where the lead goes. How many deliveries went.
    pub(crate) fn orphan(&mut self, lead: usize) -> usize {
        let owed = self.leads[lead]
            .duties
            .iter_mut()
            .filter(|duty| duty.is_owed());
        owed.map(|duty| {
            duty.in_doubt |= duty.state == State::Sending;
            duty.state = State::Failed;
        })
        .count()
    }

    /// It comes back from a backup.
    pub(crate) fn restore(&mut self) {
        for duty in self.leads.iter_mut().flat_map(|kept| &mut kept.duties) {
            duty.in_doubt |= ![State::Delivered, State::Discarded].contains(&duty.state);
        }
    }

    /// Every delivery that is owed.
    pub(crate) fn owed(&self) -> impl Iterator<Item = DeliveryId> {
        self.leads.iter().flat_map(|kept| {
            let owed = (0..).zip(&kept.duties).filter(|(_, duty)| duty.is_owed());
            owed.map(|(ordinal, _)| DeliveryId {
                lead: kept.lead.id,
                ordinal,
            })
        })
    }
}
