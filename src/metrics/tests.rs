//! What a collector reads.

use std::time::Duration;

use super::*;

fn counted() -> Metrics {
    let journal = Journal::default();
    let metrics = Metrics::new(&journal);
    journal.wrote(3, Duration::from_micros(700));
    metrics
        .intake()
        .forms_are(["callback", "order"].into_iter());
    metrics.intake().accepted("callback");
    metrics.intake().accepted("callback");
    metrics.intake().accepted("gone");
    metrics.intake().repeated("order");
    metrics.intake().held("honeypot");
    metrics.edge().refused("origin");
    metrics
        .requests()
        .of("shop")
        .ended(Some(201), Duration::from_millis(30));
    metrics
        .requests()
        .of("shop")
        .ended(None, Duration::from_secs(30));
    metrics.dispatch().failed("shop", "rejected");
    metrics.dispatch().attempted(
        "shop",
        Attempted {
            outcome: "delivered",
            took: Duration::from_millis(120),
            delivered_after: Some(Duration::from_millis(400)),
        },
    );
    metrics
}

fn seen() -> Seen {
    Seen {
        outboxes: vec![OutboxSeen {
            destination: "shop".to_owned(),
            waiting: 14,
            oldest_s: 480.5,
            paused: true,
        }],
        leads: vec![("failed", 2)],
        store: StoreSeen {
            accepts: true,
            free: Some(1 << 30),
            ..StoreSeen::default()
        },
    }
}

fn told(metrics: &Metrics, seen: &Seen, format: Format) -> Vec<String> {
    let text = metrics.tell(seen, format).expect("told");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn everything_counted_and_seen_is_told() {
    let lines = told(&counted(), &seen(), Format::Prometheus);
    for expected in [
        "leadgate_leads_accepted_total{form=\"callback\"} 2",
        "leadgate_leads_accepted_total{form=\"order\"} 0",
        "leadgate_leads_accepted_total{form=\"gone\"} 1",
        "leadgate_leads_repeated_total{form=\"order\"} 1",
        "leadgate_leads_held_total{reason=\"honeypot\"} 1",
        "leadgate_refused_total{code=\"origin\"} 1",
        "leadgate_crm_requests_total{destination=\"shop\",status=\"201\"} 1",
        "leadgate_crm_requests_total{destination=\"shop\",status=\"none\"} 1",
        "leadgate_deliveries_failed_total{destination=\"shop\",reason=\"rejected\"} 1",
        "leadgate_attempts_total{destination=\"shop\",outcome=\"delivered\"} 1",
        "leadgate_delivered_after_seconds_bucket{le=\"0.5\",destination=\"shop\"} 1",
        "leadgate_journal_group_size_bucket{le=\"4.0\"} 1",
        "leadgate_journal_fsync_seconds_count 1",
        "leadgate_outbox_waiting{destination=\"shop\"} 14",
        "leadgate_outbox_oldest_seconds{destination=\"shop\"} 480.5",
        "leadgate_destination_paused{destination=\"shop\"} 1",
        "leadgate_leads{state=\"failed\"} 2",
        "leadgate_store_accepts 1",
        "leadgate_disk_free_bytes 1073741824.0",
        concat!(
            "leadgate_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
    ] {
        assert!(
            lines.iter().any(|line| line == expected),
            "{expected}\n{lines:#?}"
        );
    }
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("process_open_fds "))
    );
}

#[test]
fn the_older_format_types_every_series_under_its_own_name() {
    let lines = told(&counted(), &seen(), Format::Prometheus);
    let typed: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    for line in lines.iter().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let is_typed = |suffix| typed.contains(&name.strip_suffix(suffix).unwrap_or(name));
        let is_histogram = ["_bucket", "_sum", "_count"].into_iter().any(is_typed);
        assert!(typed.contains(&name) || is_histogram, "{line}");
    }
    assert!(
        !lines
            .iter()
            .any(|line| line.starts_with("# UNIT") || line == "# EOF")
    );
}

#[test]
fn prometheus_gets_the_format_it_asks_for() {
    let accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2";
    assert_eq!(Format::asked_by(accept), Format::OpenMetrics);
    assert_eq!(Format::asked_by("*/*"), Format::Prometheus);
    let lines = told(&counted(), &seen(), Format::OpenMetrics);
    assert_eq!(lines.last().map(String::as_str), Some("# EOF"));
    assert_eq!(lines.iter().filter(|line| *line == "# EOF").count(), 1);
}

#[test]
fn a_destination_that_has_left_the_config_is_told_of_no_more() {
    let metrics = counted();
    told(&metrics, &seen(), Format::Prometheus);
    let lines = told(&metrics, &Seen::default(), Format::Prometheus);
    assert!(
        !lines
            .iter()
            .any(|line| line.starts_with("leadgate_outbox_waiting{"))
    );
}
