//! `CheckBalance`, and what every decision has in common with it.

use billing_proto::v1;
use billing_proto::v1::Decision;
use jiff::Timestamp;

use crate::support::{
    USD, amount, core, core_with_prices, eventually, hold, price, rows, set, time, tool, unset,
};
use crate::user::User;

#[tokio::test]
async fn an_account_never_written_answers_as_just_created_and_reading_it_writes_nothing() {
    let (database, core) = core().await;
    let bob = User::new(&core, "bob");
    let answer = bob.check(amount(1)).await;
    assert_eq!(answer.decision(), Decision::InsufficientBalance);
    assert!(answer.enforced && answer.billing_enabled);
    assert_eq!(bob.balance().await, (0, 0, 0, 0));
    let limits: Vec<_> = answer
        .limits
        .iter()
        .map(|limit| {
            (
                limit.period(),
                limit.limit_micros,
                limit.used_micros,
                limit.remaining_micros,
            )
        })
        .collect();
    assert_eq!(
        limits,
        [
            (v1::LimitPeriod::Day, Some(10 * USD), 0, Some(10 * USD)),
            (v1::LimitPeriod::Month, Some(100 * USD), 0, Some(100 * USD)),
        ]
    );
    let account = bob.get().await;
    assert!(!account.exists && account.billing_enabled && !account.suspended);
    assert_eq!(account.time_zone, "UTC");
    assert_eq!(account.last_request_at, None);
    assert!(bob.entries().await.is_empty());
    let dry = v1::PlaceHoldRequest {
        dry_run: true,
        ..hold("bob", "k", 1)
    };
    assert_eq!(
        bob.place(dry).await.unwrap().decision(),
        Decision::InsufficientBalance
    );
    for (table, count) in rows(&database).await {
        assert_eq!(count, 0, "{table}");
    }
    core.stop().await;
}

#[tokio::test]
async fn an_account_never_written_answers_with_its_tenants_limits_and_welcome_grant() {
    let (database, core) = core().await;
    let tenant = v1::Tenant {
        tenant_id: "acme".to_owned(),
        welcome_grant_micros: 3 * USD,
        default_daily_limit_micros: None,
        default_monthly_limit_micros: Some(7 * USD),
        topup_url: "https://acme.example/top-up".to_owned(),
        ..Default::default()
    };
    let request = v1::SetTenantRequest {
        tenant: Some(tenant),
        ..Default::default()
    };
    core.accounts().set_tenant(request).await.unwrap();
    let bob = User::new(&core, "bob");
    eventually("the tenant's settings hold", async || {
        bob.check(amount(4 * USD)).await.topup_url == "https://acme.example/top-up"
    })
    .await;
    let answer = bob.check(amount(4 * USD)).await;
    assert_eq!(answer.decision(), Decision::InsufficientBalance);
    assert_eq!(answer.shortfall_micros, USD);
    assert_eq!(
        bob.check(amount(3 * USD)).await.decision(),
        Decision::Allowed
    );
    let limits: Vec<_> = answer
        .limits
        .iter()
        .map(|limit| limit.limit_micros)
        .collect();
    assert_eq!(limits, [None, Some(7 * USD)]);
    assert_eq!(answer.limits[0].remaining_micros, None);
    for (table, count) in rows(&database).await {
        assert_eq!(count, 0, "{table}");
    }
    core.stop().await;
}

#[tokio::test]
async fn of_several_denials_the_first_in_the_published_order_is_given() {
    let (_database, core) = core_with_prices(&[price("priced")]).await;
    let eve = User::new(&core, "eve");
    let nothing = v1::UpdateSettingsRequest {
        daily_limit: set(0),
        monthly_limit: set(0),
        ..Default::default()
    };
    eve.settings(nothing).await;
    eve.suspend().await;
    let unpriced = tool("unheard-of", &[]);
    assert_eq!(
        eve.check(unpriced).await.decision(),
        Decision::ToolNotPriced
    );
    let decision = async || eve.check(amount(USD)).await.decision();
    assert_eq!(decision().await, Decision::AccountSuspended);
    eve.resume().await;
    assert_eq!(decision().await, Decision::InsufficientBalance);
    eve.grant(USD).await;
    assert_eq!(decision().await, Decision::DailyLimitExceeded);
    let by_month_only = v1::UpdateSettingsRequest {
        daily_limit: unset(),
        ..Default::default()
    };
    eve.settings(by_month_only).await;
    assert_eq!(decision().await, Decision::MonthlyLimitExceeded);
    let without = v1::UpdateSettingsRequest {
        monthly_limit: unset(),
        ..Default::default()
    };
    eve.settings(without).await;
    assert_eq!(decision().await, Decision::Allowed);
    core.stop().await;
}

#[tokio::test]
async fn what_is_available_may_be_spent_to_the_last_micro_and_a_denial_says_what_is_missing() {
    let (_database, core) = core().await;
    let bob = User::with(&core, "bob", 5 * USD).await;
    bob.hold("k", amount(2 * USD)).await;
    let enough = bob.check(amount(3 * USD)).await;
    assert_eq!(enough.decision(), Decision::Allowed);
    assert_eq!(
        (enough.required_micros, enough.shortfall_micros),
        (3 * USD, 0)
    );
    assert_eq!(enough.price_version, None);
    assert_eq!(enough.retry_after, None);
    let denied = bob.check(amount(3 * USD + 1)).await;
    assert_eq!(denied.decision(), Decision::InsufficientBalance);
    assert_eq!(denied.shortfall_micros, 1);
    assert_eq!(denied.retry_after, None);
    let balance = denied.balance.unwrap();
    assert_eq!(
        (balance.settled_micros, balance.held_micros),
        (5 * USD, 2 * USD)
    );
    assert_eq!(
        (balance.available_micros, balance.debt_micros),
        (3 * USD, 0)
    );
    core.stop().await;
}

#[tokio::test]
async fn a_denial_by_a_limit_says_when_the_limit_starts_again() {
    let (_database, core) = core().await;
    let bob = User::with(&core, "bob", 500 * USD).await;
    bob.charge("k", amount(1)).await;
    let by_day = bob.check(amount(10 * USD)).await;
    assert_eq!(by_day.decision(), Decision::DailyLimitExceeded);
    bob.settings(v1::UpdateSettingsRequest {
        daily_limit: unset(),
        ..Default::default()
    })
    .await;
    let by_month = bob.check(amount(100 * USD)).await;
    assert_eq!(by_month.decision(), Decision::MonthlyLimitExceeded);
    let now = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let tomorrow = now.tomorrow().unwrap().start_of_day().unwrap();
    let next_month = now
        .last_of_month()
        .unwrap()
        .tomorrow()
        .unwrap()
        .start_of_day()
        .unwrap();
    for (answer, index, begins) in [(by_day, 0, tomorrow), (by_month, 1, next_month)] {
        let resets_at = time(answer.limits[index].resets_at);
        assert_eq!(resets_at, begins.timestamp());
        let wait = answer.retry_after.unwrap().seconds;
        let left = resets_at.duration_since(now.timestamp()).as_secs();
        assert!(
            (left..=left + 3).contains(&wait),
            "{wait} s, but {left} s are left"
        );
    }
    core.stop().await;
}

#[tokio::test]
async fn a_suspended_account_is_denied_everything_but_the_capture_of_its_open_holds() {
    let (_database, core) = core().await;
    let bob = User::with(&core, "bob", 5 * USD).await;
    let open = bob.hold("open", amount(USD)).await;
    bob.suspend().await;
    assert!(bob.standing().await.suspended);
    assert_eq!(
        bob.check(amount(1)).await.decision(),
        Decision::AccountSuspended
    );
    let placed = bob.place_cost("k", amount(1)).await;
    assert_eq!(placed.decision(), Decision::AccountSuspended);
    assert_eq!(placed.hold, None);
    let forced = bob
        .charge_by("k", amount(1), v1::OveragePolicy::AllowDebt)
        .await;
    assert_eq!(forced.decision(), Decision::AccountSuspended);
    assert_eq!((forced.charged_micros, forced.entry_id.as_str()), (0, ""));
    assert_eq!(
        bob.capture(&open, amount(USD))
            .await
            .unwrap()
            .charged_micros,
        USD
    );
    bob.resume().await;
    assert_eq!(
        bob.charge("k", amount(1)).await.decision(),
        Decision::Allowed
    );
    core.stop().await;
}

#[tokio::test]
async fn an_account_with_billing_disabled_is_allowed_everything_at_no_cost() {
    let (_database, core) = core().await;
    let bob = User::new(&core, "bob");
    bob.enable_billing(false).await;
    for cost in [amount(50 * USD), tool("unheard-of", &[])] {
        let answer = bob.check(cost).await;
        assert_eq!(answer.decision(), Decision::Allowed);
        assert!(!answer.billing_enabled);
        assert_eq!(answer.required_micros, 0);
    }
    let hold = bob.hold("hold", amount(50 * USD)).await;
    assert_eq!(hold.amount_micros, 0);
    assert_eq!(
        bob.charge("charge", amount(50 * USD)).await.charged_micros,
        0
    );
    // What was let in free stays free, whatever is switched meanwhile.
    bob.enable_billing(true).await;
    assert_eq!(
        bob.capture(&hold, amount(50 * USD))
            .await
            .unwrap()
            .charged_micros,
        0
    );
    assert_eq!(bob.balance().await, (0, 0, 0, 0));
    assert_eq!(
        bob.check(amount(1)).await.decision(),
        Decision::InsufficientBalance
    );
    core.stop().await;
}

#[tokio::test]
async fn a_dry_run_decides_and_neither_holds_nor_uses_its_key() {
    let (database, core) = core().await;
    let bob = User::with(&core, "bob", 5 * USD).await;
    let before = rows(&database).await;
    let dry = v1::PlaceHoldRequest {
        dry_run: true,
        ..hold("bob", "k", 2 * USD)
    };
    let answer = bob.place(dry.clone()).await.unwrap();
    assert_eq!(answer.decision(), Decision::Allowed);
    assert_eq!(answer.required_micros, 2 * USD);
    assert_eq!(answer.hold, None);
    assert!(!answer.replayed);
    let too_much = v1::PlaceHoldRequest {
        cost: amount(6 * USD),
        ..dry
    };
    assert_eq!(
        bob.place(too_much).await.unwrap().decision(),
        Decision::InsufficientBalance
    );
    assert_eq!(rows(&database).await, before);
    assert_eq!(bob.balance().await, (5 * USD, 0, 5 * USD, 0));
    // The key is free, for another content too.
    assert_eq!(bob.hold("k", amount(3 * USD)).await.amount_micros, 3 * USD);
    core.stop().await;
}
