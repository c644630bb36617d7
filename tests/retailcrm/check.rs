//! `check` against an account: codes, custom fields, rights, store, key and address.

use leadgate::destination::{Finding, Severity};
use leadgate::simulator::{
    Account, Calls, CustomField, Entity, Entry, FaultKind, FieldType, PaymentType, Site, User,
};

use crate::world::{Setup, World, fault};

/// What the check of this account says to this mapping.
async fn findings(account: Account, order: &'static str) -> Vec<Finding> {
    let setup = Setup {
        account,
        order,
        ..Setup::default()
    };
    let world = World::new(setup).await;
    world.destination.check().await.expect("answered")
}

fn paths(findings: &[Finding]) -> Vec<&str> {
    findings
        .iter()
        .map(|finding| {
            let path = &finding.key_path;
            path.strip_prefix("forms.callback.deliver[0].")
                .unwrap_or(path)
        })
        .collect()
}

fn instead(finding: &Finding) -> &str {
    finding
        .instead
        .as_ref()
        .map_or("", |instead| instead.en.as_str())
}

fn texts(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| finding.message.en.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn check_finds_what_the_account_does_not_have() {
    let order = r#"
        orderMethod = "landing-pag"
        status = "Недозвон"
        managerId = 99
        [customFields]
        gorod = "{{ city }}"
        guests = "много"
        channel = "radio-x"
    "#;
    let world = World::new(Setup {
        order,
        customer_fields: "\"customFields.chanel\" = \"x\"",
        ..Setup::default()
    })
    .await;
    let findings = world.destination.check().await.expect("answered");
    assert_eq!(
        paths(&findings),
        [
            "order.orderMethod",
            "order.status",
            "order.managerId",
            "order.customFields.gorod",
            "order.customFields.guests",
            "order.customFields.channel",
            "customer_fields.customFields.chanel",
        ]
    );
    let meant = |place: usize| instead(&findings[place]);
    assert!(meant(0).starts_with("did you mean \"landing-page\"?"));
    assert!(
        meant(1).starts_with("did you mean \"no-call\"?"),
        "a name is not a code, and leads to it: {}",
        meant(1)
    );
    assert_eq!(meant(2), "it has: 12", "only managers are offered");
    assert!(meant(3).contains("city, guests"), "{}", meant(3));
    assert!(meant(5).contains("telegram"), "{}", meant(5));
    assert!(meant(6).starts_with("did you mean \"channel\"?"));
    for finding in &findings {
        assert_eq!(finding.severity, Severity::Problem);
        assert!(!finding.remedy.ru.is_empty() && !finding.remedy.en.is_empty());
    }
}

#[tokio::test]
async fn check_has_nothing_to_say_against_a_mapping_that_fits() {
    let order = r#"
        orderType = "eshop-individual"
        orderMethod = "callback-request"
        status = "new"
        managerId = 12
        delivery = { code = "courier", service = { code = "cdek" } }
        payments = [{ type = "cash-on-delivery", status = "not-paid" }]
        items = [{ productName = "x", status = "new", priceType = { code = "base" } }]
        currency = "RUB"
        [customFields]
        city = "{{ city }}"
        channel = "Сайт"
        interests = ["light", "Текстиль"]
        gift = true
    "#;
    let found = findings(Account::default(), order).await;
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn check_finds_payments_that_are_not_permitted_with_the_delivery_or_in_the_store() {
    let order = r#"
        delivery = { code = "self-delivery" }
        payments = [{ type = "cash" }, { type = "cash-on-delivery" }]
    "#;
    let found = findings(Account::default(), order).await;
    assert_eq!(paths(&found), ["order.payments[1].type"]);
    assert!(texts(&found).contains("not permitted with delivery \"self-delivery\""));
    assert_eq!(
        instead(&found[0]),
        "with this delivery it permits: cash, bank-card",
        "what is permitted is told"
    );

    let elsewhere = PaymentType {
        code: "transfer".to_owned(),
        name: "Перевод".to_owned(),
        delivery_types: Vec::new(),
        sites: vec!["b2b".to_owned()],
        payment_statuses: Vec::new(),
    };
    let mut account = Account::default();
    account.payment_types.push(elsewhere);
    account.sites.push(Site {
        code: "b2b".to_owned(),
        name: "Опт".to_owned(),
        url: String::new(),
    });
    let found = findings(account, "payments = [{ type = \"transfer\" }]").await;
    assert_eq!(paths(&found), ["order.payments[0].type"]);
    assert_eq!(instead(&found[0]), "it is available in: b2b");
}

#[tokio::test]
async fn check_warns_of_what_is_switched_off_and_of_users_who_are_no_managers() {
    let off = Entry {
        code: "fair".to_owned(),
        name: "Ярмарка".to_owned(),
        active: false,
        default_for_api: false,
    };
    let mut account = Account::default();
    account.order_methods.push(off);
    account.users = vec![User {
        id: 7,
        first_name: "Ирина".to_owned(),
        last_name: "Админова".to_owned(),
        email: "irina@shop.example".to_owned(),
        is_manager: false,
    }];
    let found = findings(account, "orderMethod = \"fair\"\nmanagerId = 7").await;
    assert_eq!(paths(&found), ["order.orderMethod", "order.managerId"]);
    assert!(texts(&found).contains("switched off"), "{}", texts(&found));
    assert!(texts(&found).contains("no manager"), "{}", texts(&found));
    assert!(
        found
            .iter()
            .all(|finding| finding.severity == Severity::Warning)
    );
}

#[tokio::test]
async fn check_knows_a_field_of_the_other_entity_and_a_required_one_that_nothing_fills() {
    let mut account = Account::default();
    account.custom_fields.push(CustomField {
        code: "consent_no".to_owned(),
        name: "Номер согласия".to_owned(),
        entity: Entity::Order,
        kind: FieldType::String,
        required: true,
        dictionary: None,
    });
    let world = World::new(Setup {
        account,
        order: "\"customFields.vip_level\" = \"1\"",
        customer_fields: "\"customFields.channel\" = \"x\"",
        ..Setup::default()
    })
    .await;
    let found = world.destination.check().await.expect("answered");
    assert_eq!(
        paths(&found),
        ["order.customFields.vip_level", "order.customFields"]
    );
    assert_eq!(instead(&found[0]), "it is a field of customers");
    assert!(texts(&found).contains("\"consent_no\" (Номер согласия) is required"));
}

#[tokio::test]
async fn check_asks_for_the_right_to_notify_where_the_crm_is_to_show_alerts() {
    for (shows_alerts, may_notify) in [(true, false), (true, true), (false, false)] {
        let mut account = Account::default();
        account
            .scopes
            .retain(|scope| may_notify || scope != "notification_write");
        let world = World::new(Setup {
            account,
            order: "orderMethod = \"landing-page\"",
            shows_alerts,
            ..Setup::default()
        })
        .await;
        let found = world.destination.check().await.expect("answered");
        if shows_alerts && !may_notify {
            assert_eq!(paths(&found), ["destinations[0].api_key"]);
            assert_eq!(found[0].severity, Severity::Warning);
            assert!(texts(&found).contains("notification_write"), "{found:#?}");
        } else {
            assert!(found.is_empty(), "{found:#?}");
        }
    }
}

#[tokio::test]
async fn check_tells_the_rights_the_key_lacks() {
    let account = Account {
        scopes: vec!["order_write".to_owned(), "customer_read".to_owned()],
        key_sites: Some(vec!["shop-ru".to_owned()]),
        ..Account::default()
    };
    let found = findings(
        account,
        "orderMethod = \"landing-page\"\n\"customFields.city\" = \"x\"",
    )
    .await;
    let texts = texts(&found);
    assert!(
        texts.contains("order_read")
            && texts.contains("customer_write")
            && !texts.contains("order_write"),
        "{texts}"
    );
    let remedies: String = found
        .iter()
        .map(|finding| finding.remedy.en.as_str())
        .collect();
    for right in ["reference_read", "custom_fields_read"] {
        assert!(remedies.contains(right), "{right} in {remedies}");
    }
}

#[tokio::test]
async fn check_names_a_store_the_key_does_not_reach() {
    let site = |code: &str| Site {
        code: code.to_owned(),
        name: code.to_owned(),
        url: String::new(),
    };
    let account = Account {
        sites: vec![site("shop-rus"), site("b")],
        ..Account::default()
    };
    let found = findings(account, "").await;
    assert_eq!(paths(&found), ["destinations[0].site"]);
    assert_eq!(
        instead(&found[0]),
        "did you mean \"shop-rus\"? It has: shop-rus, b"
    );
}

#[tokio::test]
async fn check_warns_when_the_account_does_not_tell_its_time_zone() {
    let world = World::usual().await;
    let refused = fault(FaultKind::Forbidden403, "settings/get", Calls::Always);
    world.crm.fault(refused);
    let found = world.destination.check().await.expect("answered");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(texts(&found).contains("Moscow's"), "{}", texts(&found));
}

#[tokio::test]
async fn check_tells_a_refused_key_from_a_silent_server() {
    let world = World::new(Setup {
        key: "another-key-of-thirty-two-characters",
        ..Setup::default()
    })
    .await;
    let findings = world.destination.check().await.expect("answered");
    assert_eq!(findings[0].key_path, "destinations[0].api_key");

    world.crm.stop_listening().await;
    assert!(
        world.destination.check().await.is_err(),
        "it could not be asked"
    );
}
