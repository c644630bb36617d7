//! What a group of failures is called: the cause in general, without anything of one lead.

use crate::delivery::CauseKey;
use crate::lead::Language;

/// The title of a group.
pub(super) fn title(key: &CauseKey, language: Language) -> String {
    match (key.word(), key.code()) {
        ("refused", code) => refused(key.field(), code, language),
        ("gave_up", _) => {
            let last = general(key.field(), key.code(), language);
            match language {
                Language::Ru => format!("попытки закончились; последняя: {last}"),
                Language::En => format!("out of attempts; the last: {last}"),
            }
        }
        (word, code) => general(word, code, language),
    }
}

fn refused(field: &str, code: Option<&str>, language: Language) -> String {
    let field = field_name(field, language);
    match (language, field, code) {
        (Language::Ru, Some(field), Some(code)) => {
            format!("CRM не знает код «{code}»: {field}")
        }
        (Language::En, Some(field), Some(code)) => format!("unknown {field} “{code}”"),
        (Language::Ru, Some(field), None) => format!("CRM не принимает значение: {field}"),
        (Language::En, Some(field), None) => format!("the CRM does not take the {field}"),
        (_, None, _) => language.pick("CRM отказала", "the CRM refused").to_owned(),
    }
}

fn general(word: &str, code: Option<&str>, language: Language) -> String {
    let text = match word {
        "unreachable" => language.pick("CRM недоступна", "the CRM cannot be reached"),
        "timed_out" => language.pick("CRM не ответила вовремя", "the CRM did not answer in time"),
        "connection_lost" => {
            language.pick("связь с CRM оборвалась", "the connection to the CRM broke")
        }
        "rate_limited" => language.pick(
            "CRM просит отправлять запросы реже",
            "the CRM asks for fewer requests",
        ),
        "server_error" => language.pick("ошибка сервера CRM", "the CRM failed"),
        "not_the_crm" => language.pick(
            "по адресу отвечает не RetailCRM или такого аккаунта нет",
            "this is not RetailCRM, or there is no such account",
        ),
        "unreadable" => language.pick(
            "ответ CRM не удалось прочесть",
            "the CRM's answer cannot be read",
        ),
        "access_denied" => language.pick(
            "CRM не принимает ключ API",
            "the CRM does not accept the API key",
        ),
        "mapping" => language.pick(
            "не удалось заполнить поля CRM",
            "the CRM's fields cannot be filled",
        ),
        "form_gone" => language.pick(
            "формы больше нет в конфигурации",
            "the form is no longer in the config",
        ),
        "destination_gone" => language.pick(
            "назначения больше нет в конфигурации",
            "the destination is no longer in the config",
        ),
        "refused" => language.pick("CRM отказала", "the CRM refused"),
        "internal" => language.pick(
            "внутренняя ошибка leadgate",
            "an internal error of leadgate",
        ),
        _ => language.pick("другая причина", "another cause"),
    };
    match code {
        Some(code) => format!("{text} ({code})"),
        None => text.to_owned(),
    }
}

/// A field as people call it; `None` for an empty name.
fn field_name(field: &str, language: Language) -> Option<String> {
    let (ru, en) = match field {
        "" => return None,
        "orderMethod" => ("способ оформления", "order method"),
        "orderType" => ("тип заказа", "order type"),
        "status" => ("статус", "status"),
        "site" => ("магазин", "store"),
        "managerId" => ("менеджер", "manager"),
        "delivery.code" => ("тип доставки", "delivery type"),
        "payments[].type" => ("тип оплаты", "payment type"),
        "payments[].status" => ("статус оплаты", "payment status"),
        "items[].offer.id" => ("товар", "offer"),
        "customer" => ("клиент", "customer"),
        "phone" => ("телефон", "phone"),
        "email" => ("e-mail", "e-mail"),
        "firstName" => ("имя", "first name"),
        other => {
            return Some(match (language, other.strip_prefix("customFields.")) {
                (Language::Ru, Some(code)) => format!("пользовательское поле {code}"),
                (Language::En, Some(code)) => format!("custom field {code}"),
                (Language::Ru, None) => format!("поле {other}"),
                (Language::En, None) => format!("field {other}"),
            });
        }
    };
    Some(language.pick(ru, en).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Cause;

    #[test]
    fn a_group_is_called_by_what_there_is_to_mend() {
        let said = |key: &str, language| title(&CauseKey::parse(key).expect("a key"), language);
        let keys = [
            "refused:orderMethod:landing-pge",
            "refused:customFields.city",
            "refused::~0a1b2c3d",
            "gave_up:server_error:503",
            "form_gone::quiz",
        ];
        let english = keys.map(|key| said(key, Language::En));
        assert_eq!(
            english,
            [
                "unknown order method “landing-pge”",
                "the CRM does not take the custom field city",
                "the CRM refused",
                "out of attempts; the last: the CRM failed (503)",
                "the form is no longer in the config (quiz)",
            ]
        );
        let russian = keys.map(|key| said(key, Language::Ru));
        assert_eq!(
            russian[0],
            "CRM не знает код «landing-pge»: способ оформления"
        );
        assert_eq!(
            russian[3],
            "попытки закончились; последняя: ошибка сервера CRM (503)"
        );
    }

    #[test]
    fn every_cause_has_a_title_of_its_own() {
        let text = String::new;
        let causes = [
            Cause::Unreachable { detail: text() },
            Cause::TimedOut { after_s: 1 },
            Cause::ConnectionLost { detail: text() },
            Cause::RateLimited,
            Cause::ServerError { status: 500 },
            Cause::NotTheCrm {
                status: 404,
                detail: text(),
            },
            Cause::Unreadable { detail: text() },
            Cause::AccessDenied { message: text() },
            Cause::Mapping { detail: text() },
            Cause::FormGone { form: text() },
            Cause::DestinationGone {
                destination: text(),
            },
            Cause::Internal,
        ];
        for cause in causes {
            let title = title(&CauseKey::of(&cause), Language::En);
            assert!(!title.starts_with("another cause"), "{title}");
        }
    }
}
