//! Argon2id, one password at a time: a flood of log-ins can take neither the CPU nor the memory from the leads.

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::secret::Secret;

/// Verified for a name nobody has, so that the time of the answer does not tell which names exist. The parameters are those that
/// `leadgate hash-password` writes; the output is arbitrary.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0IQ$kpFdWJqnoZRTnM0mZjNyvqCqJzPzqQFnP3S0vmgK3oM";

/// A longer password is not looked at.
const LONGEST: usize = 1_024;

/// The one place where passwords are compared.
#[derive(Debug)]
pub(super) struct Passwords(Semaphore);

impl Default for Passwords {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

/// The right to compare one password; the next one waits until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    _permit: Option<SemaphorePermit<'a>>,
}

impl Passwords {
    /// Waits for a turn. What was noted of earlier passwords is complete then, so that many sent at once cannot all count as the first.
    pub(super) async fn turn(&self) -> Turn<'_> {
        // The semaphore is never closed; if it were, the turn would only not be exclusive.
        Turn {
            _permit: self.0.acquire().await.ok(),
        }
    }

    /// Whether the password belongs to the hash. `None` costs as much time and is never verified.
    pub(super) async fn verify(
        &self,
        _turn: &Turn<'_>,
        password: String,
        hash: Option<Secret>,
    ) -> bool {
        if password.len() > LONGEST {
            return false;
        }
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| Secret::new(NOBODYS_HASH));
        let verified = tokio::task::spawn_blocking(move || matches(&password, hash.reveal()));
        verified.await.unwrap_or(false) && known
    }
}

fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nobody_can_be_computed_and_costs_what_ours_cost() {
        let nobody = PasswordHash::new(NOBODYS_HASH).expect("a PHC string");
        let params = argon2::Params::try_from(&nobody).expect("parameters");
        let ours = argon2::Params::default();
        assert_eq!(
            (params.m_cost(), params.t_cost(), params.p_cost()),
            (ours.m_cost(), ours.t_cost(), ours.p_cost())
        );
        let error = Argon2::default()
            .verify_password(b"anything", &nobody)
            .expect_err("nobody's");
        assert_eq!(error, argon2::password_hash::Error::PasswordInvalid);
    }
}
