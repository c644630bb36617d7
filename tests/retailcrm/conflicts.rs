//! Whose a lead is when its contacts do not agree: two people, a company, somebody who has changed; and what is remembered of it.

use leadgate::delivery::{Delivery, DeliveryId, Note, Receipt, State, Warning};
use leadgate::destination::retailcrm::ContactConflict;
use leadgate::lead::{Bilingual, Create};
use serde_json::{Value, json};

use crate::world::{Setup, World, anna, destination, lead, merge, post, seed};

async fn with(conflict: ContactConflict) -> World {
    World::new(Setup {
        conflict,
        ..Setup::default()
    })
    .await
}

/// Two customers of Anna's contacts: one has her phone, the other her e-mail.
async fn two(world: &World) -> (u64, u64) {
    let by_email = seed(
        world,
        json!({"firstName": "По почте", "email": "Anna@Example.ru"}),
    )
    .await;
    let by_phone = seed(
        world,
        json!({"firstName": "По телефону", "phones": [{"number": "8 912 345 67 89"}]}),
    )
    .await;
    (by_phone, by_email)
}

async fn edit(world: &World, customer: u64, change: Value) {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("by", "id")
        .append_pair("site", "shop-ru")
        .append_pair("customer", &change.to_string())
        .finish();
    let path = format!("/api/v5/customers/{customer}/edit");
    let answer = post(world, &path, &form).await;
    assert_eq!(answer["success"], true, "{answer}");
}

#[tokio::test]
async fn with_two_customers_the_config_decides_and_the_warning_names_both() {
    for (conflict, en) in [
        (ContactConflict::Phone, "customer 1002 was taken"),
        (ContactConflict::Email, "customer 1001 was taken"),
        (ContactConflict::New, "a third customer was made"),
        (ContactConflict::None, "the order went without a customer"),
    ] {
        let world = with(conflict).await;
        let (by_phone, by_email) = two(&world).await;
        assert_eq!((by_phone, by_email), (1002, 1001));
        let delivered = world.delivered(&anna()).await;
        let customer = delivered.receipt.customer_id;
        match conflict {
            ContactConflict::Phone => assert_eq!(customer, Some(by_phone)),
            ContactConflict::Email => assert_eq!(customer, Some(by_email)),
            // With `none` the CRM makes one of the order's contact data.
            ContactConflict::New | ContactConflict::None => assert_eq!(customer, Some(1003)),
        }
        let made_by_us = world
            .operations()
            .iter()
            .any(|name| name == "customers/create")
            && world.crm.customers().iter().any(|customer| {
                customer["externalId"]
                    .as_str()
                    .is_some_and(|id| id.starts_with("lg-c-"))
            });
        assert_eq!(made_by_us, conflict == ContactConflict::New);
        let warning = delivered.warning.expect("a warning");
        assert_eq!(
            warning.text.en,
            format!("the phone is customer 1002's, the e-mail customer 1001's: {en}")
        );
        assert!(warning.text.ru.contains("1001") && warning.text.ru.contains("1002"));
    }
}

#[tokio::test]
async fn the_same_two_customers_are_told_of_again_until_somebody_merges_them() {
    let world = with(ContactConflict::Phone).await;
    let (by_phone, by_email) = two(&world).await;
    for _ in 0..2 {
        let delivered = world.delivered(&anna()).await;
        assert_eq!(delivered.receipt.customer_id, Some(by_phone));
        assert!(delivered.warning.is_some());
    }
    edit(&world, by_phone, json!({"email": "anna@example.ru"})).await;
    merge(&world, by_email, by_phone).await;
    let delivered = world.delivered(&anna()).await;
    assert_eq!(delivered.receipt.customer_id, Some(by_phone));
    assert_eq!(delivered.warning, None);
}

#[tokio::test]
async fn a_third_customer_is_made_once_also_over_a_restart() {
    let mut world = with(ContactConflict::New).await;
    two(&world).await;
    let third = world.delivered(&anna()).await.receipt.customer_id;
    let again = world.delivered(&anna()).await;
    assert_eq!(again.receipt.customer_id, third);
    assert_eq!(again.warning, None, "it has both now");
    // What was remembered goes with the process.
    world.destination = destination(
        &world.crm,
        &Setup {
            conflict: ContactConflict::New,
            ..Setup::default()
        },
    );
    let after = world.delivered(&anna()).await;
    assert_eq!((after.receipt.customer_id, after.warning), (third, None));
    assert_eq!(world.crm.customers().len(), 3);
}

#[tokio::test]
async fn a_known_phone_does_not_hide_whose_the_e_mail_is() {
    let world = with(ContactConflict::Phone).await;
    let anna = world.delivered(&anna()).await.receipt.customer_id;
    let petr = seed(
        &world,
        json!({"firstName": "Пётр", "email": "petr@example.ru"}),
    )
    .await;
    let mixed = lead(&[("phone", "+79123456789"), ("email", "petr@example.ru")]);
    let delivered = world.delivered(&mixed).await;
    assert_eq!(delivered.receipt.customer_id, anna);
    let warning = delivered.warning.expect("a warning").text.en;
    assert!(warning.contains(&petr.to_string()), "{warning}");
}

#[tokio::test]
async fn one_who_has_both_contacts_is_no_conflict() {
    let world = with(ContactConflict::None).await;
    two(&world).await;
    let both = seed(
        &world,
        json!({"firstName": "Анна", "email": "anna@example.ru", "phones": [{"number": "+7 (912) 345-67-89"}]}),
    )
    .await;
    let delivered = world.delivered(&anna()).await;
    assert_eq!(
        (delivered.receipt.customer_id, delivered.warning),
        (Some(both), None)
    );
}

#[tokio::test]
async fn where_only_a_customer_is_made_the_others_contact_is_kept_out_of_it() {
    for (conflict, chosen) in [
        (ContactConflict::Phone, 1002),
        (ContactConflict::Email, 1001),
    ] {
        let world = World::new(Setup {
            create: Create::Customer,
            conflict,
            ..Setup::default()
        })
        .await;
        two(&world).await;
        let delivered = world.delivered(&anna()).await;
        assert_eq!(delivered.receipt.customer_id, Some(chosen));
        assert!(delivered.warning.is_some());
        let customers = world.crm.customers();
        assert_eq!(customers.len(), 2);
        assert_eq!(customers[0]["phones"], json!([]), "the e-mail's customer");
        assert_eq!(customers[1]["email"], Value::Null, "the phone's customer");
    }
    let world = World::new(Setup {
        create: Create::Customer,
        conflict: ContactConflict::None,
        ..Setup::default()
    })
    .await;
    two(&world).await;
    let delivered = world.delivered(&anna()).await;
    assert_eq!(delivered.receipt.customer_id, Some(1003), "as with `new`");
}

#[tokio::test]
async fn a_company_is_left_alone() {
    let world = World::usual().await;
    let company = seed(
        &world,
        json!({"type": "customer_corporate", "firstName": "ООО", "email": "anna@example.ru", "phones": [{"number": "+79123456789"}]}),
    )
    .await;
    let person = world.delivered(&anna()).await.receipt.customer_id;
    assert_ne!(person, Some(company));
    merge(&world, person.expect("a customer"), company).await;
    let next = world.delivered(&anna()).await.receipt.customer_id;
    assert_ne!(next, Some(company), "nor through a merger");
    assert_eq!(world.crm.customers().len(), 2);
}

#[tokio::test]
async fn who_comes_again_costs_one_request_whatever_the_record_holds() {
    let world = World::usual().await;
    let known = seed(
        &world,
        json!({"firstName": "Анна", "phones": [{"number": "89123456789"}]}),
    )
    .await;
    world.delivered(&anna()).await;
    let before = world.operations().len();
    let delivered = world.delivered(&anna()).await;
    assert_eq!(delivered.receipt.customer_id, Some(known));
    assert_eq!(world.operations()[before..], ["orders/create"]);
}

#[tokio::test]
async fn a_contact_that_has_become_somebody_elses_is_forgotten() {
    let world = World::usual().await;
    let before = world.delivered(&anna()).await.receipt.customer_id;
    let before = before.expect("a customer");
    let other = json!({"email": "other@example.ru", "phones": [{"number": "+79990000000"}]});
    edit(&world, before, other).await;
    // The order's answer shows who it went to.
    world.delivered(&anna()).await;
    let heir = seed(
        &world,
        json!({"firstName": "Анна", "email": "anna@example.ru", "phones": [{"number": "+79123456789"}]}),
    )
    .await;
    let delivered = world.delivered(&anna()).await;
    assert_eq!(delivered.receipt.customer_id, Some(heir));
}

#[tokio::test]
async fn what_a_delivery_with_a_warning_taught_is_asked_for_again_after_a_start() {
    let world = World::usual().await;
    let delivery = |warned: bool| {
        let lead = anna();
        let id = DeliveryId {
            lead: lead.id,
            ordinal: 0,
        };
        let target = (world.destination.id().clone(), Create::Order);
        let mut delivery = Delivery::new(id, target, lead.received_at, false);
        delivery.state = State::Delivered;
        delivery.receipt = Some(Receipt {
            customer_id: Some(77),
            ..Receipt::default()
        });
        let note = || Note::plain(Bilingual::new("о двух", "of two"));
        delivery.warning = Warning::of(&warned.then(note).into_iter().collect::<Vec<_>>());
        delivery
    };
    world.destination.recall(&anna(), &delivery(true));
    world.delivered(&anna()).await;
    assert!(world.operations().contains(&"customers/list".to_owned()));

    let world = World::usual().await;
    let known = seed(&world, json!({"firstName": "Анна"})).await;
    let mut plain = delivery(false);
    plain.receipt = Some(Receipt {
        customer_id: Some(known),
        ..Receipt::default()
    });
    world.destination.recall(&anna(), &plain);
    let delivered = world.delivered(&anna()).await;
    assert_eq!(delivered.receipt.customer_id, Some(known));
}

#[tokio::test]
async fn a_conflict_that_is_met_twice_is_told_once() {
    let world = World::new(Setup {
        conflict: ContactConflict::New,
        customer_fields: "managerId = \"{{ manager }}\"",
        ..Setup::default()
    })
    .await;
    two(&world).await;
    // The upload refuses this row, so its customer is chosen once more by itself.
    let refused = lead(&[
        ("phone", "8 (912) 345-67-89"),
        ("email", "anna@example.ru"),
        ("manager", "999"),
    ]);
    let leads = [refused, lead(&[("phone", "+79990000000")])];
    let reports = world.deliver_all(&leads, false).await;
    let told = reports.into_iter().next().expect("a report").outcome;
    let warning = told.expect("delivered").warning.expect("a conflict");
    let conflict = "a third customer was made";
    assert_eq!(warning.text.en.matches(conflict).count(), 1, "{warning:?}");
}
