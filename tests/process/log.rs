//! What a child process says on its error stream, line by line, to wait on and to show when a test fails.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// The lines so far, and the event of the next one.
#[derive(Clone)]
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    count: watch::Receiver<usize>,
}

impl Log {
    /// Reads the stream to its end on a thread of its own.
    pub(crate) fn of(stream: impl Read + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (sender, count) = watch::channel(0);
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
                sender.send_modify(|count| *count += 1);
            }
        });
        Self { lines, count }
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether a line so far holds this text.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }

    /// The first line with this text, from the line numbered `from` on; `None` when the stream ends without one.
    ///
    /// # Panics
    /// When none comes in time.
    pub(crate) async fn line_from(
        &self,
        from: usize,
        text: &str,
        patience: Duration,
    ) -> Option<String> {
        let deadline = Instant::now() + patience;
        let mut count = self.count.clone();
        loop {
            count.borrow_and_update();
            let lines = self.lines();
            if let Some(found) = lines.iter().skip(from).find(|line| line.contains(text)) {
                return Some(found.clone());
            }
            match timeout_at(deadline, count.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_ended)) if self.lines().len() == lines.len() => return None,
                Ok(Err(_ended)) => {}
                Err(_late) => panic!(
                    "no line with {text:?} in {patience:?}:\n{}",
                    lines.join("\n")
                ),
            }
        }
    }

    /// Waits until every process that holds the other end has closed it.
    pub(crate) async fn end(&self, patience: Duration) {
        let mut count = self.count.clone();
        let ended = async { while count.changed().await.is_ok() {} };
        tokio::time::timeout(patience, ended)
            .await
            .expect("the stream ends");
    }

    /// Waits for the next line, but not longer than this.
    pub(crate) async fn next_line(&self, patience: Duration) {
        let mut count = self.count.clone();
        count.mark_unchanged();
        let _line_or_not = tokio::time::timeout(patience, count.changed()).await;
    }
}
