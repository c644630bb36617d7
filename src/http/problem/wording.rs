//! The words of every refusal, in both languages. Each says what is wrong and what the reader can do about it.

use crate::lead::Language;

/// A refusal in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// A headline of a few words.
    pub title: &'static str,
    /// What happened and what to do, one or two sentences.
    pub remedy: &'static str,
}

/// A refusal in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wording {
    ru: Text,
    en: Text,
}

impl Wording {
    const fn new(ru: [&'static str; 2], en: [&'static str; 2]) -> Self {
        Self {
            ru: Text {
                title: ru[0],
                remedy: ru[1],
            },
            en: Text {
                title: en[0],
                remedy: en[1],
            },
        }
    }

    /// The words of one language.
    pub fn of(&self, language: Language) -> Text {
        match language {
            Language::Ru => self.ru,
            Language::En => self.en,
        }
    }
}

pub(super) const NOT_FOUND: Wording = Wording::new(
    ["Здесь ничего нет", "Такой страницы нет. Проверьте адрес."],
    [
        "Nothing here",
        "There is no such page. Please check the address.",
    ],
);

pub(super) const UNKNOWN_FORM: Wording = Wording::new(
    [
        "Форма не найдена",
        "Формы с таким адресом нет. Владельцу сайта: проверьте адрес в атрибуте action и список форм в настройках.",
    ],
    [
        "Unknown form",
        "No form has this address. For the site owner: check the address in the action attribute and the list of forms in the config.",
    ],
);

pub(super) const METHOD: Wording = Wording::new(
    [
        "Это адрес для отправки формы",
        "Сюда приходят заявки с сайта, поэтому смотреть здесь нечего. Вернитесь на сайт и отправьте форму там.",
    ],
    [
        "This address receives a form",
        "Submissions of a website arrive here, so there is nothing to look at. Please go back to the site and send the form there.",
    ],
);

pub(super) const ORIGIN: Wording = Wording::new(
    [
        "Форму нельзя отправить с этого сайта",
        "Этот сайт не указан среди разрешённых. Владельцу сайта: добавьте его в origins этой формы.",
    ],
    [
        "This site may not send the form",
        "The site is not among the allowed ones. For the site owner: add it to the origins of this form.",
    ],
);

pub(super) const MEDIA_TYPE: Wording = Wording::new(
    [
        "Неизвестный формат данных",
        "Отправьте форму как application/x-www-form-urlencoded, multipart/form-data или application/json, без сжатия.",
    ],
    [
        "Unknown data format",
        "Send the form as application/x-www-form-urlencoded, multipart/form-data or application/json, uncompressed.",
    ],
);

pub(super) const TOO_LARGE: Wording = Wording::new(
    [
        "Слишком много данных",
        "Форма длиннее, чем можно принять. Вернитесь, сократите текст и отправьте ещё раз.",
    ],
    [
        "Too much data",
        "The form is longer than we can take. Please go back, shorten the text and send it again.",
    ],
);

pub(super) const TOO_MANY_FIELDS: Wording = Wording::new(
    [
        "Слишком много полей",
        "В одной заявке может быть не больше 500 полей. Владельцу сайта: уберите лишние поля из формы.",
    ],
    [
        "Too many fields",
        "One submission may hold 500 fields at the most. For the site owner: take the superfluous ones out of the form.",
    ],
);

pub(super) const RATE_LIMITED: Wording = Wording::new(
    [
        "Слишком много заявок сразу",
        "Подождите немного и отправьте ещё раз.",
    ],
    [
        "Too many submissions at once",
        "Please wait a little and send it again.",
    ],
);

pub(super) const BAD_JSON: Wording = Wording::new(
    [
        "Данные не читаются",
        "Тело запроса должно быть объектом JSON: имена полей и их значения.",
    ],
    [
        "The data cannot be read",
        "The body must be a JSON object: field names with their values.",
    ],
);

pub(super) const BAD_MULTIPART: Wording = Wording::new(
    [
        "Данные не читаются",
        "Тело запроса не соответствует multipart/form-data. Вернитесь и отправьте форму ещё раз.",
    ],
    [
        "The data cannot be read",
        "The body is not the multipart/form-data it claims to be. Please go back and send the form again.",
    ],
);

pub(super) const INTERRUPTED: Wording = Wording::new(
    [
        "Отправка прервалась",
        "Данные дошли не полностью. Вернитесь и отправьте форму ещё раз.",
    ],
    [
        "The transfer broke off",
        "Only a part of the data arrived. Please go back and send the form again.",
    ],
);

pub(super) const TOO_SLOW: Wording = Wording::new(
    [
        "Отправка заняла слишком много времени",
        "Данные не дошли вовремя. Проверьте связь и отправьте форму ещё раз.",
    ],
    [
        "The transfer took too long",
        "The data did not arrive in time. Please check your connection and send the form again.",
    ],
);

pub(super) const INVALID: Wording = Wording::new(
    [
        "Проверьте форму",
        "Исправьте отмеченные поля и отправьте ещё раз.",
    ],
    [
        "Please check the form",
        "Correct the marked fields and send it again.",
    ],
);

pub(super) const UNAVAILABLE: Wording = Wording::new(
    [
        "Сейчас заявку не удалось сохранить",
        "Попробуйте отправить ещё раз через несколько секунд.",
    ],
    [
        "We could not keep your submission just now",
        "Please send it again in a few seconds.",
    ],
);
