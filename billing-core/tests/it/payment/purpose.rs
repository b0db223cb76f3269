//! What a payment is for, and which of the provider's accounts it is made for.

use billing_proto::v1;
use billing_proto::v1::{EventOutcome, PaymentState};
use tonic::Code;

use super::{MICROS, apply, attached, event, new_payment, settled, state};
use crate::support::{as_owner, assert_books_are_right, core, reason, run};

#[tokio::test]
async fn a_payment_of_a_connected_account_is_believed_of_that_account_alone() {
    let (database, core) = core().await;
    let request = v1::CreatePaymentRequest {
        provider_account: "acct_1".to_owned(),
        ..new_payment("alice", "1")
    };
    let mut gateway = core.payments();
    let answer = gateway.create_payment(request.clone()).await;
    let payment = answer.unwrap().into_inner().payment.unwrap();
    assert_eq!(payment.provider_account, "acct_1");
    // It is part of what the key stands for.
    let other = gateway.create_payment(new_payment("alice", "1")).await;
    assert_eq!(reason(&other.unwrap_err()), "IDEMPOTENCY_KEY_REUSED");
    let again = core.payments().create_payment(request).await.unwrap();
    assert!(again.into_inner().replayed);

    let attach = v1::AttachProviderReferenceRequest {
        payment_id: payment.payment_id.clone(),
        provider_reference: "pi_1".to_owned(),
        customer_reference: "cus_of_the_connected_account".to_owned(),
        ..Default::default()
    };
    let answer = core.payments().attach_provider_reference(attach).await;
    let answer = answer.unwrap().into_inner();
    // The platform's own account does not know that customer.
    assert_eq!(answer.customer_reference, "");
    let payment = answer.payment.unwrap();
    for (n, (account, outcome, moved)) in [
        ("", EventOutcome::Contradiction, 0),
        ("acct_2", EventOutcome::Contradiction, 0),
        ("acct_1", EventOutcome::Applied, MICROS),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("evt_{n}");
        let mut paid = event(&id, &payment, state(PaymentState::Succeeded));
        paid.provider_account = account.to_owned();
        let applied = apply(&core, paid).await.unwrap();
        assert_eq!(
            (applied.outcome(), applied.moved_micros),
            (outcome, moved),
            "{account}"
        );
    }
    let next = gateway.create_payment(new_payment("alice", "2")).await;
    assert_eq!(next.unwrap().into_inner().customer_reference, "");
    assert_eq!(settled(&core, "alice").await, MICROS);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn the_schema_lets_another_purpose_credit_nothing_and_a_top_up_never() {
    let (database, core) = core().await;
    attached(&core, "alice", "1").await;
    let mut owner = database.connect_as_owner().await;
    let refusal = run(&mut owner, "update payment set credit_micros = 0")
        .await
        .unwrap_err();
    let refused = refusal.as_database_error().unwrap();
    assert_eq!(refused.constraint(), Some("payment_credit_range"));
    // As the migration that brings a purpose will.
    as_owner(
        &database,
        "alter table payment drop constraint payment_purpose_known;
        alter table payment add constraint payment_purpose_known check (purpose in ('top_up', 'gift'));
        update payment set purpose = 'gift', credit_micros = 0;
        update payment set state = 'succeeded', succeeded_at = now()",
    )
    .await;
    for (change, constraint) in [
        ("credited_micros = 1", "payment_credited_when_paid"),
        ("reversed_micros = 1", "payment_reversed_within_credit"),
        ("credit_micros = -1", "payment_credit_range"),
        ("purpose = 'top_up'", "payment_credit_range"),
    ] {
        let refusal = run(&mut owner, &format!("update payment set {change}"))
            .await
            .unwrap_err();
        let refused = refusal.as_database_error().unwrap();
        assert_eq!(refused.constraint(), Some(constraint), "{change}");
    }
    assert_books_are_right(&database).await;
    // A core that does not know what the payment is for takes no report about it for one of a top-up.
    let named = v1::Payment {
        provider_reference: "pi_alice_1".to_owned(),
        ..Default::default()
    };
    let paid = event("evt_1", &named, state(PaymentState::Succeeded));
    let refused = apply(&core, paid).await.unwrap_err();
    assert_eq!(refused.code(), Code::Internal);
    assert_eq!(settled(&core, "alice").await, 0);
}
