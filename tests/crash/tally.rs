//! What a run was, as a row of the table that the full run ends with.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use crate::points::phase::Phase;
use crate::points::point::Point;

/// No start on these small stores may take longer.
pub(crate) const LONGEST_START: Duration = Duration::from_secs(10);

/// What was done and seen in one world or in many.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// So often a gate was ended.
    pub(crate) ends: usize,
    /// Of these in the middle of a start.
    pub(crate) in_start: usize,
    /// While leads came or went.
    pub(crate) at_work: usize,
    /// After somebody had a lead erased, which ends with a snapshot.
    pub(crate) in_snapshot: usize,
    /// In or right after an orderly stop.
    pub(crate) in_stop: usize,
    /// How long the starts took that were let through.
    pub(crate) starts: Vec<Duration>,
    pub(crate) answered: usize,
    pub(crate) orders: usize,
    pub(crate) erased: usize,
}

impl Tally {
    /// Takes another one in.
    pub(crate) fn add(&mut self, other: Self) {
        self.ends += other.ends;
        self.in_start += other.in_start;
        self.at_work += other.at_work;
        self.in_snapshot += other.in_snapshot;
        self.in_stop += other.in_stop;
        self.starts.extend(other.starts);
        self.answered += other.answered;
        self.orders += other.orders;
        self.erased += other.erased;
    }

    /// Prints the row. Whoever prints it has seen that nothing was lost, doubled or changed.
    pub(crate) fn print(mut self, what: &str) {
        self.starts.sort_unstable();
        let ms = |start: Option<&Duration>| start.map_or(0, Duration::as_millis);
        let p99 = self.starts.len() * 99 / 100;
        row(&[
            what.to_owned(),
            self.ends.to_string(),
            format!(
                "{} start, {} work, {} snapshot, {} stop",
                self.in_start, self.at_work, self.in_snapshot, self.in_stop
            ),
            self.answered.to_string(),
            self.orders.to_string(),
            self.erased.to_string(),
            "0".to_owned(),
            "0".to_owned(),
            format!("{}/{}", ms(self.starts.get(p99)), ms(self.starts.last())),
        ]);
    }
}

/// Prints the row of points that were struck. Whoever prints it has seen that nothing was lost, doubled or changed.
pub(crate) fn print_points(what: &str, points: &[(Phase, Point)], struck: usize) {
    let of = |phases: &[Phase]| {
        let in_phase = points.iter().filter(|(phase, _)| phases.contains(phase));
        in_phase.count()
    };
    let starts = [
        Phase::FirstStart,
        Phase::StartAfterKill,
        Phase::StartAfterCut,
    ];
    row(&[
        what.to_owned(),
        struck.to_string(),
        format!(
            "{} start, {} work, {} snapshot, {} stop",
            of(&starts),
            of(&[Phase::Run]),
            of(&[Phase::Snapshot]),
            of(&[Phase::Stop])
        ),
        "-".to_owned(),
        "-".to_owned(),
        "-".to_owned(),
        "0".to_owned(),
        "0".to_owned(),
        "-".to_owned(),
    ]);
}

/// Prints a row, and adds it to the file `LEADGATE_CRASH_TABLE` if there is one. The columns are those of `tests/crash/full`.
fn row(cells: &[String; 9]) {
    let line = cells.join(" | ");
    println!("{line}");
    if let Some(table) = std::env::var_os("LEADGATE_CRASH_TABLE") {
        let table = File::options().create(true).append(true).open(table);
        writeln!(table.expect("the table"), "{line}").expect("written");
    }
}
