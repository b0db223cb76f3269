//! What may be spent in a local day and month.

use billing_proto::v1;
use billing_proto::v1::{Decision, OveragePolicy};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::support::{USD, amount, as_owner, core, set, time, unset};
use crate::user::User;

pub fn limits(
    day: Option<v1::AmountSetting>,
    month: Option<v1::AmountSetting>,
) -> v1::UpdateSettingsRequest {
    v1::UpdateSettingsRequest {
        daily_limit: day,
        monthly_limit: month,
        ..Default::default()
    }
}

pub fn zone(name: &str) -> v1::UpdateSettingsRequest {
    v1::UpdateSettingsRequest {
        time_zone: Some(name.to_owned()),
        ..Default::default()
    }
}

fn now_in(zone: &str) -> Zoned {
    Timestamp::now().to_zoned(TimeZone::get(zone).unwrap())
}

#[tokio::test]
async fn holds_and_charges_count_and_may_reach_a_limit_but_not_pass_it() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 500 * USD).await;
    alice.settings(limits(set(5 * USD), set(6 * USD))).await;
    let hold = alice.hold("hold", amount(2 * USD)).await;
    alice.charge("charge", amount(USD)).await;
    let standing = alice.standing().await;
    let remaining: Vec<_> = standing
        .limits
        .iter()
        .map(|limit| limit.remaining_micros)
        .collect();
    assert_eq!(remaining, [Some(2 * USD), Some(3 * USD)]);
    assert_eq!(alice.used().await, (3 * USD, 3 * USD));
    let over = alice.charge("over", amount(2 * USD + 1)).await;
    assert_eq!(over.decision(), Decision::DailyLimitExceeded);
    assert_eq!(over.shortfall_micros, 0);
    assert!(over.retry_after.is_some());
    let exactly = alice.charge("exactly", amount(2 * USD)).await;
    assert_eq!(exactly.decision(), Decision::Allowed);
    // No policy gets past a limit.
    for policy in [OveragePolicy::UpToAvailable, OveragePolicy::AllowDebt] {
        let denied = alice.charge_by("forced", amount(1), policy).await;
        assert_eq!(denied.decision(), Decision::DailyLimitExceeded);
    }
    assert_eq!(
        alice.place_cost("h2", amount(1)).await.decision(),
        Decision::DailyLimitExceeded
    );
    // The day's limit gone, the month's denies.
    alice.settings(limits(unset(), None)).await;
    assert_eq!(alice.check(amount(USD)).await.decision(), Decision::Allowed);
    assert_eq!(
        alice.check(amount(USD + 1)).await.decision(),
        Decision::MonthlyLimitExceeded
    );
    alice.release(&hold).await.unwrap();
    assert_eq!(alice.used().await, (3 * USD, 3 * USD));
    core.stop().await;
}

#[tokio::test]
async fn a_limit_of_0_lets_nothing_be_spent_and_no_limit_lets_everything() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 500 * USD).await;
    let account = alice.settings(limits(set(0), None)).await;
    assert_eq!(account.limits[0].limit_micros, Some(0));
    assert_eq!(account.limits[1].limit_micros, Some(100 * USD));
    assert_eq!(
        alice.check(amount(1)).await.decision(),
        Decision::DailyLimitExceeded
    );
    alice.settings(limits(unset(), set(0))).await;
    assert_eq!(
        alice.check(amount(1)).await.decision(),
        Decision::MonthlyLimitExceeded
    );
    let account = alice.settings(limits(None, unset())).await;
    for limit in &account.limits {
        assert_eq!((limit.limit_micros, limit.remaining_micros), (None, None));
    }
    assert_eq!(
        alice.charge("k", amount(500 * USD)).await.decision(),
        Decision::Allowed
    );
    // What was spent without a limit counts once there is one.
    let account = alice.settings(limits(set(300 * USD), None)).await;
    assert_eq!(account.limits[0].used_micros, 500 * USD);
    assert_eq!(account.limits[0].remaining_micros, Some(0));
    core.stop().await;
}

#[tokio::test]
async fn a_capture_adds_only_its_overage_and_is_never_refused_by_a_limit() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 500 * USD).await;
    alice.settings(limits(set(3 * USD), set(3 * USD))).await;
    let exact = alice.hold("exact", amount(USD)).await;
    let above = alice.hold("above", amount(2 * USD)).await;
    assert_eq!(alice.used().await, (3 * USD, 3 * USD));
    alice.capture(&exact, amount(USD)).await.unwrap();
    assert_eq!(alice.used().await, (3 * USD, 3 * USD));
    alice.settings(limits(set(0), set(0))).await;
    assert_eq!(
        alice
            .capture(&above, amount(7 * USD))
            .await
            .unwrap()
            .charged_micros,
        7 * USD
    );
    assert_eq!(alice.used().await, (8 * USD, 8 * USD));
    assert_eq!(alice.standing().await.limits[0].remaining_micros, Some(0));
    core.stop().await;
}

#[tokio::test]
async fn a_new_day_and_a_new_month_start_from_0() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 500 * USD).await;
    alice.charge("before", amount(10 * USD)).await;
    assert_eq!(
        alice.check(amount(1)).await.decision(),
        Decision::DailyLimitExceeded
    );
    as_owner(&database, "update account set spent_on = spent_on - 62").await;
    assert_eq!(alice.used().await, (0, 0));
    let check = alice.check(amount(10 * USD)).await;
    assert_eq!(
        (check.decision(), check.limits[0].used_micros),
        (Decision::Allowed, 0)
    );
    alice.charge("after", amount(4 * USD)).await;
    assert_eq!(alice.used().await, (4 * USD, 4 * USD));
    core.stop().await;
}

#[tokio::test]
async fn a_hold_of_an_earlier_day_gives_back_to_its_own_month_and_not_to_today() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 500 * USD).await;
    // In one of these zones at least it is not the first of a month: yesterday was the same month.
    let zones = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"];
    let name = zones
        .into_iter()
        .find(|name| now_in(name).day() > 1)
        .unwrap();
    alice.settings(zone(name)).await;
    let released = alice.hold("released", amount(2 * USD)).await;
    let captured = alice.hold("captured", amount(3 * USD)).await;
    as_owner(&database, "update account set spent_on = spent_on - 1").await;
    alice.charge("today", amount(USD)).await;
    assert_eq!(alice.used().await, (USD, 6 * USD));
    alice.release(&released).await.unwrap();
    assert_eq!(alice.used().await, (USD, 4 * USD));
    // The overage counts on the day of its capture; the hold counted before.
    alice.capture(&captured, amount(5 * USD)).await.unwrap();
    assert_eq!(alice.used().await, (3 * USD, 6 * USD));
    core.stop().await;
}

#[tokio::test]
async fn another_zone_re_dates_what_was_used_and_resets_nothing() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 500 * USD).await;
    let open = alice.hold("open", amount(2 * USD)).await;
    alice.charge("charge", amount(3 * USD)).await;
    let begun = now_in("UTC").date();
    // East and west of the date line: at every moment at least one has another date than UTC.
    for name in ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Kyiv"] {
        let account = alice.settings(zone(name)).await;
        assert_eq!(account.time_zone, name);
        assert_eq!(account.limits[0].used_micros, 5 * USD, "{name}");
        assert_eq!(account.limits[1].used_micros, 5 * USD, "{name}");
        let now = now_in(name);
        // Westward the day keeps the date with which it began, and lasts until that has passed there.
        let dated = begun.max(now.date());
        let starts = |date: jiff::civil::Date| date.to_zoned(now.time_zone().clone()).unwrap();
        let tomorrow = starts(dated.tomorrow().unwrap());
        let next_month = starts(dated.last_of_month().tomorrow().unwrap());
        assert_eq!(time(account.limits[0].resets_at), tomorrow.timestamp());
        assert_eq!(time(account.limits[1].resets_at), next_month.timestamp());
        let mut owner = database.connect_as_owner().await;
        let spent_on: String = sqlx::query_scalar("select spent_on::text from account")
            .fetch_one(&mut owner)
            .await
            .unwrap();
        assert_eq!(spent_on, dated.to_string());
        assert_eq!(alice.used().await, (5 * USD, 5 * USD));
        assert_eq!(alice.standing().await.time_zone, name);
    }
    // The hold finds the period in which it was counted, under whatever date.
    alice.release(&open).await.unwrap();
    assert_eq!(alice.used().await, (3 * USD, 3 * USD));
    core.stop().await;
}
