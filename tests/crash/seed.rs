//! How much is run, and by which throws of the dice: numbers in the environment, and a short form without them.

use rand::SeedableRng;
use rand::rngs::StdRng;

/// The number of this variable.
pub(crate) fn number(variable: &str) -> Option<u64> {
    let value = std::env::var_os(variable)?;
    let number = value.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{variable} is no number: {value:?}")))
}

/// The same as a count, with one for the short form.
pub(crate) fn count(variable: &str, short: usize) -> usize {
    number(variable).map_or(short, |count| {
        usize::try_from(count).expect("a number that fits")
    })
}

/// `LEADGATE_CRASH_SEED`, or a new one, which is printed.
pub(crate) fn seed() -> u64 {
    let seed = number("LEADGATE_CRASH_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    println!("LEADGATE_CRASH_SEED={seed}");
    seed
}

/// The dice of one world of a run.
pub(crate) fn dice(seed: u64, world: usize) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_add((world as u64) << 32))
}
