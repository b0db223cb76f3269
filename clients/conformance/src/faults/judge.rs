//! Every charge against what the calls reported.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::call::{Call, Kind, THROWN};
use super::load::{Made, Outcome};
use crate::real_core::ledger::Ledger;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Once(i64),
    /// Nobody but the client knows whether the call had ended before the caller left.
    NothingOrOnce(i64),
}

impl Due {
    fn is_met(self, charges: &[i64]) -> bool {
        match self {
            Self::Nothing => charges.is_empty(),
            Self::Once(micros) => charges == [micros],
            Self::NothingOrOnce(micros) => charges.is_empty() || charges == [micros],
        }
    }
}

/// All that is not as it should be, a line each. `captured` are the trace ids of the calls whose client has
/// asked for a charge; `granted_micros` is what every account had at the beginning.
pub fn judge(
    all: &[Made],
    captured: &BTreeSet<String>,
    ledgers: &BTreeMap<String, Ledger>,
    granted_micros: i64,
) -> Vec<String> {
    let mut charges: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
    for (user, ledger) in ledgers {
        for charge in &ledger.charges {
            let of_call = charges.entry((user.as_str(), charge.request_id.as_str()));
            of_call.or_default().push(charge.micros);
        }
    }
    let mut wrong = Vec::new();
    for Made { call, outcome } in all {
        let (user, key, kind) = (&call.user, &call.key, call.kind);
        let found = charges.remove(&(user.as_str(), call.trace_id.as_str()));
        let found = found.unwrap_or_default();
        let expected = match due(call, outcome, captured.contains(&call.trace_id)) {
            Ok(due) if due.is_met(&found) => continue,
            Ok(due) => format!("{due:?}"),
            Err(answer) => answer.to_owned(),
        };
        wrong.push(format!(
            "{user}, {key} ({kind:?}): expected {expected}, found {found:?} after {outcome:?}"
        ));
    }
    for ((user, request), found) in charges {
        wrong.push(format!(
            "{user}, no call: expected no charge, found {found:?} of the request {request:?}"
        ));
    }
    for (user, ledger) in ledgers {
        let spent: i64 = ledger.charges.iter().map(|charge| charge.micros).sum();
        let expected = (granted_micros - spent, 0);
        let found = (ledger.settled_micros, ledger.held_micros);
        if found != expected {
            wrong.push(format!(
                "{user}, settled and held: expected {expected:?}, found {found:?}"
            ));
        }
    }
    wrong
}

/// An error says which answer was expected instead.
fn due(call: &Call, outcome: &Outcome, is_captured: bool) -> Result<Due, &'static str> {
    let once = Due::Once(call.micros);
    let captures = matches!(call.kind, Kind::Capture | Kind::CaptureThenThrow);
    let (status, text) = match outcome {
        Outcome::Answered(status, text) => (*status, text),
        Outcome::Left => return Ok(Due::NothingOrOnce(call.micros)),
        Outcome::Unanswered(_) => return Err("an answer"),
    };
    match (call.kind, status) {
        (Kind::Report | Kind::Leave | Kind::Capture, 200) => Ok(once),
        (Kind::CaptureThenThrow, 500) if text.contains(THROWN) => Ok(once),
        // The handler was told that its capture is kept.
        (_, 500 | 503) if captures && is_captured => Ok(once),
        // 503: not placed; 409: placed, and expired before the client knew.
        (Kind::Throw, 500) | (Kind::Status, 418) | (_, 503 | 409) => Ok(Due::Nothing),
        (Kind::Throw | Kind::CaptureThenThrow, _) => Err("status 500, 503 or 409"),
        (Kind::Status, _) => Err("status 418, 503 or 409"),
        _ => Err("status 200, 503 or 409"),
    }
}
