//! Mail by a real conversation with a mail server.

use std::process::Output;

use billing_testkit::TestDatabase;
use serde_json::{Value, json};
use tokio::process::Command;

use super::sink::{Manner, Reply, Sink};
use super::{contact, core, outbox, post, post_test, until_empty};
use crate::support::{as_owner, eventually};

/// As an operator.
async fn command(database: &TestDatabase, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_billing-core"))
        .arg("outbox")
        .args(arguments)
        .env("DATABASE_URL", database.application_url())
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_mail_leaves_encrypted_and_signed_in() {
    for (manner, secure) in [(Manner::StartTls, "false"), (Manner::Tls, "true")] {
        let database = TestDatabase::new().await;
        let sink = Sink::start(manner).await;
        let email = contact(&database, "alice", "en").await;
        post_test(&database, "alice").await;
        let sign_in = ["--smtp-user", "billing", "--smtp-pass", "secret"];
        let more = [&sign_in[..], &["--smtp-secure", secure]].concat();
        let core = core(&database, sink.port, &more).await;
        until_empty(&database).await;
        core.stop().await;
        let [mail] = sink.mails().try_into().unwrap();
        assert_eq!(mail.to, email);
        assert!(mail.encrypted && mail.signed_in);
        let from = mail.header("From").unwrap();
        assert_eq!(from, r#""Example Platform" <billing@example.com>"#);
        assert_eq!(mail.header("To"), Some(&*email));
        let subject = mail.header("Subject").unwrap();
        assert_eq!(subject, "Test mail from Example Platform");
        assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
        for part in ["text/plain; charset=utf-8", "text/html; charset=utf-8"] {
            assert!(mail.content.contains(part), "{}", mail.content);
        }
        // Nothing is said before the connection is encrypted.
        let commands = sink.commands();
        if manner == Manner::StartTls {
            assert_eq!(commands[..2], ["EHLO example.com", "STARTTLS"]);
        }
    }
}

#[tokio::test]
async fn a_warning_says_how_to_end_it_with_one_click_and_a_receipt_does_not() {
    let database = TestDatabase::new().await;
    let sink = Sink::start(Manner::StartTls).await;
    contact(&database, "alice", "en").await;
    let low = json!({ "available_micros": 1, "threshold_micros": 2_000_000 });
    post(&database, "alice", "low_balance", low).await;
    let failed = json!({ "amount_minor": 1_000, "currency": "USD" });
    post(&database, "alice", "payment_failed", failed).await;
    let mut more = vec!["--frontend-url", "https://example.com"];
    more.extend([
        "--unsubscribe-keys",
        "a-secret-of-the-tests-of-32-bytes-or-more",
    ]);
    more.extend(["--backend-url", "https://billing.example.com/"]);
    let core = core(&database, sink.port, &more).await;
    until_empty(&database).await;
    core.stop().await;
    let [warning, receipt] = sink.mails().try_into().unwrap();
    let link = warning.header("List-Unsubscribe").unwrap();
    let token = link.strip_prefix("<https://billing.example.com/api/billing/unsubscribe/");
    let token = token.and_then(|rest| rest.strip_suffix('>')).unwrap();
    assert!(token.len() > 40 && token.is_ascii(), "{link}");
    let one_click = warning.header("List-Unsubscribe-Post");
    assert_eq!(one_click, Some("List-Unsubscribe=One-Click"));
    for name in ["List-Unsubscribe", "List-Unsubscribe-Post"] {
        assert_eq!(receipt.header(name), None);
    }
}

#[tokio::test]
async fn a_mail_that_is_put_off_is_sent_again_and_holds_back_nobody_else() {
    let database = TestDatabase::new().await;
    let sink = Sink::start(Manner::StartTls).await;
    let alice = contact(&database, "alice", "en").await;
    let bob = contact(&database, "bob", "en").await;
    sink.meet(&alice, &[Reply::Refuse("451 4.7.1 <{}>: greylisted")]);
    for user in ["alice", "bob", "alice"] {
        post_test(&database, user).await;
    }
    let core = core(&database, sink.port, &[]).await;
    until_empty(&database).await;
    core.stop().await;
    assert_eq!(sink.mails_to(&bob).len(), 1);
    let ids: Vec<_> = sink
        .mails_to(&alice)
        .iter()
        .map(|mail| mail.header("Message-ID").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(ids[0].ends_with(".1@example.com>"), "in order: {ids:?}");
    assert!(ids[1].ends_with(".2@example.com>"), "in order: {ids:?}");
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_given_up_and_kept_for_an_operator() {
    let database = TestDatabase::new().await;
    let sink = Sink::start(Manner::StartTls).await;
    let alice = contact(&database, "alice", "en").await;
    sink.meet(&alice, &[Reply::Refuse("550 5.1.1 <{}>: no such user")]);
    post_test(&database, "alice").await;
    post_test(&database, "alice").await;
    let core = core(&database, sink.port, &[]).await;
    eventually("the second is delivered", async || {
        outbox(&database).await.len() == 1
    })
    .await;
    let listed = command(&database, &["list", "--json"]).await;
    assert_eq!(listed.status.code(), Some(1));
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let message = &listed[0];
    assert_eq!(message["seq"], 1);
    assert_eq!(message["attempts"], 1);
    assert!(message["given_up_at"].is_string());
    let error = message["last_error"].as_str().unwrap();
    assert!(error.contains("no such user"), "{error}");
    assert!(!error.contains(&alice), "an address is personal: {error}");
    let account = message["account_id"].as_str().unwrap();
    let this = ["retry", "--account", account, "--channel", "mail"];
    let retried = command(&database, &[&this[..], &["--seq", "1"]].concat()).await;
    assert!(retried.status.success());
    until_empty(&database).await;
    core.stop().await;
    assert_eq!(sink.mails_to(&alice).len(), 2);
    let listed = command(&database, &["list"]).await;
    assert!(listed.status.success());
    let retried = command(&database, &[&this[..], &["--seq", "1"]].concat()).await;
    assert!(!retried.status.success(), "there is no such message");
}

#[tokio::test]
async fn a_mail_that_is_put_off_too_often_is_given_up() {
    let database = TestDatabase::new().await;
    let sink = Sink::start(Manner::StartTls).await;
    for (user, attempts, age) in [
        ("alice", 29, "20 hours"),
        ("bob", 12, "25 hours"),
        // It has waited for us, not for the server.
        ("carol", 3, "25 hours"),
    ] {
        let email = contact(&database, user, "en").await;
        sink.meet(&email, &[Reply::Refuse("452 4.2.2 mailbox full")]);
        post_test(&database, user).await;
        let change = format!(
            "update outbox_message set attempts = {attempts}, created_at = now() - interval '{age}'
            where attempts = 0"
        );
        as_owner(&database, &change).await;
    }
    let core = core(&database, sink.port, &[]).await;
    eventually("two are given up", async || {
        let given_up = |(_, given_up, _): &(i32, bool, Option<String>)| *given_up;
        outbox(&database)
            .await
            .iter()
            .filter(|row| given_up(row))
            .count()
            == 2
    })
    .await;
    as_owner(
        &database,
        "update outbox_message set next_attempt_at = now()",
    )
    .await;
    eventually("carol's is delivered", async || {
        outbox(&database).await.len() == 2
    })
    .await;
    core.stop().await;
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn a_mail_whose_connection_is_cut_comes_again_under_the_same_name() {
    let database = TestDatabase::new().await;
    let sink = Sink::start(Manner::StartTls).await;
    let alice = contact(&database, "alice", "en").await;
    let bob = contact(&database, "bob", "en").await;
    sink.meet(&alice, &[Reply::Cut]);
    post_test(&database, "alice").await;
    post_test(&database, "bob").await;
    let core = core(&database, sink.port, &[]).await;
    until_empty(&database).await;
    core.stop().await;
    assert_eq!(sink.mails_to(&bob).len(), 1);
    let [first, second] = sink.mails_to(&alice).try_into().unwrap();
    let id = first.header("Message-ID").unwrap();
    assert_eq!(second.header("Message-ID"), Some(id));
    assert_eq!(first.header("Date"), second.header("Date"));
}

#[tokio::test]
async fn a_message_that_no_mail_can_be_made_of_is_given_up() {
    let database = TestDatabase::new().await;
    let sink = Sink::start(Manner::StartTls).await;
    contact(&database, "alice", "en").await;
    post(&database, "alice", "payment_received", Value::Null).await;
    post_test(&database, "alice").await;
    let core = core(&database, sink.port, &[]).await;
    eventually("the second is delivered", async || {
        outbox(&database).await.len() == 1
    })
    .await;
    core.stop().await;
    let (_, given_up, error) = outbox(&database).await.remove(0);
    assert!(given_up);
    assert!(error.unwrap().contains("payment_received"));
}
