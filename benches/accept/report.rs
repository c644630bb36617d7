//! The table.

use std::io::{self, Write};

use crate::load::Measured;

/// What was measured with one number of connections.
pub(crate) struct Level {
    pub(crate) connections: usize,
    pub(crate) rounds: Vec<Round>,
}

/// Both, one right after the other.
pub(crate) struct Round {
    pub(crate) bare: Measured,
    pub(crate) gate: Measured,
    /// Into how many groups the gate's leads went.
    pub(crate) groups: u64,
}

/// One line per round and, below them, the median of each column.
pub(crate) fn table(out: &mut impl Write, levels: &[Level]) -> io::Result<()> {
    writeln!(
        out,
        "\nrates are requests a second, latencies milliseconds, x is gate / bare"
    )?;
    writeln!(
        out,
        "{:>6} {:>7} | {:>9} {:>9} {:>6} | {:>8} {:>8} {:>6} | {:>8} {:>8} {:>6} | {:>10}",
        "conn.",
        "round",
        "bare",
        "gate",
        "ratio",
        "bare p50",
        "gate p50",
        "x",
        "bare p99",
        "gate p99",
        "x",
        "lead/group"
    )?;
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

/// The columns in the order of the table.
type Row = [f64; 10];

fn row(round: &Round) -> Row {
    let (bare, gate) = (&round.bare, &round.gate);
    let (bare_50, gate_50) = (bare.quantile(0.50), gate.quantile(0.50));
    let (bare_99, gate_99) = (bare.quantile(0.99), gate.quantile(0.99));
    [
        bare.rate(),
        gate.rate(),
        gate.rate() / bare.rate(),
        bare_50,
        gate_50,
        gate_50 / bare_50,
        bare_99,
        gate_99,
        gate_99 / bare_99,
        gate.latencies.len() as f64 / round.groups as f64,
    ]
}

fn line(out: &mut impl Write, connections: usize, round: &str, row: &Row) -> io::Result<()> {
    let [
        bare,
        gate,
        ratio,
        bare_50,
        gate_50,
        x_50,
        bare_99,
        gate_99,
        x_99,
        group,
    ] = row;
    writeln!(
        out,
        "{connections:>6} {round:>7} | {bare:>9.0} {gate:>9.0} {ratio:>6.3} | {bare_50:>8.2} {gate_50:>8.2} {x_50:>6.2} | \
         {bare_99:>8.2} {gate_99:>8.2} {x_99:>6.2} | {group:>10.1}"
    )
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Measured {
    /// Requests a second.
    fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.span.as_secs_f64()
    }

    /// In milliseconds.
    fn quantile(&self, quantile: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1) as f64;
        let place = (last * quantile) as usize;
        self.latencies
            .get(place)
            .map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}
