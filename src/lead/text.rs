//! What is done to typed text before anybody reads meaning into it.
//!
//! People paste from messengers, contact lists and office documents, so the same number or name comes with no-break spaces,
//! invisible direction marks, typographic dashes and full-width digits. All readers of this module fold these in one way.

use std::borrow::Cow;

/// Text fit to be kept: line ends are `\n`, other control characters but the tab are gone, and so are spaces at both ends.
///
/// Control characters have no meaning in a form, but they do in headers, logs, CSV and terminals.
pub(crate) fn cleaned(text: String) -> String {
    let needs_work = |c: char| c.is_control() && c != '\n' && c != '\t';
    let trimmed = text.trim();
    if !trimmed.contains(needs_work) {
        return match trimmed.len() == text.len() {
            true => text,
            false => trimmed.to_owned(),
        };
    }
    let unix = trimmed.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = unix.chars().filter(|c| !needs_work(*c)).collect();
    kept.trim().to_owned()
}

/// One line: every run of white space is one space, control and invisible characters are gone.
pub(crate) fn folded_line(text: &str) -> String {
    match is_folded(text) {
        true => text.to_owned(),
        false => folded_by_letters(text),
    }
}

/// Whether it is one line for sure: without any space, in ASCII, as addresses, marks and the names of fields are.
fn is_folded(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn folded_by_letters(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        if !c.is_whitespace() && !c.is_control() {
            line.push(c);
        } else if c.is_whitespace() && !line.is_empty() && !line.ends_with(' ') {
            line.push(' ');
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// The same, of a text that nearly always is such a line already.
pub(crate) fn into_folded_line(text: String) -> String {
    match is_folded(&text) {
        true => text,
        false => folded_by_letters(&text),
    }
}

/// The text with ASCII letters in lower case; nearly all names of fields are in it as they are.
pub(crate) fn ascii_lower_case(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(text.to_ascii_lowercase()),
        false => Cow::Borrowed(text),
    }
}

/// The text in lower case, whatever its script.
pub(crate) fn lower_case(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return ascii_lower_case(text);
    }
    let mut lower = String::with_capacity(text.len());
    for letter in text.chars() {
        match usual_lower_case(letter) {
            Some(letter) => lower.push(letter),
            None => return Cow::Owned(text.to_lowercase()),
        }
    }
    Cow::Owned(lower)
}

/// Of ASCII and Russian letters, for which the tables of Unicode, a search for each letter, are not needed.
fn usual_lower_case(letter: char) -> Option<char> {
    match letter {
        'а'..='я' | 'ё' => Some(letter),
        'А'..='Я' => char::from_u32(u32::from(letter) + 32),
        'Ё' => Some('ё'),
        _ => letter.is_ascii().then(|| letter.to_ascii_lowercase()),
    }
}

/// A letter or a digit of any script.
pub(crate) fn is_of_word(c: char) -> bool {
    matches!(c, 'а'..='я' | 'А'..='Я') || c.is_alphanumeric()
}

/// The beginning of a text, at most `limit` characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    text.char_indices()
        .nth(limit)
        .map_or(text, |(end, _)| &text[..end])
}

/// The same of a text that is not needed whole.
pub(crate) fn into_cut(mut text: String, limit: usize) -> String {
    text.truncate(cut(&text, limit).len());
    text
}

/// Zero-width and direction marks, which phones add to copied contacts; never part of what was meant.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Any character that a person sees as a dash.
pub(crate) fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
    )
}

/// The ASCII digit for a digit of the scripts whose keyboards have their own (full-width, Arabic, Persian, Devanagari).
pub(crate) fn ascii_digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => return Some(c),
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        '\u{966}'..='\u{96f}' => 0x966,
        _ => return None,
    };
    char::from_digit(u32::from(c) - zero, 10)
}

/// How names of fields are compared when nobody declared them: `Your-Name`, `your_name` and `yourname` are one,
/// and the number that form builders append (`tel-123`) does not matter.
pub(crate) fn loose_name(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Cow::Borrowed(name);
    }
    let mut loose = String::with_capacity(name.len());
    let letters = name.chars().flat_map(char::to_lowercase);
    for letter in letters.filter(|c| !matches!(c, '-' | '_' | ' ' | '.')) {
        loose.push(if letter == 'ё' { 'е' } else { letter });
    }
    let end = loose.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    loose.truncate(end);
    Cow::Owned(loose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn line_ends_become_newlines_and_other_controls_go() {
        let typed = "  a\r\nb\rc\u{0}\u{7}\td\u{85} ".to_owned();
        assert_eq!(cleaned(typed), "a\nb\nc\td");
    }

    #[test]
    fn a_folded_line_has_single_spaces_and_no_invisible_marks() {
        assert_eq!(
            folded_line("\u{202a} Анна\u{a0}\u{a0}\n Ли\u{200b}са\u{1} "),
            "Анна Лиса"
        );
    }

    #[test]
    fn a_cut_never_splits_a_letter() {
        assert_eq!(cut("привет", 3), "при");
        assert_eq!(cut("при", 3), "при");
    }

    #[test]
    fn names_of_form_builders_are_one_name() {
        assert_eq!(loose_name("Your-Name"), "yourname");
        assert_eq!(loose_name("tel-123"), "tel");
        assert_eq!(loose_name("E-Mail"), "email");
    }

    proptest! {
        #[test]
        fn the_quick_ways_lead_to_the_same_text(text in "[a-zA-Zа-яёА-ЯЁ \\-\u{200b}]{0,12}|\\PC{0,12}") {
            prop_assert_eq!(folded_line(&text), folded_by_letters(&text));
            prop_assert_eq!(into_folded_line(text.clone()), folded_by_letters(&text));
            prop_assert_eq!(lower_case(&text).into_owned(), text.to_lowercase());
            prop_assert!(text.chars().all(|c| is_of_word(c) == c.is_alphanumeric()));
            prop_assert_eq!(ascii_lower_case(&text).into_owned(), text.to_ascii_lowercase());
        }

        #[test]
        fn a_name_in_small_letters_is_loose_as_it_is(name in "[a-z]{0,12}") {
            // Capitals take the long way.
            let capitals = name.to_uppercase();
            prop_assert_eq!(loose_name(&name), loose_name(&capitals));
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in any::<String>()) {
            let once = cleaned(text);
            prop_assert_eq!(cleaned(once.clone()), once);
        }

        #[test]
        fn cleaned_text_has_no_control_but_newline_and_tab(text in any::<String>()) {
            prop_assert!(cleaned(text).chars().all(|c| !c.is_control() || c == '\n' || c == '\t'));
        }
    }
}
