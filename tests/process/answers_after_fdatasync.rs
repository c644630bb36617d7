//! "A 200 or 303 means that the lead is on the disk": seen in the system calls of the running server under load.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use crate::client::{Client, Wish};
use crate::gate::Gate;
use crate::home::{Home, Setup};
use crate::strace::{self, Call};

const VISITORS: usize = 16;
const SUBMISSIONS: usize = 15;

/// What was answered to one submission; `text` stands in what was submitted and nowhere else.
struct Answered {
    request_id: String,
    text: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn between_the_journal_write_of_a_lead_and_its_answer_there_is_a_completed_fdatasync() {
    if !strace::is_there() {
        return;
    }
    let home = Home::new(&Setup::without_crm());
    let trace = "trace=pwrite64,fdatasync,write,writev,sendto,sendmsg";
    let process = strace::serve(&home, &["--seccomp-bpf", "-e", trace]);
    let Ok(gate) = Gate::ready(process).await else {
        panic!("no start under strace");
    };
    let mut visitors = JoinSet::new();
    for visitor in 0..VISITORS {
        visitors.spawn(visit(gate.client.clone(), visitor));
    }
    let answered: Vec<Answered> = visitors.join_all().await.into_iter().flatten().collect();
    gate.process.signal(rustix::process::Signal::TERM);
    assert_eq!(gate.process.exit_code().await, 0);

    let calls = strace::calls(&home, &gate.process).await;
    let mut synced_by = BTreeSet::new();
    for answered in &answered {
        synced_by.insert(sync_before(answered, &calls));
    }
    assert_eq!(answered.len(), VISITORS * SUBMISSIONS * 2);
    let syncs = synced_by.len();
    println!(
        "{} answers, each after one of {syncs} calls of fdatasync",
        answered.len()
    );
    assert!(syncs < answered.len(), "groups share a call");
}

/// Posts alternately as a script and as a browser, and everything twice with the same `_id`, which is answered a second time.
async fn visit(client: Client, visitor: usize) -> Vec<Answered> {
    let mut all = Vec::new();
    for number in 0..SUBMISSIONS {
        let text = format!("submission {number} of visitor {visitor}, with a dot behind.");
        let (wish, status) = match number % 2 {
            0 => (Wish::Json, 200),
            _ => (Wish::Page, 303),
        };
        let fields = [
            ("_id", text.as_str()),
            ("phone", "+79123456789"),
            ("comment", &text),
        ];
        let (first, second) = tokio::join!(
            client.try_post(wish, &fields),
            client.try_post(wish, &fields)
        );
        for answer in [first, second] {
            let answer = answer.expect("answered");
            assert_eq!(answer.status, status, "{answer:?}");
            assert_eq!(answer.location.is_some(), status == 303, "{answer:?}");
            all.push(Answered {
                request_id: answer.request_id,
                text: text.clone(),
            });
        }
    }
    all
}

/// The call of fdatasync (by the line of its beginning) that lies between the write of the lead to the journal and its answer.
fn sync_before(answered: &Answered, calls: &[Call]) -> usize {
    let Answered { request_id, text } = answered;
    let answer = calls
        .iter()
        .find(|call| call.data.starts_with(b"HTTP/1.1 ") && call.holds(request_id));
    let answer = answer.unwrap_or_else(|| panic!("no answer to {text:?} in the trace"));
    let mut writes = calls
        .iter()
        .filter(|call| call.name == "pwrite64" && call.path.ends_with(".journal"))
        .filter(|call| call.holds(text));
    let write = writes.next();
    let write = write.unwrap_or_else(|| panic!("{text:?} was never written to a journal"));
    assert!(
        write.succeeded_before(answer.begun),
        "{text:?} was answered before it was written"
    );
    let (written, _) = write.ended.expect("it ended");
    let sync = calls.iter().find(|call| {
        call.name == "fdatasync"
            && call.path == write.path
            && call.begun > written
            && call.succeeded_before(answer.begun)
    });
    sync.unwrap_or_else(|| panic!("{text:?} was answered before fdatasync had returned"))
        .begun
}
