//! However a sequence of commands is split into batches, its outcomes are those of one by one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use billing_testkit::TestDatabase;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sqlx::{Connection, PgConnection};

use super::super::apply::apply;
use super::super::audit;
use super::super::command::{Action, Command, EntryKind, Overage};
use super::super::decide::{Answer, Context, Refusal, decide};
use super::super::local_time::LocalTime;
use super::super::session::hot_path;
use super::super::state::{AccountState, Book, ChargeState, HoldWrite, NewEntry};
use super::commands::{any_command, capture, charge, hold_id, id, place, post, refund};
use crate::database::Database;
use crate::id::AccountId;
use crate::money::Micros;
use crate::price::{Catalogue, Reading};

type Outcome = Result<Answer, Refusal>;

/// What would be in the tables between two batches.
#[derive(Default)]
struct Tables {
    books: HashMap<AccountId, Book>,
    entries: HashMap<AccountId, Vec<NewEntry>>,
}

impl Tables {
    /// Carries out one batch, then forgets whatever a batch does not read back.
    fn batch(&mut self, commands: &[(Command, Timestamp)], catalogue: &Catalogue) -> Vec<Outcome> {
        let outcomes = commands
            .iter()
            .map(|(command, now)| {
                let book = self.books.entry(command.account).or_insert_with(|| {
                    Book::new(
                        command.account,
                        AccountState::new(None, None, jiff::civil::date(2026, 3, 28)),
                    )
                });
                let mut context = Context {
                    catalogue,
                    catalogue_is_fresh: true,
                    enforced: true,
                    tells_events: false,
                    time: LocalTime::new(*now),
                };
                decide(book, command, &mut context)
            })
            .collect();
        for (account, book) in &mut self.books {
            let entries = self.entries.entry(*account).or_default();
            entries.append(&mut book.new_entries);
            *book = read_back(book, entries);
        }
        outcomes
    }
}

/// The account as the next batch would read it.
fn read_back(book: &Book, entries: &[NewEntry]) -> Book {
    let mut read = Book::new(book.id, book.account.clone());
    read.keys = book.keys.clone();
    read.holds = book
        .holds
        .iter()
        .map(|(id, (hold, _))| (*id, (hold.clone(), HoldWrite::None)))
        .collect();
    for charge in entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Charge)
    {
        let refunded = entries
            .iter()
            .filter(|entry| entry.refunds == Some(charge.seq))
            .map(|entry| entry.amount.get())
            .sum();
        let charged = Micros::new(-charge.amount.get());
        let hold = charge.hold.and_then(|id| book.holds.get(&id));
        read.charges.insert(
            charge.seq,
            ChargeState {
                charged,
                refunded: Micros::new(refunded),
                tool: None,
                counted: charge.period,
                held: hold.map(|(hold, _)| (charged.min(hold.amount), hold.counted)),
            },
        );
    }
    read
}

proptest! {
    /// Also over midnights: each command has its own moment.
    #[test]
    fn any_split_decides_as_one_by_one_in_memory(
        commands in proptest::collection::vec(
            (any_command(vec!["a".to_owned(), "b".to_owned()]), 0..7200_i64), 1..60),
        cuts in proptest::collection::vec(1..9_usize, 60),
    ) {
        let catalogue = Catalogue::default();
        let mut now: Timestamp = "2026-03-28T18:00:00Z".parse().unwrap();
        let commands: Vec<_> = commands.into_iter().map(|(command, secs)| {
            now += SignedDuration::from_secs(secs);
            (command, now)
        }).collect();
        let (mut one_by_one, mut split) = (Tables::default(), Tables::default());
        let expected: Vec<Outcome> =
            commands.iter().flat_map(|command| one_by_one.batch(std::slice::from_ref(command), &catalogue)).collect();
        let mut outcomes = Vec::new();
        let (mut rest, mut cuts) = (&commands[..], cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            outcomes.extend(split.batch(batch, &catalogue));
            rest = after;
        }
        prop_assert_eq!(outcomes, expected);
        for (account, book) in &one_by_one.books {
            prop_assert_eq!(&split.books[account].account, &book.account);
            // Money is neither made nor lost: the balance is the sum of the entries, and what is
            // held is what is placed.
            let settled: i64 = split.entries[account].iter().map(|entry| entry.amount.get()).sum();
            prop_assert_eq!(book.account.settled.get(), settled);
            let held: i64 = book.holds.values().filter(|(hold, _)| hold.state.name() == "placed")
                .map(|(hold, _)| hold.amount.get()).sum();
            prop_assert_eq!(book.account.held.get(), held);
            prop_assert!(book.account.balance().available().get() + book.account.overdraft.get() >= 0);
        }
    }
}

/// What an outcome says, without the moments that differ between two runs.
fn timeless(outcome: Outcome) -> Outcome {
    outcome.map(|mut answer| {
        answer.decided_at = None;
        if let Some(hold) = &mut answer.hold {
            hold.expires_at = Timestamp::UNIX_EPOCH;
        }
        if let Some(account) = &mut answer.account {
            account.last_request_at = None;
            account.version = 0;
            account.carried = None;
        }
        answer
    })
}

/// As a lane connects, with the plans that it uses.
async fn connect(database: &TestDatabase) -> PgConnection {
    Database::on(database.application())
        .connect(&hot_path())
        .await
        .unwrap()
}

async fn apply_split(
    connection: &mut PgConnection,
    commands: &[Command],
    cuts: &[usize],
) -> Vec<Outcome> {
    let (mut rest, mut cuts) = (commands, cuts.iter().cycle());
    let mut outcomes = Vec::new();
    while !rest.is_empty() {
        let (batch, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
        let mut transaction = connection.begin().await.unwrap();
        let applied = apply(&mut transaction, &Reading::now(Catalogue::default()), batch)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        outcomes.extend(applied.into_iter().map(timeless));
        rest = after;
    }
    outcomes
}

/// The same over `apply`: what a batch writes is what the next one reads.
#[test]
fn any_split_applies_as_one_by_one_on_a_database() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (one_by_one, split, pool) = runtime.block_on(async {
        let (first, second) = (TestDatabase::new().await, TestDatabase::new().await);
        (
            connect(&first).await,
            connect(&second).await,
            second.pool().await,
        )
    });
    let connections = std::cell::RefCell::new((one_by_one, split));
    let case = AtomicU32::new(0);
    let sequences = (
        proptest::collection::vec(
            any_command(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]),
            1..50,
        ),
        proptest::collection::vec(1..12_usize, 50),
    );
    let mut runner = TestRunner::new(ProptestConfig::with_cases(48));
    runner
        .run(&sequences, |(commands, cuts)| {
            // Accounts of this case only.
            let case = case.fetch_add(1, Ordering::Relaxed);
            let commands: Vec<_> = commands
                .into_iter()
                .map(|command| of_case(command, case))
                .collect();
            let mut connections = connections.borrow_mut();
            let expected = runtime.block_on(apply_split(&mut connections.0, &commands, &[1]));
            let outcomes = runtime.block_on(apply_split(&mut connections.1, &commands, &cuts));
            prop_assert_eq!(outcomes, expected);
            Ok(())
        })
        .unwrap();
    let findings = runtime.block_on(audit::check(&pool)).unwrap();
    assert_eq!(findings, vec![]);
}

/// The same command on the case's own accounts.
fn of_case(mut command: Command, case: u32) -> Command {
    let user = ["a", "b", "c"]
        .into_iter()
        .find(|user| id(user) == command.account)
        .unwrap();
    command.account = id(&format!("{user}-{case}"));
    let opening = match &mut command.action {
        Action::PlaceHold(place) => &mut place.opening,
        Action::Charge(charge) => &mut charge.opening,
        Action::Post(post) => &mut post.opening,
        Action::ChangeSettings(settings) => &mut settings.opening,
        _ => return command,
    };
    opening.user_id = format!("{user}-{case}");
    command
}

#[tokio::test]
async fn a_charge_is_refunded_within_its_own_batch_and_never_beyond_itself() {
    let database = TestDatabase::new().await;
    let mut connection = connect(&database).await;
    let commands = [
        post("a", "money", 1000),
        charge("a", "charge", 100, Overage::Reject),
        refund("a", "r1", 2, Some(60)),
        refund("a", "r2", 2, Some(60)),
        refund("a", "r3", 2, None),
        refund("a", "r4", 2, None),
        refund("a", "r5", 9, None),
    ];
    let outcomes = apply_split(&mut connection, &commands, &[commands.len()]).await;
    let moved: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.map(|answer| answer.moved.get()))
        .collect();
    assert_eq!(
        moved,
        [
            Ok(1000),
            Ok(100),
            Ok(60),
            Err(Refusal::RefundExceedsCharge {
                left: Micros::new(40)
            }),
            Ok(40),
            Err(Refusal::RefundExceedsCharge { left: Micros::ZERO }),
            Err(Refusal::ChargeNotFound),
        ]
    );
    assert_eq!(audit::check(&database.pool().await).await.unwrap(), vec![]);
}

#[tokio::test]
async fn a_key_that_comes_twice_within_one_batch_takes_effect_once() {
    let database = TestDatabase::new().await;
    let mut connection = connect(&database).await;
    let commands = [
        post("a", "money", 1000),
        charge("a", "charge", 100, Overage::Reject),
        charge("a", "charge", 100, Overage::Reject),
        charge("a", "charge", 101, Overage::Reject),
    ];
    let outcomes = apply_split(&mut connection, &commands, &[commands.len()]).await;
    let settled: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.map(|answer| (answer.balance.settled.get(), answer.replayed)))
        .collect();
    assert_eq!(
        settled,
        [
            Ok((1000, false)),
            Ok((900, false)),
            Ok((900, true)),
            Err(Refusal::KeyReused)
        ]
    );
    let booked: i64 = sqlx::query_scalar("select sum(amount_micros)::bigint from entry")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(booked, 900);
}

#[tokio::test]
async fn a_hold_is_placed_and_captured_within_one_batch() {
    let database = TestDatabase::new().await;
    let mut connection = connect(&database).await;
    let commands = [
        post("a", "money", 1000),
        place("a", "h", hold_id(1), 100, 900),
        capture("a", hold_id(1), 30, Overage::Reject),
        capture("a", hold_id(1), 30, Overage::Reject),
        capture("a", hold_id(1), 31, Overage::Reject),
    ];
    let outcomes = apply_split(&mut connection, &commands, &[commands.len()]).await;
    assert_eq!(outcomes[2].as_ref().unwrap().released.get(), 70);
    assert!(outcomes[3].as_ref().unwrap().replayed);
    assert_eq!(
        outcomes[4],
        Err(Refusal::HoldEnded(super::super::HoldState::Captured))
    );
    assert_eq!(audit::check(&database.pool().await).await.unwrap(), vec![]);
}
