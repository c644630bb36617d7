//! How a simulator is started, and why it may not.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::tz::TimeZone;
use thiserror::Error;

use crate::simulator::account::Account;
use crate::simulator::world::Setup;

/// The key of the demo account. It opens nothing but simulators, so it is no secret.
pub const DEMO_API_KEY: &str = "demo-key-of-the-simulated-crm-0001";

/// Real keys have at least so many characters.
const SHORTEST_KEY: usize = 32;

/// What a simulator is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The only key that is accepted, at least 32 characters.
    pub api_key: String,
    /// Calls above this number within any one second are answered 503; 0 means no limit. RetailCRM's own is 10.
    pub requests_per_second: u32,
    /// Every answer comes this much later than it is decided; the call itself is carried out at once.
    pub latency: Duration,
    /// Codes, users, fields and manners of the account.
    pub account: Account,
}

impl Default for Options {
    /// Loopback on any port, [`DEMO_API_KEY`], 10 requests per second, no latency, the demo account.
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            api_key: DEMO_API_KEY.to_owned(),
            requests_per_second: 10,
            latency: Duration::ZERO,
            account: Account::default(),
        }
    }
}

/// Why a simulator did not start or did not take a new setup.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address cannot be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The account's time zone is not in the zone database.
    #[error("unknown time zone {name:?}")]
    TimeZone {
        /// As given.
        name: String,
        /// What jiff said.
        #[source]
        source: jiff::Error,
    },
    /// The key is shorter than RetailCRM's keys can be.
    #[error("the API key has fewer than 32 characters")]
    ShortKey,
    /// An account needs a store, an order type, an order method and a status.
    #[error("the account has no {0}")]
    Empty(&'static str),
}

/// Checks everything of the options but the address.
pub(super) fn setup(
    api_key: String,
    requests_per_second: u32,
    latency: Duration,
    account: Account,
) -> Result<Setup, StartError> {
    if api_key.chars().count() < SHORTEST_KEY {
        return Err(StartError::ShortKey);
    }
    let needed = [
        ("site", account.sites.is_empty()),
        ("order type", account.order_types.is_empty()),
        ("order method", account.order_methods.is_empty()),
        ("status", account.statuses.is_empty()),
    ];
    if let Some((what, _)) = needed.iter().find(|(_, is_empty)| *is_empty) {
        return Err(StartError::Empty(what));
    }
    let zone = TimeZone::get(&account.time_zone).map_err(|source| StartError::TimeZone {
        name: account.time_zone.clone(),
        source,
    })?;
    Ok(Setup {
        api_key,
        requests_per_second,
        latency,
        account,
        zone,
    })
}
