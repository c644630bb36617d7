//! Orders: a callback, a quick order, a checkout, a company's.

use leadgate::lead::{CustomerMatching, FieldKind};
use serde_json::json;

use crate::wire::{lead, same, sent, wire};
use crate::world::{Setup, World, seed};

#[tokio::test]
async fn a_callback() {
    let lead = lead(
        &[("phone", FieldKind::Phone)],
        &[
            ("name", "Петрова Анна"),
            ("phone", "8 (912) 345-67-89 доб. 12"),
            ("comment", "После 18:00 & до 20:00 = 100% «да» + смайлик 🙂"),
            ("time", "вечером"),
            ("utm_source", "yandex"),
            ("utm_term", "диван купить"),
            ("roistat_visit", "100500"),
        ],
    );
    let setup = Setup {
        order: r#"
            orderMethod = "callback-request"
            call = true
            customFields.roistat = "{{ visit.roistat }}"
        "#,
        ..Setup::default()
    };
    let (wire, world) = sent(setup, &lead).await;
    insta::assert_snapshot!("callback", wire);
    same(
        &world.crm.orders()[0],
        json!({"call": true, "customFields": {"roistat": "100500"}}),
    );
}

#[tokio::test]
async fn a_quick_order_with_numbered_items_and_offer_ids() {
    let lead = lead(
        &[],
        &[
            ("phone", "9123456789"),
            ("items[0][offer]", "sofa-1"),
            ("items[0][name]", "Диван «Тверь»"),
            ("items[0][price]", "24 990,50"),
            ("items[0][quantity]", "2"),
            ("items[0][options][0][name]", "Цвет"),
            ("items[0][options][0][value]", "синий"),
            ("items[0][options][1][name]", "Размер"),
            ("items[0][options][1][value]", ""),
            ("items[1][offer]", "lamp-7"),
            ("items[1][price]", "0"),
            ("items[1][quantity]", ""),
            ("items[3][name]", "Подарок"),
            ("items[4][offer]", "sofa-1"),
            ("items[5][quantity]", "1"),
        ],
    );
    let setup = Setup {
        customer: CustomerMatching::None,
        order: r#"
            orderMethod = "one-click"
            [[items]]
            for_each = "item in items"
            offer.externalId = "{{ item.offer }}"
            productName = "{{ item.name }}"
            initialPrice = "{{ item.price }}"
            quantity = "{{ item.quantity or 1 }}"
            [[items.properties]]
            for_each = "option in item.options"
            name = "{{ option.name }}"
            value = "{{ option.value }}"
        "#,
        ..Setup::default()
    };
    let (wire, world) = sent(setup, &lead).await;
    insta::assert_snapshot!("quick_order", wire);
    let order = world.crm.orders().remove(0);
    let items = order["items"].as_array().expect("items");
    assert_eq!(items.len(), 4, "lines of one offer are told apart");
    assert_eq!(items[0]["offer"]["id"], 101);
    assert_eq!(items[2].get("offer"), None);
    assert_eq!(order["totalSumm"], 2.0 * 24_990.5);
}

const CHECKOUT: &str = r#"
    orderType = "eshop-individual"
    orderMethod = "shopping-cart"
    status = "new"
    additionalPhone = "{{ phone2 }}"
    countryIso = "ru"
    discountManualAmount = "{{ discount }}"
    discountManualPercent = 0
    weight = "{{ weight }}"
    length = 1200
    width = 800
    height = 400
    clientId = "{{ visit.ga }}"
    shipmentStore = "main"
    shipmentDate = "{{ day }}"
    shipped = false
    privilegeType = "none"
    mark = 10
    isFromCart = true
    managerId = 12

    [[items]]
    for_each = "line in cart"
    offer.id = "{{ line.id }}"
    initialPrice = "{{ line.price }}"
    quantity = "{{ line.count }}"
    discountManualPercent = "{{ line.discount }}"
    vatRate = "none"
    priceType.code = "base"
    ordering = "{{ loop.index }}"
    [[items]]
    productName = "{{ wrap }}"
    quantity = 1

    [delivery]
    code = "courier"
    cost = "{{ delivery_cost }}"
    netCost = 0
    date = "{{ day }}"
    time.from = "{{ from }}"
    time.to = "18:00"
    [delivery.address]
    index = "{{ index }}"
    countryIso = "RU"
    region = "Татарстан"
    city = "{{ city }}"
    street = "{{ street }}"
    building = "{{ house }}"
    flat = "{{ flat }}"
    floor = "{{ floor }}"
    notes = "{{ door }}"

    [[payments]]
    externalId = "{{ lead.id }}-1"
    type = "bank-card"
    status = "paid"
    amount = "{{ paid }}"
    paidAt = "{{ lead.received_at }}"
    comment = "аванс"
    [[payments]]
    type = "cash-on-delivery"
    status = "not-paid"
    amount = "{{ rest }}"

    [customFields]
    city = "{{ city }}"
    guests = "{{ guests }}"
    gift = "{{ gift }}"
    budget = { type = "numeric", value = "{{ budget }}" }
    channel = "site"
    interests = ["{{ interests }}"]
    delivery_date = { type = "date", value = "{{ visit_day }}" }
    visit_at = { type = "datetime", value = "{{ visit_at }}" }
    comment_long = { type = "text", value = "{{ nothing }}" }
"#;

#[tokio::test]
async fn a_full_checkout_with_an_address_and_two_payments() {
    let lead = lead(
        &[
            ("day", FieldKind::Date),
            ("guests", FieldKind::Integer),
            ("gift", FieldKind::Boolean),
            ("weight", FieldKind::Number),
            ("interests", FieldKind::Choice(Vec::new())),
        ],
        &[
            ("name", "Иванов Иван Иванович"),
            ("phone", "+7 912 345-67-89"),
            ("phone2", "8 (843) 200-10-10"),
            ("email", "Ivan@Example.ru"),
            (
                "cart",
                r#"[{"id":101,"price":"24 990,00","count":1,"discount":5.5},{"id":103,"price":"0.10","count":"3"}]"#,
            ),
            ("wrap", "Подарочная упаковка"),
            ("discount", "100,50"),
            ("weight", "12 500,25"),
            ("day", "24.11.2026"),
            ("from", "9:30"),
            ("delivery_cost", "0"),
            ("index", "420111"),
            ("city", "Казань"),
            ("street", "ул. Баумана"),
            ("house", "5к2"),
            ("flat", "0"),
            ("floor", "3"),
            ("door", "домофон #12"),
            ("paid", "10000"),
            ("rest", "14 889,80"),
            ("guests", "0"),
            ("gift", "нет"),
            ("budget", "1 000 000,99"),
            ("interests", "light"),
            ("visit_day", "1.12.2026"),
            ("visit_at", "2026-12-01T19:30"),
            ("_ga", "GA1.2.3.4"),
        ],
    );
    let setup = Setup {
        order: CHECKOUT,
        customer: CustomerMatching::New,
        ..Setup::default()
    };
    let (wire, world) = sent(setup, &lead).await;
    insta::assert_snapshot!("checkout", wire);
    let order = world.crm.orders().remove(0);
    assert_eq!(order["payments"]["2"]["amount"], 14_889.8);
    assert_eq!(order["customFields"]["interests"], json!(["light"]));
    assert_eq!(order["totalSumm"], 24_990.0 + 0.1 * 3.0);
    assert_eq!(
        order.get("managerComment"),
        None,
        "every field has found its place"
    );
}

const COMPANY: &str = r#"
    orderType = "eshop-legal"
    orderMethod = "landing-page"
    customer = { type = "customer_corporate", nickName = "{{ firm }}" }
    contact.externalId = "{{ contact }}"
    company.id = "{{ company }}"
    marketplace = { code = "ozon", orderId = "{{ ozon }}" }
    delivery.address.text = "{{ firm_address }}"
    [contragent]
    contragentType = "{{ kind }}"
    legalName = "{{ firm }}"
    legalAddress = "{{ firm_address }}"
    INN = "{{ inn }}"
    KPP = "{{ kpp }}"
    OGRN = "{{ ogrn }}"
    OGRNIP = "{{ ogrnip }}"
    certificateDate = "{{ certificate }}"
    BIK = "{{ bik }}"
    bank = "{{ bank }}"
    bankAddress = "{{ bank_address }}"
    corrAccount = "{{ corr }}"
    bankAccount = "{{ account }}"
"#;

#[tokio::test]
async fn an_order_of_a_company() {
    let world = World::new(Setup {
        customer: CustomerMatching::None,
        order: COMPANY,
        ..Setup::default()
    })
    .await;
    let buyer = json!({"externalId": "buyer-5", "firstName": "Мария"});
    seed(&world, buyer).await;
    let before = world.crm.received().len();
    let lead = lead(
        &[],
        &[
            ("name", "Мария"),
            ("email", "zakaz@romashka.example"),
            ("kind", "legal-entity"),
            ("firm", "ООО \"Ромашка\""),
            ("firm_address", "г. Казань, ул. Баумана, д. 5\nофис 3"),
            ("inn", "0278178900"),
            ("kpp", "027801001"),
            ("ogrn", "1101658000012"),
            ("ogrnip", ""),
            ("certificate", ""),
            ("bik", "044525225"),
            ("bank", "ПАО Сбербанк"),
            ("bank_address", "Москва"),
            ("corr", "30101810400000000225"),
            ("account", "40702810900000000001"),
            ("contact", "buyer-5"),
            ("company", "31"),
            ("ozon", "0012"),
        ],
    );
    let delivered = world.delivered(&lead).await;
    assert_eq!(delivered.warning, None);
    insta::assert_snapshot!("company", wire(&world.crm.received()[before..]));
    let order = world.crm.orders().remove(0);
    // Zeros in front are part of a number of the tax office.
    assert_eq!(order["contragent"]["INN"], "0278178900");
    assert_eq!(order["customer"]["type"], "customer_corporate");
    assert_eq!(order["customer"]["nickName"], "ООО \"Ромашка\"");
}
