//! Reads the journal back after whatever happened to it: a torn tail is cut, damage before it is counted, nothing panics.

use std::fs;
use std::path::{Path, PathBuf};

use crate::store::frame::{self, Frame};
use crate::store::journal::segments;
use crate::store::record::{Record, decode_payload};
use crate::store::start::{OpenError, at};

/// What a reading found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Scan {
    /// The sequence with which the journal begins, by the name of its first segment that is not empty; 0 when there is none.
    pub(in crate::store) first_sequence: u64,
    /// The last sequence that existed; 0 when there is none. Only its group may be missing as well.
    pub(in crate::store) last_sequence: u64,
    /// Groups that the sequence numbers say existed and that cannot be read: acknowledged leads may be among them.
    pub(in crate::store) missing: u64,
    /// Bytes after the last sound frame of the last segment: a write that was never acknowledged, if nothing is missing there.
    pub(in crate::store) torn_bytes: u64,
    /// The segments in which something is missing.
    pub(in crate::store) damaged: Vec<PathBuf>,
}

/// Reads all frames in order and hands those at or after `from` to `visit`. Frames that repeat an earlier sequence are passed over; those of
/// one segment may stand in any order.
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
        let missing = scan.missing;
        scan.begin_segment(first);
        let (mut frames, tail) = split(&bytes).ok_or_else(|| OpenError::Newer(path.clone()))?;
        frames.sort_by_key(|frame| frame.sequence);
        for sound in frames {
            if !scan.take(&sound) {
                continue;
            }
            let records = decode_payload(sound.payload)
                .filter(|records| !records.iter().any(Record::is_newer))
                .ok_or_else(|| OpenError::Newer(path.clone()))?;
            if sound.sequence >= from {
                visit(sound.sequence, records)?;
            }
        }
        scan.end_segment(tail);
        if scan.missing > missing {
            scan.damaged.push(path);
        }
    }
    Ok(scan)
}

impl Scan {
    /// A segment is named by its first frame, so what is missing before that, and there, shows.
    fn begin_segment(&mut self, first: u64) {
        if self.first_sequence == 0 {
            self.first_sequence = first;
            self.last_sequence = first.saturating_sub(1);
        }
        // What an earlier segment lost at its end shows only now, by the sequence this one starts with.
        if first > self.last_sequence + 1 {
            self.missing += first - self.last_sequence - 1;
            self.last_sequence = first - 1;
        }
    }

    /// Notes a sound frame; `false` when its sequence was there before.
    fn take(&mut self, sound: &Frame<'_>) -> bool {
        if sound.sequence <= self.last_sequence {
            return false;
        }
        self.missing += sound.sequence - self.last_sequence - 1;
        self.last_sequence = sound.sequence;
        true
    }

    /// A write that was cut short leaves one torn frame. Where more begin than that, all but the last had been acknowledged.
    fn end_segment(&mut self, tail: &[u8]) {
        self.torn_bytes = tail.len() as u64;
        if let Some(last) = last_header(tail, self.last_sequence)
            && last > self.last_sequence + 1
        {
            self.missing += last - self.last_sequence - 1;
            self.last_sequence = last - 1;
        }
    }
}

/// The sound frames of a segment as they stand there, and what follows the last of them; `None` when another version wrote it.
fn split(bytes: &[u8]) -> Option<(Vec<Frame<'_>>, &[u8])> {
    let (mut frames, mut rest) = (Vec::new(), bytes);
    loop {
        match next_frame(rest) {
            Next::Frame { frame, end } => {
                frames.push(frame);
                rest = rest.get(end..).unwrap_or_default();
            }
            Next::Nothing => return Some((frames, rest)),
            Next::Newer => return None,
        }
    }
}

/// What comes next.
enum Next<'a> {
    /// A sound frame: at once in a sound journal, further on behind damage.
    Frame {
        frame: Frame<'a>,
        end: usize,
    },
    Nothing,
    Newer,
}

fn next_frame(bytes: &[u8]) -> Next<'_> {
    for at in 0..bytes.len() {
        let candidate = bytes.get(at..).unwrap_or_default();
        if !candidate.starts_with(frame::NAME) {
            continue;
        }
        if let Some(frame) = frame::decode(candidate) {
            let end = at + frame.length;
            return Next::Frame { frame, end };
        }
        if frame::is_newer(candidate) {
            return Next::Newer;
        }
    }
    Next::Nothing
}

/// The highest sequence that the header of a frame names in here. What visitors typed cannot pass for one: text has no zero bytes, and a frame
/// takes more than a byte, so sequences are small beside those that text would spell.
fn last_header(tail: &[u8], after: u64) -> Option<u64> {
    let highest = after + tail.len() as u64;
    let headers = tail.windows(frame::HEADER).filter_map(frame::claimed);
    headers
        .filter(|sequence| (after + 1..=highest).contains(sequence))
        .max()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::store::journal::Journal;
    use crate::store::record::Table;

    fn records(n: u64) -> Vec<Record> {
        vec![Record::put(
            Table::Lead,
            u128::from(n).to_be_bytes(),
            [1; 40].as_slice().into(),
        )]
    }

    fn write(directory: &Path, count: u64) {
        let mut journal = Journal::open(directory, 0).expect("opened");
        for n in 1..=count {
            journal.append(&records(n)).expect("appended");
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

    #[test]
    fn what_headers_claim_behind_the_last_sound_frame_is_counted_and_typed_text_is_not() {
        let directory = tempfile::tempdir().expect("directory");
        write(directory.path(), 4);
        damage(directory.path(), |bytes| {
            let frame = bytes.len() / 4;
            for end in [3 * frame - 1, 4 * frame - 1] {
                bytes[end] ^= 1;
            }
            // As a visitor might write it.
            bytes.extend_from_slice(b"LGF1aaaabbbbbbbbccccdddddddddd");
        });
        let (scan, seen) = read(directory.path());
        assert_eq!((seen, scan.missing, scan.last_sequence), (vec![1, 2], 1, 3));
    }

    #[test]
    fn what_is_missing_at_the_beginning_shows_by_the_name_of_the_segment() {
        let directory = tempfile::tempdir().expect("directory");
        write(directory.path(), 3);
        damage(directory.path(), |bytes| bytes[5] ^= 1);
        let (scan, seen) = read(directory.path());
        assert_eq!(
            (seen, scan.missing, scan.first_sequence),
            (vec![2, 3], 1, 1)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn every_frame_that_is_whole_is_read_once_wherever_it_stands(
            order in prop::collection::vec(0..6_usize, 0..12),
            between in prop::collection::vec(any::<u8>(), 0..30),
        ) {
            let directory = tempfile::tempdir().expect("directory");
            write(directory.path(), 6);
            damage(directory.path(), |bytes| {
                let frames: Vec<_> = bytes.chunks(bytes.len() / 6).map(<[u8]>::to_vec).collect();
                *bytes = order.iter().flat_map(|frame| [&frames[*frame][..], &between].concat()).collect();
            });
            let expected: BTreeSet<u64> = order.iter().map(|frame| *frame as u64 + 1).collect();
            let (scan, seen) = read(directory.path());
            let missing = scan.last_sequence - expected.len() as u64;
            prop_assert_eq!(seen, expected.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(scan.missing, missing);
        }

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
