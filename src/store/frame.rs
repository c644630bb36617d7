//! Frames: how journal and snapshot lay bytes on the disk so that a reader can tell whole ones from torn ones.
//!
//! ```text
//! magic u32 | payload length u32 | sequence u64 | CRC32C u32 over length, sequence and payload | payload
//! ```
//! Integers are little-endian. The magic holds the format's version, and lets a reader find the next frame behind damage.

/// The bytes every frame begins with; the last one is the version of the format. Any two versions differ in two bits at least, so that
/// a damaged one is not taken for a newer one: after `1` comes `2`, then `4`, then `7`.
const MAGIC: [u8; 4] = *b"LGF1";

/// What the frames of every version begin with.
pub(super) const NAME: &[u8] = b"LGF";

/// The bytes before the payload.
pub(super) const HEADER: usize = 20;

/// The longest payload: a group of 256 leads at the largest configurable body stays far below.
const LONGEST: usize = 512 << 20;

/// A whole frame that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// Its number; frames of a journal count up by one.
    pub(super) sequence: u64,
    /// What it carries.
    pub(super) payload: &'a [u8],
    /// How many bytes it takes, header included.
    pub(super) length: usize,
}

/// Appends a frame with this payload to `out`.
pub(super) fn encode(sequence: u64, payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(HEADER + payload.len());
    encode_with(sequence, out, |out| out.extend_from_slice(payload));
}

/// The same with the payload that `write` appends.
pub(super) fn encode_with(sequence: u64, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let begin = out.len();
    out.extend_from_slice(&[0; HEADER]);
    write(out);
    let Some((header, payload)) = out
        .get_mut(begin..)
        .and_then(|frame| frame.split_at_mut_checked(HEADER))
    else {
        return;
    };
    let length = u32::try_from(payload.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    let sequence = sequence.to_le_bytes();
    let checksum = checksum(length, sequence, payload).to_le_bytes();
    let parts = [&MAGIC, &length, sequence.as_slice(), &checksum].concat();
    header.copy_from_slice(&parts);
}

/// Reads the frame at the beginning of `bytes`; `None` when there is no whole and sound one.
pub(super) fn decode(bytes: &[u8]) -> Option<Frame<'_>> {
    let (magic, frame) = decode_any(bytes)?;
    (*magic == MAGIC).then_some(frame)
}

/// Whether `bytes` begin with a whole and sound frame of another version of the format. One flipped bit does not make one, because versions
/// differ in two bits at least.
pub(super) fn is_newer(bytes: &[u8]) -> bool {
    let [.., known] = MAGIC;
    decode_any(bytes).is_some_and(|([.., version], _)| (version ^ known).count_ones() >= 2)
}

/// The frame under whatever magic it stands. The header is the same in every version, and its checksum does not cover the magic.
fn decode_any(bytes: &[u8]) -> Option<(&[u8; 4], Frame<'_>)> {
    let (magic, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    let size = u32::from_le_bytes(*length) as usize;
    if !magic.starts_with(NAME) || size > LONGEST {
        return None;
    }
    let payload = rest.get(..size)?;
    let sound = u32::from_le_bytes(*crc) == checksum(*length, *sequence, payload);
    let frame = Frame {
        sequence: u64::from_le_bytes(*sequence),
        payload,
        length: HEADER + size,
    };
    sound.then_some((magic, frame))
}

/// Whether `bytes` are the beginning of a frame whose end was never written. What is damaged is not.
pub(super) fn is_torn(bytes: &[u8]) -> bool {
    let magic = bytes.get(..MAGIC.len()).unwrap_or(bytes);
    let length = bytes.get(4..).and_then(|rest| rest.first_chunk());
    let is_short = |length: &[u8; 4]| bytes.len() < HEADER + u32::from_le_bytes(*length) as usize;
    MAGIC.starts_with(magic) && length.is_none_or(is_short)
}

/// The sequence that the header at the beginning of `bytes` names, sound or not.
pub(super) fn claimed(bytes: &[u8]) -> Option<u64> {
    let sequence = bytes.strip_prefix(&MAGIC)?.get(4..12)?;
    Some(u64::from_le_bytes(sequence.try_into().ok()?))
}

fn checksum(length: [u8; 4], sequence: [u8; 8], payload: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&length);
    let crc = crc32c::crc32c_append(crc, &sequence);
    crc32c::crc32c_append(crc, payload)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_frame_reads_back_as_it_was_written(sequence: u64, payload: Vec<u8>, tail: Vec<u8>) {
            let mut bytes = Vec::new();
            encode(sequence, &payload, &mut bytes);
            bytes.extend_from_slice(&tail);
            let frame = decode(&bytes).expect("a whole frame");
            prop_assert_eq!(frame.sequence, sequence);
            prop_assert_eq!(frame.payload, payload.as_slice());
        }

        #[test]
        fn a_flipped_bit_is_noticed(payload in proptest::collection::vec(any::<u8>(), 1..200), at: prop::sample::Index, bit in 0u8..8) {
            let mut bytes = Vec::new();
            encode(7, &payload, &mut bytes);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(decode(&bytes), None);
        }

        #[test]
        fn a_frame_of_a_newer_version_is_known_as_such_and_a_damaged_one_is_not(payload: Vec<u8>, bit in 0u8..8) {
            let mut bytes = Vec::new();
            encode(7, &payload, &mut bytes);
            prop_assert!(!is_newer(&bytes));
            bytes[3] ^= 1 << bit;
            prop_assert!(!is_newer(&bytes));
            bytes[3] = b'2';
            prop_assert!(is_newer(&bytes) && decode(&bytes).is_none());
        }

        #[test]
        fn a_torn_frame_is_no_frame(payload: Vec<u8>, cut: prop::sample::Index) {
            let mut bytes = Vec::new();
            encode(7, &payload, &mut bytes);
            let cut = cut.index(bytes.len());
            prop_assert_eq!(decode(&bytes[..cut]), None);
            prop_assert!(is_torn(&bytes[..cut]) && !is_torn(&bytes));
        }
    }
}
