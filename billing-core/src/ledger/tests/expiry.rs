//! A hold expires by its time, whoever notices first.

use jiff::civil::date;

use super::super::command::{Action, Command, Overage};
use super::super::decide::{Answer, Context, Refusal, decide};
use super::super::local_time::LocalTime;
use super::super::state::{AccountState, Book, HoldState};
use super::commands::{capture, command, hold_id, id, place, post, release};
use crate::price::Catalogue;

fn run(book: &mut Book, now: &str, command: &Command) -> Result<Answer, Refusal> {
    let mut context = Context {
        catalogue: &Catalogue::default(),
        catalogue_is_fresh: true,
        enforced: true,
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
