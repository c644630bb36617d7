//! The disk refuses, by injection: a write that is refused is taken back and answered 503; a failed fdatasync ends the process, and nobody
//! is thanked for what may be lost.

use rustix::process::Signal;

use crate::client::{Answer, Wish};
use crate::crm;
use crate::gate::{Gate, Process};
use crate::home::{Home, Setup};
use crate::strace;

/// The first segment of a new journal.
const SEGMENT: &str = "data/journal/00000000000000000001.journal";

/// A gate of a new home whose journal, and nothing else, is struck by this injection.
async fn struck(home: &Home, injection: &str) -> Gate {
    let segment = home.path(SEGMENT);
    let call = injection.split(':').next().expect("a call");
    let process = strace::serve(
        home,
        &[
            "-P",
            segment.to_str().expect("text"),
            "-e",
            &format!("trace={call}"),
            "-e",
            &format!("inject={injection}"),
        ],
    );
    Gate::ready(process)
        .await
        .unwrap_or_else(|_| panic!("no start under strace"))
}

/// Posts a lead that is held: so nothing but leads is written to the journal, and calls can be counted.
async fn post(gate: &Gate, number: usize) -> Result<Answer, reqwest::Error> {
    let comment = format!("comment {number}");
    let fields = [
        ("phone", "+79123456789"),
        ("comment", &comment),
        ("_gotcha", "x"),
    ];
    gate.client.try_post(Wish::Json, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_the_disk_refuses_is_answered_503_and_the_next_one_is_kept() {
    if !strace::is_there() {
        return;
    }
    let home = Home::new(&Setup::without_crm());
    let gate = struck(&home, "pwrite64:error=ENOSPC:when=3..4").await;
    let mut kept = Vec::new();
    let mut statuses = Vec::new();
    for number in 1..=6 {
        let answer = post(&gate, number).await.expect("answered");
        statuses.push(answer.status);
        match answer.status {
            200 => kept.push(answer.lead()),
            _ => assert!(answer.retry_after.is_some(), "{answer:?}"),
        }
    }
    assert_eq!(statuses, [200, 200, 503, 503, 200, 200]);
    gate.kill_9().await;

    let second = home.serve().await;
    assert!(
        !second.process.log.says("torn"),
        "nothing half-written is left"
    );
    for lead in &kept {
        assert!(
            second.client.has_lead(lead).await,
            "{lead} was answered and is gone"
        );
    }
    assert_eq!(second.client.leads().await.len(), kept.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_whose_records_are_refused_is_made_once_when_there_is_room() {
    if !strace::is_there() {
        return;
    }
    let crm = crm::start().await;
    let home = Home::new(&Setup::new(crm.url()));
    // The first write is the lead; the start of the attempt is refused twice.
    let gate = struck(&home, "pwrite64:error=ENOSPC:when=2..3").await;
    let lead = gate.client.post(&[("phone", "+79123456789")]).await.lead();
    crm::drain(&gate, &crm, 1).await;
    let orders = crm.orders();
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0]["externalId"], format!("lg-{lead}"));
    assert_eq!(gate.terminate().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_fdatasync_ends_the_process_with_74_and_is_never_taken_for_success() {
    if !strace::is_there() {
        return;
    }
    let home = Home::new(&Setup::without_crm());
    let gate = struck(&home, "fdatasync:error=EIO:when=3").await;
    let mut kept = Vec::new();
    for number in 1..=2 {
        kept.push(post(&gate, number).await.expect("answered").lead());
    }
    if let Ok(answer) = post(&gate, 3).await {
        assert_eq!(answer.status, 503, "{answer:?}");
    }
    assert_eq!(gate.process.exit_code().await, 74);

    let second = home.serve().await;
    for lead in &kept {
        assert!(
            second.client.has_lead(lead).await,
            "{lead} was answered and is gone"
        );
    }
    second
        .client
        .post(&[("phone", "+79123456789")])
        .await
        .lead();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_disk_that_cannot_sync_ends_with_74() {
    if !strace::is_there() {
        return;
    }
    let home = Home::new(&Setup::without_crm());
    let process: Process = strace::serve(
        &home,
        &["-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1"],
    );
    let code = process.exit_code().await;
    process.signal(Signal::KILL);
    assert_eq!(code, 74);
}
