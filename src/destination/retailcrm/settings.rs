//! The part of a `[[destinations]]` block that only RetailCRM has.

use std::time::Duration;

use url::Url;

use crate::secret::Secret;

/// Checked settings of one account.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://demo.retailcrm.ru`, without a path; https, or http to a loopback address.
    pub url: Url,
    /// The API key.
    pub api_key: Secret,
    /// The store's code, for keys that reach several stores.
    pub site: Option<String>,
    /// At most so many requests in any one second, all work for this key together.
    pub requests_per_second: u32,
    /// How long one request may take, connect to last byte.
    pub timeout: Duration,
    /// Whose the lead is when its phone and its e-mail belong to two customers.
    pub conflict: ContactConflict,
}

/// What is done when the phone of a lead belongs to one customer and its e-mail to another. Of the account, not of a form: whoever comes
/// through two forms must be met as the same person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContactConflict {
    /// The phone counts, as it is what managers call; an e-mail is more often shared, or typed with a slip.
    #[default]
    Phone,
    /// The e-mail counts.
    Email,
    /// Neither: a third customer is made.
    New,
    /// The order goes without a customer of ours. Where only a customer is made, as [`ContactConflict::New`].
    None,
}
