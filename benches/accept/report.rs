//! The table.

use std::io::{self, Write};
use std::time::Duration;

use crate::load::Measured;

/// What was measured with one number of connections.
pub(crate) struct Level {
    pub(crate) connections: usize,
    pub(crate) rounds: Vec<Round>,
}

/// Both, one right after the other.
pub(crate) struct Round {
    pub(crate) bare: Side,
    pub(crate) gate: Side,
    /// Into how many groups the gate's leads went.
    pub(crate) groups: u64,
}

/// One of the two.
pub(crate) struct Side {
    measured: Measured,
    cpu: Duration,
}

/// Four things of bare, of the gate, and gate / bare; then the leads per group.
type Row = [f64; 13];

/// One line per round and, below them, the median of each column.
pub(crate) fn table(out: &mut impl Write, levels: &[Level]) -> io::Result<()> {
    writeln!(
        out,
        "\nrate: requests a second. CPU: microseconds of this process per request, the load's included. p50, p99: milliseconds.\n"
    )?;
    write!(out, "{:>5} {:>6}", "conn.", "round")?;
    for what in ["rate", "CPU", "p50", "p99"] {
        write!(out, " | bare {what:<4} gate {what:<4}  ratio")?;
    }
    writeln!(out, " | leads/group")?;
    for level in levels {
        let rows: Vec<Row> = level.rounds.iter().map(row).collect();
        for (row, number) in rows.iter().zip(1..) {
            line(out, level.connections, &format!("{number}"), row)?;
        }
        let medians = std::array::from_fn(|column| median(rows.iter().map(|row| row[column])));
        line(out, level.connections, "median", &medians)?;
    }
    Ok(())
}

fn row(round: &Round) -> Row {
    let mut row = [0.0; 13];
    let pairs = round.bare.figures().into_iter().zip(round.gate.figures());
    for (columns, (bare, gate)) in row.chunks_exact_mut(3).zip(pairs) {
        columns.copy_from_slice(&[bare, gate, gate / bare]);
    }
    row[12] = round.gate.requests() / round.groups as f64;
    row
}

fn line(out: &mut impl Write, connections: usize, round: &str, row: &Row) -> io::Result<()> {
    write!(out, "{connections:>5} {round:>6}")?;
    for (place, columns) in row.chunks_exact(3).enumerate() {
        let digits = if place < 2 { 0 } else { 2 };
        let [bare, gate, ratio] = [columns[0], columns[1], columns[2]];
        write!(out, " | {bare:>9.digits$} {gate:>9.digits$} {ratio:>6.3}")?;
    }
    writeln!(out, " | {:>11.1}", row[12])
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Side {
    /// What the load saw, and the CPU time of the whole process meanwhile.
    pub(crate) fn new(measured: Measured, cpu: Duration) -> Self {
        Self { measured, cpu }
    }

    fn requests(&self) -> f64 {
        self.measured.latencies.len() as f64
    }

    /// In the order of the table.
    fn figures(&self) -> [f64; 4] {
        [
            self.measured.rate(),
            self.cpu.as_secs_f64() * 1e6 / self.requests(),
            self.measured.quantile(0.50),
            self.measured.quantile(0.99),
        ]
    }
}
