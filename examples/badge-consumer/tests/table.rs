//! The consumer beside the real core and the real RabbitMQ.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails where its set-up fails"
)]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use badge_consumer::{SCHEMA, consume};
use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{BadgeLevel, PaymentState, RefundState, SubscriptionState};
use billing_testkit::{EventQueue, TestCore, TestDatabase, rabbitmq};
use serde_json::Value;
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

const USERS: i32 = 12;
/// Of monthly support, in cents: a bronze badge, and after four months a silver one.
const MONTHLY: i64 = 2_500;

fn account(user: &str) -> v1::AccountRef {
    v1::AccountRef {
        tenant_id: "acme".to_owned(),
        user_id: user.to_owned(),
    }
}

/// A gift, public or anonymous.
fn gift(user: &str, key: &str, cents: i64, is_anonymous: bool) -> v1::CreatePaymentRequest {
    v1::CreatePaymentRequest {
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
    }
}

fn succeeded(cents: i64) -> Report {
    Report::Payment(v1::PaymentReport {
        state: PaymentState::Succeeded.into(),
        amount_minor: cents,
        currency: "USD".to_owned(),
        ..Default::default()
    })
}

/// Begins a payment, which is paid then.
async fn pay(core: &TestCore, request: v1::CreatePaymentRequest) -> v1::Payment {
    let cents = request.amount_minor;
    let created = core.payments().create_payment(request).await.unwrap();
    let payment = created.into_inner().payment.unwrap();
    report(core, &payment, "paid", succeeded(cents)).await;
    payment
}

/// A gift that is paid.
async fn give(
    core: &TestCore,
    user: i32,
    key: &str,
    cents: i64,
    is_anonymous: bool,
) -> v1::Payment {
    pay(core, gift(&user.to_string(), key, cents, is_anonymous)).await
}

/// Monthly support, of which the first month is paid.
async fn subscribe(core: &TestCore, user: &str) -> v1::Payment {
    let first = v1::CreatePaymentRequest {
        contribution: Some(v1::ContributionTerms {
            monthly: true,
            public_display_consent: true,
            ..Default::default()
        }),
        ..gift(user, "monthly", MONTHLY, false)
    };
    pay(core, first).await
}

/// A later month, which the provider takes by itself.
async fn renew(core: &TestCore, first: &v1::Payment, month: u64) {
    let renewal = v1::ApplyProviderEventRequest {
        provider: "stripe".to_owned(),
        event_id: format!("in_{month}:paid"),
        event_type: "paid".to_owned(),
        provider_reference: format!("in_{month}"),
        occurred_at: Some(SystemTime::now().into()),
        opens: Some(v1::PaymentOpening {
            purpose: v1::PaymentPurpose::Contribution.into(),
            amount_minor: MONTHLY,
            currency: "USD".to_owned(),
            begun_at: Some(SystemTime::now().into()),
            subscription_id: first.payment_id.clone(),
            ..Default::default()
        }),
        report: Some(succeeded(MONTHLY)),
        ..Default::default()
    };
    core.payments().apply_provider_event(renewal).await.unwrap();
}

/// How a subscription stands, as it is asked about in this month.
async fn stands(core: &TestCore, first: &v1::Payment, state: SubscriptionState, month: u64) {
    let asked = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + month * 2_592_000);
    let standing = Report::Subscription(v1::SubscriptionReport {
        provider_reference: format!("sub_{}", first.payment_id),
        state: state.into(),
        amount_minor: MONTHLY,
        currency: "USD".to_owned(),
        as_of: Some(asked.into()),
        ..Default::default()
    });
    report(core, first, &format!("asked in month {month}"), standing).await;
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
        occurred_at: Some(SystemTime::now().into()),
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

/// The platform's database, with twelve users.
async fn tables(platform: &TestDatabase) -> PgPool {
    let pool = PgPool::connect_with(platform.owner()).await.unwrap();
    for statement in [
        "create table users (id integer primary key)",
        "insert into users select generate_series(1, 12)",
        SCHEMA,
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    pool
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
                account: Some(account(&user.to_string())),
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
    let pool = tables(&platform).await;
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

#[tokio::test]
async fn the_table_follows_monthly_support_and_whom_the_platform_does_not_have_is_passed_over() {
    use SubscriptionState::{Active, Cancelled, PastDue};
    let Some(broker) = rabbitmq().await else {
        return;
    };
    let (billing, platform) = (TestDatabase::new().await, TestDatabase::new().await);
    let pool = tables(&platform).await;
    let url = broker.url();
    let _all = EventQueue::declare(&url, "all", None).await;
    let core = TestCore::start_with(&billing, &["--amqp-url", &url]).await;
    let consumer = start(&url, &pool);
    let shown = async || {
        until_the_table_is_right(&core, &pool).await;
        table(&pool).await[&1].clone()
    };
    for stranger in ["5f0c7a52-6a0e-4b8e-9d36-0d1d9f2b7c11", "4711"] {
        pay(&core, gift(stranger, "1", MONTHLY, false)).await;
    }
    let first = subscribe(&core, "1").await;
    stands(&core, &first, Active, 0).await;
    assert_eq!(shown().await.as_deref(), Some("bronze"));
    for month in 1..=3 {
        renew(&core, &first, month).await;
    }
    assert_eq!(shown().await.as_deref(), Some("silver"));
    // A month that is not paid, and the end, take no badge away; a month that is given back does.
    stands(&core, &first, PastDue, 4).await;
    stands(&core, &first, Cancelled, 5).await;
    assert_eq!(shown().await.as_deref(), Some("silver"));
    take_back(&core, &first, MONTHLY).await;
    assert_eq!(shown().await.as_deref(), Some("bronze"));
    let rows: i64 = sqlx::query_scalar("select count(*) from supporter_badges")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(rows, 1);
    consumer.abort();
    core.stop().await;
}
