//! Who is asking: the bearer token of a program, or the session of a person.
//!
//! A handler that takes an [`Operator`] is protected; there is no other way to get one. [`Access`] holds what that needs: the users
//! and the token (swapped on a reload), the sessions, and the guard that makes guessing passwords slow.

mod delays;
mod origin;
mod passwords;
mod sessions;

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock::Clock;
use crate::http::admin::cookies;
use crate::http::admin::reason::Reason;
use crate::http::settings::{Admin, Server};

use delays::Delays;
use passwords::Passwords;
use sessions::Sessions;

pub(super) use origin::comes_from_our_pages;

/// The name of the session cookie. The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
pub(super) const COOKIE: &str = "__Host-leadgate";

/// The name under which actions with the bearer token are logged.
const TOKEN_HOLDER: &str = "api token";

/// Who may come in, and who is in.
#[derive(Debug)]
pub struct Access {
    admin: ArcSwap<Admin>,
    sessions: Sessions,
    delays: Delays,
    passwords: Passwords,
    clock: Clock,
}

/// What became of a log-in.
#[derive(Debug)]
pub(super) enum LogIn {
    /// The token for the cookie.
    In(SessionToken),
    /// No such name with that password; which of the two is wrong is not told.
    Refused,
    /// Too many wrong ones before; not looked at until this has passed.
    TooSoon(Duration),
}

/// A session's token, hexadecimal; it leaves us once, in the cookie.
#[derive(Clone)]
pub(super) struct SessionToken(pub(super) String);

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(***)")
    }
}

impl Access {
    /// Lets in the users and the token of this block.
    pub fn new(admin: Admin, clock: Clock) -> Self {
        Self {
            admin: ArcSwap::from_pointee(admin),
            sessions: Sessions::default(),
            delays: Delays::default(),
            passwords: Passwords::default(),
            clock,
        }
    }

    /// Takes the block of a reloaded config. Sessions of users who are gone or have another password end.
    pub fn replace(&self, admin: Admin) {
        self.admin.store(admin.into());
    }

    /// Checks a name and a password, one at a time for the whole process, and opens a session.
    pub(super) async fn log_in(
        &self,
        address: Option<IpAddr>,
        name: &str,
        password: String,
    ) -> LogIn {
        let turn = self.passwords.turn().await;
        if let Err(wait) = self.delays.check(address, name, self.clock.now()) {
            return LogIn::TooSoon(wait);
        }
        let admin = self.admin.load();
        let user = admin.users.iter().find(|user| user.name == name);
        let hash = user.map(|user| user.password_hash.clone());
        let verified = self.passwords.verify(&turn, password, hash).await;
        match user {
            Some(user) if verified => {
                self.delays.forget(address, name);
                let mark = sha256(user.password_hash.reveal());
                LogIn::In(self.sessions.open(&user.name, mark, self.clock.now()))
            }
            _ => {
                self.delays.note_failure(address, name, self.clock.now());
                LogIn::Refused
            }
        }
    }

    /// Ends the session of this request, if it has one.
    pub(super) fn log_out(&self, headers: &HeaderMap) {
        if let Some(token) = cookies::value(headers, COOKIE) {
            self.sessions.close(token);
        }
    }

    fn operator_by_token(&self, candidate: &str) -> Option<Operator> {
        let admin = self.admin.load();
        let token = admin.token.as_ref()?;
        let same: bool = sha256(token.reveal()).ct_eq(&sha256(candidate)).into();
        same.then(|| Operator {
            name: TOKEN_HOLDER.to_owned(),
        })
    }

    fn operator_by_session(&self, token: &str) -> Option<Operator> {
        let (name, mark) = self.sessions.find(token, self.clock.now())?;
        let admin = self.admin.load();
        admin
            .users
            .iter()
            .any(|user| user.name == name && sha256(user.password_hash.reveal()) == mark)
            .then_some(Operator { name })
    }
}

/// Somebody who may see and act on leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    name: String,
}

impl Operator {
    /// The login name, for the log and the page's header.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn of(request: &HttpRequest) -> Result<Self, Reason> {
        // Both are there in every assembled app; without them nobody is let in.
        let (Some(access), Some(server)) = (
            request.app_data::<web::Data<Access>>(),
            request.app_data::<web::Data<Server>>(),
        ) else {
            return Err(Reason::Unauthorized);
        };
        let headers = request.headers();
        if headers.contains_key(AUTHORIZATION) {
            return bearer(headers)
                .and_then(|token| access.operator_by_token(token))
                .ok_or(Reason::Unauthorized);
        }
        let operator = cookies::value(headers, COOKIE)
            .and_then(|token| access.operator_by_session(token))
            .ok_or(Reason::Unauthorized)?;
        // A cookie travels with forged requests too, a bearer token does not.
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if reads || comes_from_our_pages(headers, &server.public_url) {
            Ok(operator)
        } else {
            Err(Reason::ForeignOrigin)
        }
    }
}

impl FromRequest for Operator {
    type Error = Reason;
    type Future = Ready<Result<Self, Reason>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
