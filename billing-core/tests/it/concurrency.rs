//! Many callers at once, through two cores on one database.

use std::collections::{BTreeMap, BTreeSet};

use billing_proto::v1;
use billing_proto::v1::{Decision, HoldState};
use billing_testkit::{TestCore, TestDatabase};
use tokio::task::JoinSet;
use tonic::{Code, Response, Status};

use crate::support::{
    USD, account, amount, as_owner, assert_books_are_right, charge, eventually, hold, reason,
};
use crate::user::User;

/// Two cores on one database of their own.
async fn two_cores() -> (TestDatabase, [TestCore; 2]) {
    let database = TestDatabase::new().await;
    let cores = [
        TestCore::start(&database).await,
        TestCore::start(&database).await,
    ];
    (database, cores)
}

/// The books are right, no backend was ever chosen as the victim of a deadlock, and both stop.
async fn conclude(database: TestDatabase, cores: [TestCore; 2]) {
    for core in cores {
        core.stop().await;
    }
    assert_books_are_right(&database).await;
    let mut owner = database.connect_as_owner().await;
    let deadlocks: i64 = sqlx::query_scalar(
        "select deadlocks from pg_stat_database where datname = current_database()",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(deadlocks, 0);
}

/// All answers, in the order in which they came.
async fn all<T: 'static>(mut calls: JoinSet<T>) -> Vec<T> {
    let mut answers = Vec::new();
    while let Some(answer) = calls.join_next().await {
        answers.push(answer.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_parallel_charges_of_1_on_a_balance_of_60_exactly_60_are_allowed() {
    let (database, cores) = two_cores().await;
    let alice = User::with(&cores[0], "alice", 60)
        .await
        .without_limits()
        .await;
    let mut calls = JoinSet::new();
    for n in 0..100 {
        let mut backend = cores[n % 2].balance();
        calls.spawn(async move { backend.charge(charge("alice", &n.to_string(), 1)).await });
    }
    let mut decisions = BTreeMap::new();
    for answer in all(calls).await {
        let answer = answer.unwrap().into_inner();
        *decisions
            .entry(answer.decision().as_str_name())
            .or_insert(0) += 1;
        assert_eq!(
            answer.shortfall_micros,
            i64::from(answer.decision() != Decision::Allowed)
        );
    }
    let expected = [
        ("DECISION_ALLOWED", 60),
        ("DECISION_INSUFFICIENT_BALANCE", 40),
    ];
    assert_eq!(decisions, expected.into());
    assert_eq!(alice.balance().await, (0, 0, 0, 0));
    assert_eq!(alice.standing().await.request_count, 60);
    conclude(database, cores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daily_limit_holds_against_parallel_holds_and_charges() {
    let (database, cores) = two_cores().await;
    let alice = User::with(&cores[0], "alice", 500 * USD).await;
    let mut calls = JoinSet::new();
    for n in 0..60 {
        let mut backend = cores[n % 2].balance();
        let key = n.to_string();
        calls.spawn(async move {
            if n % 3 == 0 {
                let answer = backend.place_hold(hold("alice", &key, USD)).await;
                answer.unwrap().into_inner().decision()
            } else {
                let answer = backend.charge(charge("alice", &key, USD)).await;
                answer.unwrap().into_inner().decision()
            }
        });
    }
    let decisions = all(calls).await;
    let count = |wanted| {
        decisions
            .iter()
            .filter(|decision| **decision == wanted)
            .count()
    };
    assert_eq!(count(Decision::Allowed), 10);
    assert_eq!(count(Decision::DailyLimitExceeded), 50);
    assert_eq!(alice.used().await, (10 * USD, 10 * USD));
    conclude(database, cores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_keys_sent_in_opposite_orders_to_both_cores_take_effect_once_each() {
    let (database, cores) = two_cores().await;
    let users = ["ann", "ben", "cat", "dan"];
    for user in users {
        User::with(&cores[0], user, 100)
            .await
            .without_limits()
            .await;
    }
    // 20 keys over four accounts; each is sent ten times, half of them to each core, by senders
    // that go through them in opposite orders.
    let mut calls = JoinSet::new();
    for round in 0..10 {
        let mut order: Vec<usize> = (0..20).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for n in order {
            let mut backend = cores[round % 2].balance();
            let user = users[n % users.len()];
            let request = charge(user, &format!("key-{n}"), 1);
            calls.spawn(async move { (n, backend.charge(request).await.unwrap().into_inner()) });
        }
    }
    let mut entries: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let mut fresh = 0;
    for (n, answer) in all(calls).await {
        assert_eq!(answer.decision(), Decision::Allowed);
        fresh += i32::from(!answer.replayed);
        entries.entry(n).or_default().insert(answer.entry_id);
    }
    assert_eq!((entries.len(), fresh), (20, 20));
    assert!(
        entries.values().all(|entries| entries.len() == 1),
        "{entries:?}"
    );
    for user in users {
        assert_eq!(User::new(&cores[1], user).balance().await, (95, 0, 95, 0));
    }
    conclude(database, cores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_parallel_requests_with_one_key_and_two_contents_one_content_wins() {
    let (database, cores) = two_cores().await;
    let alice = User::with(&cores[0], "alice", 100).await;
    let mut calls = JoinSet::new();
    for n in 0..20_usize {
        let mut backend = cores[n % 2].balance();
        let micros = if n % 4 < 2 { 3 } else { 7 };
        calls.spawn(async move { backend.charge(charge("alice", "one", micros)).await });
    }
    let mut charged = BTreeSet::new();
    let mut reused = 0;
    for answer in all(calls).await {
        match answer {
            Ok(answer) => _ = charged.insert(answer.into_inner().charged_micros),
            Err(status) => {
                assert_eq!(status.code(), Code::AlreadyExists);
                reused += 1;
            }
        }
    }
    assert_eq!((charged.len(), reused), (1, 10));
    let once = charged.first().unwrap();
    assert_eq!(alice.available().await, 100 - once);
    conclude(database, cores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_callers_at_first_sight_of_an_account_open_it_once_with_one_welcome_grant() {
    let (database, cores) = two_cores().await;
    let tenant = v1::Tenant {
        tenant_id: "acme".to_owned(),
        welcome_grant_micros: 25,
        ..Default::default()
    };
    let request = v1::SetTenantRequest {
        tenant: Some(tenant),
        ..Default::default()
    };
    cores[0].accounts().set_tenant(request).await.unwrap();
    let mut calls = JoinSet::new();
    for n in 0..50 {
        let mut backend = cores[n % 2].balance();
        calls.spawn(async move {
            let answer = backend.charge(charge("newcomer", &n.to_string(), 1)).await;
            answer.unwrap().into_inner().decision()
        });
    }
    let decisions = all(calls).await;
    let allowed = decisions
        .iter()
        .filter(|decision| **decision == Decision::Allowed)
        .count();
    assert_eq!(allowed, 25);
    let entries = User::new(&cores[1], "newcomer").entries().await;
    let grants = entries
        .iter()
        .filter(|entry| entry.kind() == v1::EntryKind::Grant)
        .count();
    assert_eq!((grants, entries.len()), (1, 26));
    assert_eq!(entries[25].kind(), v1::EntryKind::Grant);
    conclude(database, cores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_refunds_of_one_charge_never_exceed_it() {
    let (database, cores) = two_cores().await;
    let alice = User::with(&cores[0], "alice", 100).await;
    let entry_id = alice.charge("charge", amount(10)).await.entry_id;
    let mut calls = JoinSet::new();
    for n in 0..40 {
        let mut backend = cores[n % 2].balance();
        let request = v1::RefundChargeRequest {
            account: alice.account(),
            idempotency_key: n.to_string(),
            entry_id: entry_id.clone(),
            amount_micros: Some(3),
            ..Default::default()
        };
        calls.spawn(async move { backend.refund_charge(request).await });
    }
    let answers = all(calls).await;
    for status in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(reason(status), "REFUND_EXCEEDS_CHARGE");
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert_eq!(alice.available().await, 99);
    conclude(database, cores).await;
}

/// What became of a hold that one core captures and the other releases.
async fn race(
    capture: impl Future<Output = Result<Response<v1::CaptureHoldResponse>, Status>>,
    release: impl Future<Output = Result<Response<v1::ReleaseHoldResponse>, Status>>,
) -> HoldState {
    let (captured, released) = tokio::join!(capture, release);
    let ended = |status: &Status| {
        assert_eq!(reason(status), "HOLD_ENDED");
        crate::support::detail(status, "state")
    };
    match (captured, released) {
        (Ok(_), Ok(_)) => panic!("the hold was captured and released"),
        (Ok(_), Err(late)) => {
            assert_eq!(ended(&late), "CAPTURED");
            HoldState::Captured
        }
        (Err(late), Ok(_)) => {
            assert_eq!(ended(&late), "RELEASED");
            HoldState::Released
        }
        (Err(capture), Err(release)) => {
            assert_eq!(
                (ended(&capture).as_str(), ended(&release).as_str()),
                ("EXPIRED", "EXPIRED")
            );
            HoldState::Expired
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_is_captured_released_and_expires_at_once_ends_exactly_once() {
    let (database, cores) = two_cores().await;
    let alice = User::with(&cores[0], "alice", 60).await;
    let mut holds = Vec::new();
    for n in 0..60 {
        holds.push(alice.hold(&n.to_string(), amount(1)).await);
    }
    // Their times come one after another, while both cores end them: some are caught before, some
    // by the sweeps of both, some by whoever asks.
    as_owner(
        &database,
        "update hold set expires_at = clock_timestamp() + random() * interval '300 ms'",
    )
    .await;
    let mut races = JoinSet::new();
    let begun = std::time::Instant::now();
    for (n, held) in holds.iter().enumerate() {
        let (mut one, mut other) = (cores[n % 2].balance(), cores[(n + 1) % 2].balance());
        let capture = alice.capture_request(held, amount(1));
        let release = v1::ReleaseHoldRequest {
            account: alice.account(),
            hold_id: held.hold_id.clone(),
        };
        races.spawn(
            async move { race(one.capture_hold(capture), other.release_hold(release)).await },
        );
        // Spread over the same time; how well decides only how many end in which way.
        let due = std::time::Duration::from_millis(5) * u32::try_from(n).unwrap();
        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
    }
    let states = all(races).await;
    let captured = states
        .iter()
        .filter(|state| **state == HoldState::Captured)
        .count();
    let captured = i64::try_from(captured).unwrap();
    assert_eq!(alice.balance().await, (60 - captured, 0, 60 - captured, 0));
    assert_eq!(alice.used().await, (captured, captured));
    conclude(database, cores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_holds_against_expiring_ones_never_set_aside_more_than_there_is() {
    let (database, cores) = two_cores().await;
    let alice = User::with(&cores[0], "alice", 10)
        .await
        .without_limits()
        .await;
    for n in 0..10 {
        alice.brief_hold(&format!("first-{n}"), 1).await;
    }
    assert_eq!(
        alice.place_cost("denied", amount(1)).await.decision(),
        Decision::InsufficientBalance
    );
    let mut calls = JoinSet::new();
    for core in &cores {
        let mut backend = core.balance();
        let name = core.address.to_string();
        calls.spawn(async move {
            let mut allowed = 0;
            // Until the ten have expired and their amount is taken again.
            for n in 0..100_000 {
                let answer = backend
                    .place_hold(hold("alice", &format!("{name}-{n}"), 1))
                    .await;
                let answer = answer.unwrap().into_inner();
                let balance = answer.balance.as_ref().unwrap();
                assert!(
                    balance.held_micros <= 10 && balance.available_micros >= 0,
                    "{balance:?}"
                );
                allowed += i64::from(answer.decision() == Decision::Allowed);
                if allowed == 5 {
                    break;
                }
            }
            allowed
        });
    }
    assert_eq!(all(calls).await, [5, 5]);
    eventually("the sweep has ended the first ten", async || {
        alice.balance().await == (10, 10, 0, 0)
    })
    .await;
    conclude(database, cores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_repeated_in_parallel_is_placed_once_and_captured_once() {
    let (database, cores) = two_cores().await;
    cores[0].grant(&account("alice"), 100).await;
    let mut placements = JoinSet::new();
    for n in 0..20 {
        let mut backend = cores[n % 2].balance();
        placements.spawn(async move {
            backend
                .place_hold(hold("alice", "k", 10))
                .await
                .unwrap()
                .into_inner()
        });
    }
    let placed = all(placements).await;
    assert_eq!(placed.iter().filter(|answer| !answer.replayed).count(), 1);
    let ids: BTreeSet<_> = placed
        .iter()
        .map(|answer| answer.hold.clone().unwrap().hold_id)
        .collect();
    assert_eq!(ids.len(), 1);
    let alice = User::new(&cores[0], "alice");
    let held = placed[0].hold.clone().unwrap();
    let mut captures = JoinSet::new();
    for n in 0..20 {
        let mut backend = cores[n % 2].balance();
        let request = alice.capture_request(&held, amount(4));
        captures.spawn(async move { backend.capture_hold(request).await.unwrap().into_inner() });
    }
    let entries: BTreeSet<_> = all(captures)
        .await
        .into_iter()
        .map(|answer| answer.entry_id)
        .collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(alice.balance().await, (96, 0, 96, 0));
    conclude(database, cores).await;
}
