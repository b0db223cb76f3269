//! Refunds of charges.

use tonic::Code;

use crate::support::{USD, amount, as_owner, core, detail, reason};
use crate::user::User;

#[tokio::test]
async fn a_charge_is_refunded_in_parts_and_never_beyond_what_it_was() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let charge = alice.charge("charge", amount(3 * USD)).await.entry_id;
    let part = alice.refund("r1", &charge, Some(USD)).await.unwrap();
    assert_eq!(part.refunded_micros, USD);
    assert_eq!(part.balance.as_ref().unwrap().settled_micros, 3 * USD);
    let again = alice.refund("r1", &charge, Some(USD)).await.unwrap();
    assert!(again.replayed && again.entry_id == part.entry_id);
    let over = alice
        .refund("r2", &charge, Some(2 * USD + 1))
        .await
        .unwrap_err();
    assert_eq!(over.code(), Code::FailedPrecondition);
    assert_eq!(reason(&over), "REFUND_EXCEEDS_CHARGE");
    assert_eq!(detail(&over, "refundable_micros"), (2 * USD).to_string());
    // The key of a refusal is free; an absent amount is the rest.
    let rest = alice.refund("r2", &charge, None).await.unwrap();
    assert_eq!(rest.refunded_micros, 2 * USD);
    let none_left = alice.refund("r3", &charge, None).await.unwrap_err();
    assert_eq!(reason(&none_left), "REFUND_EXCEEDS_CHARGE");
    assert_eq!(detail(&none_left, "refundable_micros"), "0");
    assert_eq!(alice.balance().await, (5 * USD, 0, 5 * USD, 0));
    let standing = alice.standing().await;
    assert_eq!(
        (standing.total_spent_micros, standing.request_count),
        (0, 1)
    );
    core.stop().await;
}

#[tokio::test]
async fn a_refund_is_an_entry_of_its_own_that_names_its_charge() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let charge = alice.charge("charge", amount(3 * USD)).await.entry_id;
    let before = alice.entries().await;
    let refund = alice.refund("refund", &charge, Some(USD)).await.unwrap();
    let after = alice.entries().await;
    assert_eq!(after[1..], before);
    let entry = &after[0];
    assert_eq!(entry.entry_id, refund.entry_id);
    assert_eq!(entry.kind(), billing_proto::v1::EntryKind::Refund);
    assert_eq!(
        (entry.amount_micros, entry.balance_after_micros),
        (USD, 3 * USD)
    );
    assert_eq!(entry.refunds_entry_id, charge);
    assert_eq!(
        (entry.reason.as_str(), entry.counterparty.as_str()),
        ("it failed", "usage")
    );
    core.stop().await;
}

#[tokio::test]
async fn a_captured_hold_is_refunded_like_a_charge() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.hold("hold", amount(2 * USD)).await;
    let charge = alice
        .capture(&hold, amount(3 * USD))
        .await
        .unwrap()
        .entry_id;
    assert_eq!(alice.used().await, (3 * USD, 3 * USD));
    let over = alice
        .refund("r", &charge, Some(3 * USD + 1))
        .await
        .unwrap_err();
    assert_eq!(detail(&over, "refundable_micros"), (3 * USD).to_string());
    assert_eq!(
        alice
            .refund("r", &charge, None)
            .await
            .unwrap()
            .refunded_micros,
        3 * USD
    );
    assert_eq!(alice.balance().await, (5 * USD, 0, 5 * USD, 0));
    assert_eq!(alice.used().await, (0, 0));
    core.stop().await;
}

#[tokio::test]
async fn only_a_charge_of_the_account_can_be_refunded() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let bob = User::with(&core, "bob", 5 * USD).await;
    let charge = alice.charge("charge", amount(USD)).await.entry_id;
    let refund = alice
        .refund("refund", &charge, Some(1))
        .await
        .unwrap()
        .entry_id;
    let grant = alice.entries().await[2].entry_id.clone();
    let yet_to_come = charge.replace("-2", "-99");
    for entry in [refund, grant, yet_to_come, "no entry at all".to_owned()] {
        let status = alice.refund("k", &entry, None).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound, "{entry}");
        assert_eq!(reason(&status), "ENTRY_NOT_FOUND", "{entry}");
    }
    for stranger in [bob, User::new(&core, "never-seen")] {
        let status = stranger.refund("k", &charge, None).await.unwrap_err();
        assert_eq!(reason(&status), "ENTRY_NOT_FOUND");
    }
    core.stop().await;
}

#[tokio::test]
async fn a_refund_gives_back_to_the_limits_of_its_charges_own_periods_only() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 9 * USD).await;
    let today = alice.charge("today", amount(3 * USD)).await.entry_id;
    alice.refund("r1", &today, Some(USD)).await.unwrap();
    assert_eq!(alice.used().await, (2 * USD, 2 * USD));
    // Two months pass.
    as_owner(
        &database,
        "update account set spent_on = spent_on - 62, version = version + 1",
    )
    .await;
    alice.charge("later", amount(4 * USD)).await;
    assert_eq!(alice.used().await, (4 * USD, 4 * USD));
    alice.refund("r2", &today, None).await.unwrap();
    assert_eq!(alice.used().await, (4 * USD, 4 * USD));
    assert_eq!(alice.available().await, 5 * USD);
    core.stop().await;
}
