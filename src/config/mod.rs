//! Starting values: reads the config file, gathers every module's settings, and reports all problems at once with their key paths.

mod admin;
mod alerts;
mod destinations;
mod document;
mod example;
mod forms;
mod mistake;
mod reader;
mod server;
mod unique;
mod units;
mod values;

use std::path::{Path, PathBuf};

use crate::alerts::Settings as Alerts;
use crate::config::reader::Reading;
use crate::destination::registry;
use crate::http::settings::{Admin, Limits, Server};
use crate::lead::Forms;
use crate::store;

pub use example::{EXAMPLE, PLACEHOLDER};

/// A checked config. Each part of the program is given its own part of it.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[store]`.
    pub store: store::Settings,
    /// `[store.keep]`.
    pub keep: store::Keep,
    /// `[admin]`.
    pub admin: Admin,
    /// `[limits]`.
    pub limits: Limits,
    /// `[alerts]`.
    pub alerts: Alerts,
    /// `[[destinations]]`, in the order of the file.
    pub destinations: Vec<registry::Settings>,
    /// `[[forms]]`.
    pub forms: Forms,
    /// Legal but suspicious things, for the log and `check`.
    pub warnings: Vec<Problem>,
}

/// One thing that is wrong (or suspicious) in the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `forms[2].fields[0].kind`; empty for the file as a whole.
    pub key_path: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// Everything that is wrong with a config, in the order of the file.
#[derive(Debug, thiserror::Error)]
#[error("{} problems in {}", .problems.len(), .file.display())]
pub struct ConfigProblems {
    /// The file.
    pub file: PathBuf,
    /// The problems; at least one.
    pub problems: Vec<Problem>,
}

impl Config {
    /// Reads and checks a file, secrets included.
    pub fn load(file: &Path) -> Result<Self, ConfigProblems> {
        Self::parse(&read_text(file)?, file)
    }

    /// Reads `[store]` alone: who works on the files needs no secrets, and a backup that cron starts does not have them.
    pub fn load_store(file: &Path) -> Result<store::Settings, ConfigProblems> {
        let refused = |problems| ConfigProblems {
            file: file.to_owned(),
            problems,
        };
        let document =
            document::parse(&read_text(file)?).map_err(|problem| refused(vec![problem]))?;
        let reading = Reading::new(file.parent().unwrap_or(Path::new("")).to_owned());
        let (settings, _) =
            server::store(reading.root(&document).block("store"), reading.directory());
        let (problems, _) = reading.into_findings();
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(refused(problems))
        }
    }

    /// Checks a config given as text; `file` is for messages, and relative paths in it start from its directory.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigProblems> {
        let refused = |problems| ConfigProblems {
            file: file.to_owned(),
            problems,
        };
        let document = document::parse(text).map_err(|problem| refused(vec![problem]))?;
        let reading = Reading::new(file.parent().unwrap_or(Path::new("")).to_owned());
        let config = read(&document, &reading);
        let (mut problems, mut warnings) = reading.into_findings();
        document::sort(&mut problems, &document);
        document::sort(&mut warnings, &document);
        match config {
            Some(config) if problems.is_empty() => Ok(Self { warnings, ..config }),
            _ => Err(refused(problems)),
        }
    }
}

fn read_text(file: &Path) -> Result<String, ConfigProblems> {
    std::fs::read_to_string(file).map_err(|error| ConfigProblems {
        file: file.to_owned(),
        problems: vec![Problem {
            key_path: String::new(),
            message: format!("cannot be read ({error}); name another with --config, or make one with `leadgate init`"),
        }],
    })
}

/// Reads every block, so that every problem is noted; `None` when a block could not be made.
fn read(document: &toml::Table, reading: &Reading) -> Option<Config> {
    let mut root = reading.root(document);
    let server = server::server(root.block("server"));
    let (store, keep) = server::store(root.block("store"), reading.directory());
    let admin = admin::admin(root.block("admin"));
    let limits = server::limits(root.block("limits"));
    let destinations = destinations::read(&mut root);
    let alerts = alerts::read(root.block("alerts"), &destinations);
    let forms = forms::read(&mut root, &destinations);
    root.finish();
    let destinations = destinations.into_settings(&alerts.destinations);
    Some(Config {
        server: server?,
        store,
        keep,
        admin,
        limits,
        alerts,
        destinations,
        forms,
        warnings: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
