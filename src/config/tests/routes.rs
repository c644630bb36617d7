//! Bad destinations, forms and deliver rules, and what is told of them.

use crate::config::tests::{SHOP, problems};

const TWO_SHOPS: &str = r#"
[[destinations]]
id = "shop"
kind = "retailcrm"
url = "https://demo.retailcrm.ru"
api_key = "key"
[[destinations]]
id = "depot"
kind = "retailcrm"
url = "https://depot.retailcrm.ru"
api_key = "key"
"#;

#[test]
fn destinations_are_checked() {
    assert_eq!(
        problems(
            r#"
            [[destinations]]
            [[destinations]]
            id = "my shop"
            kind = "RetailCRM"
            url = "not read without a kind"
            [[destinations]]
            id = "shop"
            kind = "retailcrm"
            url = "https://demo.retailcrm.ru/api/v5"
            api_key = { environment = "KEY" }
            requests_per_second = 2000
            timeout = 30
            retry = ["10s", "soon"]
            give_up_after = "5s"
            in_flight = 0
            secret = "x"
            [[destinations]]
            id = "shop"
            kind = "retailcrm"
            url = "http://127.0.0.1:8081"
            api_key = ""
            retry = []
            "#
        ),
        [
            "destinations[0].id: is missing; it is required",
            "destinations[0].kind: is missing; it is required",
            "destinations[1].id: expected an id of letters, digits, - and _, at most 64, found \"my shop\"",
            "destinations[1].kind: expected one of `retailcrm`, found \"RetailCRM\"; did you mean `retailcrm`?",
            "destinations[2].url: expected an address of scheme and host alone, such as \"https://leads.example.ru\", found \"https://demo.retailcrm.ru/api/v5\"",
            "destinations[2].api_key: expected { env = \"NAME\" }, { file = \"PATH\" } or a plain string, found a table of other keys",
            "destinations[2].requests_per_second: expected a whole number from 1 to 1000, found 2000",
            "destinations[2].timeout: expected a duration above zero such as \"10s\", found 30",
            "destinations[2].retry[1]: expected a duration such as \"10s\", found \"soon\"",
            "destinations[2].give_up_after: give_up_after must not be shorter than the first delay",
            "destinations[2].in_flight: expected a whole number from 1 to 64, found 0",
            "destinations[2].secret: unknown key; remove it",
            "destinations[3].id: the same id stands at `destinations[2].id`; each must have its own",
            "destinations[3].api_key: the secret is empty; put the value there",
            "destinations[3].retry: the list is empty; give at least one delay, such as \"10s\""
        ]
    );
}

#[test]
fn forms_and_fields_are_checked() {
    let form = r#"
        [[forms]]
        id = "callback"
        origins = ["https://shop.example/page", "*"]
        language = "de"
        success_url = "/thanks"
        roistat_key = "one"
        [[forms.fields]]
        name = "phone"
        kind = "tel"
        required = "yes"
        from = ["Tel", 7]
        max_length = 0
        [[forms.fields]]
        name = "phone"
        options = ["S"]
        [[forms.fields]]
        name = "_id"
        from = ["TEL"]
        [[forms.fields]]
        type = "text"
        [forms.capture]
        selector = " "
        js = { cart = 1 }
        [[forms]]
        id = "callback"
        roistat_key = "one"
        [[forms]]
        id = "a/b"
    "#;
    assert_eq!(
        problems(&format!("{SHOP}{form}")),
        [
            "forms[0].origins[0]: expected an origin of scheme and host alone, such as \"https://shop.example\", found \"https://shop.example/page\"",
            "forms[0].language: expected one of `ru`, `en`, found \"de\"",
            "forms[0].success_url: expected an address such as \"https://shop.example/thanks\", found \"/thanks\"",
            "forms[0].fields[0].kind: expected one of `text`, `name`, `phone`, `email`, `number`, `integer`, `date`, `boolean`, `choice`, `url`, `hidden`, `consent`, found \"tel\"",
            "forms[0].fields[0].required: expected true or false, without quotes, found \"yes\"",
            "forms[0].fields[0].from[1]: expected a text in quotes, not empty, found 7",
            "forms[0].fields[0].max_length: expected a whole number from 1 to 65536, found 0",
            "forms[0].fields[1].name: the same name stands at `forms[0].fields[0].name`; each must have its own",
            "forms[0].fields[1].options: belongs to kind = \"choice\" only; change the kind or remove the options",
            "forms[0].fields[2].name: names that start with _ are controls such as _id and are never stored; take another",
            "forms[0].fields[2].from: \"TEL\" leads to the field \"phone\" already; remove one",
            "forms[0].fields[3].name: is missing; it is required",
            "forms[0].fields[3].type: unknown key; remove it",
            "forms[0].capture.selector: expected a text in quotes, not empty, found \" \"",
            "forms[0].capture.js.cart: expected the body of a function in quotes, found 1",
            "forms[1].id: the same id stands at `forms[0].id`; each must have its own",
            "forms[1].roistat_key: the same roistat_key stands at `forms[0].roistat_key`; each must have its own",
            "forms[2].id: expected an id of letters, digits, - and _, at most 64, found \"a/b\""
        ]
    );
}

#[test]
fn deliver_rules_are_checked() {
    let forms = r#"
        [[forms]]
        id = "none-named"
        [[forms]]
        id = "some-named"
        [[forms.deliver]]
        [[forms.deliver]]
        destination = "depo"
        [[forms.deliver]]
        destination = "shop"
        create = "deal"
        customer = "find"
        order = "landing-page"
        [[forms.deliver]]
        destination = "shop"
        [[forms.deliver]]
        destination = "shop"
        create = "customer"
    "#;
    assert_eq!(
        problems(&format!("{TWO_SHOPS}{forms}")),
        [
            "forms[0].deliver: is missing, and there are 2 destinations; say which one is meant",
            "forms[1].deliver[0].destination: is missing, and there are 2 destinations; say which one is meant",
            "forms[1].deliver[1].destination: there is no destination \"depo\"; did you mean `depot`?",
            "forms[1].deliver[2].create: expected one of `order`, `customer`, found \"deal\"",
            "forms[1].deliver[2].customer: expected one of `match`, `new`, `none`, found \"find\"",
            "forms[1].deliver[2].order: expected a table, found \"landing-page\"",
            "forms[1].deliver[3].destination: the form delivers there already with the same `create`, so a lead would be made twice; remove one"
        ]
    );
    assert_eq!(
        problems("[[forms]]\nid = \"callback\""),
        ["forms[0].deliver: there is no destination to deliver to; add [[destinations]]"]
    );
}

#[test]
fn a_destination_with_a_mistake_is_not_told_of_again_at_its_forms() {
    let config = "[[destinations]]\nkind = \"retailcrm\"\nurl = \"https://demo.retailcrm.ru\"\napi_key = \"k\"\n[[forms]]\nid = \"a\"\n[[forms]]\nid = \"b\"\n[[forms.deliver]]\ndestination = \"shop\"";
    assert_eq!(
        problems(config),
        ["destinations[0].id: is missing; it is required"]
    );
}
