//! The checker itself: silent about books that agree, and never about others.

use crate::books::{AccountRow, Books, EntryRow, HoldRow, KeyRow};
use crate::checker::{WELCOME_MICROS, contradictions};
use crate::journal::{Asked, Operation, Told};

const USER: &str = "ann";

fn entry(entry_id: &str, kind: &str, amount_micros: i64) -> EntryRow {
    EntryRow {
        entry_id: entry_id.to_owned(),
        user_id: USER.to_owned(),
        kind: kind.to_owned(),
        amount_micros,
        request_id: None,
        hold_id: None,
        refunds: None,
    }
}

fn told(asked: Asked, entry_id: &str, moved_micros: i64) -> Operation {
    Operation {
        user: USER,
        asked,
        told: Told::Entry {
            entry_id: entry_id.to_owned(),
            moved_micros,
            replayed: false,
        },
        doubtful: false,
    }
}

/// A charge of 300, of which 100 are refunded, and a hold of 50, of which 40 are captured.
fn operations() -> Vec<Operation> {
    let charge = Asked::Charge {
        key: "c".to_owned(),
        amount_micros: 300,
    };
    let refund = Asked::Refund {
        key: "r".to_owned(),
        charge: "e-2".to_owned(),
        amount_micros: Some(100),
    };
    let place = Asked::Place {
        key: "p".to_owned(),
        amount_micros: 50,
        ttl_secs: 3600,
    };
    let capture = Asked::Capture {
        hold_id: "h".to_owned(),
        placed_by: "p".to_owned(),
        amount_micros: 40,
    };
    let mut placed = told(place, "", 0);
    placed.told = Told::Held {
        hold_id: "h".to_owned(),
        replayed: false,
    };
    vec![
        told(charge, "e-2", 300),
        told(refund, "e-3", 100),
        placed,
        told(capture, "e-4", 40),
    ]
}

fn books() -> Books {
    let mut charge = entry("e-2", "charge", -300);
    charge.request_id = Some("c".to_owned());
    let mut refund = entry("e-3", "refund", 100);
    refund.refunds = Some("e-2".to_owned());
    let mut capture = entry("e-4", "charge", -40);
    capture.request_id = Some("p".to_owned());
    capture.hold_id = Some("h".to_owned());
    let key = |key: &str| KeyRow {
        user_id: USER.to_owned(),
        key: key.to_owned(),
    };
    Books {
        entries: vec![
            entry("e-1", "grant", WELCOME_MICROS),
            charge,
            refund,
            capture,
        ],
        holds: vec![HoldRow {
            hold_id: "h".to_owned(),
            user_id: USER.to_owned(),
            amount_micros: 50,
            state: "captured".to_owned(),
            request_id: Some("p".to_owned()),
        }],
        keys: vec![key("c"), key("p"), key("r")],
        accounts: vec![AccountRow {
            user_id: USER.to_owned(),
            settled_micros: WELCOME_MICROS - 240,
            held_micros: 0,
        }],
    }
}

/// What is found once the answers or the books are changed.
fn findings_with(change: impl FnOnce(&mut Vec<Operation>, &mut Books)) -> String {
    let (mut operations, mut books) = (operations(), books());
    change(&mut operations, &mut books);
    contradictions(&operations, &books).join("\n")
}

#[test]
fn books_that_agree_with_every_answer_are_silent() {
    assert_eq!(findings_with(|_, _| {}), "");
}

#[test]
fn answers_without_their_rows_are_reported() {
    let lost = findings_with(|_, books| drop(books.entries.remove(1)));
    assert!(lost.contains("acknowledged and lost"), "{lost}");
    let more = findings_with(|operations, _| {
        let key = "never sent".to_owned();
        let amount_micros = 1;
        operations.push(told(Asked::Charge { key, amount_micros }, "e-9", 1));
    });
    assert!(more.contains("acknowledged and lost"), "{more}");
    assert!(more.contains("its key lost"), "{more}");
    let key = findings_with(|_, books| drop(books.keys.remove(2)));
    assert!(key.contains("its key lost"), "{key}");
    let hold = findings_with(|_, books| books.holds.clear());
    assert!(hold.contains("acknowledged and lost"), "{hold}");
}

#[test]
fn rows_without_an_answer_are_reported() {
    let doubled = findings_with(|_, books| {
        let mut again = books.entries[1].clone();
        again.entry_id = "e-5".to_owned();
        books.entries.push(again);
    });
    assert!(doubled.contains("nobody was told of"), "{doubled}");
    let welcomed = findings_with(|_, books| {
        books.entries.push(entry("e-5", "grant", WELCOME_MICROS));
    });
    assert!(welcomed.contains("nobody was told of"), "{welcomed}");
    let foreign = findings_with(|operations, _| drop(operations.remove(1)));
    assert!(foreign.contains("was not acknowledged"), "{foreign}");
}

#[test]
fn one_effect_for_two_operations_is_reported() {
    let twice = findings_with(|operations, _| operations.push(operations[0].clone()));
    assert!(twice.contains("one entry for two operations"), "{twice}");
    assert!(twice.contains("one key for two operations"), "{twice}");
}

#[test]
fn other_amounts_balances_and_ends_are_reported() {
    let amount = findings_with(|_, books| books.entries[1].amount_micros = -301);
    assert!(amount.contains("differs from its entry"), "{amount}");
    let settled = findings_with(|_, books| books.accounts[0].settled_micros += 1);
    assert!(settled.contains("settled is not"), "{settled}");
    let held = findings_with(|_, books| books.accounts[0].held_micros = 50);
    assert!(held.contains("held is not"), "{held}");
    let state = findings_with(|_, books| books.holds[0].state = "placed".to_owned());
    assert!(state.contains("a hold's end"), "{state}");
    let ends = findings_with(|operations, _| {
        let hold_id = "h".to_owned();
        let mut released = told(Asked::Release { hold_id }, "", 0);
        released.told = Told::Freed;
        operations.push(released);
    });
    assert!(ends.contains("a hold's end"), "{ends}");
}

#[test]
fn refunds_above_their_charge_are_reported() {
    let above = findings_with(|_, books| books.entries[2].amount_micros = 301);
    assert!(above.contains("refunds above their charge"), "{above}");
    let refused = findings_with(|operations, _| operations[1].told = Told::RefundTooMuch);
    assert!(refused.contains("something to refund"), "{refused}");
}

#[test]
fn a_try_that_said_that_nothing_was_done_is_held_to_it() {
    let replayed = |doubtful| {
        findings_with(|operations, _| {
            let moved = &mut operations[0];
            moved.doubtful = doubtful;
            if let Told::Entry { replayed, .. } = &mut moved.told {
                *replayed = true;
            }
        })
    };
    assert_eq!(replayed(true), "");
    assert!(replayed(false).contains("said that nothing was done"));
}
