//! What a lead becomes, as snapshots: a callback, a full order, a customer.

use insta::assert_json_snapshot;
use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use serde_json::json;

use super::*;
use crate::lead::{
    Client, DestinationId, FieldKind, FieldSpec, Form, FormId, Language, Lead, OriginRule,
    Submission,
};

const CALLBACK: &str = r#"
orderMethod = "landing-page"
"#;

const FULL: &str = r#"
orderType = "eshop-individual"
managerId = 12
managerComment = "Со страницы {{ page.title }}"
call = false
"customFields.visit" = "{{ visit.roistat }}"
delivery.address.city = "{{ city }}"
discountManualAmount = "{{ discount }}"
shipmentDate = "{{ day }}"
[source]
campaign = "autumn"
[customFields]
guests = "{{ guests }}"
interests = "{{ interests }}"
nothing = "{{ fields['no-such'] }}"
[[items]]
productName = "{{ product }}"
initialPrice = "{{ price }}"
quantity = 1
"#;

fn rule(order: &str, customer: &str) -> DeliverRule {
    DeliverRule {
        destination: DestinationId::parse("shop").expect("id"),
        create: Create::Order,
        customer: CustomerMatching::Match,
        order: order.parse().expect("TOML"),
        customer_fields: customer.parse().expect("TOML"),
    }
}

pub(super) fn mapping(order: &str, customer: &str) -> Mapping {
    let mut problems = Vec::new();
    let mapping = Mapping::compile(&rule(order, customer), &mut problems);
    assert_eq!(problems, []);
    mapping
}

pub(super) fn problems(order: &str, customer: &str) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    Mapping::compile(&rule(order, customer), &mut problems);
    problems
        .into_iter()
        .map(|problem| (problem.path, problem.message))
        .collect()
}

pub(super) fn lead(pairs: &[(&str, &str)]) -> Lead {
    let spec = |name: &str, kind, label: Option<&str>| FieldSpec {
        name: name.to_owned(),
        kind,
        required: false,
        from: Vec::new(),
        label: label.map(str::to_owned),
        max_length: None,
    };
    let form = Form {
        id: FormId::parse("callback").expect("id"),
        title: "Обратный звонок".to_owned(),
        origins: OriginRule::Any,
        language: Language::Ru,
        success_url: None,
        roistat_key: None,
        capture: None,
        fields: vec![
            spec("phone", FieldKind::Phone, Some("Телефон")),
            spec("guests", FieldKind::Integer, Some("Гостей")),
            spec("price", FieldKind::Number, None),
            spec("day", FieldKind::Date, Some("Дата")),
            spec("interests", FieldKind::Choice(Vec::new()), None),
            spec("agree", FieldKind::Consent, Some("Согласие")),
        ],
        deliver: Vec::new(),
    };
    let at: Timestamp = "2026-11-21T22:30:15Z".parse().expect("instant");
    let id = LeadId::parse("01930000-0000-7000-8000-000000000001").expect("id");
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Submission::from_pairs(pairs)
        .into_lead(&form, id, at, Client::default())
        .expect("valid")
}

pub(super) fn zone() -> TimeZone {
    TimeZone::fixed(offset(3))
}

pub(super) fn order(lead: &Lead, mapping: &Mapping) -> serde_json::Value {
    OrderDraft::new(lead, mapping, &zone(), false).json(Some(7))
}

fn rich_lead() -> Lead {
    lead(&[
        ("name", "Петрова Анна Сергеевна"),
        ("phone", "8 (912) 345-67-89 доб. 12"),
        ("email", "Anna@Example.ru"),
        ("comment", "Позвоните\nпосле шести"),
        ("city", "Казань"),
        ("guests", "0"),
        ("price", "1234,50"),
        ("day", "21.11.2026"),
        ("discount", "скидка"),
        ("interests", "sofa"),
        ("interests", "table"),
        ("product", "Стол & стул"),
        ("colour", "синий\nTel: 1"),
        ("agree", "on"),
        ("utm_source", "yandex"),
        ("utm_term", "купить стол"),
        ("utm_campaign", "spring"),
        ("roistat_visit", "100500"),
        ("_page_title", "Столы"),
    ])
}

#[test]
fn a_callback_needs_no_mapping_but_what_is_special() {
    let lead = lead(&[("name", "Анна"), ("phone", "9123456789")]);
    assert_json_snapshot!(order(&lead, &mapping(CALLBACK, "")), @r#"
    {
      "externalId": "lg-01930000-0000-7000-8000-000000000001",
      "createdAt": "2026-11-22 01:30:15",
      "firstName": "Анна",
      "phone": "+79123456789",
      "orderMethod": "landing-page",
      "customer": {
        "id": 7
      }
    }
    "#);
}

#[test]
fn a_full_order_keeps_types_and_loses_nothing() {
    assert_json_snapshot!(order(&rich_lead(), &mapping(FULL, "")), @r#"
    {
      "externalId": "lg-01930000-0000-7000-8000-000000000001",
      "createdAt": "2026-11-22 01:30:15",
      "lastName": "Петрова",
      "firstName": "Анна",
      "patronymic": "Сергеевна",
      "phone": "+79123456789",
      "email": "anna@example.ru",
      "customerComment": "Позвоните\nпосле шести",
      "source": {
        "source": "yandex",
        "keyword": "купить стол",
        "campaign": "autumn"
      },
      "orderType": "eshop-individual",
      "managerId": 12,
      "call": false,
      "customFields": {
        "visit": "100500",
        "guests": 0,
        "interests": [
          "sofa",
          "table"
        ]
      },
      "delivery": {
        "address": {
          "city": "Казань"
        }
      },
      "shipmentDate": "2026-11-21",
      "items": [
        {
          "productName": "Стол & стул",
          "initialPrice": 1234.5,
          "quantity": 1
        }
      ],
      "managerComment": "Со страницы Столы\nДобавочный: 12\nСогласие: да\ncolour: синий\n  Tel: 1\ndiscountManualAmount: скидка",
      "customer": {
        "id": 7
      }
    }
    "#);
}

#[test]
fn a_customer_gets_the_contact_and_the_mapped_fields() {
    let mapping = mapping(
        "",
        "vip = true\n\"customFields.channel\" = \"{{ utm.source }}\"\ntags = [\"сайт\"]",
    );
    let draft = CustomerDraft::new(&rich_lead(), &mapping, &zone());
    assert_json_snapshot!(draft.json(), @r#"
    {
      "externalId": "lg-c-01930000-0000-7000-8000-000000000001",
      "createdAt": "2026-11-22 01:30:15",
      "lastName": "Петрова",
      "firstName": "Анна",
      "patronymic": "Сергеевна",
      "email": "anna@example.ru",
      "phones": [
        {
          "number": "+79123456789"
        }
      ],
      "source": {
        "source": "yandex",
        "campaign": "spring",
        "keyword": "купить стол"
      },
      "vip": true,
      "customFields": {
        "channel": "yandex"
      },
      "tags": [
        "сайт"
      ]
    }
    "#);
}

#[test]
fn a_lead_without_a_name_gets_a_visible_one_in_its_language() {
    let russian = order(&lead(&[("phone", "9123456789")]), &mapping("", ""));
    assert_eq!(russian["firstName"], "Без имени");
    let english = order(
        &lead(&[("phone", "9123456789"), ("_lang", "en")]),
        &mapping("", ""),
    );
    assert_eq!(english["firstName"], "No name");
}

#[test]
fn a_mapped_field_replaces_its_default_even_when_it_is_empty() {
    let lead = lead(&[("name", "Анна"), ("phone", "9123456789"), ("comment", "да")]);
    let order = order(
        &lead,
        &mapping(
            "customerComment = \"{{ nothing }}\"\nphone = \"+7 000\"",
            "",
        ),
    );
    assert_eq!(order.get("customerComment"), None);
    assert_eq!(order["phone"], "+7 000");
    let comment = order["managerComment"].as_str().expect("comment");
    assert!(
        comment.contains("comment: да"),
        "what the default would have carried is listed: {comment}"
    );
    assert!(comment.contains("9123456789"), "{comment}");
}

#[test]
fn a_value_of_the_wrong_type_is_left_out_warned_about_and_listed() {
    let draft = OrderDraft::new(
        &lead(&[("guests_text", "много")]),
        &mapping("managerId = \"{{ guests_text }}\"", ""),
        &zone(),
        false,
    );
    let order = draft.json(None);
    assert_eq!(order.get("managerId"), None);
    assert_eq!(order["managerComment"], "managerId: много");
    let warnings: Vec<String> = draft
        .left_out()
        .iter()
        .map(|left| left.warning().ru)
        .collect();
    assert_eq!(
        warnings,
        ["managerId=\"много\" не передано: нужно целое число"]
    );
}

#[test]
fn what_only_the_customer_mapping_reads_is_listed_unless_a_customer_is_made() {
    let lead = lead(&[("phone", "9123456789"), ("channel", "радио")]);
    let mapping = mapping("", "\"customFields.channel\" = \"{{ channel }}\"");
    let made = OrderDraft::new(&lead, &mapping, &zone(), true).json(None);
    assert_eq!(made.get("managerComment"), None);
    let found = OrderDraft::new(&lead, &mapping, &zone(), false).json(None);
    assert_eq!(found["managerComment"], "channel: радио");
}

#[test]
fn a_very_long_name_is_cut_and_stands_in_full_in_the_comment() {
    let long = "я".repeat(300);
    let order = order(&lead(&[("name", &long)]), &mapping("", ""));
    assert_eq!(
        order["firstName"].as_str().map(|name| name.chars().count()),
        Some(255)
    );
    assert!(
        order["managerComment"]
            .as_str()
            .expect("comment")
            .contains(&long)
    );
}

#[test]
fn a_known_customer_is_only_completed() {
    let draft = CustomerDraft::new(
        &rich_lead(),
        &mapping("", "vip = true\nsex = \"female\""),
        &zone(),
    );
    let known = json!({"id": 5, "firstName": "Аня", "vip": true, "sex": "male", "phones": [{"number": "+7 912 345-67-89"}]});
    let changes = draft
        .changes(known.as_object().expect("object"))
        .expect("changes");
    assert_eq!(
        changes,
        json!({"sex": "female", "email": "anna@example.ru"})
    );
    let same = json!({"firstName": "Аня", "email": "x@y.ru", "vip": true, "sex": "female", "phones": [{"number": "89123456789"}]});
    assert_eq!(draft.changes(same.as_object().expect("object")), None);
    let other =
        json!({"email": "x@y.ru", "vip": true, "sex": "female", "phones": [{"number": "+1"}]});
    let changes = draft
        .changes(other.as_object().expect("object"))
        .expect("changes");
    assert_eq!(
        changes["phones"],
        json!([{"number": "+1"}, {"number": "+79123456789"}])
    );
    assert_eq!(changes["lastName"], "Петрова");
}

#[test]
fn all_mistakes_of_a_mapping_are_found_at_once() {
    let found = problems(
        r#"
        orderMetod = "x"
        externalId = "1"
        managerId = "Anna"
        status = "{{ broken"
        delivery = "courier"
        items = { productName = "x" }
        "source.campaign" = "a"
        source.campagn = "b"
        shipped = "{{ a }}"
        "#,
        "phones = \"+7\"\nage = 5",
    );
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "order.orderMetod",
            "order.externalId",
            "order.managerId",
            "order.status",
            "order.delivery",
            "order.items",
            "order.source.campagn",
            "customer_fields.phones",
            "customer_fields.age",
        ]
    );
    assert!(
        found[0].1.contains("did you mean \"orderMethod\"?"),
        "{}",
        found[0].1
    );
}

#[test]
fn rules_that_cannot_work_are_refused() {
    let comment = problems("statusComment = \"x\"", "");
    assert_eq!(comment[0].0, "order.statusComment");
    let mut rule = rule("orderMethod = \"x\"", "");
    rule.create = Create::Customer;
    rule.customer = CustomerMatching::None;
    let mut found = Vec::new();
    Mapping::compile(&rule, &mut found);
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["order", "customer"]);
}
