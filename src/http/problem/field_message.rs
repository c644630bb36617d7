//! What the visitor reads beside a field that is not right.

use crate::lead::{FieldErrorCode, Language};

/// The complaint in words, without the field's name: it stands beside the field.
pub fn field_message(code: FieldErrorCode, language: Language) -> &'static str {
    let (ru, en) = match code {
        FieldErrorCode::RequiredFieldMissing => ("Заполните это поле", "Please fill in this field"),
        FieldErrorCode::TypeEmail => (
            "Укажите адрес почты, например anna@example.ru",
            "Enter an e-mail address, for example anna@example.com",
        ),
        FieldErrorCode::TypePhone => (
            "Укажите номер телефона, например +7 912 345-67-89",
            "Enter a phone number, for example +44 20 7946 0958",
        ),
        FieldErrorCode::TypeNumeric => ("Введите число", "Enter a number"),
        FieldErrorCode::TypeText => (
            "Здесь принимается только текст, файлы не принимаются",
            "Only text is accepted here; files are not accepted",
        ),
        FieldErrorCode::TypeDate => (
            "Укажите дату, например 21.11.2026",
            "Enter a date, for example 2026-11-21",
        ),
        FieldErrorCode::TypeUrl => (
            "Укажите адрес страницы, например https://example.ru",
            "Enter a web address, for example https://example.com",
        ),
        FieldErrorCode::TooLong => (
            "Слишком длинный текст, сократите его",
            "Too long; please shorten it",
        ),
        FieldErrorCode::NotAnOption => (
            "Выберите один из предложенных вариантов",
            "Choose one of the options offered",
        ),
        FieldErrorCode::ConsentRequired => (
            "Без согласия отправить форму нельзя",
            "The form cannot be sent without your consent",
        ),
    };
    language.pick(ru, en)
}
