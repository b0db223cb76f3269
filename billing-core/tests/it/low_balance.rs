//! Warnings when the balance falls low, and what people want to be told.

use billing_proto::v1;
use billing_testkit::TestDatabase;
use tonic::Code;

use crate::support::{
    USD, account, as_owner, assert_books_are_right, charge, core, fields, reason, set,
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
async fn what_is_held_counts_and_a_denial_warns_of_nothing() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 10 * USD).await;
    let request = v1::UpdateSettingsRequest {
        account: alice.account(),
        low_balance_threshold: set(5 * USD),
        ..Default::default()
    };
    core.accounts().update_settings(request).await.unwrap();
    core.balance()
        .charge(charge("alice", "1", 11 * USD))
        .await
        .unwrap();
    assert!(mails(&database).await.is_empty());
    alice.hold("h", crate::support::amount(6 * USD)).await;
    assert_eq!(mails(&database).await, ["low_balance"]);
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
