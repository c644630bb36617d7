//! "Did you mean": the nearest of the words that would have been right.

/// The candidate nearest to a mistyped word, if one is near enough to be what was meant. Case and underscores do not count.
pub(super) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed = plain(word);
    let reach = (typed.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (distance(&typed, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The end of a message: `; did you mean "x"?`, or nothing.
pub(super) fn hint(meant: Option<&str>) -> String {
    meant
        .map(|meant| format!("; did you mean \"{meant}\"?"))
        .unwrap_or_default()
}

fn plain(word: &str) -> Vec<char> {
    word.chars()
        .filter(|letter| !matches!(letter, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// How many letters must be added, taken away or changed to turn one word into the other.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.iter().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (column, other) in to.iter().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or(usize::MAX);
            let best = (diagonal + usize::from(letter != other))
                .min(above + 1)
                .min(left + 1);
            diagonal = above;
            if let Some(cell) = row.get_mut(column) {
                *cell = left;
            }
            left = best;
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_single_letter_changes() {
        let between = |a: &str, b: &str| distance(&plain(a), &plain(b));
        assert_eq!(between("", "abc"), 3);
        assert_eq!(between("kitten", "sitting"), 3);
        assert_eq!(between("gorod", "gorod"), 0);
        assert_eq!(between("flaw", "lawn"), 2);
    }

    #[test]
    fn a_word_far_from_everything_gets_no_suggestion() {
        assert_eq!(did_you_mean("gorod", ["city", "channel"]), None);
        assert_eq!(did_you_mean("chanel", ["city", "channel"]), Some("channel"));
    }
}
