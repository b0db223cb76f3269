//! Warnings when the balance falls low, and what people want to be told.

use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use tonic::Code;

use crate::support::{
    USD, account, amount, as_owner, assert_books_are_right, charge, core, eventually, fields,
    reason, set,
};
use crate::user::User;

/// The mails that wait, oldest first.
async fn mails(database: &TestDatabase) -> Vec<String> {
    let mut owner = database.connect_as_owner().await;
    sqlx::query_scalar("select kind from outbox_message where channel = 'mail' order by seq")
        .fetch_all(&mut owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_user_is_warned_once_when_his_balance_falls_below_what_he_named() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 10 * USD).await;
    let request = v1::UpdateSettingsRequest {
        account: alice.account(),
        low_balance_threshold: set(5 * USD),
        ..Default::default()
    };
    core.accounts().update_settings(request).await.unwrap();
    let mut backend = core.balance();
    backend.charge(charge("alice", "1", 4 * USD)).await.unwrap();
    assert!(mails(&database).await.is_empty());
    // Falls below, falls further, rises, falls again on the same day.
    backend.charge(charge("alice", "2", 2 * USD)).await.unwrap();
    assert_eq!(mails(&database).await, ["low_balance"]);
    backend.charge(charge("alice", "3", USD)).await.unwrap();
    alice.grant(10 * USD).await;
    backend.charge(charge("alice", "4", 2 * USD)).await.unwrap();
    alice.adjust("down", -9 * USD).await;
    assert_eq!(mails(&database).await, ["low_balance"]);
    // The next day.
    as_owner(
        &database,
        "update account set low_balance_warned_on = low_balance_warned_on - 1",
    )
    .await;
    alice.grant(10 * USD).await;
    alice.adjust("down again", -9 * USD).await;
    assert_eq!(mails(&database).await, ["low_balance", "low_balance"]);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn what_is_only_held_or_denied_uses_no_warning_up_and_the_end_is_told_the_same_day() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 10 * USD).await;
    threshold(&core, Some(5 * USD)).await;
    let denied = alice.charge("1", amount(11 * USD)).await;
    assert_eq!(denied.charged_micros, 0);
    // Everything is set aside for a call that costs little.
    let held = alice.hold("h", amount(10 * USD)).await;
    assert!(mails(&database).await.is_empty());
    alice.capture(&held, amount(USD)).await.unwrap();
    assert!(mails(&database).await.is_empty());
    // Now it falls low, and then it is gone.
    alice.charge("2", amount(5 * USD)).await;
    assert_eq!(told(&database).await, [4 * USD]);
    alice.charge("3", amount(3 * USD)).await;
    assert_eq!(told(&database).await, [4 * USD]);
    alice.charge("4", amount(USD)).await;
    assert_eq!(told(&database).await, [4 * USD, 0]);
    alice.adjust("debt", -USD).await;
    assert_eq!(told(&database).await, [4 * USD, 0]);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_threshold_that_is_set_above_the_balance_warns_once() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 3 * USD).await;
    threshold(&core, Some(5 * USD)).await;
    assert_eq!(told(&database).await, [3 * USD]);
    for micros in [Some(5 * USD), Some(8 * USD)] {
        threshold(&core, micros).await;
        alice.charge(&format!("{micros:?}"), amount(1)).await;
    }
    assert_eq!(told(&database).await, [3 * USD]);
    // Taken away, and set anew on another day.
    threshold(&core, None).await;
    yesterday(&database).await;
    threshold(&core, Some(5 * USD)).await;
    assert_eq!(told(&database).await, [3 * USD, 3 * USD - 2]);
}

#[tokio::test]
async fn what_a_day_has_no_warning_left_for_is_told_on_the_next_although_nothing_moves() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 6 * USD).await;
    threshold(&core, Some(5 * USD)).await;
    alice.charge("1", amount(2 * USD)).await;
    alice.grant(2 * USD).await;
    alice.charge("2", amount(3 * USD)).await;
    assert_eq!(told(&database).await, [4 * USD]);
    yesterday(&database).await;
    eventually_told(&database, &[4 * USD, 3 * USD]).await;
    alice.charge("3", amount(USD)).await;
    assert_eq!(told(&database).await, [4 * USD, 3 * USD]);
}

#[tokio::test]
async fn money_that_is_gone_again_is_told_within_a_quarter_of_an_hour_although_nothing_moves() {
    let (database, core) = core().await;
    let _another = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", 6 * USD).await;
    threshold(&core, Some(5 * USD)).await;
    alice.charge("1", amount(6 * USD)).await;
    assert_eq!(told(&database).await, [0]);
    alice.grant(2 * USD).await;
    alice.charge("2", amount(2 * USD)).await;
    assert_eq!(told(&database).await, [0]);
    quarter_of_an_hour(&database).await;
    eventually_told(&database, &[0, 0]).await;
    // Later it is told at once.
    quarter_of_an_hour(&database).await;
    alice.grant(6 * USD).await;
    alice.adjust("debt", -7 * USD).await;
    assert_eq!(told(&database).await, [0, 0, -USD]);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_threshold_of_nothing_tells_when_nothing_is_left() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 2 * USD).await;
    threshold(&core, Some(0)).await;
    alice.charge("1", amount(USD)).await;
    assert!(mails(&database).await.is_empty());
    alice.charge("2", amount(USD)).await;
    assert_eq!(told(&database).await, [0]);
    alice.adjust("debt", -USD).await;
    assert_eq!(told(&database).await, [0]);
}

#[tokio::test]
async fn who_was_warned_by_an_older_version_is_not_warned_again_until_it_is_gone() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 6 * USD).await;
    threshold(&core, Some(5 * USD)).await;
    alice.charge("1", amount(2 * USD)).await;
    yesterday(&database).await;
    as_owner(&database, "update account set balance_warned = null").await;
    alice.charge("2", amount(USD)).await;
    assert_eq!(told(&database).await, [4 * USD]);
    alice.charge("3", amount(3 * USD)).await;
    assert_eq!(told(&database).await, [4 * USD, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn charges_at_once_on_two_cores_warn_once_of_each() {
    let (database, core) = core().await;
    let another = TestCore::start(&database).await;
    User::with(&core, "alice", 10 * USD).await;
    threshold(&core, Some(5 * USD)).await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..10 {
        let mut backend = [&core, &another][n % 2].balance();
        calls.spawn(async move { backend.charge(charge("alice", &n.to_string(), USD)).await });
    }
    for charged in calls.join_all().await {
        assert_eq!(charged.unwrap().into_inner().charged_micros, USD);
    }
    assert_eq!(told(&database).await, [4 * USD, 0]);
    assert_books_are_right(&database).await;
}

async fn threshold(core: &TestCore, micros: Option<i64>) {
    let request = v1::UpdateSettingsRequest {
        account: Some(account("alice")),
        low_balance_threshold: Some(v1::AmountSetting {
            amount_micros: micros,
        }),
        ..Default::default()
    };
    core.accounts().update_settings(request).await.unwrap();
}

/// What was told today was told a day ago.
async fn yesterday(database: &TestDatabase) {
    let statement = "update account set low_balance_warned_on = low_balance_warned_on - 1,
        balance_gone_on = balance_gone_on - 1, warning_due_at = warning_due_at - interval '1 day'";
    as_owner(database, statement).await;
}

async fn quarter_of_an_hour(database: &TestDatabase) {
    let statement = "update account set balance_gone_at = balance_gone_at - interval '15 minutes',
        warning_due_at = warning_due_at - interval '15 minutes'";
    as_owner(database, statement).await;
}

async fn eventually_told(database: &TestDatabase, micros: &[i64]) {
    eventually("the user is told", async || told(database).await == micros).await;
}

/// The balances that warnings tell, oldest first.
async fn told(database: &TestDatabase) -> Vec<i64> {
    let mut owner = database.connect_as_owner().await;
    sqlx::query_scalar(
        "select (payload ->> 'settled_micros')::bigint from outbox_message
        where channel = 'mail' and kind = 'low_balance' order by seq",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap()
}

#[tokio::test]
async fn preferences_are_kept_and_read_back() {
    let (_database, core) = core().await;
    let get = v1::GetAccountRequest {
        account: Some(account("alice")),
    };
    let before = core.accounts().get_account(get.clone()).await.unwrap();
    let before = before.into_inner().account.unwrap();
    let preferences = before.preferences.unwrap();
    assert_eq!(preferences.locale, "en");
    assert!(preferences.mail_payments && preferences.mail_low_balance && !before.has_email);
    let request = v1::UpdateSettingsRequest {
        account: Some(account("alice")),
        locale: Some("uk".to_owned()),
        mail_low_balance: Some(false),
        contact: Some(v1::Contact {
            email: "alice@example.com".to_owned(),
            name: "Аліса".to_owned(),
        }),
        ..Default::default()
    };
    core.accounts().update_settings(request).await.unwrap();
    let after = core.accounts().get_account(get).await.unwrap();
    let after = after.into_inner().account.unwrap();
    let preferences = after.preferences.unwrap();
    assert_eq!(preferences.locale, "uk");
    assert!(preferences.mail_payments && !preferences.mail_low_balance && after.has_email);
    let wrong = v1::UpdateSettingsRequest {
        account: Some(account("alice")),
        locale: Some("ru".to_owned()),
        ..Default::default()
    };
    let refused = core.accounts().update_settings(wrong).await.unwrap_err();
    assert_eq!(fields(&refused), ["locale"]);
}

#[tokio::test]
async fn a_test_mail_is_queued_once_a_minute() {
    let (database, core) = core().await;
    let request = v1::SendTestMailRequest {
        account: Some(account("alice")),
        contact: Some(v1::Contact {
            email: "alice@example.com".to_owned(),
            ..Default::default()
        }),
    };
    core.accounts()
        .send_test_mail(request.clone())
        .await
        .unwrap();
    let refused = core
        .accounts()
        .send_test_mail(request.clone())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(reason(&refused), "TEST_MAIL_TOO_SOON");
    as_owner(
        &database,
        "update contact set tested_at = tested_at - interval '61 seconds'",
    )
    .await;
    core.accounts()
        .send_test_mail(request.clone())
        .await
        .unwrap();
    assert_eq!(mails(&database).await, ["test", "test"]);
    let nowhere = v1::SendTestMailRequest {
        contact: None,
        ..request
    };
    let refused = core.accounts().send_test_mail(nowhere).await.unwrap_err();
    assert_eq!(fields(&refused), ["contact.email"]);
}
