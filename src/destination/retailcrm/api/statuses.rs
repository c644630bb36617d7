//! What has become of orders: their statuses, the names of the statuses, and the history of those that are not shown any more. All of it are
//! errands, which come behind every lead.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::destination::retailcrm::api::records::{objects, text};
use crate::destination::retailcrm::api::reply::whole_number;
use crate::destination::retailcrm::api::{Api, Call, Fault, Purpose, Steps};

/// A page of the history: the largest the API takes.
const PAGE: &str = "100";

/// So many pages of one order's history are read: 500 changes.
const MOST_PAGES: usize = 5;

impl Api {
    /// The status codes of these orders, by internal id; those that the CRM does not show are missing (facts/retailcrm.md, 3.1).
    pub(in crate::destination::retailcrm) async fn order_statuses(
        &self,
        orders: impl Iterator<Item = u64>,
        steps: &mut Steps,
    ) -> Result<HashMap<u64, String>, Fault> {
        let path = ["api", "v5", "orders", "statuses"];
        let call = orders.fold(
            Call::get("orders/statuses", &path, Purpose::Read),
            |call, id| call.query("ids[]", id.to_string()),
        );
        let body = self.errand(call, steps).await?;
        Ok(objects(&body, "orders").filter_map(status).collect())
    }

    /// The names of the statuses by code.
    pub(in crate::destination::retailcrm) async fn status_names(
        &self,
        steps: &mut Steps,
    ) -> Result<HashMap<String, String>, Fault> {
        let path = ["api", "v5", "reference", "statuses"];
        let call = Call::get("reference", &path, Purpose::Read);
        let body = self.errand(call, steps).await?;
        let named =
            |record: &Map<String, Value>| Some((text(record, "code")?, text(record, "name")?));
        Ok(objects(&body, "statuses").filter_map(named).collect())
    }

    /// Into which order this one was merged, as its history tells. The history is read from its beginning by moving `sinceId`: with `page`
    /// it is refused (facts/retailcrm.md, 6.2).
    pub(in crate::destination::retailcrm) async fn merged_into(
        &self,
        order: u64,
        steps: &mut Steps,
    ) -> Result<Option<u64>, Fault> {
        let mut since: Option<u64> = None;
        for _ in 0..MOST_PAGES {
            let path = ["api", "v5", "orders", "history"];
            let mut call = Call::get("orders/history", &path, Purpose::Read)
                .query("filter[orderId]", order.to_string())
                .query("limit", PAGE);
            if let Some(since) = since {
                call = call.query("filter[sinceId]", since.to_string());
            }
            let body = self.errand(call, steps).await?;
            let into =
                |record: &Map<String, Value>| whole_number(record.get("combinedTo")?.get("id")?);
            if let Some(into) = objects(&body, "history").filter_map(into).last() {
                return Ok(Some(into));
            }
            let last = objects(&body, "history")
                .filter_map(|record| record.get("id").and_then(whole_number))
                .max();
            if last.is_none() || !has_more(&body) {
                break;
            }
            since = last;
        }
        Ok(None)
    }
}

fn status(record: &Map<String, Value>) -> Option<(u64, String)> {
    let id = record.get("id").and_then(whole_number)?;
    Some((id, text(record, "status")?))
}

fn has_more(body: &Map<String, Value>) -> bool {
    let page = |key: &str| body.get("pagination")?.get(key).and_then(whole_number);
    page("totalPageCount") > page("currentPage")
}
