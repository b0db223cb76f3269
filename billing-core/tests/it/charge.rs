//! Charges, and the keys that make them repeatable.

use billing_proto::v1;
use billing_proto::v1::{Decision, OveragePolicy};
use tonic::Code;

use crate::support::{USD, amount, charge, core, hold, reason};
use crate::user::User;

#[tokio::test]
async fn a_charge_is_taken_from_the_balance_once_however_often_it_is_sent() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let first = alice.charge("call-1", amount(2 * USD)).await;
    assert_eq!(first.decision(), Decision::Allowed);
    assert_eq!(
        (first.required_micros, first.charged_micros),
        (2 * USD, 2 * USD)
    );
    assert_eq!(first.balance.as_ref().unwrap().available_micros, 3 * USD);
    assert!(!first.replayed);
    // The answer is the stored one, also when the balance has moved on.
    alice.charge("call-2", amount(USD)).await;
    let second = alice.charge("call-1", amount(2 * USD)).await;
    assert_eq!(
        second,
        v1::ChargeResponse {
            replayed: true,
            ..first
        }
    );
    assert_eq!(alice.available().await, 2 * USD);
    // The caller's own name for its request is no part of the content.
    let renamed = v1::ChargeRequest {
        request_id: "second attempt".to_owned(),
        ..charge("alice", "call-1", 2 * USD)
    };
    assert!(alice.try_charge(renamed).await.unwrap().replayed);
    let standing = alice.standing().await;
    assert_eq!(
        (standing.total_spent_micros, standing.request_count),
        (3 * USD, 2)
    );
    assert!(standing.last_request_at.is_some());
    core.stop().await;
}

#[tokio::test]
async fn the_overage_policy_of_a_charge_says_what_becomes_of_what_is_not_there() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    for policy in [OveragePolicy::Unspecified, OveragePolicy::Reject] {
        let denied = alice.charge_by("k", amount(6 * USD), policy).await;
        assert_eq!(denied.decision(), Decision::InsufficientBalance);
        assert_eq!((denied.charged_micros, denied.shortfall_micros), (0, USD));
        assert_eq!(denied.entry_id, "");
    }
    let partly = alice
        .charge_by("k", amount(6 * USD), OveragePolicy::UpToAvailable)
        .await;
    assert_eq!(partly.decision(), Decision::Allowed);
    assert_eq!(
        (partly.required_micros, partly.charged_micros),
        (6 * USD, 5 * USD)
    );
    assert_eq!(alice.balance().await, (0, 0, 0, 0));
    // Nothing at all is available now.
    let nothing = alice
        .charge_by("k2", amount(1), OveragePolicy::UpToAvailable)
        .await;
    assert_eq!(nothing.decision(), Decision::InsufficientBalance);
    let all = alice
        .charge_by("k3", amount(2 * USD), OveragePolicy::AllowDebt)
        .await;
    assert_eq!(
        (all.decision(), all.charged_micros),
        (Decision::Allowed, 2 * USD)
    );
    assert_eq!(alice.balance().await, (-2 * USD, 0, -2 * USD, 2 * USD));
    assert_eq!(
        alice.check(amount(1)).await.decision(),
        Decision::InsufficientBalance
    );
    // A top-up pays the debt first.
    alice.grant(2 * USD).await;
    assert_eq!(
        alice.check(amount(1)).await.decision(),
        Decision::InsufficientBalance
    );
    alice.grant(1).await;
    assert_eq!(alice.check(amount(1)).await.decision(), Decision::Allowed);
    core.stop().await;
}

#[tokio::test]
async fn a_charge_takes_nothing_that_a_hold_has_set_aside() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    alice.hold("hold", amount(4 * USD)).await;
    let denied = alice.charge("k", amount(2 * USD)).await;
    assert_eq!(denied.decision(), Decision::InsufficientBalance);
    assert_eq!(denied.shortfall_micros, USD);
    let partly = alice
        .charge_by("k", amount(2 * USD), OveragePolicy::UpToAvailable)
        .await;
    assert_eq!(partly.charged_micros, USD);
    assert_eq!(alice.balance().await, (4 * USD, 4 * USD, 0, 0));
    core.stop().await;
}

#[tokio::test]
async fn a_key_that_was_used_for_something_else_is_refused_whatever_the_rpc() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let entry = alice.charge("k", amount(USD)).await.entry_id;
    let described = v1::ChargeRequest {
        description: "another".to_owned(),
        ..charge("alice", "k", USD)
    };
    let policy = v1::ChargeRequest {
        overage_policy: OveragePolicy::AllowDebt.into(),
        ..charge("alice", "k", USD)
    };
    let grant = v1::GrantCreditRequest {
        account: alice.account(),
        idempotency_key: "k".to_owned(),
        amount_micros: USD,
        reason: "r".to_owned(),
        actor: "a".to_owned(),
    };
    let adjustment = v1::AdjustBalanceRequest {
        account: alice.account(),
        idempotency_key: "k".to_owned(),
        amount_micros: USD,
        reason: "r".to_owned(),
        actor: "a".to_owned(),
    };
    let refused = [
        alice
            .try_charge(charge("alice", "k", USD + 1))
            .await
            .unwrap_err(),
        alice.try_charge(described).await.unwrap_err(),
        alice.try_charge(policy).await.unwrap_err(),
        alice.place(hold("alice", "k", USD)).await.unwrap_err(),
        alice.refund("k", &entry, None).await.unwrap_err(),
        core.accounts().grant_credit(grant).await.unwrap_err(),
        core.accounts()
            .adjust_balance(adjustment)
            .await
            .unwrap_err(),
    ];
    for status in refused {
        assert_eq!(status.code(), Code::AlreadyExists);
        assert_eq!(reason(&status), "IDEMPOTENCY_KEY_REUSED");
    }
    assert_eq!(alice.balance().await, (4 * USD, 0, 4 * USD, 0));
    // Keys are unique within an account only.
    let carol = User::with(&core, "carol", USD).await;
    assert!(!carol.charge("k", amount(1)).await.replayed);
    core.stop().await;
}

#[tokio::test]
async fn a_denial_is_not_stored_and_the_next_try_is_decided_afresh() {
    let (_database, core) = core().await;
    let alice = User::new(&core, "alice");
    assert_eq!(
        alice.charge("k", amount(USD)).await.decision(),
        Decision::InsufficientBalance
    );
    assert_eq!(
        alice.place_cost("h", amount(USD)).await.decision(),
        Decision::InsufficientBalance
    );
    alice.grant(3 * USD).await;
    let charged = alice.charge("k", amount(USD)).await;
    assert_eq!(
        (charged.decision(), charged.replayed),
        (Decision::Allowed, false)
    );
    // Another content is no reuse either: the key was never used.
    assert_eq!(
        alice.place_cost("h", amount(2 * USD)).await.decision(),
        Decision::Allowed
    );
    core.stop().await;
}

#[tokio::test]
async fn what_a_charge_was_for_stands_in_the_history() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let request = v1::ChargeRequest {
        request_id: "req-7".to_owned(),
        description: "Recherche für Änderung №7".to_owned(),
        metadata: [("case".to_owned(), "42".to_owned())].into(),
        ..charge("alice", "k", 2 * USD)
    };
    let entry_id = alice.try_charge(request).await.unwrap().entry_id;
    let entries = alice.entries().await;
    let entry = &entries[0];
    assert_eq!(entry.entry_id, entry_id);
    assert_eq!(entry.kind(), v1::EntryKind::Charge);
    assert_eq!(
        (entry.amount_micros, entry.balance_after_micros),
        (-2 * USD, 3 * USD)
    );
    assert_eq!(
        (entry.counterparty.as_str(), entry.request_id.as_str()),
        ("usage", "req-7")
    );
    assert_eq!(entry.description, "Recherche für Änderung №7");
    assert_eq!(entry.metadata["case"], "42");
    assert_eq!((entry.tool.as_str(), entry.hold_id.as_str()), ("", ""));
    core.stop().await;
}
