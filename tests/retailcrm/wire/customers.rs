//! Customers: somebody who wants the newsletter, and the same person again.

use leadgate::lead::{Create, FieldKind};
use serde_json::json;

use crate::wire::{lead, same, sent, wire};
use crate::world::Setup;

fn newsletter() -> Setup {
    Setup {
        create: Create::Customer,
        customer_fields: r#"
            subscribed = true
            birthday = "{{ birthday }}"
            sex = "{{ sex }}"
            vip = false
            personalDiscount = "{{ discount }}"
            tags = ["рассылка", "{{ topics }}"]
            address.city = "{{ city }}"
            customFields.vip_level = { type = "integer", value = "{{ level }}" }
            customFields.channel = "{{ utm.source }}"
        "#,
        ..Setup::default()
    }
}

#[tokio::test]
async fn a_newsletter_customer_and_the_same_person_again() {
    let first = lead(
        &[("birthday", FieldKind::Date)],
        &[
            ("email", "Anna@Example.ru"),
            ("birthday", "01.02.1990"),
            ("sex", "female"),
            ("discount", "5,50"),
            ("topics[]", "скидки"),
            ("topics[]", "новинки"),
            ("city", "Казань"),
            ("level", "0"),
            ("utm_source", "vk"),
        ],
    );
    let (made, world) = sent(newsletter(), &first).await;
    insta::assert_snapshot!("newsletter_new", made);
    let before = world.crm.received().len();
    let again = lead(
        &[],
        &[
            ("email", "anna@example.ru"),
            ("name", "Анна"),
            ("topics[]", "новинки"),
            ("topics[]", "отзывы"),
            ("sex", ""),
        ],
    );
    assert_eq!(world.delivered(&again).await.warning, None);
    insta::assert_snapshot!("newsletter_again", wire(&world.crm.received()[before..]));
    let customer = world.crm.customers().remove(0);
    same(
        &customer,
        json!({"sex": "female", "birthday": "1990-02-01", "personalDiscount": 5.5, "subscribed": true}),
    );
    let tags: Vec<&str> = customer["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    assert_eq!(tags, ["рассылка", "скидки", "новинки", "отзывы"]);
}
