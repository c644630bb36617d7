//! The check of every destination against the config: at start, after every reload, and once an hour. It runs beside the deliveries, in what they
//! leave of the pace, and tells the admin and the log.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::delivery::{Cause, Failure};
use crate::destination::{Destination, Finding, Severity};
use crate::dispatch::Outlook;
use crate::lead::DestinationId;
use crate::telemetry::field;

/// How often an account is looked at.
const EVERY: Duration = Duration::from_secs(3600);

/// How soon one that could not be asked is asked again: twice as long after each time, up to a bound.
const AGAIN: Duration = Duration::from_secs(60);
const AGAIN_AT_MOST: Duration = Duration::from_secs(600);

/// What the latest checks of one destination have brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// When the account last answered; `None` while it never has.
    pub at: Option<Timestamp>,
    /// What was found then.
    pub findings: Vec<Finding>,
    /// Since when the account cannot be asked, and why; `None` when the latest check was answered.
    pub unanswered: Option<(Timestamp, Cause)>,
}

/// Who is checked. Checking ends when this is dropped.
pub struct Checks(watch::Sender<Vec<Arc<dyn Destination>>>);

impl Checks {
    /// Nobody is checked yet; the future does the checking and must be run.
    pub fn new(clock: Clock, outlook: Outlook) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, destinations) = watch::channel(Vec::new());
        (Self(sender), run(destinations, clock, outlook))
    }

    /// Makes these the destinations, and checks them at once.
    pub fn assign(&self, destinations: Vec<Arc<dyn Destination>>) {
        self.0.send_replace(destinations);
    }
}

async fn run(
    mut assigned: watch::Receiver<Vec<Arc<dyn Destination>>>,
    clock: Clock,
    outlook: Outlook,
) {
    loop {
        let destinations = assigned.borrow_and_update().clone();
        let each = destinations
            .iter()
            .map(|destination| keep_checking(destination.as_ref(), &clock, &outlook));
        // A check that is under way says nothing about the new config, so it ends with the old one.
        tokio::select! {
            () = forever(join_all(each)) => {}
            still = assigned.changed() => if still.is_err() { return },
        }
    }
}

/// Runs a future for its effects.
async fn forever(work: impl Future<Output = Vec<()>>) {
    work.await;
    std::future::pending::<()>().await;
}

async fn keep_checking(destination: &dyn Destination, clock: &Clock, outlook: &Outlook) {
    let mut again = AGAIN;
    loop {
        let answer = destination.check().await;
        let before = outlook.checked(destination.id());
        let rest = match &answer {
            Ok(_) => EVERY,
            // The first that can do without is the check.
            Err(failure) if failure.cause == Cause::RateLimited => EVERY,
            Err(_) => again,
        };
        again = if answer.is_ok() {
            AGAIN
        } else {
            (again * 2).min(AGAIN_AT_MOST)
        };
        let after = Checked::after(&before, answer, clock.now());
        tell(destination.id(), &before, &after);
        outlook.note_check(destination.id(), after);
        clock.sleep(rest).await;
    }
}

impl Checked {
    fn after(before: &Self, answer: Result<Vec<Finding>, Failure>, now: Timestamp) -> Self {
        match answer {
            Ok(findings) => Self {
                at: Some(now),
                findings,
                unanswered: None,
            },
            Err(failure) => {
                let since = before.unanswered.as_ref().map_or(now, |(since, _)| *since);
                Self {
                    unanswered: Some((since, failure.cause)),
                    ..before.clone()
                }
            }
        }
    }
}

/// Logs what has changed: every finding once, and once more when it is mended.
fn tell(id: &DestinationId, before: &Checked, after: &Checked) {
    let destination = id.as_str();
    for finding in after
        .findings
        .iter()
        .filter(|finding| !before.findings.contains(finding))
    {
        tracing::warn!(
            { field::DESTINATION } = destination,
            { field::KEY_PATH } = finding.key_path,
            severity = match finding.severity {
                Severity::Problem => "problem",
                Severity::Warning => "warning",
            },
            "the config and the account disagree: {}; {}",
            finding.message.en,
            finding.remedy.en
        );
    }
    for finding in before
        .findings
        .iter()
        .filter(|finding| !after.findings.contains(finding))
    {
        tracing::info!(
            { field::DESTINATION } = destination,
            { field::KEY_PATH } = finding.key_path,
            "no longer found: {}",
            finding.message.en
        );
    }
    match (&before.unanswered, &after.unanswered) {
        (None, Some((_, cause))) => tracing::warn!(
            { field::DESTINATION } = destination,
            cause = cause.word(),
            "the account cannot be asked whether the config fits it"
        ),
        (Some(_), None) => tracing::info!(
            { field::DESTINATION } = destination,
            "the account answers again and was compared with the config"
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Mutex, PoisonError};

    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::delivery::{FailureKind, Lane, Receipt};
    use crate::destination::preview::Preview;
    use crate::destination::{Bilingual, Claim, Report};

    /// A destination whose check answers what the test says.
    struct Scripted {
        id: DestinationId,
        answer: Mutex<Result<Vec<Finding>, Failure>>,
        asked: watch::Sender<usize>,
    }

    impl Scripted {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                id: DestinationId::parse("shop").expect("an id"),
                answer: Mutex::new(Ok(Vec::new())),
                asked: watch::Sender::new(0),
            })
        }

        fn says(&self, answer: Result<Vec<Finding>, Failure>) {
            *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
        }
    }

    impl Destination for Scripted {
        fn id(&self) -> &DestinationId {
            &self.id
        }

        fn kind(&self) -> &'static str {
            "scripted"
        }

        fn deliver<'a>(&'a self, _lane: Lane, _claims: &'a [Claim]) -> BoxFuture<'a, Vec<Report>> {
            std::future::pending().boxed()
        }

        fn preview(&self, _: &Claim) -> Result<Preview, Failure> {
            unreachable!("no check asks for a preview")
        }

        fn most_at_once(&self) -> usize {
            1
        }

        fn probe(&self) -> BoxFuture<'_, Result<(), Failure>> {
            async { Ok(()) }.boxed()
        }

        fn is_ours(&self, _: &Receipt) -> bool {
            true
        }

        fn check(&self) -> BoxFuture<'_, Result<Vec<Finding>, Failure>> {
            self.asked.send_modify(|times| *times += 1);
            let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
            std::future::ready(answer.clone()).boxed()
        }
    }

    fn finding(path: &str) -> Finding {
        Finding {
            key_path: path.to_owned(),
            severity: Severity::Problem,
            message: Bilingual::new("нет такого поля", "no such field"),
            instead: None,
            remedy: Bilingual::new("заведите", "add it"),
        }
    }

    /// What is logged, as text.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        fn count(&self, text: &str) -> usize {
            let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            String::from_utf8_lossy(&bytes).matches(text).count()
        }
    }

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Lets the checks run until they have asked so often in all and wait again.
    async fn until_asked(destination: &Scripted, times: usize) {
        let mut asked = destination.asked.subscribe();
        asked
            .wait_for(|count| *count >= times)
            .await
            .expect("a running check");
        // On one thread: what follows the answer is done when nothing else is left to do.
        tokio::task::yield_now().await;
    }

    #[tokio::test]
    async fn each_finding_is_logged_once_and_once_more_when_it_is_mended() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let (clock, outlook) = (Clock::system(), Outlook::default());
        let (checks, checking) = Checks::new(clock.clone(), outlook.clone());
        let checking = tokio::spawn(checking);
        let destination = Scripted::new();

        destination.says(Ok(vec![finding("a"), finding("b")]));
        checks.assign(vec![Arc::clone(&destination) as Arc<dyn Destination>]);
        until_asked(&destination, 1).await;
        clock.advance(EVERY);
        until_asked(&destination, 2).await;
        assert_eq!(lines.count("disagree"), 2, "not each hour anew");

        destination.says(Ok(vec![finding("b"), finding("c")]));
        clock.advance(EVERY);
        until_asked(&destination, 3).await;
        assert_eq!(lines.count("disagree"), 3);
        assert_eq!(lines.count("no longer found"), 1);

        let lost = Failure::new(
            FailureKind::Unknown { retry_after: None },
            Cause::TimedOut { after_s: 30 },
        );
        destination.says(Err(lost));
        clock.advance(EVERY);
        until_asked(&destination, 4).await;
        clock.advance(AGAIN);
        until_asked(&destination, 5).await;
        assert_eq!(lines.count("cannot be asked"), 1);
        let checked = outlook.checked(&destination.id);
        assert_eq!(checked.findings.len(), 2, "what was found stays");
        assert!(checked.at < checked.unanswered.map(|(since, _)| since));

        checks.assign(vec![Arc::clone(&destination) as Arc<dyn Destination>]);
        until_asked(&destination, 6).await;
        drop(checks);
        checking
            .await
            .expect("it ends when nobody assigns any more");
    }
}
