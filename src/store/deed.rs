//! What operators did with a lead: kept with its status, so that a colleague sees why it went out again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// So many deeds are kept of a lead, the latest.
const MOST: usize = 20;

/// Something that an operator did with a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// The login name.
    pub by: String,
    /// What.
    pub what: DeedKind,
}

/// What an operator can do with a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeedKind {
    /// Put back to work.
    Resend,
    /// A held lead let go.
    Release,
    /// A held lead given up.
    Discard,
    /// The person taken out.
    Erase,
}

/// Who asks for something, and when. Without a name it is done and not noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The instant of the order.
    pub at: Timestamp,
    /// The login name.
    pub by: Option<String>,
}

impl From<Timestamp> for Signature {
    fn from(at: Timestamp) -> Self {
        Self { at, by: None }
    }
}

impl From<(&str, Timestamp)> for Signature {
    fn from((by, at): (&str, Timestamp)) -> Self {
        let by = Some(by.to_owned());
        Self { at, by }
    }
}

/// Notes a deed; the oldest of too many goes.
pub(super) fn note(deeds: &mut Vec<Deed>, what: DeedKind, signature: &Signature) {
    let Signature { at, by: Some(by) } = signature else {
        return;
    };
    if deeds.len() >= MOST {
        deeds.drain(..=deeds.len() - MOST);
    }
    deeds.push(Deed {
        at: *at,
        by: by.clone(),
        what,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_deeds_are_kept_and_unsigned_ones_are_not_noted() {
        let mut deeds = Vec::new();
        for second in 0..50 {
            let at = Timestamp::from_second(second).expect("an instant");
            note(&mut deeds, DeedKind::Resend, &("anna", at).into());
            note(&mut deeds, DeedKind::Resend, &at.into());
        }
        assert_eq!(deeds.len(), MOST);
        let ends = [&deeds[0], &deeds[MOST - 1]].map(|deed| deed.at.as_second());
        assert_eq!(ends, [30, 49]);
    }
}
