//! The keys of a `[[destinations]]` block that only `kind = "retailcrm"` has.

use crate::config::example;
use crate::config::reader::Block;
use crate::config::values;
use crate::destination::registry::{DEFAULT_TIMEOUT, KindSettings};
use crate::destination::retailcrm::{ContactConflict, Settings};

/// One below what RetailCRM allows a key, so that a request of somebody else's module now and then does no harm.
const REQUESTS_PER_SECOND: u32 = 9;

/// What RetailCRM allows a key (facts/retailcrm.md).
const ALLOWED_PER_SECOND: u32 = 10;

/// The words of `customer_conflict`.
const CONFLICT: &[(&str, ContactConflict)] = &[
    ("phone", ContactConflict::Phone),
    ("email", ContactConflict::Email),
    ("new", ContactConflict::New),
    ("none", ContactConflict::None),
];

/// Reads them; `None` when a problem was noted.
pub(crate) fn read(block: &mut Block<'_>) -> Option<KindSettings> {
    let url = block.required("url", values::crm_address);
    if block.value("api_key").is_none() {
        block.problem(
            "api_key",
            "is missing; write { env = \"NAME\" }, { file = \"PATH\" } or the key itself",
        );
    }
    let api_key = block.secret("api_key");
    if api_key
        .as_ref()
        .is_some_and(|key| key.reveal() == example::PLACEHOLDER)
    {
        block.warning("api_key", "is still the placeholder; RetailCRM shows the key under Settings > Integration > API keys");
    }
    let pace = block.value_or(
        "requests_per_second",
        REQUESTS_PER_SECOND,
        values::whole(1..=1000),
    );
    if pace > ALLOWED_PER_SECOND {
        let message = format!(
            "RetailCRM answers 503 above {ALLOWED_PER_SECOND}; more is for the simulator only"
        );
        block.warning("requests_per_second", message);
    }
    let site = block.optional("site", values::text);
    let timeout = block.value_or("timeout", DEFAULT_TIMEOUT, values::time_limit);
    let conflict = block.value_or(
        "customer_conflict",
        ContactConflict::default(),
        values::word(CONFLICT),
    );
    Some(KindSettings::RetailCrm(Settings {
        url: url?,
        api_key: api_key?,
        site,
        requests_per_second: pace,
        timeout,
        conflict,
    }))
}
