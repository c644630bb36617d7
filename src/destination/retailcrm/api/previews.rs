//! The same requests as are sent, shown instead: both are built by the same functions.

use serde_json::Value;

use crate::destination::preview::PreviewedRequest;
use crate::destination::retailcrm::api::{Api, Call, CustomerFilter};
use crate::lead::Bilingual;

/// Stands for an id that an earlier answer will tell.
pub(in crate::destination::retailcrm) const TOLD_LATER: &str = "…";

impl Api {
    /// The question for the account's time zone.
    pub(in crate::destination::retailcrm) fn show_settings(
        &self,
        purpose: Bilingual,
    ) -> PreviewedRequest {
        self.show(Self::settings_call(), purpose)
    }

    /// The look-up of an order.
    pub(in crate::destination::retailcrm) fn show_order_search(
        &self,
        external_id: &str,
        purpose: Bilingual,
    ) -> PreviewedRequest {
        self.show(Self::order_search_call(external_id), purpose)
    }

    /// The first page of a search for a customer.
    pub(in crate::destination::retailcrm) fn show_customer_search(
        &self,
        filter: &CustomerFilter,
        purpose: Bilingual,
    ) -> PreviewedRequest {
        self.show(Self::customer_search_call(filter, 1), purpose)
    }

    /// The making of a customer.
    pub(in crate::destination::retailcrm) fn show_customer(
        &self,
        customer: &Value,
        purpose: Bilingual,
    ) -> PreviewedRequest {
        self.show(self.customer_call(customer), purpose)
    }

    /// The change of a customer whose id is not known yet.
    pub(in crate::destination::retailcrm) fn show_customer_edit(
        &self,
        changes: &Value,
        purpose: Bilingual,
    ) -> PreviewedRequest {
        self.show(self.customer_edit_call(TOLD_LATER, changes), purpose)
    }

    /// The making of an order.
    pub(in crate::destination::retailcrm) fn show_order(
        &self,
        order: &Value,
        purpose: Bilingual,
    ) -> PreviewedRequest {
        self.show(self.order_call(order), purpose)
    }

    fn show(&self, call: Call, purpose: Bilingual) -> PreviewedRequest {
        let named = |pairs: Vec<(&'static str, String)>| {
            let pairs = pairs.into_iter();
            pairs
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        };
        PreviewedRequest {
            operation: call.operation,
            purpose,
            method: call.method(),
            path: format!("/{}", call.path.join("/")),
            query: named(call.query),
            form: named(call.form.unwrap_or_default()),
        }
    }
}
