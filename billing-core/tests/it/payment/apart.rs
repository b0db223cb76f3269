//! Who may see and do what.

use billing_proto::v1;
use billing_proto::v1::EventOutcome;
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_testkit::TestCore;
use tonic::Code;

use super::{apply, attached, create, event, paid, settled, state};
use crate::support::{account, core, reason};

#[tokio::test]
async fn a_payment_is_seen_by_its_own_user_and_tenant_only() {
    let (_database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let by_reference = v1::get_payment_request::Name::Reference(v1::ProviderReference {
        provider: "stripe".to_owned(),
        reference: "pi_alice_1".to_owned(),
    });
    let ours = v1::get_payment_request::Name::PaymentId(payment.payment_id.clone());
    for name in [by_reference, ours] {
        for (user, tenant, seen) in [
            ("alice", "acme", true),
            ("", "acme", true),
            ("bob", "acme", false),
            ("alice", "beta", false),
        ] {
            let request = v1::GetPaymentRequest {
                account: Some(v1::AccountRef {
                    tenant_id: tenant.to_owned(),
                    user_id: user.to_owned(),
                }),
                name: Some(name.clone()),
            };
            let answer = core.payments().get_payment(request).await;
            match answer {
                Ok(answer) => {
                    assert!(seen, "{user} of {tenant}");
                    assert_eq!(answer.into_inner().payment.unwrap(), payment);
                }
                Err(status) => {
                    assert!(!seen, "{user} of {tenant}: {status}");
                    assert_eq!(reason(&status), "PAYMENT_NOT_FOUND");
                }
            }
        }
    }
}

#[tokio::test]
async fn payments_are_listed_newest_first_page_by_page() {
    let (_database, core) = core().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(create(&core, "alice", &n.to_string()).await.payment_id);
    }
    create(&core, "bob", "1").await;
    ids.reverse();
    let mut listed = Vec::new();
    let mut token = String::new();
    loop {
        let request = v1::ListPaymentsRequest {
            account: Some(account("alice")),
            page_size: 2,
            page_token: token,
        };
        let page = core
            .payments()
            .list_payments(request)
            .await
            .unwrap()
            .into_inner();
        listed.extend(page.payments.into_iter().map(|payment| payment.payment_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, ids);
}

#[tokio::test]
async fn a_tool_backend_may_not_touch_payments() {
    let (_database, core) = core().await;
    let caller = TestCore::caller(&core.tools_token);
    let mut tools = PaymentServiceClient::with_interceptor(core.channel(), caller);
    let request = super::new_payment("alice", "1");
    let refused = tools.create_payment(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_name_belongs_to_one_payment() {
    let (_database, core) = core().await;
    attached(&core, "alice", "1").await;
    let other = create(&core, "bob", "1").await;
    let request = v1::AttachProviderReferenceRequest {
        payment_id: other.payment_id.clone(),
        provider_reference: "pi_alice_1".to_owned(),
        ..Default::default()
    };
    let refused = core.payments().attach_provider_reference(request).await;
    assert_eq!(reason(&refused.unwrap_err()), "REFERENCE_TAKEN");
    // A report that names alice's payment and bob's id is alice's.
    let mixed = v1::ApplyProviderEventRequest {
        provider_reference: "pi_alice_1".to_owned(),
        payment_id: other.payment_id,
        ..event(
            "evt_1",
            &v1::Payment::default(),
            state(v1::PaymentState::Succeeded),
        )
    };
    let applied = apply(&core, mixed).await.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Applied);
    assert_eq!(settled(&core, "bob").await, 0);
    assert_eq!(settled(&core, "alice").await, super::MICROS);
}

#[tokio::test]
async fn an_account_has_one_customer_at_a_provider() {
    let (_database, core) = core().await;
    let [first, second] = [
        create(&core, "alice", "1").await,
        create(&core, "alice", "2").await,
    ];
    for (payment, customer) in [(first, "cus_1"), (second, "cus_2")] {
        let request = v1::AttachProviderReferenceRequest {
            payment_id: payment.payment_id,
            customer_reference: customer.to_owned(),
            ..Default::default()
        };
        let answer = core.payments().attach_provider_reference(request).await;
        assert_eq!(answer.unwrap().into_inner().customer_reference, "cus_1");
    }
    // Only the one that the provider has lost is replaced.
    let fourth = create(&core, "alice", "4").await;
    for (lost, known) in [("cus_other", "cus_1"), ("cus_1", "cus_3")] {
        let request = v1::AttachProviderReferenceRequest {
            payment_id: fourth.payment_id.clone(),
            customer_reference: "cus_3".to_owned(),
            lost_customer_reference: lost.to_owned(),
            ..Default::default()
        };
        let answer = core.payments().attach_provider_reference(request).await;
        assert_eq!(answer.unwrap().into_inner().customer_reference, known);
    }
    let third = core
        .payments()
        .create_payment(super::new_payment("alice", "3"))
        .await;
    assert_eq!(third.unwrap().into_inner().customer_reference, "cus_3");
}

#[tokio::test]
async fn what_no_payment_can_be_is_refused_by_its_field() {
    let (_database, core) = core().await;
    let good = || super::new_payment("alice", "1");
    let mut wrong = Vec::new();
    wrong.push((
        "amount_minor",
        v1::CreatePaymentRequest {
            amount_minor: 0,
            ..good()
        },
    ));
    wrong.push((
        "amount_minor",
        v1::CreatePaymentRequest {
            amount_minor: i64::MAX,
            ..good()
        },
    ));
    wrong.push((
        "currency",
        v1::CreatePaymentRequest {
            currency: "EUR".to_owned(),
            ..good()
        },
    ));
    wrong.push((
        "provider",
        v1::CreatePaymentRequest {
            provider: "../x".to_owned(),
            ..good()
        },
    ));
    wrong.push((
        "purpose",
        v1::CreatePaymentRequest {
            purpose: 0,
            ..good()
        },
    ));
    wrong.push((
        "idempotency_key",
        v1::CreatePaymentRequest {
            idempotency_key: String::new(),
            ..good()
        },
    ));
    for (field, request) in wrong {
        let refused = core.payments().create_payment(request).await.unwrap_err();
        assert_eq!(crate::support::fields(&refused), [field]);
    }
}
