//! How often each decision was given.

use std::collections::HashMap;

use metrics::{Counter, counter};

use crate::ledger::Decision;

/// A counter for each RPC that decides and each decision.
pub struct DecisionCounters(HashMap<(&'static str, Decision), Counter>);

impl Default for DecisionCounters {
    fn default() -> Self {
        let mut counters = HashMap::new();
        for rpc in ["CheckBalance", "PlaceHold", "Charge"] {
            for (decision, name) in [
                (Decision::Allowed, "allowed"),
                (Decision::ToolNotPriced, "tool_not_priced"),
                (Decision::AccountSuspended, "account_suspended"),
                (Decision::InsufficientBalance, "insufficient_balance"),
                (Decision::DailyLimitExceeded, "daily_limit_exceeded"),
                (Decision::MonthlyLimitExceeded, "monthly_limit_exceeded"),
            ] {
                let counter = counter!("billing_decisions_total", "rpc" => rpc, "decision" => name);
                counters.insert((rpc, decision), counter);
            }
        }
        Self(counters)
    }
}

impl DecisionCounters {
    pub fn count(&self, rpc: &'static str, decision: Decision) {
        if let Some(counter) = self.0.get(&(rpc, decision)) {
            counter.increment(1);
        }
    }
}
