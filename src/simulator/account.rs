//! What an account of the simulated CRM is set up with: stores, codes, users, custom fields, and how it words its
//! refusals. Everything that a real administrator configures in RetailCRM's settings is data here, so that a test
//! can build the account it needs (through Rust or through `POST /_control/account`).

use serde::{Deserialize, Serialize};

/// The language of error texts. Real accounts answer in either, so no client may tell errors apart by text alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English, as in the published fixtures.
    En,
    /// Russian.
    Ru,
}

/// The JSON type of `errors` in a refusal. Both occur in the wild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorsShape {
    /// An object, field path to text.
    Map,
    /// An array of texts without field paths.
    List,
}

/// A store (`site` on the wire).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Symbolic code.
    pub code: String,
    /// Name that people see.
    pub name: String,
    /// Address of the shop.
    #[serde(default)]
    pub url: String,
}

/// An entry of a simple reference list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Symbolic code.
    pub code: String,
    /// Name that people see.
    pub name: String,
    /// An inactive entry is listed; using it is not refused.
    #[serde(default = "yes")]
    pub active: bool,
    /// Taken when an API call names none (order methods, order types).
    #[serde(default)]
    pub default_for_api: bool,
}

/// An order status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Symbolic code.
    pub code: String,
    /// Name that people see.
    pub name: String,
    /// Code of its status group.
    pub group: String,
}

/// A payment type with what it may be combined with. Empty lists mean: with everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentType {
    /// Symbolic code.
    pub code: String,
    /// Name that people see.
    pub name: String,
    /// Delivery types it goes with.
    #[serde(default)]
    pub delivery_types: Vec<String>,
    /// Stores it is available in.
    #[serde(default)]
    pub sites: Vec<String>,
    /// Payment statuses it knows.
    #[serde(default)]
    pub payment_statuses: Vec<String>,
}

/// An offer of the catalogue: what a line of an order may be linked with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Internal id.
    pub id: u64,
    /// The id in the shop, `offer@id` of the catalogue file.
    pub external_id: String,
    /// The id in the warehouse.
    pub xml_id: String,
    /// Name that people see.
    pub name: String,
}

/// A user of the account; `id` is what `managerId` names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Internal id.
    pub id: u64,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Login.
    pub email: String,
    /// Whether he may be set as manager.
    #[serde(default = "yes")]
    pub is_manager: bool,
}

/// Whose field a custom field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// Orders.
    Order,
    /// Customers.
    Customer,
}

/// The type of a custom field, with the names of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// One line.
    String,
    /// Many lines.
    Text,
    /// An e-mail address.
    Email,
    /// true or false.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Numeric,
    /// `Y-m-d`.
    Date,
    /// `Y-m-d H:i:s`.
    Datetime,
    /// The code of one element.
    Dictionary,
    /// An array of element codes.
    MultiselectDictionary,
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomField {
    /// Symbolic code.
    pub code: String,
    /// Name that people see.
    pub name: String,
    /// Orders' or customers'.
    pub entity: Entity,
    /// Type of its value.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// A create without it is refused.
    #[serde(default)]
    pub required: bool,
    /// Code of its dictionary, for the two dictionary types.
    #[serde(default)]
    pub dictionary: Option<String>,
}

/// A custom dictionary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dictionary {
    /// Symbolic code.
    pub code: String,
    /// Name that people see.
    pub name: String,
    /// Its elements, in order.
    pub elements: Vec<Entry>,
}

/// One simulated account. `Default` is the demo account of the documentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// IANA zone in which every date-time of the wire is read.
    pub time_zone: String,
    /// Language of error texts.
    pub language: Language,
    /// Shape of `errors`.
    pub errors: ErrorsShape,
    /// What the key may do; a call outside of it is 403 `Access denied.`
    pub scopes: Vec<String>,
    /// `None`: the key reaches all stores (`access_full`); else the stores it reaches (`access_selective`).
    pub key_sites: Option<Vec<String>>,
    /// Longest one-line text in characters (names, phone, e-mail, ids). Inferred, not documented; `None` = no bound.
    pub longest_line: Option<usize>,
    /// Stores.
    pub sites: Vec<Site>,
    /// Order types.
    pub order_types: Vec<Entry>,
    /// Order methods.
    pub order_methods: Vec<Entry>,
    /// Status groups.
    pub status_groups: Vec<Entry>,
    /// Statuses; the first one is given to an order that names none.
    pub statuses: Vec<Status>,
    /// Payment types.
    pub payment_types: Vec<PaymentType>,
    /// Payment statuses.
    pub payment_statuses: Vec<Entry>,
    /// Delivery types.
    pub delivery_types: Vec<Entry>,
    /// Delivery services.
    pub delivery_services: Vec<Entry>,
    /// Statuses of order lines.
    pub product_statuses: Vec<Entry>,
    /// Types of prices.
    #[serde(default)]
    pub price_types: Vec<Entry>,
    /// Warehouses, `shipmentStore` on the wire.
    #[serde(default)]
    pub stores: Vec<Entry>,
    /// The catalogue.
    #[serde(default)]
    pub offers: Vec<Offer>,
    /// Users.
    pub users: Vec<User>,
    /// Custom fields of orders and customers.
    pub custom_fields: Vec<CustomField>,
    /// Custom dictionaries.
    pub dictionaries: Vec<Dictionary>,
}

impl Account {
    /// The stores that the key reaches.
    pub(super) fn reachable_sites(&self) -> Vec<&str> {
        self.sites
            .iter()
            .map(|site| site.code.as_str())
            .filter(|code| match &self.key_sites {
                None => true,
                Some(allowed) => allowed.iter().any(|site| site == code),
            })
            .collect()
    }

    /// The custom field of that code, if the account has it.
    pub(super) fn custom_field(&self, entity: Entity, code: &str) -> Option<&CustomField> {
        self.custom_fields
            .iter()
            .find(|field| field.entity == entity && field.code == code)
    }

    /// Whether the dictionary exists and has the element.
    pub(super) fn has_element(&self, dictionary: Option<&str>, element: &str) -> bool {
        self.dictionaries
            .iter()
            .filter(|known| Some(known.code.as_str()) == dictionary)
            .any(|known| known.elements.iter().any(|entry| entry.code == element))
    }

    /// The group of a status, empty when there is no such status.
    pub(super) fn status_group(&self, code: &str) -> &str {
        self.statuses
            .iter()
            .find(|status| status.code == code)
            .map_or("", |status| status.group.as_str())
    }
}

/// Whether a reference list has the code.
pub(super) fn has_code(entries: &[Entry], code: &str) -> bool {
    entries.iter().any(|entry| entry.code == code)
}

/// The code that stands in when a call names none: the flagged one, else the first.
pub(super) fn default_code(entries: &[Entry]) -> Option<&str> {
    entries
        .iter()
        .find(|entry| entry.default_for_api)
        .or_else(|| entries.first())
        .map(|entry| entry.code.as_str())
}

fn yes() -> bool {
    true
}
