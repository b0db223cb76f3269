//! What a provider reports, and what becomes of it.

use billing_core::payment::review;
use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{EntryKind, EventOutcome, PaymentState, RefundState};
use billing_testkit::TestCore;
use tokio::task::JoinSet;
use tonic::Code;

use super::{
    CENTS, MICROS, apply, attached, create, declined, entries, event, new_payment, paid, refund,
    settled, state,
};
use crate::support::{account, assert_books_are_right, core, reason};

#[tokio::test]
async fn a_payment_is_credited_when_it_is_paid_and_history_names_it() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    assert_eq!(payment.state(), PaymentState::Pending);
    assert_eq!(
        (payment.credit_micros, payment.rate.as_str()),
        (MICROS, "1")
    );
    assert_eq!(settled(&core, "alice").await, 0);

    let succeeded = event("evt_1", &payment, state(PaymentState::Succeeded));
    let applied = apply(&core, succeeded).await.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Applied);
    assert_eq!((applied.moved_micros, applied.duplicate), (MICROS, false));
    assert_eq!(applied.balance.unwrap().settled_micros, MICROS);
    let payment = applied.payment.unwrap();
    assert_eq!(payment.state(), PaymentState::Succeeded);
    assert_eq!(payment.credited_micros, MICROS);
    assert!(payment.succeeded_at.is_some());

    let [entry] = &entries(&core, "alice").await[..] else {
        panic!("one entry");
    };
    assert_eq!(entry.kind(), EntryKind::TopUp);
    assert_eq!(entry.counterparty, "stripe");
    assert_eq!(entry.payment_provider, "stripe");
    assert_eq!(entry.payment_id, payment.payment_id);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_report_that_comes_again_changes_nothing_and_says_so() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    let succeeded = event("evt_1", &payment, state(PaymentState::Succeeded));
    apply(&core, succeeded.clone()).await.unwrap();
    let again = apply(&core, succeeded).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.outcome(), EventOutcome::Applied);
    assert_eq!(again.moved_micros, 0);
    // The same news under another id (a poll beside the webhook).
    let poll = event("retrieved", &payment, state(PaymentState::Succeeded));
    let poll = apply(&core, poll).await.unwrap();
    assert_eq!((poll.duplicate, poll.moved_micros), (false, 0));
    assert_eq!(settled(&core, "alice").await, MICROS);
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_of_one_payment_that_come_to_two_cores_at_once_credit_it_once() {
    let (database, core) = core().await;
    let another = TestCore::start(&database).await;
    let payment = attached(&core, "alice", "1").await;
    let mut calls = JoinSet::new();
    for n in 0..60 {
        // Three ids of the same news, each many times.
        let id = format!("evt_{}", n % 3);
        let succeeded = event(&id, &payment, state(PaymentState::Succeeded));
        let mut gateway = [&core, &another][n % 2].payments();
        calls.spawn(async move { gateway.apply_provider_event(succeeded).await });
    }
    let mut moved = Vec::new();
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap().unwrap().into_inner();
        assert_eq!(answer.outcome(), EventOutcome::Applied);
        if answer.moved_micros != 0 {
            moved.push(answer.moved_micros);
        }
    }
    assert_eq!(moved, [MICROS]);
    assert_eq!(settled(&core, "alice").await, MICROS);
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_of_one_account_and_its_charges_at_once_lose_nothing() {
    let (database, core) = core().await;
    core.grant(&account("alice"), MICROS).await;
    let mut calls = JoinSet::new();
    for n in 0..20 {
        let payment = attached(&core, "alice", &n.to_string()).await;
        let id = format!("evt_{n}");
        let succeeded = event(&id, &payment, state(PaymentState::Succeeded));
        let mut gateway = core.payments();
        calls.spawn(async move { gateway.apply_provider_event(succeeded).await.map(drop) });
        for m in 0..5 {
            let request = crate::support::charge("alice", &format!("{n}-{m}"), 1);
            let mut backend = core.balance();
            calls.spawn(async move { backend.charge(request).await.map(drop) });
        }
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
    assert_eq!(settled(&core, "alice").await, 21 * MICROS - 100);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn what_contradicts_the_record_credits_nothing_and_is_kept_for_a_look() {
    let (database, core) = core().await;
    let mut wrong = Vec::new();
    for (n, change) in [
        "nothing", "ordered", "currency", "livemode", "account", "owner", "provider",
    ]
    .into_iter()
    .enumerate()
    {
        let payment = attached(&core, "alice", change).await;
        let mut event = event(
            &format!("evt_{n}"),
            &payment,
            state(PaymentState::Succeeded),
        );
        let Some(Report::Payment(report)) = &mut event.report else {
            panic!("a payment's report");
        };
        match change {
            "nothing" => report.amount_minor = 0,
            "ordered" => report.ordered_minor = Some(CENTS + 1),
            "currency" => report.currency = "EUR".to_owned(),
            "livemode" => event.livemode = true,
            "account" => event.provider_account = "acct_other".to_owned(),
            "owner" => event.account_id = uuid::Uuid::nil().simple().to_string(),
            _ => {
                event.provider = "fondy".to_owned();
                event.payment_id = payment.payment_id.clone();
            }
        }
        wrong.push(event);
    }
    for event in wrong {
        let id = event.event_id.clone();
        let applied = apply(&core, event).await.unwrap();
        assert_eq!(applied.outcome(), EventOutcome::Contradiction, "{id}");
        assert_eq!(applied.moved_micros, 0);
        let payment = applied.payment.unwrap();
        assert!(payment.needs_review);
        assert_eq!(payment.state(), PaymentState::Pending);
    }
    assert_eq!(settled(&core, "alice").await, 0);
    let pool = database.pool().await;
    let findings = review::findings(&pool).await.unwrap();
    assert_eq!(findings.len(), 7);
    for finding in &findings {
        let resolved = review::resolve(&pool, &finding.provider, &finding.event_id);
        assert!(resolved.await.unwrap());
    }
    assert!(review::findings(&pool).await.unwrap().is_empty());
    assert!(review::marked(&pool).await.unwrap().is_empty());
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn another_event_under_a_known_id_moves_nothing_and_is_kept_for_a_look() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    let account = payment.payment_id.split('-').next().unwrap().to_owned();
    let first = v1::ApplyProviderEventRequest {
        account_id: account,
        ..event("evt_1", &payment, state(PaymentState::Succeeded))
    };
    assert_eq!(
        apply(&core, first.clone()).await.unwrap().moved_micros,
        MICROS
    );
    // Sent again: the provider counts its deliveries in it.
    let again = v1::ApplyProviderEventRequest {
        raw: br#"{"id": "evt_1", "pending_webhooks": 2}"#.to_vec(),
        ..first.clone()
    };
    let again = apply(&core, again).await.unwrap();
    assert!(again.duplicate && !again.payment.unwrap().needs_review);

    let other = event(
        "evt_1",
        &payment,
        refund("re_1", 400, RefundState::Succeeded),
    );
    for duplicate in [false, true] {
        let applied = apply(&core, other.clone()).await.unwrap();
        assert_eq!(applied.outcome(), EventOutcome::Contradiction);
        assert_eq!((applied.duplicate, applied.moved_micros), (duplicate, 0));
        assert!(applied.payment.unwrap().needs_review);
    }
    assert!(apply(&core, first).await.unwrap().duplicate);
    assert_eq!(settled(&core, "alice").await, MICROS);

    let pool = database.pool().await;
    let findings = review::findings(&pool).await.unwrap();
    let [finding] = &findings[..] else {
        panic!("one finding, not {}", findings.len());
    };
    assert!(finding.event_id.starts_with("evt_1:beside:"), "{finding}");
    let resolved = review::resolve(&pool, "stripe", &finding.event_id).await;
    assert!(resolved.unwrap());
    assert!(review::marked(&pool).await.unwrap().is_empty());
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_events_under_one_id_that_come_at_once_one_is_booked_and_one_kept() {
    let (database, core) = core().await;
    let another = TestCore::start(&database).await;
    let payments = [
        attached(&core, "alice", "1").await,
        attached(&core, "bob", "1").await,
    ];
    let mut calls = JoinSet::new();
    for n in 0..40 {
        let paid = event("evt_1", &payments[n % 2], state(PaymentState::Succeeded));
        let mut gateway = [&core, &another][n / 2 % 2].payments();
        calls.spawn(async move { gateway.apply_provider_event(paid).await });
    }
    let mut moved = 0;
    while let Some(answer) = calls.join_next().await {
        moved += answer.unwrap().unwrap().into_inner().moved_micros;
    }
    assert_eq!(moved, MICROS);
    let settled = settled(&core, "alice").await + settled(&core, "bob").await;
    assert_eq!(settled, MICROS);
    let pool = database.pool().await;
    assert_eq!(review::findings(&pool).await.unwrap().len(), 1);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_payment_that_is_paid_under_two_names_is_credited_once_and_looked_at() {
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let second = v1::ApplyProviderEventRequest {
        provider_reference: "pi_second".to_owned(),
        payment_id: payment.payment_id.clone(),
        ..event("evt_2", &payment, state(PaymentState::Succeeded))
    };
    // The ordinary order: that it was made comes first.
    let made = v1::ApplyProviderEventRequest {
        event_id: "evt_made".to_owned(),
        report: Some(state(PaymentState::Pending)),
        ..second.clone()
    };
    let after = apply(&core, made).await.unwrap().payment.unwrap();
    assert_eq!(after.provider_reference, payment.provider_reference);
    let applied = apply(&core, second).await.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Contradiction);
    assert_eq!(settled(&core, "alice").await, MICROS);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_report_that_knows_only_our_own_id_finds_its_payment() {
    let (database, core) = core().await;
    let payment = create(&core, "alice", "1").await;
    let succeeded = v1::ApplyProviderEventRequest {
        provider_reference: "pi_1".to_owned(),
        payment_id: payment.payment_id.clone(),
        ..event("evt_1", &payment, state(PaymentState::Succeeded))
    };
    let applied = apply(&core, succeeded).await.unwrap();
    assert_eq!(applied.moved_micros, MICROS);
    assert_eq!(applied.payment.unwrap().provider_reference, "pi_1");
    // From now on the provider's name is enough.
    let named = v1::Payment {
        provider_reference: "pi_1".to_owned(),
        ..payment
    };
    let back = event("evt_2", &named, refund("re_1", 400, RefundState::Succeeded));
    assert_eq!(apply(&core, back).await.unwrap().moved_micros, -4_000_000);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_declined_attempt_is_not_the_end_and_an_older_report_changes_nothing() {
    let (_database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    let answer = apply(&core, event("evt_1", &payment, declined())).await;
    let after = answer.unwrap().payment.unwrap();
    assert_eq!(after.state(), PaymentState::Pending);
    assert_eq!(after.decline_code, "generic_decline");
    for (id, reported, known) in [
        (
            "evt_2",
            PaymentState::RequiresAction,
            PaymentState::RequiresAction,
        ),
        ("evt_3", PaymentState::Canceled, PaymentState::Canceled),
        ("evt_4", PaymentState::Pending, PaymentState::Canceled),
        // The money came after all.
        ("evt_5", PaymentState::Succeeded, PaymentState::Succeeded),
        ("evt_6", PaymentState::Canceled, PaymentState::Succeeded),
    ] {
        let answer = apply(&core, event(id, &payment, state(reported)))
            .await
            .unwrap();
        assert_eq!(answer.payment.unwrap().state(), known, "{id}");
    }
    assert_eq!(settled(&core, "alice").await, MICROS);
}

#[tokio::test]
async fn what_is_unknown_or_unreadable_is_kept_and_can_be_applied_later() {
    let (database, core) = core().await;
    let stranger = v1::Payment {
        provider_reference: "pi_late".to_owned(),
        ..Default::default()
    };
    let early = event("evt_1", &stranger, state(PaymentState::Succeeded));
    let answer = apply(&core, early.clone()).await.unwrap();
    assert_eq!(answer.outcome(), EventOutcome::Unmatched);
    let broken = event(
        "evt_2",
        &stranger,
        Report::Unreadable("no object".to_owned()),
    );
    assert_eq!(
        apply(&core, broken).await.unwrap().outcome(),
        EventOutcome::Unreadable
    );
    let mut other = event("evt_3", &stranger, state(PaymentState::Succeeded));
    other.report = None;
    assert_eq!(
        apply(&core, other).await.unwrap().outcome(),
        EventOutcome::Ignored
    );

    let request = v1::ReplayEventsRequest {
        provider: "stripe".to_owned(),
        page_size: 1,
        ..Default::default()
    };
    let first = core.payments().replay_events(request.clone()).await;
    let first = first.unwrap().into_inner();
    assert_eq!(first.events[0].event_id, "evt_1");
    assert_eq!(first.events[0].raw, early.raw);
    let next = v1::ReplayEventsRequest {
        page_token: first.next_page_token,
        ..request
    };
    let second = core
        .payments()
        .replay_events(next)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(second.events[0].event_id, "evt_2");
    assert_eq!(second.next_page_token, "");

    let payment = create(&core, "alice", "1").await;
    let attach = v1::AttachProviderReferenceRequest {
        payment_id: payment.payment_id,
        provider_reference: "pi_late".to_owned(),
        customer_reference: "cus_1".to_owned(),
        ..Default::default()
    };
    core.payments()
        .attach_provider_reference(attach)
        .await
        .unwrap();
    let replayed = apply(&core, early.clone()).await.unwrap();
    assert_eq!((replayed.duplicate, replayed.moved_micros), (false, MICROS));
    assert!(apply(&core, early).await.unwrap().duplicate);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_tenant_whose_payments_are_declined_by_the_dozen_is_paused_and_others_are_not() {
    let (_database, core) = core().await;
    let payment = attached(&core, "mallory", "1").await;
    for n in 0..30 {
        apply(&core, event(&format!("evt_{n}"), &payment, declined()))
            .await
            .unwrap();
    }
    let mut gateway = core.payments();
    let refused = gateway.create_payment(new_payment("alice", "2")).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(reason(&refused), "PAYMENTS_PAUSED");
    // What was begun goes on.
    let again = gateway.create_payment(new_payment("mallory", "1")).await;
    assert!(again.unwrap().into_inner().replayed);
    let mut elsewhere = new_payment("bob", "1");
    elsewhere.account.as_mut().unwrap().tenant_id = "beta".to_owned();
    gateway.create_payment(elsewhere).await.unwrap();
}

#[tokio::test]
async fn a_key_makes_one_payment_and_another_content_is_refused() {
    let (_database, core) = core().await;
    let mut gateway = core.payments();
    let first = create(&core, "alice", "1").await;
    let again = gateway.create_payment(new_payment("alice", "1")).await;
    let again = again.unwrap().into_inner();
    assert!(again.replayed);
    assert_eq!(again.payment.unwrap().payment_id, first.payment_id);
    let more = v1::CreatePaymentRequest {
        amount_minor: CENTS + 1,
        ..new_payment("alice", "1")
    };
    let refused = gateway.create_payment(more).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(reason(&refused), "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_used_twenty_times_at_once_makes_one_payment() {
    let (_database, core) = core().await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let mut gateway = core.payments();
        calls.spawn(async move { gateway.create_payment(new_payment("alice", "1")).await });
    }
    let mut ids = std::collections::BTreeSet::new();
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap().unwrap().into_inner();
        ids.insert(answer.payment.unwrap().payment_id);
    }
    assert_eq!(ids.len(), 1);
}
