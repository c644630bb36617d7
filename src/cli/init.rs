//! `leadgate init`: a commented config with secrets that nobody else has, ready but for two values.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rand::Rng;
use rand::distr::Alphanumeric;

use crate::cli::{Exit, Terminal, hash_password};
use crate::config::EXAMPLE;
use crate::lead::Language;

/// The login name in a new config.
const LOGIN: &str = "admin";

/// Its arguments.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Where config.toml is written; made when missing
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

impl Arguments {
    /// Writes the config and tells what to do next. A config that is there already is never touched.
    pub(crate) fn run(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        let file = self.directory.join("config.toml");
        let (token, password) = (random_text(32), random_text(16));
        let hash = hash_password::hash(&password).map_err(io::Error::other)?;
        if let Err(error) = write_new(&self.directory, &file, &config(&token, &hash)) {
            complain(terminal, &file, &error)?;
            return Ok(Exit::Io);
        }
        let steps = next_steps(terminal.language, &file, &password);
        write!(terminal.output, "{steps}")?;
        Ok(Exit::Done)
    }
}

/// The example with these secrets in it, and with the values marked that only the operator knows.
fn config(token: &str, hash: &str) -> String {
    let line = |line: &str| match line {
        _ if line.starts_with("#token =") => format!("token = \"{token}\" # of the admin API"),
        "#[[admin.users]]" => "[[admin.users]]".to_owned(),
        _ if line.starts_with("#name =") => format!("name = \"{LOGIN}\""),
        _ if line.starts_with("#password_hash =") => {
            format!("password_hash = \"{hash}\" # `leadgate hash-password` makes another")
        }
        _ if line.starts_with("url =") || line.starts_with("api_key =") => {
            line.replace("# required", "# FILL IN / ЗАПОЛНИТЕ")
        }
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(|text| line(text) + "\n").collect()
}

/// Writes a file that its owner alone may read, and that was not there before.
fn write_new(directory: &Path, file: &Path, text: &str) -> io::Result<()> {
    if !directory.as_os_str().is_empty() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(directory)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn complain(terminal: &mut Terminal<'_>, file: &Path, error: &io::Error) -> io::Result<()> {
    let file = file.display();
    if error.kind() == ErrorKind::AlreadyExists {
        let remedy = terminal.language.pick(
            "уже есть, файл не тронут; укажите другую папку: leadgate init ПАПКА",
            "is there already and is left as it is; name another directory: leadgate init DIR",
        );
        return writeln!(terminal.errors, "{file} {remedy}");
    }
    let failure = terminal
        .language
        .pick("не удалось записать", "cannot be written");
    writeln!(terminal.errors, "{file}: {failure} ({error})")
}

fn next_steps(language: Language, file: &Path, password: &str) -> String {
    let file = file.display();
    match language {
        Language::Ru => format!(
            "Создан {file} (читать его может только владелец).\n\
             Вход в админку: {LOGIN}\nПароль (показан один раз): {password}\n\n\
             Дальше:\n\
             1. Впишите адрес RetailCRM и ключ API в строки с пометкой ЗАПОЛНИТЕ.\n\
             2. Проверьте: leadgate check --offline --config {file}\n\
             3. Запустите: leadgate serve --config {file}\n"
        ),
        Language::En => format!(
            "Wrote {file} (only its owner may read it).\n\
             Admin login: {LOGIN}\nPassword (shown this once): {password}\n\n\
             Next:\n\
             1. Write the address of RetailCRM and the API key into the lines marked FILL IN.\n\
             2. Check: leadgate check --offline --config {file}\n\
             3. Start: leadgate serve --config {file}\n"
        ),
    }
}

/// Letters and digits, from the generator that is fit for secrets.
fn random_text(length: usize) -> String {
    rand::rng()
        .sample_iter(Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use argon2::PasswordVerifier;
    use argon2::password_hash::phc::PasswordHash;

    use crate::cli::Exit;
    use crate::cli::tests::Desk;
    use crate::config::Config;

    #[test]
    fn a_new_config_is_good_but_for_the_api_key_and_lets_the_printed_password_in() {
        let home = tempfile::tempdir().expect("directory");
        let directory = home.path().join("gate");
        let desk = Desk::run("", &["init", directory.to_str().expect("text")]);
        assert_eq!(desk.exit, Exit::Done, "{}", desk.errors);

        let file = directory.join("config.toml");
        let config = Config::load(&file).unwrap_or_else(|refused| panic!("{:?}", refused.problems));
        let warned: Vec<_> = config
            .warnings
            .iter()
            .map(|warning| warning.key_path.as_str())
            .collect();
        assert_eq!(warned, ["destinations[0].api_key"]);
        assert_eq!(
            config
                .admin
                .token
                .as_ref()
                .map(|token| token.reveal().len()),
            Some(32)
        );

        let user = &config.admin.users[0];
        let password = desk
            .output
            .lines()
            .find_map(|line| line.strip_prefix("Password (shown this once): "));
        let hash = PasswordHash::new(user.password_hash.reveal()).expect("a PHC string");
        let entered =
            argon2::Argon2::default().verify_password(password.expect("shown").as_bytes(), &hash);
        assert!(user.name == "admin" && entered.is_ok());

        let text = std::fs::read_to_string(&file).expect("readable");
        assert_eq!(text.matches("FILL IN").count(), 2);
        let mode = std::fs::metadata(&file)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_config_that_is_there_is_never_touched() {
        let home = tempfile::tempdir().expect("directory");
        let file = home.path().join("config.toml");
        std::fs::write(&file, "mine").expect("written");
        let desk = Desk::run("", &["init", home.path().to_str().expect("text")]);
        assert_eq!((desk.exit, desk.output.as_str()), (Exit::Io, ""));
        assert!(desk.errors.contains("there already"), "{}", desk.errors);
        assert_eq!(std::fs::read_to_string(&file).expect("readable"), "mine");
    }

    #[test]
    fn no_two_configs_share_a_secret() {
        let home = tempfile::tempdir().expect("directory");
        let tokens = ["a", "b"].map(|name| {
            let directory = home.path().join(name);
            Desk::run("", &["init", directory.to_str().expect("text")]);
            Config::load(&directory.join("config.toml"))
                .expect("good")
                .admin
                .token
                .expect("a token")
        });
        assert!(tokens[0] != tokens[1]);
    }
}
