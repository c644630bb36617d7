//! Random deeds with crashes in between: whatever the process did last, and wherever the journal is cut, the store holds what the model does.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use leadgate::delivery::{Cause, DeliveryId, Failure, FailureKind, Outcome, State};
use leadgate::lead::{Create, HeldReason};
use leadgate::store::{
    Accepted, Existing, IdempotencyKey, NewLead, Order, Ordered, Settled, Store, backup, examine,
    restore,
};
use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;

use crate::files::{as_after_a_power_cut, change, copy_all, frames, index_in_use, segments};
use crate::model::{Asked, Duty, Ending, Model};
use crate::world::{
    attempt, begin, cases, close, delivered, everything, lead, new_lead, now, open, owed, settings,
    settle, shop,
};

/// Something that happens.
#[derive(Clone, Debug)]
enum Deed {
    Accept {
        held: bool,
        two: bool,
        key: Option<(u8, u8)>,
    },
    Begin(Index),
    /// Ends the latest attempt, or one before it, as somebody would who was believed dead.
    Settle {
        whose: Index,
        ending: Ending,
        paused: bool,
        stale: bool,
    },
    Ask(Index, Asked),
    Erase(Index),
    Orphan(Index),
    Snapshot,
    Restart(Restart),
}

/// How the process ends, and what the next one finds.
#[derive(Clone, Debug)]
enum Restart {
    Stopped,
    Died,
    /// Died, and the index is as it was at the last start: everything since is in the journal only.
    DiedWithOldIndex,
    /// The machine died: nothing but snapshot and journal counts, and of the last segment any part may be gone.
    PowerCut(Option<Index>),
    /// A backup, on another machine.
    Restored,
}

fn any_deed() -> impl Strategy<Value = Deed> {
    let ending = prop::sample::select(vec![
        Ending::Delivered,
        Ending::Rejected,
        Ending::Unreachable,
        Ending::TimedOut,
    ]);
    let asked = prop::sample::select(vec![Asked::Resend, Asked::Release, Asked::Discard]);
    prop_oneof![
        6 => (prop::bool::weighted(0.2), any::<bool>(), prop::option::of((0_u8..2, 0_u8..3)))
            .prop_map(|(held, two, key)| Deed::Accept { held, two, key }),
        6 => any::<Index>().prop_map(Deed::Begin),
        6 => (any::<Index>(), ending, any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(whose, ending, paused, stale)| Deed::Settle { whose, ending, paused, stale }),
        4 => (any::<Index>(), asked).prop_map(|(whose, asked)| Deed::Ask(whose, asked)),
        1 => any::<Index>().prop_map(Deed::Erase),
        1 => any::<Index>().prop_map(Deed::Orphan),
        2 => Just(Deed::Snapshot),
        3 => any_restart().prop_map(Deed::Restart),
    ]
}

fn any_restart() -> impl Strategy<Value = Restart> {
    prop_oneof![
        1 => Just(Restart::Stopped),
        1 => Just(Restart::Died),
        2 => Just(Restart::DiedWithOldIndex),
        3 => prop::option::of(any::<Index>()).prop_map(Restart::PowerCut),
        1 => Just(Restart::Restored),
    ]
}

/// A store and its model, and what the model was after each group.
struct Pair {
    home: TempDir,
    store: Option<Store>,
    model: Model,
    submissions: i64,
    /// The last group on the disk, with the model after it.
    history: Vec<(u64, Model)>,
    /// The last group at the last start: what was before is safe from a cut.
    started_at: u64,
    old_index: Option<TempDir>,
}

impl Pair {
    fn new() -> Self {
        let home = directory();
        Self {
            store: Some(open(home.path())),
            home,
            model: Model::default(),
            submissions: 0,
            history: vec![(0, Model::default())],
            started_at: 0,
            old_index: None,
        }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().expect("it is open")
    }

    async fn run(mut self, deeds: Vec<Deed>) -> Result<(), TestCaseError> {
        for deed in deeds {
            self.step(deed).await?;
            let last = self.last_group();
            self.history.push((last, self.model.clone()));
        }
        self.compare().await?;
        self.restart(Restart::PowerCut(None)).await
    }

    async fn step(&mut self, deed: Deed) -> Result<(), TestCaseError> {
        match deed {
            Deed::Accept { held, two, key } => self.accept((held, two), key).await?,
            Deed::Snapshot => self.store().snapshot().await.expect("a snapshot"),
            Deed::Restart(restart) => self.restart(restart).await?,
            _ if self.model.leads.is_empty() => {}
            Deed::Begin(whose) => {
                let id = self.delivery(whose);
                let number = begin(self.store(), id).await;
                prop_assert_eq!(number, self.duty(id).begin());
            }
            Deed::Settle {
                whose,
                ending,
                paused,
                stale,
            } => {
                let id = self.delivery(whose);
                let number = self.duty(id).attempts.saturating_sub(u32::from(stale));
                let settled = settle(self.store(), id, (number, paused), outcome(ending)).await;
                let record = attempt(number, &outcome(ending));
                let recorded = self.duty(id).settle(record, ending, paused);
                prop_assert_eq!(matches!(settled, Settled::Recorded(_)), recorded);
            }
            Deed::Ask(whose, asked) => self.ask(whose, asked).await?,
            Deed::Erase(whose) => {
                let lead = whose.index(self.model.leads.len());
                let id = self.model.leads[lead].lead.id;
                let erased = self.store().erase(id, now()).await.expect("answered");
                prop_assert!(matches!(erased, Ordered::Done(_)));
                self.model.erase(lead);
            }
            Deed::Orphan(whose) => {
                let lead = whose.index(self.model.leads.len());
                let id = self.model.leads[lead].lead.id;
                let gone = move |status: &leadgate::store::Status, _: &_| {
                    let cause = Cause::DestinationGone {
                        destination: "shop".into(),
                    };
                    (status.lead == id).then_some(cause)
                };
                let gone = self.store().orphan(gone).await.expect("answered");
                prop_assert_eq!(gone, self.model.orphan(lead));
            }
        }
        Ok(())
    }

    async fn accept(
        &mut self,
        (held, two): (bool, bool),
        key: Option<(u8, u8)>,
    ) -> Result<(), TestCaseError> {
        self.submissions += 1;
        let lead = lead(self.submissions);
        let mut targets = vec![(shop(), Create::Order)];
        targets.extend(two.then(|| (shop(), Create::Customer)));
        let duties = targets.len();
        let new = NewLead {
            held: held.then_some(HeldReason::Honeypot),
            targets,
            key: key.map(|(key, content)| IdempotencyKey {
                text: format!("key {key}"),
                content_hash: [content; 32],
            }),
            ..new_lead(lead.clone())
        };
        let id = lead.id;
        let expected = match self.model.accept(lead, (held, duties), key) {
            Some(known) => Accepted::Repeated(self.model.leads[known].lead.id),
            None => Accepted::New(id),
        };
        let accepted = self.store().accept(new).await.expect("accepted");
        prop_assert_eq!(accepted, expected);
        Ok(())
    }

    async fn ask(&mut self, whose: Index, asked: Asked) -> Result<(), TestCaseError> {
        let lead = whose.index(self.model.leads.len());
        let id = self.model.leads[lead].lead.id;
        let order = match asked {
            Asked::Resend => Order::Resend,
            Asked::Release => Order::Release,
            Asked::Discard => Order::Discard,
        };
        let answer = self
            .store()
            .order(id, order, now())
            .await
            .expect("answered");
        let changed = match answer {
            Ordered::Done(_) => Some(true),
            Ordered::Conflict(_) => Some(false),
            Ordered::Unknown => None,
        };
        prop_assert_eq!(changed, self.model.ask(lead, asked));
        Ok(())
    }

    /// One of all deliveries.
    fn delivery(&self, whose: Index) -> DeliveryId {
        let ids = self.model.leads.iter().flat_map(|kept| {
            let lead = kept.lead.id;
            (0..)
                .zip(&kept.duties)
                .map(move |(ordinal, _)| DeliveryId { lead, ordinal })
        });
        *whose.get(&ids.collect::<Vec<_>>())
    }

    fn duty(&mut self, id: DeliveryId) -> &mut Duty {
        let mut leads = self.model.leads.iter_mut();
        let kept = leads.find(|kept| kept.lead.id == id.lead).expect("there");
        &mut kept.duties[usize::from(id.ordinal)]
    }

    fn last_group(&self) -> u64 {
        let newest = segments(self.home.path()).pop();
        let last = newest.and_then(|(_, path)| {
            let bytes = fs::read(path).expect("readable");
            frames(&bytes).last().map(|(group, _)| *group)
        });
        // A snapshot may have taken the whole journal away.
        last.unwrap_or(0)
            .max(self.history.last().map_or(0, |(group, _)| *group))
    }

    async fn restart(&mut self, restart: Restart) -> Result<(), TestCaseError> {
        let home = self.home.path().to_owned();
        let marks = Marks::read(&home);
        close(self.store.take().expect("it is open")).await;
        let index = directory();
        copy_all(&index_in_use(&home), index.path());
        let mut old_index = None;
        match restart {
            Restart::Stopped => old_index = Some(index),
            Restart::Died => {
                marks.write(&home);
                old_index = Some(index);
            }
            Restart::DiedWithOldIndex => {
                marks.write(&home);
                if let Some(old) = self.old_index.take() {
                    fs::remove_dir_all(index_in_use(&home)).expect("removed");
                    copy_all(old.path(), &home.join("sled"));
                }
            }
            Restart::PowerCut(cut) => {
                marks.write(&home);
                as_after_a_power_cut(&home);
                if let Some(cut) = cut {
                    self.cut(cut);
                }
            }
            Restart::Restored => {
                let other = directory();
                let file = home.join("backup");
                backup(&settings(&home), &file, Existing::Keep).expect("made");
                restore(&settings(other.path()), &file).expect("restored");
                self.home = other;
                self.model.restore();
            }
        }
        self.old_index = old_index;
        self.started_at = self.last_group();
        // The doctor has no other opinion, whatever was done and however it ended.
        let found = examine(&settings(self.home.path())).expect("examined");
        prop_assert!(found.is_sound(), "{:?}", found);
        self.store = Some(open(self.home.path()));
        self.compare().await
    }

    /// Cuts the last segment anywhere, and the model with it.
    fn cut(&mut self, cut: Index) {
        let segment = segments(self.home.path()).pop();
        let Some((first, path)) = segment.filter(|(first, _)| *first > self.started_at) else {
            return;
        };
        let mut kept = first - 1;
        change(&path, |bytes| {
            let cut = cut.index(bytes.len() + 1);
            let whole = frames(bytes)
                .into_iter()
                .filter(|(_, range)| range.end <= cut);
            kept = whole.map(|(group, _)| group).max().unwrap_or(kept);
            bytes.truncate(cut);
        });
        self.history.retain(|(group, _)| *group <= kept);
        self.model = self.history.last().expect("the beginning").1.clone();
    }

    async fn compare(&self) -> Result<(), TestCaseError> {
        let store = self.store();
        let all = everything(store).await;
        let expected: Vec<_> = self.model.leads.iter().map(|kept| kept.lead.id).collect();
        let ids: Vec<_> = all.iter().map(|stored| stored.lead.id).collect();
        prop_assert_eq!(ids, expected);
        for (stored, kept) in all.iter().zip(&self.model.leads) {
            if kept.is_erased {
                prop_assert!(stored.lead.fields.is_empty() && stored.lead.contact.phone.is_none());
            } else {
                prop_assert_eq!(&stored.lead, &kept.lead);
            }
            prop_assert_eq!(stored.status.erased_at.is_some(), kept.is_erased);
            let mut duties = Vec::new();
            for delivery in &stored.status.deliveries {
                let log = store.attempts(delivery.id).await.expect("read");
                duties.push(Duty::of(delivery, log));
            }
            prop_assert_eq!(&duties, &kept.duties);
        }
        prop_assert_eq!(owed(store), self.model.owed().collect::<HashSet<_>>());
        for state in [
            State::Failed,
            State::Held,
            State::Queued,
            State::Sending,
            State::Retrying,
        ] {
            let of_state = all.iter().filter(|lead| lead.status.state() == state);
            prop_assert_eq!(store.count(state), of_state.count());
        }
        Ok(())
    }
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn outcome(ending: Ending) -> Outcome {
    let cause = || Cause::TimedOut { after_s: 30 };
    let failed = |kind| Err(Failure::new(kind, cause()));
    match ending {
        Ending::Delivered => delivered(7),
        Ending::Rejected => failed(FailureKind::Rejected),
        Ending::Unreachable => failed(FailureKind::Transient { retry_after: None }),
        Ending::TimedOut => failed(FailureKind::Unknown { retry_after: None }),
    }
}

/// The marks as a running process has them: a death leaves these.
struct Marks([(&'static str, Option<Vec<u8>>); 2]);

impl Marks {
    fn read(home: &Path) -> Self {
        Self(
            ["mark.json", "mark.distrusted.json"]
                .map(|name| (name, fs::read(home.join(name)).ok())),
        )
    }

    fn write(&self, home: &Path) {
        for (name, bytes) in &self.0 {
            match bytes {
                Some(bytes) => fs::write(home.join(name), bytes).expect("written"),
                None => drop(fs::remove_file(home.join(name))),
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn the_store_holds_what_the_model_holds_after_any_deeds_and_crashes(
        deeds in prop::collection::vec(any_deed(), 1..40),
    ) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(Pair::new().run(deeds))?;
    }
}
