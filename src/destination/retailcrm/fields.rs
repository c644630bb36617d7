//! Every field of an order and of a customer that RetailCRM lets us write, with its type. The CRM drops a field it does not know without
//! a word, so a mapping is checked against this table when the config is read (facts/retailcrm.md, sections 3.4 to 3.10).

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
    /// `true` or `false`.
    Boolean,
    /// `Y-m-d`.
    Date,
    /// `Y-m-d H:i:s` in the account's zone.
    DateTime,
    /// Several of one kind.
    List(&'static Kind),
    /// An object with these fields.
    Object(&'static [Field]),
    /// Any JSON: the account (custom fields) or a carrier (`delivery.data`) defines it, so a value keeps the type it has.
    Open,
}

/// One field of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
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
    Err(NoField::Unknown(did_you_mean(
        key,
        fields.iter().map(|field| field.name),
    )))
}

/// Fields of the gate's own, and what to set instead.
const OURS: [(&str, &str); 3] = [
    (
        "externalId",
        "leadgate derives it from the lead's id, which is what keeps an order from being made twice; remove it",
    ),
    (
        "site",
        "set destinations.site instead; it goes with every request",
    ),
    (
        "customer",
        "the customer is chosen by `customer = \"match\" | \"new\" | \"none\"` and filled by customer_fields; remove it",
    ),
];

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind }
}

const TEXT: Kind = Kind::Text;
const INTEGER: Kind = Kind::Integer;
const NUMBER: Kind = Kind::Number;
const BOOLEAN: Kind = Kind::Boolean;
const DATE: Kind = Kind::Date;
const DATE_TIME: Kind = Kind::DateTime;

/// `POST /orders/create`.
pub(super) static ORDER: &[Field] = &[
    field("number", TEXT),
    field("orderType", TEXT),
    field("orderMethod", TEXT),
    field("status", TEXT),
    field("statusComment", TEXT),
    field("statusUpdatedAt", DATE_TIME),
    field("createdAt", DATE_TIME),
    field("lastName", TEXT),
    field("firstName", TEXT),
    field("patronymic", TEXT),
    field("phone", TEXT),
    field("additionalPhone", TEXT),
    field("email", TEXT),
    field("countryIso", TEXT),
    field("call", BOOLEAN),
    field("expired", BOOLEAN),
    field("customerComment", TEXT),
    field("managerComment", TEXT),
    field("managerId", INTEGER),
    field("contact", Kind::Object(REFERENCE)),
    field("company", Kind::Object(REFERENCE)),
    field("contragent", Kind::Object(CONTRAGENT)),
    field("items", Kind::List(&Kind::Object(ITEM))),
    field("delivery", Kind::Object(DELIVERY)),
    field("payments", Kind::List(&Kind::Object(PAYMENT))),
    field("source", Kind::Object(SOURCE)),
    field("clientId", TEXT),
    field("customFields", Kind::Open),
    field("discountManualAmount", NUMBER),
    field("discountManualPercent", NUMBER),
    field("mark", INTEGER),
    field("markDatetime", DATE_TIME),
    field("weight", NUMBER),
    field("length", INTEGER),
    field("width", INTEGER),
    field("height", INTEGER),
    field("shipmentStore", TEXT),
    field("shipmentDate", DATE),
    field("shipped", BOOLEAN),
    field("marketplace", Kind::Object(MARKETPLACE)),
    field("privilegeType", TEXT),
    field("loyaltyEventDiscountId", INTEGER),
    field("applyRound", BOOLEAN),
    field("dialogId", INTEGER),
    field("isFromCart", BOOLEAN),
    field("currency", TEXT),
];

/// `POST /customers/create` and `/edit`.
pub(super) static CUSTOMER: &[Field] = &[
    field("type", TEXT),
    field("lastName", TEXT),
    field("firstName", TEXT),
    field("patronymic", TEXT),
    field("email", TEXT),
    field("phones", Kind::List(&Kind::Object(PHONE))),
    field("address", Kind::Object(ADDRESS)),
    field("birthday", DATE),
    field("sex", TEXT),
    field("createdAt", DATE_TIME),
    field("managerId", INTEGER),
    field("vip", BOOLEAN),
    field("bad", BOOLEAN),
    field("isContact", BOOLEAN),
    field("source", Kind::Object(SOURCE)),
    field("contragent", Kind::Object(CONTRAGENT)),
    field("tags", Kind::List(&TEXT)),
    field("addTags", Kind::List(&TEXT)),
    field("removeTags", Kind::List(&TEXT)),
    field("attachedTag", TEXT),
    field("browserId", TEXT),
    field("customFields", Kind::Open),
    field("personalDiscount", NUMBER),
    field("discountCardNumber", TEXT),
    field("subscribed", BOOLEAN),
    field("emailMarketingUnsubscribedAt", DATE_TIME),
    field("photoUrl", TEXT),
];

const REFERENCE: &[Field] = &[
    field("id", INTEGER),
    field("externalId", TEXT),
    field("site", TEXT),
];

const PHONE: &[Field] = &[field("number", TEXT)];

const SOURCE: &[Field] = &[
    field("source", TEXT),
    field("medium", TEXT),
    field("campaign", TEXT),
    field("keyword", TEXT),
    field("content", TEXT),
];

const MARKETPLACE: &[Field] = &[field("code", TEXT), field("orderId", TEXT)];

const CONTRAGENT: &[Field] = &[
    field("contragentType", TEXT),
    field("legalName", TEXT),
    field("legalAddress", TEXT),
    field("INN", TEXT),
    field("OKPO", TEXT),
    field("KPP", TEXT),
    field("OGRN", TEXT),
    field("OGRNIP", TEXT),
    field("certificateNumber", TEXT),
    field("certificateDate", DATE),
    field("BIK", TEXT),
    field("bank", TEXT),
    field("bankAddress", TEXT),
    field("corrAccount", TEXT),
    field("bankAccount", TEXT),
];

const ITEM: &[Field] = &[
    field("initialPrice", NUMBER),
    field("productName", TEXT),
    field("quantity", NUMBER),
    field("discountManualAmount", NUMBER),
    field("discountManualPercent", NUMBER),
    field("purchasePrice", NUMBER),
    field("vatRate", TEXT),
    field("createdAt", DATE_TIME),
    field("status", TEXT),
    field("comment", TEXT),
    field("ordering", INTEGER),
    field("priceType", Kind::Object(&[field("code", TEXT)])),
    field(
        "offer",
        Kind::Object(&[
            field("id", INTEGER),
            field("externalId", TEXT),
            field("xmlId", TEXT),
        ]),
    ),
    field(
        "properties",
        Kind::List(&Kind::Object(&[
            field("code", TEXT),
            field("name", TEXT),
            field("value", TEXT),
        ])),
    ),
    field(
        "externalIds",
        Kind::List(&Kind::Object(&[field("code", TEXT), field("value", TEXT)])),
    ),
    field("externalId", TEXT),
    field(
        "markingObjects",
        Kind::List(&Kind::Object(&[
            field("code", TEXT),
            field("provider", TEXT),
        ])),
    ),
];

const DELIVERY: &[Field] = &[
    field("code", TEXT),
    field("cost", NUMBER),
    field("netCost", NUMBER),
    field("vatRate", TEXT),
    field("date", DATE),
    field(
        "time",
        Kind::Object(&[
            field("from", TEXT),
            field("to", TEXT),
            field("custom", TEXT),
        ]),
    ),
    field(
        "service",
        Kind::Object(&[
            field("code", TEXT),
            field("name", TEXT),
            field("active", BOOLEAN),
        ]),
    ),
    field("address", Kind::Object(ADDRESS)),
    field("data", Kind::Open),
];

const ADDRESS: &[Field] = &[
    field("text", TEXT),
    field("index", TEXT),
    field("countryIso", TEXT),
    field("region", TEXT),
    field("regionId", INTEGER),
    field("city", TEXT),
    field("cityId", INTEGER),
    field("cityType", TEXT),
    field("street", TEXT),
    field("streetId", INTEGER),
    field("streetType", TEXT),
    field("building", TEXT),
    field("flat", TEXT),
    field("floor", INTEGER),
    field("block", INTEGER),
    field("house", TEXT),
    field("housing", TEXT),
    field("metro", TEXT),
    field("notes", TEXT),
    field("externalId", TEXT),
    field("name", TEXT),
];

const PAYMENT: &[Field] = &[
    field("externalId", TEXT),
    field("type", TEXT),
    field("status", TEXT),
    field("amount", NUMBER),
    field("paidAt", DATE_TIME),
    field("comment", TEXT),
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
            matches!(find(PAYMENT, "externalId"), Ok(Kind::Text)),
            "a payment's own is the user's business"
        );
    }
}
