//! `backup`, `restore` and `doctor` as an operator and a cron job run them, also beside a gate at work; and what the CRM sees of a restored gate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use leadgate::simulator::{Calls, Fault, FaultKind, SimulatedCrm};

use crate::acks::Acks;
use crate::commands::{run, text};
use crate::crm;
use crate::gate::{Gate, LEADGATE};
use crate::home::{Home, Setup};
use crate::load::Load;
use crate::strace;

/// The calls that change something on a disk.
const CHANGES: [&str; 6] = ["write", "fsync", "rename", "ftruncate", "unlink", "mkdir"];

/// More calls of one name than either command makes on a small store.
const MANY: usize = 40;

/// Runs one of the three commands with the config of a home. Gives back exit code, output and errors.
async fn command(home: &Home, name: &str, further: &[&str]) -> (Option<i32>, String, String) {
    let config = home.path("config.toml");
    let mut arguments = vec![name.to_owned(), "--config".into(), text(&config).into()];
    arguments.extend(further.iter().map(|argument| (*argument).to_owned()));
    // The gates and visitors of the test go on meanwhile.
    let ran = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&arguments, "")
    });
    ran.await.expect("no panic")
}

async fn backup(home: &Home, to: &Path) {
    let (code, output, errors) = command(home, "backup", &[text(to)]).await;
    assert_eq!(code, Some(0), "{output}{errors}");
}

/// A home with the same config and nothing in it but what is restored.
async fn restored(crm: &SimulatedCrm, from: &Path) -> Home {
    let home = Home::new(&Setup::new(crm.url()));
    let (code, output, errors) = command(&home, "restore", &[text(from)]).await;
    assert_eq!(code, Some(0), "{output}{errors}");
    home
}

fn orders(crm: &SimulatedCrm) -> BTreeMap<String, usize> {
    let mut orders = BTreeMap::<String, usize>::new();
    for order in crm.orders() {
        let external = order["externalId"].as_str().expect("an external id");
        *orders.entry(external.to_owned()).or_default() += 1;
    }
    orders
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_under_load_holds_every_lead_that_was_answered_before_it_began() {
    let crm = crm::start().await;
    let home = Home::new(&Setup::new(crm.url()));
    let gate = home.serve().await;
    let load = Load::start(6, Acks::new(home.path("acks")));
    load.allow(100_000);
    load.send_to(&gate.client);
    for round in 0_usize..4 {
        let mut answers = load.answers();
        let reached = answers.wait_for(|count| *count >= 60 * (round + 1));
        reached.await.expect("the visitors live on");
        let before: BTreeSet<String> = ids(&gate).await;
        let file = home.path(&format!("{round}.leadgate"));
        backup(&home, &file).await;
        let copy = restored(&crm, &file).await;
        // Nobody listens at its CRM: it is only asked what it holds.
        copy.write_config(&copy.config().replace(&crm.url(), "http://127.0.0.1:1"));
        let there = copy.serve().await;
        let after = ids(&there).await;
        let lost: Vec<_> = before.difference(&after).collect();
        assert!(lost.is_empty(), "answered and not in the backup: {lost:?}");
        there.kill_9().await;
    }
    let answered = load.finish().await;
    crm::drain(&gate, &crm, answered.len()).await;
    assert_eq!(gate.terminate().await, 0);
}

async fn ids(gate: &Gate) -> BTreeSet<String> {
    let leads = gate.client.leads().await;
    let id = |lead: &serde_json::Value| lead["id"].as_str().expect("an id").to_owned();
    leads.iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_gate_delivers_what_was_owed_and_doubles_nothing() {
    let crm = crm::start().await;
    let home = Home::new(&Setup::new(crm.url()));
    let gate = home.serve().await;
    let delivered = post(&gate, "+79120000001").await;
    crm::drain(&gate, &crm, 1).await;
    // The CRM makes the order and never says so: the attempt is under way while the backup is made.
    let mute = Fault::new(FaultKind::LostAnswer { hang: true });
    crm.fault(mute.on("orders/create").calls(Calls::First(1)));
    let under_way = post(&gate, "+79120000002").await;
    crm::until_orders(&crm, 2).await;
    crm.fault(Fault::new(FaultKind::Down));
    let failed_once = post(&gate, "+79120000003").await;
    until_paused(&gate).await;
    let untried = post(&gate, "+79120000004").await;
    let file = home.path("backup.leadgate");
    backup(&home, &file).await;
    // After the backup, which knows nothing of it, all of them are delivered.
    crm.clear_faults();
    crm::drain(&gate, &crm, 4).await;
    gate.kill_9().await;
    let (once, customers, before) = (orders(&crm), crm.customers().len(), crm.received().len());
    assert_eq!(once.len(), 4);

    let copy = restored(&crm, &file).await;
    let gate = copy.serve().await;
    crm::drain(&gate, &crm, 4).await;
    assert_eq!(orders(&crm), once, "no order is doubled");
    assert_eq!(crm.customers().len(), customers, "no customer is doubled");
    let received = crm.received();
    let mut operations = received[before..].iter().map(|request| &request.operation);
    assert!(
        !operations.any(|name| name.ends_with("/create") || name.ends_with("/upload")),
        "everything was looked up, so nothing was even sent"
    );
    for lead in [delivered, under_way, failed_once, untried] {
        let shown = gate.client.admin(&format!("leads/{lead}")).await;
        assert_eq!(shown["state"], "delivered", "{shown}");
    }
    assert_eq!(gate.terminate().await, 0);
}

async fn until_paused(gate: &Gate) {
    while gate.client.destination().await["state"] != "paused" {
        assert!(!gate.process.has_ended());
        gate.process.log.next_line(Duration::from_millis(50)).await;
    }
}

async fn post(gate: &Gate, phone: &str) -> String {
    gate.client
        .post(&[("name", "Анна"), ("phone", phone)])
        .await
        .lead()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_replaces_no_file_without_being_told_and_leaves_none_behind_that_is_not_whole() {
    let home = Home::new(&Setup::without_crm());
    let file = home.path("backup.leadgate");
    let (code, _, errors) = command(&home, "backup", &[text(&file)]).await;
    assert_eq!(code, Some(74), "{errors}");
    assert!(errors.contains("holds no store"), "{errors}");
    let gate = home.serve().await;
    post(&gate, "+79120000001").await;
    fs::write(&file, "mine").expect("written");
    let (code, _, errors) = command(&home, "backup", &[text(&file)]).await;
    assert_eq!(code, Some(74), "{errors}");
    assert!(errors.contains("--overwrite"), "{errors}");
    assert_eq!(fs::read(&file).expect("readable"), b"mine");
    let (code, output, errors) = command(&home, "backup", &["--overwrite", text(&file)]).await;
    assert_eq!(code, Some(0), "{errors}");
    assert!(output.contains("leads: 1,"), "{output}");
    let nowhere = home.path("no/such/directory/backup.leadgate");
    let (code, _, errors) = command(&home, "backup", &[text(&nowhere)]).await;
    assert_eq!(code, Some(74), "{errors}");
    assert!(errors.contains("no/such/directory"), "{errors}");
    assert!(!home.path("backup.leadgate.partial").exists());
    gate.kill_9().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_refuses_a_store_that_is_there_and_a_backup_that_is_not_whole() {
    let home = Home::new(&Setup::without_crm());
    let gate = home.serve().await;
    let lead = post(&gate, "+79120000001").await;
    let file = home.path("backup.leadgate");
    backup(&home, &file).await;
    let (code, _, errors) = command(&home, "restore", &[text(&file)]).await;
    assert_eq!(code, Some(74), "{errors}");
    assert!(errors.contains("move the directory away"), "{errors}");
    assert_eq!(gate.terminate().await, 0);
    let (code, _, errors) = command(&home, "restore", &[text(&file)]).await;
    assert_eq!(code, Some(74), "also when nobody has it open: {errors}");

    fs::rename(home.path("data"), home.path("data.old")).expect("moved away");
    let whole = fs::read(&file).expect("readable");
    for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
        fs::write(&file, &whole[..cut]).expect("written");
        let (code, _, errors) = command(&home, "restore", &[text(&file)]).await;
        assert_eq!(code, Some(74), "cut at {cut}: {errors}");
        assert!(errors.contains("damaged or cut short"), "{errors}");
    }
    fs::write(&file, &whole).expect("written");
    let (code, _, errors) = command(&home, "restore", &[text(&file)]).await;
    assert_eq!(code, Some(0), "{errors}");
    let gate = home.serve().await;
    assert!(gate.client.has_lead(&lead).await);
    assert_eq!(gate.terminate().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_needs_no_secrets_but_a_sound_store_block() {
    let home = Home::new(&Setup::without_crm());
    let gate = home.serve().await;
    let config = home.config();
    home.write_config(&config.replace("file = \"key\"", "env = \"A_VARIABLE_THAT_CRON_LACKS\""));
    backup(&home, &home.path("backup.leadgate")).await;
    home.write_config(&config.replace("[store]", "[store]\nkolour = \"red\""));
    let (code, _, errors) = command(&home, "backup", &[text(&home.path("other"))]).await;
    assert_eq!(code, Some(78), "{errors}");
    assert!(errors.contains("store.kolour"), "{errors}");
    gate.kill_9().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_a_sound_store_from_a_damaged_one_and_waits_for_no_gate() {
    let home = Home::new(&Setup::without_crm());
    let (code, _, errors) = command(&home, "doctor", &[]).await;
    assert_eq!(code, Some(74), "{errors}");
    assert!(errors.contains("holds no store"), "{errors}");
    let gate = home.serve().await;
    for number in 1..=4 {
        post(&gate, &format!("+7912000000{number}")).await;
    }
    let (code, output, errors) = command(&home, "doctor", &[]).await;
    assert_eq!((code, output.as_str()), (Some(69), ""), "{errors}");
    assert!(errors.contains("in use by a running leadgate"), "{errors}");
    gate.kill_9().await;
    let (code, output, errors) = command(&home, "doctor", &[]).await;
    assert_eq!(code, Some(0), "{output}{errors}");
    // Of the index nothing is said here: a kill so soon may leave none on the disk, and the next start builds it.
    for told in ["leads       4", "everything is in order"] {
        assert!(output.contains(told), "{told} is not in\n{output}");
    }

    fs::remove_dir_all(home.path("data/sled")).expect("removed");
    for arguments in [&["--rebuild"][..], &[]] {
        let (code, output, errors) = command(&home, "doctor", arguments).await;
        assert_eq!(code, Some(0), "{output}{errors}");
        for told in ["leads       4", "agrees with snapshot and journal"] {
            assert!(output.contains(told), "{told} is not in\n{output}");
        }
    }

    let entries = fs::read_dir(home.path("data/journal")).expect("listed");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let journal = paths
        .filter(|path| fs::metadata(path).expect("there").len() > 0)
        .min();
    let journal = journal.expect("a segment");
    let mut bytes = fs::read(&journal).expect("readable");
    bytes[40] ^= 1;
    fs::write(&journal, bytes).expect("written");
    let (code, output, errors) = command(&home, "doctor", &[]).await;
    assert_eq!(code, Some(74), "{output}{errors}");
    for told in ["CANNOT BE READ: 1", "the store is damaged", text(&journal)] {
        assert!(output.contains(told), "{told} is not in\n{output}");
    }
    // A backup of it has all the rest, and says that something is missing.
    let file = home.path("backup.leadgate");
    let (code, output, errors) = command(&home, "backup", &[text(&file)]).await;
    assert_eq!(code, Some(74), "{output}{errors}");
    assert!(
        output.contains("leads: 3,") && errors.contains("keep the older ones"),
        "{output}{errors}"
    );
    assert!(file.exists());
}

/// Runs one of the commands and has it killed as it is about to make a call of this name for the nth time. Whether it was.
fn killed(home: &Home, (name, further): (&str, &Path), (call, nth): (&str, usize)) -> bool {
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null"])
        .args(["-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=KILL:when={nth}")])
        .args([LEADGATE, name, "--config"])
        .args([&home.path("config.toml"), further])
        .stdout(Stdio::null())
        .status()
        .expect("strace runs");
    // strace ends as its child does.
    let signal = status.signal();
    assert!(status.success() || signal == Some(9), "{status}");
    signal.is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_or_restore_that_is_killed_at_any_step_is_whole_or_can_be_repeated() {
    if !strace::is_there() {
        return;
    }
    let home = Home::new(&Setup::without_crm());
    let gate = home.serve().await;
    for number in 1..=3 {
        post(&gate, &format!("+7912000000{number}")).await;
    }
    assert_eq!(gate.terminate().await, 0);
    let (file, data) = (home.path("backup.leadgate"), home.path("data"));
    let mut kills = 0;
    for call in CHANGES {
        for nth in 1..MANY {
            if !killed(&home, ("backup", &file), (call, nth)) {
                break;
            }
            kills += 1;
            // Whatever has the name is whole; nothing that the kill left is in the way.
            if file.exists() {
                restore_into(&home, &home.path("copy"), &file).await;
                fs::remove_file(&file).expect("removed");
            }
            backup(&home, &file).await;
            fs::remove_file(&file).expect("removed");
        }
        fs::remove_file(&file).ok();
    }
    backup(&home, &file).await;
    fs::rename(&data, home.path("data.old")).expect("moved away");
    for call in CHANGES {
        for nth in 1..MANY {
            let was_killed = killed(&home, ("restore", &file), (call, nth));
            kills += usize::from(was_killed);
            let (code, _, errors) = command(&home, "restore", &[text(&file)]).await;
            // Either it is all there, or nothing is and the second try does it.
            let is_there = errors.contains("holds a store already");
            assert!(code == Some(0) || is_there, "{call} {nth}: {errors}");
            let (code, output, errors) = command(&home, "doctor", &[]).await;
            assert_eq!(code, Some(0), "{call} {nth}: {output}{errors}");
            assert!(output.contains("leads       3"), "{output}");
            fs::remove_dir_all(&data).expect("removed");
            if !was_killed {
                break;
            }
        }
    }
    assert!(kills > 15, "{kills}");
}

async fn restore_into(home: &Home, data: &Path, from: &Path) {
    let config = home.config();
    home.write_config(&config.replace("path = \"data\"", &format!("path = \"{}\"", text(data))));
    let (code, output, errors) = command(home, "restore", &[text(from)]).await;
    assert_eq!(code, Some(0), "{errors}");
    assert!(output.contains("leads restored: 3;"), "{output}");
    home.write_config(&config);
    fs::remove_dir_all(data).expect("removed");
}
