//! How the process is, under the names that every Prometheus client library uses. From `/proc`; what cannot be read is left out.

use std::fs;

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

/// The kernel's clock ticks of `/proc/self/stat`: `USER_HZ`, 100 on every architecture that Rust's standard library runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Adds what is so now.
pub(super) fn register(registry: &mut Registry) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(kib) = number_after(&status, "VmRSS:") {
        let bytes = ConstGauge::new(kib.saturating_mul(1024));
        registry.register("process_resident_memory_bytes", "Memory in use", bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        let count = ConstGauge::new(open.count() as u64);
        registry.register("process_open_fds", "Open files and connections", count);
    }
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(most) = number_after(&limits, "Max open files") {
        let most = ConstGauge::new(most);
        registry.register("process_max_fds", "Files and connections at the most", most);
    }
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(seconds) = cpu_seconds(&stat) {
        let seconds = ConstCounter::new(seconds);
        registry.register("process_cpu_seconds", "Processor time used", seconds);
    }
}

/// The number that follows a label at the beginning of a line.
fn number_after(text: &str, label: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system time. The second field is the name in brackets, which may hold spaces; after it come the third and those that follow.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_whatever_the_name_of_the_program() {
        let stat = "7 (lead ) gate) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 1 2 3";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds(""), None);
    }

    #[test]
    fn a_number_is_read_after_its_label_only_at_the_beginning_of_a_line() {
        let status = "Name:\tVmRSS: 9\nVmRSS:\t   512 kB\n";
        assert_eq!(number_after(status, "VmRSS:"), Some(512));
        assert_eq!(number_after(status, "VmSwap:"), None);
    }
}
