//! Who gets which mail, where it is written into files.

use std::path::Path;

use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use serde_json::json;

use super::{contact, outbox, post, post_test};
use crate::support::{USD, account, as_owner, charge, core, eventually, fields, set};

/// Lets a core deliver all mail into files, and answers with their contents by name.
pub async fn delivered(database: &TestDatabase, more: &[&str]) -> Vec<String> {
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

/// Those who had ended all mail about payments get none about failed ones either, until they say something else.
#[tokio::test]
async fn mail_of_failed_payments_is_wished_for_apart_and_was_as_the_rest_before() {
    let (database, silent) = core().await;
    contact(&database, "alice", "en").await;
    as_owner(&database, "update contact set mail_payments = false").await;
    let wishes = async |change: v1::UpdateSettingsRequest| {
        let settings = v1::UpdateSettingsRequest {
            account: Some(account("alice")),
            ..change
        };
        let answer = silent.accounts().update_settings(settings).await.unwrap();
        let wishes = answer.into_inner().account.unwrap().preferences.unwrap();
        (wishes.mail_payments, wishes.mail_payment_failures)
    };
    let nothing = v1::UpdateSettingsRequest::default();
    assert_eq!(wishes(nothing).await, (false, false));
    let all_but_failures = v1::UpdateSettingsRequest {
        mail_payments: Some(true),
        ..Default::default()
    };
    assert_eq!(wishes(all_but_failures).await, (true, false));
    post_failed(&database, "alice").await;
    assert!(delivered(&database, &[]).await.is_empty());
    let only_failures = v1::UpdateSettingsRequest {
        mail_payments: Some(false),
        mail_payment_failures: Some(true),
        ..Default::default()
    };
    assert_eq!(wishes(only_failures).await, (false, true));
    post_failed(&database, "alice").await;
    assert_eq!(delivered(&database, &[]).await.len(), 1);
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
    silent.grant(&account("olena"), 3 * USD).await;
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

#[tokio::test]
async fn mail_that_waits_is_not_sent_to_an_address_that_was_forgotten() {
    let (database, silent) = core().await;
    let mut request = v1::SendTestMailRequest {
        account: Some(account("olena")),
        contact: Some(v1::Contact {
            email: "olena@example.org".to_owned(),
            name: "Olena".to_owned(),
        }),
    };
    silent
        .accounts()
        .send_test_mail(request.clone())
        .await
        .unwrap();
    request.contact = Some(v1::Contact::default());
    let refused = silent.accounts().send_test_mail(request).await.unwrap_err();
    assert_eq!(fields(&refused), ["contact.email"]);
    let mut owner = database.connect_as_owner().await;
    let known: (Option<String>, Option<String>) = sqlx::query_as("select email, name from contact")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(known, (None, None));
    assert!(delivered(&database, &[]).await.is_empty());
}

#[tokio::test]
async fn no_link_and_no_second_line_enters_a_greeting_by_way_of_a_name() {
    let database = TestDatabase::new().await;
    let names = [
        "http://evil.example",
        "evil.example",
        "A\nB",
        "A\u{202e}B",
        "a@b",
    ];
    for (user, name) in names.iter().enumerate() {
        let user = user.to_string();
        contact(&database, &user, "en").await;
        let change = format!("update contact set name = $1 where user_id = '{user}'");
        let mut owner = database.connect_as_owner().await;
        sqlx::query(sqlx::AssertSqlSafe(change))
            .bind(name)
            .execute(&mut owner)
            .await
            .unwrap();
        post_test(&database, &user).await;
    }
    let mails = delivered(&database, &[]).await;
    assert_eq!(mails.len(), names.len());
    for mail in mails {
        assert!(mail.contains("\r\nHello!\r\n"), "{mail}");
    }
}

#[tokio::test]
async fn a_domain_of_other_letters_is_sent_as_servers_know_it() {
    let (database, silent) = core().await;
    let request = v1::SendTestMailRequest {
        account: Some(account("olena")),
        contact: Some(v1::Contact {
            email: "olena@приклад.укр".to_owned(),
            name: String::new(),
        }),
    };
    silent.accounts().send_test_mail(request).await.unwrap();
    // As an older core remembered it.
    contact(&database, "bob", "en").await;
    let older = "update contact set email = 'bob@bücher.example' where user_id = 'bob'";
    as_owner(&database, older).await;
    post_test(&database, "bob").await;
    let mails = delivered(&database, &["--email-from", "billing@bücher.example"]).await;
    let of = |to: &str| {
        mails
            .iter()
            .any(|mail| mail.contains(&format!("To: {to}\r\n")))
    };
    assert!(of("olena@xn--80aikifvh.xn--j1amh"), "{mails:?}");
    assert!(of("bob@xn--bcher-kva.example"), "{mails:?}");
    for mail in &mails {
        assert!(
            mail.contains("<billing@xn--bcher-kva.example>\r\n"),
            "{mail}"
        );
        assert!(mail.is_ascii(), "{mail}");
    }
}
