//! The erasure of a person: out of every file of ours, with a receipt that says what was done and what is left to do elsewhere.
//!
//! Journalled and hidden at once; then a snapshot without the person, the journal before it and damaged files that were kept deleted, and the
//! index renewed. Only then the receipt. It names the backups that still hold the person, and what the lead has become in the CRMs: neither is ours to
//! change. Receipts are kept in `erasures.json` beside the store; they hold ids and counts, nothing of the person.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::lead::{DestinationId, Email, LeadId, Phone};
use crate::store::committer::Command;
use crate::store::damage::Need;
use crate::store::decide::Verdict;
use crate::store::journal::{self, sync_directory};
use crate::store::room::journal_error;
use crate::store::{
    Backup, Backups, Filter, Ordered, Page, Signature, Status, Store, StoreError, StoredLead,
};

/// The name of the file with the receipts.
const FILE: &str = "erasures.json";

/// So many receipts are kept, the newest.
const MOST: usize = 10_000;

/// Leads that are read at a time while a person's are looked for.
const PAGE: usize = 200;

/// Who is to be erased: every lead with this phone, and every lead with this e-mail.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// The phone.
    pub phone: Option<Phone>,
    /// The e-mail.
    pub email: Option<Email>,
}

impl Person {
    fn has(&self, stored: &StoredLead) -> bool {
        let contact = &stored.lead.contact;
        let phone = self.phone.as_ref().is_some_and(|phone| {
            let other = contact.phone.as_ref();
            other.is_some_and(|other| other.e164() == phone.e164())
        });
        let email = self.email.as_ref();
        phone || email.is_some_and(|email| contact.email.as_ref() == Some(email))
    }

    /// What the list is asked for, one after another.
    fn texts(&self) -> impl Iterator<Item = String> {
        let phone = self.phone.as_ref().map(|phone| phone.e164().to_owned());
        let email = self.email.as_ref().map(|email| email.as_str().to_owned());
        phone.into_iter().chain(email)
    }
}

/// What an erasure did. Kept, and holds nothing of the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Erasure {
    /// When it was asked for.
    pub at: Timestamp,
    /// The login name of who asked; `None` for a program.
    pub by: Option<String>,
    /// The leads the person was taken out of.
    pub leads: Vec<LeadId>,
    /// Their deliveries.
    pub deliveries: usize,
    /// Those of them that were still owed or kept, and are given up.
    pub given_up: usize,
    /// Attempts whose logs were deleted.
    pub attempts: usize,
    /// What the leads have become in CRMs: to be erased there by hand.
    pub in_crms: Vec<InCrm>,
    /// What was written anew without the person, or deleted, by its name in the data directory.
    pub rewritten: Vec<String>,
    /// Files that are not in `rewritten` still hold the person, because the disk had no room for new ones: the next upkeep that finds room writes them.
    pub waits_for_room: bool,
    /// Backups made before: they hold the person until they are deleted.
    pub backups: Vec<Backup>,
}

/// What a lead has become in a CRM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InCrm {
    /// Which CRM.
    pub destination: DestinationId,
    /// The number of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_number: Option<String>,
    /// The CRM's internal id of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<u64>,
    /// The page of the order or the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Store {
    /// Takes the person out of a lead everywhere, and gives up what is still owed for it. Returns when no journal, snapshot or index holds
    /// them any more; where the disk has no room for a second index, that one is built anew by the next start.
    pub async fn erase(
        &self,
        lead: LeadId,
        signature: impl Into<Signature>,
    ) -> Result<Ordered, StoreError> {
        let Some((_, left)) = self.erase_all(vec![lead], signature.into()).await? else {
            return Ok(Ordered::Unknown);
        };
        if let Left::Files(error) = left {
            return Err(error);
        }
        let stored = self.lead(lead).await?;
        Ok(stored.map_or(Ordered::Unknown, |lead| Ordered::Done(Box::new(lead))))
    }

    /// The leads of a person, the newest first.
    pub async fn leads_of(&self, person: &Person) -> Result<Vec<StoredLead>, StoreError> {
        let mut found: Vec<StoredLead> = Vec::new();
        for text in person.texts() {
            let mut before = None;
            loop {
                let filter = Filter {
                    text: Some(text.clone()),
                    ..Filter::default()
                };
                let limit = PAGE;
                let page = self.leads(filter, Page { before, limit }).await?;
                let theirs = page.leads.into_iter().filter(|lead| person.has(lead));
                found.extend(theirs);
                before = page.next;
                if before.is_none() {
                    break;
                }
            }
        }
        found.sort_unstable_by_key(|stored| std::cmp::Reverse(stored.lead.id));
        found.dedup_by_key(|stored| stored.lead.id);
        Ok(found)
    }

    /// The same for every lead of a person, in one go. `None` when there is none. Where the disk is too full to write a snapshot, the receipt says
    /// that nothing is written anew yet.
    pub async fn erase_person(
        &self,
        person: &Person,
        signature: impl Into<Signature>,
    ) -> Result<Option<Erasure>, StoreError> {
        let leads = self.leads_of(person).await?;
        let ids = leads.iter().map(|stored| stored.lead.id).collect();
        let erased = self.erase_all(ids, signature.into()).await?;
        Ok(erased.map(|(erasure, _)| erasure))
    }

    /// All receipts, the oldest first.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        self.read(|room| read(&room.directories.root).map_err(journal_error))
            .await
    }

    /// To its end, whether or not the caller waits: a browser that goes away must not leave half an erasure.
    async fn erase_all(
        &self,
        leads: Vec<LeadId>,
        signature: Signature,
    ) -> Result<Option<(Erasure, Left)>, StoreError> {
        let store = self.clone();
        let erasing = tokio::spawn(async move { store.erase_now(leads, signature).await });
        erasing.await.map_err(|_panic| StoreError::Stopped)?
    }

    async fn erase_now(
        &self,
        leads: Vec<LeadId>,
        signature: Signature,
    ) -> Result<Option<(Erasure, Left)>, StoreError> {
        let _turn = self.0.renewing.lock().await;
        let mut erasure = self.prepare_erasure(&leads, &signature).await?;
        if erasure.leads.is_empty() {
            return Ok(None);
        }
        self.work(|room| room.damage().begin_removal().map_err(journal_error))
            .await?;
        let orders = erasure.leads.iter().map(|lead| {
            let (lead, signature) = (*lead, signature.clone());
            self.ask(move |reply| Command::Erase(lead, signature, reply))
        });
        // All are done: nothing but a purge takes leads away, and that waits for its turn.
        let _verdicts: Vec<Verdict> = try_join_all(orders).await?;
        let left = self.leave_no_trace().await?;
        erasure.rewritten = left.rewritten();
        erasure.waits_for_room = !matches!(left, Left::Nothing);
        let erasure = self.read(move |room| {
            let root = &room.directories.root;
            // Only now: one that was made meanwhile may hold the person, too.
            erasure.backups = Backups::of(root).list();
            add(root, erasure.clone()).map_err(journal_error)?;
            Ok(erasure)
        });
        Ok(Some((erasure.await?, left)))
    }

    /// What the receipt can say only before: what is there.
    async fn prepare_erasure(
        &self,
        leads: &[LeadId],
        signature: &Signature,
    ) -> Result<Erasure, StoreError> {
        let mut erasure = Erasure {
            at: signature.at,
            by: signature.by.clone(),
            leads: Vec::new(),
            deliveries: 0,
            given_up: 0,
            attempts: 0,
            in_crms: Vec::new(),
            rewritten: Vec::new(),
            waits_for_room: false,
            backups: Vec::new(),
        };
        for lead in leads {
            if let Some(stored) = self.lead(*lead).await? {
                erasure.leads.push(*lead);
                erasure.take_in(&stored.status);
            }
        }
        Ok(erasure)
    }

    /// Renews an index that is damaged, or that still holds somebody who was taken out: the disk had no room, or the process died in between.
    /// Tells whether a snapshot was made for it.
    pub async fn mend(&self) -> Result<bool, StoreError> {
        let _turn = self.0.renewing.lock().await;
        let left = match self.0.damage().need() {
            Need::Nothing => return Ok(false),
            need => self.write_anew(need).await?,
        };
        Ok(!matches!(left, Left::Files(_)))
    }

    /// Changes when somebody has met damage in the index: it is time to [`Store::mend`].
    pub fn damages(&self) -> watch::Receiver<u32> {
        self.0.damage().times()
    }

    /// After leads were taken out: a snapshot without them, nothing of before, a new index. Tells what is left.
    pub(super) async fn leave_no_trace(&self) -> Result<Left, StoreError> {
        self.write_anew(Need::NoTrace).await
    }

    /// A snapshot and a new index, which is trusted from then on; the mark says beforehand that the old one is not.
    async fn write_anew(&self, need: Need) -> Result<Left, StoreError> {
        let snapshot = match self.snapshot_here().await {
            Ok(snapshot) => snapshot,
            Err(StoreError::Stopped) => return Err(StoreError::Stopped),
            Err(error) => {
                tracing::warn!(%error, "no snapshot can be made now, so the files stay as they are, and what was taken out of leads is still in them; it is tried again in an hour");
                return Ok(Left::Files(error));
            }
        };
        if need == Need::NoTrace {
            self.work(|room| {
                journal::delete_damaged(&room.directories.journal).map_err(journal_error)
            })
            .await?;
        }
        match self.renew_index(snapshot).await {
            Ok(()) => {
                self.work(|room| {
                    room.damage().trust().map_err(journal_error)?;
                    note_room(&room.directories.root).map_err(journal_error)
                })
                .await?;
                Ok(Left::Nothing)
            }
            Err(StoreError::Stopped) => Err(StoreError::Stopped),
            Err(error) => {
                tracing::warn!(%error, "the index cannot be built anew now, so the old one stays as it is; it is tried again in an hour, and the next start does so too");
                Ok(Left::Index)
            }
        }
    }
}

/// What still holds somebody who was taken out.
#[derive(Debug)]
pub(super) enum Left {
    /// No file does.
    Nothing,
    /// The old pages of the index do.
    Index,
    /// All files do, because no snapshot could be made.
    Files(StoreError),
}

impl Left {
    /// What is written anew.
    fn rewritten(&self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Nothing => &["journal", "snapshots", "sled"],
            Self::Index => &["journal", "snapshots"],
            Self::Files(_) => &[],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

impl Erasure {
    fn take_in(&mut self, status: &Status) {
        self.deliveries += status.deliveries.len();
        for delivery in &status.deliveries {
            self.attempts += delivery.attempts as usize;
            self.given_up += usize::from(!delivery.state.is_final());
            let Some(receipt) = &delivery.receipt else {
                continue;
            };
            self.in_crms.push(InCrm {
                destination: delivery.destination.clone(),
                order_number: receipt.order_number.clone(),
                customer_id: receipt.customer_id,
                url: receipt.url.clone(),
            });
        }
    }
}

fn read(directory: &Path) -> io::Result<Vec<Erasure>> {
    match fs::read(directory.join(FILE)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// There was room at last: nobody waits any more.
fn note_room(directory: &Path) -> io::Result<()> {
    let mut all = read(directory).unwrap_or_default();
    if !all.iter().any(|erasure| erasure.waits_for_room) {
        return Ok(());
    }
    for erasure in all.iter_mut().filter(|erasure| erasure.waits_for_room) {
        erasure.waits_for_room = false;
        erasure.rewritten = Left::Nothing.rewritten();
    }
    write(directory, &all)
}

fn add(directory: &Path, erasure: Erasure) -> io::Result<()> {
    let path = directory.join(FILE);
    let mut all = read(directory).unwrap_or_else(|error| {
        tracing::error!(%error, file = %path.display(), "the receipts of earlier erasures cannot be read; the file is kept under another name");
        drop(fs::rename(&path, path.with_extension("damaged")));
        Vec::new()
    });
    all.push(erasure);
    all.drain(..all.len().saturating_sub(MOST));
    write(directory, &all)
}

fn write(directory: &Path, all: &[Erasure]) -> io::Result<()> {
    let path = directory.join(FILE);
    let partial = path.with_extension("partial");
    let mut file = File::create(&partial)?;
    file.write_all(&serde_json::to_vec(all)?)?;
    file.sync_all()?;
    fs::rename(&partial, &path)?;
    sync_directory(directory)
}
