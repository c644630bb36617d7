//! A CRM that has good minutes and bad ones, in turns.

use std::fmt;

use leadgate::simulator::{Calls, Fault, FaultKind, SimulatedCrm};

use crate::support::Outcome;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It answers.
    Up,
    /// It answers most of the time: lost answers, resets, 500 and late answers between.
    Faulty,
    /// Connections are refused.
    Down,
}

/// One after another, again and again: at half of the top rate, what came in one quarter of the time must be delivered in the others.
pub(crate) const MOODS: [Mood; 4] = [Mood::Up, Mood::Faulty, Mood::Up, Mood::Down];

impl fmt::Display for Mood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Up => "up",
            Self::Faulty => "faulty",
            Self::Down => "down",
        })
    }
}

impl Mood {
    /// Brings the CRM there.
    pub(crate) async fn befall(self, crm: &SimulatedCrm) -> Outcome<()> {
        crm.clear_faults();
        match self {
            Self::Up => crm.listen_again().await?,
            Self::Faulty => {
                crm.listen_again().await?;
                faults().into_iter().for_each(|fault| crm.fault(fault));
            }
            Self::Down => crm.stop_listening().await,
        }
        Ok(())
    }
}

/// Each strikes some of the calls; together about one of fifteen.
fn faults() -> Vec<Fault> {
    let lost = FaultKind::LostAnswer { hang: false };
    let late = FaultKind::Delay {
        ms: 700,
        stage: leadgate::simulator::Stage::default(),
    };
    let broken = FaultKind::Status {
        status: 500,
        retry_after: None,
        body: leadgate::simulator::Body::default(),
    };
    [
        (lost, 0.02),
        (FaultKind::Reset, 0.01),
        (broken, 0.01),
        (late, 0.03),
    ]
    .into_iter()
    .zip(1..)
    .map(|((kind, p), seed)| Fault::new(kind).calls(Calls::Probability { p, seed }))
    .collect()
}
