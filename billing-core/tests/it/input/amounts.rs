//! Amounts, limits, times to live.

use billing_proto::v1;

use super::{Refusing, TOO_MUCH};
use crate::support::{amount, as_owner, hold, seconds, set};
use crate::user::User;

#[tokio::test]
async fn an_amount_that_cannot_be_one_is_refused() {
    let core = Refusing::start().await;
    let field = "cost.amount_micros";
    for micros in [0, -1, -1_000_000].into_iter().chain(TOO_MUCH) {
        core.check_balance(field, |r| r.cost = amount(micros)).await;
        core.place_hold(field, |r| r.cost = amount(micros)).await;
        core.place_hold(field, |r| {
            r.cost = amount(micros);
            r.dry_run = true;
        })
        .await;
        core.charge(field, |r| r.cost = amount(micros)).await;
        core.refund_charge("amount_micros", |r| r.amount_micros = Some(micros))
            .await;
        core.grant_credit("amount_micros", |r| r.amount_micros = micros)
            .await;
    }
    // 0 releases a hold; an adjustment is signed.
    for micros in [-1].into_iter().chain(TOO_MUCH) {
        core.capture_hold(field, |r| r.cost = amount(micros)).await;
    }
    for micros in [0, -1_000_000_000_000_001].into_iter().chain(TOO_MUCH) {
        core.adjust_balance("amount_micros", |r| r.amount_micros = micros)
            .await;
    }
    core.serves_on().await;
}

#[tokio::test]
async fn a_cost_must_be_given() {
    let core = Refusing::start().await;
    for cost in [None, Some(v1::Cost { cost: None })] {
        core.check_balance("cost", |r| r.cost = cost.clone()).await;
        core.place_hold("cost", |r| r.cost = cost.clone()).await;
        core.capture_hold("cost", |r| r.cost = cost.clone()).await;
        core.charge("cost", |r| r.cost = cost.clone()).await;
    }
    core.serves_on().await;
}

#[tokio::test]
async fn the_largest_amount_is_one() {
    let core = Refusing::start().await;
    let most = 1_000_000_000_000_000;
    let rich = User::with(&core.core, "rich", most)
        .await
        .without_limits()
        .await;
    let charge = rich.charge("k", amount(most)).await;
    assert_eq!(charge.decision(), v1::Decision::Allowed);
    core.serves_on().await;
}

#[tokio::test]
async fn a_balance_that_would_overflow_is_refused_and_stays() {
    let core = Refusing::start().await;
    let rich = User::with(&core.core, "rich", 1).await;
    let almost = i64::MAX - 5;
    let statement = format!("update account set settled_micros = {almost}");
    as_owner(&core.database, &statement).await;
    core.grant_credit("amount_micros", |r| {
        r.account = rich.account();
        r.amount_micros = 6;
    })
    .await;
    core.adjust_balance("amount_micros", |r| {
        r.account = rich.account();
        r.amount_micros = 6;
    })
    .await;
    assert_eq!(rich.available().await, almost);
    rich.grant(5).await;
    assert_eq!(rich.available().await, i64::MAX);
    core.serves_on().await;
}

#[tokio::test]
async fn limits_and_a_tenants_settings_are_amounts_too() {
    let core = Refusing::start().await;
    for micros in [-1].into_iter().chain(TOO_MUCH) {
        let setting = set(micros);
        core.update_settings("daily_limit.amount_micros", |r| r.daily_limit = setting)
            .await;
        core.update_settings("monthly_limit.amount_micros", |r| r.monthly_limit = setting)
            .await;
        core.update_settings("low_balance_threshold.amount_micros", |r| {
            r.low_balance_threshold = setting;
        })
        .await;
        core.tenant("tenant.welcome_grant_micros", |t| {
            t.welcome_grant_micros = micros;
        })
        .await;
        core.tenant("tenant.default_daily_limit_micros", |t| {
            t.default_daily_limit_micros = Some(micros);
        })
        .await;
        core.tenant("tenant.default_monthly_limit_micros", |t| {
            t.default_monthly_limit_micros = Some(micros);
        })
        .await;
    }
    core.set_tenant("tenant", |r| r.tenant = None).await;
    core.serves_on().await;
}

#[tokio::test]
async fn a_time_to_live_is_one_second_to_a_day() {
    let core = Refusing::start().await;
    let ttl = |seconds, nanos| Some(prost_types::Duration { seconds, nanos });
    for bad in [
        seconds(0),
        seconds(-1),
        seconds(86_401),
        seconds(i64::MAX),
        seconds(i64::MIN),
        ttl(0, 999_999_999),
        ttl(86_400, 1),
        ttl(1, -1),
        ttl(1, 1_000_000_000),
        ttl(1, i32::MAX),
        ttl(1, i32::MIN),
        ttl(2, -999_999_999),
    ] {
        core.place_hold("ttl", |r| r.ttl = bad).await;
        core.extend_hold("ttl", |r| r.ttl = bad).await;
    }
    let bob = User::with(&core.core, "bob", 3).await;
    for (key, ttl) in [
        ("1 s", ttl(1, 0)),
        ("24 h", ttl(86_400, 0)),
        ("between", ttl(1, 1)),
    ] {
        let placement = v1::PlaceHoldRequest {
            ttl,
            ..hold("bob", key, 1)
        };
        let placed = bob.place(placement).await.unwrap();
        assert_eq!(placed.decision(), v1::Decision::Allowed, "{key}");
    }
    core.serves_on().await;
}
