//! What visitors were answered, in a file beside the gate's data: what happens to the disk under the gate does not happen to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Which lead ids each `_id` was ever answered.
pub(crate) type Answered = BTreeMap<String, BTreeSet<String>>;

/// The file; a line for every answer, written when it comes.
#[derive(Clone)]
pub(crate) struct Acks {
    path: PathBuf,
    file: Arc<File>,
}

impl Acks {
    /// An empty file of this name.
    pub(crate) fn new(path: PathBuf) -> Self {
        let file = File::options().create(true).append(true).open(&path);
        let file = Arc::new(file.expect("a file for the answers"));
        Self { path, file }
    }

    /// The submission with this `_id` was answered with this lead.
    pub(crate) fn note(&self, id: &str, lead: &str) {
        let line = format!("{id} {lead}\n");
        (&*self.file).write_all(line.as_bytes()).expect("written");
    }

    /// Everything that was answered so far.
    pub(crate) fn read(&self) -> Answered {
        let mut answered = Answered::new();
        let text = fs::read_to_string(&self.path).expect("the answers");
        for (id, lead) in text.lines().filter_map(|line| line.split_once(' ')) {
            answered
                .entry(id.to_owned())
                .or_default()
                .insert(lead.to_owned());
        }
        answered
    }
}
