//! The id of the request that is being answered. It stands on the answer, and with every line of the log that is about the request.
//!
//! The id is ours; one that the client sends is not used, because nothing would keep it unique. It reaches the log as a field that each
//! line names (`{ field::REQUEST_ID } = request_id::current()`) and not as a span around the request: a span cost every lead a thirtieth
//! of all its time (`benches/accept`), and nearly all of them write one line.

use std::fmt;

use tracing::field::{DisplayValue, display};
use uuid::Uuid;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// 128 random bits; shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A new one.
    pub fn mint() -> Self {
        Self(Uuid::from_u128(rand::random()))
    }

    /// The future; all that it logs is about this request.
    pub async fn around<F: Future>(self, answering: F) -> F::Output {
        CURRENT.scope(self, answering).await
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// The id for a line of the log; `None`, which leaves the field out, where no request is being answered.
pub fn current() -> Option<DisplayValue<RequestId>> {
    CURRENT.try_with(|id| display(*id)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_of_two_requests_that_take_turns_on_a_thread_finds_its_own() {
        let told = || current().map(|id| id.to_string());
        let answering = |id: RequestId| {
            id.around(async move {
                tokio::task::yield_now().await;
                (told(), id.to_string())
            })
        };
        let (one, two) = tokio::join!(answering(RequestId::mint()), answering(RequestId::mint()));
        assert_ne!(one, two);
        for (told, expected) in [one, two] {
            assert_eq!(
                (told.as_deref(), expected.len()),
                (Some(expected.as_str()), 32)
            );
        }
        assert_eq!(told(), None);
    }
}
