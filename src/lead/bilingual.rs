//! A text that is made where the reader's language is not known: said in both, shown in one.

use serde::{Deserialize, Serialize};

use crate::lead::Language;

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bilingual {
    /// Russian.
    pub ru: String,
    /// English.
    pub en: String,
}

impl Bilingual {
    /// A text said in each language.
    pub fn new(ru: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            ru: ru.into(),
            en: en.into(),
        }
    }

    /// A text that is the same in both: the CRM's own words.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            ru: text.clone(),
            en: text,
        }
    }

    /// The text of this language.
    pub fn pick(&self, language: Language) -> &str {
        language.pick(&self.ru, &self.en)
    }

    /// Several texts as one, with semicolons; `None` for none.
    pub fn join(texts: &[Self]) -> Option<Self> {
        let joined = |language| {
            let texts: Vec<&str> = texts.iter().map(|text| text.pick(language)).collect();
            texts.join("; ")
        };
        (!texts.is_empty()).then(|| Self {
            ru: joined(Language::Ru),
            en: joined(Language::En),
        })
    }
}
