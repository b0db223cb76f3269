//! A suspended account begins no payment; what it has begun is credited, and what it has paid is refunded.

use billing_proto::v1::PaymentState;
use tonic::Code;

use super::{MICROS, apply, attached, event, new_payment, settled, state};
use crate::support::{assert_books_are_right, core, reason};
use crate::user::User;

#[tokio::test]
async fn a_suspended_account_begins_no_payment_and_what_is_on_its_way_is_credited() {
    let (database, core) = core().await;
    let alice = User::new(&core, "alice");
    let begun = attached(&core, "alice", "1").await;
    alice.suspend().await;
    let mut gateway = core.payments();
    let refused = gateway.create_payment(new_payment("alice", "2")).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(reason(&refused), "ACCOUNT_SUSPENDED");
    // What has begun goes on.
    let again = gateway.create_payment(new_payment("alice", "1")).await;
    assert!(again.unwrap().into_inner().replayed);
    let succeeded = event("evt_1", &begun, state(PaymentState::Succeeded));
    assert_eq!(apply(&core, succeeded).await.unwrap().moved_micros, MICROS);
    let start = billing_proto::v1::StartRefundRequest {
        tenant_id: "acme".to_owned(),
        payment_id: begun.payment_id.clone(),
        idempotency_key: "r".to_owned(),
        amount_minor: None,
        reason: "asked for".to_owned(),
        actor: "root".to_owned(),
    };
    gateway.start_refund(start).await.unwrap();
    assert_eq!(settled(&core, "alice").await, MICROS);
    alice.resume().await;
    let created = gateway.create_payment(new_payment("alice", "2")).await;
    assert!(!created.unwrap().into_inner().replayed);
    assert_books_are_right(&database).await;
}
