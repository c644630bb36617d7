//! Visitors in numbers: each sends one submission after another, and sends it again with the same `_id` when the connection breaks, as
//! `leadgate.js` does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::client::Client;

/// Which lead ids each `_id` was ever answered.
pub(crate) type Answered = BTreeMap<String, BTreeSet<String>>;

/// The visitors, at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    gate: watch::Sender<Option<Client>>,
    answers: watch::Receiver<usize>,
    visitors: JoinSet<Answered>,
}

struct Shared {
    /// How many new submissions may be begun.
    budget: Semaphore,
    is_over: AtomicBool,
    next: AtomicU32,
    answers: watch::Sender<usize>,
}

impl Load {
    /// So many visitors, who wait for a gate and for a budget.
    pub(crate) fn start(visitors: usize) -> Self {
        let (gate, gates) = watch::channel(None);
        let (sender, answers) = watch::channel(0);
        let shared = Arc::new(Shared {
            budget: Semaphore::new(0),
            is_over: AtomicBool::new(false),
            next: AtomicU32::new(0),
            answers: sender,
        });
        let mut tasks = JoinSet::new();
        for _ in 0..visitors {
            tasks.spawn(visit(Arc::clone(&shared), gates.clone()));
        }
        Self {
            shared,
            gate,
            answers,
            visitors: tasks,
        }
    }

    /// Where to send to from now on.
    pub(crate) fn send_to(&self, client: &Client) {
        self.gate.send_replace(Some(client.clone()));
    }

    /// Lets so many more submissions begin.
    pub(crate) fn allow(&self, submissions: usize) {
        self.shared.budget.add_permits(submissions);
    }

    /// Counts answers.
    pub(crate) fn answers(&self) -> watch::Receiver<usize> {
        self.answers.clone()
    }

    /// How many submissions have begun.
    pub(crate) fn begun(&self) -> usize {
        self.shared.next.load(Ordering::SeqCst) as usize
    }

    /// Begins nothing new, waits until everything begun is answered, and tells what was.
    pub(crate) async fn finish(mut self) -> Answered {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.shared.budget.close();
        let mut all = Answered::new();
        while let Some(answered) = self.visitors.join_next().await {
            for (id, leads) in answered.expect("no visitor panicked") {
                all.entry(id).or_default().extend(leads);
            }
        }
        all
    }
}

async fn visit(shared: Arc<Shared>, mut gates: watch::Receiver<Option<Client>>) -> Answered {
    let mut answered = Answered::new();
    while let Ok(permit) = shared.budget.acquire().await {
        permit.forget();
        if shared.is_over.load(Ordering::SeqCst) {
            break;
        }
        let number = shared.next.fetch_add(1, Ordering::SeqCst);
        let id = format!("visit-{number}");
        let phone = format!("+7912{number:07}");
        let comment = format!("comment of {id}");
        let fields = [
            ("_id", id.as_str()),
            ("name", "Анна"),
            ("phone", &phone),
            ("comment", &comment),
        ];
        let leads = send(&mut gates, &fields).await;
        shared.answers.send_modify(|count| *count += 1);
        answered.insert(id, leads);
    }
    answered
}

/// Sends until it is answered, and once more now and then, as a double click does.
async fn send(
    gates: &mut watch::Receiver<Option<Client>>,
    fields: &[(&str, &str)],
) -> BTreeSet<String> {
    let wanted = if fields[0].1.ends_with('7') { 2 } else { 1 };
    let mut leads = BTreeSet::new();
    let mut answers = 0;
    loop {
        let gate = gates.borrow_and_update().clone();
        if let Some(gate) = gate {
            while let Ok(answer) = gate.try_post(crate::client::Wish::Json, fields).await {
                leads.insert(answer.lead());
                answers += 1;
                if answers == wanted {
                    return leads;
                }
            }
        }
        // It was killed; the next one is told of when it is there.
        gates.changed().await.expect("a further gate");
    }
}
