//! Contributions: whatever happens to their payments, badge, wall and progress say what is left of them.

use std::collections::BTreeSet;

use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{BadgeLevel, ContributionStatus, PaymentState, RefundState, WallPeriod};
use billing_testkit::{TestCore, TestDatabase};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tonic::Code;

use crate::payment::{apply, event, refund};
use crate::support::{
    account, as_owner, assert_books_are_right, core, eventually, moment, reason, run,
};

/// A gift of 25 dollars: a bronze badge.
pub(crate) const CENTS: i64 = 2_500;

pub(crate) fn gift(user: &str, key: &str) -> v1::CreatePaymentRequest {
    v1::CreatePaymentRequest {
        account: Some(account(user)),
        idempotency_key: key.to_owned(),
        provider: "stripe".to_owned(),
        purpose: v1::PaymentPurpose::Contribution.into(),
        amount_minor: CENTS,
        currency: "USD".to_owned(),
        contact: Some(v1::Contact {
            name: format!("{user} Johnson"),
            ..Default::default()
        }),
        contribution: Some(v1::ContributionTerms {
            public_display_consent: true,
            message: format!("From {user}"),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(crate) fn anonymous(user: &str, key: &str) -> v1::CreatePaymentRequest {
    v1::CreatePaymentRequest {
        contribution: Some(v1::ContributionTerms {
            is_anonymous: true,
            // Its giver's form sends both: anonymous wins.
            public_display_consent: true,
            ..Default::default()
        }),
        ..gift(user, key)
    }
}

pub(crate) async fn given(core: &TestCore, request: v1::CreatePaymentRequest) -> v1::Payment {
    let answer = core.payments().create_payment(request).await.unwrap();
    answer.into_inner().payment.unwrap()
}

/// What the provider reports now of a payment that it knows by our own id.
pub(crate) fn told(
    id: &str,
    payment: &v1::Payment,
    report: Report,
) -> v1::ApplyProviderEventRequest {
    v1::ApplyProviderEventRequest {
        payment_id: payment.payment_id.clone(),
        occurred_at: Some(moment(Timestamp::now())),
        ..event(&format!("{}:{id}", payment.payment_id), payment, report)
    }
}

pub(crate) fn state(state: PaymentState) -> Report {
    Report::Payment(v1::PaymentReport {
        state: state.into(),
        amount_minor: CENTS,
        currency: "USD".to_owned(),
        ..Default::default()
    })
}

pub(crate) async fn paid(core: &TestCore, request: v1::CreatePaymentRequest) -> v1::Payment {
    let payment = given(core, request).await;
    let event = told("paid", &payment, state(PaymentState::Succeeded));
    apply(core, event).await.unwrap().payment.unwrap()
}

async fn badge(core: &TestCore, user: &str, viewer: &str) -> v1::Badge {
    let request = v1::GetBadgesRequest {
        tenant_id: account(user).tenant_id,
        user_ids: vec![user.to_owned()],
        viewer_user_id: viewer.to_owned(),
    };
    let answer = core.sponsorship().get_badges(request).await.unwrap();
    answer.into_inner().badges.remove(0)
}

pub(crate) async fn wall(core: &TestCore, period: WallPeriod) -> v1::ListSupportersResponse {
    let request = v1::ListSupportersRequest {
        tenant_id: account("").tenant_id,
        period: period.into(),
        ..Default::default()
    };
    let answer = core.sponsorship().list_supporters(request).await.unwrap();
    answer.into_inner()
}

pub(crate) async fn progress(core: &TestCore) -> v1::GetProgressResponse {
    let tenant_id = account("").tenant_id;
    let request = v1::GetProgressRequest { tenant_id };
    let answer = core.sponsorship().get_progress(request).await.unwrap();
    answer.into_inner()
}

pub(crate) async fn contributions(core: &TestCore, user: &str) -> v1::ListContributionsResponse {
    let request = v1::ListContributionsRequest {
        account: Some(account(user)),
        ..Default::default()
    };
    let answer = core.sponsorship().list_contributions(request).await;
    answer.unwrap().into_inner()
}

#[tokio::test]
async fn a_gift_earns_a_badge_a_place_on_the_wall_and_moves_the_meter_and_a_refund_takes_them_back()
{
    let (database, core) = core().await;
    let payment = paid(&core, gift("alice", "1")).await;
    assert_eq!((payment.credit_micros, payment.credited_micros), (0, 0));
    assert_eq!(badge(&core, "alice", "").await.level(), BadgeLevel::Bronze);
    for period in [WallPeriod::All, WallPeriod::Month] {
        let wall = wall(&core, period).await;
        assert_eq!(wall.total_count, 1);
        let [entry] = wall.supporters.try_into().unwrap();
        assert_eq!(
            (&*entry.name, entry.level()),
            ("alice Johnson", BadgeLevel::Bronze)
        );
        // Nobody has read the message yet.
        assert_eq!(entry.message, "");
    }
    let now = progress(&core).await;
    assert_eq!((now.current_minor, now.supporters), (CENTS, 1));
    let mine = contributions(&core, "alice").await;
    let standing = mine.standing.unwrap();
    assert_eq!(standing.next_badge(), BadgeLevel::Silver);
    assert_eq!(
        (standing.total_minor, standing.next_badge_minor),
        (CENTS, 10_000)
    );
    assert_eq!(
        mine.contributions[0].status(),
        ContributionStatus::Completed
    );

    let part = told("part", &payment, refund("re_1", 1, RefundState::Succeeded));
    apply(&core, part).await.unwrap();
    assert_eq!(badge(&core, "alice", "").await.level(), BadgeLevel::None);
    assert_eq!(
        wall(&core, WallPeriod::All).await.supporters[0].level(),
        BadgeLevel::None
    );
    let rest = told(
        "rest",
        &payment,
        refund("re_2", CENTS - 1, RefundState::Succeeded),
    );
    apply(&core, rest).await.unwrap();
    let now = progress(&core).await;
    assert_eq!((now.current_minor, now.supporters), (0, 0));
    assert_eq!(
        wall(&core, WallPeriod::All).await,
        v1::ListSupportersResponse::default()
    );
    let mine = contributions(&core, "alice").await;
    assert_eq!(mine.contributions[0].status(), ContributionStatus::Refunded);
    // No account has moved.
    assert_eq!(crate::payment::settled(&core, "alice").await, 0);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_message_is_shown_once_somebody_approved_it_and_none_of_the_banned_is_taken() {
    let (database, core) = core().await;
    paid(&core, gift("alice", "1")).await;
    let mut admin = core.sponsorship_admin();
    let waiting = |tenant_id| v1::ListMessagesRequest {
        tenant_id,
        page_size: 0,
        ..Default::default()
    };
    let tenant_id = account("").tenant_id;
    let answer = admin.list_messages(waiting(tenant_id.clone())).await;
    let [message] = answer.unwrap().into_inner().messages.try_into().unwrap();
    assert_eq!(
        (&*message.user_id, &*message.message),
        ("alice", "From alice")
    );
    let approve = v1::ModerateMessageRequest {
        tenant_id: tenant_id.clone(),
        ulid: message.ulid,
        approve: true,
        actor: "carol".to_owned(),
        ..Default::default()
    };
    let refused = core.sponsorship().moderate_message(approve.clone()).await;
    assert_eq!(reason(&refused.unwrap_err()), "ROLE_NOT_ALLOWED");
    admin.moderate_message(approve).await.unwrap();
    assert_eq!(
        wall(&core, WallPeriod::All).await.supporters[0].message,
        "From alice"
    );
    let ban = v1::ModerateSupporterRequest {
        account: Some(account("alice")),
        banned: Some(true),
        hidden: Some(true),
        ..Default::default()
    };
    admin.moderate_supporter(ban).await.unwrap();
    assert_eq!(wall(&core, WallPeriod::All).await.total_count, 0);
    paid(&core, gift("alice", "2")).await;
    let answer = admin.list_messages(waiting(tenant_id)).await.unwrap();
    assert_eq!(answer.into_inner().messages, []);
    assert_books_are_right(&database).await;
}

/// All that is public but the progress.
async fn public(core: &TestCore, users: &[&str]) -> Vec<String> {
    let mut answers = Vec::new();
    for user in users {
        answers.push(format!("{:?}", badge(core, user, "").await));
    }
    for period in [WallPeriod::All, WallPeriod::Month] {
        answers.push(format!("{:?}", wall(core, period).await));
    }
    answers
}

#[tokio::test]
async fn an_anonymous_gift_changes_no_public_answer_but_the_progress() {
    let (database, core) = core().await;
    let shows_totals = v1::SetSponsorshipRequest {
        sponsorship: Some(v1::Sponsorship {
            tenant_id: account("").tenant_id,
            shows_totals: true,
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut admin = core.sponsorship_admin();
    admin.set_sponsorship(shows_totals).await.unwrap();
    paid(&core, gift("alice", "1")).await;
    let users = ["alice", "bob"];
    let before = public(&core, &users).await;
    for user in users {
        for key in ["a", "b", "c", "d"] {
            paid(&core, anonymous(user, key)).await;
        }
    }
    assert_eq!(public(&core, &users).await, before);
    let now = progress(&core).await;
    assert_eq!((now.current_minor, now.supporters), (9 * CENTS, 2));
    // Its owner sees it, and whoever they let.
    assert_eq!(badge(&core, "bob", "bob").await.level(), BadgeLevel::Silver);
    let show = v1::UpdateSupporterRequest {
        account: Some(account("bob")),
        show_badge: Some(true),
        ..Default::default()
    };
    core.sponsorship().update_supporter(show).await.unwrap();
    assert_eq!(
        badge(&core, "bob", "alice").await.level(),
        BadgeLevel::Silver
    );
    assert_books_are_right(&database).await;
}

/// What people agreed to, the oldest first.
async fn noted(database: &TestDatabase) -> Vec<(String, bool)> {
    let pool = database.pool().await;
    sqlx::query_as("select what, given from consent order by consent_id")
        .fetch_all(&pool)
        .await
        .unwrap()
}

async fn shown_anonymously(core: &TestCore, is_anonymous: bool) {
    let request = v1::UpdateSupporterRequest {
        account: Some(account("alice")),
        is_anonymous: Some(is_anonymous),
        ..Default::default()
    };
    core.sponsorship().update_supporter(request).await.unwrap();
}

#[tokio::test]
async fn who_wants_no_longer_to_be_named_is_gone_from_wall_and_badge_at_once() {
    let (database, core) = core().await;
    let payment = paid(&core, gift("alice", "1")).await;
    shown_anonymously(&core, true).await;
    assert_eq!(
        wall(&core, WallPeriod::All).await,
        v1::ListSupportersResponse::default()
    );
    assert_eq!(badge(&core, "alice", "").await.level(), BadgeLevel::None);
    assert_eq!(progress(&core).await.supporters, 1);
    shown_anonymously(&core, false).await;
    assert_eq!(wall(&core, WallPeriod::Month).await.total_count, 1);

    let ulid = contributions(&core, "alice").await.contributions[0]
        .ulid
        .clone();
    let single = |user: &str, is_anonymous| v1::SetContributionAnonymousRequest {
        account: Some(account(user)),
        ulid: ulid.clone(),
        is_anonymous,
        ..Default::default()
    };
    let mut gateway = core.sponsorship();
    let others = gateway
        .set_contribution_anonymous(single("bob", true))
        .await;
    assert_eq!(reason(&others.unwrap_err()), "PAYMENT_NOT_FOUND");
    gateway
        .set_contribution_anonymous(single("alice", true))
        .await
        .unwrap();
    assert_eq!(wall(&core, WallPeriod::All).await.total_count, 0);
    // A refund of what is anonymous now changes what it must, and nothing else.
    let part = told(
        "part",
        &payment,
        refund("re_1", 500, RefundState::Succeeded),
    );
    apply(&core, part).await.unwrap();
    gateway
        .set_contribution_anonymous(single("alice", false))
        .await
        .unwrap();
    assert_eq!(wall(&core, WallPeriod::All).await.total_count, 1);
    assert_books_are_right(&database).await;
    let noted = noted(&database).await;
    let noted: Vec<(&str, bool)> = noted.iter().map(|row| (&*row.0, row.1)).collect();
    assert_eq!(
        noted,
        [
            ("public_display", true),
            ("anonymous", true),
            ("anonymous", false),
            ("anonymous", true),
            ("public_display", true),
        ]
    );
}

#[tokio::test]
async fn of_two_tabs_the_second_goes_on_with_what_the_first_began_or_says_what_is_open() {
    let (database, core) = core().await;
    paid(&core, gift("alice", "before")).await;
    let row = locked(&database).await;
    let calls: JoinSet<_> = (0..10)
        .map(|n| {
            let (mut gateway, request) = (core.payments(), gift("alice", &format!("tab {n}")));
            async move { gateway.create_payment(request).await.unwrap().into_inner() }
        })
        .collect();
    until_two_wait(&database).await;
    drop(row);
    let begun = calls.join_all().await;
    let ids: BTreeSet<&str> = begun
        .iter()
        .map(|answer| &*answer.payment.as_ref().unwrap().payment_id)
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(begun.iter().filter(|answer| !answer.replayed).count(), 1);
    let other = v1::CreatePaymentRequest {
        amount_minor: 5_000,
        ..gift("alice", "other")
    };
    // Whoever asked first may have failed to end what was open: the second is told of it too.
    for key in ["other", "other tab", "other"] {
        let other = v1::CreatePaymentRequest {
            idempotency_key: key.to_owned(),
            ..other.clone()
        };
        let answer = core.payments().create_payment(other).await.unwrap();
        let open: Vec<String> = answer
            .into_inner()
            .open_before
            .into_iter()
            .map(|payment| payment.payment_id)
            .collect();
        assert_eq!(open, ids.iter().copied().collect::<Vec<_>>(), "{key}");
    }
}

fn with_terms(terms: v1::ContributionTerms) -> v1::CreatePaymentRequest {
    v1::CreatePaymentRequest {
        contribution: Some(terms),
        ..gift("alice", "1")
    }
}

fn saying(message: &str) -> v1::CreatePaymentRequest {
    with_terms(v1::ContributionTerms {
        public_display_consent: true,
        message: message.to_owned(),
        ..Default::default()
    })
}

/// Keeps the rows of all supporters locked, until it is dropped.
pub(crate) async fn locked(database: &TestDatabase) -> sqlx::PgConnection {
    let mut owner = database.connect_as_owner().await;
    run(&mut owner, "begin; select from supporter for update")
        .await
        .unwrap();
    owner
}

/// At least two sessions have begun, and wait for a lock: what each has read, it has read beside the other.
pub(crate) async fn until_two_wait(database: &TestDatabase) {
    let mut owner = database.connect_as_owner().await;
    eventually("two sessions wait", async || {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&mut owner)
        .await
        .unwrap();
        waiting >= 2
    })
    .await;
}

#[tokio::test]
async fn gifts_of_one_person_that_are_paid_at_once_at_two_cores_all_count() {
    let (database, core) = core().await;
    let another = TestCore::start(&database).await;
    let [first, second] = ["1", "2"].map(|key| v1::CreatePaymentRequest {
        // The same again would be the same gift.
        content: key.to_owned(),
        ..gift("alice", key)
    });
    let [first, second] = [given(&core, first).await, given(&core, second).await];
    let row = locked(&database).await;
    let mut calls = JoinSet::new();
    for (payment, core) in [(first, &core), (second, &another)] {
        let event = told("paid", &payment, state(PaymentState::Succeeded));
        let gateway = core.payments();
        calls.spawn(async move { crate::payment::delivered(gateway, event).await.map(drop) });
    }
    until_two_wait(&database).await;
    drop(row);
    for call in calls.join_all().await {
        call.unwrap();
    }
    let standing = contributions(&core, "alice").await.standing.unwrap();
    assert_eq!(standing.total_minor, 2 * CENTS);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn what_a_contribution_must_not_be_is_refused_by_its_field() {
    let (_database, core) = core().await;
    let of = |amount_minor, currency: &str| v1::CreatePaymentRequest {
        amount_minor,
        currency: currency.to_owned(),
        ..gift("alice", "1")
    };
    let without_terms = v1::CreatePaymentRequest {
        contribution: None,
        ..gift("alice", "1")
    };
    let top_up = v1::CreatePaymentRequest {
        purpose: v1::PaymentPurpose::TopUp.into(),
        ..gift("alice", "1")
    };
    let without_consent = with_terms(v1::ContributionTerms::default());
    for (request, field) in [
        (of(499, "USD"), "amount_minor"),
        (of(1_000_001, "USD"), "amount_minor"),
        (of(CENTS, "UAH"), "currency"),
        (without_terms, "contribution"),
        (top_up, "contribution"),
        (without_consent, "contribution.public_display_consent"),
        (saying(&"ї".repeat(501)), "contribution.message"),
        (saying("a\u{7}b"), "contribution.message"),
    ] {
        let refused = core.payments().create_payment(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(
            refused.message().starts_with(&format!("{field}: ")),
            "{refused:?}"
        );
    }
    let longest = saying(&"ї".repeat(500));
    core.payments().create_payment(longest).await.unwrap();
}

#[tokio::test]
async fn a_contribution_stays_in_its_month_in_the_tenants_zone_and_a_later_refund_reduces_that() {
    let (database, core) = core().await;
    let payment = given(&core, gift("alice", "1")).await;
    let tenant = v1::SetSponsorshipRequest {
        sponsorship: Some(v1::Sponsorship {
            tenant_id: account("").tenant_id,
            time_zone: "Europe/Kyiv".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    core.sponsorship_admin()
        .set_sponsorship(tenant)
        .await
        .unwrap();
    let mut event = told("paid", &payment, state(PaymentState::Succeeded));
    // Half past midnight of the first of May in Kyiv.
    event.occurred_at = Some(moment("2026-04-30T21:30:00Z".parse().unwrap()));
    apply(&core, event).await.unwrap();
    let month = |net| vec![("2026-05".to_owned(), net), ("all".to_owned(), net)];
    assert_eq!(sums(&database).await, month(CENTS));
    let refunded = told(
        "part",
        &payment,
        refund("re_1", 1_000, RefundState::Succeeded),
    );
    apply(&core, refunded).await.unwrap();
    assert_eq!(sums(&database).await, month(CENTS - 1_000));
    // Nothing of it is of this month.
    assert_eq!(progress(&core).await.current_minor, 0);
    assert_eq!(wall(&core, WallPeriod::Month).await.total_count, 0);
    assert_eq!(
        wall(&core, WallPeriod::All).await.supporters[0].since,
        "2026-05-01"
    );
    assert_books_are_right(&database).await;
}

async fn sums(database: &TestDatabase) -> Vec<(String, i64)> {
    let pool = database.pool().await;
    sqlx::query_as("select period, net_minor from sponsorship_sum order by period")
        .fetch_all(&pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_audit_finds_a_sum_that_is_not_that_of_its_rows() {
    let (database, core) = core().await;
    paid(&core, gift("alice", "1")).await;
    as_owner(
        &database,
        "update sponsorship_sum set net_minor = 1 where period = 'all'",
    )
    .await;
    let pool = database.pool().await;
    let found = billing_core::sponsorship::audit::check(&pool)
        .await
        .unwrap();
    let [finding] = found.try_into().unwrap();
    assert_eq!((finding.kept, finding.rows_say), (Some(1), Some(CENTS)));
}
