//! `leadgate check` without `--offline`: the config against the account, as an operator runs it.
#![expect(
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use leadgate::simulator::{DEMO_API_KEY, Options, SimulatedCrm};
use tokio::process::Command;

/// Writes a config for this CRM, runs the command, and returns its exit code and what it said.
async fn check(url: &str, api_key: &str, form: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.toml");
    let text = format!(
        "[[destinations]]\nid = \"shop\"\nkind = \"retailcrm\"\nurl = \"{url}\"\napi_key = \"{api_key}\"\n[[forms]]\nid = \"callback\"\n{form}"
    );
    std::fs::write(&file, text).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadgate"));
    command
        .arg("check")
        .arg("--config")
        .arg(&file)
        .env("LC_ALL", "C");
    let done = command.output().await.expect("it ran");
    (
        done.status.code(),
        String::from_utf8(done.stdout).expect("text"),
    )
}

async fn crm() -> SimulatedCrm {
    SimulatedCrm::start(Options::default())
        .await
        .expect("the simulator starts")
}

#[tokio::test]
async fn a_config_that_fits_the_account_exits_with_0() {
    let crm = crm().await;
    let (code, said) = check(&crm.url(), DEMO_API_KEY, "").await;
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn a_code_that_the_account_does_not_have_is_named_with_its_place_and_what_was_meant() {
    let crm = crm().await;
    let form = "[[forms.deliver]]\n[forms.deliver.order]\norderMethod = \"landing-pge\"\n[forms.deliver.order.customFields]\ncitty = \"{{ city }}\"\n";
    let (code, said) = check(&crm.url(), DEMO_API_KEY, form).await;
    assert_eq!(code, Some(78), "{said}");
    for word in [
        "forms.callback.deliver[0].order.orderMethod",
        "landing-page",
        "customFields.citty",
        "city",
    ] {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[tokio::test]
async fn what_is_found_is_a_table_to_act_on() {
    let crm = crm().await;
    let form = r#"
[[forms.fields]]
name = "wish"
kind = "choice"
options = ["Свет", "Звук"]
[[forms.deliver]]
[forms.deliver.order]
orderMethod = "landing-pge"
delivery = { code = "self-delivery" }
payments = [{ type = "cash-on-delivery" }]
[forms.deliver.order.customFields]
gorodd = "{{ city }}"
channel = "radio"
interests = "{{ wish }}"
"#;
    let (code, said) = check(&crm.url(), DEMO_API_KEY, form).await;
    assert_eq!(code, Some(78), "{said}");
    let lines = said.lines().skip(1).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(lines);
}

#[tokio::test]
async fn a_wrong_key_exits_with_78_and_an_account_that_does_not_answer_with_69() {
    let crm = crm().await;
    let (code, said) = check(&crm.url(), "a-key-that-nobody-knows-32-characters", "").await;
    assert_eq!(code, Some(78), "{said}");
    crm.stop_listening().await;
    let (code, said) = check(&crm.url(), DEMO_API_KEY, "").await;
    assert_eq!(code, Some(69), "{said}");
}
