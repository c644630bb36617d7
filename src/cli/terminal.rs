//! Who is in front of the program: the three streams and the language. Commands are given it, so that tests can be in front too.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::lead::Language;

/// The streams of a command.
pub struct Terminal<'a> {
    /// Where its outcome goes.
    pub output: &'a mut dyn Write,
    /// Where it complains and asks.
    pub errors: &'a mut dyn Write,
    /// What it is told.
    pub input: &'a mut dyn BufRead,
    /// Whether a person types the input.
    pub is_interactive: bool,
    /// The language of what people read.
    pub language: Language,
}

impl Terminal<'_> {
    /// Calls `command` with the streams and the language of this process.
    pub fn of_process<T>(command: impl FnOnce(&mut Terminal<'_>) -> T) -> T {
        let stdin = io::stdin();
        command(&mut Terminal {
            // Not locked: the log goes to stderr too, from other threads.
            output: &mut io::stdout(),
            errors: &mut io::stderr(),
            is_interactive: stdin.is_terminal(),
            input: &mut stdin.lock(),
            language: language(variable),
        })
    }
}

/// Russian where the locale says so, English otherwise. The order of the variables is POSIX's.
fn language(variable: impl Fn(&str) -> Option<String>) -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(variable);
    locale
        .and_then(|locale| Language::parse(&locale))
        .unwrap_or(Language::En)
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the locale is of the terminal, not of the config"
    )]
    let value = std::env::var(name).ok();
    value.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language_of(variables: &[(&str, &str)]) -> Language {
        language(|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn russian_is_spoken_where_the_locale_is_russian() {
        assert_eq!(language_of(&[("LANG", "ru_RU.UTF-8")]), Language::Ru);
        assert_eq!(
            language_of(&[("LANG", "ru_RU.UTF-8"), ("LC_ALL", "C")]),
            Language::En
        );
        assert_eq!(language_of(&[("LANG", "de_DE.UTF-8")]), Language::En);
        assert_eq!(language_of(&[]), Language::En);
    }
}
