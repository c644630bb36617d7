//! Customers: create, refuse, find, edit, combine.

use serde_json::{Value, json};

use crate::client::Crm;

async fn found(crm: &Crm, filter: &str) -> Vec<u64> {
    let body = crm.get(&format!("/api/v5/customers?{filter}")).await.json();
    let customers = body["customers"]
        .as_array()
        .unwrap_or_else(|| panic!("{body}"));
    customers
        .iter()
        .map(|customer| customer["id"].as_u64().unwrap())
        .collect()
}

async fn anna(crm: &Crm) -> u64 {
    let anna = json!({
        "externalId": "c-1", "firstName": "Анна", "lastName": "Петрова", "email": "anna@shop.example",
        "phones": [{"number": "8 (912) 345-67-89"}], "tags": ["vip", "site"], "customFields": {"vip_level": 3},
    });
    crm.customer(&anna).await.json()["id"].as_u64().unwrap()
}

#[tokio::test]
async fn a_create_is_201_with_the_id_alone() {
    let crm = Crm::start().await;
    let reply = crm.customer(&json!({"firstName": "Анна"})).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.json(), json!({"success": true, "id": 1001}));
}

#[tokio::test]
async fn a_customer_is_read_back_with_tags_as_objects() {
    let crm = Crm::start().await;
    let id = anna(&crm).await;
    let by_external = crm.get("/api/v5/customers/c-1").await.json();
    let by_id = crm
        .get(&format!("/api/v5/customers/{id}?by=id"))
        .await
        .json();
    assert_eq!(by_external, by_id);
    let customer = &by_id["customer"];
    assert_eq!(customer["tags"][0]["name"], "vip");
    assert_eq!(customer["phones"][0]["number"], "8 (912) 345-67-89");
    assert_eq!(customer["customFields"], json!({"vip_level": 3}));
    assert_eq!(customer["site"], "shop-ru");
    assert!(customer["createdAt"].as_str().unwrap().len() == 19);
    assert_eq!(crm.get("/api/v5/customers/none").await.status, 404);
}

#[tokio::test]
async fn wrong_customers_are_refused_and_not_stored() {
    let crm = Crm::start().await;
    for (customer, message, field) in [
        (
            json!({"lastName": "Петрова"}),
            "Errors in the entity format",
            "firstName",
        ),
        (
            json!({"firstName": "А", "phones": "+79"}),
            "Errors in the entity format",
            "phones",
        ),
        (
            json!({"firstName": "А", "tags": [{"name": "x"}]}),
            "Errors in the entity format",
            "tags[0]",
        ),
        (
            json!({"firstName": "А", "birthday": "1.2.1990"}),
            "Errors in the entity format",
            "birthday",
        ),
        (
            json!({"firstName": "А", "sex": "f"}),
            "Errors in the entity format",
            "sex",
        ),
        (
            json!({"firstName": "А", "managerId": 99}),
            "Customer is not loaded",
            "managerId",
        ),
        (
            json!({"firstName": "А", "customFields": {"vip_level": "3"}}),
            "Customer is not loaded",
            "customFields.vip_level",
        ),
    ] {
        let reply = crm.customer(&customer).await;
        assert_eq!(reply.status, 400, "{customer}");
        assert_eq!(reply.json()["errorMsg"], message);
        assert!(
            reply.json()["errors"].get(field).is_some(),
            "{}",
            reply.text
        );
    }
    let empty = crm.customer(&json!({})).await;
    assert_eq!(empty.json()["errorMsg"], "Parameter 'customer' is missing");
    assert!(crm.crm.customers().is_empty());
}

#[tokio::test]
async fn a_second_customer_of_the_same_external_id_is_refused() {
    let crm = Crm::start().await;
    anna(&crm).await;
    let again = crm
        .customer(&json!({"externalId": "c-1", "firstName": "Борис"}))
        .await;
    assert_eq!(again.status, 400);
    assert_eq!(crm.crm.customers().len(), 1);
}

#[tokio::test]
async fn a_phone_is_found_through_the_name_filter_by_any_run_of_its_digits() {
    let crm = Crm::start().await;
    let id = anna(&crm).await;
    for name in ["9123456789", "345-67", "8912", "петр", "Анна"] {
        let query: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        assert_eq!(
            found(&crm, &format!("filter[name]={query}")).await,
            [id],
            "{name}"
        );
    }
    let other_country_code = found(&crm, "filter[name]=79123456789").await;
    assert!(
        other_country_code.is_empty(),
        "stored with 8, it is not found with 7"
    );
    let two_digits = found(&crm, "filter[name]=89").await;
    assert!(two_digits.is_empty());
}

#[tokio::test]
async fn customers_are_found_through_the_other_filters() {
    let crm = Crm::start().await;
    let id = anna(&crm).await;
    crm.customer(&json!({"firstName": "Борис", "externalId": "c-2"}))
        .await;
    for filter in [
        "filter[ids][]=1001",
        "filter[externalIds][]=c-1",
        "filter[email]=SHOP.example",
        "filter[tags][]=vip",
        "filter[customFields][vip_level][min]=3",
    ] {
        assert_eq!(found(&crm, filter).await, [id], "{filter}");
    }
    assert_eq!(found(&crm, "filter[sites][]=shop-ru").await, [1002, 1001]);
    assert!(found(&crm, "filter[sites][]=other").await.is_empty());
}

#[tokio::test]
async fn an_edit_merges_and_answers_with_the_id() {
    let crm = Crm::start().await;
    anna(&crm).await;
    let change = json!({"email": "new@shop.example", "addTags": ["new"], "removeTags": ["site"]})
        .to_string();
    let reply = crm
        .post("/api/v5/customers/c-1/edit", &[("customer", &change)])
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["id"], 1001);
    let customer = &crm.crm.customers()[0];
    assert_eq!(customer["email"], "new@shop.example");
    assert_eq!(customer["firstName"], "Анна");
    let tags: Vec<&Value> = customer["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    assert_eq!(tags, ["vip", "new"]);
    let absent = crm
        .post("/api/v5/customers/none/edit", &[("customer", &change)])
        .await;
    assert_eq!(absent.status, 404);
}

#[tokio::test]
async fn a_merged_customer_is_404_and_names_its_heir() {
    let crm = Crm::start().await;
    let gone = anna(&crm).await;
    let heir = crm.customer(&json!({"firstName": "Анна"})).await.json()["id"]
        .as_u64()
        .unwrap();
    crm.order(&json!({"externalId": "lg-1", "customer": {"id": gone}}))
        .await;
    let (from, into) = (
        json!([{"id": gone}]).to_string(),
        json!({"id": heir}).to_string(),
    );
    let fields = [
        ("customers", from.as_str()),
        ("resultCustomer", into.as_str()),
    ];
    assert_eq!(
        crm.post("/api/v5/customers/combine", &fields).await.status,
        200
    );
    let reply = crm.get("/api/v5/customers/c-1").await;
    assert_eq!(reply.status, 404);
    assert_eq!(
        reply.json(),
        json!({"success": false, "errorMsg": "Not found", "combinedTo": {"id": heir}})
    );
    assert_eq!(found(&crm, "filter[name]=Анна").await, [heir]);
    let refused = crm.order(&json!({"customer": {"id": gone}})).await;
    assert_eq!(refused.status, 400);
    let order = crm.get("/api/v5/orders/lg-1").await.json();
    assert_eq!(order["order"]["customer"]["id"], heir);
}

#[tokio::test]
async fn an_external_id_can_be_replaced() {
    let crm = Crm::start().await;
    let id = anna(&crm).await;
    let rows = json!([{"id": id, "externalId": "c-9"}]).to_string();
    crm.post(
        "/api/v5/customers/fix-external-ids",
        &[("customers", &rows)],
    )
    .await;
    assert_eq!(
        crm.get("/api/v5/customers/c-9").await.json()["customer"]["id"],
        id
    );
    assert_eq!(crm.get("/api/v5/customers/c-1").await.status, 404);
}
