//! What the contract's paragraph on templates promises, sentence by sentence.

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::lead::{
    Attribution, Client, Contact, Field, FormId, Language, Lead, LeadId, Page, UtmMarks, VisitIds,
};

pub(super) fn field(name: &str, value: Value) -> Field {
    Field {
        name: name.to_owned(),
        label: None,
        value,
        typed: None,
    }
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(super) fn lead(fields: Vec<Field>) -> Lead {
    Lead {
        id: LeadId::from_bytes([7; 16]),
        form: FormId::parse("callback").expect("an id"),
        form_title: "Обратный звонок".to_owned(),
        received_at: Timestamp::UNIX_EPOCH,
        language: Language::Ru,
        contact: Contact::default(),
        fields,
        attribution: Attribution {
            utm: UtmMarks {
                source: Some("yandex".to_owned()),
                ..UtmMarks::default()
            },
            visit: VisitIds([("roistat".to_owned(), "100".to_owned())].into()),
        },
        page: Page {
            url: Some("https://shop.example/a".to_owned()),
            ..Page::default()
        },
        client: Client {
            address: Some([192, 0, 2, 1].into()),
            user_agent: None,
        },
        key_reused: false,
    }
}

fn sample() -> Context {
    Context::new(&lead(vec![
        field("city", text("Тула")),
        field("your-name", text("Анна")),
        field("guests", Value::Integer(3)),
        field("none", Value::Integer(0)),
        field("price", Value::Number("1234.50".to_owned())),
        field("huge", Value::Number("12345678901234567.89".to_owned())),
        field("agreed", Value::Boolean(false)),
        field("day", Value::Date(date(2026, 11, 21))),
        field(
            "colours",
            Value::List(vec!["red".to_owned(), "blue".to_owned()]),
        ),
        field("utm", text("a field called utm")),
        field("trap", text("{{ lead.id }}{% for x in fields %}")),
    ]))
}

fn value(source: &str) -> Option<Value> {
    Template::parse(source)
        .expect(source)
        .evaluate(&sample())
        .expect(source)
}

#[test]
fn text_without_braces_is_itself() {
    assert_eq!(value("landing-page"), Some(text("landing-page")));
    assert_eq!(value("50 % { скидка }"), Some(text("50 % { скидка }")));
}

#[test]
fn one_field_keeps_its_type_and_its_digits() {
    assert_eq!(value("{{ guests }}"), Some(Value::Integer(3)));
    assert_eq!(
        value("{{price}}"),
        Some(Value::Number("1234.50".to_owned()))
    );
    assert_eq!(
        value(" {{ fields.huge }} "),
        Some(Value::Number("12345678901234567.89".to_owned()))
    );
    assert_eq!(value("{{- day -}}"), Some(Value::Date(date(2026, 11, 21))));
    assert_eq!(
        value("{{ fields[\"colours\"] }}"),
        Some(Value::List(vec!["red".to_owned(), "blue".to_owned()]))
    );
    assert_eq!(value("{{ fields['your-name'] }}"), Some(text("Анна")));
}

#[test]
fn one_expression_keeps_the_type_of_its_result() {
    assert_eq!(value("{{ guests * 2 }}"), Some(Value::Integer(6)));
    assert_eq!(
        value("{{ price * 2 }}"),
        Some(Value::Number("2469".to_owned()))
    );
    assert_eq!(
        value("{{ 0.1 + 0.2 }}"),
        Some(Value::Number("0.3".to_owned()))
    );
    assert_eq!(value("{{ guests > 2 }}"), Some(Value::Boolean(true)));
    assert_eq!(value("{{ colours | first }}"), Some(text("red")));
    assert_eq!(
        value("{{ [city, nowhere] }}"),
        Some(Value::List(vec!["Тула".to_owned()]))
    );
}

#[test]
fn anything_more_than_one_expression_is_text() {
    assert_eq!(value("{{ guests }} гостя"), Some(text("3 гостя")));
    assert_eq!(value("{{ guests }}{{ guests }}"), Some(text("33")));
    assert_eq!(
        value("{{ price }} / {{ colours }} / {{ agreed }} / {{ day }}"),
        Some(text("1234.5 / red, blue / false / 2026-11-21"))
    );
    assert_eq!(
        value("{% if guests > 2 %}много{% endif %}"),
        Some(text("много"))
    );
}

#[test]
fn the_context_has_page_utm_visit_client_form_and_lead() {
    assert_eq!(
        value("{{ page.url }}"),
        Some(text("https://shop.example/a"))
    );
    assert_eq!(value("{{ visit.roistat }}"), Some(text("100")));
    assert_eq!(value("{{ client.address }}"), Some(text("192.0.2.1")));
    assert_eq!(
        value("{{ form.id }}: {{ form.title }}"),
        Some(text("callback: Обратный звонок"))
    );
    assert_eq!(
        value("{{ lead.received_at }}"),
        Some(text("1970-01-01T00:00:00Z"))
    );
    assert_eq!(
        value("{{ lead.id }}"),
        Some(text("07070707-0707-0707-0707-070707070707"))
    );
}

#[test]
fn context_names_win_over_a_field_of_the_same_name() {
    assert_eq!(value("{{ utm.source }}"), Some(text("yandex")));
    assert_eq!(value("{{ fields.utm }}"), Some(text("a field called utm")));
}

#[test]
fn undefined_and_empty_are_none_at_any_depth() {
    for source in [
        "",
        "{{ nothing }}",
        "{{ nothing.at.all }}",
        "{{ utm.term }}",
        "{{ visit.ga }}",
        "{{ '' }}",
        "{{ [] }}",
    ] {
        assert_eq!(value(source), None, "{source:?}");
    }
    assert_eq!(value("{{ nothing }} {{ nothing.more }}{{ none }}"), None);
    assert_eq!(value("{{ nothing or city }}"), Some(text("Тула")));
}

#[test]
fn zero_and_false_are_values() {
    assert_eq!(value("{{ fields.none }}"), Some(Value::Integer(0)));
    assert_eq!(value("{{ guests - 3 }}"), Some(Value::Integer(0)));
    assert_eq!(value("{{ agreed }}"), Some(Value::Boolean(false)));
}

#[test]
fn what_a_visitor_types_is_not_evaluated_nor_escaped() {
    assert_eq!(
        value("{{ trap }}"),
        Some(text("{{ lead.id }}{% for x in fields %}"))
    );
    assert_eq!(
        value("a {{ trap }}"),
        Some(text("a {{ lead.id }}{% for x in fields %}"))
    );
}

#[test]
fn the_context_remembers_the_submitted_fields_that_were_read() {
    let context = sample();
    assert!(context.fields_read().is_empty());
    for source in [
        "{{ city }}",
        "{{ fields['your-name'] ~ guests }}",
        "{{ utm.source }} {{ nothing }} {{ price }}",
        "static",
    ] {
        Template::parse(source)
            .expect(source)
            .evaluate(&context)
            .expect(source);
    }
    let read: Vec<String> = context.fields_read().into_iter().collect();
    assert_eq!(read, ["city", "guests", "price", "your-name"]);
}

#[test]
fn a_branch_not_taken_reads_nothing() {
    let context = sample();
    let template = Template::parse("{% if agreed %}{{ city }}{% endif %}").expect("a template");
    template.evaluate(&context).expect("a value");
    assert_eq!(
        context.fields_read().into_iter().collect::<Vec<_>>(),
        ["agreed"]
    );
}

#[test]
fn all_fields_can_be_walked_through() {
    assert_eq!(
        value("{% for name in fields %}{{ name }};{% endfor %}")
            .map(|v| v.to_text().matches(';').count()),
        Some(11)
    );
}

#[test]
fn names_are_the_roots_a_template_mentions() {
    let names = |source| {
        Template::parse(source)
            .expect("a template")
            .names()
            .into_iter()
            .collect::<Vec<_>>()
    };
    assert_eq!(names("{{ utm.source ~ city }}"), ["city", "utm"]);
    assert_eq!(
        names("{{ fields['a-b'] }} {{ x }}{% for i in list %}{{ i }}{% endfor %}"),
        ["fields", "list", "x"]
    );
    assert_eq!(names("text"), Vec::<String>::new());
}

#[test]
fn a_broken_template_is_refused_with_line_and_cause() {
    for source in ["{{ city", "{{ a b }}", "{% if city %}", "{{ }}", "{{ 'a }}"] {
        let error = Template::parse(source).expect_err(source).to_string();
        assert!(
            error.starts_with("line 1: syntax error"),
            "{source:?}: {error}"
        );
    }
    let error = Template::parse("a\nb {{ c d }}")
        .expect_err("two names")
        .to_string();
    assert!(error.starts_with("line 2: "), "{error}");
}

#[test]
fn unknown_filters_tests_and_functions_are_refused_when_read() {
    for source in [
        "{{ city | shout }}",
        "{% if false %}{{ city|trim|shout(1) }}{% endif %}",
        "{% if city is loud %}{% endif %}",
    ] {
        assert!(Template::parse(source).is_err(), "{source:?}");
    }
    assert!(Template::parse("{% if city is not loud %}{% endif %}").is_err());
    let error = Template::parse("{{ shout(city) }}")
        .expect_err("no function")
        .to_string();
    assert!(error.contains("there is no function shout"), "{error}");
}

#[test]
fn known_filters_tests_functions_and_words_in_strings_are_let_through() {
    let sources = [
        "{{ city | default('a | shout') | upper }}",
        "{% if city is defined and city is not none %}{% for i in range(2) %}{{ i }}{% endfor %}{% endif %}",
        "{# | shout #}{% raw %}{{ a | shout }}{% endraw %}",
        "{{ \"}} | shout {{\" }}",
        "{{ city.upper() if false }}",
        "{{ colours | map('upper') | join(', ') }}",
    ];
    for source in sources {
        assert!(
            Template::parse(source).is_ok(),
            "{source:?}: {:?}",
            Template::parse(source)
        );
    }
}

#[test]
fn a_mistake_that_shows_only_at_evaluation_is_an_error() {
    let template = Template::parse("{{ city / 2 }}").expect("a template");
    assert!(template.evaluate(&sample()).is_err());
}

#[test]
fn templates_go_between_threads() {
    fn is_shared<T: Clone + Send + Sync + fmt::Debug>() {}
    is_shared::<Template>();
}

proptest! {
    #[test]
    fn typed_text_comes_out_letter_for_letter(typed in r#"[^\s][a-z{}%#"'|. \n]{0,30}[^\s]"#) {
        let context = Context::new(&lead(vec![field("typed", text(&typed))]));
        for source in ["{{ typed }}", "{{ fields.typed }}", "{{ typed or 1 }}"] {
            let template = Template::parse(source).expect(source);
            prop_assert_eq!(template.evaluate(&context).expect(source), Some(text(&typed)));
        }
        let template = Template::parse("<{{ typed }}>").expect("a template");
        prop_assert_eq!(template.evaluate(&context).expect("a value"), Some(Value::Text(format!("<{typed}>"))));
    }

    #[test]
    fn no_source_makes_the_reader_panic(source in r#"[a-z{}%#"'|()\[\]. \\-]{0,30}"#) {
        let _parsed = Template::parse(&source);
    }
}
