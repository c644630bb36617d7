//! What the account tells about itself: settings, reference lists, custom fields, dictionaries, users.

use leadgate::simulator::{Account, Options, SimulatedCrm, StartError};
use serde_json::{Value, json};

use crate::client::Crm;

#[tokio::test]
async fn settings_name_the_time_zone_as_a_value() {
    let crm = Crm::start().await;
    let settings = crm.get("/api/v5/settings").await.json();
    assert_eq!(settings["settings"]["timezone"]["value"], "Europe/Moscow");
}

#[tokio::test]
async fn reference_lists_are_objects_keyed_by_code() {
    let crm = Crm::start().await;
    for (path, key, code) in [
        ("sites", "sites", "shop-ru"),
        ("order-methods", "orderMethods", "landing-page"),
        ("order-types", "orderTypes", "eshop-individual"),
        ("statuses", "statuses", "new"),
        ("status-groups", "statusGroups", "new"),
        ("payment-types", "paymentTypes", "cash"),
        ("payment-statuses", "paymentStatuses", "paid"),
        ("delivery-types", "deliveryTypes", "courier"),
        ("delivery-services", "deliveryServices", "cdek"),
        ("product-statuses", "productStatuses", "new"),
    ] {
        let reply = crm.get(&format!("/api/v5/reference/{path}")).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.json()[key][code]["code"], code, "{path}");
    }
}

#[tokio::test]
async fn the_other_reference_lists_are_arrays() {
    let crm = Crm::start().await;
    for (path, key) in [
        ("stores", "stores"),
        ("couriers", "couriers"),
        ("legal-entities", "legalEntities"),
        ("price-types", "priceTypes"),
        ("units", "units"),
        ("countries", "countriesIso"),
        ("currencies", "currencies"),
    ] {
        let reply = crm.get(&format!("/api/v5/reference/{path}")).await;
        assert!(reply.json()[key].is_array(), "{path}");
    }
    assert_eq!(crm.get("/api/v5/reference/colours").await.status, 404);
}

#[tokio::test]
async fn the_default_order_method_is_flagged() {
    let crm = Crm::start().await;
    let methods = crm.get("/api/v5/reference/order-methods").await.json();
    assert_eq!(
        methods["orderMethods"]["shopping-cart"]["defaultForApi"],
        true
    );
    assert_eq!(methods["orderMethods"]["one-click"]["defaultForApi"], false);
}

#[tokio::test]
async fn custom_fields_are_listed_with_their_types_and_filtered() {
    let crm = Crm::start().await;
    let path = "/api/v5/custom-fields?filter[entity]=order&limit=100";
    let listed = crm.get(path).await.json();
    let fields = listed["customFields"].as_array().unwrap();
    assert_eq!(fields.len(), 10);
    let channel = fields.iter().find(|field| field["code"] == "channel");
    assert_eq!(channel.unwrap()["type"], "dictionary");
    assert_eq!(channel.unwrap()["dictionary"], "channels");
    let path = "/api/v5/custom-fields?filter[type][]=date&filter[type][]=datetime";
    let dates = crm.get(path).await.json();
    let codes: Vec<&Value> = dates["customFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| &field["code"])
        .collect();
    assert_eq!(codes, ["delivery_date", "visit_at"]);
}

#[tokio::test]
async fn one_custom_field_is_found_by_entity_and_code() {
    let crm = Crm::start().await;
    let of_order = crm.get("/api/v5/custom-fields/order/channel").await.json();
    assert_eq!(of_order["customField"]["type"], "dictionary");
    let of_customer = crm.get("/api/v5/custom-fields/customer/channel").await;
    assert_eq!(of_customer.json()["customField"]["type"], "string");
    let absent = crm.get("/api/v5/custom-fields/customer/city").await;
    assert_eq!(absent.status, 404);
}

#[tokio::test]
async fn dictionaries_carry_their_elements() {
    let crm = Crm::start().await;
    let listed = crm.get("/api/v5/custom-fields/dictionaries").await.json();
    assert_eq!(listed["customDictionaries"][0]["code"], "channels");
    let one = crm.get("/api/v5/custom-fields/dictionaries/channels").await;
    let elements = &one.json()["customDictionary"]["elements"];
    assert_eq!(elements[2]["code"], "telegram");
    let absent = crm.get("/api/v5/custom-fields/dictionaries/none").await;
    assert_eq!(absent.status, 404);
}

#[tokio::test]
async fn users_are_listed_and_found_by_id() {
    let crm = Crm::start().await;
    let users = crm.get("/api/v5/users").await.json();
    assert_eq!(users["users"].as_array().unwrap().len(), 2);
    let manager = crm.get("/api/v5/users/12").await.json();
    assert_eq!(manager["user"]["isManager"], true);
    assert_eq!(crm.get("/api/v5/users/99").await.status, 404);
}

#[tokio::test]
async fn a_notification_needs_a_type_a_message_and_somebody_to_read_it() {
    let crm = Crm::start().await;
    let send = |notification: Value| {
        let text = notification.to_string();
        let crm = &crm;
        async move {
            crm.post("/api/v5/notifications/send", &[("notification", &text)])
                .await
        }
    };
    let right = json!({"type": "api.error", "message": "down", "userGroups": ["superadmins"]});
    assert_eq!(send(right).await.status, 200);
    let wrong = send(json!({"type": "alarm"})).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.json()["errors"]["message"].is_string());
    let to_nobody = send(json!({"type": "api.info", "message": "up", "userIds": []})).await;
    assert_eq!(to_nobody.status, 400);
    assert!(to_nobody.json()["errors"]["userGroups"].is_string());
}

#[tokio::test]
async fn a_wrong_setup_does_not_start() {
    let start = |options| async { SimulatedCrm::start(options).await.err().unwrap() };
    let short = Options {
        api_key: "short".to_owned(),
        ..Options::default()
    };
    assert!(matches!(start(short).await, StartError::ShortKey));
    let zone = Options {
        account: Account {
            time_zone: "Europe/Atlantis".to_owned(),
            ..Account::default()
        },
        ..Options::default()
    };
    assert!(matches!(start(zone).await, StartError::TimeZone { .. }));
    let crm = Crm::start().await;
    let taken = Options {
        listen: crm.crm.address(),
        ..Options::default()
    };
    assert!(matches!(start(taken).await, StartError::Listen { .. }));
}
