//! Customers through the official client.

use serde_json::{Value, json};

use super::Simulated;

fn anna(external: &str) -> Value {
    json!({
        "externalId": external, "firstName": "Анна", "lastName": "Ким", "email": "anna@example.ru",
        "phones": [{"number": "8 (912) 345-67-89"}], "tags": ["vip"], "vip": true,
        "customFields": {"vip_level": 3, "no_such": "x"},
    })
}

#[test]
fn a_customer_is_made_read_and_edited() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    let made = client
        .call("customer_create", json!([anna("c-1"), "shop-ru"]))
        .good(201);
    let id = made["id"].as_u64().unwrap();
    let by_external = client
        .call("customer", json!(["c-1", "externalId", "shop-ru"]))
        .good(200);
    let customer = &by_external["customer"];
    assert_eq!(customer["id"], id);
    assert_eq!(customer["phones"][0]["number"], "8 (912) 345-67-89");
    assert_eq!(customer["tags"][0]["name"], "vip");
    assert_eq!(
        customer["customFields"],
        json!({"vip_level": 3}),
        "an unknown code vanishes"
    );
    let by_id = client.call("customer", json!([id, "id"])).good(200);
    assert_eq!(by_id["customer"], *customer);

    let change = json!({"id": id, "lastName": "Ли", "customFields": {"vip_level": 4}});
    let edited = client
        .call("customer_edit", json!([change, "id", "shop-ru"]))
        .good(200);
    assert_eq!(edited["id"], id);
    let change = json!({"externalId": "c-1", "patronymic": "Олеговна"});
    client.call("customer_edit", json!([change])).good(200);
    let after = client.call("customer", json!(["c-1"])).good(200);
    let after = &after["customer"];
    assert_eq!(
        (&after["firstName"], &after["lastName"]),
        (&json!("Анна"), &json!("Ли"))
    );
    assert_eq!(after["patronymic"], "Олеговна");
    assert_eq!(after["customFields"]["vip_level"], 4);
}

#[test]
fn customers_are_searched_page_by_page_with_the_filters_there_are() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    let many: Vec<Value> = (0..25)
        .map(|number| json!({"externalId": format!("m-{number}"), "firstName": "Мария"}))
        .collect();
    let uploaded = client
        .call("customers_upload", json!([many, "shop-ru"]))
        .good(200);
    assert_eq!(uploaded["uploadedCustomers"].as_array().unwrap().len(), 25);
    client
        .call("customer_create", json!([anna("c-1")]))
        .good(201);

    let mut found = |filter: Value, page: u64| {
        let answer = client
            .call("customers", json!([filter, 20, page]))
            .good(200);
        let rows = answer["customers"].as_array().unwrap().clone();
        let ids: Vec<String> = rows
            .iter()
            .map(|row| row["externalId"].as_str().unwrap().to_owned())
            .collect();
        (ids, answer["pagination"].clone())
    };
    let (first, pagination) = found(json!({"name": "мария"}), 1);
    assert_eq!(first.len(), 20);
    assert_eq!(
        pagination,
        json!({"limit": 20, "totalCount": 25, "currentPage": 1, "totalPageCount": 2})
    );
    assert_eq!(found(json!({"name": "мария"}), 2).0.len(), 5);
    for filter in [
        json!({"name": "9123456789"}),
        json!({"email": "anna@example.ru"}),
        json!({"externalIds": ["c-1", "none"]}),
        json!({"customFields": {"vip_level": {"min": 2, "max": 3}}}),
        json!({"tags": ["vip"], "sites": ["shop-ru"]}),
    ] {
        assert_eq!(found(filter.clone(), 1).0, ["c-1"], "{filter}");
    }
    let (all, _) = found(Value::Null, 1);
    assert_eq!(all[0], "c-1", "without a filter all come, newest first");

    let (error, errors) = client
        .call("customers", json!([{"phone": "912"}]))
        .refused(400);
    assert_eq!(error, "Errors in the input parameters");
    assert_eq!(
        errors,
        json!({"filter": "This form should not contain extra fields."})
    );
    let (_, errors) = client.call("customers", json!([{}, 30])).refused(400);
    assert_eq!(errors, json!({"limit": "This value is not valid."}));
}

#[test]
fn a_repeated_or_malformed_customer_is_refused_alone_and_in_an_upload() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    client
        .call("customer_create", json!([anna("c-1")]))
        .good(201);
    let (error, _) = client
        .call("customer_create", json!([anna("c-1")]))
        .refused(400);
    assert_eq!(error, "Customer already exists.");
    let phones = json!({"firstName": "Анна", "phones": "89123456789"});
    let (error, errors) = client.call("customer_create", json!([phones])).refused(400);
    assert_eq!(error, "Errors in the entity format");
    assert_eq!(errors, json!({"phones": "This value is not valid."}));

    let rows = json!([anna("c-1"), {"externalId": "c-2", "firstName": "Пётр"}, {"externalId": "c-3", "managerId": 99}]);
    let told = client.call("customers_upload", json!([rows]));
    assert_eq!(
        told.body["uploadedCustomers"][0]["externalId"], "c-2",
        "{told:?}"
    );
    assert_eq!(
        told.body["failedCustomers"],
        json!([{"externalId": "c-1"}, {"externalId": "c-3"}])
    );
    let (error, errors) = told.refused(460);
    assert_eq!(error, "Customers are loaded with errors");
    assert!(errors.get("managerId").is_some(), "{errors}");

    let (error, _) = client.call("customer", json!(["none"])).refused(404);
    assert_eq!(error, "Not found");
    let gone = json!({"externalId": "none", "firstName": "Х"});
    client.call("customer_edit", json!([gone])).refused(404);
}

#[test]
fn a_merged_customer_says_into_which_and_ids_can_be_mended() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    let mut ids = ["c-1", "c-2"].map(|external| {
        let made = client.call("customer_create", json!([anna(external)]));
        made.good(201)["id"].as_u64().unwrap()
    });
    ids.reverse();
    let [from, into] = ids;
    client
        .call("customers_combine", json!([[{"id": from}], {"id": into}]))
        .good(200);
    let told = client.call("customer", json!([from, "id"]));
    assert_eq!(told.body["combinedTo"]["id"], into);
    told.refused(404);
    let renamed = json!([[{"id": into, "externalId": "renamed"}]]);
    client.call("customers_fix_external_ids", renamed).good(200);
    let customer = client.call("customer", json!(["renamed"])).good(200);
    assert_eq!(customer["customer"]["id"], into);
}
