//! The whole state of one simulated CRM and the way of a call through it: pace, key, scope, method. Everything here
//! is synchronous and runs under one lock, so that what a test sees is what was stored when the answer was decided.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::simulator::account::Account;
use crate::simulator::answer::{Answer, Complaint, Refusal};
use crate::simulator::call::Call;
use crate::simulator::fault_book::{Decision, FaultBook};
use crate::simulator::journal::Journal;
use crate::simulator::operation::{Operation, route};
use crate::simulator::pace::Pace;
use crate::simulator::records::Records;
use crate::simulator::texts::Text;
use crate::simulator::{customers, lists, orders, reference, set_up, time};

/// How the simulated account is set up; see [`Options`](crate::simulator::Options) for the meaning.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setup {
    pub(super) api_key: String,
    pub(super) requests_per_second: u32,
    pub(super) latency: Duration,
    pub(super) account: Account,
    pub(super) zone: TimeZone,
}

/// The state of one simulator.
pub(super) struct World {
    pub(super) setup: Setup,
    pub(super) records: Records,
    pub(super) faults: FaultBook,
    pub(super) journal: Journal,
    pub(super) pace: Pace,
    /// Address under which the simulator is reached, for `system-info`.
    pub(super) url: String,
}

/// What is known of a call when it has arrived.
pub(super) struct Arrival {
    pub(super) number: u64,
    pub(super) decision: Decision,
    /// Above the limit of the account: it is answered 503.
    pub(super) is_over_limit: bool,
}

/// A row of an upload that a fault makes fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailingRow {
    /// Counted from 1.
    pub(super) row: usize,
    pub(super) text: String,
}

impl World {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            setup,
            records: Records::default(),
            faults: FaultBook::default(),
            journal: Journal::default(),
            pace: Pace::default(),
            url: String::new(),
        }
    }

    /// Forgets records, faults and received requests; the setup stays.
    pub(super) fn reset(&mut self) {
        self.records = Records::default();
        self.faults.clear();
        self.journal = Journal::default();
        self.pace = Pace::default();
    }

    /// Enters a call in the books and decides what will happen to it.
    pub(super) fn arrive(&mut self, call: &Call, at: Duration) -> Arrival {
        let operation = route(&call.method, &call.path).map_or("", |known| known.name());
        self.pace.arrive(at);
        let has_key = call.key() == Some(self.setup.api_key.as_str());
        let limit = self.setup.requests_per_second;
        let mut decision = self.faults.decide(operation, call);
        decision.after += self.setup.latency;
        Arrival {
            number: self.journal.arrive(at, operation, call),
            decision,
            is_over_limit: has_key && !self.pace.admit(at, limit),
        }
    }

    /// Carries a call out.
    pub(super) fn process(
        &mut self,
        call: &Call,
        is_over_limit: bool,
        failing: Option<&FailingRow>,
    ) -> Answer {
        self.carry_out(call, is_over_limit, failing)
            .unwrap_or_else(|refusal| refusal.answer(&self.setup.account))
    }

    fn carry_out(
        &mut self,
        call: &Call,
        is_over_limit: bool,
        failing: Option<&FailingRow>,
    ) -> Result<Answer, Refusal> {
        if is_over_limit {
            return Err(Refusal::new(503, Text::RateLimit));
        }
        match call.key() {
            None => return Err(Refusal::new(403, Text::ApiKeyMissing)),
            Some(key) if key != self.setup.api_key => {
                return Err(Refusal::new(403, Text::ApiKeyWrong));
            }
            Some(_) => {}
        }
        let operation = route(&call.method, &call.path)?;
        let may = operation
            .scope()
            .is_none_or(|scope| self.setup.account.scopes.iter().any(|known| known == scope));
        if !may {
            return Err(Refusal::new(403, Text::AccessDenied));
        }
        self.perform(&operation, call, failing)
    }

    fn perform(
        &mut self,
        operation: &Operation,
        call: &Call,
        failing: Option<&FailingRow>,
    ) -> Result<Answer, Refusal> {
        match operation {
            Operation::CreateCustomer => customers::create(self, call),
            Operation::UploadCustomers => customers::upload(self, call, failing),
            Operation::ListCustomers => lists::customers(self, call),
            Operation::GetCustomer(id) => customers::get(self, call, id),
            Operation::EditCustomer(id) => customers::edit(self, call, id),
            Operation::CombineCustomers => customers::combine(self, call),
            Operation::FixCustomerIds => customers::fix_external_ids(self, call),
            Operation::CreateOrder => orders::create(self, call),
            Operation::UploadOrders => orders::upload(self, call, failing),
            Operation::ListOrders => lists::orders(self, call),
            Operation::GetOrder(id) => orders::get(self, call, id),
            Operation::EditOrder(id) => orders::edit(self, call, id),
            Operation::OrderStatuses => Ok(lists::statuses(self, call)),
            Operation::FixOrderIds => orders::fix_external_ids(self, call),
            Operation::EditReference(list, code) => set_up::reference(self, call, (list, code)),
            Operation::CreateCustomField(entity) => set_up::create_field(self, call, entity),
            Operation::EditCustomField(entity, code) => {
                set_up::edit_field(self, call, (entity, code))
            }
            Operation::CreateDictionary => set_up::create_dictionary(self, call),
            Operation::EditDictionary(code) => set_up::edit_dictionary(self, call, code),
            other => reference::answer(self, other, call),
        }
    }

    /// The present moment as the account writes it.
    pub(super) fn now(&self) -> String {
        time::now_in(&self.setup.zone)
    }

    /// The store that a write is about: the one named, else the only one the key reaches.
    pub(super) fn site(
        &self,
        call: &Call,
        inner: Option<&str>,
        not_loaded: &Text,
    ) -> Result<String, Refusal> {
        let reachable = self.setup.account.reachable_sites();
        let named = call
            .parameter("site")
            .filter(|site| !site.is_empty())
            .or(inner);
        match (named, reachable.as_slice()) {
            (Some(site), known) if known.contains(&site) => Ok(site.to_owned()),
            (Some(site), _) => {
                let text = Text::Unknown("Site", "code", site.to_owned());
                let complaint = Complaint::new("site", text);
                Err(Refusal::about(not_loaded.clone(), vec![complaint]))
            }
            (None, [only]) => Ok((*only).to_owned()),
            (None, _) => Err(Refusal::missing("site")),
        }
    }
}

/// `by` of a call about one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Id(u64),
    ExternalId,
}

/// Reads `by` (default `externalId`) for the id in the path.
pub(super) fn by(call: &Call, id: &str) -> Result<By, Refusal> {
    match call.parameter("by").unwrap_or("externalId") {
        "externalId" => Ok(By::ExternalId),
        "id" => match id.parse() {
            Ok(id) => Ok(By::Id(id)),
            Err(_) => Err(Refusal::parameter("id", Text::IdNotInteger)),
        },
        _ => Err(Refusal::parameter("by", Text::Invalid)),
    }
}
