//! What a destination learnt before it was set up (anew) is told to it again: it is all in the store.

use jiff::{SignedDuration, Timestamp};

use crate::delivery::Delivery;
use crate::destination::Destination;
use crate::store::{Filter, Page, Store, StoreError};

/// Older leads tell too little of today.
const NOT_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// So many leads are looked at: a second's reading, and more than come back in a day.
const MOST: usize = 10_000;

/// Leads of one read.
const PAGE: usize = 250;

/// Tells a destination of the leads that it has taken lately, the newest first. Awaited before anything is delivered to it.
pub async fn recall(
    store: &Store,
    destination: &dyn Destination,
    now: Timestamp,
) -> Result<(), StoreError> {
    let filter = Filter {
        destination: Some(destination.id().clone()),
        from: now.checked_sub(NOT_BEFORE).ok(),
        ..Filter::default()
    };
    let mut page = Page {
        before: None,
        limit: PAGE,
    };
    for _ in 0..MOST.div_ceil(PAGE) {
        let read = store.leads(filter.clone(), page).await?;
        for stored in &read.leads {
            let deliveries = stored.status.deliveries.iter();
            deliveries
                .filter(|delivery| is_of(delivery, destination))
                .for_each(|delivery| destination.recall(&stored.lead, delivery));
        }
        if read.next.is_none() {
            break;
        }
        page.before = read.next;
    }
    Ok(())
}

/// Whether the destination, as it is configured now, has taken it.
pub(super) fn is_of(delivery: &Delivery, destination: &dyn Destination) -> bool {
    let receipt = delivery.receipt.as_ref();
    delivery.destination == *destination.id()
        && receipt.is_some_and(|receipt| destination.is_ours(receipt))
}
