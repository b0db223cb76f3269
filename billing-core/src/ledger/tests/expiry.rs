//! A hold expires by its time, whoever notices first.

use jiff::civil::date;

use super::super::command::{Action, Capture, Command, Overage};
use super::super::decide::{Answer, Context, Refusal, decide};
use super::super::local_time::LocalTime;
use super::super::state::{AccountState, Book, HoldState};
use super::commands::{
    capture, charge_tool, command, hold_id, id, place, place_tool, post, prices, release, settle,
    settle_tool,
};
use crate::money::Micros;
use crate::price::Catalogue;

fn run(book: &mut Book, now: &str, command: &Command) -> Result<Answer, Refusal> {
    let mut context = Context {
        catalogue: &Catalogue::default(),
        catalogue_is_fresh: true,
        enforced: true,
        tells_events: false,
        time: LocalTime::new(now.parse().unwrap()),
    };
    decide(book, command, &mut context)
}

/// 100 on the account, 60 of it held from 12:00:00 for a minute.
fn held() -> Book {
    let mut book = Book::new(id("u"), AccountState::new(None, None, date(2026, 11, 10)));
    run(&mut book, "2026-11-10T12:00:00Z", &post("u", "money", 100)).unwrap();
    run(
        &mut book,
        "2026-11-10T12:00:00Z",
        &place("u", "h", hold_id(1), 60, 60),
    )
    .unwrap();
    book
}

#[test]
fn a_capture_at_the_moment_of_expiry_is_refused_and_the_amount_is_back() {
    let mut book = held();
    let late = run(
        &mut book,
        "2026-11-10T12:01:00Z",
        &capture("u", hold_id(1), 50, Overage::AllowDebt),
    );
    assert_eq!(late, Err(Refusal::HoldEnded(HoldState::Expired)));
    assert_eq!(
        (book.account.held.get(), book.account.settled.get()),
        (0, 100)
    );
    assert_eq!(
        (book.account.day_spent.get(), book.account.month_spent.get()),
        (0, 0)
    );
    assert!(book.changed);
}

#[test]
fn a_capture_just_before_expiry_is_taken() {
    let mut book = held();
    run(
        &mut book,
        "2026-11-10T12:00:59.999999Z",
        &capture("u", hold_id(1), 50, Overage::Reject),
    )
    .unwrap();
    assert_eq!(
        (book.account.held.get(), book.account.settled.get()),
        (0, 50)
    );
}

#[test]
fn a_release_and_a_replay_see_an_expiry_that_was_not_swept() {
    let mut book = held();
    let replay = run(
        &mut book,
        "2026-11-10T12:01:00Z",
        &place("u", "h", hold_id(2), 60, 60),
    )
    .unwrap();
    assert!(replay.replayed);
    assert_eq!(replay.hold.unwrap().id, hold_id(1));
    assert_eq!(replay.hold.unwrap().state, HoldState::Expired);
    let late = run(&mut book, "2026-11-10T12:01:00Z", &release("u", hold_id(1)));
    assert_eq!(late, Err(Refusal::HoldEnded(HoldState::Expired)));
    assert_eq!(book.account.held.get(), 0);
}

#[test]
fn a_hold_that_was_captured_gives_nothing_back_when_its_time_is_up() {
    let mut book = held();
    let placed = place("u", "other", hold_id(2), 30, 900);
    run(&mut book, "2026-11-10T12:00:00Z", &placed).unwrap();
    let captured = capture("u", hold_id(1), 20, Overage::AllowDebt);
    run(&mut book, "2026-11-10T12:00:30Z", &captured).unwrap();
    let standing = (30, 80, 50);
    let stands = |book: &Book| {
        let account = &book.account;
        (
            account.held.get(),
            account.settled.get(),
            account.day_spent.get(),
        )
    };
    assert_eq!(stands(&book), standing);
    let later = "2026-11-10T12:01:00Z";
    // The sweep, a capture sent again, and the placement sent again look at the hold once more.
    let expire = command("u", Action::Expire(hold_id(1)));
    let again = place("u", "h", hold_id(3), 60, 60);
    for command in [expire, captured, again] {
        let answer = run(&mut book, later, &command).unwrap();
        assert_eq!(answer.hold.unwrap().state, HoldState::Captured);
        assert_eq!(stands(&book), standing, "after {command:?}");
    }
}

#[test]
fn a_settlement_charges_what_has_expired_and_nothing_that_was_released() {
    let mut book = held();
    let placed = place("u", "other", hold_id(2), 30, 900);
    run(&mut book, "2026-11-10T12:00:00Z", &placed).unwrap();
    run(&mut book, "2026-11-10T12:00:00Z", &release("u", hold_id(2))).unwrap();
    let later = "2026-11-11T12:00:00Z";
    let late = run(&mut book, later, &settle("u", hold_id(2), 20));
    assert_eq!(late, Err(Refusal::HoldEnded(HoldState::Released)));
    // Refused for its cost, it leaves the hold expired and the account as it was.
    let too_much = match settle("u", hold_id(1), 61) {
        Command {
            account,
            action: Action::Capture(capture),
        } => Command {
            account,
            action: Action::Capture(Capture {
                overage: Overage::Reject,
                ..capture
            }),
        },
        other => other,
    };
    let refused = run(&mut book, later, &too_much);
    assert_eq!(refused, Err(Refusal::OverageRejected(Micros::new(1))));
    assert_eq!(book.holds[&hold_id(1)].0.state, HoldState::Expired);
    let settled = run(&mut book, later, &settle("u", hold_id(1), 50)).unwrap();
    assert_eq!((settled.moved.get(), settled.released.get()), (50, 10));
    let account = &book.account;
    assert_eq!((account.held.get(), account.settled.get()), (0, 50));
    // It counts in the day on which it was charged.
    assert_eq!(
        (account.day_spent.get(), account.month_spent.get()),
        (50, 50)
    );
}

#[test]
fn a_free_call_that_lapsed_with_its_hold_is_free_again_only_while_the_day_has_one_left() {
    let mut book = Book::new(id("u"), AccountState::new(None, None, date(2026, 11, 10)));
    let prices = prices();
    let mut run = |now: &str, command: &Command| {
        let mut context = Context {
            catalogue: &prices.catalogue,
            catalogue_is_fresh: true,
            enforced: true,
            tells_events: false,
            time: LocalTime::new(now.parse().unwrap()),
        };
        decide(&mut book, command, &mut context).unwrap()
    };
    for n in 0..6 {
        let placed = run(
            "2026-11-10T12:00:00Z",
            &place_tool("u", &format!("h{n}"), hold_id(n), "five-free", 60),
        );
        // All five lapse; five more calls take their place.
        assert_eq!(placed.required.get(), if n < 5 { 0 } else { 10 });
    }
    let later = "2026-11-10T12:01:00Z";
    for n in 0..5 {
        run(later, &command("u", Action::Expire(hold_id(n))));
    }
    for n in 0..4 {
        let charged = run(later, &charge_tool("u", &format!("c{n}"), "five-free"));
        assert_eq!(charged.moved.get(), 0);
    }
    for (n, cost) in [(0, 0), (1, 10)] {
        let settled = run(later, &settle_tool("u", hold_id(n), "five-free"));
        assert_eq!(settled.moved.get(), cost, "{n}");
    }
    assert_eq!(book.free_calls["five-free"].used, 5);
}

#[test]
fn a_repeat_is_answered_though_its_tool_could_not_be_priced_now() {
    let mut book = held();
    let prices = prices();
    let charged = charge_tool("u", "k", "five-free");
    let mut ask = |fresh: bool, command: &Command| {
        let mut context = Context {
            catalogue: &prices.catalogue,
            catalogue_is_fresh: fresh,
            enforced: true,
            tells_events: false,
            time: LocalTime::new("2026-11-10T12:00:00Z".parse().unwrap()),
        };
        decide(&mut book, command, &mut context)
    };
    assert!(!ask(true, &charged).unwrap().replayed);
    assert!(ask(false, &charged).unwrap().replayed);
    let another = charge_tool("u", "another", "five-free");
    assert_eq!(ask(false, &another), Err(Refusal::PriceListStale));
}
