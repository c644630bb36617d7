//! The three written measures of the config: durations, sizes and rates. Texts and not numbers, so that no reader has to know which
//! unit a bare `30` was meant in.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::http::settings::Rate;

/// Longer spans are slips of the pen, and the arithmetic with instants need not care about them.
const LONGEST: Duration = Duration::from_secs(3650 * 86_400);

/// `500ms`, `10s`, `5m`, `2h`, `7d`; at most ten years.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (count, unit) = split(text)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let span = Duration::from_millis(count.checked_mul(milliseconds)?);
    (span <= LONGEST).then_some(span)
}

/// `1000`, `256 KiB`, `64 MiB`, `2 GiB`: a number of bytes.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (count, unit) = split(text)?;
    let bytes = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    count.checked_mul(bytes)
}

/// `5/s`, `120/m`, `1000/h`; at least one.
pub(crate) fn rate(text: &str) -> Option<Rate> {
    let (count, unit) = text.split_once('/')?;
    let per = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    let count = whole(count.trim())
        .and_then(|count| u32::try_from(count).ok())
        .and_then(NonZeroU32::new)?;
    Some(Rate {
        count,
        per: Duration::from_secs(per),
    })
}

/// The number and the unit behind it, with or without a space between.
fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (count, unit) = text.split_at(end);
    Some((whole(count)?, unit.trim_start()))
}

/// Digits only: `str::parse` would also take a plus sign.
fn whole(digits: &str) -> Option<u64> {
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPANS: [(&str, u64); 5] = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    const SIZES: [(&str, u64); 5] = [
        ("", 1),
        (" B", 1),
        (" KiB", 1024),
        ("MiB", 1_048_576),
        (" GiB", 1_073_741_824),
    ];

    proptest! {
        #[test]
        fn a_duration_is_its_number_times_its_unit(count in 0_u64..3_650, unit in 0_usize..5, space in " ?") {
            let (unit, milliseconds) = SPANS[unit];
            prop_assert_eq!(duration(&format!("{count}{space}{unit}")), Some(Duration::from_millis(count * milliseconds)));
        }

        #[test]
        fn a_size_is_its_number_times_its_unit(count in 0_u64..1_000_000, unit in 0_usize..5) {
            let (unit, bytes) = SIZES[unit];
            prop_assert_eq!(size(&format!("{count}{unit}")), Some(count * bytes));
        }

        #[test]
        fn a_rate_keeps_its_number_and_its_span(count in 1_u32.., unit in 0_usize..3) {
            let (unit, seconds) = [("s", 1), ("m", 60), ("h", 3_600)][unit];
            let read = rate(&format!("{count}/{unit}")).expect("a rate");
            prop_assert_eq!((read.count.get(), read.per), (count, Duration::from_secs(seconds)));
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".*") {
            let _ = (duration(&text), size(&text), rate(&text));
        }

        #[test]
        fn huge_numbers_are_refused_and_not_wrapped(count in u64::MAX / 2..) {
            prop_assert_eq!(duration(&format!("{count}d")), None);
            prop_assert_eq!(size(&format!("{count} GiB")), None);
        }
    }

    #[test]
    fn half_written_measures_are_refused() {
        for text in [
            "", "10", "s", "-1s", "+1s", "1.5s", "1s2", "10 sec", "10S", "1 h 30 m",
        ] {
            assert_eq!(duration(text), None, "{text:?}");
        }
        for text in ["", "KiB", "-1", "1 KB", "1 kib", "1.5 MiB"] {
            assert_eq!(size(text), None, "{text:?}");
        }
        for text in ["", "120", "/m", "0/m", "120/d", "120/min", "-1/s"] {
            assert_eq!(rate(text), None, "{text:?}");
        }
    }
}
