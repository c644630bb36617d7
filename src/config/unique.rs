//! Things of which there may be only one of each: ids, names, keys.

use std::collections::HashMap;

use crate::config::reader::Block;

/// What has been taken, and by whom. Without `Debug`: the things may be secret.
pub(crate) struct Unique {
    what: &'static str,
    taken: HashMap<String, String>,
}

impl Unique {
    /// Nothing is taken yet; `what` names the thing in messages.
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            taken: HashMap::new(),
        }
    }

    /// Takes the value for a key of this block; a problem is noted when another has it. The value itself is not shown: it may be secret.
    pub(crate) fn claim(&mut self, block: &Block<'_>, key: &str, value: &str) {
        let path = block.path_of(key);
        if let Some(first) = self.taken.get(value) {
            block.problem(
                key,
                format!(
                    "the same {} stands at `{first}`; each must have its own",
                    self.what
                ),
            );
        } else {
            self.taken.insert(value.to_owned(), path);
        }
    }
}
