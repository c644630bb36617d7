//! A small disk that fills up: new leads are refused with 503 in good time, nothing answered is lost, and it goes on when there is room.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::client::{Answer, Client, Wish};
use crate::crm;
use crate::gate::PATIENCE;
use crate::home::{Home, Setup};

/// A file system in memory, taken away at the end.
struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Mounts one at the home's data directory. `None`, and a line that says so, when mounting is not permitted.
    fn mount(home: &Home, size: &str) -> Option<Self> {
        let path = home.path("data");
        fs::create_dir(&path).expect("made");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&path)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            println!("left out: mounting is not permitted here");
        }
        mounted.then_some(Self { path })
    }

    /// Takes this much room, to be given back later.
    fn put_ballast(&self, megabytes: usize) {
        fs::write(self.path.join("ballast"), vec![0; megabytes << 20]).expect("room for it");
    }

    /// Takes all the room there is, as a runaway log file does.
    fn fill_to_the_brim(&self) {
        let mut ballast = fs::File::create(self.path.join("ballast")).expect("made");
        let block = vec![0; 4096];
        while ballast.write_all(&block).is_ok() {}
    }

    fn throw_ballast_off(&self) {
        fs::remove_file(self.path.join("ballast")).expect("removed");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("-l")
            .arg(&self.path)
            .status()
            .ok();
    }
}

/// Posts long held leads (nothing is delivered, so nothing else needs room) until one is refused or the connection breaks.
async fn fill(client: &Client, kept: &mut Vec<String>) -> Option<Answer> {
    let comment = "Перезвоните мне, пожалуйста. ".repeat(600);
    for _ in 0..2_000 {
        let fields = [
            ("phone", "+79123456789"),
            ("comment", &comment),
            ("_gotcha", "x"),
        ];
        let answer = client.try_post(Wish::Json, &fields).await;
        match answer {
            Ok(answer) if answer.status == 200 => kept.push(answer.lead()),
            Ok(refused) => return Some(refused),
            Err(_broken) => return None,
        }
    }
    panic!("the disk never filled up");
}

/// Every answered lead is there.
async fn assert_none_lost(client: &Client, kept: &[String]) {
    for lead in kept {
        assert!(
            client.has_lead(lead).await,
            "{lead} was answered and is gone"
        );
    }
}

/// And nothing else is.
async fn assert_kept(client: &Client, kept: &[String]) {
    assert_none_lost(client, kept).await;
    assert_eq!(
        client.leads().await.len(),
        kept.len(),
        "what was refused is not there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn below_the_reserve_leads_are_refused_with_503_until_there_is_room_again() {
    let mut setup = Setup::without_crm();
    setup.min_free = "6 MiB";
    let home = Home::new(&setup);
    let Some(disk) = Disk::mount(&home, "24m") else {
        return;
    };
    disk.put_ballast(8);
    let gate = home.serve().await;
    let mut kept = Vec::new();
    let refused = fill(&gate.client, &mut kept).await.expect("answered");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.retry_after.is_some(), "{refused:?}");
    assert!(!kept.is_empty());
    assert_kept(&gate.client, &kept).await;

    gate.kill_9().await;
    let second = home.serve().await;
    assert_kept(&second.client, &kept).await;
    let still = fill(&second.client, &mut kept).await.expect("answered");
    assert_eq!(still.status, 503);

    disk.throw_ballast_off();
    kept.push(
        second
            .client
            .post(&[("phone", "+79123456789"), ("_gotcha", "x")])
            .await
            .lead(),
    );
    assert_kept(&second.client, &kept).await;
    assert_eq!(second.terminate().await, 0);
    let third = home.serve().await;
    assert_kept(&third.client, &kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_filled_to_the_last_byte_loses_no_answered_lead() {
    let mut setup = Setup::without_crm();
    setup.min_free = "0";
    let home = Home::new(&setup);
    let Some(disk) = Disk::mount(&home, "24m") else {
        return;
    };
    disk.put_ballast(10);
    let gate = home.serve().await;
    let mut kept = Vec::new();
    // Either the journal is refused its room, which a visitor is told, or the index is, which ends the process.
    let mut refusals = 0;
    while refusals < 20
        && let Some(refused) = fill(&gate.client, &mut kept).await
    {
        assert_eq!(refused.status, 503, "{refused:?}");
        refusals += 1;
    }
    println!(
        "{} leads kept, {refusals} refused, ended: {}",
        kept.len(),
        gate.process.has_ended()
    );
    if refusals < 20 {
        assert_eq!(gate.process.exit_code().await, 74);
    } else {
        gate.kill_9().await;
    }
    disk.throw_ballast_off();
    // The last one may have come to the disk and lost its answer with the process.
    let second = home.serve().await;
    assert_none_lost(&second.client, &kept).await;
    kept.push(
        second
            .client
            .post(&[("phone", "+79123456789"), ("_gotcha", "x")])
            .await
            .lead(),
    );
    assert_none_lost(&second.client, &kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_others_fill_up_costs_no_lead() {
    let crm = crm::start().await;
    let home = Home::new(&Setup::new(crm.url()));
    let Some(disk) = Disk::mount(&home, "24m") else {
        return;
    };
    let gate = home.serve().await;
    let mut kept = Vec::new();
    for number in 0..30 {
        let phone = format!("+791234567{number:02}");
        kept.push(gate.client.post(&[("phone", &phone)]).await.lead());
    }
    // Who reads the list waits until the index has all of them: it wants no room in the moment the disk is full, and the process answers.
    assert_kept(&gate.client, &kept).await;
    // Before the deliveries and their records have come to rest: the pace lets the first call out a second after the start.
    disk.fill_to_the_brim();
    let next = [("_id", "next"), ("phone", "+79123456799")];
    let refused = gate.client.post(&next).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.retry_after.is_some(), "{refused:?}");
    let refused = gate.process.log.line_from(0, "No space left", PATIENCE);
    assert!(refused.await.is_some(), "it ended without a word");

    disk.throw_ballast_off();
    // If the index was refused its room too, the process ends and the next one builds it anew.
    let early = gate.client.try_post(Wish::Json, &next).await.ok();
    let ended = tokio::select! {
        () = crm::until_orders(&crm, kept.len() + 1) => None,
        code = gate.process.exit_code() => Some(code),
    };
    println!("ended by itself with {ended:?}");
    let gate = match ended {
        None => gate,
        Some(code) => {
            assert_eq!(code, 74);
            home.serve().await
        }
    };
    let lead = gate.client.post(&next).await.lead();
    // Of a process that is about to end it may have been refused; if it was accepted, it was for good.
    if let Some(early) = early.filter(|early| early.status == 200) {
        assert_eq!(early.lead(), lead, "the same submission");
    }
    kept.push(lead);
    crm::drain(&gate, &crm, kept.len()).await;
    assert_eq!(crm.orders().len(), kept.len());
    assert_kept(&gate.client, &kept).await;
    assert_eq!(gate.terminate().await, 0);
    assert_kept(&home.serve().await.client, &kept).await;
}
