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
}
