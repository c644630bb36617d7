//! The commands as a person at a terminal meets them.

use std::ffi::OsString;

use crate::cli::{Exit, Terminal, run};
use crate::lead::Language;

/// What a command answered.
pub(crate) struct Desk {
    pub(crate) exit: Exit,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Desk {
    /// Runs a command in English.
    pub(crate) fn run(input: &str, arguments: &[&str]) -> Self {
        Self::run_in(Language::En, input, arguments)
    }

    fn run_in(language: Language, input: &str, arguments: &[&str]) -> Self {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let mut terminal = Terminal {
            output: &mut output,
            errors: &mut errors,
            input: &mut input.as_bytes(),
            is_interactive: false,
            language,
        };
        let arguments = std::iter::once("leadgate")
            .chain(arguments.iter().copied())
            .map(OsString::from);
        let exit = run(arguments, &mut terminal);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self {
            exit,
            output: text(output),
            errors: text(errors),
        }
    }
}

/// A config file with this text; it lives as long as the directory.
fn config(text: &str) -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().expect("directory");
    let file = home.path().join("config.toml");
    std::fs::write(&file, text).expect("written");
    let path = file.to_str().expect("text").to_owned();
    (home, path)
}

#[test]
fn wrong_usage_exits_with_64_and_help_with_0() {
    for wrong in [
        &[][..],
        &["frobnicate"],
        &["check", "--offline", "--no-such"],
        &["init", "a", "b"],
    ] {
        let desk = Desk::run("", wrong);
        assert_eq!(
            (desk.exit, desk.output.as_str()),
            (Exit::Usage, ""),
            "{wrong:?}"
        );
        assert!(desk.errors.contains("Usage"), "{}", desk.errors);
    }
    let help = Desk::run("", &["--help"]);
    assert_eq!((help.exit, help.errors.as_str()), (Exit::Done, ""));
    assert!(help.output.contains("hash-password"), "{}", help.output);
    assert_eq!(Desk::run("", &["--version"]).exit, Exit::Done);
}

#[test]
fn the_exit_codes_are_those_of_sysexits() {
    let exits = [
        Exit::Done,
        Exit::Usage,
        Exit::Unavailable,
        Exit::Io,
        Exit::BadConfig,
    ];
    assert_eq!(exits.map(Exit::code), [0, 64, 69, 74, 78]);
}

#[test]
fn check_shows_every_problem_with_its_key_path() {
    let (_home, file) = config("[server]\nlisten = 8080\n[[forms]]\nid = \"callback\"\n");
    let desk = Desk::run("", &["check", "--offline", "--config", &file]);
    assert_eq!(desk.exit, Exit::BadConfig);
    let expected = format!(
        "{file}: problems: 2\n\
         \x20 server.listen     expected an address with a port such as \"127.0.0.1:8080\", found 8080\n\
         \x20 forms[0].deliver  there is no destination to deliver to; add [[destinations]]\n"
    );
    assert_eq!(desk.output, expected);
}

#[test]
fn check_of_a_good_config_exits_with_0_and_shows_its_warnings() {
    let (_home, file) = config(crate::config::EXAMPLE);
    let desk = Desk::run_in(Language::Ru, "", &["check", "--offline", "--config", &file]);
    assert_eq!(desk.exit, Exit::Done);
    assert!(
        desk.output
            .starts_with(&format!("{file}: проблем нет\nпредупреждений: 2\n")),
        "{}",
        desk.output
    );
}

#[test]
fn commands_on_the_files_say_in_the_language_of_the_terminal_what_is_wrong_with_them() {
    let (home, file) = config("[store]\npath = \"data\"\n");
    let out = home.path().join("out");
    let out = out.to_str().expect("text");
    for command in [&["backup", out][..], &["doctor"], &["doctor", "--rebuild"]] {
        let arguments = [command, &["--config", &file]].concat();
        let desk = Desk::run_in(Language::Ru, "", &arguments);
        assert_eq!((desk.exit, desk.output.as_str()), (Exit::Io, ""));
        assert!(desk.errors.contains("нет хранилища"), "{}", desk.errors);
        let desk = Desk::run("", &arguments);
        assert!(desk.errors.contains("holds no store"), "{}", desk.errors);
    }
    assert!(!home.path().join("out").exists() && !home.path().join("data").exists());
    let missing = Desk::run("", &["restore", "--config", &file, out]);
    assert_eq!(missing.exit, Exit::Io);
    assert!(
        missing.errors.contains("nothing was restored"),
        "{}",
        missing.errors
    );
    assert!(!home.path().join("data").exists());
}

#[test]
fn a_config_that_cannot_be_read_or_parsed_is_a_bad_config() {
    let missing = Desk::run(
        "",
        &["check", "--offline", "--config", "/no/such/config.toml"],
    );
    assert_eq!(missing.exit, Exit::BadConfig);
    assert!(
        missing.output.contains("(whole file)"),
        "{}",
        missing.output
    );
    let (_home, file) = config("[server\n");
    let broken = Desk::run("", &["check", "--offline", "--config", &file]);
    assert_eq!(broken.exit, Exit::BadConfig);
    assert!(
        broken.output.contains("line 1, column 8"),
        "{}",
        broken.output
    );
}
