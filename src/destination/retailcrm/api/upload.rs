//! Many orders or customers with one request: `*/upload`, and the look at what of it is there (facts/retailcrm.md, 2.4 and 5).

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::destination::retailcrm::api::records::{objects, order_record};
use crate::destination::retailcrm::api::{Api, Call, Fault, OrderRecord, Purpose, Steps, annotate};
use crate::lead::Bilingual;

/// The most rows of one upload, and of one page of a list that is as long.
pub(in crate::destination::retailcrm) const MOST_ROWS: usize = 50;

/// The same for the parameter `limit`.
const PAGE: &str = "50";

/// The longest a look may take: it stands in the way of a whole batch.
const LOOK: Duration = Duration::from_secs(10);

/// What is uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::destination::retailcrm) enum Entity {
    /// Orders.
    Orders,
    /// Customers.
    Customers,
}

impl Entity {
    fn plural(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Customers => "customers",
        }
    }

    fn uploading(self) -> &'static str {
        match self {
            Self::Orders => "orders/upload",
            Self::Customers => "customers/upload",
        }
    }
}

impl Api {
    /// Uploads at most [`MOST_ROWS`] rows; what is certainly in, by our external ids. A row that is not among them was refused (460), or the answer
    /// does not tell of it.
    pub(in crate::destination::retailcrm) async fn upload_all(
        &self,
        entity: Entity,
        rows: &[&Value],
        steps: &mut Steps,
    ) -> Result<HashMap<String, OrderRecord>, Fault> {
        let sent = serde_json::to_string(rows).unwrap_or_default();
        let form = self.with_site(vec![(entity.plural(), sent)]);
        let path = ["api", "v5", entity.plural(), "upload"];
        let call = Call::post(entity.uploading(), &path, form, Purpose::Upload);
        let body = self.call(call, steps).await?;
        let made = stored(&body, entity);
        let (taken, all) = (made.len(), rows.len());
        let note = Bilingual::new(
            format!("одним запросом принято {taken} из {all}"),
            format!("{taken} of {all} in one request"),
        );
        annotate(steps, note);
        Ok(made)
    }

    /// Which of at most [`MOST_ROWS`] external ids the CRM has.
    pub(in crate::destination::retailcrm) async fn find_all(
        &self,
        entity: Entity,
        external_ids: &[&str],
        steps: &mut Steps,
    ) -> Result<HashMap<String, OrderRecord>, Fault> {
        let path = ["api", "v5", entity.plural()];
        let mut call = Call::get(entity.plural(), &path, Purpose::Read)
            .query("limit", PAGE)
            .within(LOOK);
        for id in external_ids {
            call = call.query("filter[externalIds][]", *id);
        }
        let body = self.call(call, steps).await?;
        let found = by_external_id(&body, entity.plural());
        let (there, all) = (found.len(), external_ids.len());
        let note = Bilingual::new(
            format!("есть {there} из {all}"),
            format!("{there} of {all} are there"),
        );
        annotate(steps, note);
        Ok(found)
    }
}

/// The stored rows in the answer to an upload: named by their ids, and orders in full besides.
pub(super) fn stored(body: &Map<String, Value>, entity: Entity) -> HashMap<String, OrderRecord> {
    let mut stored = match entity {
        Entity::Orders => by_external_id(body, "uploadedOrders"),
        Entity::Customers => by_external_id(body, "uploadedCustomers"),
    };
    if entity == Entity::Orders {
        for (id, full) in by_external_id(body, "orders") {
            stored.entry(id).and_modify(|known| *known = full);
        }
    }
    stored
}

fn by_external_id(body: &Map<String, Value>, key: &str) -> HashMap<String, OrderRecord> {
    let records = objects(body, key).map(order_record);
    records
        .filter_map(|record| Some((record.external_id.clone()?, record)))
        .filter(|(_, record)| record.id.is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_rows_that_are_said_to_be_in_are_in_and_orders_bring_what_is_shown_of_them() {
        let body = json!({
            "success": false,
            "uploadedOrders": [{"id": "7", "externalId": "lg-1"}, {"externalId": "lg-2"}],
            "orders": {"7": {"id": 7, "externalId": "lg-1", "number": "7A", "customer": {"id": 3}, "customFields": {"town": "x"}}},
            "failedOrders": [{"externalId": "lg-3"}],
            "errors": ["x"],
        });
        let body = body.as_object().expect("an object");
        let stored = stored(body, Entity::Orders);
        assert_eq!(stored.len(), 1);
        let order = &stored["lg-1"];
        assert_eq!((order.id, order.customer_id), (Some(7), Some(3)));
        assert_eq!(order.number.as_deref(), Some("7A"));
        assert_eq!(order.customer.as_ref().map(|shown| shown.id), Some(3));
        assert_eq!(order.custom_codes, Some(vec!["town".to_owned()]));
    }
}
