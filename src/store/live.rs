//! Which index is in use: a renewal puts a new one in its place while everybody reads and writes.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::store::damage::Damage;
use crate::store::index::Index;
use crate::store::mark::MarkFile;

/// The index in use. Clones share it.
///
/// Whoever must not miss what has just been applied takes it anew for every look ([`LiveIndex::now`]); whoever reads a list may keep the one
/// he began with, which stays as it was at the moment of the change.
#[derive(Clone)]
pub(super) struct LiveIndex {
    index: Arc<ArcSwap<Index>>,
    damage: Damage,
}

impl LiveIndex {
    /// This one, for now.
    pub(super) fn new(index: Index, mark: MarkFile) -> Self {
        Self {
            index: Arc::new(ArcSwap::from_pointee(index)),
            damage: Damage::none(mark),
        }
    }

    /// What is known of it.
    pub(super) fn damage(&self) -> &Damage {
        &self.damage
    }

    /// The one in use.
    pub(super) fn now(&self) -> Arc<Index> {
        self.index.load_full()
    }

    /// Another one from now on.
    pub(super) fn replace(&self, index: Index) {
        self.index.store(Arc::new(index));
        self.damage.replaced();
    }
}
