//! The only source of "now" and of waiting, so that tests can move time instead of sleeping.
//!
//! A [`Clock`] is the system's clock plus an offset. In production the offset is zero for ever; a test calls
//! [`Clock::advance`], which wakes everybody whose time has then come. Real time goes on
//! flowing under the offset, so paces and time-outs behave as they do in production.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// Tells the time and waits for it. Cheap to clone; clones share the offset.
#[derive(Clone, Debug)]
pub struct Clock {
    /// In nanoseconds. The time is read many times for each request, so that it must cost no lock.
    offset: Arc<AtomicU64>,
    moved: watch::Sender<()>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self {
            offset: Arc::default(),
            moved: watch::Sender::new(()),
        }
    }

    /// The current instant.
    pub fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the machine's clock"
        )]
        let system = Timestamp::now();
        let offset = SignedDuration::try_from(self.offset()).unwrap_or(SignedDuration::ZERO);
        system.checked_add(offset).unwrap_or(Timestamp::MAX)
    }

    /// A monotonic reading for measuring spans; it moves with [`Clock::advance`] but not with changes of the machine's date.
    pub fn monotonic(&self) -> Instant {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the machine's monotonic clock"
        )]
        let system = Instant::now();
        system + self.offset()
    }

    fn offset(&self) -> Duration {
        Duration::from_nanos(self.offset.load(Ordering::Relaxed))
    }

    /// Waits until `at`; returns at once when it has passed.
    pub async fn sleep_until(&self, at: Timestamp) {
        let mut moved = self.moved.subscribe();
        loop {
            moved.borrow_and_update();
            let Ok(remaining) = Duration::try_from(at.duration_since(self.now())) else {
                return;
            };
            if remaining.is_zero() {
                return;
            }
            self.wait(remaining, &mut moved).await;
        }
    }

    /// Waits for a span of this clock's time.
    pub async fn sleep(&self, span: Duration) {
        let mut moved = self.moved.subscribe();
        let end = self.monotonic() + span;
        loop {
            moved.borrow_and_update();
            let remaining = end.saturating_duration_since(self.monotonic());
            if remaining.is_zero() {
                return;
            }
            self.wait(remaining, &mut moved).await;
        }
    }

    /// Moves the time forward and wakes every sleeper whose time has come. For tests; production code never calls it.
    pub fn advance(&self, span: Duration) {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        self.offset.fetch_add(nanos, Ordering::Relaxed);
        // Under its lock: who has seen this move has seen the offset.
        self.moved.send_replace(());
    }

    async fn wait(&self, remaining: Duration, moved: &mut watch::Receiver<()>) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that waits on real time"
        )]
        let real = tokio::time::sleep(remaining);
        tokio::select! {
            () = real => {}
            // The sender lives in `self`, so a closed channel cannot be met here.
            _ = moved.changed() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_time_is_moved_past_its_end() {
        let clock = Clock::system();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(3600)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(3601));
        tokio::time::timeout(Duration::from_secs(10), sleeper)
            .await
            .expect("woken")
            .expect("no panic");
    }

    #[tokio::test]
    async fn moving_the_time_moves_both_readings_alike() {
        let clock = Clock::system();
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        clock.advance(Duration::from_secs(86_400));
        assert!(clock.now().duration_since(wall) >= SignedDuration::from_secs(86_400));
        assert!(clock.monotonic().duration_since(monotonic) >= Duration::from_secs(86_400));
    }
}
