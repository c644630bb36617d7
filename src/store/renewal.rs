//! The renewal of the index while the store is open: what was taken out of leads is then in no file any more, and the disk has its space back.
//!
//! The index gives neither away by itself: words of an erased person stay in the sorted runs, what was stored of them before stays in the heap until
//! much around it is not wanted either, and sled's log does not shrink. So a new index is built beside the old one from a fresh snapshot, brought
//! up to what is applied, and put in its place by the applier between two groups; then the old directory is deleted. It stands under the other of
//! two names; a start makes the usual one of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use crate::store::applier::Applier;
use crate::store::committer::{Command, Reply};
use crate::store::index::IndexWriter;
use crate::store::room::{Room, journal_error};
use crate::store::snapshot::Snapshot;
use crate::store::start::{Directories, OpenError};
use crate::store::{Store, StoreError, bring_up, journal};

/// A new index on its way to the applier, and who waits for it to be in use.
pub(super) struct Renewal {
    writer: IndexWriter,
    journal: PathBuf,
    reply: Reply<()>,
}

impl Store {
    /// Builds the index anew from a snapshot just made and puts it in the place of the old one, whose files are then deleted. Readers and writers go
    /// on meanwhile. An error leaves the old one in use. One at a time: the caller holds `renewing`.
    pub(super) async fn renew_index(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        let users = self.0.index().users();
        let (old, writer) = self.work(move |room| build(room, &snapshot)).await?;
        let new = writer.index().path().to_owned();
        let journal = self.0.directories.journal.clone();
        let hand_over = |reply| {
            Command::Renew(Box::new(Renewal {
                writer,
                journal,
                reply,
            }))
        };
        let renewed = self.ask(hand_over).await;
        // One that is not in use is of no use, and takes the room that the next try needs.
        let useless = match &renewed {
            Ok(()) => {
                // They may open any of its files yet.
                users.gone().await;
                old
            }
            Err(_) => new,
        };
        let removed = self
            .work(move |room| remove(&useless, &room.directories.root).map_err(journal_error))
            .await;
        renewed.and(removed)
    }
}

/// The old index's directory, and a writer of a new index beside it that holds what the snapshot and the journal hold by now.
fn build(room: &Room, snapshot: &Snapshot) -> Result<(PathBuf, IndexWriter), StoreError> {
    let old = room.index().path().to_owned();
    let directories = &room.directories;
    let index = [&directories.index, &directories.renewed]
        .into_iter()
        .find(|path| **path != old)
        .cloned()
        .unwrap_or_default();
    remove(&index, &directories.root).map_err(journal_error)?;
    // About what the old one takes, at the most.
    let size = size(&old).map_err(journal_error)? + room.index().scratch();
    room.disk.room_for(size)?;
    let beside = Directories {
        index: index.clone(),
        ..directories.clone()
    };
    // What is owed stays what it is: a second outbox would take as much memory as the index.
    let built = bring_up::build_index(&beside, Some(snapshot), &mut |_| {});
    let built = built.and_then(|mut writer| {
        let applied = *room.applied.borrow();
        bring_up::catch_up(&mut writer, &directories.journal, applied)?;
        Ok(writer)
    });
    match built {
        Ok(writer) => Ok((old, writer)),
        Err(error) => {
            // The half of an index is what fills a full disk.
            drop(remove(&index, &directories.root));
            Err(store_error(error))
        }
    }
}

impl Applier {
    /// Puts a new index in the place of the old one. Between two groups, so that both hold the same.
    pub(super) fn renew(&mut self, renewal: Renewal) {
        let Renewal {
            mut writer,
            journal,
            reply,
        } = renewal;
        let applied = *self.applied.borrow();
        let ready = match bring_up::catch_up(&mut writer, &journal, applied) {
            Ok(()) => {
                // Held, so that no reader finds the outbox of one index and the rows of the other.
                let _outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
                self.index.replace(writer.index().clone());
                self.writer = writer;
                Ok(())
            }
            Err(error) => {
                // Before anybody is told: its directory is removed then.
                drop(writer);
                Err(store_error(error))
            }
        };
        // Whoever waited has gone away; the index is as good.
        drop(reply.send(ready));
    }
}

fn store_error(error: OpenError) -> StoreError {
    match error {
        OpenError::Store(error) => error,
        other => journal_error(io::Error::other(other)),
    }
}

/// Removes an index that nobody uses, durably.
fn remove(index: &Path, root: &Path) -> io::Result<()> {
    if index.exists() {
        fs::remove_dir_all(index)?;
        journal::sync_directory(root)?;
    }
    Ok(())
}

/// At a start: a renewed index gets the usual name. Where both are there, a renewal was cut short, and neither is used.
pub(super) fn settle_names(directories: &Directories) -> io::Result<()> {
    let Directories {
        root,
        index,
        renewed,
        ..
    } = directories;
    match (index.exists(), renewed.exists()) {
        (_, false) => Ok(()),
        (false, true) => {
            fs::rename(renewed, index)?;
            journal::sync_directory(root)
        }
        (true, true) => {
            tracing::info!("a renewal of the index was cut short; it is built anew");
            remove(renewed, root)?;
            remove(index, root)
        }
    }
}

/// The bytes of all files under a directory.
fn size(directory: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        total += match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path())?,
            // A file that is gone by now takes nothing.
            metadata => metadata.map_or(0, |metadata| metadata.len()),
        };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::LeadId;
    use crate::store::query::tests::lead;
    use crate::store::{NewLead, Settings};

    #[tokio::test]
    async fn who_reads_an_index_that_is_replaced_reads_it_to_the_end() {
        let home = tempfile::tempdir().expect("a directory");
        let settings = Settings {
            path: home.path().to_owned(),
            min_free: 0,
        };
        let store = Store::open(&settings).expect("opened");
        let mut ids: Vec<LeadId> = Vec::new();
        for n in 0..40 {
            let new = NewLead {
                lead: lead(n, "Анна"),
                held: None,
                targets: Vec::new(),
                key: None,
            };
            ids.push(store.accept(new).await.expect("accepted").lead());
        }
        store.catch_up().await.expect("applied");
        let old = store.0.index();
        let path = old.path().to_owned();
        let other = store.clone();
        let erased = ids[0];
        let erasing = tokio::spawn(async move {
            other
                .erase(erased, ("anna", jiff::Timestamp::UNIX_EPOCH))
                .await
        });
        while store.0.index().path() == path {
            tokio::task::yield_now().await;
        }
        // No file of it has been opened so far.
        for id in &ids {
            assert!(old.row(*id).expect("read").is_some());
        }
        assert!(path.exists() && !erasing.is_finished());
        drop(old);
        erasing.await.expect("no panic").expect("erased");
        assert!(!path.exists());
        store.close().await.expect("closed");
    }
}
