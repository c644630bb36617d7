//! The words that are in no file of their own yet, in the order they came: a start reads them back into memory.
//!
//! Written before sled has the leads, so it is never behind sled when the process dies; words of leads that sled has not yet come a second time.
//! A write is not synced: where the machine may have died, the index is built anew.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::lead::LeadId;
use crate::store::frame;
use crate::store::index::damaged;

use super::pages::{read_entries, write_entries};

/// The open file. One writer.
#[derive(Debug)]
pub(super) struct Log(File);

impl Log {
    /// Opens or makes it, and reads what it has. The torn end of a process that died while it wrote is cut off; what is damaged is an error, because
    /// sled has the leads of all that follows.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<(String, LeadId)>)> {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).read(true).open(path)?;
        let bytes = std::fs::read(path)?;
        let (mut entries, mut rest) = (Vec::new(), bytes.as_slice());
        while let Some(group) = frame::decode(rest) {
            for (word, leads) in read_entries(group.payload) {
                let leads = leads.iter().map(|lead| LeadId::from_bytes(*lead));
                entries.extend(leads.map(|lead| (word.to_owned(), lead)));
            }
            rest = rest.get(group.length..).unwrap_or_default();
        }
        if !rest.is_empty() {
            // A length that is damaged looks like a torn end, but for what follows.
            let follows = |at| rest.get(at..).and_then(frame::decode).is_some();
            if !frame::is_torn(rest) || (1..rest.len()).any(follows) {
                return Err(damaged("the log of words"));
            }
            file.set_len((bytes.len() - rest.len()) as u64)?;
        }
        Ok((Self(file), entries))
    }

    /// Adds these. After an error nothing more may be added: half a group may stand at the end.
    pub(super) fn append<W: AsRef<str>>(&self, entries: &[(W, LeadId)]) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(40 * entries.len());
        frame::encode_with(0, &mut bytes, |out| write_entries(entries, out));
        (&self.0).write_all(&bytes)
    }

    /// Takes everything out: it is elsewhere now.
    pub(super) fn clear(&self) -> io::Result<()> {
        self.0.set_len(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(words: &[&str]) -> Vec<(String, LeadId)> {
        let entry = |word: &&str| ((*word).to_owned(), LeadId::from_bytes([7; 16]));
        words.iter().map(entry).collect()
    }

    #[test]
    fn what_was_added_is_read_back_and_a_torn_end_is_cut_off_but_not_a_damaged_one() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("log");
        let (log, before) = Log::open(&path).expect("made");
        assert!(before.is_empty());
        log.append(&entries(&["анна", "иван"])).expect("added");
        let whole = std::fs::metadata(&path).expect("there").len();
        log.append(&entries(&["пётр"])).expect("added");
        let all = std::fs::metadata(&path).expect("there").len();
        for torn in [whole + 1, whole + 5, all - 1] {
            log.0.set_len(torn).expect("torn");
            let (log, read) = Log::open(&path).expect("opened");
            assert_eq!(read, entries(&["анна", "иван"]), "at {torn}");
            log.append(&entries(&["пётр"])).expect("added");
            let (_, read) = Log::open(&path).expect("opened");
            assert_eq!(read, entries(&["анна", "иван", "пётр"]), "at {torn}");
        }
        let sound = std::fs::read(&path).expect("read");
        for at in [0, 6, 30, sound.len() - 1] {
            let mut bytes = sound.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).expect("written");
            let error = Log::open(&path).expect_err("damaged");
            assert!(error.to_string().contains("doctor"), "at {at}: {error}");
        }
        std::fs::write(&path, &sound).expect("written");
        log.clear().expect("cleared");
        log.append(&entries(&["яна"])).expect("added");
        assert_eq!(Log::open(&path).expect("opened").1, entries(&["яна"]));
    }
}
