//! What a bank takes back, gives back, and takes again.

use billing_core::payment::review;
use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{EntryKind, EventOutcome};
use billing_testkit::TestCore;

use super::{CENTS, MICROS, SECOND, apply, delivered, dispute, entries, event, paid, settled};
use crate::support::{assert_books_are_right, core, moment};

pub(super) fn at(second: i64) -> Option<prost_types::Timestamp> {
    Some(moment(
        jiff::Timestamp::from_second(SECOND + second).unwrap(),
    ))
}

/// A movement of all that was paid, by the provider's name.
pub(super) fn moved(name: &str, movement: Movement, second: i64) -> v1::DisputeMovement {
    v1::DisputeMovement {
        provider_reference: name.to_owned(),
        movement: movement.into(),
        amount_minor: CENTS,
        occurred_at: at(second),
    }
}

/// A report of `dp_1` that names all that has moved.
pub(super) fn naming(movement: Movement, moved: Vec<v1::DisputeMovement>) -> Report {
    let Report::Dispute(report) = dispute("dp_1", CENTS, movement) else {
        panic!("a dispute's report");
    };
    Report::Dispute(v1::DisputeReport { moved, ..report })
}

/// Which way the report moves money, when, and what it names.
type Said = (Movement, i64, Vec<v1::DisputeMovement>);

/// Applies reports of one dispute; the account's balance after each.
async fn after_each(core: &TestCore, user: &str, all: Vec<Said>) -> Vec<i64> {
    let payment = paid(core, user, "1").await;
    let mut balances = Vec::new();
    for (n, (movement, second, moved)) in all.into_iter().enumerate() {
        let said = v1::ApplyProviderEventRequest {
            occurred_at: at(second),
            ..event(
                &format!("evt_{user}_{n}"),
                &payment,
                naming(movement, moved),
            )
        };
        let applied = apply(core, said).await.unwrap();
        assert_eq!(applied.outcome(), EventOutcome::Applied, "{user} {n}");
        balances.push(settled(core, user).await);
    }
    balances
}

#[tokio::test]
async fn what_is_withdrawn_again_after_it_was_reinstated_is_taken_back_again() {
    use Movement::{FundsReinstated as Back, FundsWithdrawn as Taken};
    let (database, core) = core().await;
    let first = || moved("txn_1", Taken, 0);
    let second = || moved("txn_2", Back, 0);
    let third = || moved("txn_3", Taken, 0);
    let by_name = vec![
        (Taken, 0, vec![first()]),
        (Back, 0, vec![first(), second()]),
        (Taken, 0, vec![first(), second(), third()]),
        // All of them again, under other ids.
        (Taken, 0, vec![first()]),
        (Movement::None, 0, vec![third(), first(), second()]),
    ];
    assert_eq!(
        after_each(&core, "alice", by_name).await,
        [0, MICROS, 0, 0, 0]
    );
    let by_time = vec![
        (Taken, 1, vec![]),
        (Back, 2, vec![]),
        (Taken, 3, vec![]),
        // The same news again, and then their names.
        (Taken, 4, vec![]),
        (
            Movement::None,
            5,
            vec![
                moved("txn_4", Taken, 1),
                moved("txn_5", Back, 2),
                moved("txn_6", Taken, 3),
            ],
        ),
    ];
    assert_eq!(
        after_each(&core, "bob", by_time).await,
        [0, MICROS, 0, 0, 0]
    );
    let kinds: Vec<EntryKind> = entries(&core, "bob")
        .await
        .iter()
        .map(v1::Entry::kind)
        .collect();
    assert_eq!(
        kinds,
        [
            EntryKind::Dispute,
            EntryKind::DisputeWon,
            EntryKind::Dispute,
            EntryKind::TopUp
        ]
    );
    let pool = database.pool().await;
    assert!(review::findings(&pool).await.unwrap().is_empty());
    assert_books_are_right(&database).await;
}

/// As a won dispute of a partly refunded payment.
#[tokio::test]
async fn where_less_comes_back_than_was_taken_less_is_given_back() {
    use Movement::{FundsReinstated as Back, FundsWithdrawn as Taken};
    let (database, core) = core().await;
    let less = v1::DisputeMovement {
        amount_minor: CENTS / 4,
        ..moved("txn_8", Back, 1)
    };
    let in_part = vec![
        (Taken, 0, vec![moved("txn_7", Taken, 0)]),
        (Back, 1, vec![moved("txn_7", Taken, 0), less]),
    ];
    assert_eq!(after_each(&core, "carol", in_part).await, [0, MICROS / 4]);
    let pool = database.pool().await;
    assert!(review::findings(&pool).await.unwrap().is_empty());
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn where_a_second_withdrawal_cannot_be_told_from_the_first_somebody_looks_at_it() {
    use Movement::{FundsReinstated, FundsWithdrawn};
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let all = [
        (FundsWithdrawn, EventOutcome::Applied),
        (FundsReinstated, EventOutcome::Applied),
        (FundsWithdrawn, EventOutcome::Contradiction),
    ];
    for (n, (movement, outcome)) in all.into_iter().enumerate() {
        // All of one second, and without names.
        let said = event(&format!("evt_{n}"), &payment, naming(movement, Vec::new()));
        assert_eq!(apply(&core, said).await.unwrap().outcome(), outcome, "{n}");
    }
    let pool = database.pool().await;
    let findings = review::findings(&pool).await.unwrap();
    let [finding] = &findings[..] else {
        panic!("one finding, not {}", findings.len());
    };
    assert!(finding.detail.contains("dp_1"), "{finding}");
    assert_eq!(review::marked(&pool).await.unwrap().len(), 1);
    assert!(review::resolve(&pool, "stripe", "evt_2").await.unwrap());
    assert!(review::marked(&pool).await.unwrap().is_empty());
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_withdrawal_that_two_cores_are_told_of_at_once_is_taken_once() {
    use Movement::{FundsReinstated as Back, FundsWithdrawn as Taken};
    let (database, core) = core().await;
    let another = TestCore::start(&database).await;
    let payment = paid(&core, "alice", "1").await;
    let names = [("txn_1", Taken), ("txn_2", Back), ("txn_3", Taken)];
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..60 {
        let known = n % 3 + 1;
        let moved = names[..known]
            .iter()
            .map(|(name, movement)| moved(name, *movement, 0));
        let said = naming(names[known - 1].1, moved.collect());
        let said = event(&format!("evt_{n}"), &payment, said);
        let gateway = [&core, &another][n % 2].payments();
        calls.spawn(delivered(gateway, said));
    }
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap().unwrap();
        assert_eq!(answer.outcome(), EventOutcome::Applied);
    }
    assert_eq!(settled(&core, "alice").await, 0);
    assert_books_are_right(&database).await;
}
