//! What the accepting side and the public edge count.
//!
//! The handles of a form are made when the forms are known, so that counting a lead is one look-up and one addition: no lock, no memory.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use crate::metrics::Counters;

/// Leads as they come in. Clones share it; the default counts for nobody.
#[derive(Clone, Debug, Default)]
pub struct Intake {
    of_forms: Arc<ArcSwap<HashMap<Arc<str>, OfForm>>>,
    accepted: Counters<1>,
    repeated: Counters<1>,
    held: Counters<1>,
}

/// The handles of one form.
#[derive(Clone, Debug)]
struct OfForm {
    accepted: Counter,
    repeated: Counter,
}

impl Intake {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let intake = Self::default();
        registry.register(
            "leads_accepted",
            "Leads that were written to the disk and answered, held ones too",
            intake.accepted.clone(),
        );
        registry.register(
            "leads_repeated",
            "Submissions that repeated an accepted one and were answered with its id",
            intake.repeated.clone(),
        );
        registry.register(
            "leads_held",
            "Accepted leads that were kept back as suspected spam",
            intake.held.clone(),
        );
        intake
    }

    /// These are the forms; each begins at nought, so that the first lead of a form is an increase. What was counted stays.
    pub fn forms_are<'a>(&self, ids: impl Iterator<Item = &'a str>) {
        let of_forms = ids.map(|id| {
            let id: Arc<str> = id.into();
            (Arc::clone(&id), self.of_form(id))
        });
        self.of_forms.store(Arc::new(of_forms.collect()));
    }

    fn of_form(&self, id: Arc<str>) -> OfForm {
        let labels = [("form", id)];
        OfForm {
            accepted: self.accepted.get_or_create_owned(&labels),
            repeated: self.repeated.get_or_create_owned(&labels),
        }
    }

    /// A lead of this form is on the disk.
    pub fn accepted(&self, form: &str) {
        match self.of_forms.load().get(form) {
            Some(of_form) => of_form.accepted.inc(),
            // Submitted before a reload took the form away, and kept after it.
            None => self.of_form(form.into()).accepted.inc(),
        };
    }

    /// A submission of this form repeated one that is on the disk.
    pub fn repeated(&self, form: &str) {
        match self.of_forms.load().get(form) {
            Some(of_form) => of_form.repeated.inc(),
            None => self.of_form(form.into()).repeated.inc(),
        };
    }

    /// An accepted lead was kept back; `reason` is a word of ours.
    pub fn held(&self, reason: &'static str) {
        let labels = [("reason", Arc::from(reason))];
        self.held.get_or_create_owned(&labels).inc();
    }
}

/// Refusals of the public edge. Clones share it; the default counts for nobody.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    refused: Counters<1>,
}

impl Edge {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let edge = Self::default();
        registry.register(
            "refused",
            "Requests of forms that were refused, by the code of the answer",
            edge.refused.clone(),
        );
        edge
    }

    /// A request was refused with this code, one of the closed list.
    pub fn refused(&self, code: &'static str) {
        let labels = [("code", Arc::from(code))];
        self.refused.get_or_create_owned(&labels).inc();
    }
}
