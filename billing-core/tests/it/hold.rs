//! Holds: placed once, ended once.

use billing_proto::v1;
use billing_proto::v1::{Decision, HoldState, OveragePolicy};
use jiff::{SignedDuration, Timestamp};
use sqlx::Connection;
use tonic::{Code, Status};

use crate::support::{
    USD, amount, assert_books_are_right, core, detail, eventually, hold, reason, run, seconds,
    time, tool, until_a_command_waits,
};
use crate::user::User;

fn assert_ended(status: &Status, state: &str) {
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(status), "HOLD_ENDED");
    assert_eq!(detail(status, "state"), state);
}

#[tokio::test]
async fn a_hold_sets_its_amount_aside_until_it_is_captured() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let placed = alice.place_cost("k", amount(2 * USD)).await;
    assert_eq!(placed.decision(), Decision::Allowed);
    assert_eq!(placed.required_micros, 2 * USD);
    assert_eq!(placed.balance.as_ref().unwrap().available_micros, 3 * USD);
    let hold = placed.hold.unwrap();
    assert_eq!(
        (hold.amount_micros, hold.state()),
        (2 * USD, HoldState::Placed)
    );
    let lives = time(hold.expires_at).duration_since(Timestamp::now());
    assert!(
        (lives - SignedDuration::from_mins(15)).abs() < SignedDuration::from_secs(5),
        "{lives}"
    );
    assert_eq!(alice.balance().await, (5 * USD, 2 * USD, 3 * USD, 0));
    let captured = alice.capture(&hold, amount(2 * USD)).await.unwrap();
    assert_eq!(
        (captured.charged_micros, captured.released_micros),
        (2 * USD, 0)
    );
    assert_eq!(captured.debt_micros, 0);
    assert_eq!(captured.balance.unwrap().available_micros, 3 * USD);
    let entry = &alice.entries().await[0];
    assert_eq!(entry.entry_id, captured.entry_id);
    assert_eq!(
        (entry.hold_id.clone(), entry.amount_micros),
        (hold.hold_id, -2 * USD)
    );
    core.stop().await;
}

#[tokio::test]
async fn what_a_capture_does_not_need_of_its_hold_is_given_back() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.hold("k", amount(5 * USD)).await;
    let request = v1::CaptureHoldRequest {
        description: "one page".to_owned(),
        metadata: [("pages".to_owned(), "1".to_owned())].into(),
        ..alice.capture_request(&hold, amount(2 * USD))
    };
    let captured = core
        .balance()
        .capture_hold(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (captured.charged_micros, captured.released_micros),
        (2 * USD, 3 * USD)
    );
    assert_eq!(alice.balance().await, (3 * USD, 0, 3 * USD, 0));
    assert_eq!(alice.used().await, (2 * USD, 2 * USD));
    let entry = &alice.entries().await[0];
    assert_eq!(
        (entry.description.as_str(), entry.metadata["pages"].as_str()),
        ("one page", "1")
    );
    core.stop().await;
}

#[tokio::test]
async fn a_capture_above_its_hold_follows_the_overage_policy() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let first = alice.hold("first", amount(2 * USD)).await;
    let second = alice.hold("second", amount(2 * USD)).await;
    let rejected = alice
        .capture_by(&first, amount(4 * USD), OveragePolicy::Reject)
        .await
        .unwrap_err();
    assert_eq!(rejected.code(), Code::FailedPrecondition);
    assert_eq!(reason(&rejected), "OVERAGE_REJECTED");
    assert_eq!(detail(&rejected, "overage_micros"), (2 * USD).to_string());
    assert_eq!(alice.balance().await, (5 * USD, 4 * USD, USD, 0));
    // The hold stays. Its own 2 and the 1 that is available are there for it; not the other hold's.
    let partly = alice
        .capture_by(&first, amount(4 * USD), OveragePolicy::UpToAvailable)
        .await
        .unwrap();
    assert_eq!(
        (partly.charged_micros, partly.released_micros),
        (3 * USD, 0)
    );
    assert_eq!(alice.balance().await, (2 * USD, 2 * USD, 0, 0));
    // Without a policy the work that was done is charged in full.
    let all = alice.capture(&second, amount(4 * USD)).await.unwrap();
    assert_eq!((all.charged_micros, all.debt_micros), (4 * USD, 2 * USD));
    assert_eq!(alice.balance().await, (-2 * USD, 0, -2 * USD, 2 * USD));
    assert_eq!(
        alice.check(amount(1)).await.decision(),
        Decision::InsufficientBalance
    );
    assert_eq!(
        alice.place_cost("k", amount(1)).await.decision(),
        Decision::InsufficientBalance
    );
    core.stop().await;
}

#[tokio::test]
async fn a_capture_within_its_hold_succeeds_in_debt_and_up_to_available_takes_the_hold_alone() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let first = alice.hold("first", amount(USD)).await;
    let second = alice.hold("second", amount(USD)).await;
    alice.adjust("fraud", -9 * USD).await;
    let within = alice
        .capture_by(&first, amount(USD), OveragePolicy::Reject)
        .await
        .unwrap();
    assert_eq!((within.charged_micros, within.debt_micros), (USD, 5 * USD));
    let above = alice
        .capture_by(&second, amount(3 * USD), OveragePolicy::UpToAvailable)
        .await
        .unwrap();
    assert_eq!((above.charged_micros, above.debt_micros), (USD, 6 * USD));
    core.stop().await;
}

#[tokio::test]
async fn a_capture_of_0_releases_the_hold() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.hold("k", amount(2 * USD)).await;
    let released = alice.capture(&hold, amount(0)).await.unwrap();
    assert_eq!(
        (released.charged_micros, released.released_micros),
        (0, 2 * USD)
    );
    assert_eq!(released.entry_id, "");
    assert_eq!(alice.balance().await, (5 * USD, 0, 5 * USD, 0));
    assert_eq!(alice.capture(&hold, amount(0)).await.unwrap(), released);
    assert_ended(
        &alice.capture(&hold, amount(1)).await.unwrap_err(),
        "RELEASED",
    );
    assert_eq!(alice.standing().await.request_count, 0);
    core.stop().await;
}

#[tokio::test]
async fn a_repeated_capture_gets_the_first_answer_and_another_one_is_told_the_state() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.hold("k", amount(2 * USD)).await;
    let first = alice.capture(&hold, amount(USD)).await.unwrap();
    alice.charge("between", amount(USD)).await;
    assert_eq!(alice.capture(&hold, amount(USD)).await.unwrap(), first);
    // Unspecified and ALLOW_DEBT say the same.
    let same = alice
        .capture_by(&hold, amount(USD), OveragePolicy::AllowDebt)
        .await
        .unwrap();
    assert_eq!(same, first);
    let described = v1::CaptureHoldRequest {
        description: "another".to_owned(),
        ..alice.capture_request(&hold, amount(USD))
    };
    let others = [
        alice.capture(&hold, amount(2 * USD)).await.unwrap_err(),
        alice.capture(&hold, amount(0)).await.unwrap_err(),
        alice
            .capture_by(&hold, amount(USD), OveragePolicy::Reject)
            .await
            .unwrap_err(),
        core.balance().capture_hold(described).await.unwrap_err(),
        alice.release(&hold).await.unwrap_err(),
        alice.extend(&hold, None).await.unwrap_err(),
    ];
    for status in others {
        assert_ended(&status, "CAPTURED");
    }
    assert_eq!(alice.balance().await, (3 * USD, 0, 3 * USD, 0));
    core.stop().await;
}

#[tokio::test]
async fn a_released_hold_gives_its_amount_back_once() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.hold("k", amount(2 * USD)).await;
    let first = alice.release(&hold).await.unwrap();
    assert_eq!(first.hold.as_ref().unwrap().state(), HoldState::Released);
    assert_eq!(first.balance.as_ref().unwrap().available_micros, 5 * USD);
    assert_eq!(alice.used().await, (0, 0));
    alice.grant(USD).await;
    assert_eq!(alice.release(&hold).await.unwrap(), first);
    assert_ended(
        &alice.capture(&hold, amount(1)).await.unwrap_err(),
        "RELEASED",
    );
    assert_ended(&alice.extend(&hold, None).await.unwrap_err(), "RELEASED");
    assert_eq!(alice.balance().await, (6 * USD, 0, 6 * USD, 0));
    core.stop().await;
}

#[tokio::test]
async fn a_hold_is_extended_and_never_shortened() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.hold("k", amount(2 * USD)).await;
    let shorter = alice
        .extend(&hold, seconds(60))
        .await
        .unwrap()
        .hold
        .unwrap();
    assert_eq!(shorter, hold);
    let longer = alice.extend(&hold, seconds(86_400)).await.unwrap();
    let lives = time(longer.hold.unwrap().expires_at).duration_since(Timestamp::now());
    assert!(
        (lives - SignedDuration::from_hours(24)).abs() < SignedDuration::from_secs(5),
        "{lives}"
    );
    assert_eq!(longer.balance.unwrap().held_micros, 2 * USD);
    core.stop().await;
}

#[tokio::test]
async fn an_expired_hold_is_given_back_within_about_a_second_without_anybody_asking() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.brief_hold("k", 2 * USD).await;
    assert_eq!(alice.balance().await, (5 * USD, 2 * USD, 3 * USD, 0));
    eventually("the hold's amount is given back", async || {
        alice.balance().await == (5 * USD, 0, 5 * USD, 0)
    })
    .await;
    let late = Timestamp::now().duration_since(time(hold.expires_at));
    assert!(!late.is_negative(), "given back {late} early");
    assert!(
        late < SignedDuration::from_millis(1500),
        "given back {late} late"
    );
    assert_eq!(alice.used().await, (0, 0));
    assert_ended(
        &alice.capture(&hold, amount(USD)).await.unwrap_err(),
        "EXPIRED",
    );
    assert_ended(
        &alice.capture(&hold, amount(0)).await.unwrap_err(),
        "EXPIRED",
    );
    assert_ended(&alice.release(&hold).await.unwrap_err(), "EXPIRED");
    assert_ended(&alice.extend(&hold, None).await.unwrap_err(), "EXPIRED");
    // Work that ends after expiry is billed by Charge.
    assert_eq!(
        alice.charge("late", amount(2 * USD)).await.charged_micros,
        2 * USD
    );
    core.stop().await;
}

#[tokio::test]
async fn a_hold_whose_time_is_up_is_expired_before_any_sweep_has_seen_it() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let open = alice.hold("k", amount(2 * USD)).await;
    // The account is locked while its hold's time is put into the past: nobody can have swept it
    // before the capture, which waits for the same lock, sees it.
    let mut owner = database.connect_as_owner().await;
    let mut transaction = owner.begin().await.unwrap();
    run(&mut transaction, "select from account for update")
        .await
        .unwrap();
    run(
        &mut transaction,
        "update hold set expires_at = now() - interval '1 ms'",
    )
    .await
    .unwrap();
    let mut backend = core.balance();
    let request = alice.capture_request(&open, amount(USD));
    let capture = tokio::spawn(async move { backend.capture_hold(request).await });
    until_a_command_waits(&database).await;
    transaction.commit().await.unwrap();
    assert_ended(&capture.await.unwrap().unwrap_err(), "EXPIRED");
    assert_eq!(alice.balance().await, (5 * USD, 0, 5 * USD, 0));
    core.stop().await;
}

#[tokio::test]
async fn a_repeated_placement_shows_the_holds_present_state() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 9 * USD).await;
    let first = alice.place_cost("k", amount(2 * USD)).await;
    let placed = first.hold.clone().unwrap();
    let extended = alice
        .extend(&placed, seconds(3600))
        .await
        .unwrap()
        .hold
        .unwrap();
    let again = alice.place_cost("k", amount(2 * USD)).await;
    assert_eq!(again.hold.as_ref(), Some(&extended));
    let stored = v1::PlaceHoldResponse {
        hold: Some(placed.clone()),
        replayed: false,
        ..again
    };
    assert_eq!(stored, first);
    alice.capture(&placed, amount(USD)).await.unwrap();
    let state = async |key| {
        alice
            .place_cost(key, amount(2 * USD))
            .await
            .hold
            .unwrap()
            .state()
    };
    assert_eq!(state("k").await, HoldState::Captured);
    let second = alice.hold("k2", amount(2 * USD)).await;
    alice.release(&second).await.unwrap();
    assert_eq!(state("k2").await, HoldState::Released);
    // Another time to live is another content.
    let longer = v1::PlaceHoldRequest {
        ttl: seconds(3600),
        ..hold("alice", "k", 2 * USD)
    };
    let status = alice.place(longer).await.unwrap_err();
    assert_eq!(reason(&status), "IDEMPOTENCY_KEY_REUSED");
    core.stop().await;
}

#[tokio::test]
async fn a_hold_is_found_by_its_own_account_and_tenant_only() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let bob = User::with(&core, "bob", 5 * USD).await;
    let hold = alice.hold("k", amount(2 * USD)).await;
    let unknown = v1::Hold {
        hold_id: "0190c8a7-0000-7000-8000-000000000000".to_owned(),
        ..hold.clone()
    };
    let no_id = v1::Hold {
        hold_id: "not a hold".to_owned(),
        ..hold.clone()
    };
    let never_seen = User::new(&core, "never-seen");
    for (user, hold) in [
        (&bob, &hold),
        (&never_seen, &hold),
        (&alice, &unknown),
        (&alice, &no_id),
    ] {
        for status in [
            user.capture(hold, amount(USD)).await.unwrap_err(),
            user.release(hold).await.unwrap_err(),
            user.extend(hold, None).await.unwrap_err(),
        ] {
            assert_eq!(status.code(), Code::NotFound);
            assert_eq!(reason(&status), "HOLD_NOT_FOUND");
        }
    }
    // The same user's name under another tenant is another account.
    let elsewhere = v1::ReleaseHoldRequest {
        account: Some(v1::AccountRef {
            tenant_id: "other".to_owned(),
            user_id: "alice".to_owned(),
        }),
        hold_id: hold.hold_id.clone(),
    };
    let status = core.balance().release_hold(elsewhere).await.unwrap_err();
    assert_eq!(reason(&status), "HOLD_NOT_FOUND");
    assert_eq!(alice.balance().await, (5 * USD, 2 * USD, 3 * USD, 0));
    core.stop().await;
}

#[tokio::test]
async fn a_hold_by_amount_is_not_captured_by_a_tool() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.hold("k", amount(2 * USD)).await;
    let status = alice.capture(&hold, tool("search", &[])).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(crate::support::fields(&status), ["cost.tool.name"]);
    assert_eq!(
        alice
            .capture(&hold, amount(USD))
            .await
            .unwrap()
            .charged_micros,
        USD
    );
    core.stop().await;
}

#[tokio::test]
async fn a_release_and_a_capture_of_0_are_one_end_in_either_order() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let first = alice.hold("first", amount(2 * USD)).await;
    let second = alice.hold("second", amount(USD)).await;
    alice.capture(&first, amount(0)).await.unwrap();
    let released = alice.release(&first).await.unwrap();
    assert_eq!(released.hold.unwrap().state(), HoldState::Released);
    alice.release(&second).await.unwrap();
    let captured = alice.capture(&second, amount(0)).await.unwrap();
    assert_eq!(
        (captured.charged_micros, captured.released_micros),
        (0, USD)
    );
    assert_eq!(captured.entry_id, "");
    assert_eq!(captured.hold.unwrap().state(), HoldState::Released);
    assert_eq!(alice.balance().await, (5 * USD, 0, 5 * USD, 0));
    assert_books_are_right(&database).await;
    core.stop().await;
}

/// A hold that has expired, and was given back.
async fn expired(alice: &User<'_>, key: &str, micros: i64) -> v1::Hold {
    let hold = alice.brief_hold(key, micros).await;
    eventually("the hold's amount is given back", async || {
        alice.standing().await.balance.unwrap().held_micros == 0
    })
    .await;
    hold
}

fn settlement(request: v1::CaptureHoldRequest) -> v1::CaptureHoldRequest {
    v1::CaptureHoldRequest {
        settle_expired: true,
        ..request
    }
}

#[tokio::test]
async fn work_that_outlived_its_hold_is_charged_though_suspended_without_money_and_over_the_limit()
{
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 10 * USD).await;
    let hold = expired(&alice, "k", 2 * USD).await;
    // What it had set aside is spent: neither money nor limit is left.
    alice.charge("all", amount(10 * USD)).await;
    alice.suspend().await;
    let plain = alice.capture_request(&hold, amount(2 * USD));
    let status = core.balance().capture_hold(plain.clone()).await;
    assert_ended(&status.unwrap_err(), "EXPIRED");
    let settle = async |request| core.balance().capture_hold(settlement(request)).await;
    let settled = settle(plain.clone()).await.unwrap().into_inner();
    assert_eq!(
        (settled.charged_micros, settled.released_micros),
        (2 * USD, 0)
    );
    assert_eq!(settled.hold.as_ref().unwrap().state(), HoldState::Captured);
    assert_eq!(settled.debt_micros, 2 * USD);
    assert_eq!(alice.balance().await, (-2 * USD, 0, -2 * USD, 2 * USD));
    assert_eq!(alice.used().await, (12 * USD, 12 * USD));
    let entry = &alice.entries().await[0];
    assert_eq!(
        (&entry.entry_id, &entry.hold_id),
        (&settled.entry_id, &hold.hold_id)
    );
    // Once: the same again is answered, with the word and without; another is told the state.
    let again = settle(plain.clone()).await.unwrap().into_inner();
    assert_eq!(again, settled);
    let again = core.balance().capture_hold(plain).await.unwrap();
    assert_eq!(again.into_inner(), settled);
    let other = settle(alice.capture_request(&hold, amount(USD))).await;
    assert_ended(&other.unwrap_err(), "CAPTURED");
    // It can be refunded, like any charge, and its day gets it back.
    alice.refund("r", &settled.entry_id, None).await.unwrap();
    assert_eq!(alice.used().await, (10 * USD, 10 * USD));
    assert_books_are_right(&database).await;
    core.stop().await;
}

#[tokio::test]
async fn only_a_hold_that_has_expired_is_settled_and_by_the_rules_of_a_capture() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let bob = User::with(&core, "bob", 5 * USD).await;
    let settle = async |user: &User<'_>, hold: &v1::Hold, micros, policy: OveragePolicy| {
        let request = v1::CaptureHoldRequest {
            overage_policy: policy.into(),
            ..user.capture_request(hold, amount(micros))
        };
        core.balance().capture_hold(settlement(request)).await
    };
    let debt = OveragePolicy::AllowDebt;
    let released = alice.hold("released", amount(USD)).await;
    alice.release(&released).await.unwrap();
    let status = settle(&alice, &released, USD, debt).await.unwrap_err();
    assert_ended(&status, "RELEASED");
    let hold = expired(&alice, "k", 2 * USD).await;
    let status = settle(&bob, &hold, USD, debt).await.unwrap_err();
    assert_eq!(reason(&status), "HOLD_NOT_FOUND");
    // A cost of 0 has nothing to charge, and nothing is left to release.
    let status = settle(&alice, &hold, 0, debt).await.unwrap_err();
    assert_ended(&status, "EXPIRED");
    let status = settle(&alice, &hold, 3 * USD, OveragePolicy::Reject).await;
    assert_eq!(reason(&status.unwrap_err()), "OVERAGE_REJECTED");
    assert_eq!(alice.balance().await, (5 * USD, 0, 5 * USD, 0));
    // The hold's own 2 whatever there is, and of the rest what there is.
    alice.adjust("spent", -4 * USD).await;
    let partly = settle(&alice, &hold, 3 * USD, OveragePolicy::UpToAvailable).await;
    assert_eq!(partly.unwrap().into_inner().charged_micros, 2 * USD);
    assert_eq!(alice.balance().await, (-USD, 0, -USD, USD));
    // A hold that is still placed is captured as ever.
    let open = bob.hold("open", amount(2 * USD)).await;
    let captured = settle(&bob, &open, USD, OveragePolicy::Reject).await;
    assert_eq!(captured.unwrap().into_inner().released_micros, USD);
    assert_books_are_right(&database).await;
    core.stop().await;
}

#[tokio::test]
async fn a_repeated_placement_is_answered_when_its_hold_has_expired() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let request = v1::PlaceHoldRequest {
        ttl: seconds(1),
        ..hold("alice", "k", 2 * USD)
    };
    let first = alice.place(request.clone()).await.unwrap();
    eventually("the hold's amount is given back", async || {
        alice.standing().await.balance.unwrap().held_micros == 0
    })
    .await;
    // The decision and the figures are those of its time; the hold is as it now is.
    let again = alice.place(request).await.unwrap();
    assert_eq!(again.balance, first.balance);
    assert_eq!(again.limits, first.limits);
    assert!(again.replayed);
    assert_eq!(again.decision(), Decision::Allowed);
    let hold = again.hold.unwrap();
    assert_eq!(hold.state(), HoldState::Expired);
    assert_eq!(hold.hold_id, first.hold.unwrap().hold_id);
    core.stop().await;
}
