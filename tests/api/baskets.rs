//! Baskets: however a page spells the rows of an order, the same lines are in the CRM.

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::support::{Setup, TestApp};

const BASKET: &str = r#"
[[forms]]
id = "basket"
origins = ["https://shop.example"]

  [[forms.deliver]]
  destination = "shop"
  customer = "none"
  [[forms.deliver.order.items]]
  for_each = "item in items"
  offer.externalId = "{{ item.sku }}"
  initialPrice = "{{ item.price }}"
  quantity = "{{ item.count or 1 }}"
  [[forms.deliver.order.items]]
  for_each = "item in cart"
  offer.externalId = "{{ item.sku }}"
  initialPrice = "{{ item.price }}"
  quantity = "{{ item.count or 1 }}"
"#;

/// Posts urlencoded fields as a script does; the id of the lead.
async fn posted(app: &TestApp, fields: &[(&str, &str)]) -> String {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let request = app
        .request(Method::POST, "/f/basket")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(body);
    app.send(request).await.lead_id()
}

#[tokio::test]
async fn rows_of_a_form_of_json_and_of_a_script_make_the_same_lines() {
    let app = TestApp::with(Setup {
        forms: BASKET.to_owned(),
        ..Setup::default()
    })
    .await;
    let php = [
        ("phone", "9123456789"),
        ("items[0][sku]", "sofa-1"),
        ("items[0][price]", "24 990,50"),
        ("items[0][count]", "2"),
        ("items[7][sku]", "lamp-7"),
        ("items[7][price]", "0"),
    ];
    let dotted = [
        ("phone", "9123456789"),
        ("items.0.sku", "sofa-1"),
        ("items.0.price", "24990.50"),
        ("items.0.count", "2"),
        ("items[1].sku", "lamp-7"),
        ("items[1].price", "0,00"),
    ];
    let rows = json!([
        {"sku": "sofa-1", "price": "24 990,50", "count": 2}, {"sku": "lamp-7", "price": 0},
    ]);
    let ids = [
        posted(&app, &php).await,
        posted(&app, &dotted).await,
        app.post_json("basket", json!({"phone": "9123456789", "items": rows}))
            .await
            .lead_id(),
        posted(
            &app,
            &[("phone", "9123456789"), ("cart", &rows.to_string())],
        )
        .await,
    ];
    for id in &ids {
        app.until_state(id, "delivered").await;
    }
    let orders = app.crm.orders();
    assert_eq!(orders.len(), ids.len());
    for order in &orders {
        let lines: Vec<Value> = order["items"]
            .as_array()
            .expect("lines")
            .iter()
            .map(|line| json!([line["offer"]["id"], line["initialPrice"], line["quantity"]]))
            .collect();
        assert_eq!(
            lines,
            [json!([101, 24_990.5, 2]), json!([102, 0, 1])],
            "{order}"
        );
        assert_eq!(order.get("managerComment"), None, "{order}");
    }
}

#[tokio::test]
async fn a_basket_that_cannot_be_told_apart_is_read_by_the_manager() {
    let app = TestApp::with(Setup {
        forms: BASKET.to_owned(),
        ..Setup::default()
    })
    .await;
    let unnumbered = [
        ("phone", "9123456789"),
        ("items[][sku]", "sofa-1"),
        ("items[][price]", ""),
        ("items[][sku]", "lamp-7"),
        ("items[][price]", "900"),
    ];
    let id = posted(&app, &unnumbered).await;
    app.until_state(&id, "delivered").await;
    let order = app.crm.orders().remove(0);
    assert_eq!(order["items"], json!([]), "no price goes to the wrong line");
    let comment = order["managerComment"].as_str().expect("comment");
    assert_eq!(comment, "items[][sku]: sofa-1, lamp-7\nitems[][price]: 900");
}
