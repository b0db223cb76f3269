//! Mail by a real conversation with a mail server.

use std::process::Output;

use billing_testkit::{TestCore, TestDatabase};
use serde_json::Value;
use tokio::process::Command;

use super::sink::{Manner, Reply, Sink, file};
use super::{contact, outbox, post, post_test};
use crate::support::{as_owner, eventually};

/// A core that gives its mail to a server on loopback, over TLS.
async fn core(database: &TestDatabase, port: u16, more: &[&str]) -> TestCore {
    let (port, authority) = (port.to_string(), file("ca.pem"));
    let mut arguments = vec!["--smtp-host", "localhost", "--smtp-port", &port];
    arguments.extend(["--smtp-ca", authority.to_str().unwrap()]);
    arguments.extend(["--email-from", "billing@example.com"]);
    arguments.extend(["--email-from-name", "Example Platform"]);
    arguments.extend(more);
    TestCore::start_with(database, &arguments).await
}

async fn until_empty(database: &TestDatabase) {
    eventually("the outbox is empty", async || {
        outbox(database).await.is_empty()
    })
    .await;
}

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
async fn a_server_that_cannot_encrypt_is_given_no_mail_unless_it_is_on_loopback() {
    let database = TestDatabase::new().await;
    let sink = Sink::start(Manner::Plain).await;
    contact(&database, "alice", "en").await;
    post_test(&database, "alice").await;
    let port = sink.port.to_string();
    // Reaches this machine, too, but is no address of loopback.
    let mut arguments = ["--smtp-host", "0.0.0.0", "--smtp-port", &port].to_vec();
    arguments.extend(["--email-from", "billing@example.com"]);
    let strict = TestCore::start_with(&database, &arguments).await;
    eventually("it was tried twice", async || {
        let commands = sink.commands();
        commands.iter().filter(|line| *line == "QUIT").count() >= 2
    })
    .await;
    strict.stop().await;
    assert!(sink.mails().is_empty());
    assert!(!sink.commands().iter().any(|line| line.starts_with("MAIL")));
    // It is not the mail's fault.
    assert_eq!(outbox(&database).await, [(0, false, None)]);
    arguments[1] = "127.0.0.1";
    let near = TestCore::start_with(&database, &arguments).await;
    until_empty(&database).await;
    near.stop().await;
    assert_eq!(sink.mails().len(), 1);
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
async fn while_the_server_is_away_mail_waits_unharmed_and_everything_leaves_when_it_is_back() {
    const USERS: usize = 230;
    let database = TestDatabase::new().await;
    let port = Sink::start(Manner::StartTls).await.port;
    // One who is reached and has a mail, and as many others like him.
    contact(&database, "alice", "uk").await;
    post_test(&database, "alice").await;
    as_owner(
        &database,
        "with other as (select n, gen_random_uuid() as id from generate_series(2, 230) n),
        reached as (
            insert into contact (account_id, tenant_id, user_id, email, locale)
            select o.id, tenant_id, user_id || o.n, o.n || email, locale from contact, other o
        )
        insert into outbox_message (channel, account_id, seq, share, kind, payload, created_at, next_attempt_at)
        select channel, o.id, seq, o.n % 16, kind, payload, created_at, next_attempt_at
        from outbox_message, other o",
    )
    .await;
    let core = core(&database, port, &[]).await;
    // Its first round finds nobody.
    eventually("the relay has its shares", async || {
        let mut owner = database.connect_as_owner().await;
        sqlx::query_scalar(
            "select count(*) = 16 from outbox_lease where channel = 'mail' and owner <> ''",
        )
        .fetch_one(&mut owner)
        .await
        .unwrap()
    })
    .await;
    assert!(outbox(&database).await.iter().all(|row| row.0 == 0));
    let sink = Sink::start_at(Manner::StartTls, port).await;
    until_empty(&database).await;
    core.stop().await;
    let mut names: Vec<_> = sink.mails().into_iter().map(|mail| mail.to).collect();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), sink.mails().len()), (USERS, USERS));
    // A connection carries more than one mail.
    let commands = sink.commands();
    assert!(commands.iter().filter(|line| *line == "STARTTLS").count() < 20);
}

#[tokio::test]
async fn a_server_that_refuses_our_password_loses_no_mail() {
    let database = TestDatabase::new().await;
    let sink = Sink::start(Manner::StartTls).await;
    contact(&database, "alice", "en").await;
    post_test(&database, "alice").await;
    let wrong = ["--smtp-user", "billing", "--smtp-pass", "wrong"];
    let core = core(&database, sink.port, &wrong).await;
    eventually("it was tried twice", async || {
        let commands = sink.commands();
        commands
            .iter()
            .filter(|line| line.starts_with("AUTH"))
            .count()
            >= 2
    })
    .await;
    core.stop().await;
    assert_eq!(outbox(&database).await, [(0, false, None)]);
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
