//! The blocks `[[destinations]]`: what every kind has; the rest of a block is read by its kind's own file.

mod retailcrm;

use crate::config::mistake::{Mistake, did_you_mean};
use crate::config::reader::Block;
use crate::config::unique::Unique;
use crate::config::values;
use crate::delivery::{RetrySchedule, ScheduleError};
use crate::destination::registry::{self, KindSettings};
use crate::lead::DestinationId;

/// The destinations of a config as the forms see them: also those with mistakes, so that one mistake is not reported twice.
#[derive(Debug)]
pub(crate) struct Destinations(Vec<Declared>);

#[derive(Debug)]
struct Declared {
    id: Option<DestinationId>,
    settings: Option<registry::Settings>,
}

/// Reads the kind's own keys of a block.
type ReadKind = fn(&mut Block<'_>) -> Option<KindSettings>;

/// The words of `kind`.
const KINDS: &[(&str, ReadKind)] = &[("retailcrm", retailcrm::read)];

/// Reads every `[[destinations]]` of the document.
pub(crate) fn read(root: &mut Block<'_>) -> Destinations {
    let mut ids = Unique::new("id");
    Destinations(
        root.blocks("destinations")
            .into_iter()
            .map(|block| read_one(block, &mut ids))
            .collect(),
    )
}

fn read_one(mut block: Block<'_>, ids: &mut Unique) -> Declared {
    let id = block.required("id", |value| {
        values::parsed(
            value,
            "an id of letters, digits, - and _, at most 64",
            DestinationId::parse,
        )
    });
    if let Some(id) = &id {
        ids.claim(&block, "id", id.as_str());
    }
    let retry = retry(&mut block);
    let in_flight = u32::try_from(registry::DEFAULT_IN_FLIGHT).unwrap_or(u32::MAX);
    let in_flight = block.value_or("in_flight", in_flight, values::whole(1..=64)) as usize;
    let status_poll = block.value_or("status_poll", None, values::poll);
    // Without a kind nobody knows which other keys the block may have, so they are not complained of.
    let Some(read_kind) = block.required("kind", values::word(KINDS)) else {
        return Declared { id, settings: None };
    };
    let kind = read_kind(&mut block);
    block.finish();
    let settings = id.clone().zip(kind).zip(retry);
    let settings = settings.map(|((id, kind), retry)| registry::Settings {
        id,
        retry,
        in_flight,
        status_poll,
        shows_alerts: false,
        kind,
    });
    Declared { id, settings }
}

/// `retry` and `give_up_after`, either of which may be missing.
fn retry(block: &mut Block<'_>) -> Option<RetrySchedule> {
    let default = RetrySchedule::default();
    let steps = block.list("retry", values::duration);
    let give_up_after = block.value_or("give_up_after", default.give_up_after(), values::duration);
    match RetrySchedule::new(
        steps.unwrap_or_else(|| default.steps().to_vec()),
        give_up_after,
    ) {
        Ok(schedule) => Some(schedule),
        Err(error) => {
            let key = match error {
                ScheduleError::Empty | ScheduleError::TooShort => "retry",
                ScheduleError::GivesUpAtOnce => "give_up_after",
            };
            block.problem(key, Mistake::from(error));
            None
        }
    }
}

/// Which destination a form means that names none.
pub(crate) enum Single<'a> {
    /// The only one.
    Id(&'a DestinationId),
    /// There is none, or there are several.
    None,
    /// There is one, and its id is wrong, which has been noted.
    Unreadable,
}

impl Destinations {
    /// The destination of forms that name none.
    pub(crate) fn single(&self) -> Single<'_> {
        match self.0.as_slice() {
            [Declared { id: Some(id), .. }] => Single::Id(id),
            [Declared { id: None, .. }] => Single::Unreadable,
            _ => Single::None,
        }
    }

    /// How many there are, with and without mistakes.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Why a form cannot deliver to this id; `None` when it can.
    pub(crate) fn objection(&self, id: &DestinationId) -> Option<String> {
        let mut ids = self.0.iter().map(|declared| declared.id.as_ref());
        // A destination whose id is wrong may be the one that is meant.
        if ids.any(|known| known.is_none_or(|known| known == id)) {
            return None;
        }
        let known = self
            .0
            .iter()
            .filter_map(|declared| declared.id.as_ref())
            .map(DestinationId::as_str);
        Some(format!(
            "there is no destination \"{id}\"{}",
            did_you_mean(id.as_str(), known)
        ))
    }

    /// The kind of a destination that has no mistakes.
    pub(crate) fn kind(&self, id: &DestinationId) -> Option<&KindSettings> {
        let settings = self
            .0
            .iter()
            .filter_map(|declared| declared.settings.as_ref());
        settings
            .filter(|settings| settings.id == *id)
            .map(|settings| &settings.kind)
            .next()
    }

    /// The settings, in the order of the file. `alerted` are those whose notifications show the alerts.
    pub(crate) fn into_settings(self, alerted: &[DestinationId]) -> Vec<registry::Settings> {
        let settings = self.0.into_iter().filter_map(|declared| declared.settings);
        settings
            .map(|settings| registry::Settings {
                shows_alerts: alerted.contains(&settings.id),
                ..settings
            })
            .collect()
    }
}
