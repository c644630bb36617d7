//! What the destination gave for a lead, and what has become of it there since.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::delivery::{Delivery, State};

/// What the destination answered on success, with its ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The CRM's internal id of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<u64>,
    /// The number people see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_number: Option<String>,
    /// The CRM's internal id of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<u64>,
    /// The page of the order (or the customer) in the CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Where an order stands in the CRM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStanding {
    /// It has a status of the account's own list.
    Status {
        /// The code that the account calls it by.
        code: String,
        /// What its managers read; `None` when the account's list has no such code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// It was merged into another order.
    Merged {
        /// The internal id of that order.
        into: u64,
    },
    /// The CRM does not show it any more: it was deleted there, or moved to where our key does not reach.
    Gone,
}

/// What was last learnt of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderStatus {
    /// Where it stands.
    pub standing: OrderStanding,
    /// When it was first seen to stand there. Looks that find nothing new are not recorded.
    pub noted_at: Timestamp,
}

impl Delivery {
    /// The internal id of the order that this delivery has made, if it is done.
    pub fn made_order(&self) -> Option<u64> {
        let receipt = self
            .receipt
            .as_ref()
            .filter(|_| self.state == State::Delivered);
        receipt.and_then(|receipt| receipt.order_id)
    }

    /// Notes where its order stands. `None` when that is known already, or when `order` is not its order (any more).
    pub fn note_order(&self, order: u64, standing: &OrderStanding, at: Timestamp) -> Option<Self> {
        let known = self.order_status.as_ref().map(|status| &status.standing);
        (self.made_order() == Some(order) && known != Some(standing)).then(|| Self {
            order_status: Some(OrderStatus {
                standing: standing.clone(),
                noted_at: at,
            }),
            ..self.clone()
        })
    }

    /// What is known of the order, if the new receipt is for the same one: a resend finds it again.
    pub(super) fn status_of_same_order(&self, receipt: &Receipt) -> Option<OrderStatus> {
        let before = self.receipt.as_ref().and_then(|before| before.order_id);
        self.order_status
            .clone()
            .filter(|_| before.is_some() && before == receipt.order_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Delivered, DeliveryId, RetrySchedule, SettleRules};
    use crate::lead::{Create, DestinationId, LeadId};

    fn delivered(before: &Delivery, order: u64) -> Delivery {
        let started = before.start().expect("unsettled");
        let receipt = Receipt {
            order_id: Some(order),
            ..Receipt::default()
        };
        let outcome = Ok(Delivered {
            receipt,
            warning: None,
        });
        let rules = SettleRules {
            schedule: &RetrySchedule::default(),
            now: Timestamp::UNIX_EPOCH,
            jitter: 0.0,
            paused: false,
        };
        started
            .settle(started.attempts, &outcome, rules)
            .expect("the latest attempt")
    }

    fn new() -> Delivery {
        let id = DeliveryId {
            lead: LeadId::from_bytes([1; 16]),
            ordinal: 0,
        };
        let shop = DestinationId::parse("shop").expect("id");
        Delivery::new(id, (shop, Create::Order), Timestamp::UNIX_EPOCH, false)
    }

    fn status(code: &str) -> OrderStanding {
        OrderStanding::Status {
            code: code.to_owned(),
            name: None,
        }
    }

    #[test]
    fn only_news_of_the_own_order_is_noted() {
        let at = Timestamp::UNIX_EPOCH;
        assert_eq!(new().note_order(7, &status("new"), at), None, "no order");
        let delivery = delivered(&new(), 7);
        assert_eq!(delivery.note_order(8, &status("new"), at), None);
        let noted = delivery.note_order(7, &status("new"), at).expect("news");
        assert_eq!(noted.note_order(7, &status("new"), at), None, "no news");
        assert!(noted.note_order(7, &OrderStanding::Gone, at).is_some());
    }

    #[test]
    fn a_resend_keeps_the_status_of_the_order_it_finds_and_drops_that_of_one_that_is_gone() {
        let at = Timestamp::UNIX_EPOCH;
        let noted = delivered(&new(), 7).note_order(7, &status("new"), at);
        let resent = noted.expect("news").resend(at).expect("delivered");
        assert!(delivered(&resent, 7).order_status.is_some());
        assert_eq!(delivered(&resent, 8).order_status, None);
    }

    #[test]
    fn a_delivery_that_was_stored_before_orders_were_followed_is_read() {
        let text = serde_json::to_string(&delivered(&new(), 7)).expect("text");
        assert!(!text.contains("order_status"));
        let read: Delivery = serde_json::from_str(&text).expect("read");
        assert_eq!(read.made_order(), Some(7));
    }
}
