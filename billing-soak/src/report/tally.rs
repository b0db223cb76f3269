//! What callers asked and were told, counted.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::journal::{Operation, Outcome, Told};

/// Everything that was sent, reads included.
#[derive(Debug, Default, Serialize)]
pub struct Requests {
    pub sent: usize,
    /// Of these, how many were sent for operations that change something: each operation once, and
    /// whatever repeats it. Tries that were answered with 'nothing was done' count to neither.
    pub firsts: usize,
    pub repeats: usize,
    pub nothing_done: usize,
    pub in_doubt: usize,
}

impl Requests {
    pub fn of(operations: &[Operation]) -> Self {
        let mut requests = Self::default();
        for operation in operations {
            requests.sent += operation.tries.len();
            let count = |wanted: fn(&Outcome) -> bool| {
                let tries = operation.tries.iter();
                tries.filter(|attempt| wanted(&attempt.outcome)).count()
            };
            let nothing =
                |outcome: &Outcome| matches!(outcome, Outcome::NothingDone | Outcome::NotBegun);
            requests.nothing_done += count(nothing);
            requests.in_doubt += count(|outcome| matches!(outcome, Outcome::InDoubt));
            if !operation.asked.is_read() {
                let tries = operation.tries.len() - count(nothing);
                requests.firsts += tries.min(1);
                requests.repeats += tries.saturating_sub(1);
            }
        }
        requests
    }
}

/// Operations that change something, of which a try left it open whether it did.
#[derive(Debug, Default, Serialize)]
pub struct Doubtful {
    pub operations: usize,
    /// By the try in doubt, as a later answer tells.
    pub carried_out_already: usize,
    /// By a later try; or by either, where the contract does not tell.
    pub carried_out: usize,
    pub denied: usize,
    pub refused: usize,
}

impl Doubtful {
    pub fn of(operations: &[Operation]) -> Self {
        let mut doubtful = Self::default();
        let changes = operations
            .iter()
            .filter(|operation| !operation.asked.is_read() && operation.is_doubtful());
        for operation in changes {
            doubtful.operations += 1;
            let replayed = |(_, told): (_, &Told)| told.is_replayed() == Some(true);
            match operation.told() {
                Some(told) if told.is_effect() && operation.effects().all(replayed) => {
                    doubtful.carried_out_already += 1;
                }
                Some(Told::Denied { .. }) => doubtful.denied += 1,
                Some(Told::Refused(_)) => doubtful.refused += 1,
                Some(_) => doubtful.carried_out += 1,
                // Reported as a finding.
                None => {}
            }
        }
        doubtful
    }
}

pub fn ends_by_kind(
    operations: &[Operation],
) -> BTreeMap<&'static str, BTreeMap<&'static str, usize>> {
    let mut kinds: BTreeMap<_, BTreeMap<_, usize>> = BTreeMap::new();
    for operation in operations {
        let end = match operation.told() {
            Some(told) if told.is_effect() => "done",
            Some(Told::Denied { .. }) => "denied",
            Some(Told::Refused(_)) => "refused",
            Some(Told::Stands { .. } | Told::Extended { .. }) => "done",
            None if operation.believed => "believed",
            Some(_) | None => "astray",
        };
        let ends = kinds.entry(operation.asked.kind()).or_default();
        *ends.entry(end).or_default() += 1;
    }
    kinds
}

pub fn poison_by_kind(operations: &[Operation]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for poison in operations.iter().filter_map(|operation| operation.poison) {
        *kinds.entry(format!("{poison:?}")).or_default() += 1;
    }
    kinds
}
