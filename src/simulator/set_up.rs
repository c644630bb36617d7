//! Methods that change how the account is set up: custom fields, dictionaries, entries of reference lists. What has no effect here (display
//! areas, view modes, prices) is taken and not kept. Where nobody knows what the CRM does, it takes the stricter way: a code cannot be
//! changed, a field keeps its type, and the elements of a dictionary are those of the last write.

use serde_json::{Map, Value, json};

use crate::simulator::account::{
    Account, CustomField, Dictionary, Entity, Entry, FieldType, PaymentType, Status, has_code,
};
use crate::simulator::answer::{Answer, Complaint, Refusal};
use crate::simulator::call::Call;
use crate::simulator::reference::entity_name;
use crate::simulator::schema::{Check, Field, Shape, field};
use crate::simulator::texts::Text;
use crate::simulator::world::World;

const CUSTOM_FIELD: &[Field] = &[
    field("name", Shape::Line),
    field("code", Shape::Line),
    field("type", Shape::Line),
    field("required", Shape::Boolean),
    field("dictionary", Shape::Line),
    field("ordering", Shape::Integer),
    field("inFilter", Shape::Boolean),
    field("inList", Shape::Boolean),
    field("inGroupActions", Shape::Boolean),
    field("displayArea", Shape::Line),
    field("viewMode", Shape::Line),
    field("viewModeMobile", Shape::Line),
];

const DICTIONARY: &[Field] = &[
    field("name", Shape::Line),
    field("code", Shape::Line),
    field("elements", Shape::List(&Shape::Object(ELEMENT))),
];

const ELEMENT: &[Field] = &[
    field("name", Shape::Line),
    field("code", Shape::Line),
    field("ordering", Shape::Integer),
];

const REFERENCE: &[Field] = &[
    field("name", Shape::Line),
    field("code", Shape::Line),
    field("active", Shape::Boolean),
    field("ordering", Shape::Integer),
    field("defaultForApi", Shape::Boolean),
    field("defaultForCrm", Shape::Boolean),
    field("group", Shape::Line),
    field("deliveryTypes", Shape::List(&Shape::Line)),
    field("sites", Shape::List(&Shape::Line)),
];

/// What is sent, member by member, and what is wrong with it.
struct Sent {
    members: Map<String, Value>,
    complaints: Vec<Complaint>,
}

impl Sent {
    fn read(world: &World, call: &Call, name: &str, fields: &[Field]) -> Result<Self, Refusal> {
        let Value::Object(sent) = call.json(name)? else {
            return Err(Refusal::missing(name));
        };
        let mut check = Check::new(world.setup.account.longest_line);
        let members = check.object(fields, &sent, "");
        Ok(Self {
            members,
            complaints: check.complaints,
        })
    }

    fn text(&self, name: &str) -> Option<String> {
        let text = self.members.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.members.get(name).and_then(Value::as_bool)
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        let texts = self.members.get(name).and_then(Value::as_array)?;
        let texts = texts.iter().filter_map(Value::as_str);
        Some(texts.map(str::to_owned).collect())
    }

    /// A text that a new entry must have.
    fn needed(&mut self, name: &str) -> String {
        let text = self.text(name);
        if text.is_none() {
            self.complain(name, Text::Blank);
        }
        text.unwrap_or_default()
    }

    fn complain(&mut self, name: &str, text: Text) {
        if !self.complaints.iter().any(|one| one.path == name) {
            self.complaints.push(Complaint::new(name, text));
        }
    }

    /// An entry keeps its code.
    fn keep_code(&mut self, code: &str) {
        if self.text("code").is_some_and(|sent| sent != code) {
            self.complain("code", Text::Invalid);
        }
    }

    fn accepted(&mut self) -> Result<(), Refusal> {
        match std::mem::take(&mut self.complaints) {
            none if none.is_empty() => Ok(()),
            complaints => Err(Refusal::about(Text::EntityFormat, complaints)),
        }
    }
}

/// `custom-fields/{entity}/create`.
pub(super) fn create_field(
    world: &mut World,
    call: &Call,
    entity: &str,
) -> Result<Answer, Refusal> {
    let entity = entity_of(entity)?;
    let mut sent = Sent::read(world, call, "customField", CUSTOM_FIELD)?;
    let account = &mut world.setup.account;
    let (code, name) = (sent.needed("code"), sent.needed("name"));
    let kind = sent.needed("type");
    let kind: Option<FieldType> = serde_json::from_value(Value::String(kind)).ok();
    if kind.is_none() {
        sent.complain("type", Text::Invalid);
    }
    if account.custom_field(entity, &code).is_some() {
        sent.complain("code", Text::Invalid);
    }
    let dictionary = sent.text("dictionary");
    let is_list = matches!(
        kind,
        Some(FieldType::Dictionary | FieldType::MultiselectDictionary)
    );
    if is_list && !has_dictionary(account, dictionary.as_deref()) {
        sent.complain("dictionary", Text::Invalid);
    }
    sent.accepted()?;
    if let Some(kind) = kind {
        account.custom_fields.push(CustomField {
            code: code.clone(),
            name,
            entity,
            kind,
            required: sent.flag("required").unwrap_or(false),
            dictionary: dictionary.filter(|_| is_list),
        });
    }
    Ok(Answer::created(json!({ "code": code })))
}

/// `custom-fields/{entity}/{code}/edit`.
pub(super) fn edit_field(
    world: &mut World,
    call: &Call,
    (entity, code): (&str, &str),
) -> Result<Answer, Refusal> {
    let entity = entity_of(entity)?;
    let mut sent = Sent::read(world, call, "customField", CUSTOM_FIELD)?;
    let fields = &mut world.setup.account.custom_fields;
    let field = fields
        .iter_mut()
        .find(|field| field.entity == entity && field.code == code)
        .ok_or_else(Refusal::not_found)?;
    sent.keep_code(code);
    if sent
        .text("type")
        .is_some_and(|kind| json!(kind) != json!(field.kind))
    {
        sent.complain("type", Text::Invalid);
    }
    sent.accepted()?;
    if let Some(name) = sent.text("name") {
        field.name = name;
    }
    if let Some(required) = sent.flag("required") {
        field.required = required;
    }
    Ok(Answer::ok(json!({ "code": code })))
}

/// `custom-fields/dictionaries/create`.
pub(super) fn create_dictionary(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let mut sent = Sent::read(world, call, "customDictionary", DICTIONARY)?;
    let account = &mut world.setup.account;
    let (code, name) = (sent.needed("code"), sent.needed("name"));
    if has_dictionary(account, Some(&code)) {
        sent.complain("code", Text::Invalid);
    }
    let elements = elements(&mut sent).unwrap_or_default();
    sent.accepted()?;
    account.dictionaries.push(Dictionary {
        code: code.clone(),
        name,
        elements,
    });
    Ok(Answer::created(json!({ "code": code })))
}

/// `custom-fields/dictionaries/{code}/edit`.
pub(super) fn edit_dictionary(
    world: &mut World,
    call: &Call,
    code: &str,
) -> Result<Answer, Refusal> {
    let mut sent = Sent::read(world, call, "customDictionary", DICTIONARY)?;
    let mut dictionaries = world.setup.account.dictionaries.iter_mut();
    let dictionary = dictionaries
        .find(|known| known.code == code)
        .ok_or_else(Refusal::not_found)?;
    sent.keep_code(code);
    let elements = elements(&mut sent);
    sent.accepted()?;
    if let Some(name) = sent.text("name") {
        dictionary.name = name;
    }
    if let Some(elements) = elements {
        dictionary.elements = elements;
    }
    Ok(Answer::ok(json!({ "code": code })))
}

/// `reference/{list}/{code}/edit`, which makes the entry when there is none.
pub(super) fn reference(
    world: &mut World,
    call: &Call,
    (list, code): (&str, &str),
) -> Result<Answer, Refusal> {
    let member = match list {
        "order-methods" => "orderMethod",
        "order-types" => "orderType",
        "statuses" => "status",
        "payment-types" => "paymentType",
        "payment-statuses" => "paymentStatus",
        "delivery-types" => "deliveryType",
        "delivery-services" => "deliveryService",
        "product-statuses" => "productStatus",
        _ => return Err(Refusal::new(404, Text::MethodNotFound)),
    };
    let mut sent = Sent::read(world, call, member, REFERENCE)?;
    sent.keep_code(code);
    let account = &mut world.setup.account;
    match list {
        "statuses" => status(account, &mut sent, code)?,
        "payment-types" => payment_type(account, &mut sent, code)?,
        "order-methods" => entry(&mut account.order_methods, &mut sent, code)?,
        "order-types" => entry(&mut account.order_types, &mut sent, code)?,
        "payment-statuses" => entry(&mut account.payment_statuses, &mut sent, code)?,
        "delivery-types" => entry(&mut account.delivery_types, &mut sent, code)?,
        "delivery-services" => entry(&mut account.delivery_services, &mut sent, code)?,
        _ => entry(&mut account.product_statuses, &mut sent, code)?,
    }
    Ok(Answer::ok(json!({})))
}

fn entry(entries: &mut Vec<Entry>, sent: &mut Sent, code: &str) -> Result<(), Refusal> {
    let at = entries.iter().position(|known| known.code == code);
    let at = match at {
        Some(at) => {
            sent.accepted()?;
            at
        }
        None => {
            let name = sent.needed("name");
            sent.accepted()?;
            entries.push(Entry {
                code: code.to_owned(),
                name,
                active: true,
                default_for_api: false,
            });
            entries.len() - 1
        }
    };
    let default = sent.flag("defaultForApi");
    for (index, entry) in entries.iter_mut().enumerate() {
        if index == at {
            entry.name = sent.text("name").unwrap_or_else(|| entry.name.clone());
            entry.active = sent.flag("active").unwrap_or(entry.active);
            entry.default_for_api = default.unwrap_or(entry.default_for_api);
        } else if default == Some(true) {
            // There is one default.
            entry.default_for_api = false;
        }
    }
    Ok(())
}

fn status(account: &mut Account, sent: &mut Sent, code: &str) -> Result<(), Refusal> {
    if let Some(group) = sent.text("group")
        && !has_code(&account.status_groups, &group)
    {
        sent.complain("group", Text::Unknown("StatusGroup", "code", group));
    }
    let known = account.statuses.iter_mut().find(|one| one.code == code);
    let Some(known) = known else {
        let (name, group) = (sent.needed("name"), sent.needed("group"));
        sent.accepted()?;
        let code = code.to_owned();
        account.statuses.push(Status { code, name, group });
        return Ok(());
    };
    sent.accepted()?;
    known.name = sent.text("name").unwrap_or_else(|| known.name.clone());
    known.group = sent.text("group").unwrap_or_else(|| known.group.clone());
    Ok(())
}

fn payment_type(account: &mut Account, sent: &mut Sent, code: &str) -> Result<(), Refusal> {
    let mut types = account.payment_types.iter_mut();
    let Some(known) = types.find(|one| one.code == code) else {
        let name = sent.needed("name");
        sent.accepted()?;
        account.payment_types.push(PaymentType {
            code: code.to_owned(),
            name,
            delivery_types: sent.texts("deliveryTypes").unwrap_or_default(),
            sites: sent.texts("sites").unwrap_or_default(),
            payment_statuses: sent.texts("paymentStatuses").unwrap_or_default(),
        });
        return Ok(());
    };
    sent.accepted()?;
    known.name = sent.text("name").unwrap_or_else(|| known.name.clone());
    if let Some(types) = sent.texts("deliveryTypes") {
        known.delivery_types = types;
    }
    if let Some(sites) = sent.texts("sites") {
        known.sites = sites;
    }
    if let Some(statuses) = sent.texts("paymentStatuses") {
        known.payment_statuses = statuses;
    }
    Ok(())
}

/// The elements that are sent, in their order; `None` when none are named at all.
fn elements(sent: &mut Sent) -> Option<Vec<Entry>> {
    let mut rows = sent.members.get("elements")?.as_array()?.clone();
    rows.sort_by_key(|row| row["ordering"].as_i64().unwrap_or(i64::MAX));
    let mut elements: Vec<Entry> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let member = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let (code, name) = (member("code"), member("name"));
        for (member, is_missing) in [("code", code.is_empty()), ("name", name.is_empty())] {
            if is_missing {
                sent.complain(&format!("elements[{index}].{member}"), Text::Blank);
            }
        }
        if has_code(&elements, &code) {
            sent.complain(&format!("elements[{index}].code"), Text::Invalid);
        }
        elements.push(Entry {
            code,
            name,
            active: true,
            default_for_api: false,
        });
    }
    Some(elements)
}

fn has_dictionary(account: &Account, code: Option<&str>) -> bool {
    let mut known = account.dictionaries.iter();
    known.any(|dictionary| Some(dictionary.code.as_str()) == code)
}

/// The entities whose custom fields are simulated; others are no methods here.
fn entity_of(name: &str) -> Result<Entity, Refusal> {
    [Entity::Order, Entity::Customer]
        .into_iter()
        .find(|entity| entity_name(*entity) == name)
        .ok_or(Refusal::new(404, Text::MethodNotFound))
}
