//! The list methods of orders and customers: paging with exactly 20, 50 or 100 rows, newest first, and the filters
//! that RetailCRM documents. A filter that does not exist (there is no `phone`) is refused, so that a client
//! cannot believe it has searched.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::simulator::answer::{Answer, Refusal};
use crate::simulator::call::{Call, Filter, refused_filter};
use crate::simulator::filters;
use crate::simulator::records::{Order, Records};
use crate::simulator::texts::Text;
use crate::simulator::world::World;

const PAGE_SIZES: [usize; 3] = [20, 50, 100];
/// Documented for `filter[numbers][]`; for `orders/statuses` no bound is known, so the stricter way is taken.
const MOST_NUMBERS: usize = 100;

/// Filters by name; every value of one name is an alternative.
pub(super) type Filters = BTreeMap<String, Vec<Filter>>;

/// One page of a list.
struct Page {
    limit: usize,
    number: usize,
}

impl Page {
    fn read(call: &Call) -> Result<Self, Refusal> {
        let number = |name: &str, default: usize| match call.parameter(name) {
            None => Ok(default),
            Some(text) => text
                .parse::<usize>()
                .map_err(|_error| Refusal::parameter(name, Text::Invalid)),
        };
        let limit = number("limit", PAGE_SIZES[0])?;
        if !PAGE_SIZES.contains(&limit) {
            return Err(Refusal::parameter("limit", Text::Invalid));
        }
        match number("page", 1)? {
            0 => Err(Refusal::parameter("page", Text::Invalid)),
            number => Ok(Self { limit, number }),
        }
    }

    fn of<T>(&self, found: &[T]) -> Value {
        json!({
            "limit": self.limit,
            "totalCount": found.len(),
            "currentPage": self.number,
            "totalPageCount": found.len().div_ceil(self.limit),
        })
    }

    fn rows<'a, T>(&self, found: &'a [T]) -> impl Iterator<Item = &'a T> {
        let before = (self.number - 1).saturating_mul(self.limit);
        found.iter().skip(before).take(self.limit)
    }
}

fn grouped(call: &Call, known: &[&str]) -> Result<Filters, Refusal> {
    let mut groups = Filters::new();
    for filter in call.filters()? {
        if !known.contains(&filter.name.as_str()) {
            return Err(Refusal::parameter("filter", Text::ExtraFields));
        }
        groups.entry(filter.name.clone()).or_default().push(filter);
    }
    if groups
        .get("numbers")
        .is_some_and(|numbers| numbers.len() > MOST_NUMBERS)
    {
        return Err(refused_filter("numbers"));
    }
    for name in ["ids", "managers", "customerId"] {
        let is_number = |filter: &Filter| filter.value.parse::<u64>().is_ok();
        if groups
            .get(name)
            .is_some_and(|all| !all.iter().all(is_number))
        {
            return Err(refused_filter(name));
        }
    }
    for name in ["createdAtFrom", "createdAtTo", "dateFrom", "dateTo"] {
        let is_date = |filter: &Filter| crate::simulator::schema::is_date(&filter.value);
        if groups.get(name).is_some_and(|all| !all.iter().all(is_date)) {
            return Err(refused_filter(name));
        }
    }
    Ok(groups)
}

pub(super) fn orders(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let page = Page::read(call)?;
    let groups = grouped(call, filters::ORDER)?;
    let found: Vec<_> = newest_first(&world.records, &groups)
        .filter(|order| filters::order_fits(world, order, &groups))
        .collect();
    let shown: Vec<Value> = page
        .rows(&found)
        .map(|order| world.records.show_order(order))
        .collect();
    Ok(Answer::ok(
        json!({ "pagination": page.of(&found), "orders": shown }),
    ))
}

/// All orders that may fit. Those that are asked for by external ids are looked up: a soak asks an account of a million orders for fifty.
fn newest_first<'a>(
    records: &'a Records,
    groups: &Filters,
) -> Box<dyn Iterator<Item = &'a Order> + 'a> {
    let Some(named) = groups.get("externalIds") else {
        return Box::new(records.orders.values().rev());
    };
    let ids = named
        .iter()
        .filter_map(|filter| records.order_by_external(&filter.value));
    let ids: BTreeSet<u64> = ids.collect();
    let orders = ids.into_iter().rev();
    Box::new(orders.filter_map(|id| records.orders.get(&id)))
}

pub(super) fn customers(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let page = Page::read(call)?;
    let groups = grouped(call, filters::CUSTOMER)?;
    let found: Vec<_> = world
        .records
        .customers
        .values()
        .rev()
        .filter(|customer| customer.merged_into.is_none())
        .filter(|customer| filters::customer_fits(customer, &groups))
        .collect();
    let shown: Vec<Value> = page
        .rows(&found)
        .map(|customer| Records::show_customer(customer))
        .collect();
    Ok(Answer::ok(
        json!({ "pagination": page.of(&found), "customers": shown }),
    ))
}

/// `orders/statuses`: the short form of the orders that are asked for by `ids[]` and `externalIds[]`; those that do not exist are left out.
pub(super) fn statuses(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let records = &world.records;
    for name in ["ids", "externalIds"] {
        if call.list(name).len() > MOST_NUMBERS {
            return Err(Refusal::parameter(name, Text::Invalid));
        }
    }
    let ids = call
        .list("ids")
        .into_iter()
        .filter_map(|id| id.parse().ok());
    let external = call
        .list("externalIds")
        .into_iter()
        .filter_map(|id| records.order_by_external(id));
    let shown: Vec<Value> = ids
        .chain(external)
        .filter_map(|id: u64| records.orders.get(&id))
        .map(|order| {
            let status = order.fields["status"].as_str().unwrap_or_default();
            let mut shown = json!({
                "id": order.id,
                "status": status,
                "group": world.setup.account.status_group(status),
            });
            if let Some(external) = order.fields.get("externalId") {
                shown["externalId"] = external.clone();
            }
            shown
        })
        .collect();
    Ok(Answer::ok(json!({ "orders": shown })))
}

/// One page of rows that are already shown, with its pagination.
pub(super) fn page_of(call: &Call, all: Vec<Value>) -> Result<(Value, Vec<Value>), Refusal> {
    let page = Page::read(call)?;
    let rows = page.rows(&all).cloned().collect();
    Ok((page.of(&all), rows))
}
