//! The pages for people.

use serde_json::json;

use crate::client::Crm;

#[tokio::test]
async fn the_first_page_lists_orders_with_links_in_both_languages() {
    let crm = Crm::start().await;
    let empty = crm.get("/").await;
    assert!(empty.text.contains("Пока пусто. · Nothing here yet."));
    crm.order(&json!({"firstName": "Анна"})).await;
    let page = crm.get("/").await;
    assert!(page.content_type.starts_with("text/html"));
    assert!(page.text.contains("href=\"/orders/1/edit\""));
    assert!(page.text.contains("href=\"/customers/1001\""));
}

#[tokio::test]
async fn the_page_of_an_order_shows_what_was_stored_and_escapes_it() {
    let crm = Crm::start().await;
    let order =
        json!({"firstName": "<script>alert(1)</script>", "customFields": {"city": "Тверь & Клин"}});
    crm.order(&order).await;
    let page = crm.get("/orders/1/edit").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.text.contains("city: Тверь &amp; Клин"));
    assert!(!page.text.contains("<script>"));
}

#[tokio::test]
async fn the_page_of_a_customer_lists_its_orders() {
    let crm = Crm::start().await;
    crm.order(&json!({"firstName": "Анна", "phone": "+79123456789"}))
        .await;
    let page = crm.get("/customers/1001").await;
    assert!(page.text.contains("+79123456789"));
    assert!(page.text.contains("href=\"/orders/1/edit\""));
}

#[tokio::test]
async fn pages_of_what_is_not_there_are_404() {
    let crm = Crm::start().await;
    for path in [
        "/orders/9/edit",
        "/orders/x/edit",
        "/customers/9",
        "/elsewhere",
    ] {
        assert_eq!(crm.get(path).await.status, 404, "{path}");
    }
    assert!(crm.crm.received().is_empty(), "pages are no API calls");
}
