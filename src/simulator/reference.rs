//! Read-only methods about the account itself: versions, credentials, settings, reference lists, custom fields,
//! dictionaries, users; and `notifications/send`, which only says that it was taken.

use serde_json::{Map, Value, json};

use crate::simulator::account::{Account, CustomField, Dictionary, Entity, Entry, User};
use crate::simulator::answer::{Answer, Complaint, Refusal};
use crate::simulator::call::Call;
use crate::simulator::lists::page_of;
use crate::simulator::operation::Operation;
use crate::simulator::texts::Text;
use crate::simulator::world::World;

pub(super) fn answer(world: &World, operation: &Operation, call: &Call) -> Result<Answer, Refusal> {
    let account = &world.setup.account;
    match operation {
        Operation::ApiVersions => Ok(Answer::ok(json!({"versions": ["3.0", "4.0", "5.0"]}))),
        Operation::Credentials => Ok(Answer::ok(credentials(account))),
        Operation::SystemInfo => Ok(Answer::ok(json!({
            "systemVersion": "simulated",
            "publicUrl": world.url,
            "technicalUrl": world.url,
        }))),
        Operation::Settings => Ok(Answer::ok(settings(account))),
        Operation::Reference(list) => reference(account, list),
        Operation::CustomFields => custom_fields(account, call),
        Operation::CustomField(entity, code) => account
            .custom_fields
            .iter()
            .find(|field| entity_name(field.entity) == entity && field.code == *code)
            .map(|field| Answer::ok(json!({"customField": show_field(field, 0)})))
            .ok_or_else(Refusal::not_found),
        Operation::Dictionaries => {
            let shown = account.dictionaries.iter().map(show_dictionary);
            let shown = filtered(call, &["code", "name"], shown)?;
            let (pagination, rows) = page_of(call, shown)?;
            Ok(Answer::ok(
                json!({"pagination": pagination, "customDictionaries": rows}),
            ))
        }
        Operation::Dictionary(code) => account
            .dictionaries
            .iter()
            .find(|known| known.code == *code)
            .map(|known| Answer::ok(json!({"customDictionary": show_dictionary(known)})))
            .ok_or_else(Refusal::not_found),
        Operation::Users => {
            let (pagination, rows) = page_of(call, account.users.iter().map(show_user).collect())?;
            Ok(Answer::ok(json!({"pagination": pagination, "users": rows})))
        }
        Operation::User(id) => account
            .users
            .iter()
            .find(|user| user.id.to_string() == *id)
            .map(|user| Answer::ok(json!({"user": show_user(user)})))
            .ok_or_else(Refusal::not_found),
        Operation::Notify => notify(call),
        // The methods about customers and orders are performed elsewhere.
        _ => Err(Refusal::new(404, Text::MethodNotFound)),
    }
}

fn credentials(account: &Account) -> Value {
    let mut shown = json!({"credentials": [], "scopes": account.scopes});
    match &account.key_sites {
        None => shown["siteAccess"] = json!("access_full"),
        Some(sites) => {
            shown["siteAccess"] = json!("access_selective");
            shown["sitesAvailable"] = json!(sites);
        }
    }
    shown
}

fn settings(account: &Account) -> Value {
    json!({"settings": {
        "default_currency": {"value": "RUB"},
        "system_language": {"value": account.language},
        "timezone": {"value": account.time_zone},
        "work_times": [{"day_type": "Monday", "start_time": "09:00", "end_time": "18:00"}],
        "non_working_days": [],
    }})
}

fn reference(account: &Account, list: &str) -> Result<Answer, Refusal> {
    let keyed = |name: &str, entries: Value| Ok(Answer::ok(json!({ name: entries })));
    match list {
        "sites" => keyed("sites", sites(account)),
        "order-methods" => keyed("orderMethods", flagged(&account.order_methods)),
        "order-types" => keyed("orderTypes", flagged(&account.order_types)),
        "statuses" => keyed("statuses", statuses(account)),
        "status-groups" => keyed("statusGroups", status_groups(account)),
        "payment-types" => keyed("paymentTypes", payment_types(account)),
        "payment-statuses" => keyed("paymentStatuses", plain(&account.payment_statuses)),
        "delivery-types" => keyed("deliveryTypes", delivery_types(account)),
        "delivery-services" => keyed("deliveryServices", plain(&account.delivery_services)),
        "product-statuses" => keyed("productStatuses", plain(&account.product_statuses)),
        "stores" => keyed("stores", listed(&account.stores)),
        "couriers" => keyed("couriers", json!([])),
        "legal-entities" => keyed("legalEntities", json!([])),
        "price-types" => keyed("priceTypes", listed(&account.price_types)),
        "units" => keyed(
            "units",
            json!([{"code": "pc", "name": "Штука", "sym": "шт.", "default": true, "active": true}]),
        ),
        "countries" => keyed("countriesIso", json!(["RU", "KZ", "BY"])),
        "currencies" => keyed(
            "currencies",
            json!([{"id": 1, "code": "RUB", "isBase": true, "isAutoConvert": false}]),
        ),
        _ => Err(Refusal::new(404, Text::MethodNotFound)),
    }
}

/// Reference lists are objects keyed by code.
fn by_code<'a, T: 'a>(
    entries: impl IntoIterator<Item = &'a T>,
    code: impl Fn(&T) -> &str,
    show: impl Fn(usize, &T) -> Value,
) -> Value {
    let shown: Map<String, Value> = entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| (code(entry).to_owned(), show(index, entry)))
        .collect();
    if shown.is_empty() {
        json!([])
    } else {
        Value::Object(shown)
    }
}

fn sites(account: &Account) -> Value {
    let reachable = account.reachable_sites();
    by_code(
        account
            .sites
            .iter()
            .filter(|site| reachable.contains(&site.code.as_str())),
        |site| &site.code,
        |index, site| {
            json!({
                "name": site.name, "url": site.url, "code": site.code, "defaultForCrm": index == 0,
                "ordering": (index + 1) * 10, "currency": "RUB", "isDemo": false, "isCatalogMainSite": false,
            })
        },
    )
}

/// Some lists are arrays.
fn listed(entries: &[Entry]) -> Value {
    let shown = entries.iter().enumerate();
    shown
        .map(|(index, entry)| {
            json!({"code": entry.code, "name": entry.name, "active": entry.active, "default": index == 0})
        })
        .collect()
}

fn plain(entries: &[Entry]) -> Value {
    by_code(
        entries,
        |entry| &entry.code,
        |index, entry| {
            json!({
                "name": entry.name, "code": entry.code, "active": entry.active, "ordering": (index + 1) * 10,
            })
        },
    )
}

fn flagged(entries: &[Entry]) -> Value {
    by_code(
        entries,
        |entry| &entry.code,
        |_, entry| {
            json!({
                "name": entry.name, "code": entry.code, "active": entry.active,
                "defaultForCrm": entry.default_for_api, "defaultForApi": entry.default_for_api,
            })
        },
    )
}

fn statuses(account: &Account) -> Value {
    by_code(
        &account.statuses,
        |status| &status.code,
        |index, status| {
            json!({
                "name": status.name, "code": status.code, "active": true,
                "ordering": (index + 1) * 10, "group": status.group,
            })
        },
    )
}

fn status_groups(account: &Account) -> Value {
    let members = |group: &str| -> Vec<&str> {
        account
            .statuses
            .iter()
            .filter(|status| status.group == group)
            .map(|status| status.code.as_str())
            .collect()
    };
    by_code(
        &account.status_groups,
        |group| &group.code,
        |index, group| {
            json!({
                "name": group.name, "code": group.code, "active": group.active, "ordering": (index + 1) * 10,
                "process": true, "statuses": members(&group.code),
            })
        },
    )
}

fn payment_types(account: &Account) -> Value {
    by_code(
        &account.payment_types,
        |kind| &kind.code,
        |index, kind| {
            let statuses = match kind.payment_statuses.as_slice() {
                [] => account
                    .payment_statuses
                    .iter()
                    .map(|status| status.code.clone())
                    .collect(),
                some => some.to_vec(),
            };
            json!({
                "name": kind.name, "code": kind.code, "active": true, "defaultForCrm": index == 0,
                "defaultForApi": index == 0, "deliveryTypes": kind.delivery_types,
                "paymentStatuses": statuses,
                "sites": kind.sites,
            })
        },
    )
}

fn delivery_types(account: &Account) -> Value {
    by_code(
        &account.delivery_types,
        |kind| &kind.code,
        |_, kind| {
            json!({
                "name": kind.name, "code": kind.code, "active": kind.active, "defaultCost": 0, "defaultNetCost": 0,
                "deliveryPaymentTypes": account.payment_types.iter()
                    .filter(|payment| payment.delivery_types.is_empty() || payment.delivery_types.contains(&kind.code))
                    .map(|payment| json!({"code": payment.code, "cod": false}))
                    .collect::<Vec<_>>(),
                "sites": [],
            })
        },
    )
}

fn custom_fields(account: &Account, call: &Call) -> Result<Answer, Refusal> {
    let fields = account.custom_fields.iter().enumerate();
    let shown = fields.map(|(index, field)| show_field(field, index));
    let known = ["entity", "code", "type", "viewMode", "displayArea", "name"];
    let shown = filtered(call, &known, shown)?;
    let (pagination, rows) = page_of(call, shown)?;
    Ok(Answer::ok(
        json!({"pagination": pagination, "customFields": rows}),
    ))
}

/// Those that for every filter name have one of its values; refuses a filter that is not known.
fn filtered(
    call: &Call,
    known: &[&str],
    shown: impl Iterator<Item = Value>,
) -> Result<Vec<Value>, Refusal> {
    let filters = call.filters()?;
    if filters
        .iter()
        .any(|one| !known.contains(&one.name.as_str()))
    {
        return Err(Refusal::parameter("filter", Text::ExtraFields));
    }
    let fits = |shown: &Value| {
        filters.iter().all(|asked| {
            filters
                .iter()
                .filter(|other| other.name == asked.name)
                .any(|other| shown[&other.name] == other.value.as_str())
        })
    };
    Ok(shown.filter(fits).collect())
}

pub(super) fn entity_name(entity: Entity) -> &'static str {
    match entity {
        Entity::Order => "order",
        Entity::Customer => "customer",
    }
}

fn show_field(field: &CustomField, index: usize) -> Value {
    let mut shown = json!({
        "name": field.name, "code": field.code, "required": field.required, "inFilter": true, "inList": true,
        "inGroupActions": false, "type": field.kind, "entity": field.entity, "ordering": (index + 1) * 10,
        "displayArea": "customer", "viewMode": "editable", "viewModeMobile": "editable",
    });
    if let Some(dictionary) = &field.dictionary {
        shown["dictionary"] = json!(dictionary);
    }
    shown
}

fn show_dictionary(dictionary: &Dictionary) -> Value {
    let elements: Vec<Value> = dictionary
        .elements
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            json!({"name": entry.name, "code": entry.code, "ordering": (index + 1) * 10})
        })
        .collect();
    json!({"name": dictionary.name, "code": dictionary.code, "elements": elements})
}

fn show_user(user: &User) -> Value {
    json!({
        "id": user.id, "createdAt": "2020-01-01 00:00:00", "active": true, "email": user.email,
        "firstName": user.first_name, "lastName": user.last_name, "status": "free", "online": false,
        "isAdmin": !user.is_manager, "isManager": user.is_manager, "groups": [],
    })
}

fn notify(call: &Call) -> Result<Answer, Refusal> {
    let notification = call.json("notification")?;
    let mut complaints = Vec::new();
    if !matches!(
        notification["type"].as_str(),
        Some("api.info" | "api.error")
    ) {
        complaints.push(Complaint::new("type", Text::Invalid));
    }
    if notification["message"].as_str().is_none_or(str::is_empty) {
        complaints.push(Complaint::new("message", Text::Blank));
    }
    let is_list = |key: &str| {
        let list = notification[key].as_array();
        list.is_some_and(|list| !list.is_empty())
    };
    // Whether the CRM refuses a notification to nobody is not known; the stricter way is taken.
    if !is_list("userGroups") && !is_list("userIds") {
        complaints.push(Complaint::new("userGroups", Text::Blank));
    }
    if complaints.is_empty() {
        Ok(Answer::ok(json!({})))
    } else {
        Err(Refusal::about(Text::EntityFormat, complaints))
    }
}
