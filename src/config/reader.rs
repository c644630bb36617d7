//! Walks a document and gathers everything that is wrong with it, where serde would stop at the first mistake.
//!
//! A [`Block`] is one table under its key path. Every key that is asked for is remembered, so [`Block::finish`] can report the keys
//! nobody knows. Documents of another syntax can be read too, once they are turned into a `toml::Table`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::config::Problem;
use crate::config::mistake::{Mistake, did_you_mean};
use crate::secret::{Secret, SecretSource};

/// What one reading of a document gathers.
#[derive(Default)]
pub(crate) struct Reading {
    directory: PathBuf,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
    known: RefCell<BTreeSet<String>>,
}

impl Reading {
    /// A reading whose relative paths start from this directory.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            ..Self::default()
        }
    }

    /// The document as a block without a path.
    pub(crate) fn root<'a>(&'a self, table: &'a Table) -> Block<'a> {
        Block {
            reading: self,
            table: Some(table),
            path: String::new(),
            asked: BTreeSet::new(),
        }
    }

    /// Where relative paths start from.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Notes a problem.
    pub(crate) fn problem(&self, key_path: String, message: impl ToString) {
        self.problems.borrow_mut().push(Problem {
            key_path,
            message: message.to_string(),
        });
    }

    /// Notes something legal but suspicious.
    pub(crate) fn warning(&self, key_path: String, message: impl ToString) {
        self.warnings.borrow_mut().push(Problem {
            key_path,
            message: message.to_string(),
        });
    }

    /// The problems and the warnings, in the order of their discovery.
    pub(crate) fn into_findings(self) -> (Vec<Problem>, Vec<Problem>) {
        (self.problems.into_inner(), self.warnings.into_inner())
    }

    /// Every key that was asked for, its indexes left out: `forms[].fields[].kind`.
    #[cfg(test)]
    pub(crate) fn known(&self) -> BTreeSet<String> {
        self.known.borrow().clone()
    }
}

/// One table of the document, which may be missing: then every key takes its default. Without `Debug`: it holds plain secrets.
#[must_use = "unknown keys are found by finish()"]
pub(crate) struct Block<'a> {
    reading: &'a Reading,
    table: Option<&'a Table>,
    path: String,
    asked: BTreeSet<&'static str>,
}

impl<'a> Block<'a> {
    /// Where notes about this block go.
    pub(crate) fn reading(&self) -> &'a Reading {
        self.reading
    }

    /// The key path of a key of this block.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The key path of the block itself.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Notes a problem with one key of this block.
    pub(crate) fn problem(&self, key: &str, message: impl ToString) {
        self.reading.problem(self.path_of(key), message);
    }

    /// Notes something suspicious about one key of this block.
    pub(crate) fn warning(&self, key: &str, message: impl ToString) {
        self.reading.warning(self.path_of(key), message);
    }

    /// The raw value of a key, which is known from now on.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.asked.insert(key);
        self.reading
            .known
            .borrow_mut()
            .insert(without_indexes(&self.path_of(key)));
        self.table.and_then(|table| table.get(key))
    }

    /// A value that may be missing; `None` also when it is wrong, which is then noted.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, Mistake>,
    ) -> Option<T> {
        let value = self.value(key)?;
        read(value)
            .map_err(|mistake| self.problem(key, mistake))
            .ok()
    }

    /// A value with a default, which also stands in for a wrong one so that the reading can go on.
    pub(crate) fn value_or<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&Value) -> Result<T, Mistake>,
    ) -> T {
        self.optional(key, read).unwrap_or(default)
    }

    /// A value that must be there.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, Mistake>,
    ) -> Option<T> {
        if self.value(key).is_none() {
            self.problem(key, "is missing; it is required");
        }
        self.optional(key, read)
    }

    /// A list of values, each noted under its own index when it is wrong; `None` when the key is missing.
    pub(crate) fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, Mistake>,
    ) -> Option<Vec<T>> {
        let items = self.optional(key, |value| {
            value
                .as_array()
                .cloned()
                .ok_or_else(|| Mistake::expected("a list in brackets", value))
        })?;
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match read(item) {
                Ok(value) => values.push(value),
                Err(mistake) => self.problem(&format!("{key}[{index}]"), mistake),
            }
        }
        Some(values)
    }

    /// A secret, read now from where its source says; a relative file starts from the document's directory.
    pub(crate) fn secret(&mut self, key: &'static str) -> Option<Secret> {
        let directory = &self.reading.directory;
        self.optional(key, |value| {
            let source: SecretSource =
                value
                    .clone()
                    .try_into()
                    .map_err(|_untold: toml::de::Error| {
                        Mistake::expected_secret(
                            "{ env = \"NAME\" }, { file = \"PATH\" } or a plain string",
                            value,
                        )
                    })?;
            Ok(source.relative_to(directory).read()?)
        })
    }

    /// The table under a key; an empty one when it is missing or no table.
    pub(crate) fn block(&mut self, key: &'static str) -> Block<'a> {
        let table = self.value(key).and_then(|value| {
            let table = value.as_table();
            if table.is_none() {
                self.problem(key, Mistake::expected("a table", value));
            }
            table
        });
        Block {
            reading: self.reading,
            table,
            path: self.path_of(key),
            asked: BTreeSet::new(),
        }
    }

    /// The tables of a list of tables, `[[key]]`; none when it is missing.
    pub(crate) fn blocks(&mut self, key: &'static str) -> Vec<Block<'a>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let tables: Option<Vec<_>> = value
            .as_array()
            .and_then(|items| items.iter().map(Value::as_table).collect());
        let Some(tables) = tables else {
            self.problem(
                key,
                Mistake::expected(
                    "a list of tables, each under a head in double brackets",
                    value,
                ),
            );
            return Vec::new();
        };
        let block = |(index, table)| Block {
            reading: self.reading,
            table: Some(table),
            path: format!("{}[{index}]", self.path_of(key)),
            asked: BTreeSet::new(),
        };
        tables.into_iter().enumerate().map(block).collect()
    }

    /// Whether the block stands in the document at all.
    pub(crate) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// Notes every key that nobody has asked for.
    pub(crate) fn finish(&self) {
        for key in self.table.into_iter().flat_map(Table::keys) {
            if !self.asked.contains(key.as_str()) {
                let hint = did_you_mean(key, self.asked.iter().copied());
                let remedy = if hint.is_empty() {
                    "; remove it".to_owned()
                } else {
                    hint
                };
                self.problem(key, format!("unknown key{remedy}"));
            }
        }
    }
}

/// `forms[2].fields[0].kind` as `forms[].fields[].kind`.
fn without_indexes(path: &str) -> String {
    let mut depth = 0_u32;
    path.chars()
        .filter(|c| {
            match c {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 || !c.is_ascii_digit()
        })
        .collect()
}
