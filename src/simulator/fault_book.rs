//! The fault rules in force and the decision which of them strikes a call. Strict about JSON: a misspelt key would
//! make a rule strike other calls than meant, so it is refused.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::simulator::call::Call;
use crate::simulator::fault::{Calls, Fault, FaultKind, Stage};

/// A rule with its counters.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Armed {
    #[serde(flatten)]
    fault: Fault,
    /// Calls that fitted so far.
    seen: u64,
    /// Calls that were struck so far.
    struck: u64,
}

/// What the rules decided about one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Decision {
    pub(super) fault: Option<FaultKind>,
    /// Wait before the call is carried out.
    pub(super) before: Duration,
    /// Wait before the answer is sent.
    pub(super) after: Duration,
}

/// All rules, in the order in which they were set.
#[derive(Debug, Default)]
pub(super) struct FaultBook {
    rules: Vec<Armed>,
}

impl FaultBook {
    pub(super) fn add(&mut self, fault: Fault) {
        self.rules.push(Armed {
            fault,
            seen: 0,
            struck: 0,
        });
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(super) fn rules(&self) -> &[Armed] {
        &self.rules
    }

    /// Counts the call against every rule it fits and tells what happens to it.
    pub(super) fn decide(&mut self, operation: &str, call: &Call) -> Decision {
        let mut decision = Decision::default();
        for rule in &mut self.rules {
            if !fits(&rule.fault, operation, call) {
                continue;
            }
            rule.seen += 1;
            if !strikes(rule.fault.calls, rule.seen) {
                continue;
            }
            match &rule.fault.kind {
                FaultKind::Delay { ms, stage } => {
                    let span = Duration::from_millis(*ms);
                    match stage {
                        Stage::Answer => decision.after += span,
                        Stage::Processing => decision.before += span,
                    }
                    rule.struck += 1;
                }
                kind if decision.fault.is_none() => {
                    decision.fault = Some(kind.clone());
                    rule.struck += 1;
                }
                _ => {}
            }
        }
        decision
    }
}

fn fits(fault: &Fault, operation: &str, call: &Call) -> bool {
    let target = &fault.target;
    let is_possible = match fault.kind {
        FaultKind::Partial460 { .. } => operation.ends_with("/upload"),
        _ => true,
    };
    let method = target
        .method
        .as_deref()
        .is_none_or(|method| method.eq_ignore_ascii_case(&call.method));
    let path = target
        .path
        .as_deref()
        .is_none_or(|prefix| call.path.starts_with(prefix));
    let named = target
        .operation
        .as_deref()
        .is_none_or(|name| name == operation);
    is_possible && method && path && named
}

fn strikes(calls: Calls, count: u64) -> bool {
    match calls {
        Calls::Always => true,
        Calls::Every(n) => n > 0 && count.is_multiple_of(n),
        Calls::First(n) => count <= n,
        Calls::Nth(n) => count == n,
        Calls::Probability { p, seed } => share(seed, count) < p,
    }
}

/// A number in 0..1 that depends on nothing but the seed and the count (SplitMix64's finalizer).
#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits of the mixed number are exact in an f64"
)]
fn share(seed: u64, count: u64) -> f64 {
    let mut mixed = seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

/// Reads a rule from the JSON of the control endpoint; unknown keys anywhere are errors.
pub(super) fn parse(document: Value) -> Result<Fault, serde_json::Error> {
    let Value::Object(mut members) = document else {
        return serde_json::from_value(document);
    };
    let target = members.remove("match").map(serde_json::from_value);
    let calls = members.remove("calls").map(serde_json::from_value);
    let kind: FaultKind = serde_json::from_value(Value::Object(members.clone()))?;
    // serde lets unknown keys pass beside a kind without parameters.
    let known = serde_json::to_value(&kind)?;
    if let Some(key) = members.keys().find(|key| known.get(key).is_none()) {
        return Err(serde::de::Error::custom(format!("unknown key `{key}`")));
    }
    Ok(Fault {
        kind,
        target: target.transpose()?.unwrap_or_default(),
        calls: calls.transpose()?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn struck(calls: Calls, of: u64) -> Vec<u64> {
        (1..=of).filter(|count| strikes(calls, *count)).collect()
    }

    #[test]
    fn calls_are_counted_from_one() {
        assert_eq!(struck(Calls::Every(2), 5), [2, 4]);
        assert_eq!(struck(Calls::First(2), 5), [1, 2]);
        assert_eq!(struck(Calls::Nth(3), 5), [3]);
        assert_eq!(struck(Calls::Every(0), 5), [0; 0]);
    }

    #[test]
    fn a_probability_is_kept_and_the_same_seed_strikes_the_same_calls() {
        let calls = Calls::Probability { p: 0.3, seed: 7 };
        let first = struck(calls, 10_000);
        assert!((2_800..3_200).contains(&first.len()), "{}", first.len());
        assert_eq!(first, struck(calls, 10_000));
        let other = struck(Calls::Probability { p: 0.3, seed: 8 }, 10_000);
        assert_ne!(first, other);
    }

    #[test]
    fn delays_join_another_fault_and_the_first_other_fault_wins() {
        let mut book = FaultBook::default();
        let delay = |stage| Fault::new(FaultKind::Delay { ms: 5, stage });
        book.add(delay(Stage::Answer));
        book.add(delay(Stage::Processing));
        book.add(Fault::new(FaultKind::Down).on("orders/create"));
        book.add(Fault::new(FaultKind::Hang));
        let decision = book.decide("orders/create", &Call::default());
        assert_eq!(decision.fault, Some(FaultKind::Down));
        assert_eq!(decision.before, Duration::from_millis(5));
        assert_eq!(decision.after, Duration::from_millis(5));
        let other = book.decide("orders/list", &Call::default());
        assert_eq!(other.fault, Some(FaultKind::Hang));
    }

    #[test]
    fn a_failing_row_is_a_matter_of_uploads_alone() {
        let mut book = FaultBook::default();
        let kind = FaultKind::Partial460 {
            row: 1,
            text: String::new(),
        };
        book.add(Fault::new(kind).calls(Calls::First(1)));
        let call = Call::default();
        assert_eq!(book.decide("orders/create", &call).fault, None);
        assert!(book.decide("orders/upload", &call).fault.is_some());
    }

    #[test]
    fn a_misspelt_key_is_refused_wherever_it_stands() {
        for wrong in [
            json!({"kind": "delay", "milliseconds": 5}),
            json!({"kind": "hang", "match": {"operations": "orders/create"}}),
            json!({"kind": "down", "calls": {"evry": 2}}),
            json!({"kind": "delay", "ms": 5, "mtach": {}}),
            json!({"kind": "down", "mtach": {}}),
            json!({"kind": "explode"}),
            json!("down"),
        ] {
            assert!(parse(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rule_reads_back_from_the_json_it_writes() {
        let rule = Fault::new(FaultKind::LostAnswer { hang: false })
            .on("orders/create")
            .calls(Calls::Every(2));
        let json = serde_json::to_value(&rule).unwrap();
        assert_eq!(json["kind"], "lost_answer");
        assert_eq!(json["calls"]["every"], 2);
        assert_eq!(parse(json).unwrap(), rule);
    }
}
