//! The tables: orders (3.4), lines (3.5), delivery, payments and addresses (3.6), customers (3.10).

use crate::destination::retailcrm::fields::{Field, Kind, Need};

const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        need: Need::No,
    }
}

/// A field without which the element is none.
const fn needed(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        need: Need::Yes,
    }
}

/// One of the fields of which the element needs one.
const fn either(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        need: Need::Either,
    }
}

const TEXT: Kind = Kind::Text;
const INTEGER: Kind = Kind::Integer;
const NUMBER: Kind = Kind::Number;
const BOOLEAN: Kind = Kind::Boolean;
const DATE: Kind = Kind::Date;
const DATE_TIME: Kind = Kind::DateTime;

/// `POST /orders/create`.
pub(in crate::destination::retailcrm) static ORDER: &[Field] = &[
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
    field("countryIso", Kind::Country),
    field("call", BOOLEAN),
    field("expired", BOOLEAN),
    field("customerComment", TEXT),
    field("managerComment", TEXT),
    field("managerId", INTEGER),
    field("customer", Kind::Object(ORDER_CUSTOMER)),
    field("contact", Kind::Object(REFERENCE)),
    field("company", Kind::Object(REFERENCE)),
    field("contragent", Kind::Object(CONTRAGENT)),
    field("items", Kind::List(&Kind::Object(ITEM))),
    field("delivery", Kind::Object(DELIVERY)),
    field("payments", Kind::List(&Kind::Object(PAYMENT))),
    field("source", Kind::Object(SOURCE)),
    field("clientId", TEXT),
    field("customFields", Kind::Custom),
    field("discountManualAmount", NUMBER),
    field("discountManualPercent", NUMBER),
    field("mark", Kind::Between(0, 10)),
    field("markDatetime", DATE_TIME),
    field("weight", NUMBER),
    field("length", INTEGER),
    field("width", INTEGER),
    field("height", INTEGER),
    field("shipmentStore", TEXT),
    field("shipmentDate", DATE),
    field("shipped", BOOLEAN),
    field("marketplace", Kind::Object(MARKETPLACE)),
    field(
        "privilegeType",
        Kind::OneOf(&[
            "none",
            "personal_discount",
            "loyalty_level",
            "loyalty_event",
        ]),
    ),
    field("loyaltyEventDiscountId", INTEGER),
    field("applyRound", BOOLEAN),
    field("dialogId", INTEGER),
    field("isFromCart", BOOLEAN),
    field("currency", TEXT),
];

/// `POST /customers/create` and `/edit`.
pub(in crate::destination::retailcrm) static CUSTOMER: &[Field] = &[
    field("type", Kind::OneOf(&["customer", "customer_corporate"])),
    field("lastName", TEXT),
    field("firstName", TEXT),
    field("patronymic", TEXT),
    field("email", TEXT),
    field("phones", Kind::List(&Kind::Object(PHONE))),
    field("address", Kind::Object(ADDRESS)),
    field("birthday", DATE),
    field("sex", Kind::OneOf(&["male", "female"])),
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
    field("customFields", Kind::Custom),
    field("personalDiscount", NUMBER),
    field("discountCardNumber", TEXT),
    field("subscribed", BOOLEAN),
    field("emailMarketingUnsubscribedAt", DATE_TIME),
    field("photoUrl", TEXT),
];

/// What an order may say of a customer whom the CRM makes itself (3.7); the ids are the gate's to set.
pub(super) static ORDER_CUSTOMER: &[Field] = &[
    field("browserId", TEXT),
    field("type", Kind::OneOf(&["customer", "customer_corporate"])),
    field("nickName", TEXT),
];

const REFERENCE: &[Field] = &[
    field("id", INTEGER),
    field("externalId", TEXT),
    field("site", TEXT),
];

const PHONE: &[Field] = &[needed("number", TEXT)];

const SOURCE: &[Field] = &[
    field("source", TEXT),
    field("medium", TEXT),
    field("campaign", TEXT),
    field("keyword", TEXT),
    field("content", TEXT),
];

const MARKETPLACE: &[Field] = &[field("code", TEXT), field("orderId", TEXT)];

const CONTRAGENT: &[Field] = &[
    field(
        "contragentType",
        Kind::OneOf(&["individual", "legal-entity", "enterpreneur"]),
    ),
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

pub(super) const ITEM: &[Field] = &[
    field("initialPrice", NUMBER),
    either("productName", TEXT),
    field("quantity", NUMBER),
    field("discountManualAmount", NUMBER),
    field("discountManualPercent", NUMBER),
    field("purchasePrice", NUMBER),
    field("vatRate", Kind::Vat),
    field("createdAt", DATE_TIME),
    field("status", TEXT),
    field("comment", TEXT),
    field("ordering", INTEGER),
    field("priceType", Kind::Object(&[field("code", TEXT)])),
    either(
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
            field("code", Kind::PropertyCode),
            needed("name", TEXT),
            needed("value", TEXT),
        ])),
    ),
    field(
        "externalIds",
        Kind::List(&Kind::Object(&[
            needed("code", TEXT),
            needed("value", TEXT),
        ])),
    ),
    field("externalId", TEXT),
    field(
        "markingObjects",
        Kind::List(&Kind::Object(&[
            needed("code", TEXT),
            field("provider", TEXT),
        ])),
    ),
];

const DELIVERY: &[Field] = &[
    field("code", TEXT),
    field("cost", NUMBER),
    field("netCost", NUMBER),
    field("vatRate", Kind::Vat),
    field("date", DATE),
    field(
        "time",
        Kind::Object(&[
            field("from", Kind::Time),
            field("to", Kind::Time),
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
    field("countryIso", Kind::Country),
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

pub(super) const PAYMENT: &[Field] = &[
    field("externalId", TEXT),
    needed("type", TEXT),
    field("status", TEXT),
    field("amount", NUMBER),
    field("paidAt", DATE_TIME),
    field("comment", TEXT),
];
