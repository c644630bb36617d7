//! Keys, verbs, paths, limits and encodings: what is the same for all methods.

use leadgate::simulator::{Account, DEMO_API_KEY, Options, Site};
use serde_json::{Value, json};

use crate::client::Crm;

#[tokio::test]
async fn a_call_without_a_key_is_told_that_it_is_missing() {
    let mut crm = Crm::start().await;
    crm.set_key(None);
    let reply = crm.get("/api/credentials").await;
    assert_eq!(reply.status, 403);
    assert_eq!(
        reply.json(),
        json!({"success": false, "errorMsg": "\"apiKey\" is missing."})
    );
}

#[tokio::test]
async fn a_wrong_key_is_forbidden_and_stores_nothing() {
    let mut crm = Crm::start().await;
    crm.set_key(Some("wrong"));
    let reply = crm.order(&json!({"firstName": "Анна"})).await;
    assert_eq!(reply.status, 403);
    assert_eq!(reply.json()["errorMsg"], "Wrong \"apiKey\" value.");
    assert!(crm.crm.orders().is_empty());
}

#[tokio::test]
async fn the_key_may_come_as_a_parameter_and_is_shown_masked() {
    let mut crm = Crm::start().await;
    crm.set_key(None);
    let query = format!("/api/v5/settings?apiKey={DEMO_API_KEY}");
    assert_eq!(crm.get(&query).await.status, 200);
    let order = json!({"firstName": "Анна"}).to_string();
    let fields = [("apiKey", DEMO_API_KEY), ("order", &order)];
    assert_eq!(crm.post("/api/v5/orders/create", &fields).await.status, 201);
    let received = crm.crm.received();
    assert_eq!(received[0].query, [("apiKey".to_owned(), "***".to_owned())]);
    assert_eq!(received[1].form["apiKey"], "***");
    assert_eq!(received[1].form["order"]["firstName"], "Анна");
}

#[tokio::test]
async fn a_changed_key_shuts_the_old_one_out() {
    let mut crm = Crm::start().await;
    crm.crm.set_api_key("another");
    assert_eq!(crm.get("/api/credentials").await.status, 403);
    crm.set_key(Some("another"));
    assert_eq!(crm.get("/api/credentials").await.status, 200);
}

#[tokio::test]
async fn the_three_methods_without_a_version_answer() {
    let crm = Crm::start().await;
    let versions = crm.get("/api/api-versions").await.json();
    assert_eq!(
        versions,
        json!({"success": true, "versions": ["3.0", "4.0", "5.0"]})
    );
    let credentials = crm.get("/api/credentials").await.json();
    assert_eq!(credentials["siteAccess"], "access_full");
    assert!(credentials.get("sitesAvailable").is_none());
    let scopes = credentials["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("order_write")));
    let info = crm.get("/api/system-info").await.json();
    assert_eq!(info["publicUrl"], crm.crm.url());
}

#[tokio::test]
async fn a_selective_key_lists_its_stores_and_sees_no_others() {
    let mut account = two_stores();
    account.key_sites = Some(vec!["shop-kz".to_owned()]);
    let crm = Crm::with(account).await;
    let credentials = crm.get("/api/credentials").await.json();
    assert_eq!(credentials["siteAccess"], "access_selective");
    assert_eq!(credentials["sitesAvailable"], json!(["shop-kz"]));
    let sites = crm.get("/api/v5/reference/sites").await.json();
    let codes: Vec<&String> = sites["sites"].as_object().unwrap().keys().collect();
    assert_eq!(codes, ["shop-kz"]);
}

#[tokio::test]
async fn a_key_without_the_scope_is_denied() {
    let account = Account {
        scopes: vec!["order_read".to_owned()],
        ..Account::default()
    };
    let crm = Crm::with(account).await;
    let reply = crm.order(&json!({"firstName": "Анна"})).await;
    assert_eq!(reply.status, 403);
    assert_eq!(reply.json()["errorMsg"], "Access denied.");
    assert_eq!(crm.get("/api/v5/orders").await.status, 200);
}

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_verbs_405() {
    let crm = Crm::start().await;
    for path in [
        "/api/v5/sites",
        "/api/v5/custom-dictionaries",
        "/api/v4/orders",
    ] {
        let reply = crm.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.json()["errorMsg"], "API method not found");
    }
    let empty_id = crm.post("/api/v5/orders//edit", &[("order", "{}")]).await;
    assert_eq!(empty_id.json()["errorMsg"], "API method not found");
    let reply = crm.post("/api/v5/orders", &[("order", "{}")]).await;
    assert_eq!(reply.status, 405);
    assert_eq!(reply.json()["success"], false);
}

#[tokio::test]
async fn a_json_body_is_refused_as_if_it_were_empty() {
    let crm = Crm::start().await;
    let body = json!({"order": {"firstName": "Анна"}}).to_string();
    let path = "/api/v5/orders/create";
    let reply = crm
        .send(
            reqwest::Method::POST,
            path,
            Some(("application/json", body)),
        )
        .await
        .unwrap();
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["errorMsg"], "Parameter 'order' is missing");
    assert!(crm.crm.orders().is_empty());
}

#[tokio::test]
async fn broken_json_inside_the_field_is_refused() {
    let crm = Crm::start().await;
    let reply = crm
        .post(
            "/api/v5/customers/create",
            &[("customer", "{\"firstName\":")],
        )
        .await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["errorMsg"], "Parameter 'customer' is missing");
}

#[tokio::test]
async fn above_ten_requests_in_one_second_the_key_is_told_to_wait() {
    let crm = Crm::options(Options::default()).await;
    let calls = (0..14).map(|_| crm.get("/api/v5/settings"));
    let replies = futures_util::future::join_all(calls).await;
    let limited: Vec<Value> = replies
        .iter()
        .filter(|reply| reply.status == 503)
        .map(super::client::Reply::json)
        .collect();
    let received = crm.crm.received();
    let took = received[13].at - received[0].at;
    assert!(
        took.as_millis() < 1000,
        "the machine is too slow for this test: {took:?}"
    );
    assert_eq!(limited.len(), 4);
    assert_eq!(limited[0]["errorMsg"], "Rate limit exceeded");
    assert_eq!(crm.crm.peak_per_second(), 14);
}

#[tokio::test]
async fn a_limit_refuses_the_call_and_does_not_store_it() {
    let options = Options {
        requests_per_second: 1,
        ..Options::default()
    };
    let crm = Crm::options(options).await;
    let order = json!({"firstName": "Анна"});
    let (first, second) = futures_util::future::join(crm.order(&order), crm.order(&order)).await;
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 503]);
    assert_eq!(crm.crm.orders().len(), 1);
}

#[tokio::test]
async fn a_page_has_20_50_or_100_rows_and_nothing_else() {
    let crm = Crm::start().await;
    for limit in [20, 50, 100] {
        let reply = crm.get(&format!("/api/v5/orders?limit={limit}")).await;
        assert_eq!(reply.json()["pagination"]["limit"], limit);
    }
    for wrong in ["limit=10", "limit=250", "limit=x", "page=0"] {
        for list in ["orders", "customers", "custom-fields", "users"] {
            let reply = crm.get(&format!("/api/v5/{list}?{wrong}")).await;
            assert_eq!(reply.status, 400, "{list}?{wrong}");
            assert_eq!(reply.json()["errorMsg"], "Errors in the input parameters");
        }
    }
}

#[tokio::test]
async fn pages_follow_each_other_newest_first() {
    let crm = Crm::start().await;
    for number in 0..23 {
        let order = json!({"externalId": format!("e{number}"), "firstName": "Анна"});
        assert_eq!(crm.order(&order).await.status, 201);
    }
    let first = crm.get("/api/v5/orders?page=1").await.json();
    let second = crm.get("/api/v5/orders?page=2").await.json();
    assert_eq!(first["orders"][0]["externalId"], "e22");
    assert_eq!(second["orders"].as_array().unwrap().len(), 3);
    assert_eq!(
        second["pagination"],
        json!({"limit": 20, "totalCount": 23, "currentPage": 2, "totalPageCount": 2})
    );
}

#[tokio::test]
async fn a_filter_that_does_not_exist_is_refused() {
    let crm = Crm::start().await;
    let reply = crm.get("/api/v5/customers?filter[phone]=79").await;
    assert_eq!(reply.status, 400);
    let reply = crm
        .get("/api/v5/orders?filter[createdAtFrom]=yesterday")
        .await;
    assert_eq!(
        reply.json()["errors"]["children[createdAtFrom]"],
        "This value is not valid."
    );
}

#[tokio::test]
async fn two_simulators_in_one_process_know_nothing_of_each_other() {
    let (one, other) = (Crm::start().await, Crm::start().await);
    assert_ne!(one.crm.address(), other.crm.address());
    one.order(&json!({"firstName": "Анна"})).await;
    assert_eq!(one.crm.orders().len(), 1);
    assert!(other.crm.orders().is_empty());
}

/// The demo account with a second store.
pub(crate) fn two_stores() -> Account {
    let mut account = Account::default();
    account.sites.push(Site {
        code: "shop-kz".to_owned(),
        name: "Дүкен".to_owned(),
        url: String::new(),
    });
    account
}
