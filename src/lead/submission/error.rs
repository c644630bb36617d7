//! Field errors: what is wrong with a field, as the closed list of the contract and as a sentence for the visitor.

use crate::lead::Language;

/// All complaints about a submission, in the order of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldErrors(pub Vec<FieldError>);

/// One complaint about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The name under which the form sent it (so that the page finds its input), else the declared name. Empty when the whole
    /// submission is, and the form declares no required field that could be named.
    pub field: String,
    /// The label, if the form declares one.
    pub label: Option<String>,
    /// What is wrong.
    pub code: FieldErrorCode,
}

/// What is wrong with a field: the closed list of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorCode {
    /// `REQUIRED_FIELD_MISSING`
    RequiredFieldMissing,
    /// `TYPE_EMAIL`
    TypeEmail,
    /// `TYPE_PHONE`
    TypePhone,
    /// `TYPE_NUMERIC`
    TypeNumeric,
    /// `TYPE_TEXT`
    TypeText,
    /// `TYPE_DATE`
    TypeDate,
    /// `TYPE_URL`
    TypeUrl,
    /// `TOO_LONG`
    TooLong,
    /// `NOT_AN_OPTION`
    NotAnOption,
    /// `CONSENT_REQUIRED`
    ConsentRequired,
}

impl FieldErrorCode {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequiredFieldMissing => "REQUIRED_FIELD_MISSING",
            Self::TypeEmail => "TYPE_EMAIL",
            Self::TypePhone => "TYPE_PHONE",
            Self::TypeNumeric => "TYPE_NUMERIC",
            Self::TypeText => "TYPE_TEXT",
            Self::TypeDate => "TYPE_DATE",
            Self::TypeUrl => "TYPE_URL",
            Self::TooLong => "TOO_LONG",
            Self::NotAnOption => "NOT_AN_OPTION",
            Self::ConsentRequired => "CONSENT_REQUIRED",
        }
    }

    /// What the visitor reads: what to do, without the name of the field, which the page shows beside it.
    pub fn message(self, language: Language) -> &'static str {
        let (ru, en) = match self {
            Self::RequiredFieldMissing => ("Заполните это поле.", "Please fill in this field."),
            Self::TypeEmail => (
                "Проверьте адрес почты: он должен быть вида name@example.ru.",
                "Please check the e-mail address: it looks like name@example.com.",
            ),
            Self::TypePhone => (
                "Проверьте номер: 10 цифр после +7 или 8; номер другой страны начните с + и кода страны.",
                "Please check the number: 10 digits after +7 or 8, or + and the country code for other countries.",
            ),
            Self::TypeNumeric => (
                "Введите число цифрами, например 1500.",
                "Please enter a number in digits, such as 1500.",
            ),
            Self::TypeText => (
                "Введите текст: файлы не принимаются.",
                "Please enter text: files are not accepted.",
            ),
            Self::TypeDate => (
                "Введите дату, например 21.11.2026.",
                "Please enter a date, such as 2026-11-21.",
            ),
            Self::TypeUrl => (
                "Введите адрес страницы, например https://example.ru.",
                "Please enter a web address, such as https://example.com.",
            ),
            Self::TooLong => (
                "Слишком длинно: сократите текст.",
                "This is too long: please shorten it.",
            ),
            Self::NotAnOption => (
                "Выберите один из предложенных вариантов.",
                "Please choose one of the options.",
            ),
            Self::ConsentRequired => (
                "Без этого согласия заявку нельзя принять: поставьте отметку.",
                "Please tick this box: we need your consent.",
            ),
        };
        language.pick(ru, en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_sentence_in_both_languages() {
        use FieldErrorCode::*;
        let codes = [
            RequiredFieldMissing,
            TypeEmail,
            TypePhone,
            TypeNumeric,
            TypeText,
            TypeDate,
            TypeUrl,
            TooLong,
            NotAnOption,
            ConsentRequired,
        ];
        let mut sentences: Vec<&str> = codes
            .iter()
            .flat_map(|code| [code.message(Language::Ru), code.message(Language::En)])
            .collect();
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), codes.len() * 2);
    }
}
