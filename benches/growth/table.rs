//! The table: a row for each thing that was measured, a column for each size with its ratio to the smallest, and the bounds.

use std::io::{self, Write};
use std::time::Duration;

use crate::size::Size;

/// Bytes of a kilobyte, as disks are sold.
const KB: f64 = 1e3;

/// What a row must keep to.
#[derive(Clone, Copy)]
enum Bound {
    /// Nothing was promised.
    None,
    /// So many times the smallest size at most.
    Ratio(f64, f64),
    /// So much at most, whatever the smallest size has.
    Value(f64, f64),
}

/// One figure of every size.
struct Row {
    what: String,
    unit: &'static str,
    values: Vec<f64>,
    bound: Bound,
}

/// Prints everything.
pub(crate) fn print(out: &mut impl Write, sizes: &[Size]) -> io::Result<()> {
    for size in sizes {
        let [index, snapshot, journal] = size.disk.map(|bytes| bytes as f64 / 1e6);
        writeln!(
            out,
            "{} leads of {:.0} bytes as sent and {:.0} as stored, {} of them wait; filled in {:.0} s; on the disk: index {index:.1} MB, snapshot {snapshot:.1} MB, journal {journal:.1} MB",
            size.leads,
            size.sent_per_lead,
            size.bytes_per_lead,
            size.waiting,
            size.filled_in.as_secs_f64(),
        )?;
    }
    write!(out, "\n{:<44} {:>5}", "", "unit")?;
    for size in sizes {
        write!(out, " | {:>10} {:>6}", size.leads, "ratio")?;
    }
    writeln!(out, " | bound (aim)")?;
    rows(sizes).iter().try_for_each(|row| row.print(out))
}

/// How long a start took.
type Span = fn(&Size) -> Duration;

/// What is measured, in the order of the table.
fn rows(sizes: &[Size]) -> Vec<Row> {
    let mut rows = Rows {
        sizes,
        rows: Vec::new(),
    };
    rows.add(
        "accepted a second, 64 connections",
        "1/s",
        Bound::None,
        |size| size.accepted,
    );
    rows.add("accept, p50", "ms", Bound::None, |size| size.accept_p50);
    rows.add("accept, p99", "ms", Bound::None, |size| size.accept_p99);
    rows.answers();
    rows.add("CSV export, per lead", "us", Bound::None, |size| {
        size.export
    });
    let starts: [(&str, Bound, Span); 4] = [
        ("start after everything was written", Bound::None, |size| {
            size.first
        }),
        ("start after a clean stop", Bound::Value(2.0, 0.5), |size| {
            size.after_clean_stop
        }),
        ("start after a kill", Bound::Value(5.0, 2.0), |size| {
            size.after_kill
        }),
        (
            "start without the index",
            Bound::Value(60.0, 15.0),
            |size| size.rebuild,
        ),
    ];
    for (what, bound, span) in starts {
        rows.add(what, "s", bound, |size| span(size).as_secs_f64());
    }
    rows.add("erasure of a person", "s", Bound::None, |size| {
        size.erasure.as_secs_f64()
    });
    rows.memory();
    let disk = Bound::Value(2.5, 1.5);
    for (at, what) in ["settled", "after an erasure", "with a new index"]
        .into_iter()
        .enumerate()
    {
        let what = format!("disk per lead, {what}");
        rows.add(&what, "KB", disk, |size| size.disk_per_lead()[at] / KB);
    }
    rows.rows
}

struct Rows<'a> {
    sizes: &'a [Size],
    rows: Vec<Row>,
}

impl Rows<'_> {
    fn add(&mut self, what: &str, unit: &'static str, bound: Bound, value: impl Fn(&Size) -> f64) {
        self.rows.push(Row {
            what: what.to_owned(),
            unit,
            bound,
            values: self.sizes.iter().map(value).collect(),
        });
    }

    /// At the moments that [`Size::memory`] names.
    fn memory(&mut self) {
        let moments = [
            "after the start",
            "after all the questions",
            "the most in an erasure",
            "after the erasure",
            "after the rebuild",
            "after the load",
        ];
        for (at, moment) in moments.into_iter().enumerate() {
            let what = format!("memory {moment}");
            self.add(&what, "MiB", Bound::Value(250.0, 120.0), |size| {
                size.memory[at]
            });
        }
    }

    /// Of each question the time, and how many leads came, where that is not as many with every size.
    fn answers(&mut self) {
        let Some(smallest) = self.sizes.first() else {
            return;
        };
        for (kind, answers) in smallest.answers.iter().enumerate() {
            let what = &answers.what;
            let bound = match what.as_str() {
                "one lead" => Bound::None,
                _ => Bound::Ratio(2.0, 1.2),
            };
            let leads = |size: &Size| size.answers[kind].leads;
            let few = answers.leads * 0.9..=answers.leads * 1.1;
            if self.sizes.iter().any(|size| !few.contains(&leads(size))) {
                self.add(&format!("{what}, leads found"), "", Bound::None, leads);
            }
            for (name, quantile, bound) in [("p50", 0.50, Bound::None), ("p99", 0.99, bound)] {
                self.add(&format!("{what}, {name}"), "ms", bound, |size| {
                    size.answers[kind].quantile(quantile)
                });
            }
        }
    }
}

impl Row {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{:<44} {:>5}", self.what, self.unit)?;
        let first = self.values.first().copied().unwrap_or(f64::NAN);
        for value in &self.values {
            let digits = if *value < 10.0 {
                2
            } else {
                usize::from(*value < 100.0)
            };
            write!(out, " | {value:>10.digits$} {:>6.2}", value / first)?;
        }
        let last = self.values.last().copied().unwrap_or(f64::NAN);
        let (text, is_kept) = match self.bound {
            Bound::None => return writeln!(out, " |"),
            Bound::Ratio(bound, aim) => (format!("{bound} x ({aim} x)"), last / first <= bound),
            Bound::Value(bound, aim) => (format!("{bound} {} ({aim})", self.unit), last <= bound),
        };
        let verdict = if is_kept { "" } else { "  BROKEN" };
        writeln!(out, " | {text}{verdict}")
    }
}
