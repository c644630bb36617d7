//! What a destination did not take of a lead that it has nevertheless: told for one lead, with what was typed, and for many at once, without.

use serde::{Deserialize, Serialize};

use crate::lead::{Bilingual, Language};

/// What was left out so that the destination took the lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// For whoever looks at the lead; may quote what the visitor typed.
    #[serde(flatten)]
    pub text: Bilingual,
    /// The same, sentence by sentence, without anything of the visitor's: leads that share one have the same trouble. A record made before
    /// there were these has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Bilingual>,
}

/// One sentence of a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// For whoever looks at the lead.
    pub text: Bilingual,
    /// For whoever looks at all leads with this trouble: quotes nothing.
    pub about: Bilingual,
}

impl Note {
    /// A sentence that quotes nothing of the visitor's.
    pub fn plain(text: Bilingual) -> Self {
        Self {
            about: text.clone(),
            text,
        }
    }
}

impl Warning {
    /// The warning of these notes; `None` for none. What was met twice on the way is told once.
    pub fn of(notes: &[Note]) -> Option<Self> {
        let texts = each_once(notes.iter().map(|note| &note.text));
        Some(Self {
            text: Bilingual::join(&texts)?,
            about: each_once(notes.iter().map(|note| &note.about)),
        })
    }

    /// The text of this language.
    pub fn pick(&self, language: Language) -> &str {
        self.text.pick(language)
    }
}

fn each_once<'a>(texts: impl Iterator<Item = &'a Bilingual>) -> Vec<Bilingual> {
    let mut told: Vec<Bilingual> = Vec::new();
    for text in texts {
        if !told.contains(text) {
            told.push(text.clone());
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_of_one_sort_are_one_trouble_and_old_records_are_read() {
        let about = Bilingual::new("поле не передано", "the field was left out");
        let note = |value: &str| Note {
            text: Bilingual::same(format!("x={value}")),
            about: about.clone(),
        };
        let warning = Warning::of(&[note("1"), note("2"), note("1")]).expect("two notes");
        assert_eq!(warning.pick(Language::En), "x=1; x=2");
        assert_eq!(warning.about, [about]);
        assert_eq!(Warning::of(&[]), None);

        let record = serde_json::to_string(&warning).expect("JSON");
        let read: Warning = serde_json::from_str(&record).expect("the same");
        assert_eq!(read, warning);
        let old = r#"{"ru":"не передано","en":"left out"}"#;
        let read: Warning = serde_json::from_str(old).expect("an old record");
        assert_eq!(
            (read.pick(Language::Ru), read.about.len()),
            ("не передано", 0)
        );
    }
}
