//! `check` against an account: codes, custom fields, rights, store, key and address.

use leadgate::simulator::{Account, Site};

use crate::world::{Setup, World};

#[tokio::test]
async fn check_finds_what_the_account_does_not_have() {
    let order = r#"
        orderMethod = "landing-pag"
        status = "new"
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
    let paths: Vec<&str> = findings
        .iter()
        .map(|finding| finding.key_path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "forms.callback.deliver[0].order.orderMethod",
            "forms.callback.deliver[0].order.managerId",
            "forms.callback.deliver[0].order.customFields.gorod",
            "forms.callback.deliver[0].order.customFields.guests",
            "forms.callback.deliver[0].order.customFields.channel",
            "forms.callback.deliver[0].customer_fields.customFields.chanel",
        ]
    );
    assert!(
        findings[0]
            .message
            .en
            .contains("did you mean \"landing-page\"?"),
        "{}",
        findings[0].message.en
    );
}

#[tokio::test]
async fn check_tells_the_rights_the_key_lacks() {
    let account = Account {
        scopes: vec!["order_write".to_owned(), "customer_read".to_owned()],
        ..Account::default()
    };
    let account = Account {
        key_sites: Some(vec!["shop-ru".to_owned()]),
        ..account
    };
    let world = World::new(Setup {
        account,
        ..Setup::default()
    })
    .await;
    let findings = world.destination.check().await.expect("answered");
    let texts: String = findings
        .iter()
        .map(|finding| finding.message.en.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        texts.contains("order_read")
            && texts.contains("customer_write")
            && !texts.contains("order_write"),
        "{texts}"
    );
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
    let world = World::new(Setup {
        account,
        ..Setup::default()
    })
    .await;
    let findings = world.destination.check().await.expect("answered");
    assert_eq!(findings[0].key_path, "destinations[0].site");
    assert!(
        findings[0]
            .message
            .en
            .contains("did you mean \"shop-rus\"?"),
        "{}",
        findings[0].message.en
    );
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
