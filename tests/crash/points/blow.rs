//! One point of one life is struck, and the next life finds everything.

use std::collections::BTreeSet;

use crate::acks::Acks;
use crate::census::Census;
use crate::crm;
use crate::home::Home;
use crate::points::phase::{Phase, visit};
use crate::points::point::Point;
use crate::points::template::{LEADS, Place, Template};

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// SIGKILL instead of the call.
    Kill,
    /// The same, and everything is lost that was not synced by then.
    Cut,
    /// This error, once.
    Error(&'static str),
    /// This error, from now on.
    Errors(&'static str),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The process was killed.
    Killed,
    /// It went on as if nothing had been, or refused what it could not do, and stopped in order.
    WentOn,
    /// It ended with 74.
    GaveUp,
}

/// Lets a gate live through the phase with this blow at this point, and then another one without. `None` where no disk can be mounted to be cut.
pub(crate) async fn strike(
    template: &Template,
    phase: Phase,
    point: &Point,
    blow: Blow,
) -> Option<Outcome> {
    let place = match blow {
        Blow::Cut => template.copy_to_disk(phase).await?,
        _ => template.copy(phase).await,
    };
    let Point { call, path, nth } = point;
    let what = match blow {
        Blow::Kill | Blow::Cut => format!("signal=KILL:when={nth}"),
        Blow::Error(error) => format!("error={error}:when={nth}"),
        Blow::Errors(error) => format!("error={error}:when={nth}+"),
    };
    let Place { mut disk, home } = place;
    let data = home.path(if disk.is_some() { "disk/data" } else { "data" });
    // Not `join`, which ends in a slash for the directory itself.
    let file = if path.is_empty() {
        data
    } else {
        data.join(path)
    };
    let options = [
        "-P",
        file.to_str().expect("text"),
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={call}:{what}"),
    ];
    let lived = phase.live(&home, &options).await;
    let at = format!("{phase:?}: {blow:?} at {point:?}");
    let said = || lived.process.log.lines().join("\n");
    let outcome = match lived.process.exit_code().await {
        137 => Outcome::Killed,
        0 => Outcome::WentOn,
        74 => Outcome::GaveUp,
        other => panic!("{at}: ended with {other}\n{}", said()),
    };
    let is_possible = match blow {
        Blow::Kill | Blow::Cut => outcome != Outcome::GaveUp,
        Blow::Error(_) | Blow::Errors(_) => outcome != Outcome::Killed,
    };
    assert!(is_possible, "{at}: {outcome:?}\n{}", said());
    // sled panics over a disk that fails; that must go no further.
    let is_harm = |line: &&str| {
        let is_panic = line.contains("panicked at") && !line.contains("/sled-");
        is_panic || line.contains("is damaged")
    };
    assert_eq!(said().lines().find(is_harm), None, "{at}:\n{}", said());
    if let Some(disk) = &mut disk {
        disk.cut();
        disk.power_up();
    }
    recover(template, &home, &at, lived.erased).await;
    Some(outcome)
}

/// The next life: everything is there, and everything arrives.
async fn recover(template: &Template, home: &Home, at: &str, erased: Option<String>) {
    let gate = home.serve().await;
    let acks = Acks::new(home.path("acks"));
    let mut census = Census::default();
    erased.iter().for_each(|lead| census.note_erased(lead));
    census.look(&gate.client, &acks.read(), &template.crm).await;
    // Whoever was not answered comes again.
    visit(&gate.client, LEADS, &acks).await;
    let answered = acks.read();
    let visits = answered.iter().filter(|(id, _)| id.starts_with("visit-"));
    let leads = visits.flat_map(|(_, leads)| leads);
    let owed: BTreeSet<_> = leads.map(|lead| format!("lg-{lead}")).collect();
    let crm = &template.crm;
    let arrived = || {
        let orders = crm.orders();
        let there = orders
            .iter()
            .filter_map(|order| order["externalId"].as_str());
        owed.is_subset(&there.map(str::to_owned).collect())
    };
    crm::until(crm, arrived).await;
    crm::drain(&gate, crm, 0).await;
    // That no order is there twice is seen here too.
    census.look(&gate.client, &answered, crm).await;
    assert_eq!(gate.terminate().await, 0, "{at}");
}
