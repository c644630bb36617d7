//! The texts of refusals in both languages an account may have. The English ones are the strings that official
//! fixtures and field reports show; where none is known (marked "by analogy") the wording follows their pattern.

use crate::simulator::account::Language;

/// One text of the wire.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    ApiKeyMissing,
    ApiKeyWrong,
    AccessDenied,
    AccountMissing,
    MethodNotFound,
    MethodNotAllowed,
    RateLimit,
    ParameterMissing(String),
    /// A member of a JSON field: member, field.
    MemberMissing(&'static str, &'static str),
    EntityFormat,
    InputParameters,
    Validation,
    NotFound,
    NothingToEdit,
    OrderNotLoaded,
    OrderExists,
    OrderRowExists(String),
    OrdersWithErrors,
    CustomerNotLoaded,
    CustomerExists,
    CustomerRowExists(String),
    CustomersWithErrors,
    /// A reference element of this class does not exist: class, key name, key.
    Unknown(&'static str, &'static str, String),
    /// No such customer: key name, key.
    CustomerUnknown(&'static str, String),
    PaymentAndDelivery,
    PaymentAndSite,
    /// By analogy.
    PaymentAndStatus,
    /// By analogy.
    PaymentExists(String),
    /// No such offer: its internal id.
    OfferUnknown(i64),
    /// By analogy.
    NotUnique,
    Invalid,
    Blank,
    TooLong(usize),
    TooMany(usize),
    ExtraFields,
    SetOneOf(&'static str),
    FirstName,
    IdNotInteger,
    /// Given by a fault rule, as it is.
    Given(String),
}

impl Text {
    /// The text in that language.
    pub(super) fn say(&self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Ru => self.russian(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::ApiKeyMissing => "\"apiKey\" is missing.".to_owned(),
            Self::ApiKeyWrong => "Wrong \"apiKey\" value.".to_owned(),
            Self::AccessDenied => "Access denied.".to_owned(),
            Self::AccountMissing => "Account does not exist.".to_owned(),
            Self::MethodNotFound => "API method not found".to_owned(),
            Self::MethodNotAllowed => "Method Not Allowed".to_owned(),
            Self::RateLimit => "Rate limit exceeded".to_owned(),
            Self::ParameterMissing(name) => format!("Parameter '{name}' is missing"),
            Self::MemberMissing(member, field) => {
                format!("Parameter '{member}' in '{field}' is missing")
            }
            Self::EntityFormat => "Errors in the entity format".to_owned(),
            Self::InputParameters => "Errors in the input parameters".to_owned(),
            Self::Validation => "Validation error".to_owned(),
            Self::NotFound => "Not found".to_owned(),
            Self::NothingToEdit => "An attempt was made to edit a nonexistent record".to_owned(),
            Self::OrderNotLoaded => "Order is not loaded".to_owned(),
            Self::OrderExists => "Order already exists.".to_owned(),
            Self::OrderRowExists(id) => format!("Order with externalId={id} already exists."),
            Self::OrdersWithErrors => "Orders are loaded with errors".to_owned(),
            Self::CustomerNotLoaded => "Customer is not loaded".to_owned(),
            Self::CustomerExists => "Customer already exists.".to_owned(),
            Self::CustomerRowExists(id) => format!("Customer with externalId={id} already exists."),
            Self::CustomersWithErrors => "Customers are loaded with errors".to_owned(),
            Self::Unknown(class, key, value) => {
                format!("\"{class}\" with \"{key}\"=\"{value}\" does not exist.")
            }
            Self::CustomerUnknown(key, value) => format!("Customer with {key}={value} not found."),
            Self::PaymentAndDelivery => {
                "This payment type is not supported for the type of delivery".to_owned()
            }
            Self::PaymentAndSite => {
                "This payment type is not available in selected store".to_owned()
            }
            Self::PaymentAndStatus => {
                "This payment status is not supported for the payment type".to_owned()
            }
            Self::PaymentExists(id) => format!("Payment with externalId={id} already exists."),
            Self::OfferUnknown(id) => format!("Offer with id {id} not found."),
            Self::NotUnique => "This value is already used.".to_owned(),
            Self::Invalid => "This value is not valid.".to_owned(),
            Self::Blank => "This value should not be blank.".to_owned(),
            Self::TooLong(most) => {
                format!("This value is too long. It should have {most} characters or less.")
            }
            Self::TooMany(most) => {
                format!("This collection should contain {most} elements or less.")
            }
            Self::ExtraFields => "This form should not contain extra fields.".to_owned(),
            Self::SetOneOf(fields) => format!("Set one of the following fields: {fields}"),
            Self::FirstName => "Specify the first name".to_owned(),
            Self::IdNotInteger => "ID must be an integer".to_owned(),
            Self::Given(text) => text.clone(),
        }
    }

    fn russian(&self) -> String {
        match self {
            Self::ApiKeyMissing => "Не передан \"apiKey\".".to_owned(),
            Self::ApiKeyWrong => "Неверное значение \"apiKey\".".to_owned(),
            Self::AccessDenied => "Доступ запрещен.".to_owned(),
            Self::AccountMissing => "Аккаунт не существует.".to_owned(),
            Self::MethodNotFound => "Метод API не найден".to_owned(),
            Self::MethodNotAllowed => "Метод не разрешен".to_owned(),
            Self::RateLimit => "Превышен лимит запросов".to_owned(),
            Self::ParameterMissing(name) => format!("Не передан параметр '{name}'"),
            Self::MemberMissing(member, field) => {
                format!("Не передан параметр '{member}' в '{field}'")
            }
            Self::EntityFormat => "Ошибки в формате сущности".to_owned(),
            Self::InputParameters => "Ошибки во входных параметрах".to_owned(),
            Self::Validation => "Ошибка валидации".to_owned(),
            Self::NotFound => "Не найдено".to_owned(),
            Self::NothingToEdit => "Попытка изменить несуществующую запись".to_owned(),
            Self::OrderNotLoaded => "Заказ не загружен".to_owned(),
            Self::OrderExists => "Заказ уже существует.".to_owned(),
            Self::OrderRowExists(id) => format!("Заказ с externalId={id} уже существует."),
            Self::OrdersWithErrors => "Заказы загружены с ошибками".to_owned(),
            Self::CustomerNotLoaded => "Клиент не загружен".to_owned(),
            Self::CustomerExists => "Клиент уже существует.".to_owned(),
            Self::CustomerRowExists(id) => format!("Клиент с externalId={id} уже существует."),
            Self::CustomersWithErrors => "Клиенты загружены с ошибками".to_owned(),
            Self::Unknown(class, key, value) => {
                format!("\"{class}\" с \"{key}\"=\"{value}\" не существует.")
            }
            Self::CustomerUnknown(key, value) => format!("Клиент с {key}={value} не найден."),
            Self::PaymentAndDelivery => {
                "Тип оплаты не поддерживается для данного типа доставки".to_owned()
            }
            Self::PaymentAndSite => "Тип оплаты недоступен в выбранном магазине".to_owned(),
            Self::PaymentAndStatus => {
                "Статус оплаты не поддерживается для данного типа оплаты".to_owned()
            }
            Self::PaymentExists(id) => format!("Оплата с externalId={id} уже существует."),
            Self::OfferUnknown(id) => format!("Торговое предложение с id {id} не найдено."),
            Self::NotUnique => "Значение уже используется.".to_owned(),
            Self::Invalid => "Значение недопустимо.".to_owned(),
            Self::Blank => "Значение не должно быть пустым.".to_owned(),
            Self::TooLong(most) => {
                format!("Значение слишком длинное. Должно быть не больше {most} символов.")
            }
            Self::TooMany(most) => format!("Элементов должно быть не больше {most}."),
            Self::ExtraFields => "Эта форма не должна содержать дополнительных полей.".to_owned(),
            Self::SetOneOf(fields) => format!("Укажите одно из полей: {fields}"),
            Self::FirstName => "Укажите имя".to_owned(),
            Self::IdNotInteger => "ID должен быть целым числом".to_owned(),
            Self::Given(text) => text.clone(),
        }
    }
}
