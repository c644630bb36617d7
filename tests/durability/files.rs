//! The store's files from outside: copies, damage, and frames made by hand.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// All files under a directory.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("listed");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let below = |path: PathBuf| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    };
    paths.into_iter().flat_map(below).collect()
}

pub(crate) fn copy_all(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).expect("inside"));
        fs::create_dir_all(target.parent().expect("a parent")).expect("made");
        fs::copy(path, target).expect("copied");
    }
}

/// The directory of the index: an erasure leaves a renewed one beside the usual name until the next start.
pub(crate) fn index_in_use(store: &Path) -> PathBuf {
    let renewed = store.join("sled.renewed");
    match renewed.exists() {
        true => renewed,
        false => store.join("sled"),
    }
}

/// The segments of the journal that hold something, oldest first, with the sequence in their names.
pub(crate) fn segments(store: &Path) -> Vec<(u64, PathBuf)> {
    let with_extension = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "journal");
    files(&store.join("journal"))
        .into_iter()
        .filter(with_extension)
        .filter(|path| fs::metadata(path).expect("there").len() > 0)
        .map(|path| {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let first = stem.and_then(|stem| stem.parse().ok());
            (first.expect("a number"), path)
        })
        .collect()
}

/// The snapshots, oldest first.
pub(crate) fn snapshots(store: &Path) -> Vec<PathBuf> {
    files(&store.join("snapshots"))
}

/// Changes the bytes of a file.
pub(crate) fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("readable");
    change(&mut bytes);
    fs::write(path, bytes).expect("written");
}

/// The bytes before a frame's payload: magic, length, sequence, checksum.
pub(crate) const HEADER: usize = 20;

/// Where the frames of sound bytes are, with their sequences.
pub(crate) fn frames(bytes: &[u8]) -> Vec<(u64, Range<usize>)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at + HEADER <= bytes.len() {
        let number = |range: Range<usize>| {
            let mut digits = [0; 8];
            digits[..range.len()].copy_from_slice(&bytes[range]);
            u64::from_le_bytes(digits)
        };
        assert_eq!(&bytes[at..at + 3], b"LGF", "a frame begins at {at}");
        let length = usize::try_from(number(at + 4..at + 8)).expect("a length");
        found.push((number(at + 8..at + 16), at..at + HEADER + length));
        at += HEADER + length;
    }
    found
}

/// A frame with this payload and a right checksum, of this version of the format.
pub(crate) fn frame(version: u8, sequence: u64, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_le_bytes();
    let sequence = sequence.to_le_bytes();
    let checksum = [&length[..], &sequence, payload]
        .iter()
        .fold(0, |checksum, part| crc32c::crc32c_append(checksum, part));
    [
        b"LGF",
        &[version][..],
        &length,
        &sequence,
        &checksum.to_le_bytes(),
        payload,
    ]
    .concat()
}

/// A payload with one record, whose value says that it is of this version.
pub(crate) fn payload(version: u8) -> Vec<u8> {
    let (key, value) = ([7; 16], [&[version][..], b"{}"].concat());
    let length = u32::try_from(value.len()).expect("short").to_le_bytes();
    [
        &1_u32.to_le_bytes()[..],
        b"L",
        &16_u16.to_le_bytes(),
        &key,
        &length,
        &value,
    ]
    .concat()
}

/// Makes the next start look at the directory as after a power cut: another boot than the one that the mark tells of.
pub(crate) fn as_after_a_power_cut(store: &Path) {
    for name in ["mark.json", "mark.distrusted.json"] {
        let path = store.join(name);
        if path.exists() {
            let text = fs::read_to_string(&path).expect("readable");
            let mut mark: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            mark["boot_id"] = "another".into();
            mark["clean"] = false.into();
            fs::write(&path, mark.to_string()).expect("written");
        }
    }
}
