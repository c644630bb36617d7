//! What becomes of names before any field is checked.

use crate::lead::submission::tests::*;

#[test]
fn names_with_an_underscore_are_controls_and_never_fields() {
    let submission = submission(&[
        ("_id", "key-1"),
        ("_next", "https://shop.example/thanks"),
        ("_LANG", "en-GB"),
        ("_opened_at", "1700000000000"),
        ("_page_url", "https://shop.example/a?utm_source=vk"),
        ("_page_title", "Скидки"),
        ("_page_referrer", "https://ya.ru/"),
        ("_unknown", "x"),
        ("city", "Тула"),
    ]);
    assert_eq!(submission.fields, pairs(&[("city", "Тула")]));
    assert_eq!(submission.controls.id.as_deref(), Some("key-1"));
    assert_eq!(
        submission.controls.next.as_deref(),
        Some("https://shop.example/thanks")
    );
    assert_eq!(submission.controls.language, Some(Language::En));
    assert_eq!(
        submission.controls.opened_at.map(|at| at.as_second()),
        Some(1_700_000_000)
    );
    assert_eq!(submission.page.host.as_deref(), Some("shop.example"));
    assert_eq!(submission.page.title.as_deref(), Some("Скидки"));
    assert_eq!(submission.page.referrer.as_deref(), Some("https://ya.ru/"));
    assert_eq!(submission.attribution.utm.source.as_deref(), Some("vk"));
    assert!(!submission.controls.honeypot_filled);
}

#[test]
fn the_honeypot_is_filled_by_anything_but_spaces() {
    assert!(
        submission(&[("_gotcha", "http://spam")])
            .controls
            .honeypot_filled
    );
    assert!(!submission(&[("_gotcha", " ")]).controls.honeypot_filled);
}

#[test]
fn marks_in_fields_win_over_the_page_address_and_are_no_fields() {
    let given = [
        ("utm_source", "field"),
        ("_ga", "GA1.1.1.2"),
        ("_page_url", "https://a.example/?utm_source=page&gclid=g"),
    ];
    let submission = submission(&given);
    assert!(submission.fields.is_empty());
    assert_eq!(submission.attribution.utm.source.as_deref(), Some("field"));
    assert_eq!(
        submission.attribution.visit.0.keys().collect::<Vec<_>>(),
        ["ga", "gclid"]
    );
}

#[test]
fn the_referer_is_the_page_only_when_the_form_told_none() {
    let told = submission(&[("_page_url", "https://a.example/")])
        .with_referer("https://b.example/?utm_source=b");
    assert_eq!(
        (told.page.host.as_deref(), told.attribution.utm.source),
        (Some("a.example"), None)
    );
    let untold = submission(&[]).with_referer("https://b.example/?utm_source=b");
    assert_eq!(untold.page.host.as_deref(), Some("b.example"));
    assert_eq!(untold.attribution.utm.source.as_deref(), Some("b"));
}

#[test]
fn the_content_hash_is_of_names_and_values_and_where_they_end() {
    let hash = |given: &[(&str, &str)]| submission(given).content_hash();
    assert_eq!(
        hash(&[("a", "b"), ("_id", "1")]),
        hash(&[("a", "b"), ("_id", "2"), ("utm_term", "t")])
    );
    assert_ne!(hash(&[("a", "bc")]), hash(&[("ab", "c")]));
    assert_ne!(hash(&[("a", "b")]), hash(&[("a", "c")]));
    assert_ne!(hash(&[]), hash(&[("a", "")]));
}
