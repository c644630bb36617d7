//! How problems and warnings are shown: those of a config on one line each, key path first; those of an account as a table, a block each.

use std::io::{self, Write};

use crate::config::{ConfigProblems, Problem};
use crate::destination::Finding;
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

/// Shows warnings, of the config and of the accounts; nothing when there are none.
pub(crate) fn warnings(
    to: &mut dyn Write,
    (warnings, of_accounts): (&[Problem], &[Finding]),
    language: Language,
) -> io::Result<()> {
    let count = warnings.len() + of_accounts.len();
    if count == 0 {
        return Ok(());
    }
    writeln!(
        to,
        "{}: {count}",
        language.pick("предупреждений", "warnings"),
    )?;
    table(to, warnings, language)?;
    findings(to, of_accounts, language)
}

/// Shows each finding as a block: where, what is wrong, what the account has instead, how to mend it.
pub(crate) fn findings(
    to: &mut dyn Write,
    findings: &[Finding],
    language: Language,
) -> io::Result<()> {
    let heads = [
        language.pick("что не так", "what is wrong"),
        language.pick("в аккаунте", "the account"),
        language.pick("как исправить", "how to mend it"),
    ];
    let widths = heads.iter().map(|head| head.chars().count());
    let width = widths.max().unwrap_or(0);
    for finding in findings {
        writeln!(to, "\n  {}", finding.key_path)?;
        let instead = finding.instead.as_ref();
        let texts = [
            Some(&finding.message),
            instead,
            Some(&finding.remedy).filter(|remedy| !remedy.en.is_empty()),
        ];
        for (head, text) in heads.iter().zip(texts) {
            if let Some(text) = text {
                writeln!(to, "    {head:width$}  {}", text.pick(language))?;
            }
        }
    }
    if !findings.is_empty() {
        writeln!(to)?;
    }
    Ok(())
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
