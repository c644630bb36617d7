//! The tables of the documented fields of an order and of a customer (RetailCRM API v5).

use crate::simulator::schema::Field;
use crate::simulator::schema::Shape::{
    Boolean, Date, DateTime, Email, Id, Integer, Keyed, Line, List, Map, Number, Object, OneOf,
    Text, Time,
};
use crate::simulator::schema::field;

const REFERENCE: &[Field] = &[field("id", Integer), field("externalId", Id)];

const SOURCE: &[Field] = &[
    field("source", Line),
    field("medium", Line),
    field("campaign", Line),
    field("keyword", Line),
    field("content", Line),
];

const ADDRESS: &[Field] = &[
    field("text", Text),
    field("index", Line),
    field("countryIso", Line),
    field("region", Line),
    field("regionId", Integer),
    field("city", Line),
    field("cityId", Integer),
    field("cityType", Line),
    field("street", Line),
    field("streetId", Integer),
    field("streetType", Line),
    field("building", Line),
    field("flat", Line),
    field("floor", Integer),
    field("block", Integer),
    field("house", Line),
    field("housing", Line),
    field("metro", Line),
    field("notes", Text),
    field("externalId", Id),
    field("name", Line),
];

const CONTRAGENT: &[Field] = &[
    field(
        "contragentType",
        OneOf(&["individual", "legal-entity", "enterpreneur"]),
    ),
    field("legalName", Line),
    field("legalAddress", Text),
    field("INN", Line),
    field("OKPO", Line),
    field("KPP", Line),
    field("OGRN", Line),
    field("OGRNIP", Line),
    field("certificateNumber", Line),
    field("certificateDate", Date),
    field("BIK", Line),
    field("bank", Line),
    field("bankAddress", Text),
    field("corrAccount", Line),
    field("bankAccount", Line),
];

const ITEM: &[Field] = &[
    field("initialPrice", Number),
    field("productName", Line),
    field("quantity", Number),
    field("discountManualAmount", Number),
    field("discountManualPercent", Number),
    field("purchasePrice", Number),
    field("vatRate", Line),
    field("createdAt", DateTime),
    field("status", Line),
    field("comment", Text),
    field("ordering", Integer),
    field("priceType", Object(&[field("code", Line)])),
    field(
        "offer",
        Object(&[
            field("id", Integer),
            field("externalId", Id),
            field("xmlId", Line),
        ]),
    ),
    field(
        "properties",
        Keyed(
            "code",
            &[
                field("code", Line),
                field("name", Line),
                field("value", Text),
            ],
        ),
    ),
    field(
        "externalIds",
        List(&Object(&[field("code", Line), field("value", Id)])),
    ),
    field("externalId", Id),
    field(
        "markingObjects",
        List(&Object(&[field("code", Line), field("provider", Line)])),
    ),
];

const PAYMENT: &[Field] = &[
    field("externalId", Id),
    field("type", Line),
    field("status", Line),
    field("amount", Number),
    field("paidAt", DateTime),
    field("comment", Text),
];

const DELIVERY: &[Field] = &[
    field("code", Line),
    field("cost", Number),
    field("netCost", Number),
    field("vatRate", Line),
    field("date", Date),
    field(
        "time",
        Object(&[
            field("from", Time),
            field("to", Time),
            field("custom", Line),
        ]),
    ),
    field(
        "service",
        Object(&[
            field("code", Line),
            field("name", Line),
            field("active", Boolean),
        ]),
    ),
    field("address", Object(ADDRESS)),
    field("data", Map),
];

/// `customer` inside an order.
const ORDER_CUSTOMER: &[Field] = &[
    field("id", Integer),
    field("externalId", Id),
    field("site", Line),
    field("browserId", Line),
    field("type", OneOf(&["customer", "customer_corporate"])),
    field("nickName", Line),
];

/// What `order` may hold.
pub(super) const ORDER: &[Field] = &[
    field("externalId", Id),
    field("number", Id),
    field("site", Line),
    field("orderType", Line),
    field("orderMethod", Line),
    field("status", Line),
    field("statusComment", Text),
    field("statusUpdatedAt", DateTime),
    field("createdAt", DateTime),
    field("firstName", Line),
    field("lastName", Line),
    field("patronymic", Line),
    field("phone", Line),
    field("additionalPhone", Line),
    field("email", Email),
    field("countryIso", Line),
    field("call", Boolean),
    field("expired", Boolean),
    field("customerComment", Text),
    field("managerComment", Text),
    field("managerId", Integer),
    field("customer", Object(ORDER_CUSTOMER)),
    field("contact", Object(REFERENCE)),
    field("company", Object(REFERENCE)),
    field("contragent", Object(CONTRAGENT)),
    field("items", List(&Object(ITEM))),
    field("delivery", Object(DELIVERY)),
    field("payments", List(&Object(PAYMENT))),
    field("source", Object(SOURCE)),
    field("clientId", Line),
    field("customFields", Map),
    field("discountManualAmount", Number),
    field("discountManualPercent", Number),
    field("mark", Integer),
    field("markDatetime", DateTime),
    field("weight", Number),
    field("length", Integer),
    field("width", Integer),
    field("height", Integer),
    field("shipmentStore", Line),
    field("shipmentDate", Date),
    field("shipped", Boolean),
    field(
        "marketplace",
        Object(&[field("code", Line), field("orderId", Id)]),
    ),
    field(
        "privilegeType",
        OneOf(&[
            "none",
            "personal_discount",
            "loyalty_level",
            "loyalty_event",
        ]),
    ),
    field("loyaltyEventDiscountId", Integer),
    field("applyRound", Boolean),
    field("dialogId", Integer),
    field("isFromCart", Boolean),
    field("currency", Line),
];

/// What `customer` may hold.
pub(super) const CUSTOMER: &[Field] = &[
    field("externalId", Id),
    field("type", OneOf(&["customer", "customer_corporate"])),
    field("firstName", Line),
    field("lastName", Line),
    field("patronymic", Line),
    field("email", Email),
    field("phones", List(&Object(&[field("number", Line)]))),
    field("address", Object(ADDRESS)),
    field("birthday", Date),
    field("sex", OneOf(&["male", "female"])),
    field("createdAt", DateTime),
    field("managerId", Integer),
    field("vip", Boolean),
    field("bad", Boolean),
    field("isContact", Boolean),
    field("site", Line),
    field("source", Object(SOURCE)),
    field("contragent", Object(CONTRAGENT)),
    field("tags", List(&Line)),
    field("addTags", List(&Line)),
    field("removeTags", List(&Line)),
    field("attachedTag", Line),
    field("browserId", Line),
    field("customFields", Map),
    field("personalDiscount", Number),
    field("discountCardNumber", Line),
    field("subscribed", Boolean),
    field("emailMarketingUnsubscribedAt", DateTime),
    field("photoUrl", Line),
];
