//! Fields against their declarations.

use crate::lead::submission::tests::*;

#[test]
fn declared_fields_come_first_and_in_the_order_of_the_form() {
    let fields = vec![
        spec("phone", FieldKind::Phone),
        spec("guests", FieldKind::Integer),
    ];
    let lead = lead(
        fields,
        &[
            ("extra", "x"),
            ("guests", "3"),
            ("empty", " "),
            ("phone", "8 912 345-67-89"),
        ],
    );
    assert_eq!(values(&lead), ["phone=+79123456789", "guests=3", "extra=x"]);
    assert_eq!(lead.fields[0].typed.as_deref(), Some("8 912 345-67-89"));
    assert_eq!(lead.fields[1].typed, None);
}

#[test]
fn a_field_is_known_by_its_other_names_in_any_letter_case() {
    let phone = FieldSpec {
        from: vec!["Tel".to_owned()],
        ..required("phone", FieldKind::Phone)
    };
    assert_eq!(
        values(&lead(vec![phone.clone()], &[("TEL", "89123456789")])),
        ["phone=+79123456789"]
    );
    assert_eq!(
        values(&lead(
            vec![phone.clone()],
            &[("phone", ""), ("tel", "89123456789")]
        )),
        ["phone=+79123456789"]
    );
    let both = lead(
        vec![phone],
        &[("tel", "89120000000"), ("Phone", "89123456789")],
    );
    assert_eq!(values(&both), ["phone=+79123456789", "tel=89120000000"]);
}

#[test]
fn all_errors_come_at_once_in_the_order_of_the_form_under_the_names_that_were_sent() {
    let fields = vec![
        required("name", FieldKind::Name),
        FieldSpec {
            from: vec!["tel".to_owned()],
            ..required("phone", FieldKind::Phone)
        },
        spec("email", FieldKind::Email),
        spec("guests", FieldKind::Integer),
        spec("day", FieldKind::Date),
        spec("site", FieldKind::Url),
        spec("size", FieldKind::Choice(vec!["S".to_owned()])),
        required("agree", FieldKind::Consent),
    ];
    let given = [
        ("Tel", "12"),
        ("size[]", "XL"),
        ("email", "@"),
        ("guests", "x"),
        ("day", "x"),
        ("site", "x"),
        ("agree", "0"),
    ];
    let expected = [
        "name REQUIRED_FIELD_MISSING",
        "Tel TYPE_PHONE",
        "email TYPE_EMAIL",
        "guests TYPE_NUMERIC",
        "day TYPE_DATE",
        "site TYPE_URL",
        "size[] NOT_AN_OPTION",
        "agree CONSENT_REQUIRED",
    ];
    assert_eq!(errors(fields, &given), expected);
}

#[test]
fn a_value_is_too_long_by_characters_when_declared_and_by_64_kib_always() {
    let short = || {
        vec![FieldSpec {
            max_length: Some(3),
            ..spec("city", FieldKind::Text)
        }]
    };
    assert_eq!(values(&lead(short(), &[("city", "Уфа")])), ["city=Уфа"]);
    assert_eq!(errors(short(), &[("city", "Тула")]), ["city TOO_LONG"]);
    let long = "a".repeat(64 * 1024 + 1);
    assert_eq!(errors(vec![], &[("note", &long)]), ["note TOO_LONG"]);
    assert_eq!(
        errors(vec![spec("note", FieldKind::Text)], &[("note", &long)]),
        ["note TOO_LONG"]
    );
    assert!(accept(vec![], submission(&[("note", &long[1..])])).is_ok());
}

#[test]
fn a_submission_without_any_filled_field_is_refused() {
    assert_eq!(
        errors(vec![], &[("a", " "), ("_id", "1"), ("utm_source", "x")]),
        [" REQUIRED_FIELD_MISSING"]
    );
    let fields = vec![
        spec("name", FieldKind::Name),
        required("phone", FieldKind::Phone),
    ];
    assert_eq!(errors(fields, &[]), ["phone REQUIRED_FIELD_MISSING"]);
}

#[test]
fn repeated_names_and_names_with_brackets_become_lists() {
    let lead = lead(
        vec![],
        &[
            ("a", "1"),
            ("b[]", "1"),
            ("a", ""),
            ("c", "1"),
            ("c", "2"),
            ("b[]", ""),
        ],
    );
    let list = |items: &[&str]| Value::List(items.iter().map(|item| (*item).to_owned()).collect());
    let kept: Vec<(&str, &Value)> = lead
        .fields
        .iter()
        .map(|field| (field.name.as_str(), &field.value))
        .collect();
    assert_eq!(
        kept,
        [
            ("a", &Value::Text("1".to_owned())),
            ("b", &list(&["1"])),
            ("c", &list(&["1", "2"]))
        ]
    );
}

#[test]
fn of_a_hidden_no_and_a_tick_the_tick_counts() {
    let fields = || vec![required("agree", FieldKind::Consent)];
    let lead = lead(fields(), &[("agree", "0"), ("agree", "yes")]);
    assert_eq!(lead.fields[0].value, Value::Boolean(true));
    assert_eq!(lead.fields[0].typed.as_deref(), Some("0, yes"));
    assert_eq!(
        errors(fields(), &[("agree", "0")]),
        ["agree CONSENT_REQUIRED"]
    );
}

#[test]
fn a_second_phone_in_one_field_is_kept_as_typed() {
    let lead = lead(
        vec![spec("phone", FieldKind::Phone)],
        &[("phone", "нет"), ("phone", "89123456789")],
    );
    assert_eq!(values(&lead), ["phone=+79123456789"]);
    assert_eq!(lead.fields[0].typed.as_deref(), Some("нет, 89123456789"));
    assert_eq!(
        lead.contact
            .phone
            .map(|phone| phone.typed().to_owned())
            .as_deref(),
        Some("89123456789")
    );
}

#[test]
fn the_language_is_the_submissions_or_the_forms() {
    assert_eq!(
        lead(vec![], &[("a", "b"), ("_lang", "en")]).language,
        Language::En
    );
    assert_eq!(
        lead(vec![], &[("a", "b"), ("_lang", "de")]).language,
        Language::Ru
    );
}

#[test]
fn control_characters_and_a_value_without_a_name_do_no_harm() {
    let lead = lead(vec![], &[("a\r\nSet-Cookie: x", "b\u{0}\r\nc"), ("", "x")]);
    assert_eq!(values(&lead), ["a Set-Cookie: x=b\nc", "unnamed=x"]);
}
