//! The simulator's own clock. It stands for a server somewhere else, so it lives in real time and may not use the
//! gate's `Clock`; this file is the one place of `simulator/` where time is read or waited for.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How RetailCRM writes an instant: no zone, read in the time zone of the account.
pub(super) const DATE_TIME: &str = "%Y-%m-%d %H:%M:%S";

/// Monotonic time since the simulator was started.
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "a simulated remote server lives in real time"
    )]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The present moment as the account would write it.
#[expect(
    clippy::disallowed_methods,
    reason = "a simulated remote server lives in real time"
)]
pub(super) fn now_in(zone: &TimeZone) -> String {
    Timestamp::now()
        .to_zoned(zone.clone())
        .strftime(DATE_TIME)
        .to_string()
}

/// Holds an answer back, as a slow network or a slow server would.
#[expect(
    clippy::disallowed_methods,
    reason = "a simulated remote server lives in real time"
)]
pub(super) async fn wait(span: Duration) {
    if !span.is_zero() {
        tokio::time::sleep(span).await;
    }
}
