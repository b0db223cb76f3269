//! The checker itself: silent about books that agree, and never about others.

use super::{WELCOME_MICROS, contradictions, unended};
use crate::books::{AccountRow, Books, Entry, EntryRow, HoldRow, KeyRow};
use crate::journal::{
    Asked, Balance, HoldShown, Operation, Outcome, Overage, Poison, Refusal, Told, Try,
};

const USER: &str = "ann";

fn entry(entry_id: &str, kind: &str, amount_micros: i64) -> EntryRow {
    EntryRow {
        entry: Entry {
            entry_id: entry_id.to_owned(),
            user_id: USER.to_owned(),
            kind: kind.to_owned(),
            amount_micros,
            request_id: None,
            hold_id: None,
            refunds: None,
        },
        created_at: 0,
    }
}

fn answered(asked: Asked, told: Told) -> Operation {
    let mut operation = Operation::new(&USER.into(), asked);
    operation.tries.push(Try {
        begun: 10,
        ended: 20,
        outcome: Outcome::Told(told),
    });
    operation
}

fn moved(entry_id: &str, moved_micros: i64, replayed: Option<bool>) -> Told {
    Told::Moved {
        entry_id: entry_id.to_owned(),
        moved_micros,
        released_micros: 0,
        replayed,
        balance: Balance::default(),
    }
}

fn charge(key: &str, amount_micros: i64) -> Asked {
    Asked::Charge {
        key: key.to_owned(),
        amount_micros,
        overage: Overage::Reject,
    }
}

fn held(state: &str) -> Told {
    Told::Held {
        hold: HoldShown {
            hold_id: "h".to_owned(),
            amount_micros: 50,
            expires_at: 1_000,
            state: state.to_owned(),
        },
        replayed: false,
        balance: Balance::default(),
    }
}

/// A charge of 300, of which 100 are refunded, and a hold of 50, of which 40 are captured.
fn operations() -> Vec<Operation> {
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
        overage: Overage::AllowDebt,
    };
    vec![
        answered(charge("c", 300), moved("e-2", 300, Some(false))),
        answered(refund, moved("e-3", 100, Some(false))),
        answered(place, held("placed")),
        answered(capture, moved("e-4", 40, None)),
    ]
}

fn books() -> Books {
    let mut charge = entry("e-2", "charge", -300);
    charge.entry.request_id = Some("c".to_owned());
    let mut refund = entry("e-3", "refund", 100);
    refund.entry.refunds = Some("e-2".to_owned());
    let mut capture = entry("e-4", "charge", -40);
    capture.entry.request_id = Some("p".to_owned());
    capture.entry.hold_id = Some("h".to_owned());
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
            placed_at: 0,
            expires_at: 1_000,
            ended_at: Some(500),
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

/// What is found once the charge was also told this, by a try of these times.
fn findings_told(begun: u64, ended: u64, told: Told) -> String {
    findings_with(|operations, _| {
        let outcome = Outcome::Told(told);
        operations[0].tries.push(Try {
            begun,
            ended,
            outcome,
        });
    })
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
        operations.push(answered(
            charge("never sent", 1),
            moved("e-9", 1, Some(false)),
        ));
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
        again.entry.entry_id = "e-5".to_owned();
        books.entries.push(again);
    });
    assert!(doubled.contains("nobody was told of"), "{doubled}");
    let welcomed = findings_with(|_, books| {
        books.entries.push(entry("e-5", "grant", WELCOME_MICROS));
    });
    assert!(welcomed.contains("nobody was told of"), "{welcomed}");
    let foreign = findings_with(|operations, _| drop(operations.remove(1)));
    assert!(foreign.contains("was not acknowledged"), "{foreign}");
    let hold = findings_with(|operations, _| drop(operations.remove(2)));
    assert!(hold.contains("a hold that nobody was told of"), "{hold}");
}

#[test]
fn one_effect_for_two_operations_is_reported() {
    let twice = findings_with(|operations, _| operations.push(operations[0].clone()));
    assert!(twice.contains("one entry for two operations"), "{twice}");
    assert!(twice.contains("one key for two operations"), "{twice}");
    let placed = findings_with(|operations, _| operations.push(operations[2].clone()));
    assert!(placed.contains("one hold for two placements"), "{placed}");
}

#[test]
fn other_amounts_balances_and_ends_are_reported() {
    let amount = findings_with(|_, books| books.entries[1].entry.amount_micros = -301);
    assert!(amount.contains("differs from its entry"), "{amount}");
    let settled = findings_with(|_, books| books.accounts[0].settled_micros += 1);
    assert!(settled.contains("settled is not"), "{settled}");
    let held = findings_with(|_, books| books.accounts[0].held_micros = 50);
    assert!(held.contains("held is not"), "{held}");
    let state = findings_with(|_, books| books.holds[0].state = "placed".to_owned());
    assert!(state.contains("a hold's end is not"), "{state}");
    let late = findings_with(|_, books| books.holds[0].ended_at = Some(1_000));
    assert!(late.contains("a hold's end is not"), "{late}");
    let sooner = findings_with(|_, books| books.holds[0].expires_at = 999);
    assert!(sooner.contains("expires earlier"), "{sooner}");
}

#[test]
fn a_hold_that_has_not_ended_is_reported() {
    let mut books = books();
    assert!(unended(&books).is_empty());
    books.holds[0].state = "placed".to_owned();
    assert_eq!(unended(&books).len(), 1);
}

#[test]
fn refunds_above_their_charge_are_reported() {
    let above = findings_with(|_, books| books.entries[2].entry.amount_micros = 301);
    assert!(above.contains("refunds above their charge"), "{above}");
    let refused = findings_with(|operations, _| {
        let left_micros = 50;
        let told = Told::Refused(Refusal::RefundTooMuch { left_micros });
        operations[1].tries[0].outcome = Outcome::Told(told);
    });
    assert!(refused.contains("something to refund"), "{refused}");
}

#[test]
fn a_try_that_said_that_nothing_was_done_is_held_to_it() {
    let replayed = |before| {
        findings_with(|operations, _| {
            let tries = &mut operations[0].tries;
            tries[0].outcome = Outcome::Told(moved("e-2", 300, Some(true)));
            tries.push(Try {
                begun: 0,
                ended: 5,
                outcome: before,
            });
        })
    };
    assert_eq!(replayed(Outcome::InDoubt), "");
    let held_to_it = replayed(Outcome::NothingDone);
    assert!(
        held_to_it.contains("said that nothing was done"),
        "{held_to_it}"
    );
}

#[test]
fn repetitions_have_one_answer_and_one_effect() {
    assert_eq!(findings_told(30, 40, moved("e-2", 300, Some(true))), "");
    let other = findings_told(30, 40, moved("e-3", 300, Some(true)));
    assert!(other.contains("two answers to one request"), "{other}");
    let twice = findings_told(30, 40, moved("e-2", 300, Some(false)));
    assert!(twice.contains("carried out by two tries"), "{twice}");
    // At the same time, the one may have found what the other did.
    assert_eq!(findings_told(15, 40, moved("e-2", 300, Some(false))), "");
    let refused = findings_told(30, 40, Told::Refused(Refusal::KeyReused));
    assert!(refused.contains("carried out and refused"), "{refused}");
}

#[test]
fn what_has_no_definite_answer_or_no_proper_one_is_reported() {
    let unknown = findings_with(|operations, _| operations[0].tries.clear());
    assert!(unknown.contains("no definite answer"), "{unknown}");
    let internal = findings_told(0, 5, Told::Refused(Refusal::Internal));
    assert!(internal.contains("no proper answer"), "{internal}");
    let astray = findings_told(0, 5, Told::Astray("?".to_owned()));
    assert!(astray.contains("no proper answer"), "{astray}");
}

#[test]
fn poison_that_is_not_refused_is_reported() {
    let poisoned = |told| {
        findings_with(|operations, _| {
            let mut poison = answered(charge("c", 301), told);
            poison.poison = Some(Poison::KeyReused);
            operations.push(poison);
        })
    };
    assert_eq!(poisoned(Told::Refused(Refusal::KeyReused)), "");
    let passed = poisoned(moved("e-2", 300, Some(true)));
    assert!(passed.contains("not refused as it must be"), "{passed}");
    let otherwise = poisoned(Told::Refused(Refusal::BadField));
    assert!(
        otherwise.contains("not refused as it must be"),
        "{otherwise}"
    );
}
