//! What the log tells of an attempt, and what it never tells.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::delivery::{Cause, Failure, FailureKind, State};
use crate::dispatch::tests::{Reaction, World, is_of};

/// Where a test's log lines go.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("unpoisoned").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_the_trouble_and_the_field_and_never_quotes_what_was_typed() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::new();
    let refused = world.lead("+79120000001").await;
    let exhausted = world.lead("+79120000002").await;
    world
        .work(move |claim| {
            let said = "bad: \"Иван +79120000001\"".to_owned();
            if is_of(claim, refused) {
                let errors = vec![
                    ("customFields.city".to_owned(), said.clone()),
                    ("Иван +79120000001".to_owned(), said.clone()),
                ];
                let cause = Cause::Refused {
                    message: said,
                    errors,
                };
                return Reaction::Fail(Failure::new(FailureKind::Rejected, cause));
            }
            let cause = Cause::Unreadable { detail: said };
            Reaction::Fail(Failure::new(
                FailureKind::Unknown { retry_after: None },
                cause,
            ))
        })
        .await;
    world.until(refused, State::Failed).await;
    for _ in 0..2 {
        world.until(exhausted, State::Retrying).await;
        let attempts = world.delivery(exhausted).await.attempts;
        let mut changes = world.store.changes();
        world.clock.advance(Duration::from_secs(15));
        while world.delivery(exhausted).await.attempts == attempts {
            changes.changed().await.expect("a running store");
        }
    }
    world.until(exhausted, State::Failed).await;
    world.dispatcher.stop().await;
    let log = String::from_utf8(lines.0.lock().expect("unpoisoned").clone()).expect("UTF-8");
    for word in ["refused", "customFields.city", "unreadable", "gave_up"] {
        assert!(log.contains(word), "{word} is missing: {log}");
    }
    for typed in ["Иван", "79120000001"] {
        assert!(!log.contains(typed), "{typed} is quoted: {log}");
    }
}
