//! How problems and warnings of a config are shown: one line each, key path first.

use std::io::{self, Write};

use crate::config::{ConfigProblems, Problem};
use crate::lead::Language;

/// Longer key paths push their own message to the right, not everybody's.
const WIDEST_PATH: usize = 40;

/// Shows what is wrong with a config.
pub(crate) fn problems(
    to: &mut dyn Write,
    refused: &ConfigProblems,
    language: Language,
) -> io::Result<()> {
    let head = language.pick("проблем", "problems");
    writeln!(
        to,
        "{}: {head}: {}",
        refused.file.display(),
        refused.problems.len()
    )?;
    table(to, &refused.problems, language)
}

/// Shows warnings; nothing when there are none.
pub(crate) fn warnings(
    to: &mut dyn Write,
    warnings: &[Problem],
    language: Language,
) -> io::Result<()> {
    if warnings.is_empty() {
        return Ok(());
    }
    writeln!(
        to,
        "{}: {}",
        language.pick("предупреждений", "warnings"),
        warnings.len()
    )?;
    table(to, warnings, language)
}

/// Shows each problem on a line.
pub(crate) fn table(
    to: &mut dyn Write,
    problems: &[Problem],
    language: Language,
) -> io::Result<()> {
    let whole_file = language.pick("(весь файл)", "(whole file)");
    let path = |problem: &Problem| match problem.key_path.as_str() {
        "" => whole_file.to_owned(),
        path => path.to_owned(),
    };
    let widths = problems.iter().map(|problem| path(problem).chars().count());
    let width = widths
        .filter(|width| *width <= WIDEST_PATH)
        .max()
        .unwrap_or(0);
    for problem in problems {
        writeln!(to, "  {:width$}  {}", path(problem), problem.message)?;
    }
    Ok(())
}
