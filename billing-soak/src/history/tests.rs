//! Histories of answers by hand. Moments are milliseconds, of the journal and of the books.

use crate::books::{Books, Entry, EntryRow, HoldRow};
use crate::checker::WELCOME_MICROS;
use crate::journal::{
    Asked, Balance, HoldShown, Operation, Outcome, Overage, Refusal, Told, Totals, Try,
};
use crate::order::explain;

const START: i64 = WELCOME_MICROS;

fn operation(asked: Asked) -> Operation {
    Operation::new(&"ann".into(), asked)
}

impl Operation {
    fn then(mut self, begun: u64, ended: u64, outcome: Outcome) -> Self {
        self.tries.push(Try {
            begun: begun * 1_000_000,
            ended: ended * 1_000_000,
            outcome,
        });
        self
    }

    fn answered(self, begun: u64, ended: u64, told: Told) -> Self {
        self.then(begun, ended, Outcome::Told(told))
    }
}

fn balance(settled: i64, held: i64) -> Balance {
    Balance { settled, held }
}

fn moved(seq: i64, moved_micros: i64, settled: i64, replayed: bool) -> Told {
    Told::Moved {
        entry_id: format!("ann-{seq}"),
        moved_micros,
        released_micros: 0,
        replayed: Some(replayed),
        balance: balance(settled, 0),
    }
}

fn charge(amount_micros: i64) -> Operation {
    operation(Asked::Charge {
        key: "c".to_owned(),
        amount_micros,
        overage: Overage::Reject,
    })
}

fn look(begun: u64, ended: u64, settled: i64, held: i64) -> Operation {
    let told = Told::Stands {
        balance: balance(settled, held),
        totals: None,
    };
    operation(Asked::Balance).answered(begun, ended, told)
}

fn shown(state: &str) -> HoldShown {
    HoldShown {
        hold_id: "h".to_owned(),
        amount_micros: 50,
        expires_at: 100_000,
        state: state.to_owned(),
    }
}

fn held(state: &str, replayed: bool) -> Told {
    Told::Held {
        hold: shown(state),
        replayed,
        balance: balance(START, 50),
    }
}

/// A hold of 50 that is placed by moment 1.
fn place() -> Operation {
    let asked = Asked::Place {
        key: "p".to_owned(),
        amount_micros: 50,
        ttl_secs: 1,
    };
    operation(asked).answered(0, 1, held("placed", false))
}

fn about(asked: fn(String) -> Asked) -> Operation {
    operation(asked("h".to_owned()))
}

fn release() -> Operation {
    about(|hold_id| Asked::Release { hold_id })
}

fn freed() -> Told {
    Told::Freed {
        released_micros: 50,
        balance: balance(START, 0),
    }
}

fn ended(state: &str) -> Told {
    Told::Refused(Refusal::HoldEnded(state.to_owned()))
}

/// The hold as the books have it. It expires at moment 100.
fn books(state: &str) -> Books {
    Books {
        holds: vec![HoldRow {
            hold_id: "h".to_owned(),
            user_id: "ann".to_owned(),
            amount_micros: 50,
            state: state.to_owned(),
            request_id: None,
            placed_at: 0,
            expires_at: 100_000,
            ended_at: Some(100_000),
        }],
        ..Books::default()
    }
}

fn entry(seq: i64, amount_micros: i64, refunds: Option<&str>) -> EntryRow {
    EntryRow {
        entry: Entry {
            entry_id: format!("ann-{seq}"),
            user_id: "ann".to_owned(),
            kind: String::new(),
            amount_micros,
            request_id: None,
            hold_id: None,
            refunds: refunds.map(str::to_owned),
        },
        created_at: 0,
    }
}

/// Whether nothing speaks against it.
fn explained(operations: &[Operation], books: &Books) -> bool {
    let order = explain(operations, books, 0);
    assert_eq!(order.undecided, 0);
    order.findings.is_empty()
}

fn without_holds(operations: &[Operation]) -> bool {
    explained(operations, &Books::default())
}

#[test]
fn a_charge_is_seen_from_its_answer_on() {
    let charged = || charge(10).answered(5, 8, moved(2, 10, START - 10, false));
    assert!(without_holds(&[charged(), look(0, 4, START, 0)]));
    assert!(without_holds(&[charged(), look(9, 10, START - 10, 0)]));
    assert!(!without_holds(&[charged(), look(0, 4, START - 10, 0)]));
    assert!(!without_holds(&[charged(), look(9, 10, START, 0)]));
    assert!(!without_holds(&[charged(), look(9, 10, START - 20, 0)]));
    let totals = |spent, requests| {
        let told = Told::Stands {
            balance: balance(START - 10, 0),
            totals: Some(Totals { spent, requests }),
        };
        operation(Asked::Balance).answered(9, 10, told)
    };
    assert!(without_holds(&[charged(), totals(10, 1)]));
    assert!(!without_holds(&[charged(), totals(10, 2)]));
}

#[test]
fn a_try_in_doubt_may_have_done_it_and_one_that_did_nothing_may_not() {
    let charged = |before| {
        let told = moved(2, 10, START - 10, true);
        charge(10).then(0, 2, before).answered(6, 8, told)
    };
    let early = look(3, 4, START - 10, 0);
    let in_doubt = charged(Outcome::InDoubt);
    assert!(without_holds(&[in_doubt.clone(), early.clone()]));
    assert!(without_holds(&[in_doubt, look(3, 4, START, 0)]));
    assert!(!without_holds(&[charged(Outcome::NothingDone), early]));
}

#[test]
fn an_answer_that_is_no_repetition_tells_when_it_was_done() {
    let told = moved(2, 10, START - 10, false);
    let charged = charge(10).then(0, 2, Outcome::InDoubt).answered(6, 8, told);
    assert!(without_holds(&[charged.clone(), look(3, 4, START, 0)]));
    assert!(!without_holds(&[charged, look(3, 4, START - 10, 0)]));
}

#[test]
fn a_denial_may_come_before_what_an_earlier_try_did_and_not_after_it() {
    let dear = START + 10;
    let denied = Told::Denied {
        required_micros: dear,
        shortfall_micros: 10,
        balance: balance(START, 0),
    };
    let grant = operation(Asked::Grant {
        key: "g".to_owned(),
        amount_micros: 10,
    })
    .answered(0, 20, moved(2, 10, START + 10, false));
    let done = moved(3, dear, 0, true);
    let given_up = charge(dear).then(0, 2, Outcome::InDoubt);
    let after_all = given_up
        .clone()
        .answered(4, 6, denied.clone())
        .answered(30, 31, done.clone());
    assert!(without_holds(&[grant.clone(), after_all]));
    let unexplained = given_up.answered(4, 6, done).answered(30, 31, denied);
    assert!(!without_holds(&[grant, unexplained]));
}

#[test]
fn a_hold_ends_once_and_is_seen_to() {
    let released = || release().answered(5, 8, freed());
    let books = books("released");
    let explained = |last: Operation| explained(&[place(), released(), last], &books);
    assert!(explained(look(2, 3, START, 50)));
    assert!(explained(look(9, 10, START, 0)));
    assert!(!explained(look(9, 10, START, 50)));
    let rejected = |begun, ended| {
        let asked = Asked::Capture {
            hold_id: "h".to_owned(),
            placed_by: "p".to_owned(),
            amount_micros: 60,
            overage: Overage::Reject,
        };
        let refusal = Refusal::OverageRejected { over_micros: 10 };
        operation(asked).answered(begun, ended, Told::Refused(refusal))
    };
    assert!(explained(rejected(2, 6)));
    assert!(!explained(rejected(9, 10)));
    let extend = || {
        about(|hold_id| Asked::Extend {
            hold_id,
            ttl_secs: 1,
        })
    };
    let extended = Told::Extended {
        hold: shown("placed"),
        balance: balance(START, 50),
    };
    assert!(explained(extend().answered(2, 6, extended.clone())));
    assert!(!explained(extend().answered(9, 10, extended)));
    assert!(explained(extend().answered(7, 9, ended("released"))));
    assert!(!explained(extend().answered(2, 4, ended("released"))));
}

#[test]
fn whoever_repeats_a_placement_sees_the_hold_as_it_is_then() {
    let books = books("released");
    let explained = |begun, ended, state| {
        let placed = place().answered(begun, ended, held(state, true));
        explained(&[placed, release().answered(5, 8, freed())], &books)
    };
    assert!(explained(2, 4, "placed"));
    assert!(explained(9, 10, "released"));
    assert!(!explained(2, 4, "released"));
    assert!(!explained(9, 10, "placed"));
}

#[test]
fn a_hold_expires_when_its_time_is_up_and_not_before() {
    let books = books("expired");
    let explained = |last: Operation| explained(&[place(), last], &books);
    assert!(explained(look(2, 3, START, 50)));
    assert!(!explained(look(2, 3, START, 0)));
    // Whether it has been noticed by then, only the answer tells.
    assert!(explained(look(110, 111, START, 50)));
    assert!(explained(look(110, 111, START, 0)));
    assert!(explained(release().answered(101, 102, ended("expired"))));
    assert!(!explained(release().answered(2, 3, ended("expired"))));
}

#[test]
fn a_refund_is_refused_only_while_too_little_is_left() {
    let refund = |key: &str, amount| {
        operation(Asked::Refund {
            key: key.to_owned(),
            charge: "ann-2".to_owned(),
            amount_micros: amount,
        })
    };
    let charged = charge(100).answered(0, 1, moved(2, 100, START - 100, false));
    let back = refund("r", Some(70)).answered(4, 5, moved(3, 70, START - 30, false));
    let rest = refund("s", None).answered(8, 9, moved(4, 30, START, false));
    let books = Books {
        entries: vec![
            entry(2, -100, None),
            entry(3, 70, Some("ann-2")),
            entry(4, 30, Some("ann-2")),
        ],
        ..Books::default()
    };
    let explained = |begun, ended, left_micros| {
        let books = &books;
        let refusal = Refusal::RefundTooMuch { left_micros };
        let refused = refund("t", Some(80)).answered(begun, ended, Told::Refused(refusal));
        let all = [charged.clone(), back.clone(), rest.clone(), refused];
        self::explained(&all, books)
    };
    assert!(explained(6, 7, 30));
    assert!(explained(10, 11, 0));
    assert!(!explained(2, 3, 30), "it was all there");
    assert!(!explained(10, 11, 30), "it was gone");
    assert!(!explained(6, 7, 40), "so much was never left");
    let mut less = books;
    less.entries[2].entry.amount_micros = 29;
    let all = [charged, back, rest];
    assert!(!self::explained(&all, &less), "the rest was 30");
}

#[test]
fn an_answer_that_contradicts_itself_is_reported_in_any_order() {
    let told = moved(2, 11, START - 11, false);
    assert!(!without_holds(&[charge(10).answered(0, 1, told)]));
}
