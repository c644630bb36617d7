//! Who is told when a person is needed: a destination is paused or back, a lead failed, a lead waits too long.
//!
//! ```text
//!  outlook, failures, waiting -> watch -> events -> one outgoing per channel -> letter -> mail | webhook | the CRM's own notifications
//! ```
//!
//! - Each channel carries at most one message in the span `alerts.digest`: the first event leaves at once, the rest is gathered into counts.
//! - A message that cannot be sent is tried again for ever, with growing waits; meanwhile the admin and the log say so. Leads are not concerned.
//! - Alerts hold ids, counts and causes in our own words; nothing that a visitor typed.
//! - The state is kept in a file (`memory`), so a restart neither repeats what has been told nor loses what has not.

mod board;
mod channel;
mod email;
mod event;
mod gathered;
mod lane;
mod letter;
mod memory;
mod outgoing;
mod reason;
mod settings;
mod signature;
mod watch;
mod webhook;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use jiff::tz::TimeZone;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use url::Url;

pub use board::{ChannelView, TestRun, Trouble};
pub use settings::{Email, MailAddress, Settings, Tls, Webhook};
pub use signature::SigningKey;

use board::Board;
use channel::Channel;
use email::Mailer;
use letter::{Desk, Letter};
use memory::MemoryFile;
use outgoing::new_id;
use worker::{Assignment, Command, Sources, Worker};

use crate::clock::Clock;
use crate::destination::Destination;
use crate::dispatch::Outlook;
use crate::store::Store;

/// The alerts of a gate. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Alerts {
    commands: mpsc::UnboundedSender<Command>,
    board: Arc<Board>,
    test: Arc<ArcSwap<Option<TestParts>>>,
    clock: Clock,
    /// Where sending runs, also when an HTTP worker with a runtime of its own asks for a test.
    runtime: Handle,
}

/// What a test needs.
#[derive(Clone)]
struct TestParts {
    channels: Vec<Arc<Channel>>,
    desk: Desk,
}

impl Alerts {
    /// Begins to watch; [`Alerts::assign`] says who is told. `file` is where the state is kept. Inside a tokio runtime.
    pub fn start(store: Store, outlook: Outlook, clock: Clock, file: PathBuf) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let board = Arc::new(Board::default());
        let sources = Sources {
            store,
            outlook,
            clock: clock.clone(),
        };
        let worker = Worker::new(sources, MemoryFile::open(file), inbox, Arc::clone(&board));
        tokio::spawn(worker.run());
        Self {
            commands,
            board,
            test: Arc::default(),
            clock,
            runtime: Handle::current(),
        }
    }

    /// Takes the settings of a config, at the start and after a reload. What is on its way by a channel that stays is kept. `place` is the address
    /// for links and the zone of times.
    pub fn assign(
        &self,
        settings: &Settings,
        destinations: &[Arc<dyn Destination>],
        (public_url, zone): (&Url, &TimeZone),
    ) {
        let email = settings.email.iter();
        let email = email.map(|email| {
            let mailer = Mailer::new(email.clone(), public_url);
            Channel::Email(Box::new(mailer))
        });
        let webhooks = settings.webhooks.iter().map(Channel::webhook);
        let is_named = |each: &&Arc<dyn Destination>| settings.destinations.contains(each.id());
        let crms = destinations.iter().filter(is_named);
        let crms = crms.map(|destination| Channel::Crm(Arc::clone(destination)));
        let channels: Vec<Arc<Channel>> = email.chain(webhooks).chain(crms).map(Arc::new).collect();
        let desk = Desk {
            language: settings.language,
            public_url: public_url.clone(),
            zone: zone.clone(),
        };
        self.test.store(Arc::new(Some(TestParts {
            channels: channels.clone(),
            desk: desk.clone(),
        })));
        // At once, so that the admin need not wait for the worker's next round, which also knows the troubles.
        let names = channels.iter().map(|channel| channel.name());
        self.board.show(names.map(ChannelView::new).collect());
        let assignment = Assignment {
            channels,
            desk,
            digest: settings.digest,
            waiting_longer_than: settings.waiting_longer_than,
            destinations: destinations.iter().map(|each| each.id().clone()).collect(),
        };
        // A worker that has ended takes no more orders: the gate is stopping.
        drop(self.commands.send(Command::Assign(Box::new(assignment))));
    }

    /// The channels with their troubles.
    pub fn channels(&self) -> Arc<Vec<ChannelView>> {
        self.board.channels()
    }

    /// How the last test of this process went.
    pub fn last_test(&self) -> Option<Arc<TestRun>> {
        self.board.last_test()
    }

    /// Sends a test by every channel now, once, without waiting for the digest. Takes up to a minute when a server is silent.
    pub async fn send_test(&self) {
        let at = self.clock.now();
        let Some(parts) = self.test.load().as_ref().clone() else {
            return;
        };
        let letter = Letter::test(new_id(), at, &parts.desk);
        let sending = self.runtime.spawn(async move {
            let tries = parts.channels.iter().map(async |channel| {
                let sent = channel.send(&letter, at).await;
                (channel.name(), sent.map_err(|not_sent| not_sent.error))
            });
            join_all(tries).await
        });
        match sending.await {
            Ok(results) => self.board.tested(TestRun { at, results }),
            Err(error) => tracing::error!(%error, "a test of the alerts was broken off"),
        }
    }

    /// Ends. What has not left is kept for the next start.
    pub async fn stop(&self) {
        let (done, is_done) = oneshot::channel();
        if self.commands.send(Command::Stop(done)).is_ok() {
            // Dropped unanswered when the worker had ended already.
            drop(is_done.await);
        }
    }
}

#[cfg(test)]
mod tests;
