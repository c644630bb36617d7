//! The commands and their exit codes, as a shell script sees them.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::gate::{LEADGATE, Process};
use crate::home::{Home, Setup};

/// Runs a command to its end with this on its standard input.
pub(crate) fn run(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(LEADGATE)
        .args(arguments)
        .env_remove("LEADGATE_CONFIG")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    // A command that reads nothing may be gone already.
    stdin.write_all(input.as_bytes()).ok();
    drop(stdin);
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn wrong_usage_ends_with_64_and_says_how_it_is_used() {
    for wrong in [
        &[][..],
        &["frobnicate"],
        &["serve", "--no-such"],
        &["serve", "extra"],
        &["simulate-crm", "--listen", "nowhere"],
    ] {
        let (code, output, errors) = run(wrong, "");
        assert_eq!((code, output.as_str()), (Some(64), ""), "{wrong:?}");
        assert!(
            errors.contains("Usage") || errors.contains("--help"),
            "{errors}"
        );
    }
}

#[test]
fn serve_with_a_bad_config_ends_with_78_and_tells_all_its_problems_at_once() {
    let home = Home::new(&Setup::without_crm());
    let broken = home
        .config()
        .replace("127.0.0.1:0", "somewhere")
        .replace("[store]", "[store]\nkolour = \"red\"")
        .replace("file = \"key\"", "file = \"no-such-key\"");
    home.write_config(&broken);
    let config = home.path("config.toml");
    for command in [&["serve"][..], &["check", "--offline"]] {
        let arguments = [command, &["--config", text(&config)]].concat();
        let (code, output, errors) = run(&arguments, "");
        assert_eq!(code, Some(78), "{output}{errors}");
        let told = format!("{output}{errors}");
        for key in ["server.listen", "store.kolour", "destinations[0].api_key"] {
            assert!(told.contains(key), "{key} is not told of:\n{told}");
        }
    }
    assert!(
        !home.path("data").exists(),
        "nothing is opened before the config is good"
    );
}

#[test]
fn serve_without_a_config_file_ends_with_78() {
    let home = Home::new(&Setup::without_crm());
    let missing = home.path("missing.toml");
    let (code, _, errors) = run(&["serve", "--config", text(&missing)], "");
    assert_eq!(code, Some(78), "{errors}");
    assert!(errors.contains("missing.toml"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_on_a_port_in_use_ends_with_69_and_names_the_key() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut setup = Setup::without_crm();
    setup.listen = taken.local_addr().expect("an address").to_string();
    let home = Home::new(&setup);
    let process = home.spawn();
    assert_eq!(process.exit_code().await, 69);
    assert_says(&process, "server.listen").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_another_gate_has_ends_with_74_and_harms_nobody() {
    let home = Home::new(&Setup::without_crm());
    let first = home.serve().await;
    let second = home.spawn();
    assert_eq!(second.exit_code().await, 74);
    assert_says(&second, "in use by another leadgate").await;
    first.client.post(&[("phone", "+79123456789")]).await.lead();
    assert_eq!(first.terminate().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_cannot_be_made_ends_with_74() {
    // Below a file there can be no directory, not even for root.
    let mut setup = Setup::without_crm();
    setup.data = "key/data".into();
    let home = Home::new(&setup);
    let process = home.spawn();
    assert_eq!(process.exit_code().await, 74);
    assert_says(&process, "cannot be used").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_filter_that_is_none_is_wrong_usage() {
    let home = Home::new(&Setup::without_crm());
    let (config, mut command) = (home.path("config.toml"), Command::new(LEADGATE));
    let output = command
        .args(["serve", "--config", text(&config)])
        .env("LEADGATE_LOG", "leadgate=loud")
        .output()
        .expect("it ends");
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("LEADGATE_LOG"));
}

#[test]
fn what_init_writes_passes_check_and_is_not_overwritten() {
    let home = Home::new(&Setup::without_crm());
    let directory = home.path("new");
    let (code, output, errors) = run(&["init", text(&directory)], "");
    assert_eq!(code, Some(0), "{errors}");
    assert!(output.contains("config.toml"), "{output}");
    let config = directory.join("config.toml");
    let check = ["check", "--offline", "--config", text(&config)];
    let (code, output, errors) = run(&check, "");
    assert_eq!(code, Some(0), "{output}{errors}");
    let (code, _, errors) = run(&["init", text(&directory)], "");
    assert_eq!(code, Some(74), "{errors}");
}

#[test]
fn a_hashed_password_is_one_line_that_the_config_takes() {
    let (code, hash, errors) = run(&["hash-password"], "correct horse\n");
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(hash.lines().count(), 1, "{hash}");
    let home = Home::new(&Setup::without_crm());
    let user = format!(
        "[[admin.users]]\nname = \"anna\"\npassword_hash = \"{}\"\n",
        hash.trim_end()
    );
    home.write_config(
        &home
            .config()
            .replace("[limits]", &format!("{user}[limits]")),
    );
    let config = home.path("config.toml");
    let (code, output, _) = run(&["check", "--offline", "--config", text(&config)], "");
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn the_simulated_crm_on_a_port_in_use_ends_with_69() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let (code, _, errors) = run(&["simulate-crm", "--listen", &address], "");
    assert_eq!(code, Some(69), "{errors}");
}

/// Waits for the last words of a process that has ended.
async fn assert_says(process: &Process, text: &str) {
    process.log.end(crate::gate::PATIENCE).await;
    assert!(process.log.says(text), "{:?}", process.log.lines());
}
