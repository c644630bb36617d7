//! Reads the journal back after whatever happened to it: a torn tail is cut, damage in the middle is counted, nothing panics.

use std::fs;
use std::path::{Path, PathBuf};

use crate::store::frame;
use crate::store::journal::segments;
use crate::store::record::{Record, decode_payload};
use crate::store::start::{OpenError, at};

/// What a reading found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Scan {
    /// The sequence of the first frame that is there; 0 when there is none.
    pub(in crate::store) first_sequence: u64,
    /// The sequence of the last sound frame; 0 when there is none.
    pub(in crate::store) last_sequence: u64,
    /// Groups that the sequence numbers say existed and that cannot be read: acknowledged leads may be among them.
    pub(in crate::store) missing: u64,
    /// Bytes after the last sound frame of the last segment: a write that was never acknowledged.
    pub(in crate::store) torn_bytes: u64,
    /// The segments in which something is missing.
    pub(in crate::store) damaged: Vec<PathBuf>,
}

/// Reads all frames in order and hands those at or after `from` to `visit`. Frames that repeat an earlier sequence are passed over.
pub(in crate::store) fn scan<E: From<OpenError>>(
    directory: &Path,
    from: u64,
    visit: &mut dyn FnMut(u64, Vec<Record>) -> Result<(), E>,
) -> Result<Scan, E> {
    let mut scan = Scan::default();
    for (first, path) in segments(directory).map_err(at(directory))? {
        let bytes = fs::read(&path).map_err(at(&path))?;
        if bytes.is_empty() {
            continue;
        }
        // What an earlier segment lost at its end shows only now, by the sequence this one starts with.
        scan.torn_bytes = 0;
        if scan.last_sequence > 0 && first > scan.last_sequence + 1 {
            scan.missing += first - scan.last_sequence - 1;
            scan.last_sequence = first - 1;
        }
        let missing = scan.missing;
        read_segment(&bytes, from, &mut scan, visit)?;
        if scan.missing > missing {
            scan.damaged.push(path);
        }
    }
    Ok(scan)
}

fn read_segment<E: From<OpenError>>(
    bytes: &[u8],
    from: u64,
    scan: &mut Scan,
    visit: &mut dyn FnMut(u64, Vec<Record>) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let Some(offset) = next_frame(rest) else {
            scan.torn_bytes = rest.len() as u64;
            return Ok(());
        };
        let Some(sound) = rest.get(offset..).and_then(frame::decode) else {
            return Ok(());
        };
        rest = rest.get(offset + sound.length..).unwrap_or_default();
        if sound.sequence <= scan.last_sequence {
            continue;
        }
        if scan.last_sequence > 0 {
            scan.missing += sound.sequence - scan.last_sequence - 1;
        } else {
            scan.first_sequence = sound.sequence;
        }
        scan.last_sequence = sound.sequence;
        match decode_payload(sound.payload) {
            Some(records) if sound.sequence >= from => visit(sound.sequence, records)?,
            Some(_) => {}
            None => {
                return Err(OpenError::Newer {
                    sequence: sound.sequence,
                }
                .into());
            }
        }
    }
    Ok(())
}

/// Where the next sound frame begins: 0 in a sound journal, further on behind damage.
fn next_frame(bytes: &[u8]) -> Option<usize> {
    if frame::decode(bytes).is_some() {
        return Some(0);
    }
    (1..bytes.len()).find(|&at| {
        let candidate = bytes.get(at..).unwrap_or_default();
        candidate.starts_with(&frame::MAGIC) && frame::decode(candidate).is_some()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::journal::Journal;
    use crate::store::record::{Table, encode_payload};

    fn records(n: u64) -> Vec<Record> {
        vec![Record::put(Table::Lead, n.to_be_bytes(), vec![1; 40])]
    }

    fn write(directory: &Path, count: u64) {
        let mut journal = Journal::open(directory, 0).expect("opened");
        for n in 1..=count {
            let mut payload = Vec::new();
            encode_payload(&records(n), &mut payload);
            journal.append(&payload).expect("appended");
        }
    }

    fn read(directory: &Path) -> (Scan, Vec<u64>) {
        let mut seen = Vec::new();
        let scan = scan::<OpenError>(directory, 0, &mut |sequence, _| {
            seen.push(sequence);
            Ok(())
        })
        .expect("read");
        (scan, seen)
    }

    fn damage(directory: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let (_, path) = segments(directory).expect("listed").remove(0);
        let mut bytes = fs::read(&path).expect("read");
        change(&mut bytes);
        fs::write(&path, bytes).expect("written");
    }

    #[test]
    fn damage_in_the_middle_is_counted_and_what_follows_is_kept() {
        let directory = tempfile::tempdir().expect("directory");
        write(directory.path(), 5);
        damage(directory.path(), |bytes| bytes[frame::HEADER + 70] ^= 1);
        let (scan, seen) = read(directory.path());
        assert_eq!(seen, [1, 3, 4, 5]);
        assert_eq!(scan.missing, 1);
        assert_eq!(scan.torn_bytes, 0);
    }

    #[test]
    fn a_repeated_frame_is_passed_over() {
        let directory = tempfile::tempdir().expect("directory");
        write(directory.path(), 3);
        damage(directory.path(), |bytes| bytes.extend_from_within(..));
        assert_eq!(read(directory.path()).1, [1, 2, 3]);
    }

    #[test]
    fn a_tail_of_zeros_is_torn() {
        let directory = tempfile::tempdir().expect("directory");
        write(directory.path(), 2);
        damage(directory.path(), |bytes| {
            bytes.extend_from_slice(&[0; 4096]);
        });
        let (scan, seen) = read(directory.path());
        assert_eq!((seen, scan.torn_bytes, scan.missing), (vec![1, 2], 4096, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_cut_anywhere_keeps_every_frame_before_it(cut: prop::sample::Index) {
            let directory = tempfile::tempdir().expect("directory");
            write(directory.path(), 6);
            let mut whole = 0;
            damage(directory.path(), |bytes| {
                let length = bytes.len();
                let cut = cut.index(length);
                whole = (cut / (length / 6)) as u64;
                bytes.truncate(cut);
            });
            prop_assert_eq!(read(directory.path()).1, (1..=whole).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let directory = tempfile::tempdir().expect("directory");
            fs::write(directory.path().join("00000000000000000001.journal"), bytes).expect("written");
            read(directory.path());
        }
    }
}
