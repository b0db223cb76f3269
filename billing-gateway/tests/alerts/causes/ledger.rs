//! What goes wrong in the core and its database, and what people do with it.

use std::time::Duration;

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_proto::v1::{
    CheckBalanceRequest, ContributionTerms, CreatePaymentRequest, PaymentPurpose, PaymentReport,
    PaymentState,
};
use billing_testkit::TestDatabase;
use sqlx::Connection;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tonic::Code;

use super::payments::{apply, charge, hold, sql};
use super::{cause, crowds};
use crate::Caused;
use crate::promtool::Goes;
use crate::services::{Process, account, micros};

/// A table is locked for that long: longer than a batch may take, shorter than the core waits for a lock.
const SLOW: Duration = Duration::from_millis(1500);

pub async fn all(caused: &mut Caused) {
    let database = TestDatabase::new().await;
    // No account, no money: charges are denied, and batches all the same.
    let settings = [
        ("BILLING_LANES", "1"),
        ("BILLING_BATCH_MAX", "1"),
        ("BILLING_QUEUE_MAX", "8"),
        ("BILLING_DECLINES_MAX", "10"),
    ];
    let core = Process::core(database.application_url(), &settings).await;
    holds_expire(&core, &database, caused).await;
    the_database_is_slow(&core, &database, caused).await;
    a_lane_stands_still(&core, &database, caused).await;
    the_database_refuses(&core, &database, caused).await;
    cards_are_tested(&core, caused).await;
    crowds::beset_a_core(&database, caused).await;
    messages_wait(&core, &database, caused).await;
}

async fn holds_expire(core: &Process, database: &TestDatabase, caused: &mut Caused) {
    let welcome = "insert into tenant (tenant_id, welcome_grant_micros) values ('demo', 1000000)";
    sql(database, welcome).await;
    let alerts = [("BillingHoldsExpiring", Goes::On)];
    cause(caused, core, &alerts, async || {
        let mut calls = BalanceServiceClient::new(core.channel());
        for n in 0..25 {
            calls
                .place_hold(hold("u", &n.to_string(), 1))
                .await
                .unwrap();
        }
        let expired = "billing_holds_total{event=\"expired\"";
        core.until("they expire", |scrape| scrape.sum(expired) >= 25.0)
            .await
    })
    .await;
}

async fn the_database_is_slow(core: &Process, database: &TestDatabase, caused: &mut Caused) {
    let alerts = [
        ("BillingChecksSlow", Goes::On),
        ("BillingBatchesSlow", Goes::On),
    ];
    cause(caused, core, &alerts, async || {
        let mut owner = database.connect_as_owner().await;
        let mut lock = owner.begin().await.unwrap();
        let locked = sqlx::raw_sql("lock table account in access exclusive mode");
        locked.execute(&mut *lock).await.unwrap();
        let mut calls = JoinSet::new();
        let mut backend = BalanceServiceClient::new(core.channel());
        let mut other = backend.clone();
        calls.spawn(async move { backend.charge(charge("u", "slow", 1)).await.map(drop) });
        let check = CheckBalanceRequest {
            account: account("u"),
            cost: micros(1),
        };
        calls.spawn(async move { other.check_balance(check).await.map(drop) });
        sleep(SLOW).await;
        lock.rollback().await.unwrap();
        for answer in calls.join_all().await {
            answer.unwrap();
        }
        core.scrape().await
    })
    .await;
}

async fn a_lane_stands_still(core: &Process, database: &TestDatabase, caused: &mut Caused) {
    let mut owner = database.connect_as_owner().await;
    let mut lock = owner.begin().await.unwrap();
    let locked = sqlx::raw_sql("lock table account in access exclusive mode");
    locked.execute(&mut *lock).await.unwrap();
    let mut calls = JoinSet::new();
    let retries = "billing_batch_retries_total{";
    for (alert, series, least) in [
        ("BillingQueueNearlyFull", "billing_queue_depth{", 7.0),
        (
            "BillingBatchesRetried",
            retries,
            core.scrape().await.sum(retries) + 1.0,
        ),
    ] {
        cause(caused, core, &[(alert, Goes::On)], async || {
            for n in 0..20 {
                let mut backend = BalanceServiceClient::new(core.channel());
                let charge = charge("u", &format!("{alert}{n}"), 1);
                calls.spawn(async move { backend.charge(charge).await });
            }
            core.until(series, |scrape| scrape.sum(series) >= least)
                .await
        })
        .await;
    }
    lock.rollback().await.unwrap();
    calls.join_all().await;
}

async fn the_database_refuses(core: &Process, database: &TestDatabase, caused: &mut Caused) {
    let constraint =
        "alter table entry add constraint of_a_test check (amount_micros <> -666) not valid";
    sql(database, constraint).await;
    let alerts = [("BillingRefusedByDatabase", Goes::Once)];
    cause(caused, core, &alerts, async || {
        let mut calls = BalanceServiceClient::new(core.channel());
        let refused = calls.charge(charge("u", "refused", 666)).await;
        assert_eq!(refused.unwrap_err().code(), Code::Internal);
        core.scrape().await
    })
    .await;
}

async fn cards_are_tested(core: &Process, caused: &mut Caused) {
    let alerts = [
        ("BillingDeclinesHigh", Goes::On),
        ("BillingPaymentsPaused", Goes::Once),
    ];
    cause(caused, core, &alerts, async || {
        let mut payments = PaymentServiceClient::new(core.channel());
        for n in 0..12 {
            let created = payments.create_payment(top_up(&n.to_string())).await;
            let Ok(created) = created else {
                break;
            };
            let payment = created.into_inner().payment.unwrap();
            let declined = PaymentReport {
                state: PaymentState::Pending.into(),
                amount_minor: payment.amount_minor,
                currency: payment.currency,
                decline_code: "card_declined".to_owned(),
                ..PaymentReport::default()
            };
            let (event, declined) = (format!("declined_{n}"), Report::Payment(declined));
            apply(core, "stripe", &event, &payment.payment_id, declined).await;
        }
        core.scrape().await
    })
    .await;
}

pub fn top_up(key: &str) -> CreatePaymentRequest {
    CreatePaymentRequest {
        account: account("u"),
        idempotency_key: key.to_owned(),
        content: key.to_owned(),
        provider: "stripe".to_owned(),
        purpose: PaymentPurpose::TopUp.into(),
        amount_minor: 1000,
        currency: "USD".to_owned(),
        ..CreatePaymentRequest::default()
    }
}

/// A message of yesterday's, that a core finds when it starts.
async fn messages_wait(core: &Process, database: &TestDatabase, caused: &mut Caused) {
    let mut payments = PaymentServiceClient::new(core.channel());
    let mut gift = CreatePaymentRequest {
        purpose: PaymentPurpose::Contribution.into(),
        contribution: Some(ContributionTerms {
            public_display_consent: true,
            message: "For you".to_owned(),
            ..ContributionTerms::default()
        }),
        ..top_up("gift")
    };
    if let Some(account) = &mut gift.account {
        "another".clone_into(&mut account.tenant_id);
    }
    let created = payments.create_payment(gift).await.unwrap().into_inner();
    let payment = created.payment.unwrap();
    let paid = PaymentReport {
        state: PaymentState::Succeeded.into(),
        amount_minor: payment.amount_minor,
        currency: payment.currency,
        ..PaymentReport::default()
    };
    apply(
        core,
        "stripe",
        "paid",
        &payment.payment_id,
        Report::Payment(paid),
    )
    .await;
    sql(
        database,
        "update contribution set paid_at = paid_at - interval '25 hours'",
    )
    .await;
    let alerts = [("BillingMessagesWaiting", Goes::On)];
    cause(caused, core, &alerts, async || {
        let core = Process::core(database.application_url(), &[]).await;
        core.until("they are counted", |scrape| {
            scrape.sum("billing_messages_oldest_seconds{") > 86_400.0
        })
        .await
    })
    .await;
}
