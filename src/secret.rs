//! Secrets that never print: API keys, tokens, password hashes.
//!
//! A leaf of its own, because the settings of every module may hold one. In the config a secret is `{ env = "NAME" }`,
//! `{ file = "PATH" }` or a plain string; it is read when the config is read, so a reload (SIGHUP) sees a mended file.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use subtle::ConstantTimeEq;

/// A value that is shown nowhere: `Debug` prints `***` and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value that is secret from now on.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Compares without telling by its duration how much of the two is equal.
    pub fn matches(&self, candidate: &str) -> bool {
        self.0.as_bytes().ct_eq(candidate.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a secret is written down, as the config names it.
#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "expected { env = \"NAME\" }, { file = \"PATH\" } or a plain string"
)]
pub enum SecretSource {
    /// An environment variable.
    Env(EnvSource),
    /// A file; line ends at its end are cut off, as editors and `echo` leave one.
    File(FileSource),
    /// The value itself.
    Plain(String),
}

/// The shape `{ env = "NAME" }`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvSource {
    env: String,
}

/// The shape `{ file = "PATH" }`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSource {
    file: PathBuf,
}

/// Why a secret could not be read. The texts name the variable or the file and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or not text.
    #[error(
        "the environment variable {0} is not set; set it before starting leadgate, or use {{ file = \"...\" }}"
    )]
    EnvMissing(String),
    /// The file cannot be read.
    #[error(
        "the file {path} cannot be read ({source}); create it readable for leadgate, with the secret alone in it"
    )]
    FileUnreadable {
        /// The file that the config names.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// There is nothing in it.
    #[error("the secret is empty; put the value there")]
    Empty,
}

impl SecretSource {
    /// The same source with a relative file path starting from this directory, which is the config file's.
    pub fn relative_to(self, directory: &Path) -> Self {
        match self {
            Self::File(FileSource { file }) => Self::File(FileSource {
                file: directory.join(file),
            }),
            other @ (Self::Env(_) | Self::Plain(_)) => other,
        }
    }

    /// Reads the secret now.
    pub fn read(&self) -> Result<Secret, SecretError> {
        let value = match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that reads secrets from the environment"
            )]
            Self::Env(EnvSource { env }) => {
                std::env::var(env).map_err(|_absent| SecretError::EnvMissing(env.clone()))?
            }
            Self::File(FileSource { file }) => {
                std::fs::read_to_string(file).map_err(|source| SecretError::FileUnreadable {
                    path: file.clone(),
                    source,
                })?
            }
            Self::Plain(value) => value.clone(),
        };
        let value = value.trim_end_matches(['\r', '\n']);
        if value.is_empty() {
            Err(SecretError::Empty)
        } else {
            Ok(Secret::new(value))
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(EnvSource { env }) => write!(f, "env {env}"),
            Self::File(FileSource { file }) => write!(f, "file {}", file.display()),
            Self::Plain(_) => f.write_str("***"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints() {
        assert_eq!(format!("{:?}", Secret::new("s3cret")), "***");
        assert_eq!(format!("{:?}", SecretSource::Plain("s3cret".into())), "***");
    }

    #[test]
    fn the_line_end_of_a_secret_file_is_not_part_of_it() {
        let file = tempfile::NamedTempFile::new().expect("temporary file");
        std::fs::write(file.path(), "key-1\r\n").expect("written");
        let source = SecretSource::File(FileSource {
            file: file.path().to_path_buf(),
        });
        assert_eq!(source.read().expect("readable").reveal(), "key-1");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let source = SecretSource::Env(EnvSource {
            env: "LEADGATE_NO_SUCH_VARIABLE".into(),
        });
        assert!(
            source
                .read()
                .expect_err("unset")
                .to_string()
                .contains("LEADGATE_NO_SUCH_VARIABLE")
        );
    }
}
