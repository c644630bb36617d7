//! The account that the simulator has when nobody says otherwise: a small Russian shop with one store. The demo, the
//! documentation and most tests rely on its codes, so a code is never renamed here.

use crate::simulator::account::{
    Account, CustomField, Dictionary, Entity, Entry, ErrorsShape, FieldType, Language, Offer,
    PaymentType, Site, Status, User,
};

impl Default for Account {
    fn default() -> Self {
        Self {
            time_zone: "Europe/Moscow".to_owned(),
            language: Language::En,
            errors: ErrorsShape::Map,
            scopes: scopes(),
            key_sites: None,
            longest_line: Some(255),
            sites: vec![Site {
                code: "shop-ru".to_owned(),
                name: "Магазин".to_owned(),
                url: "https://shop.example".to_owned(),
            }],
            order_types: vec![
                preferred("eshop-individual", "Физическое лицо"),
                entry("eshop-legal", "Юридическое лицо"),
            ],
            order_methods: vec![
                preferred("shopping-cart", "Через корзину"),
                entry("landing-page", "Заявка с посадочной страницы"),
                entry("callback-request", "Заказ звонка"),
                entry("one-click", "В один клик"),
            ],
            status_groups: vec![
                entry("new", "Новый"),
                entry("approval", "Согласование"),
                entry("complete", "Выполнен"),
                entry("cancel", "Отменен"),
            ],
            statuses: statuses(),
            payment_types: payment_types(),
            payment_statuses: vec![entry("not-paid", "Не оплачен"), entry("paid", "Оплачен")],
            delivery_types: vec![
                entry("self-delivery", "Самовывоз"),
                entry("courier", "Курьер"),
            ],
            delivery_services: vec![entry("cdek", "СДЭК")],
            product_statuses: vec![entry("new", "Новый"), entry("in-reserve", "В резерве")],
            price_types: vec![entry("base", "Базовая")],
            stores: vec![entry("main", "Основной склад")],
            offers: offers(),
            users: vec![
                user(7, "Ирина", "Админова", false),
                user(12, "Пётр", "Менеджеров", true),
            ],
            custom_fields: custom_fields(),
            dictionaries: dictionaries(),
        }
    }
}

fn scopes() -> Vec<String> {
    [
        "order_read",
        "order_write",
        "customer_read",
        "customer_write",
        "reference_read",
        "reference_write",
        "custom_fields_read",
        "custom_fields_write",
        "store_read",
        "user_read",
        "notification_write",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn statuses() -> Vec<Status> {
    [
        ("new", "Новый", "new"),
        ("client-confirmed", "Согласовано с клиентом", "approval"),
        ("no-call", "Недозвон", "approval"),
        ("complete", "Выполнен", "complete"),
        ("cancel-other", "Отменен", "cancel"),
    ]
    .map(|(code, name, group)| Status {
        code: code.to_owned(),
        name: name.to_owned(),
        group: group.to_owned(),
    })
    .to_vec()
}

fn payment_types() -> Vec<PaymentType> {
    let cash = PaymentType {
        code: "cash".to_owned(),
        name: "Наличные".to_owned(),
        delivery_types: Vec::new(),
        sites: Vec::new(),
        payment_statuses: Vec::new(),
    };
    let on_delivery = PaymentType {
        code: "cash-on-delivery".to_owned(),
        name: "Оплата курьеру".to_owned(),
        delivery_types: vec!["courier".to_owned()],
        sites: vec!["shop-ru".to_owned()],
        payment_statuses: vec!["not-paid".to_owned()],
    };
    let card = PaymentType {
        code: "bank-card".to_owned(),
        name: "Банковская карта".to_owned(),
        ..cash.clone()
    };
    vec![cash, on_delivery, card]
}

fn offers() -> Vec<Offer> {
    [
        (101, "sofa-1", "w-101", "Диван «Тверь»"),
        (102, "lamp-7", "w-102", "Лампа «Ночь»"),
        (103, "table-3", "w-103", "Стол «Обед»"),
    ]
    .map(|(id, external_id, xml_id, name)| Offer {
        id,
        external_id: external_id.to_owned(),
        xml_id: xml_id.to_owned(),
        name: name.to_owned(),
    })
    .to_vec()
}

fn custom_fields() -> Vec<CustomField> {
    use Entity::{Customer, Order};
    [
        (Order, "city", "Город", FieldType::String, None),
        (Order, "guests", "Число гостей", FieldType::Integer, None),
        (
            Order,
            "delivery_date",
            "Желаемая дата",
            FieldType::Date,
            None,
        ),
        (Order, "gift", "Подарок", FieldType::Boolean, None),
        (Order, "budget", "Бюджет", FieldType::Numeric, None),
        (
            Order,
            "channel",
            "Канал",
            FieldType::Dictionary,
            Some("channels"),
        ),
        (
            Order,
            "interests",
            "Интересы",
            FieldType::MultiselectDictionary,
            Some("interests"),
        ),
        (Order, "roistat", "Визит Roistat", FieldType::String, None),
        (Order, "visit_at", "Время визита", FieldType::Datetime, None),
        (Order, "comment_long", "Подробности", FieldType::Text, None),
        (Customer, "channel", "Канал", FieldType::String, None),
        (
            Customer,
            "birthday_note",
            "О дне рождения",
            FieldType::String,
            None,
        ),
        (
            Customer,
            "vip_level",
            "Уровень VIP",
            FieldType::Integer,
            None,
        ),
    ]
    .map(|(entity, code, name, kind, dictionary)| CustomField {
        code: code.to_owned(),
        name: name.to_owned(),
        entity,
        kind,
        required: false,
        dictionary: dictionary.map(str::to_owned),
    })
    .to_vec()
}

fn dictionaries() -> Vec<Dictionary> {
    let dictionary = |code: &str, name: &str, elements: Vec<Entry>| Dictionary {
        code: code.to_owned(),
        name: name.to_owned(),
        elements,
    };
    vec![
        dictionary(
            "channels",
            "Каналы",
            vec![
                entry("site", "Сайт"),
                entry("phone", "Телефон"),
                entry("telegram", "Телеграм"),
            ],
        ),
        dictionary(
            "interests",
            "Интересы",
            vec![
                entry("furniture", "Мебель"),
                entry("light", "Свет"),
                entry("textile", "Текстиль"),
            ],
        ),
    ]
}

fn entry(code: &str, name: &str) -> Entry {
    Entry {
        code: code.to_owned(),
        name: name.to_owned(),
        active: true,
        default_for_api: false,
    }
}

fn preferred(code: &str, name: &str) -> Entry {
    Entry {
        default_for_api: true,
        ..entry(code, name)
    }
}

fn user(id: u64, first_name: &str, last_name: &str, is_manager: bool) -> User {
    User {
        id,
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        email: format!("user{id}@shop.example"),
        is_manager,
    }
}
