//! Who gets which mail, where it is written into files.

use std::path::Path;

use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use serde_json::json;

use super::{contact, outbox, post, post_test};
use crate::support::{USD, account, as_owner, charge, core, eventually, set};

/// Lets a core deliver all mail into files, and answers with their contents by name.
async fn delivered(database: &TestDatabase, more: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let arguments = [&["--outbox-dir", directory], more].concat();
    let core = TestCore::start_with(database, &arguments).await;
    eventually("the outbox is empty", async || {
        outbox(database).await.is_empty()
    })
    .await;
    core.stop().await;
    let folder = folder.path().join("mail");
    if !folder.exists() {
        return Vec::new();
    }
    files(&folder)
}

fn files(folder: &Path) -> Vec<String> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    paths.sort();
    for path in &paths {
        assert_eq!(path.extension().unwrap(), "eml");
    }
    paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

async fn post_failed(database: &TestDatabase, user: &str) {
    let payload = json!({ "amount_minor": 1_000, "currency": "USD" });
    post(database, user, "payment_failed", payload).await;
}

async fn post_low(database: &TestDatabase, user: &str) {
    let payload = json!({ "available_micros": 1, "threshold_micros": 2_000_000 });
    post(database, user, "low_balance", payload).await;
}

#[tokio::test]
async fn who_has_no_address_gets_no_mail_and_nothing_waits_for_one() {
    let database = TestDatabase::new().await;
    post_test(&database, "nobody").await;
    contact(&database, "alice", "en").await;
    as_owner(&database, "update contact set email = null").await;
    post_test(&database, "alice").await;
    assert!(delivered(&database, &[]).await.is_empty());
}

#[tokio::test]
async fn who_wants_no_mail_of_a_kind_gets_none_but_a_test_when_he_asks() {
    let database = TestDatabase::new().await;
    contact(&database, "alice", "en").await;
    as_owner(
        &database,
        "update contact set mail_payments = false, mail_low_balance = false",
    )
    .await;
    post_failed(&database, "alice").await;
    post_low(&database, "alice").await;
    post_test(&database, "alice").await;
    let [mail] = delivered(&database, &[]).await.try_into().unwrap();
    assert!(mail.contains("Subject: Test mail from Billing\r\n"));
}

#[tokio::test]
async fn a_warning_can_be_unsubscribed_from_and_a_receipt_cannot() {
    let database = TestDatabase::new().await;
    contact(&database, "alice", "en").await;
    post_failed(&database, "alice").await;
    post_low(&database, "alice").await;
    let pages = ["--frontend-url", "https://billing.example.com"];
    let [receipt, warning] = delivered(&database, &pages).await.try_into().unwrap();
    let header = "List-Unsubscribe: <https://billing.example.com/settings>\r\n";
    assert!(warning.contains(header), "{warning}");
    assert!(!receipt.contains("List-Unsubscribe"));
    assert!(warning.contains("https://billing.example.com/topup"));
}

#[tokio::test]
async fn mail_is_written_in_the_language_of_its_reader() {
    let database = TestDatabase::new().await;
    contact(&database, "olena", "uk").await;
    post_test(&database, "olena").await;
    let [mail] = delivered(&database, &[]).await.try_into().unwrap();
    // The subject is encoded: "Перевірка".
    assert!(
        mail.contains("Subject: =?utf-8?b?0J/QtdGA0LXQstGW0YDQutCw"),
        "{mail}"
    );
}

#[tokio::test]
async fn what_the_core_tells_arrives_where_and_as_the_person_said() {
    let (database, silent) = core().await;
    let olena = v1::Contact {
        email: "olena@example.org".to_owned(),
        name: "Olena".to_owned(),
    };
    let settings = v1::UpdateSettingsRequest {
        account: Some(account("olena")),
        low_balance_threshold: set(2 * USD),
        locale: Some("uk".to_owned()),
        ..Default::default()
    };
    silent.accounts().update_settings(settings).await.unwrap();
    let request = v1::SendTestMailRequest {
        account: Some(account("olena")),
        contact: Some(olena),
    };
    silent.accounts().send_test_mail(request).await.unwrap();
    silent.grant(&account("olena"), 3 * USD).await;
    let charge = charge("olena", "1", 2 * USD);
    silent.balance().charge(charge).await.unwrap();
    let mails = delivered(&database, &[]).await;
    assert_eq!(mails.len(), 2);
    for (mail, subject) in mails.iter().zip([
        // "Перевірка пошти: Billing" and "Баланс закінчується: 1,00 $", as far as they fit a line.
        "=?utf-8?b?0J/QtdGA0LXQstGW0YDQutCw",
        "=?utf-8?b?0JHQsNC70LDQvdGBINC30LDQutGW",
    ]) {
        assert!(mail.contains("To: olena@example.org\r\n"));
        assert!(mail.contains(&format!("Subject: {subject}")), "{mail}");
    }
}
