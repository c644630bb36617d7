//! The blocks `[server]`, `[limits]` and `[admin]` of the config, checked.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use url::Url;

use crate::secret::Secret;

/// The block `[server]`.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address people reach us under; used in links.
    pub public_url: Url,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The longest body of a submission, in bytes.
    pub max_body: usize,
    /// The zone of the admin pages, date filters and CSV.
    pub time_zone: TimeZone,
    /// How long a stop waits for what is under way.
    pub shutdown_grace: Duration,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Open connections at the most, all together.
    pub max_connections: usize,
}

/// The block `[limits]`: inbound rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of one visitor's address (IPv6: of its /64).
    pub per_address: Rate,
    /// Of one form.
    pub per_form: Rate,
    /// Of everything together.
    pub whole: Rate,
}

/// So many in a span: `120/m`. All of them may come at once; then they are given back evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    /// In which span: a second, a minute or an hour.
    pub per: Duration,
}

/// The block `[admin]`.
#[derive(Clone, Debug, Default)]
pub struct Admin {
    /// The token of the admin API; without one only sessions are let in.
    pub token: Option<Secret>,
    /// Who may log in.
    pub users: Vec<User>,
}

/// One `[[admin.users]]`.
#[derive(Clone, Debug)]
pub struct User {
    /// The login name.
    pub name: String,
    /// Argon2id, in the PHC string form that `leadgate hash-password` prints.
    pub password_hash: Secret,
}
