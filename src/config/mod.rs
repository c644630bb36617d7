//! Starting values: reads the config file, gathers every module's settings, and reports all problems at once with their key paths.

use std::path::{Path, PathBuf};

use crate::destination::registry;
use crate::http::settings::{Admin, Limits, Server};
use crate::lead::Forms;
use crate::store;

/// A checked config. Each part of the program is given its own part of it.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[store]`.
    pub store: store::Settings,
    /// `[admin]`.
    pub admin: Admin,
    /// `[limits]`.
    pub limits: Limits,
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
        let text = std::fs::read_to_string(file).map_err(|error| ConfigProblems {
            file: file.to_owned(),
            problems: vec![Problem { key_path: String::new(), message: error.to_string() }],
        })?;
        Self::parse(&text, file)
    }

    /// Checks a config given as text; `file` is for messages, and relative paths in it start from its directory.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigProblems> {
        let _ = text;
        Err(ConfigProblems { file: file.to_owned(), problems: Vec::new() })
    }
}
