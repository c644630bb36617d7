//! A disk that dies under a running gate, or is thrown into read-only by the kernel: nobody is thanked for what cannot be kept, the process says
//! so, and on a disk that works again everything is there.

use crate::acks::Acks;
use crate::census::Census;
use crate::client::Wish;
use crate::crm;
use crate::disk::Disk;
use crate::gate::Gate;
use crate::home::{Home, Setup};
use crate::load::{Load, Visit};

/// So many visitors are answered before.
const BEFORE: usize = 30;

/// So many come after.
const AFTER: u32 = 5;

/// A gate that has answered many, with its CRM and its disk.
struct Scene {
    gate: Gate,
    crm: leadgate::simulator::SimulatedCrm,
    acks: Acks,
    disk: Disk,
    home: Home,
}

impl Scene {
    async fn new() -> Option<Self> {
        let crm = crm::start().await;
        let mut setup = Setup::new(crm.url());
        setup.data = "disk/data".into();
        let home = Home::new(&setup);
        let disk = Disk::mount(&home)?;
        let gate = home.serve().await;
        let acks = Acks::new(home.path("acks"));
        let load = Load::start(4, acks.clone());
        let mut answers = load.answers();
        load.allow(BEFORE);
        load.send_to(&gate.client);
        let answered = answers.wait_for(|count| *count >= BEFORE).await;
        answered.expect("visitors");
        load.finish().await;
        Some(Self {
            gate,
            crm,
            acks,
            disk,
            home,
        })
    }

    /// More visitors come; each is refused or hears nothing.
    async fn refuses(&self) {
        for number in 0..AFTER {
            let visit = Visit::of(1_000 + number);
            let fields = [("_id", visit.id.as_str()), ("phone", &visit.phone)];
            if let Ok(answer) = self.gate.client.try_post(Wish::Json, &fields).await {
                assert_eq!(answer.status, 503, "{answer:?}");
                assert!(answer.retry_after.is_some(), "{answer:?}");
            }
        }
    }

    /// On the disk, which works again, everything is there, and arrives.
    async fn recovers(self) {
        let Self {
            crm, acks, home, ..
        } = &self;
        let gate = home.serve().await;
        let mut census = Census::default();
        let answered = acks.read();
        census.look(&gate.client, &answered, crm).await;
        crm::drain(&gate, crm, answered.len()).await;
        census.look(&gate.client, &answered, crm).await;
        assert_eq!(census.everything_arrived(&answered, crm), BEFORE);
        assert_eq!(gate.terminate().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_dies_under_a_gate_ends_it_with_74_and_what_was_answered_is_there() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    scene.disk.cut();
    scene.refuses().await;
    assert_eq!(scene.gate.process.exit_code().await, 74);
    scene.disk.power_up();
    scene.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_becomes_read_only_refuses_visitors_and_what_was_answered_is_there() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    scene.disk.make_read_only();
    scene.refuses().await;
    scene.gate.process.signal(rustix::process::Signal::TERM);
    assert_eq!(scene.gate.process.exit_code().await, 74);
    scene.disk.remount();
    scene.recovers().await;
}
