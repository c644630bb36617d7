//! Who is logged in. In memory only: a restart logs everybody out, and a stolen data directory holds no session.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::http::admin::auth::{SessionToken, sha256};

/// How long a session lives after its last request.
const IDLE: SignedDuration = SignedDuration::from_hours(12);
/// Sessions at the most; the one that would end first makes room.
const MOST: usize = 1_000;

/// Open sessions by the SHA-256 of their token, so that a memory dump or a log shows none.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

#[derive(Clone, Debug)]
struct Session {
    user: String,
    /// SHA-256 of the password hash the user logged in against: another password ends the session.
    mark: [u8; 32],
    ends_at: Timestamp,
}

impl Sessions {
    /// Opens a session with a fresh token of 256 random bits.
    pub(super) fn open(&self, user: &str, mark: [u8; 32], now: Timestamp) -> SessionToken {
        let random: [u8; 32] = rand::random();
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let session = Session {
            user: user.to_owned(),
            mark,
            ends_at: now + IDLE,
        };
        let mut open = self.lock();
        if open.len() >= MOST {
            make_room(&mut open, now);
        }
        open.insert(sha256(&token), session);
        SessionToken(token)
    }

    /// The user of a live session and the mark of the password; each find makes it live on.
    pub(super) fn find(&self, token: &str, now: Timestamp) -> Option<(String, [u8; 32])> {
        let mut open = self.lock();
        let key = sha256(token);
        let session = open.get_mut(&key)?;
        if session.ends_at <= now {
            open.remove(&key);
            return None;
        }
        session.ends_at = now + IDLE;
        Some((session.user.clone(), session.mark))
    }

    /// Ends a session.
    pub(super) fn close(&self, token: &str) {
        self.lock().remove(&sha256(token));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(open: &mut HashMap<[u8; 32], Session>, now: Timestamp) {
    open.retain(|_, session| session.ends_at > now);
    if open.len() < MOST {
        return;
    }
    let first_to_end = open
        .iter()
        .min_by_key(|(_, session)| session.ends_at)
        .map(|(key, _)| *key);
    if let Some(key) = first_to_end {
        open.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_session_lives_on_while_it_is_used_and_ends_after_twelve_idle_hours() {
        let sessions = Sessions::default();
        let SessionToken(token) = sessions.open("anna", [0; 32], NOW);
        let later = NOW + SignedDuration::from_hours(11);
        assert!(sessions.find(&token, later).is_some());
        assert!(
            sessions
                .find(&token, later + SignedDuration::from_hours(11))
                .is_some()
        );
        assert!(
            sessions
                .find(&token, later + SignedDuration::from_hours(24))
                .is_none()
        );
    }

    #[test]
    fn neither_the_token_nor_its_length_is_kept() {
        let sessions = Sessions::default();
        let SessionToken(token) = sessions.open("anna", [0; 32], NOW);
        assert_eq!(token.len(), 64);
        assert!(!format!("{sessions:?}").contains(&token));
        sessions.close(&token);
        assert!(sessions.find(&token, NOW).is_none());
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let sessions = Sessions::default();
        for _ in 0..MOST + 10 {
            sessions.open("anna", [0; 32], NOW);
        }
        assert_eq!(sessions.lock().len(), MOST);
    }
}
