//! Who still reads an index. Its files are opened when they are asked for, so one that is replaced may be deleted only when nobody reads it any more.

use std::sync::Arc;

use tokio::sync::watch;

/// Held by whatever opens files of the index later.
#[derive(Clone, Debug)]
pub(super) struct User(
    #[expect(dead_code, reason = "it is there as long as its owner")] watch::Receiver<()>,
);

/// All users of one index. Whoever has this is none.
#[derive(Clone, Debug)]
pub(in crate::store) struct Users(Arc<watch::Sender<()>>);

impl Users {
    /// Of an index that is being opened; so far there is this one.
    pub(super) fn first() -> (Self, User) {
        let (users, user) = watch::channel(());
        (Self(Arc::new(users)), User(user))
    }

    /// Waits until there is none.
    pub(in crate::store) async fn gone(&self) {
        self.0.closed().await;
    }
}
