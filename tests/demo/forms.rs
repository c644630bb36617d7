//! The forms of the config: read without a complaint, asked by the page as they are declared, mapped to the codes of the demo account.

use leadgate::lead::template::{Context, Template};
use leadgate::lead::{FieldKind, Form, Value};
use leadgate::simulator::Account;

use super::*;

fn forms() -> Vec<Arc<Form>> {
    let config = config(Path::new(""));
    let found = ["callback", "banquet"].map(|id| config.forms.get(id).cloned());
    found
        .into_iter()
        .map(|form| form.expect("a form"))
        .collect()
}

#[test]
fn the_config_reader_has_nothing_to_say_about_them() {
    let config = config(Path::new(""));
    assert_eq!(config.warnings, []);
}

#[tokio::test]
async fn the_page_asks_every_declared_field_with_every_option() {
    let page = Demo::open().get("/demo").await.body;
    for form in forms() {
        let action = format!("action=\"/f/{}\"", form.id);
        let shown = page.split_once(&action).expect("the form").1;
        let shown = shown.split_once("</form>").expect("its end").0;
        for field in &form.fields {
            let name = format!("name=\"{}\"", field.name);
            assert!(shown.contains(&name), "{name} of {}", form.id);
            let FieldKind::Choice(options) = &field.kind else {
                continue;
            };
            for option in options {
                assert!(shown.contains(&format!("value=\"{option}\"")), "{option}");
            }
        }
    }
}

#[test]
fn they_name_only_what_the_demo_account_has() {
    let account = Account::default();
    for form in forms() {
        let order = &form.deliver[0].order;
        let method = order["orderMethod"].as_str().expect("a code");
        assert!(
            account
                .order_methods
                .iter()
                .any(|known| known.code == method)
        );
        for code in order["customFields"].as_table().expect("a table").keys() {
            let is_known = account
                .custom_fields
                .iter()
                .any(|known| known.code == *code);
            assert!(is_known, "{code}");
        }
    }
}

/// What the mapping makes of a submission's interests.
async fn interests(demo: &Demo, body: &str) -> Option<Value> {
    let already = demo.leads(0).await.len();
    let answer = demo.ask(form("/f/banquet", body)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let stored = demo.leads(already + 1).await.remove(0);
    let rule = &forms()[1].deliver[0];
    let source = rule.order["customFields"]["interests"]
        .as_str()
        .expect("text");
    let template = Template::parse(source).expect("a template");
    template
        .evaluate(&Context::new(&stored.lead))
        .expect("a value")
}

#[tokio::test]
async fn interests_become_codes_of_the_dictionary_however_many_are_ticked() {
    let demo = Demo::open();
    let list = |codes: &[&str]| {
        Some(Value::List(
            codes.iter().map(|code| (*code).to_owned()).collect(),
        ))
    };
    let one = "phone=89123456789&interests=%D0%A1%D0%B2%D0%B5%D1%82";
    assert_eq!(interests(&demo, one).await, list(&["light"]));
    let two = format!("{one}&interests=%D0%9C%D0%B5%D0%B1%D0%B5%D0%BB%D1%8C");
    assert_eq!(interests(&demo, &two).await, list(&["furniture", "light"]));
    assert_eq!(interests(&demo, "phone=89123456789").await, None);
}

#[tokio::test]
async fn only_the_phone_is_asked_for() {
    let demo = Demo::open();
    for (address, body, status) in [
        ("/f/callback", "phone=9123456789", StatusCode::SEE_OTHER),
        ("/f/banquet", "phone=9123456789", StatusCode::SEE_OTHER),
        ("/f/callback", "name=Anna", StatusCode::UNPROCESSABLE_ENTITY),
        (
            "/f/banquet",
            "phone=9123456789&guests=many",
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let answer = demo.ask(form(address, body)).await;
        assert_eq!(answer.status, status, "{address} {body}");
    }
    assert_eq!(demo.leads(2).await.len(), 2);
}
