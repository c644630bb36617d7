//! Bad configs and the exact problems that are told of them: the texts are what an operator has to work with.

mod alerts;
mod every_key;
mod routes;

use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigProblems, Problem};
use crate::destination::registry::KindSettings;
use crate::destination::retailcrm::ContactConflict;
use crate::lead::{Create, OriginRule};

const SHOP: &str = r#"
[[destinations]]
id = "shop"
kind = "retailcrm"
url = "https://demo.retailcrm.ru"
api_key = "key"
"#;

fn parse(text: &str) -> Result<Config, ConfigProblems> {
    Config::parse(text, Path::new("/etc/leadgate/config.toml"))
}

fn lines(findings: Vec<Problem>) -> Vec<String> {
    findings
        .into_iter()
        .map(|finding| format!("{}: {}", finding.key_path, finding.message))
        .collect()
}

fn problems(text: &str) -> Vec<String> {
    lines(parse(text).expect_err("a bad config").problems)
}

fn warnings(text: &str) -> Vec<String> {
    lines(parse(text).expect("a good config").warnings)
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    assert_eq!(
        problems(
            r#"
            [limits]
            per_address = 120
            [server]
            listen = "localhost:8080"
            pubic_url = "https://leads.example.ru"
            [[destinations]]
            id = "shop"
            kind = "retailcrm"
            url = "http://demo.retailcrm.ru"
            [[forms]]
            title = "Callback"
            [forms.capture]
            mode = "buton"
            "#
        ),
        [
            "limits.per_address: expected a rate such as \"120/m\" (per s, m or h), found 120",
            "server.listen: expected an address with a port such as \"127.0.0.1:8080\", found \"localhost:8080\"",
            "server.pubic_url: unknown key; did you mean `public_url`?",
            "destinations[0].api_key: is missing; write { env = \"NAME\" }, { file = \"PATH\" } or the key itself",
            "destinations[0].url: expected https (http would show the API key to the network; it is for 127.0.0.1 only), found \"http://demo.retailcrm.ru\"",
            "forms[0].id: is missing; it is required",
            "forms[0].capture.selector: is missing; write a CSS selector such as \"#callback\"",
            "forms[0].capture.mode: expected one of `form`, `button`, found \"buton\"; did you mean `button`?"
        ]
    );
}

#[test]
fn the_server_block_is_checked() {
    assert_eq!(
        problems(
            r#"
            [server]
            listen = 8080
            public_url = "leads.example.ru"
            trusted_proxies = ["10.0.0.0/8", "nginx", 7]
            max_body = "0"
            time_zone = "Moscow"
            shutdown_grace = 10
            body_timeout = "0s"
            max_connections = 0
            metrics_listen = ":9090"
            "#
        ),
        [
            "server.listen: expected an address with a port such as \"127.0.0.1:8080\", found 8080",
            "server.public_url: expected an address of scheme and host alone, such as \"https://leads.example.ru\", found \"leads.example.ru\"",
            "server.trusted_proxies[1]: expected an address or a network such as \"10.0.0.0/8\", found \"nginx\"",
            "server.trusted_proxies[2]: expected an address or a network such as \"10.0.0.0/8\", found 7",
            "server.max_body: must be above zero, or no lead can come in; the default is \"256 KiB\"",
            "server.time_zone: expected the name of a time zone such as \"Europe/Moscow\", found \"Moscow\"",
            "server.shutdown_grace: expected a duration such as \"10s\", found 10",
            "server.body_timeout: expected a duration above zero such as \"10s\", found \"0s\"",
            "server.max_connections: expected a whole number from 1 to 100000, found 0",
            "server.metrics_listen: expected an address with a port such as \"127.0.0.1:8080\", found \":9090\""
        ]
    );
}

#[test]
fn store_and_limits_are_checked() {
    assert_eq!(
        problems(
            r#"
            store = { kind = "postgres", path = "", min_free = 64 }
            [limits]
            per_address = "120"
            per_form = "0/m"
            whole = "6000/d"
            "#
        ),
        [
            "store.kind: expected one of `sled`, found \"postgres\"",
            "store.path: expected a text in quotes, not empty, found \"\"",
            "store.min_free: expected a size such as \"256 KiB\", found 64",
            "limits.per_address: expected a rate such as \"120/m\" (per s, m or h), found \"120\"",
            "limits.per_form: expected a rate such as \"120/m\" (per s, m or h), found \"0/m\"",
            "limits.whole: expected a rate such as \"120/m\" (per s, m or h), found \"6000/d\""
        ]
    );
}

#[test]
fn the_people_of_the_admin_are_checked() {
    assert_eq!(
        problems(
            r#"
            [admin]
            token = { env = "LEADGATE_TEST_UNSET" }
            [[admin.users]]
            name = "anna"
            password_hash = "hunter2"
            [[admin.users]]
            name = "anna"
            password_hash = { file = "no-such-file" }
            [[admin.users]]
            "#
        ),
        [
            "admin.token: the environment variable LEADGATE_TEST_UNSET is not set; set it before starting leadgate, or use { file = \"...\" }",
            "admin.users[0].password_hash: is no Argon2id hash ($argon2id$v=19$...); take the line that `leadgate hash-password` prints, in quotes",
            "admin.users[1].name: the same name stands at `admin.users[0].name`; each must have its own",
            "admin.users[1].password_hash: the file /etc/leadgate/no-such-file cannot be read (No such file or directory (os error 2)); create it readable for leadgate, with the secret alone in it",
            "admin.users[2].name: is missing; it is required",
            "admin.users[2].password_hash: is missing; `leadgate hash-password` prints one"
        ]
    );
}

#[test]
fn a_block_of_the_wrong_shape_is_one_problem() {
    assert_eq!(
        problems("server = 1\n[destinations]\nid = \"shop\"\n[form]\nid = \"a\""),
        [
            "server: expected a table, found 1",
            "destinations: expected a list of tables, each under a head in double brackets, found a table",
            "form: unknown key; did you mean `forms`?"
        ]
    );
}

#[test]
fn suspicious_things_are_warned_of() {
    let config = format!(
        r#"
        [server]
        public_url = "http://leads.example.ru"
        [admin]
        token = "short"
        {SHOP}
        requests_per_second = 50
        [[forms]]
        id = "callback"
        [[forms.fields]]
        name = "page"
        "#
    );
    assert_eq!(
        warnings(&config),
        [
            "server.public_url: http shows what visitors type to the network; put https in front and write https here",
            "admin.token: is short enough to be guessed; take 32 random characters, as `leadgate init` does",
            "destinations[0].requests_per_second: RetailCRM answers 503 above 10; more is for the simulator only",
            "forms[0].fields[0].name: templates know page as something else; they reach this field as fields[\"page\"]"
        ]
    );
    assert_eq!(
        warnings(""),
        [
            "admin: neither a token nor a user: nobody can see the leads; add [[admin.users]]",
            "forms: there is no form, so no lead can come in; add [[forms]]"
        ]
    );
}

#[test]
fn a_missing_file_is_a_problem_of_the_file_as_a_whole() {
    let refused = Config::load(Path::new("/no/such/config.toml")).expect_err("missing");
    assert_eq!(refused.problems.len(), 1);
    assert_eq!(refused.problems[0].key_path, "");
    assert!(
        refused.problems[0].message.contains("leadgate init"),
        "{}",
        refused.problems[0].message
    );
}

#[test]
fn what_is_written_is_what_is_kept() {
    let directory = tempfile::tempdir().expect("directory");
    std::fs::write(directory.path().join("crm.key"), "from-file\n").expect("written");
    let text = r#"
        [server]
        listen = "0.0.0.0:9000"
        [store]
        path = "./leads"
        [[destinations]]
        id = "shop"
        kind = "retailcrm"
        url = "https://demo.retailcrm.ru/"
        api_key = { file = "crm.key" }
        [[forms]]
        id = "callback"
        origins = ["https://Shop.example:443", "https://shop.example"]
        [[forms]]
        id = "open"
        origins = ["*"]
        [[forms.deliver]]
        create = "customer"
        [forms.deliver.customer_fields]
        "customFields.channel" = "{{ utm.source }}"
    "#;
    let config = Config::parse(text, &directory.path().join("config.toml")).expect("a good config");
    assert_eq!(config.server.public_url.as_str(), "http://127.0.0.1:9000/");
    assert_eq!(config.store.path, directory.path().join("leads"));
    let KindSettings::RetailCrm(shop) = &config.destinations[0].kind;
    assert_eq!(shop.api_key.reveal(), "from-file");
    let callback = config.forms.get("callback").expect("the form");
    assert_eq!(callback.title, "callback");
    assert_eq!(
        callback.origins,
        OriginRule::Listed(vec!["https://shop.example".to_owned()])
    );
    assert_eq!(callback.deliver[0].destination.as_str(), "shop");
    let open = config.forms.get("open").expect("the form");
    assert_eq!(open.origins, OriginRule::Any);
    assert_eq!(open.deliver[0].create, Create::Customer);
    assert!(
        open.deliver[0]
            .customer_fields
            .contains_key("customFields.channel")
    );
}

#[test]
fn leads_are_kept_for_a_day_at_least_or_for_ever_and_those_nobody_looked_after_with_a_warning() {
    let keep = |text: &str| format!("{SHOP}\n[store.keep]\n{text}");
    let kept = parse(&keep("delivered = \"2d\"\ndiscarded = \"forever\"")).expect("a good config");
    let days = |days: u64| Some(std::time::Duration::from_secs(days * 86_400));
    assert_eq!((kept.keep.delivered, kept.keep.discarded), (days(2), None));
    let usual = parse(SHOP).expect("a good config").keep;
    assert_eq!((usual.delivered, usual.discarded), (days(365), days(90)));
    assert_eq!((usual.failed, usual.held), (None, None));
    assert_eq!(
        problems(&keep("delivered = \"1h\"")),
        [
            "store.keep.delivered: expected \"forever\" or a duration of a day at least such as \"365d\", found \"1h\""
        ]
    );
    let warned = warnings(&keep("held = \"30d\""));
    let expected = "store.keep.held: leads that nobody has looked after are removed when this time is over; \"forever\" keeps them";
    assert!(warned.iter().any(|told| told == expected), "{warned:?}");
}

#[test]
fn the_status_poll_is_off_or_a_minute_at_least() {
    let poll = |written: &str| parse(&format!("{SHOP}{written}"));
    let kept = |written: &str| poll(written).expect("a good config").destinations[0].status_poll;
    assert_eq!(kept(""), None);
    assert_eq!(kept("status_poll = \"off\""), None);
    let quarter = std::time::Duration::from_secs(900);
    assert_eq!(kept("status_poll = \"15m\""), Some(quarter));
    assert_eq!(
        problems(&format!("{SHOP}status_poll = \"5s\"")),
        [
            "destinations[0].status_poll: expected \"off\" or a duration of a minute at least such as \"15m\", found \"5s\""
        ]
    );
}

#[test]
fn whose_a_lead_with_two_customers_is_can_be_chosen() {
    let kept = |written: &str| {
        let config = parse(&format!("{SHOP}{written}")).expect("a good config");
        let KindSettings::RetailCrm(shop) = &config.destinations[0].kind;
        shop.conflict
    };
    assert_eq!(kept(""), ContactConflict::Phone);
    for (word, conflict) in [
        ("phone", ContactConflict::Phone),
        ("email", ContactConflict::Email),
        ("new", ContactConflict::New),
        ("none", ContactConflict::None),
    ] {
        assert_eq!(kept(&format!("customer_conflict = \"{word}\"")), conflict);
    }
}

#[test]
fn paths_stay_relative_for_a_config_in_the_working_directory() {
    let config = Config::parse("", Path::new("config.toml")).expect("a good config");
    assert_eq!(config.store.path, PathBuf::from("data"));
}

#[test]
fn a_value_function_that_is_none_is_told_with_its_key_and_its_place() {
    let text = format!(
        "{SHOP}\n[[forms]]\nid = \"callback\"\n[forms.capture]\nselector = \".lead\"\nsubmit = \"always\"\n[forms.capture.js]\n\
         good = \"return 1\"\nbad = \"return (\"\nworse = \"}}, function() {{\"\n"
    );
    let told = problems(&text);
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told[0].starts_with("forms[0].capture.submit: expected one of `auto`, `take`, `copy`"));
    assert!(told[1].starts_with("forms[0].capture.js.bad: is no body of a JavaScript function: "));
    assert!(told[1].contains("line 1, column 9"), "{}", told[1]);
    assert!(told[2].starts_with("forms[0].capture.js.worse: "));
}
