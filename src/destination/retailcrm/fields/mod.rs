//! Every field of an order and of a customer that RetailCRM lets us write, with its type. The CRM drops a field it does not know without
//! a word, so a mapping is checked against this table when the config is read (facts/retailcrm.md, sections 3.4 to 3.10).

mod tables;

pub(super) use tables::{CUSTOMER, ORDER};

use crate::destination::retailcrm::suggest::did_you_mean;

/// What a field takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Text, or a code.
    Text,
    /// A whole number.
    Integer,
    /// A decimal number.
    Number,
    /// A whole number from one to another.
    Between(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Two capital letters, ISO 3166-1.
    Country,
    /// `none` or a percentage.
    Vat,
    /// The code of a line's property: letters, digits, `_`, `-`, `:`.
    PropertyCode,
    /// `H:i`.
    Time,
    /// `Y-m-d`.
    Date,
    /// `Y-m-d H:i:s` in the account's zone.
    DateTime,
    /// Several of one kind.
    List(&'static Kind),
    /// An object with these fields.
    Object(&'static [Field]),
    /// Fields that the account defines: a value keeps the type it has, or is given one, `{ type = "date", value = "..." }`.
    Custom,
    /// Any JSON: a carrier defines it (`delivery.data`), so a value keeps the type it has.
    Open,
}

/// Whether an element of a list is one at all without this field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// It is.
    No,
    /// It needs at least one of the fields marked so.
    Either,
    /// It needs this one.
    Yes,
}

/// One field of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    need: Need,
}

/// Why a key of a mapping names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoField {
    /// The gate fills it; the text says how to steer that.
    Ours(&'static str),
    /// The CRM has no such field; perhaps this one was meant.
    Unknown(Option<&'static str>),
}

/// The field of an object by its key.
pub(super) fn find(fields: &'static [Field], key: &str) -> Result<Kind, NoField> {
    if let Some(field) = fields.iter().find(|field| field.name == key) {
        return Ok(field.kind);
    }
    let is_whole = std::ptr::eq(fields, ORDER) || std::ptr::eq(fields, CUSTOMER);
    if let Some((_, remedy)) = OURS.iter().find(|(name, _)| is_whole && *name == key) {
        return Err(NoField::Ours(remedy));
    }
    if std::ptr::eq(fields, tables::ORDER_CUSTOMER) && ["id", "externalId", "site"].contains(&key) {
        return Err(NoField::Ours(
            "the gate finds or makes the customer, by `customer = \"match\" | \"new\"`; remove it",
        ));
    }
    Err(NoField::Unknown(did_you_mean(
        key,
        fields.iter().map(|field| field.name),
    )))
}

/// What an element with these fields lacks to be one: a line needs an offer or a name, a payment its type. None when it lacks nothing.
pub(super) fn lacks(fields: &[Field], has: impl Fn(&str) -> bool) -> Option<String> {
    let needed = fields
        .iter()
        .find(|field| field.need == Need::Yes && !has(field.name));
    if let Some(field) = needed {
        return Some(field.name.to_owned());
    }
    let either = || fields.iter().filter(|field| field.need == Need::Either);
    let names: Vec<&str> = either().map(|field| field.name).collect();
    (!names.is_empty() && !either().any(|field| has(field.name))).then(|| names.join(" or "))
}

/// The fields of an element of an order's or a customer's list.
pub(super) fn of_list(name: &str) -> Option<&'static [Field]> {
    let field = ORDER
        .iter()
        .chain(CUSTOMER)
        .find(|field| field.name == name)?;
    match field.kind {
        Kind::List(Kind::Object(fields)) => Some(fields),
        _ => None,
    }
}

/// The kind that a custom field's declared type stands for, by the API's names (3.9).
pub(super) fn custom_kind(word: &str) -> Option<Kind> {
    let known = CUSTOM_TYPES.iter().find(|(name, _)| *name == word);
    known.map(|(_, kind)| *kind)
}

/// The types of custom fields and what they take.
pub(super) const CUSTOM_TYPES: [(&str, Kind); 10] = [
    ("string", Kind::Text),
    ("text", Kind::Text),
    ("email", Kind::Text),
    ("boolean", Kind::Boolean),
    ("integer", Kind::Integer),
    ("numeric", Kind::Number),
    ("date", Kind::Date),
    ("datetime", Kind::DateTime),
    ("dictionary", Kind::Text),
    ("multiselect_dictionary", Kind::List(&Kind::Text)),
];

/// Fields of the gate's own, and what to set instead.
const OURS: [(&str, &str); 2] = [
    (
        "externalId",
        "leadgate derives it from the lead's id, which is what keeps an order from being made twice; remove it",
    ),
    (
        "site",
        "set destinations.site instead; it goes with every request",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_field_gets_the_one_that_was_meant() {
        assert_eq!(
            find(ORDER, "managerCommet").expect_err("unknown"),
            NoField::Unknown(Some("managerComment"))
        );
        assert_eq!(
            find(ORDER, "manager_comment").expect_err("unknown"),
            NoField::Unknown(Some("managerComment"))
        );
        assert_eq!(
            find(ORDER, "weather").expect_err("unknown"),
            NoField::Unknown(None)
        );
    }

    #[test]
    fn fields_of_the_gate_are_refused_with_their_remedy() {
        assert!(matches!(find(ORDER, "externalId"), Err(NoField::Ours(_))));
        assert!(matches!(find(CUSTOMER, "site"), Err(NoField::Ours(_))));
        assert!(
            matches!(find(tables::PAYMENT, "externalId"), Ok(Kind::Text)),
            "a payment's own is the user's business"
        );
    }

    #[test]
    fn an_element_is_known_by_what_it_cannot_do_without() {
        let lacks = |fields, has: &[&str]| lacks(fields, |name| has.contains(&name));
        assert_eq!(
            lacks(tables::ITEM, &["quantity"]).as_deref(),
            Some("productName or offer")
        );
        assert_eq!(lacks(tables::ITEM, &["offer"]), None);
        assert_eq!(lacks(tables::PAYMENT, &["amount"]).as_deref(), Some("type"));
        assert_eq!(lacks(ORDER, &[]), None);
    }
}
