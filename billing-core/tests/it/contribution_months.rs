//! Contributions belong to the calendar month of their payment where their tenant is.

use billing_proto::v1;
use billing_proto::v1::{AccountRef, PaymentState, RefundState, WallPeriod};
use billing_testkit::{TestCore, TestDatabase};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::payment::{apply, refund};
use crate::sponsorship::{CENTS, gift, given, state, told};
use crate::support::{assert_books_are_right, core, moment, time};

async fn tenant_in(core: &TestCore, zone: &str) {
    let sponsorship = v1::Sponsorship {
        // Each is called as its zone.
        tenant_id: zone.to_owned(),
        time_zone: zone.to_owned(),
        ..Default::default()
    };
    let request = v1::SetSponsorshipRequest {
        sponsorship: Some(sponsorship),
        ..Default::default()
    };
    let mut admin = core.sponsorship_admin();
    admin.set_sponsorship(request).await.unwrap();
}

/// A gift that the provider says was paid then.
async fn paid_at(core: &TestCore, tenant: &str, user: &str, at: Timestamp) -> v1::Payment {
    let request = v1::CreatePaymentRequest {
        account: Some(AccountRef {
            tenant_id: tenant.to_owned(),
            user_id: user.to_owned(),
        }),
        ..gift(user, &at.to_string())
    };
    let payment = given(core, request).await;
    let mut event = told("paid", &payment, state(PaymentState::Succeeded));
    event.occurred_at = Some(moment(at));
    apply(core, event).await.unwrap().payment.unwrap()
}

/// What a tenant was given, by month.
async fn months(database: &TestDatabase, tenant: &str) -> Vec<(String, i64)> {
    let pool = database.pool().await;
    sqlx::query_as(
        "select period, net_minor from sponsorship_sum
        where tenant_id = $1 and period <> 'all' order by period",
    )
    .bind(tenant)
    .fetch_all(&pool)
    .await
    .unwrap()
}

async fn progress(core: &TestCore, tenant: &str) -> v1::GetProgressResponse {
    let request = v1::GetProgressRequest {
        tenant_id: tenant.to_owned(),
    };
    let answer = core.sponsorship().get_progress(request).await.unwrap();
    answer.into_inner()
}

async fn on_the_wall(core: &TestCore, tenant: &str, period: WallPeriod) -> i64 {
    let request = v1::ListSupportersRequest {
        tenant_id: tenant.to_owned(),
        period: period.into(),
        ..Default::default()
    };
    let answer = core.sponsorship().list_supporters(request).await.unwrap();
    answer.into_inner().total_count
}

#[tokio::test]
async fn of_two_reports_of_one_success_the_earlier_says_when_whatever_comes_first() {
    let (database, core) = core().await;
    let times = ["2026-10-31T23:59:59Z", "2026-11-01T00:00:01Z"];
    for (tenant, order) in [("a", [0, 1]), ("b", [1, 0])] {
        let [first, second] = order.map(|place| times[place].parse::<Timestamp>().unwrap());
        let payment = paid_at(&core, tenant, "u", first).await;
        let mut again = told("paid on its page", &payment, state(PaymentState::Succeeded));
        again.occurred_at = Some(moment(second));
        apply(&core, again).await.unwrap();
        let october = [("2026-10".to_owned(), CENTS)];
        let given: Vec<(String, i64)> = months(&database, tenant).await;
        let given: Vec<_> = given.into_iter().filter(|month| month.1 != 0).collect();
        assert_eq!(given, october, "{tenant}");
    }
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_month_ends_at_midnight_of_the_tenants_zone_whatever_it_is_elsewhere() {
    let (database, core) = core().await;
    // Each month's last second, and the next month's first, in one of them: 14 hours ahead, 11 behind, and
    // in one that puts its clocks forward in March and back in October.
    let zones = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Kyiv"];
    let moments = [
        "2026-03-31T09:59:59Z",
        "2026-03-31T10:00:00Z",
        "2026-03-31T20:59:59Z",
        "2026-03-31T21:00:00Z",
        "2026-04-01T10:59:59Z",
        "2026-04-01T11:00:00Z",
        "2026-10-31T21:59:59Z",
        "2026-10-31T22:00:00Z",
    ];
    for zone in zones {
        tenant_in(&core, zone).await;
        for at in moments {
            paid_at(&core, zone, "alice", at.parse().unwrap()).await;
        }
    }
    for (zone, gifts) in zones.into_iter().zip([
        [("2026-03", 1), ("2026-04", 5), ("2026-11", 2)].as_slice(),
        &[("2026-03", 5), ("2026-04", 1), ("2026-10", 2)],
        &[
            ("2026-03", 3),
            ("2026-04", 3),
            ("2026-10", 1),
            ("2026-11", 1),
        ],
    ]) {
        let expected: Vec<(String, i64)> = gifts
            .iter()
            .map(|(month, gifts)| ((*month).to_owned(), gifts * CENTS))
            .collect();
        assert_eq!(months(&database, zone).await, expected, "{zone}");
    }
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn the_present_month_begins_where_the_tenant_is_and_a_refund_reduces_the_month_of_its_gift() {
    let (database, core) = core().await;
    for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        tenant_in(&core, zone).await;
        let now = progress(&core, zone).await;
        let first: Date = format!("{}-01", now.month).parse().unwrap();
        let midnight = |day: Date| day.in_tz(zone).unwrap().timestamp();
        let begins = midnight(first);
        assert_eq!(time(now.resets_at), midnight(first + 1.month()), "{zone}");
        let before = paid_at(&core, zone, "bob", begins - 1.second()).await;
        assert_eq!(progress(&core, zone).await, now);
        let within = paid_at(&core, zone, "alice", begins).await;
        let with_alice = v1::GetProgressResponse {
            current_minor: CENTS,
            supporters: 1,
            ..now.clone()
        };
        assert_eq!(progress(&core, zone).await, with_alice);
        assert_eq!(on_the_wall(&core, zone, WallPeriod::Month).await, 1);
        assert_eq!(on_the_wall(&core, zone, WallPeriod::All).await, 2);

        let refunded = refund("re_1", CENTS, RefundState::Succeeded);
        apply(&core, told("refund", &before, refunded))
            .await
            .unwrap();
        assert_eq!(progress(&core, zone).await, with_alice);
        assert_eq!(on_the_wall(&core, zone, WallPeriod::All).await, 1);
        let last_month = (first - 1.month()).strftime("%Y-%m").to_string();
        let expected = [(last_month, 0), (now.month.clone(), CENTS)];
        assert_eq!(months(&database, zone).await, expected);
        let refunded = refund("re_2", CENTS, RefundState::Succeeded);
        apply(&core, told("refund", &within, refunded))
            .await
            .unwrap();
        assert_eq!(progress(&core, zone).await, now);
        assert_eq!(on_the_wall(&core, zone, WallPeriod::Month).await, 0);
    }
    assert_books_are_right(&database).await;
}
