//! "Did you mean": the nearest of the words that would have been right.

/// The candidate nearest to a mistyped word, if one is near enough to be what was meant. Case and underscores do not count.
pub(super) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed = plain(word);
    let reach = (typed.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&typed, &plain(candidate)), candidate))
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

fn plain(word: &str) -> String {
    word.chars()
        .filter(|letter| !matches!(letter, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_underscores_and_swapped_letters_are_what_people_get_wrong() {
        let words = ["landing-page", "callback-request"];
        assert_eq!(did_you_mean("Landing_Page", words), Some("landing-page"));
        assert_eq!(
            did_you_mean("calblack-request", words),
            Some("callback-request")
        );
        assert_eq!(did_you_mean("goord", ["gorod", "doorg"]), Some("gorod"));
    }

    #[test]
    fn a_word_far_from_everything_gets_no_suggestion() {
        assert_eq!(did_you_mean("gorod", ["city", "channel"]), None);
        assert_eq!(did_you_mean("chanel", ["city", "channel"]), Some("channel"));
    }
}
