//! Gives back the room of blocks that nobody wants any more, because they were written anew or taken out: files of which little is wanted are
//! emptied, a few blocks after each batch, and deleted.

use std::collections::BTreeMap;
use std::io;
use std::sync::PoisonError;

use sled::Batch;

use crate::store::StoreError;
use crate::store::index::at;
use crate::store::index::heap::Place;

use super::{Blocks, Inner, Key};

/// So many files may be of no use, however little is wanted: to look for what is wanted takes a while, and the last file is never emptied.
pub(super) const FEW: u64 = 4;

/// So many blocks are moved at a time: nothing else is applied meanwhile.
const AT_ONCE: usize = 256;

/// What is wanted of the files that are to be emptied.
#[derive(Default)]
pub(super) struct Tidying {
    files: BTreeMap<u32, Vec<(Key, Place)>>,
    /// With so many bytes they are looked through again.
    look_at: u64,
}

impl Blocks {
    /// Goes on with the emptying of files of which little is wanted, if there are any. To be called after each batch. They are looked for when
    /// there may be half as much again as is wanted.
    pub(in crate::store::index) fn tidy(&self) -> Result<(), StoreError> {
        let Inner { heap, tidying, .. } = &*self.0;
        let mut tidying = tidying.lock().unwrap_or_else(PoisonError::into_inner);
        let (total, file) = heap.size();
        if tidying.files.is_empty() && total >= tidying.look_at.max(FEW * file) {
            *tidying = self.look().map_err(at(heap.directory()))?;
            tidying.files.keys().for_each(|file| heap.expect(*file));
        }
        let Some(mut file) = tidying.files.first_entry() else {
            return Ok(());
        };
        let left = file.get().len().saturating_sub(AT_ONCE);
        self.move_away(file.get_mut().split_off(left))?;
        if left == 0 {
            // A process that dies must not find a sled that wants something of a file that is gone.
            self.0.db.flush()?;
            let deleted = heap.delete(*file.key());
            deleted.map_err(at(heap.directory()))?;
            file.remove();
        }
        Ok(())
    }

    /// What is to be emptied: the files of which less than two thirds are wanted.
    fn look(&self) -> io::Result<Tidying> {
        let Inner { heap, places, .. } = &*self.0;
        let full = heap.full_files();
        let mut wanted: BTreeMap<u32, u64> = full.keys().map(|file| (*file, 0)).collect();
        places.each(|(_, place)| *wanted.entry(place.file).or_default() += place.taken())?;
        let is_little = |(file, length): &(&u32, &u64)| {
            let wanted = wanted.get(*file).copied().unwrap_or_default();
            wanted * 3 < **length * 2
        };
        let little = full.iter().filter(is_little);
        let mut files: BTreeMap<_, _> = little.map(|(file, _)| (*file, Vec::new())).collect();
        places.each(|(key, place)| {
            if let Some(blocks) = files.get_mut(&place.file) {
                blocks.push((key, place));
            }
        })?;
        let (_, file) = heap.size();
        Ok(Tidying {
            files,
            look_at: wanted.values().sum::<u64>() * 3 / 2 + FEW * file,
        })
    }

    fn move_away(&self, blocks: Vec<(Key, Place)>) -> Result<(), StoreError> {
        let Inner { heap, places, .. } = &*self.0;
        for (key, place) in blocks {
            // It may have been written anew since.
            let found = places.get(key).map_err(at(heap.directory()))?;
            if found == Some(place)
                && let Some(block) = self.get(key)?
            {
                self.put(key, &block)?;
            }
        }
        self.apply(Batch::default())
    }
}
