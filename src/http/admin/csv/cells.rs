//! One cell: guarded against formulas, then quoted.

/// Characters with which a spreadsheet begins a formula (ASVS 5.0, 1.2.10).
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\0'];

/// The cell as it stands in the file. A text that a spreadsheet would run gets an apostrophe before it; a phone stays readable so.
pub(super) fn cell(text: &str, separator: char) -> String {
    let guard = if text.starts_with(FORMULA_STARTS) {
        "'"
    } else {
        ""
    };
    let needs_quotes = text.contains(['"', '\r', '\n', separator]);
    if needs_quotes {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

/// A line of cells with its end.
pub(super) fn line<I>(cells: I, separator: char) -> String
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let cells: Vec<String> = cells
        .into_iter()
        .map(|text| cell(text.as_ref(), separator))
        .collect();
    let mut line = cells.join(separator.encode_utf8(&mut [0; 4]));
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads one line back as RFC 4180 says.
    fn read(line: &str, separator: char) -> Vec<String> {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        let mut rest = line
            .strip_suffix("\r\n")
            .expect("an end")
            .chars()
            .peekable();
        while let Some(c) = rest.next() {
            if quoted && c == '"' && rest.next_if_eq(&'"').is_some() {
                cells.last_mut().expect("a cell").push('"');
            } else if c == '"' {
                quoted = !quoted;
            } else if !quoted && c == separator {
                cells.push(String::new());
            } else {
                cells.last_mut().expect("a cell").push(c);
            }
        }
        cells
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_no_cell_begins_a_formula(
            texts in prop::collection::vec("[-=+@\t\0\",;\r\na-я ]{0,8}|\\PC{0,8}", 1..5),
            separator in prop::sample::select(vec![';', ',', '\t']),
        ) {
            let cells = read(&line(&texts, separator), separator);
            prop_assert_eq!(cells.len(), texts.len());
            for (cell, text) in cells.iter().zip(&texts) {
                prop_assert!(!cell.starts_with(FORMULA_STARTS));
                let typed = if text.starts_with(FORMULA_STARTS) { &cell[1..] } else { cell };
                prop_assert_eq!(typed, text);
            }
        }
    }

    #[test]
    fn a_phone_stays_readable() {
        assert_eq!(cell("+79123456789", ';'), "'+79123456789");
    }
}
