//! What is done for the store every hour and every day, and when its index is damaged: a new index, deliveries without a destination, old keys, snapshots, and leads whose time is over.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};

use crate::app::wanted::{Wanted, orphan};
use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// How often it is looked whether there is something to do.
const EVERY: Duration = Duration::from_secs(3600);

/// How often leads are purged. The first time is an hour after a start, which has enough to do.
const PURGE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Runs until the store stops.
pub(super) async fn run(store: Store, clock: Clock, wanted: Arc<ArcSwap<Wanted>>) {
    let (mut snapshot_at, mut purged_at) = (None, None);
    let mut damages = store.damages();
    loop {
        tokio::select! {
            () = clock.sleep(EVERY) => {}
            _ = damages.changed() => {}
        }
        if let Err(error) = orphan(&store, &wanted).await {
            tracing::error!(%error, "deliveries without a destination could not be looked for");
        }
        let mut now = (&mut snapshot_at, clock.now());
        let done = match mend(&store, &mut now).await {
            // Before the upkeep: a purge makes a snapshot of its own.
            Ok(()) => purge(&store, &wanted, (&mut purged_at, clock.now())).await,
            failed => failed,
        };
        let done = match done {
            Ok(()) => upkeep(&store, now).await,
            failed => failed,
        };
        match done {
            Ok(()) => {}
            Err(StoreError::Stopped) => return,
            Err(error) => tracing::error!(%error, "upkeep failed; it is tried again in an hour"),
        }
    }
}

/// First of all: what follows reads the index.
async fn mend(
    store: &Store,
    (snapshot_at, now): &mut (&mut Option<Timestamp>, Timestamp),
) -> Result<(), StoreError> {
    if store.mend().await? {
        **snapshot_at = Some(*now);
    }
    Ok(())
}

/// Once a day.
async fn purge(
    store: &Store,
    wanted: &ArcSwap<Wanted>,
    (purged_at, now): (&mut Option<Timestamp>, Timestamp),
) -> Result<(), StoreError> {
    if purged_at.is_some_and(|at| now.duration_since(at) < PURGE_EVERY) {
        return Ok(());
    }
    let keep = wanted.load().keep;
    let purged = store.purge(keep, now).await?;
    *purged_at = Some(now);
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

async fn upkeep(
    store: &Store,
    (snapshot_at, now): (&mut Option<Timestamp>, Timestamp),
) -> Result<(), StoreError> {
    let done = store.upkeep(now, *snapshot_at).await?;
    if done.snapshot {
        *snapshot_at = Some(now);
    }
    tracing::debug!(
        snapshot = done.snapshot,
        keys_forgotten = done.keys_forgotten,
        "upkeep done"
    );
    Ok(())
}
