//! Lists, repetitions, fields that belong together, and what becomes of a customer who is known.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::tests::{lead, mapping, order, problems, zone};
use super::*;

const LINES: &str = r#"
[[items]]
for_each = "item in items"
offer.externalId = "{{ item.offer }}"
productName = "{{ item.name }}"
initialPrice = "{{ item.price }}"
quantity = "{{ item.quantity or 1 }}"
"#;

fn warnings(pairs: &[(&str, &str)], order: &str) -> Vec<String> {
    let draft = OrderDraft::new(&lead(pairs), &mapping(order, ""), &zone(), false);
    draft
        .left_out()
        .iter()
        .map(|left| left.warning().en)
        .collect()
}

#[test]
fn every_row_of_the_form_becomes_a_line() {
    let lead = lead(&[
        ("items[0][offer]", "a"),
        ("items[0][price]", "1 234,50"),
        ("items[1][name]", "Стол"),
        ("items[1][quantity]", "0"),
    ]);
    assert_eq!(
        order(&lead, &mapping(LINES, ""))["items"],
        json!([
            {"offer": {"externalId": "a"}, "initialPrice": 1234.5, "quantity": 1},
            {"productName": "Стол", "quantity": 0},
        ])
    );
}

#[test]
fn a_row_that_names_no_goods_is_no_line_and_stands_in_the_comment() {
    let pairs = [
        ("phone", "9123456789"),
        ("items[0][quantity]", "2"),
        ("items[0][price]", "5"),
    ];
    let order = order(&lead(&pairs), &mapping(LINES, ""));
    assert_eq!(order.get("items"), None);
    assert_eq!(
        order["managerComment"],
        "items[0][quantity]: 2\nitems[0][price]: 5"
    );
    assert_eq!(warnings(&pairs, LINES), [""; 0], "nothing was refused");
}

#[test]
fn literal_elements_serve_forms_that_number_their_fields_in_their_own_way() {
    let mapping = mapping(
        r#"
        [[items]]
        productName = "{{ product_1 }}"
        quantity = 1
        [[items]]
        productName = "{{ product_2 }}"
        quantity = 1
        "#,
        "",
    );
    let order = order(&lead(&[("product_2", "Лампа")]), &mapping);
    assert_eq!(
        order["items"],
        json!([{"productName": "Лампа", "quantity": 1}])
    );
}

#[test]
fn a_value_of_a_row_that_does_not_fit_is_named_by_the_line_it_was_for() {
    let pairs = [
        ("items[0][quantity]", "1"),
        ("items[1][offer]", "a"),
        ("items[1][price]", "дорого"),
    ];
    let wrong = "items[0].initialPrice=\"дорого\" was left out: a number is needed";
    assert_eq!(warnings(&pairs, LINES), [wrong]);
}

#[test]
fn what_a_failing_template_has_read_stands_in_the_comment() {
    let broken = "managerId = \"{{ guests_text / 2 }}\"\n[[items]]\nfor_each = \"i in guests_text / 2\"\nproductName = \"x\"";
    let pairs = [("guests_text", "много")];
    let order = order(&lead(&pairs), &mapping(broken, ""));
    assert_eq!(order["managerComment"], "guests_text: много");
    assert_eq!(warnings(&pairs, broken).len(), 2);
}

#[test]
fn several_values_among_others_are_several() {
    let mapping = mapping(
        "customFields.interests = [\"{{ one }}\"]\ncustomFields.all = [\"a\", \"{{ several }}\"]",
        "tags = \"сайт\"",
    );
    let lead = lead(&[("one", "x"), ("several[]", "y"), ("several[]", "z")]);
    let fields = order(&lead, &mapping)["customFields"].clone();
    assert_eq!(fields, json!({"interests": ["x"], "all": ["a", "y", "z"]}));
    let customer = CustomerDraft::new(&lead, &mapping, &zone()).json();
    assert_eq!(customer["tags"], json!(["сайт"]));
}

#[test]
fn a_custom_field_may_say_its_type() {
    let mapping = mapping(
        r#"
        [customFields]
        day = { type = "date", value = "{{ day_text }}" }
        at = { type = "datetime", value = "{{ at }}" }
        sum = { type = "numeric", value = "{{ sum }}" }
        yes = { type = "boolean", value = "{{ yes }}" }
        many = { type = "multiselect_dictionary", value = "{{ many }}" }
        fixed = { type = "integer", value = 0 }
        wrong = { type = "integer", value = "{{ day_text }}" }
        "#,
        "",
    );
    let lead = lead(&[
        ("day_text", "1.2.2026"),
        ("at", "2026-12-01T19:30"),
        ("sum", "1 000,10"),
        ("yes", "нет"),
        ("many", "light"),
    ]);
    let order = order(&lead, &mapping);
    assert_eq!(
        order["customFields"],
        json!({
            "day": "2026-02-01", "at": "2026-12-01 19:30:00", "sum": 1000.1, "yes": false,
            "many": ["light"], "fixed": 0,
        })
    );
    assert_eq!(order["managerComment"], "customFields.wrong: 1.2.2026");
}

/// A mistake of the order's mapping, and the key path where it is told.
const MISTAKES: &[(&str, &str)] = &[
    ("[[items]]\nquantity = 1", "order.items[0]"),
    ("[[payments]]\namount = 1", "order.payments[0]"),
    (
        "[[items]]\nproductName = \"x\"\nproperties = [{ name = \"y\" }]",
        "order.items[0].properties[0]",
    ),
    (
        "[[items]]\nfor_each = \"items\"\nproductName = \"x\"",
        "order.items[0].for_each",
    ),
    (
        "[[items]]\nfor_each = 5\nproductName = \"x\"",
        "order.items[0].for_each",
    ),
    ("for_each = \"item in items\"", "order.for_each"),
    ("items = \"{{ items }}\"\nmark = 11", "order.mark"),
    ("countryIso = \"Россия\"", "order.countryIso"),
    ("privilegeType = \"vip\"", "order.privilegeType"),
    (
        "delivery.time.from = \"9 утра\"",
        "order.delivery.time.from",
    ),
    ("delivery.vatRate = \"много\"", "order.delivery.vatRate"),
    (
        "delivery.address = { text = \"a\", city = \"b\" }",
        "order.delivery.address.text",
    ),
    ("contragent.INN = \"{{ inn }}\"", "order.contragent"),
    (
        "contragent = { contragentType = \"individual\", INN = \"{{ inn }}\" }",
        "order.contragent.INN",
    ),
    (
        "contragent = { contragentType = \"enterpreneur\", KPP = \"1\" }",
        "order.contragent.KPP",
    ),
    (
        "contragent.contragentType = \"entrepreneur\"",
        "order.contragent.contragentType",
    ),
    (
        "customFields.day = { type = \"day\", value = \"x\" }",
        "order.customFields.day.type",
    ),
    (
        "customFields.day = { value = \"x\" }",
        "order.customFields.day",
    ),
    (
        "customFields.guests = { type = \"integer\", value = \"two\" }",
        "order.customFields.guests.value",
    ),
    ("customFields = \"x\"", "order.customFields"),
    ("customer.browserId = \"{{ rc }}\"", "order.customer"),
];

#[test]
fn every_mistake_of_a_mapping_is_told_at_its_place() {
    for (mapping, path) in MISTAKES {
        let found = problems(mapping, "");
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, [*path], "{mapping}: {found:?}");
    }
    let ids = problems("customer.id = 5", "");
    assert!(
        ids[0].1.starts_with("the gate finds or makes the customer"),
        "{ids:?}"
    );
    let customer = problems("", "sex = \"m\"\naddress = { text = \"a\", flat = \"1\" }");
    let paths: Vec<&str> = customer.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        ["customer_fields.sex", "customer_fields.address.text"]
    );
}

#[test]
fn what_only_this_lead_makes_impossible_is_put_right() {
    let company = r#"
        status = "{{ status }}"
        statusComment = "{{ why }}"
        contragent = { contragentType = "{{ kind }}", legalName = "{{ firm }}", OGRNIP = "{{ ogrnip }}", INN = "{{ inn }}" }
    "#;
    let pairs = |kind| {
        [
            ("kind", kind),
            ("firm", "ООО"),
            ("ogrnip", "3"),
            ("inn", "07"),
            ("why", "срочно"),
        ]
    };
    let of = |kind| order(&lead(&pairs(kind)), &mapping(company, ""));
    let legal = of("legal-entity");
    assert_eq!(
        legal["contragent"],
        json!({"contragentType": "legal-entity", "legalName": "ООО", "INN": "07"})
    );
    assert_eq!(legal.get("statusComment"), None);
    assert_eq!(
        legal["managerComment"],
        "statusComment: срочно\ncontragent.OGRNIP: 3"
    );
    assert_eq!(
        of("individual")["contragent"],
        json!({"contragentType": "individual"})
    );
    let nobody = of("");
    assert_eq!(nobody.get("contragent"), None);
    assert!(
        nobody["managerComment"]
            .as_str()
            .expect("comment")
            .contains("contragent.INN: 07")
    );
}

#[test]
fn lines_of_one_offer_get_ids_of_their_own_and_no_others_do() {
    let rows = [
        ("items[0][offer]", "a"),
        ("items[1][offer]", "b"),
        ("items[2][offer]", "a"),
    ];
    let items = order(&lead(&rows), &mapping(LINES, ""))["items"].clone();
    assert_eq!(items[1].get("externalIds"), None);
    assert_ne!(items[0]["externalIds"], items[2]["externalIds"]);
    let own =
        format!("{LINES}externalIds = [{{ code = \"shop\", value = \"{{{{ loop.index }}}}\" }}]");
    let items = order(&lead(&rows), &mapping(&own, ""))["items"].clone();
    assert_eq!(
        items[2]["externalIds"],
        json!([{"code": "shop", "value": "3"}])
    );
}

fn changes(customer_fields: &str, pairs: &[(&str, &str)], known: &Json) -> Option<Json> {
    let draft = CustomerDraft::new(&lead(pairs), &mapping("", customer_fields), &zone());
    draft.changes(known.as_object().expect("object"))
}

#[test]
fn lists_of_a_known_customer_are_added_to() {
    let known = json!({
        "firstName": "Анна", "phones": [{"number": "8 (912) 345-67-89"}],
        "tags": [{"name": "vip", "attached": true}, {"name": "опт"}],
    });
    let fields = r#"
        tags = ["vip", "сайт"]
        addTags = ["лето"]
        removeTags = ["опт", "чужой"]
        attachedTag = "vip"
        phones = [{ number = "{{ phone }}" }, { number = "{{ phone2 }}" }]
    "#;
    let pairs = [("phone", "9123456789"), ("phone2", "+7 900")];
    assert_eq!(
        changes(fields, &pairs, &known),
        Some(json!({
            "phones": [{"number": "8 (912) 345-67-89"}, {"number": "+7 900"}],
            "addTags": ["сайт", "лето"], "removeTags": ["опт"],
        }))
    );
    let new = CustomerDraft::new(&lead(&pairs), &mapping("", fields), &zone()).json();
    assert_eq!(new["tags"], json!(["vip", "сайт", "лето"]));
    assert_eq!((new.get("addTags"), new.get("removeTags")), (None, None));
}

#[test]
fn nothing_filled_is_replaced_by_less() {
    let fields = "sex = \"{{ sex }}\"\npersonalDiscount = \"{{ discount }}\"\ncreatedAt = \"2020-01-01\"\naddress.city = \"{{ city }}\"";
    let known = json!({
        "createdAt": "2019-05-05 10:00:00", "firstName": "Анна", "sex": "female", "email": "a@b.ru",
        "personalDiscount": 5.0, "address": {"id": 3, "city": "Казань", "text": "Казань"},
    });
    let empty = [
        ("email", "a@b.ru"),
        ("sex", ""),
        ("city", ""),
        ("discount", "5"),
    ];
    assert_eq!(changes(fields, &empty, &known), None);
    let filled = [
        ("email", "a@b.ru"),
        ("sex", "male"),
        ("city", "Казань"),
        ("discount", "0"),
    ];
    assert_eq!(
        changes(fields, &filled, &known),
        Some(json!({"sex": "male", "personalDiscount": 0}))
    );
}

#[test]
fn a_name_takes_the_place_of_the_placeholder() {
    let pairs = [("name", "Иванова Анна Сергеевна"), ("email", "a@b.ru")];
    let known = json!({"firstName": "Без имени", "email": "a@b.ru"});
    let changed = changes("", &pairs, &known).expect("changes");
    assert_eq!(changed["firstName"], "Анна");
    assert_eq!(changed["lastName"], "Иванова");
}

proptest! {
    #[test]
    fn whatever_is_typed_into_rows_is_in_the_order_or_in_its_comment(
        rows in proptest::collection::vec((0_u8..5, "offer|name|price|quantity|colour", "[a-z]{3,6}|[1-9]{1,4}"), 1..12),
    ) {
        let fields: Vec<(String, &String)> = rows.iter().map(|(row, name, value)| (format!("items[{row}][{name}]"), value)).collect();
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let said = order(&lead(&pairs), &mapping(LINES, "")).to_string();
        for (name, value) in pairs {
            prop_assert!(said.contains(value), "{name}={value}: {said}");
        }
    }
}
