//! The destinations of the running config, for those who look at them and do not deliver.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::destination::Destination;
use crate::lead::DestinationId;

/// All destinations as the config has them now. Clones share it.
#[derive(Clone, Default)]
pub struct LiveDestinations(Arc<ArcSwap<Vec<Arc<dyn Destination>>>>);

impl LiveDestinations {
    /// The destination with this id.
    pub fn get(&self, id: &DestinationId) -> Option<Arc<dyn Destination>> {
        let all = self.0.load();
        let mut found = all.iter().filter(|destination| destination.id() == id);
        found.next().map(Arc::clone)
    }

    /// Replaces them all, at the start and after a reload.
    pub fn replace(&self, destinations: Vec<Arc<dyn Destination>>) {
        self.0.store(Arc::new(destinations));
    }
}
