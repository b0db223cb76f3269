//! Payments that begin at their provider, and are opened by whichever report comes first.

use billing_core::payment::review;
use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_proto::v1::{EventOutcome, PaymentState, RefundState};
use billing_testkit::{TestCore, TestDatabase};
use sqlx::Connection;
use tokio::task::JoinSet;
use tonic::Code;

use super::{CENTS, MICROS, apply, attached, create, declined, event, refund, settled, state};
use crate::support::{
    account, assert_books_are_right, core, eventually, fields, moment, until_a_command_waits,
};
use crate::switches::switch;

const BEGUN: i64 = 1_800_000_000;

fn opening(user: &str) -> v1::PaymentOpening {
    v1::PaymentOpening {
        account: Some(account(user)),
        purpose: v1::PaymentPurpose::TopUp.into(),
        amount_minor: CENTS,
        currency: "USD".to_owned(),
        begun_at: Some(moment(jiff::Timestamp::from_second(BEGUN).unwrap())),
        ..Default::default()
    }
}

/// An event about a payment that nobody asked for here.
fn opens(id: &str, reference: &str, user: &str, report: Report) -> v1::ApplyProviderEventRequest {
    let named = v1::Payment {
        provider_reference: reference.to_owned(),
        ..Default::default()
    };
    v1::ApplyProviderEventRequest {
        opens: Some(opening(user)),
        ..event(id, &named, report)
    }
}

fn paid(id: &str, reference: &str, user: &str) -> v1::ApplyProviderEventRequest {
    opens(id, reference, user, state(PaymentState::Succeeded))
}

async fn listed(core: &TestCore, user: &str) -> Vec<v1::Payment> {
    let request = v1::ListPaymentsRequest {
        account: Some(account(user)),
        ..Default::default()
    };
    let answer = core.payments().list_payments(request).await.unwrap();
    answer.into_inner().payments
}

#[tokio::test]
async fn a_payment_that_begins_at_its_provider_is_opened_credited_and_taken_back_like_any_other() {
    let (database, core) = core().await;
    let mut first = paid("evt_1", "in_1", "alice");
    first.provider_account = "acct_1".to_owned();
    let applied = apply(&core, first.clone()).await.unwrap();
    assert_eq!(applied.outcome(), EventOutcome::Applied);
    assert_eq!((applied.moved_micros, applied.duplicate), (MICROS, false));
    let payment = applied.payment.unwrap();
    assert_eq!(payment.account, Some(account("alice")));
    assert_eq!(payment.purpose(), v1::PaymentPurpose::TopUp);
    assert_eq!(payment.state(), PaymentState::Succeeded);
    assert_eq!(payment.provider_reference, "in_1");
    assert_eq!(payment.provider_account, "acct_1");
    let listed = listed(&core, "alice").await;
    assert_eq!(listed, std::slice::from_ref(&payment));

    assert!(apply(&core, first.clone()).await.unwrap().duplicate);
    let poll = v1::ApplyProviderEventRequest {
        event_id: "retrieved".to_owned(),
        ..first
    };
    assert_eq!(apply(&core, poll).await.unwrap().moved_micros, 0);
    let mut back = event("re", &payment, refund("re_1", 400, RefundState::Succeeded));
    back.provider_account = "acct_1".to_owned();
    assert_eq!(apply(&core, back).await.unwrap().moved_micros, -4_000_000);
    assert_eq!(settled(&core, "alice").await, MICROS - 4_000_000);
    assert_books_are_right(&database).await;
}

/// What may be reported of an opened payment, each more than once.
fn all(reference: &str, user: &str) -> Vec<v1::ApplyProviderEventRequest> {
    let reports = [
        ("made", state(PaymentState::Pending)),
        ("declined", declined()),
        ("paid", state(PaymentState::Succeeded)),
        ("paid too", state(PaymentState::Succeeded)),
        (
            "part",
            refund(&format!("re_{reference}"), 300, RefundState::Succeeded),
        ),
    ];
    let events = reports
        .map(|(name, report)| opens(&format!("{reference}:{name}"), reference, user, report));
    [events.clone(), events].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opened_payment_is_one_whichever_report_comes_first_how_often_and_to_which_core() {
    let database = TestDatabase::new().await;
    // So many declines would pause the tenant.
    let core = TestCore::start_with(&database, &["--declines-max", "0"]).await;
    let another = TestCore::start_with(&database, &["--declines-max", "0"]).await;
    for n in 0..12 {
        let (reference, user) = (format!("in_{n}"), format!("user-{n}"));
        let mut events = all(&reference, &user);
        let turns = n % events.len();
        events.rotate_left(turns);
        if n % 2 == 1 {
            events.reverse();
        }
        let calls: JoinSet<_> = events
            .into_iter()
            .zip([&core, &another].into_iter().cycle())
            .map(|(event, core)| {
                let mut gateway = core.payments();
                async move { gateway.apply_provider_event(event).await }
            })
            .collect();
        for answer in calls.join_all().await {
            let answer = answer.unwrap().into_inner();
            assert_eq!(answer.outcome(), EventOutcome::Applied, "{reference}");
        }
        let [payment] = &listed(&core, &user).await[..] else {
            panic!("{reference} is one payment");
        };
        assert_eq!(payment.state(), PaymentState::Succeeded);
        assert_eq!(payment.reversed_micros, 3_000_000);
        assert_eq!(settled(&core, &user).await, MICROS - 3_000_000);
    }
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_report_that_opens_a_payment_which_is_there_must_say_what_that_one_is() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    let wrong: [fn(&mut v1::PaymentOpening); 3] = [
        |opens| opens.account = Some(account("bob")),
        |opens| opens.amount_minor = CENTS + 1,
        |opens| opens.currency = "UAH".to_owned(),
    ];
    for (n, change) in wrong.into_iter().enumerate() {
        let mut event = paid(&format!("evt_{n}"), &payment.provider_reference, "alice");
        change(event.opens.as_mut().unwrap());
        let applied = apply(&core, event).await.unwrap();
        assert_eq!(applied.outcome(), EventOutcome::Contradiction, "{n}");
        assert!(applied.payment.unwrap().needs_review);
    }
    assert_eq!(settled(&core, "alice").await, 0);
    // As it is: asked for here, and told of as if it had not been.
    let right = paid("evt_right", &payment.provider_reference, "alice");
    assert_eq!(apply(&core, right).await.unwrap().moved_micros, MICROS);
    assert_eq!(listed(&core, "alice").await.len(), 1);
    assert!(listed(&core, "bob").await.is_empty());
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_given_to_a_payment_at_the_same_moment_opens_none() {
    let (database, core) = core().await;
    let payment = create(&core, "alice", "1").await;
    let mut session = database.connect_as_owner().await;
    let mut transaction = session.begin().await.unwrap();
    sqlx::query(
        "insert into payment_reference (provider, reference, account_id, payment_id)
        select provider, 'pi_1', account_id, payment_id from payment",
    )
    .execute(&mut *transaction)
    .await
    .unwrap();
    let (mut gateway, event) = (core.payments(), paid("evt_1", "pi_1", "alice"));
    let sent = event.clone();
    let sent = tokio::spawn(async move { gateway.apply_provider_event(sent).await });
    until_a_command_waits(&database).await;
    transaction.commit().await.unwrap();
    // What was kept waiting for too long was put off, and comes again.
    let applied = match sent.await.unwrap() {
        Err(status) if status.code() == Code::Unavailable => apply(&core, event).await.unwrap(),
        answer => answer.unwrap().into_inner(),
    };
    assert_eq!(applied.moved_micros, MICROS);
    assert_eq!(applied.payment.unwrap().payment_id, payment.payment_id);
    assert_eq!(listed(&core, "alice").await.len(), 1);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn nothing_is_opened_for_others_nor_while_reports_are_only_recorded_nor_by_a_guess() {
    let (database, core) = core().await;
    let caller = TestCore::caller(&core.other_gateways_token);
    let mut others = PaymentServiceClient::with_interceptor(core.channel(), caller);
    let theirs = paid("evt_theirs", "in_1", "alice");
    let answer = others.apply_provider_event(theirs).await.unwrap();
    assert_eq!(answer.into_inner().outcome(), EventOutcome::Unmatched);

    let mut foreign = paid("evt_uah", "in_2", "alice");
    foreign.opens.as_mut().unwrap().currency = "UAH".to_owned();
    if let Some(Report::Payment(report)) = &mut foreign.report {
        report.currency = "UAH".to_owned();
    }
    let answer = apply(&core, foreign.clone()).await.unwrap();
    assert_eq!(answer.outcome(), EventOutcome::Unmatched);
    let findings = review::findings(&database.pool().await).await.unwrap();
    let said = findings
        .iter()
        .find(|finding| finding.event_id == "evt_uah");
    assert_eq!(
        said.unwrap().detail,
        "the payment cannot be opened: no rate of UAH is new enough"
    );

    switch(&core, "webhooks", false).await;
    eventually("reports are only recorded", async || {
        let id = uuid::Uuid::now_v7().to_string();
        let pending = opens(&id, &id, "probe", state(PaymentState::Pending));
        apply(&core, pending).await.unwrap().outcome() == EventOutcome::Recorded
    })
    .await;
    let late = paid("evt_late", "in_3", "alice");
    let recorded = apply(&core, late.clone()).await.unwrap();
    assert_eq!(recorded.outcome(), EventOutcome::Recorded);
    assert!(listed(&core, "alice").await.is_empty());

    switch(&core, "webhooks", true).await;
    let rate = v1::RecordRateRequest {
        currency: "UAH".to_owned(),
        rate: "40".to_owned(),
        source: "nbu".to_owned(),
        fetched_at: Some(moment(jiff::Timestamp::now())),
    };
    core.payments().record_rate(rate).await.unwrap();
    eventually("it is applied", async || {
        apply(&core, late.clone()).await.unwrap().outcome() == EventOutcome::Applied
    })
    .await;
    let opened = apply(&core, foreign).await.unwrap();
    assert_eq!(opened.moved_micros, MICROS / 40);
    assert_eq!(listed(&core, "alice").await.len(), 2);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn an_opening_is_whole_and_names_no_payment_of_ours() {
    let (_database, core) = core().await;
    let ours = create(&core, "alice", "1").await.payment_id;
    let whole = paid("evt_1", "in_1", "alice");
    let of_ours = v1::ApplyProviderEventRequest {
        payment_id: ours,
        ..whole.clone()
    };
    let [mut unnamed, mut of_nobody, mut of_no_time] = [(); 3].map(|()| whole.clone());
    unnamed.provider_reference.clear();
    of_nobody.opens.as_mut().unwrap().account = None;
    of_no_time.opens.as_mut().unwrap().begun_at = None;
    for (field, event) in [
        ("opens", unnamed),
        ("opens", of_ours),
        ("opens.account", of_nobody),
        ("opens.begun_at", of_no_time),
    ] {
        let refused = apply(&core, event).await.unwrap_err();
        assert_eq!(fields(&refused), [field]);
    }
}
