//! What the last check has read of the account's custom fields. Nothing is known until a check has run, and then values go out as they are; an account
//! that cannot be asked leaves what was known.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::destination::retailcrm::mapping::AccountFields;

/// Whose a custom field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entity {
    /// Orders'.
    Order,
    /// Customers'.
    Customer,
}

impl Entity {
    /// The word of the API.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Customer => "customer",
        }
    }
}

/// Written by the check, read by every delivery.
#[derive(Default)]
pub(super) struct KnownFields {
    order: ArcSwapOption<AccountFields>,
    customer: ArcSwapOption<AccountFields>,
}

impl KnownFields {
    /// What is known; `None` before the first check.
    pub(super) fn of(&self, entity: Entity) -> Option<Arc<AccountFields>> {
        self.place(entity).load_full()
    }

    /// Notes what the account has now.
    pub(super) fn learn(&self, entity: Entity, fields: AccountFields) {
        self.place(entity).store(Some(Arc::new(fields)));
    }

    fn place(&self, entity: Entity) -> &ArcSwapOption<AccountFields> {
        match entity {
            Entity::Order => &self.order,
            Entity::Customer => &self.customer,
        }
    }
}
