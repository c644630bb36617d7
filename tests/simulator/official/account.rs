//! Keys, references, custom fields, dictionaries and users through the official client.

use leadgate::simulator::DEMO_API_KEY;
use serde_json::{Value, json};

use super::{Official, Simulated};

#[test]
fn the_client_learns_what_its_key_may_do_and_hears_of_a_wrong_one() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    let versions = client.call("api_versions", json!([])).good(200);
    assert_eq!(versions["versions"], json!(["3.0", "4.0", "5.0"]));
    let credentials = client.call("api_credentials", json!([])).good(200);
    assert_eq!(credentials["siteAccess"], "access_full");
    let scopes = credentials["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("order_write")), "{credentials}");
    let system = client.call("system_info", json!([])).good(200);
    assert_eq!(system["publicUrl"], crm.url);
    let settings = client.call("settings", json!([])).good(200);
    assert_eq!(settings["settings"]["timezone"]["value"], "Europe/Moscow");

    let wrong = DEMO_API_KEY.replace('0', "1");
    let mut stranger = Official::start(&[&crm.url, &wrong]);
    let (error, _) = stranger.call("orders", json!([])).refused(403);
    assert_eq!(error, "Wrong \"apiKey\" value.");
    let mut nobody = Official::start(&[&crm.url]);
    let (error, _) = nobody.call("orders", json!([])).refused(403);
    assert_eq!(error, "\"apiKey\" is missing.");
    let (error, _) = client.call("costs", json!([])).refused(404);
    assert_eq!(error, "API method not found");
}

#[test]
fn references_are_read_and_an_edited_entry_counts_at_once() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    for (method, member, code) in [
        ("sites", "sites", "shop-ru"),
        ("order_methods", "orderMethods", "landing-page"),
        ("order_types", "orderTypes", "eshop-individual"),
        ("statuses", "statuses", "new"),
        ("status_groups", "statusGroups", "approval"),
        ("payment_types", "paymentTypes", "cash"),
        ("payment_statuses", "paymentStatuses", "paid"),
        ("delivery_types", "deliveryTypes", "courier"),
        ("delivery_services", "deliveryServices", "cdek"),
        ("product_statuses", "productStatuses", "in-reserve"),
    ] {
        let list = client.call(method, json!([])).good(200);
        assert_eq!(list[member][code]["code"], code, "{method}: {list}");
    }
    for (method, member) in [("stores", "stores"), ("couriers", "couriers")] {
        let list = client.call(method, json!([])).good(200);
        assert!(list[member].is_array(), "{method}: {list}");
    }

    let quiz = json!({"code": "quiz", "name": "Квиз", "active": true, "defaultForApi": true});
    client.call("order_methods_edit", json!([quiz])).good(200);
    let status = json!({"code": "called", "name": "Звонили", "group": "approval"});
    client.call("statuses_edit", json!([status])).good(200);
    let payment = json!({"code": "cash", "name": "Наличные", "deliveryTypes": ["courier"]});
    client
        .call("payment_types_edit", json!([payment]))
        .good(200);
    let order = json!({"externalId": "o-1", "status": "called"});
    let made = client.call("order_create", json!([order])).good(201);
    assert_eq!(
        (&made["order"]["orderMethod"], &made["order"]["status"]),
        (&json!("quiz"), &json!("called"))
    );
    let methods = client.call("order_methods", json!([])).good(200);
    assert_eq!(methods["orderMethods"]["quiz"]["name"], "Квиз");
    assert_eq!(
        methods["orderMethods"]["shopping-cart"]["defaultForApi"], false,
        "there is one default"
    );
    let unpayable = json!({"payments": [{"type": "cash"}], "delivery": {"code": "self-delivery"}});
    let (error, _) = client.call("order_create", json!([unpayable])).refused(400);
    assert_eq!(error, "Order is not loaded");
    let lost = json!({"code": "lost", "name": "Потерян", "group": "no-such"});
    let (_, errors) = client.call("statuses_edit", json!([lost])).refused(400);
    assert!(errors.get("group").is_some(), "{errors}");
}

#[test]
fn custom_fields_are_listed_made_edited_and_then_take_values() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    let mut codes = |filter: Value| {
        let answer = client.call("custom_fields", json!([filter, 100])).good(200);
        let fields = answer["customFields"].as_array().unwrap().clone();
        let codes = fields.iter().map(|field| field["code"].as_str().unwrap());
        codes.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        codes(json!({"entity": "customer"})),
        ["channel", "birthday_note", "vip_level"]
    );
    assert_eq!(
        codes(json!({"entity": "order", "type": ["integer", "numeric"]})),
        ["guests", "budget"]
    );
    let field = json!({
        "name": "Бонус", "code": "bonus", "type": "integer", "entity": "order", "ordering": 10,
        "displayArea": "customer", "viewMode": "editable", "inFilter": true,
    });
    let order = |value: Value| json!([{"customFields": {"bonus": value}}]);
    let before = client.call("order_create", order(json!(5))).good(201);
    assert_eq!(before["order"]["customFields"], json!([]), "not known yet");
    let made = client.call("custom_field_create", json!([field])).good(201);
    assert_eq!(made["code"], "bonus");
    let after = client.call("order_create", order(json!(5))).good(201);
    assert_eq!(after["order"]["customFields"], json!({"bonus": 5}));
    client.call("order_create", order(json!("5"))).refused(400);

    let change = json!({"name": "Баллы", "code": "bonus", "entity": "order", "required": true});
    client.call("custom_field_edit", json!([change])).good(200);
    let read = client
        .call("custom_field", json!(["bonus", "order"]))
        .good(200);
    assert_eq!(read["customField"]["name"], "Баллы");
    assert_eq!(read["customField"]["type"], "integer");
    let (_, errors) = client
        .call("order_create", json!([{"firstName": "Анна"}]))
        .refused(400);
    assert!(errors.get("customFields.bonus").is_some(), "{errors}");

    let (_, errors) = client
        .call("custom_field_create", json!([field]))
        .refused(400);
    assert!(errors.get("code").is_some(), "it is there: {errors}");
    let wrong = json!({"code": "size", "type": "colour", "entity": "customer"});
    let (error, errors) = client
        .call("custom_field_create", json!([wrong]))
        .refused(400);
    assert_eq!(error, "Errors in the entity format");
    assert!(
        errors.get("name").is_some() && errors.get("type").is_some(),
        "{errors}"
    );
    client
        .call("custom_field", json!(["none", "order"]))
        .refused(404);
}

#[test]
fn dictionaries_are_listed_made_and_edited_and_their_elements_count() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    let listed = client
        .call("custom_dictionaries", json!([{"code": "channels"}]))
        .good(200);
    assert_eq!(listed["pagination"]["totalCount"], 1);
    assert_eq!(
        listed["customDictionaries"][0]["elements"][1]["code"],
        "phone"
    );
    let sizes = json!({"code": "sizes", "name": "Размеры", "elements": [
        {"code": "m", "name": "M", "ordering": 20}, {"code": "s", "name": "S", "ordering": 10},
    ]});
    let made = client
        .call("custom_dictionary_create", json!([sizes]))
        .good(201);
    assert_eq!(made["code"], "sizes");
    client
        .call("custom_dictionary_create", json!([sizes]))
        .refused(400);
    let field = json!({"name": "Размер", "code": "size", "type": "dictionary", "entity": "order", "dictionary": "sizes"});
    client.call("custom_field_create", json!([field])).good(201);
    let order = |size: &str| json!([{"customFields": {"size": size}}]);
    client.call("order_create", order("s")).good(201);
    client.call("order_create", order("l")).refused(400);

    let more = json!({"code": "sizes", "elements": [{"code": "l", "name": "L"}]});
    client
        .call("custom_dictionary_edit", json!([more]))
        .good(200);
    let read = client.call("custom_dictionary", json!(["sizes"])).good(200);
    let read = &read["customDictionary"];
    assert_eq!(read["name"], "Размеры");
    assert_eq!(read["elements"].as_array().unwrap().len(), 1);
    client.call("order_create", order("l")).good(201);
    let (error, _) = client
        .call("custom_dictionary", json!(["none"]))
        .refused(404);
    assert_eq!(error, "Not found");
}

#[test]
fn users_are_read_and_a_notification_is_taken() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    let users = client.call("users", json!([])).good(200);
    assert_eq!(users["users"].as_array().unwrap().len(), 2);
    let user = client.call("user", json!([12])).good(200);
    assert_eq!(user["user"]["isManager"], true);
    let notice = json!({"type": "api.error", "message": "<b>x</b>", "userGroups": ["superadmins"]});
    client.call("notifications_send", json!([notice])).good(200);
    let (_, errors) = client
        .call("notifications_send", json!([{"type": "shout"}]))
        .refused(400);
    assert_eq!(
        errors,
        json!({"type": "This value is not valid.", "message": "This value should not be blank."})
    );
}

#[test]
fn calls_above_the_limit_are_answered_503() {
    let crm = Simulated::with_limit(1);
    let mut client = crm.client();
    let mut told = (0..50).map(|_| client.call("sites", json!([])));
    let limited = told.find(|told| !told.is_successful);
    let (error, _) = limited.expect("two calls within a second").refused(503);
    assert_eq!(error, "Rate limit exceeded");
}
