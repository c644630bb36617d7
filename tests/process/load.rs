//! Visitors in numbers: each sends one submission after another, and sends it again with the same `_id` when the connection breaks, as
//! `leadgate.js` does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::acks::{Acks, Answered};
use crate::client::{Client, Wish};

/// The visitors, at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    gate: watch::Sender<Option<Client>>,
    answers: watch::Receiver<usize>,
    visitors: JoinSet<()>,
}

struct Shared {
    /// How many new submissions may be begun.
    budget: Semaphore,
    is_over: AtomicBool,
    next: AtomicU32,
    answers: watch::Sender<usize>,
    acks: Acks,
}

/// What the visitor with this number submits: everything of it can be told from the number, so a lead that has changed shows.
pub(crate) struct Visit {
    /// The `_id`.
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) phone: String,
    pub(crate) comment: String,
}

impl Visit {
    pub(crate) fn of(number: u32) -> Self {
        let id = format!("visit-{number}");
        Self {
            name: "Анна",
            phone: format!("+7912{number:07}"),
            comment: format!("comment of {id}"),
            id,
        }
    }

    /// The visit of this `_id`.
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        let number = id.strip_prefix("visit-")?;
        number.parse().ok().map(Self::of)
    }
}

impl Load {
    /// So many visitors, who wait for a gate and for a budget. What they are answered is noted in `acks`.
    pub(crate) fn start(visitors: usize, acks: Acks) -> Self {
        let (gate, gates) = watch::channel(None);
        let (sender, answers) = watch::channel(0);
        let shared = Arc::new(Shared {
            budget: Semaphore::new(0),
            is_over: AtomicBool::new(false),
            next: AtomicU32::new(0),
            answers: sender,
            acks,
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
        while let Some(visitor) = self.visitors.join_next().await {
            visitor.expect("no visitor panicked");
        }
        self.shared.acks.read()
    }
}

async fn visit(shared: Arc<Shared>, mut gates: watch::Receiver<Option<Client>>) {
    while let Ok(permit) = shared.budget.acquire().await {
        permit.forget();
        if shared.is_over.load(Ordering::SeqCst) {
            break;
        }
        let number = shared.next.fetch_add(1, Ordering::SeqCst);
        send(&mut gates, &Visit::of(number), &shared.acks).await;
        shared.answers.send_modify(|count| *count += 1);
    }
}

/// Sends until it is answered, and once more now and then, as a double click does.
async fn send(gates: &mut watch::Receiver<Option<Client>>, visit: &Visit, acks: &Acks) {
    let fields = [
        ("_id", visit.id.as_str()),
        ("name", visit.name),
        ("phone", &visit.phone),
        ("comment", &visit.comment),
    ];
    let wanted = if visit.id.ends_with('7') { 2 } else { 1 };
    let mut answers = 0;
    loop {
        let gate = gates.borrow_and_update().clone();
        if let Some(gate) = gate {
            // A gate that cannot store says so; the next one is asked.
            while let Ok(answer) = gate.try_post(Wish::Json, &fields).await
                && answer.status != 503
            {
                acks.note(&visit.id, &answer.lead());
                answers += 1;
                if answers == wanted {
                    return;
                }
            }
        }
        // It was killed; the next one is told of when it is there.
        gates.changed().await.expect("a further gate");
    }
}
