//! Data that a gate has left behind: leads, a snapshot, a journal after it, and an index that was not closed. Every life begins with a copy.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use leadgate::simulator::SimulatedCrm;
use serde_json::Value;

use crate::acks::Acks;
use crate::client::Wish;
use crate::crm;
use crate::disk::Disk;
use crate::home::{Home, Setup};
use crate::points::phase::{Phase, visit};

/// So many leads are in it, numbered from 0.
pub(crate) const LEADS: u32 = 6;

/// The data, and the CRM that has its orders.
pub(crate) struct Template {
    home: Home,
    pub(crate) crm: SimulatedCrm,
}

impl Template {
    /// Lives through two lives of a gate.
    pub(crate) async fn new() -> Self {
        let crm = crm::start().await;
        let home = Home::new(&Setup::new(crm.url()));
        let acks = Acks::new(home.path("acks"));
        let first = home.serve().await;
        for number in 0..LEADS / 2 {
            visit(&first.client, number, &acks).await;
        }
        let fields = [("phone", "+79991234567"), ("_gotcha", "x")];
        let held = first.client.try_post(Wish::Json, &fields).await;
        let held = held.expect("answered").lead();
        crm::drain(&first, &crm, LEADS as usize / 2).await;
        // This writes a snapshot.
        assert_eq!(first.client.erase(&held).await.expect("answered"), 200);
        assert_eq!(first.terminate().await, 0);
        let second = home.serve().await;
        for number in LEADS / 2..LEADS {
            visit(&second.client, number, &acks).await;
        }
        crm::drain(&second, &crm, LEADS as usize).await;
        second.kill_9().await;
        Self { home, crm }
    }

    /// A place in which this phase can be lived through.
    pub(crate) async fn copy(&self, phase: Phase) -> Place {
        let home = Home::new(&Setup::new(self.crm.url()));
        self.fill(&home, "data", phase);
        Place { disk: None, home }
    }

    /// The same on a disk of its own; `None` where that is not possible.
    pub(crate) async fn copy_to_disk(&self, phase: Phase) -> Option<Place> {
        let mut setup = Setup::new(self.crm.url());
        setup.data = "disk/data".into();
        let home = Home::new(&setup);
        let disk = Disk::mount(&home)?;
        self.fill(&home, "disk/data", phase);
        disk.sync();
        if phase == Phase::StartAfterKill {
            // On this disk the index is trusted only after a life on it.
            home.serve().await.kill_9().await;
        }
        let disk = Some(disk);
        Some(Place { disk, home })
    }

    fn fill(&self, home: &Home, data: &str, phase: Phase) {
        if phase == Phase::FirstStart {
            return;
        }
        for (from, to) in [("data", data), ("acks", "acks")] {
            let copied = Command::new("cp")
                .arg("-a")
                .arg(self.home.path(from))
                .arg(home.path(to))
                .status();
            assert!(copied.expect("cp").success());
        }
        if phase == Phase::StartAfterCut {
            on_another_kernel(home.path(data).join("mark.json"));
        }
    }
}

/// Where a life is lived.
pub(crate) struct Place {
    /// Unmounted before the home goes.
    pub(crate) disk: Option<Disk>,
    pub(crate) home: Home,
}

/// As if the machine had been started anew since.
fn on_another_kernel(mark: PathBuf) {
    let text = fs::read(&mark).expect("a mark");
    let mut value: Value = serde_json::from_slice(&text).expect("JSON");
    assert!(value["boot_id"].is_string(), "{value}");
    value["boot_id"] = "another".into();
    fs::write(mark, value.to_string()).expect("written");
}
