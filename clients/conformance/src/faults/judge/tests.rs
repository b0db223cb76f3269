//! A fault of the books, or of an answer, is noticed; and none where there is none.

use std::collections::BTreeMap;

use super::judge;
use crate::faults::call::{Call, Kind, THROWN};
use crate::faults::load::{Made, Outcome};
use crate::real_core::ledger::{Charge, Ledger};

const GRANTED: i64 = 1_000_000;

/// The first call of this kind, and what it costs.
fn made(kind: Kind, outcome: Outcome) -> (Made, i64) {
    let call = (0..9).map(Call::numbered).find(|call| call.kind == kind);
    let call = call.unwrap();
    let micros = call.micros;
    (Made { call, outcome }, micros)
}

fn answered(kind: Kind, status: u16) -> (Made, i64) {
    made(kind, Outcome::Answered(status, THROWN.to_owned()))
}

/// The caller's account after these charges of the call.
fn after(made: &Made, charges: &[i64]) -> Ledger {
    let charge = |micros: &i64| Charge {
        request_id: made.call.trace_id.clone(),
        micros: *micros,
    };
    Ledger {
        settled_micros: GRANTED - charges.iter().sum::<i64>(),
        held_micros: 0,
        charges: charges.iter().map(charge).collect(),
    }
}

fn judged(made: &Made, captured: &[&str], ledger: Ledger) -> Vec<String> {
    let captured = captured.iter().map(|id| (*id).to_owned()).collect();
    let ledgers = BTreeMap::from([(made.call.user.clone(), ledger)]);
    judge(std::slice::from_ref(made), &captured, &ledgers, GRANTED)
}

fn wrong(made: &Made, charges: &[i64]) -> Vec<String> {
    judged(made, &[], after(made, charges))
}

#[test]
fn a_missing_a_doubled_and_a_wrong_charge_are_noticed() {
    for kind in [Kind::Report, Kind::Capture, Kind::Leave] {
        let (made, micros) = answered(kind, 200);
        assert_eq!(wrong(&made, &[micros]), [""; 0]);
        for charges in [vec![], vec![micros, micros], vec![micros + 1]] {
            let found = wrong(&made, &charges);
            assert_eq!(found.len(), 1, "{found:?}");
            let (user, key) = (&made.call.user, &made.call.key);
            let line = format!(
                "{user}, {key} ({kind:?}): expected Once({micros}), found {charges:?} after "
            );
            assert!(found[0].starts_with(&line), "{found:?}");
        }
    }
}

#[test]
fn a_call_that_failed_or_was_refused_is_charged_nothing() {
    for (kind, status) in [
        (Kind::Throw, 500),
        (Kind::Status, 418),
        (Kind::Report, 503),
        (Kind::Capture, 503),
        (Kind::Leave, 409),
    ] {
        let (made, micros) = answered(kind, status);
        assert_eq!(wrong(&made, &[]), [""; 0]);
        assert_eq!(wrong(&made, &[micros]).len(), 1, "{kind:?}");
    }
}

#[test]
fn a_capture_counts_whatever_its_caller_was_told() {
    let (thrown, micros) = answered(Kind::CaptureThenThrow, 500);
    assert_eq!(wrong(&thrown, &[]).len(), 1);
    assert_eq!(wrong(&thrown, &[micros]), [""; 0]);
    let (kept, micros) = answered(Kind::Capture, 503);
    let asked = [kept.call.trace_id.as_str()];
    assert_eq!(judged(&kept, &asked, after(&kept, &[])).len(), 1);
    assert_eq!(judged(&kept, &asked, after(&kept, &[micros])), [""; 0]);
}

#[test]
fn a_caller_who_left_is_charged_nothing_or_the_report() {
    let (left, micros) = made(Kind::Leave, Outcome::Left);
    assert_eq!(wrong(&left, &[]), [""; 0]);
    assert_eq!(wrong(&left, &[micros]), [""; 0]);
    assert_eq!(wrong(&left, &[micros, micros]).len(), 1);
    assert_eq!(wrong(&left, &[micros - 1]).len(), 1);
}

#[test]
fn another_charge_a_hold_and_a_wrong_answer_are_noticed() {
    let (right, micros) = answered(Kind::Report, 200);
    let mut held = after(&right, &[micros]);
    held.held_micros = 1;
    let mut moved = after(&right, &[micros]);
    moved.settled_micros += 1;
    let mut another = after(&right, &[micros, 1]);
    another.charges[1].request_id.clear();
    for ledger in [held, moved, another] {
        assert_eq!(judged(&right, &[], ledger).len(), 1);
    }
    let (broken, _) = made(Kind::Report, Outcome::Unanswered("reset".to_owned()));
    for made in [answered(Kind::Report, 402).0, broken] {
        assert_eq!(wrong(&made, &[]).len(), 1);
    }
}
