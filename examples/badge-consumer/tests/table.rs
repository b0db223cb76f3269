//! The consumer beside the real core and the real RabbitMQ.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails where its set-up fails"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use badge_consumer::{SCHEMA, consume};
use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{BadgeLevel, PaymentState, RefundState};
use billing_testkit::{EventQueue, TestCore, TestDatabase, rabbitmq};
use serde_json::Value;
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

const USERS: i32 = 12;

fn account(user: i32) -> v1::AccountRef {
    v1::AccountRef {
        tenant_id: "acme".to_owned(),
        user_id: user.to_string(),
    }
}

/// A gift that is paid.
async fn give(
    core: &TestCore,
    user: i32,
    key: &str,
    cents: i64,
    is_anonymous: bool,
) -> v1::Payment {
    let gift = v1::CreatePaymentRequest {
        account: Some(account(user)),
        idempotency_key: key.to_owned(),
        provider: "stripe".to_owned(),
        purpose: v1::PaymentPurpose::Contribution.into(),
        amount_minor: cents,
        currency: "USD".to_owned(),
        content: key.to_owned(),
        contribution: Some(v1::ContributionTerms {
            is_anonymous,
            public_display_consent: !is_anonymous,
            ..Default::default()
        }),
        ..Default::default()
    };
    let created = core.payments().create_payment(gift).await.unwrap();
    let payment = created.into_inner().payment.unwrap();
    let paid = Report::Payment(v1::PaymentReport {
        state: PaymentState::Succeeded.into(),
        amount_minor: cents,
        currency: "USD".to_owned(),
        ..Default::default()
    });
    report(core, &payment, "paid", paid).await;
    payment
}

async fn take_back(core: &TestCore, payment: &v1::Payment, cents: i64) {
    let refund = Report::Refund(v1::RefundReport {
        provider_reference: format!("re_{}", payment.payment_id),
        amount_minor: cents,
        currency: "USD".to_owned(),
        state: RefundState::Succeeded.into(),
        ..Default::default()
    });
    report(core, payment, "refunded", refund).await;
}

async fn report(core: &TestCore, payment: &v1::Payment, name: &str, report: Report) {
    let event = v1::ApplyProviderEventRequest {
        provider: "stripe".to_owned(),
        event_id: format!("{}:{name}", payment.payment_id),
        event_type: name.to_owned(),
        payment_id: payment.payment_id.clone(),
        occurred_at: Some(std::time::SystemTime::now().into()),
        report: Some(report),
        ..Default::default()
    };
    core.payments().apply_provider_event(event).await.unwrap();
}

/// What anybody sees of the users' badges, as the core says.
async fn badges(core: &TestCore) -> BTreeMap<i32, Option<String>> {
    let request = v1::GetBadgesRequest {
        tenant_id: "acme".to_owned(),
        user_ids: (1..=USERS).map(|user| user.to_string()).collect(),
        ..Default::default()
    };
    let found = core.sponsorship().get_badges(request).await.unwrap();
    let level = |badge: &v1::Badge| match badge.level() {
        BadgeLevel::Bronze => Some("bronze".to_owned()),
        BadgeLevel::Silver => Some("silver".to_owned()),
        BadgeLevel::Gold => Some("gold".to_owned()),
        BadgeLevel::Platinum => Some("platinum".to_owned()),
        _ => None,
    };
    let badges = found.into_inner().badges;
    let one = |badge: &v1::Badge| (badge.user_id.parse().unwrap(), level(badge));
    badges.iter().map(one).collect()
}

/// The same, as the platform's table has it: a user without a row has none.
async fn table(pool: &PgPool) -> BTreeMap<i32, Option<String>> {
    let rows: Vec<(i32, Option<String>)> = sqlx::query_as(
        "select u.id, b.badge_level from users u left join supporter_badges b on b.user_id = u.id",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().collect()
}

async fn until_the_table_is_right(core: &TestCore, pool: &PgPool) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let (wanted, found) = (badges(core).await, table(pool).await);
        if wanted == found {
            return;
        }
        assert!(
            Instant::now() < until,
            "the core says {wanted:?}, the table {found:?}"
        );
        sleep(Duration::from_millis(50)).await;
    }
}

fn start(url: &str, pool: &PgPool) -> JoinHandle<()> {
    let (url, pool) = (url.to_owned(), pool.clone());
    tokio::spawn(async move { drop(consume(&url, "acme", &pool).await) })
}

/// Gifts, anonymous ones among them, refunds, and changes of mind; the badge of each user is another in the end.
async fn live(core: &TestCore, round: usize) {
    for user in 1..=USERS {
        let key = format!("{round}-{user}");
        let gift = give(core, user, &key, 2_500 * i64::from(user), user % 3 == 0).await;
        if user % 4 == 0 {
            take_back(core, &gift, 2_500 * i64::from(user)).await;
        }
        if user % 5 == 0 {
            let change = v1::UpdateSupporterRequest {
                account: Some(account(user)),
                is_anonymous: Some(round == 0),
                ..Default::default()
            };
            core.sponsorship().update_supporter(change).await.unwrap();
        }
    }
}

/// A user's event thrice, as nobody can read it: without a number, with a badge that is none, and without one. The
/// last two would be later than anything else.
fn poison(events: &[Value]) -> [Value; 3] {
    let of_badge = |event: &&Value| event["type"] == "badge.updated" && event["subject"] == "11";
    let mut event = events.iter().find(of_badge).unwrap().clone();
    let mut unnumbered = event.clone();
    unnumbered["sequence"] = "many".into();
    event["sequence"] = "999999999999".into();
    let mut unknown = event.clone();
    unknown["data"]["public_badge"] = "diamond".into();
    let data = event["data"].as_object_mut().unwrap();
    data.remove("public_badge").unwrap();
    [unnumbered, unknown, event]
}

#[tokio::test]
async fn the_table_is_right_under_duplicates_reordering_restarts_and_other_thresholds() {
    let Some(broker) = rabbitmq().await else {
        return;
    };
    let (billing, platform) = (TestDatabase::new().await, TestDatabase::new().await);
    let pool = PgPool::connect_with(platform.owner()).await.unwrap();
    for statement in [
        "create table users (id integer primary key)",
        "insert into users select generate_series(1, 12)",
        SCHEMA,
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let url = broker.url();
    let all = EventQueue::declare(&url, "all", None).await;
    let core = TestCore::start_with(&billing, &["--amqp-url", &url]).await;
    let consumer = start(&url, &pool);
    live(&core, 0).await;
    // In the midst of it.
    consumer.abort();
    let _ended = consumer.await;
    live(&core, 1).await;
    let consumer = start(&url, &pool);
    until_the_table_is_right(&core, &pool).await;
    // Everything once more, the last first, behind what nobody can read: none of it is news.
    let mut old = all.take(10_000).await;
    assert!(old.len() > 50, "{}", old.len());
    old.extend(poison(&old));
    old.reverse();
    all.publish(&old).await;
    all.until_empty("platform.badges.acme").await;
    assert_eq!(table(&pool).await, badges(&core).await);
    // A badge is had for less, and for more.
    let thresholds = v1::Sponsorship {
        tenant_id: "acme".to_owned(),
        bronze_minor: 100,
        silver_minor: 200,
        gold_minor: 30_000,
        platinum_minor: 900_000,
        time_zone: "UTC".to_owned(),
        presets_minor: vec![1_000],
        wording_version: "1".to_owned(),
        ..Default::default()
    };
    let request = v1::SetSponsorshipRequest {
        sponsorship: Some(thresholds),
        ..v1::SetSponsorshipRequest::default()
    };
    core.sponsorship_admin()
        .set_sponsorship(request)
        .await
        .unwrap();
    until_the_table_is_right(&core, &pool).await;
    consumer.abort();
    core.stop().await;
}
