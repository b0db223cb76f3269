//! A database's clock that was ahead once.

use billing_core::ledger::audit;
use billing_proto::v1;
use billing_proto::v1::Decision;
use billing_testkit::{TestCore, TestDatabase};
use sqlx::PgConnection;

use crate::operator::{ALICE, run};
use crate::payment::attached;
use crate::support::{USD, amount, as_owner, assert_books_are_right, core, eventually, hold};
use crate::user::User;

/// What a core writes of every account while the clock says 2051: the next day, and month, begin.
const IN_THE_FUTURE: &str = "update account set spent_on = '2051-01-01', day_no = day_no + 1,
    month_no = month_no + 1, day_spent_micros = 0, month_spent_micros = 0, version = version + 1,
    last_request_at = '2051-01-01';
    update hold set expires_at = '2051-01-01T00:15:00Z'";

async fn findings(database: &TestDatabase) -> Vec<String> {
    let pool = database.pool().await;
    let findings = audit::check(&pool).await.unwrap();
    pool.close().await;
    findings.iter().map(ToString::to_string).collect()
}

async fn assert_found(database: &TestDatabase, number: usize) {
    let found = findings(database).await;
    assert_eq!(found.len(), number, "{found:?}");
    for finding in &found {
        let named = "a time lies in the future of the database's clock";
        assert!(
            finding.contains(named) && finding.contains("205101"),
            "{finding}"
        );
    }
}

async fn two_days_ago_was_in_this_month(owner: &mut PgConnection) -> bool {
    sqlx::query_scalar(
        "select date_trunc('month', now() at time zone 'UTC') <= now() at time zone 'UTC' - interval '2 days'",
    )
    .fetch_one(owner)
    .await
    .unwrap()
}

#[tokio::test]
async fn an_account_that_a_wrong_clock_brought_into_the_future_is_found_and_brought_back() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 40 * USD).await;
    alice.charge("before", amount(3 * USD)).await;
    let held = alice.hold("held", amount(2 * USD)).await;
    as_owner(&database, IN_THE_FUTURE).await;
    // The clock is right again. Two days pass, and no new day begins.
    alice.charge("after", amount(9 * USD)).await;
    as_owner(
        &database,
        "set session_replication_role = replica;
        update entry set created_at = created_at - interval '40 days' where seq <= 2;
        update entry set created_at = created_at - interval '2 days' where seq > 2",
    )
    .await;
    let refused = alice.charge("refused", amount(2 * USD)).await;
    assert_eq!(refused.decision(), Decision::DailyLimitExceeded);
    assert_found(&database, 2).await;

    let repair = ["accounts", "repair-clock", "--reason", "ntp", "--key", "k"];
    let repair = [&repair[..], &ALICE].concat();
    let (ok, repaired, complaint) = run(&database, &repair).await;
    assert!(ok, "{complaint}");
    assert_eq!(repaired["repaired"], true);
    // Of today there is the hold; of this month what was charged in it, too.
    assert_eq!(repaired["day_used_micros"], 2 * USD);
    let mut owner = database.connect_as_owner().await;
    let of_month = if two_days_ago_was_in_this_month(&mut owner).await {
        11 * USD
    } else {
        2 * USD
    };
    assert_eq!(repaired["month_used_micros"], of_month);
    assert_books_are_right(&database).await;

    // Charges are allowed again, up to the limit, and the hold can be captured and expires.
    let charged = alice.charge("again", amount(7 * USD)).await;
    assert_eq!(charged.decision(), Decision::Allowed);
    let refused = alice.charge("too much", amount(2 * USD)).await;
    assert_eq!(refused.decision(), Decision::DailyLimitExceeded);
    alice.capture(&held, amount(USD)).await.unwrap();
    assert_books_are_right(&database).await;

    // Again, nothing is done; by the same key or another.
    let (_, again, _) = run(&database, &repair).await;
    assert_eq!(
        (&again["repaired"], &again["replayed"]),
        (&false.into(), &true.into())
    );
    let fresh = ["accounts", "repair-clock", "--reason", "ntp"];
    let (ok, again, complaint) = run(&database, &[&fresh[..], &ALICE].concat()).await;
    assert!(ok, "{complaint}");
    assert_eq!(
        (&again["repaired"], &again["replayed"]),
        (&false.into(), &false.into())
    );
    let kept: Vec<(String, String)> = sqlx::query_as("select reason, actor from account_repair")
        .fetch_all(&mut owner)
        .await
        .unwrap();
    assert_eq!(kept, [("ntp".to_owned(), "olga".to_owned())]);
    core.stop().await;
}

#[tokio::test]
async fn a_hold_of_the_future_alone_is_brought_back_too() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", USD).await;
    alice.place(hold("alice", "held", 5)).await.unwrap();
    as_owner(&database, "update hold set expires_at = '2051-01-01'").await;
    assert_found(&database, 1).await;
    let repair = ["accounts", "repair-clock", "--reason", "ntp"];
    let (_, repaired, _) = run(&database, &[&repair[..], &ALICE].concat()).await;
    assert_eq!(repaired["repaired"], true);
    // Its day is the one that it was.
    assert_eq!(repaired["day_used_micros"], 5);
    assert_books_are_right(&database).await;
    core.stop().await;
}

#[tokio::test]
async fn shares_of_the_outbox_that_were_leased_by_a_wrong_clock_are_taken_over() {
    let database = TestDatabase::new().await;
    as_owner(
        &database,
        "update outbox_lease set owner = 'gone', leased_until = '2051-01-01'",
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let core = TestCore::start_with(&database, &["--outbox-dir", folder]).await;
    let mut owner = database.connect_as_owner().await;
    eventually("every share is leased by the core", async || {
        sqlx::query_scalar::<_, i64>("select count(*) from outbox_lease where owner = 'gone'")
            .fetch_one(&mut owner)
            .await
            .unwrap()
            == 0
    })
    .await;
    core.stop().await;
}

#[tokio::test]
async fn payments_that_a_wrong_clock_has_put_off_are_asked_about_again() {
    let (database, core) = core().await;
    attached(&core, "alice", "leased").await;
    attached(&core, "alice", "off").await;
    as_owner(
        &database,
        "update payment set leased_until = '2051-01-01' where reference like '%leased';
        update payment set next_check_at = '2051-01-01' where reference like '%off'",
    )
    .await;
    assert_found(&database, 2).await;
    let repair = ["accounts", "repair-clock", "--reason", "ntp"];
    let (ok, repaired, complaint) = run(&database, &[&repair[..], &ALICE].concat()).await;
    assert!(ok, "{complaint}");
    assert_eq!(repaired["payments"], 2);
    let claim = v1::ClaimStalePaymentsRequest {
        provider: "stripe".to_owned(),
        owner: "a gateway".to_owned(),
        limit: 10,
        lease_secs: 60,
        since: None,
    };
    let claimed = core.payments().claim_stale_payments(claim).await.unwrap();
    assert_eq!(claimed.into_inner().payments.len(), 2);
    assert_books_are_right(&database).await;
    core.stop().await;
}
