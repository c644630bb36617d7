//! The table of a soak, and whether what must not grow grew.

use std::io::{self, Write};
use std::time::Duration;

use crate::flapping::Mood;
use crate::paced::Window;

/// What was seen at one moment, and since the moment before.
pub(crate) struct Sample {
    pub(crate) at: Duration,
    pub(crate) mood: Mood,
    /// Answered a second.
    pub(crate) rate: f64,
    /// Answered since the start.
    pub(crate) answered: u64,
    pub(crate) refused: u64,
    /// In milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) mebibytes: f64,
    pub(crate) descriptors: usize,
    pub(crate) disk: u64,
    pub(crate) waiting: u64,
    pub(crate) orders: usize,
}

impl Sample {
    /// Rate and latency of a window; the rest is as it was seen.
    pub(crate) fn set_window(&mut self, mut window: Window, span: Duration) {
        window.latencies.sort_unstable();
        let quantile = |quantile: f64| {
            let last = window.latencies.len().saturating_sub(1) as f64;
            let micros = window.latencies.get((last * quantile) as usize);
            micros.map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
        };
        (self.p50, self.p99) = (quantile(0.50), quantile(0.99));
        self.rate = window.latencies.len() as f64 / span.as_secs_f64();
        self.answered += window.latencies.len() as u64;
        self.refused = window.refused;
    }

    /// The heading of its line.
    pub(crate) fn head(out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{:>7} {:>6} | {:>8} {:>7} {:>8} {:>8} | {:>8} {:>4} {:>9} {:>7} | {:>8} {:>9}",
            "seconds",
            "CRM",
            "rate",
            "refused",
            "p50 ms",
            "p99 ms",
            "MiB",
            "fds",
            "disk MB",
            "KB/lead",
            "waiting",
            "orders"
        )
    }

    /// Its line.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{:>7.0} {:>6} | {:>8.0} {:>7} {:>8.2} {:>8.2} | {:>8.1} {:>4} {:>9.1} {:>7.2} | {:>8} {:>9}",
            self.at.as_secs_f64(),
            self.mood,
            self.rate,
            self.refused,
            self.p50,
            self.p99,
            self.mebibytes,
            self.descriptors,
            self.disk as f64 / 1e6,
            self.disk_per_lead(),
            self.waiting,
            self.orders
        )
    }

    fn disk_per_lead(&self) -> f64 {
        self.disk as f64 / 1e3 / self.answered.max(1) as f64
    }
}

/// One of the things that are seen.
type Figure = fn(&Sample) -> f64;

/// Compares the last third with the second: by then caches are full, and what still grows would grow for ever.
pub(crate) fn verdict(out: &mut impl Write, samples: &[Sample]) -> io::Result<()> {
    let third = samples.len() / 3;
    if third == 0 {
        return writeln!(out, "too few lines to tell what is flat");
    }
    let (rest, last) = samples.split_at(samples.len() - third);
    let second = &rest[rest.len() - third..];
    // Disk takes what it is given; what it takes per lead must not grow. Latency is the noisiest.
    let figures: [(&str, f64, Figure); 5] = [
        ("memory, MiB", 1.10, |sample| sample.mebibytes),
        ("file descriptors", 1.10, |sample| sample.descriptors as f64),
        ("disk, KB per lead", 1.10, Sample::disk_per_lead),
        ("p50, ms", 1.50, |sample| sample.p50),
        ("p99, ms", 1.50, |sample| sample.p99),
    ];
    writeln!(out, "\nmedian of the second third and of the last:")?;
    for (what, bound, figure) in figures {
        let (before, after) = (median(second, figure), median(last, figure));
        let verdict = if after <= before * bound {
            "flat"
        } else {
            "GROWS"
        };
        writeln!(
            out,
            "{what:<18} {before:>9.2} {after:>9.2}  ratio {:>5.2} (flat up to {bound:.2})  {verdict}",
            after / before
        )?;
    }
    // What the index keeps of each lead that is stored grows with their number, and what waits takes memory too: this tells how much of it is that.
    let more = |figure: Figure| median(last, figure) - median(second, figure);
    let stored = more(|sample| sample.answered as f64);
    writeln!(
        out,
        "between the two {:.2} million more leads stored, {:.0} more waiting; memory grew by {:.0} bytes a stored lead",
        stored / 1e6,
        more(|sample| sample.waiting as f64),
        more(|sample| sample.mebibytes) * f64::from(1 << 20) / stored
    )
}

fn median(samples: &[Sample], figure: Figure) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
