//! Whatever the order in which a payment's events come, and however often, it ends at the same sums.

use std::collections::BTreeSet;

use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{PaymentState, RefundState};
use billing_testkit::{TestCore, TestDatabase};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use tokio::task::JoinSet;

use super::disputes::{at, moved};
use super::{CENTS, apply, attached, declined, delivered, dispute, event, refund, settled, state};
use crate::support::{account, assert_books_are_right};

/// Everything that can be reported of one payment.
fn all(payment: &v1::Payment) -> Vec<v1::ApplyProviderEventRequest> {
    let about = |id: &str, report| event(&format!("{}:{id}", payment.payment_id), payment, report);
    let later = |id: &str, second, report| v1::ApplyProviderEventRequest {
        occurred_at: at(second),
        ..about(id, report)
    };
    let names = [
        part("txn_1", Movement::FundsWithdrawn, 1),
        // As of a payment that was refunded in part.
        v1::DisputeMovement {
            amount_minor: 200,
            ..part("txn_2", Movement::FundsReinstated, 2)
        },
        part("txn_3", Movement::FundsWithdrawn, 3),
    ];
    let by_names = |movement, known: usize| {
        let Report::Dispute(report) = dispute("dp_2", 300, movement) else {
            panic!("a dispute's report");
        };
        let moved = names[..known].to_vec();
        Report::Dispute(v1::DisputeReport { moved, ..report })
    };
    vec![
        about("declined", declined()),
        about("action", state(PaymentState::RequiresAction)),
        about("paid", state(PaymentState::Succeeded)),
        about("part", refund("re_1", 333, RefundState::Pending)),
        about("part done", refund("re_1", 333, RefundState::Succeeded)),
        about("more", refund("re_2", 211, RefundState::Succeeded)),
        about("more failed", refund("re_2", 211, RefundState::Failed)),
        about("disputed", dispute("dp_1", CENTS, Movement::None)),
        about(
            "withdrawn",
            dispute("dp_1", CENTS, Movement::FundsWithdrawn),
        ),
        about("won", dispute("dp_1", CENTS, Movement::FundsReinstated)),
        // Another dispute: taken, given back, and taken again; some reports name what has moved.
        later("taken", 1, by_names(Movement::FundsWithdrawn, 1)),
        later("given back", 2, by_names(Movement::FundsReinstated, 0)),
        later("taken again", 3, by_names(Movement::FundsWithdrawn, 0)),
        later("given back, named", 5, by_names(Movement::None, 2)),
        later(
            "taken again, named",
            4,
            by_names(Movement::FundsWithdrawn, 3),
        ),
        // The same news again, without names: before and after those that have them.
        later("taken, unnamed", 1, by_names(Movement::FundsWithdrawn, 0)),
        later(
            "taken again, unnamed",
            6,
            by_names(Movement::FundsWithdrawn, 0),
        ),
    ]
}

/// A movement of three dollars.
fn part(name: &str, movement: Movement, second: i64) -> v1::DisputeMovement {
    v1::DisputeMovement {
        amount_minor: 300,
        ..moved(name, movement, second)
    }
}

/// Which events happened, and in which order they come; some of them twice.
fn deliveries() -> impl Strategy<Value = (BTreeSet<usize>, Vec<usize>)> {
    proptest::collection::btree_set(0..17_usize, 1..17).prop_flat_map(|happened| {
        let mut order: Vec<usize> = happened.iter().copied().collect();
        order.extend(happened.iter().copied().filter(|n| n % 2 == 0));
        (Just(happened), Just(order).prop_shuffle())
    })
}

/// The payment's sums at the end.
async fn end(core: &TestCore, user: &str, payment: &v1::Payment) -> [i64; 5] {
    let request = v1::GetPaymentRequest {
        account: Some(account(user)),
        name: Some(v1::get_payment_request::Name::PaymentId(
            payment.payment_id.clone(),
        )),
    };
    let answer = core.payments().get_payment(request).await.unwrap();
    let payment = answer.into_inner().payment.unwrap();
    [
        settled(core, user).await,
        payment.credited_micros,
        payment.reversed_micros,
        payment.refunded_minor,
        payment.disputed_minor,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_and_any_duplication_of_a_payments_events_ends_at_the_same_sums() {
    let database = TestDatabase::new().await;
    // So many declines would pause the tenant.
    let core = TestCore::start_with(&database, &["--declines-max", "0"]).await;
    let another = TestCore::start_with(&database, &["--declines-max", "0"]).await;
    let mut runner = TestRunner::new(Config::with_cases(60));
    for n in 0..60 {
        let tree = deliveries().new_tree(&mut runner).unwrap();
        let (happened, order) = tree.current();
        let [sorted_user, shuffled_user, at_once_user] =
            ["sorted", "shuffled", "at-once"].map(|name| format!("{name}{n}"));
        let sorted = attached(&core, &sorted_user, "1").await;
        let sorted_events = all(&sorted);
        for place in &happened {
            apply(&core, sorted_events[*place].clone()).await.unwrap();
        }
        let shuffled = attached(&core, &shuffled_user, "1").await;
        let shuffled_events = all(&shuffled);
        for place in &order {
            apply(&core, shuffled_events[*place].clone()).await.unwrap();
        }
        let expected = end(&core, &sorted_user, &sorted).await;
        assert_eq!(
            end(&core, &shuffled_user, &shuffled).await,
            expected,
            "{happened:?} as {order:?}"
        );
        // All of them at once, by turns to two cores.
        let at_once = attached(&core, &at_once_user, "1").await;
        let events = all(&at_once);
        let calls: JoinSet<_> = order
            .iter()
            .zip([&core, &another].into_iter().cycle())
            .map(|(place, core)| {
                let (gateway, event) = (core.payments(), events[*place].clone());
                async move { delivered(gateway, event).await.map(drop) }
            })
            .collect();
        for call in calls.join_all().await {
            call.unwrap();
        }
        assert_eq!(
            end(&core, &at_once_user, &at_once).await,
            expected,
            "{happened:?} at once"
        );
        assert_eq!(expected[0], expected[1] - expected[2], "{happened:?}");
    }
    assert_books_are_right(&database).await;
}
