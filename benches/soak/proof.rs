//! Whether every answered lead became one order.

use std::collections::HashSet;
use std::io::{self, Write};

use leadgate::lead::LeadId;
use leadgate::simulator::SimulatedCrm;

use crate::gate::Operator;
use crate::support::Outcome;

/// What became of the leads that were answered.
pub(crate) struct Proof {
    answered: usize,
    orders: usize,
    /// Not in the CRM, and the gate shows them as not delivered yet, or as failed: an operator sees why.
    shown: usize,
    /// Not in the CRM, and the gate does not know of them or takes them for delivered.
    lost: usize,
    /// Orders beyond one for each lead.
    doubled: usize,
}

impl Proof {
    /// Compares what was answered with what the CRM has.
    pub(crate) async fn of(
        answered: &[LeadId],
        crm: &SimulatedCrm,
        operator: &Operator,
    ) -> Outcome<Self> {
        let ids = crm.external_ids();
        let orders = ids.len();
        let ids = ids.into_iter().flatten();
        let there = ids.filter_map(|id| LeadId::parse(id.strip_prefix("lg-")?));
        let there: HashSet<LeadId> = there.collect();
        let (mut shown, mut lost) = (0, 0);
        for lead in answered.iter().filter(|lead| !there.contains(lead)) {
            match operator.state(&lead.to_string()).await?.as_deref() {
                None | Some("delivered" | "discarded") => lost += 1,
                Some(_) => shown += 1,
            }
        }
        Ok(Self {
            answered: answered.len(),
            orders,
            shown,
            lost,
            doubled: orders - there.len(),
        })
    }

    /// Whether nothing was lost and nothing doubled.
    pub(crate) fn holds(&self) -> bool {
        self.lost == 0 && self.doubled == 0
    }

    /// One line.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "\nanswered {}, orders {}, still shown as not delivered {}: lost {}, doubled {}",
            self.answered, self.orders, self.shown, self.lost, self.doubled
        )
    }
}
