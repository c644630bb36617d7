//! The URL table: which API method a verb and a path mean. Each method has a name of two words; fault rules are
//! aimed with it and the list of received requests shows it.

use percent_encoding::percent_decode_str;

use crate::simulator::answer::Refusal;
use crate::simulator::texts::Text;

/// An API method with what its path names.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operation {
    ApiVersions,
    Credentials,
    SystemInfo,
    Settings,
    /// The list as it stands in the path, e.g. `order-types`.
    Reference(String),
    /// The list and the code of the entry.
    EditReference(String, String),
    CustomFields,
    /// Entity and code.
    CustomField(String, String),
    /// Entity.
    CreateCustomField(String),
    /// Entity and code.
    EditCustomField(String, String),
    Dictionaries,
    Dictionary(String),
    CreateDictionary,
    EditDictionary(String),
    Users,
    User(String),
    CreateCustomer,
    UploadCustomers,
    ListCustomers,
    GetCustomer(String),
    EditCustomer(String),
    CombineCustomers,
    FixCustomerIds,
    CreateOrder,
    UploadOrders,
    ListOrders,
    GetOrder(String),
    EditOrder(String),
    OrderStatuses,
    FixOrderIds,
    Notify,
}

impl Operation {
    /// The method's name in fault rules and in the list of received requests.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::ApiVersions => "system/api-versions",
            Self::Credentials => "system/credentials",
            Self::SystemInfo => "system/info",
            Self::Settings => "settings/get",
            Self::Reference(_) => "reference/list",
            Self::EditReference(..) => "reference/edit",
            Self::CustomFields => "custom-fields/list",
            Self::CustomField(..) => "custom-fields/get",
            Self::CreateCustomField(_) => "custom-fields/create",
            Self::EditCustomField(..) => "custom-fields/edit",
            Self::Dictionaries => "dictionaries/list",
            Self::Dictionary(_) => "dictionaries/get",
            Self::CreateDictionary => "dictionaries/create",
            Self::EditDictionary(_) => "dictionaries/edit",
            Self::Users => "users/list",
            Self::User(_) => "users/get",
            Self::CreateCustomer => "customers/create",
            Self::UploadCustomers => "customers/upload",
            Self::ListCustomers => "customers/list",
            Self::GetCustomer(_) => "customers/get",
            Self::EditCustomer(_) => "customers/edit",
            Self::CombineCustomers => "customers/combine",
            Self::FixCustomerIds => "customers/fix-external-ids",
            Self::CreateOrder => "orders/create",
            Self::UploadOrders => "orders/upload",
            Self::ListOrders => "orders/list",
            Self::GetOrder(_) => "orders/get",
            Self::EditOrder(_) => "orders/edit",
            Self::OrderStatuses => "orders/statuses",
            Self::FixOrderIds => "orders/fix-external-ids",
            Self::Notify => "notifications/send",
        }
    }

    /// The scope that the key needs, when one is known.
    pub(super) fn scope(&self) -> Option<&'static str> {
        match self {
            Self::ApiVersions | Self::Credentials | Self::SystemInfo | Self::Settings => None,
            Self::Reference(_) => Some("reference_read"),
            Self::EditReference(..) => Some("reference_write"),
            Self::CustomFields
            | Self::CustomField(..)
            | Self::Dictionaries
            | Self::Dictionary(_) => Some("custom_fields_read"),
            Self::CreateCustomField(_)
            | Self::EditCustomField(..)
            | Self::CreateDictionary
            | Self::EditDictionary(_) => Some("custom_fields_write"),
            Self::Users | Self::User(_) => Some("user_read"),
            Self::ListCustomers | Self::GetCustomer(_) => Some("customer_read"),
            Self::CreateCustomer
            | Self::UploadCustomers
            | Self::EditCustomer(_)
            | Self::CombineCustomers
            | Self::FixCustomerIds => Some("customer_write"),
            Self::ListOrders | Self::GetOrder(_) | Self::OrderStatuses => Some("order_read"),
            Self::CreateOrder | Self::UploadOrders | Self::EditOrder(_) | Self::FixOrderIds => {
                Some("order_write")
            }
            Self::Notify => Some("notification_write"),
        }
    }
}

/// Finds the method. 404 `API method not found` for an unknown path, 405 for a known one with the wrong verb.
pub(super) fn route(method: &str, path: &str) -> Result<Operation, Refusal> {
    let segments: Vec<String> = path
        .trim_start_matches('/')
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (verb, operation) = known(&segments).ok_or(Refusal::new(404, Text::MethodNotFound))?;
    if verb == method {
        Ok(operation)
    } else {
        Err(Refusal::new(405, Text::MethodNotAllowed))
    }
}

fn known(segments: &[&str]) -> Option<(&'static str, Operation)> {
    match segments {
        ["api", "api-versions"] => Some(("GET", Operation::ApiVersions)),
        ["api", "credentials"] => Some(("GET", Operation::Credentials)),
        ["api", "system-info"] => Some(("GET", Operation::SystemInfo)),
        ["api", "v5", "customers", rest @ ..] => customers(rest),
        ["api", "v5", "orders", rest @ ..] => orders(rest),
        ["api", "v5", "custom-fields", rest @ ..] => custom_fields(rest),
        ["api", "v5", rest @ ..] => others(rest),
        _ => None,
    }
}

fn customers(segments: &[&str]) -> Option<(&'static str, Operation)> {
    Some(match segments {
        [] => ("GET", Operation::ListCustomers),
        ["create"] => ("POST", Operation::CreateCustomer),
        ["upload"] => ("POST", Operation::UploadCustomers),
        ["combine"] => ("POST", Operation::CombineCustomers),
        ["fix-external-ids"] => ("POST", Operation::FixCustomerIds),
        [id] if !id.is_empty() => ("GET", Operation::GetCustomer((*id).to_owned())),
        [id, "edit"] if !id.is_empty() => ("POST", Operation::EditCustomer((*id).to_owned())),
        _ => return None,
    })
}

fn orders(segments: &[&str]) -> Option<(&'static str, Operation)> {
    Some(match segments {
        [] => ("GET", Operation::ListOrders),
        ["create"] => ("POST", Operation::CreateOrder),
        ["upload"] => ("POST", Operation::UploadOrders),
        ["statuses"] => ("GET", Operation::OrderStatuses),
        ["fix-external-ids"] => ("POST", Operation::FixOrderIds),
        [id] if !id.is_empty() => ("GET", Operation::GetOrder((*id).to_owned())),
        [id, "edit"] if !id.is_empty() => ("POST", Operation::EditOrder((*id).to_owned())),
        _ => return None,
    })
}

fn custom_fields(segments: &[&str]) -> Option<(&'static str, Operation)> {
    let owned = |text: &str| text.to_owned();
    Some(match segments {
        [] => ("GET", Operation::CustomFields),
        ["dictionaries"] => ("GET", Operation::Dictionaries),
        ["dictionaries", "create"] => ("POST", Operation::CreateDictionary),
        ["dictionaries", code] => ("GET", Operation::Dictionary(owned(code))),
        ["dictionaries", code, "edit"] => ("POST", Operation::EditDictionary(owned(code))),
        [entity, "create"] => ("POST", Operation::CreateCustomField(owned(entity))),
        [entity, code] => ("GET", Operation::CustomField(owned(entity), owned(code))),
        [entity, code, "edit"] => (
            "POST",
            Operation::EditCustomField(owned(entity), owned(code)),
        ),
        _ => return None,
    })
}

fn others(segments: &[&str]) -> Option<(&'static str, Operation)> {
    Some(match segments {
        ["settings"] => ("GET", Operation::Settings),
        ["reference", list] => ("GET", Operation::Reference((*list).to_owned())),
        ["reference", list, code, "edit"] => (
            "POST",
            Operation::EditReference((*list).to_owned(), (*code).to_owned()),
        ),
        ["users"] => ("GET", Operation::Users),
        ["users", id] => ("GET", Operation::User((*id).to_owned())),
        ["notifications", "send"] => ("POST", Operation::Notify),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_the_path_is_decoded_after_the_path_is_split() {
        assert_eq!(
            route("GET", "/api/v5/orders/a%2Fb%20c"),
            Ok(Operation::GetOrder("a/b c".to_owned()))
        );
    }

    #[test]
    fn an_empty_id_is_an_unknown_method() {
        let refusal = route("POST", "/api/v5/orders//edit").unwrap_err();
        assert_eq!(refusal.status, 404);
        assert_eq!(refusal.message, Text::MethodNotFound);
    }

    #[test]
    fn a_post_to_the_list_is_the_wrong_verb() {
        assert_eq!(route("POST", "/api/v5/orders").unwrap_err().status, 405);
    }
}
