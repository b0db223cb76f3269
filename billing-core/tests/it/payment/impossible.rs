//! What there cannot be, reported all the same: stored once, never believed, and looked at.

use billing_core::payment::review;
use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{EventOutcome, PaymentState, RefundState};
use billing_testkit::TestCore;

use super::disputes::{at, moved, naming};
use super::{CENTS, MICROS, apply, attached, dispute, event, paid, refund, settled, state};
use crate::support::{account, assert_books_are_right, core, moment};

/// The largest amount that there can be.
const MOST: i64 = 1_000_000_000_000;

fn succeeded(amount_minor: i64) -> Report {
    let Report::Payment(report) = state(PaymentState::Succeeded) else {
        panic!("a payment's report");
    };
    Report::Payment(v1::PaymentReport {
        amount_minor,
        ..report
    })
}

fn given_back(total_minor: i64) -> Report {
    Report::GivenBack(v1::GivenBackReport {
        total_minor,
        currency: "USD".to_owned(),
    })
}

fn taken(name: &str, amount_minor: i64) -> v1::DisputeMovement {
    v1::DisputeMovement {
        amount_minor,
        ..moved(name, Movement::FundsWithdrawn, 0)
    }
}

/// Is stored as a contradiction with a mark, moves nothing, and is answered as that when it comes again.
async fn assert_contradicted(core: &TestCore, said: v1::ApplyProviderEventRequest) {
    for is_again in [false, true] {
        let applied = apply(core, said.clone()).await;
        let applied = applied.unwrap_or_else(|status| panic!("{}: {status:?}", said.event_id));
        assert_eq!(
            (applied.outcome(), applied.duplicate, applied.moved_micros),
            (EventOutcome::Contradiction, is_again, 0),
            "{}",
            said.event_id
        );
        assert!(applied.payment.unwrap().needs_review, "{}", said.event_id);
    }
}

#[tokio::test]
async fn an_amount_beyond_what_there_can_be_is_a_contradiction_that_is_stored_and_looked_at() {
    let (database, core) = core().await;
    let unpaid = attached(&core, "alice", "1").await;
    for amount in [MOST + 1, i64::MAX] {
        let said = event(&format!("paid {amount}"), &unpaid, succeeded(amount));
        assert_contradicted(&core, said).await;
    }
    assert_eq!(settled(&core, "alice").await, 0);
    let twice = vec![taken("txn_1", MOST), taken("txn_2", MOST)];
    let reports = [
        ("refund", refund("re_1", MOST + 1, RefundState::Succeeded)),
        ("all", refund("re_1", i64::MAX, RefundState::Pending)),
        ("given back", given_back(i64::MAX)),
        (
            "unnamed",
            dispute("dp_1", MOST + 1, Movement::FundsWithdrawn),
        ),
        ("unmoved", dispute("dp_1", i64::MAX, Movement::None)),
        (
            "named",
            naming(Movement::FundsWithdrawn, vec![taken("txn_1", MOST + 1)]),
        ),
        ("sum", naming(Movement::FundsWithdrawn, twice)),
    ];
    for (user, report) in reports {
        let payment = paid(&core, user, "1").await;
        assert_contradicted(&core, event(user, &payment, report)).await;
        assert_eq!(settled(&core, user).await, MICROS, "{user}");
        // What can be is believed as ever.
        let back = event(
            &format!("{user} in part"),
            &payment,
            refund("re_2", CENTS / 4, RefundState::Succeeded),
        );
        assert_eq!(apply(&core, back).await.unwrap().moved_micros, -MICROS / 4);
    }
    let pool = database.pool().await;
    assert_eq!(review::findings(&pool).await.unwrap().len(), 9);
    assert_eq!(review::marked(&pool).await.unwrap().len(), 8);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_payment_of_an_amount_beyond_what_there_can_be_is_not_opened_and_its_event_is_kept() {
    let (database, core) = core().await;
    let opens = v1::PaymentOpening {
        account: Some(account("alice")),
        purpose: v1::PaymentPurpose::TopUp.into(),
        amount_minor: MOST + 1,
        // At this rate so much could be credited.
        currency: "UAH".to_owned(),
        begun_at: Some(moment(jiff::Timestamp::now())),
        ..Default::default()
    };
    let rate = v1::RecordRateRequest {
        currency: "UAH".to_owned(),
        rate: "41.5".to_owned(),
        source: "test".to_owned(),
        fetched_at: Some(moment(jiff::Timestamp::now())),
    };
    core.payments().record_rate(rate).await.unwrap();
    let named = v1::Payment {
        provider_reference: "in_1".to_owned(),
        ..Default::default()
    };
    let said = v1::ApplyProviderEventRequest {
        opens: Some(opens),
        ..event("evt_1", &named, succeeded(MOST + 1))
    };
    let applied = apply(&core, said).await.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Unmatched);
    let pool = database.pool().await;
    let findings = review::findings(&pool).await.unwrap();
    assert!(
        findings[0].detail.contains("so much cannot be credited"),
        "{}",
        findings[0]
    );
}

#[tokio::test]
async fn a_movement_of_a_dispute_that_turns_round_or_shrinks_is_a_contradiction_that_is_looked_at()
{
    use Movement::{FundsReinstated as Back, FundsWithdrawn as Taken};
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let taken = event(
        "evt_1",
        &payment,
        naming(Taken, vec![moved("txn_1", Taken, 0)]),
    );
    assert_eq!(apply(&core, taken).await.unwrap().moved_micros, -MICROS);
    let turned = v1::ApplyProviderEventRequest {
        occurred_at: at(1),
        ..event(
            "evt_2",
            &payment,
            naming(Back, vec![moved("txn_1", Back, 0)]),
        )
    };
    assert_contradicted(&core, turned).await;
    let less = v1::DisputeMovement {
        amount_minor: CENTS / 4,
        ..moved("txn_1", Taken, 0)
    };
    assert_contradicted(&core, event("evt_3", &payment, naming(Taken, vec![less]))).await;
    assert_eq!(settled(&core, "alice").await, 0);
    let pool = database.pool().await;
    let findings = review::findings(&pool).await.unwrap();
    assert!(findings[0].detail.contains("txn_1"), "{}", findings[0]);
    assert_books_are_right(&database).await;
}

/// As a dispute of a partly refunded payment is reported before its movements are listed.
#[tokio::test]
async fn a_movement_without_a_name_counts_once_and_by_the_name_that_it_gets_whichever_comes_first()
{
    use Movement::{FundsReinstated as Back, FundsWithdrawn as Taken};
    let (database, core) = core().await;
    let less = v1::DisputeMovement {
        amount_minor: CENTS / 4,
        ..moved("txn_2", Back, 1)
    };
    let all = || vec![moved("txn_1", Taken, 0), less.clone()];
    let said = [
        // Later than the times of those that have names.
        ("taken", 0, naming(Taken, vec![])),
        ("given back", 3, naming(Back, vec![])),
        ("named", 4, naming(Movement::None, all())),
    ];
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]] {
        let user = format!("{order:?}");
        let payment = paid(&core, &user, "1").await;
        for place in order {
            let (id, second, report) = said[place].clone();
            let said = v1::ApplyProviderEventRequest {
                occurred_at: at(second),
                ..event(&format!("{user} {id}"), &payment, report)
            };
            apply(&core, said).await.unwrap();
        }
        assert_eq!(settled(&core, &user).await, MICROS / 4, "{user}");
    }
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_withdrawal_without_a_name_that_its_provider_does_not_list_afterwards_is_looked_at() {
    use Movement::{FundsReinstated as Back, FundsWithdrawn as Taken};
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let listed = || vec![moved("txn_1", Taken, 1), moved("txn_2", Back, 2)];
    for (second, report, outcome) in [
        // A late report of the first, or of a second one that is not listed yet.
        (4, naming(Taken, vec![]), EventOutcome::Applied),
        (
            5,
            naming(Movement::None, listed()),
            EventOutcome::Contradiction,
        ),
        (6, naming(Movement::None, listed()), EventOutcome::Applied),
    ] {
        let said = v1::ApplyProviderEventRequest {
            occurred_at: at(second),
            ..event(&format!("evt_{second}"), &payment, report)
        };
        let applied = apply(&core, said).await.unwrap();
        assert_eq!(applied.outcome(), outcome, "{second}");
    }
    assert_eq!(settled(&core, "alice").await, 0);
    let pool = database.pool().await;
    let findings = review::findings(&pool).await.unwrap();
    assert_eq!(findings.len(), 1);
    assert!(findings[0].detail.contains("lists"), "{}", findings[0]);
    assert_books_are_right(&database).await;
}
