//! What is done for the store by and by: a new index as soon as one turns out to be damaged, a look at the journal every minute, and every hour and
//! every day deliveries without a destination, old keys, snapshots, and leads whose time is over.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};

use crate::app::wanted::{Wanted, orphan};
use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// How often the journal is looked at. A damaged index is built anew so often at the most: a disk that spoils whatever is written to it must not
/// keep the machine busy.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How often everything else is done.
const EVERY: SignedDuration = SignedDuration::from_hours(1);

/// How often leads are purged. The first time is an hour after a start, which has enough to do.
const PURGE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Runs until the store stops.
pub(super) async fn run(store: Store, clock: Clock, wanted: Arc<ArcSwap<Wanted>>) {
    let mut damages = store.damages();
    let mut upkeep = Upkeep {
        round_at: clock.now(),
        snapshot_at: None,
        purged_at: None,
        may_shorten: true,
        store,
        wanted,
    };
    loop {
        let is_damaged = tokio::select! {
            () = clock.sleep(LOOK_EVERY) => false,
            _ = damages.changed() => true,
        };
        let done = match is_damaged {
            true => upkeep.mend(clock.now()).await,
            false => upkeep.look(clock.now()).await,
        };
        match done {
            Ok(()) => {}
            Err(StoreError::Stopped) => return,
            Err(error) => {
                upkeep.may_shorten = false;
                tracing::error!(%error, "upkeep failed; it is tried again in an hour");
            }
        }
        if is_damaged {
            clock.sleep(LOOK_EVERY).await;
        }
    }
}

/// When what was done last.
struct Upkeep {
    store: Store,
    wanted: Arc<ArcSwap<Wanted>>,
    /// The last hourly round, or the start.
    round_at: Timestamp,
    snapshot_at: Option<Timestamp>,
    purged_at: Option<Timestamp>,
    /// Not when it failed since the last round: the disk has no room, mostly.
    may_shorten: bool,
}

impl Upkeep {
    async fn look(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if now.duration_since(self.round_at) >= EVERY {
            self.round_at = now;
            self.may_shorten = true;
            return self.round(now).await;
        }
        if self.may_shorten && self.store.shorten_journal().await? {
            self.snapshot_at = Some(now);
        }
        Ok(())
    }

    async fn round(&mut self, now: Timestamp) -> Result<(), StoreError> {
        // First: what follows reads the index.
        self.mend(now).await?;
        if let Err(error) = orphan(&self.store, &self.wanted).await {
            tracing::error!(%error, "deliveries without a destination could not be looked for");
        }
        // Before the rest: a purge makes a snapshot of its own.
        self.purge(now).await?;
        let done = self.store.upkeep(now, self.snapshot_at).await?;
        if done.snapshot {
            self.snapshot_at = Some(now);
        }
        tracing::debug!(
            snapshot = done.snapshot,
            keys_forgotten = done.keys_forgotten,
            "upkeep done"
        );
        Ok(())
    }

    async fn mend(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.store.mend().await? {
            self.snapshot_at = Some(now);
        }
        Ok(())
    }

    /// Once a day.
    async fn purge(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self
            .purged_at
            .is_some_and(|at| now.duration_since(at) < PURGE_EVERY)
        {
            return Ok(());
        }
        let keep = self.wanted.load().keep;
        let purged = self.store.purge(keep, now).await?;
        self.purged_at = Some(now);
        if purged.all() > 0 {
            tracing::info!(
                delivered = purged.delivered,
                discarded = purged.discarded,
                failed = purged.failed,
                held = purged.held,
                "leads were removed whose keeping time is over (store.keep)"
            );
        }
        Ok(())
    }
}
