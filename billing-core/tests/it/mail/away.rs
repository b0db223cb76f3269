//! A mail server that cannot be spoken to: no mail is blamed, and all wait.

use std::time::Duration;

use billing_testkit::{TestCore, TestDatabase};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::sink::{Manner, Sink};
use super::{contact, core, outbox, post_event, post_test, until_empty};
use crate::support::{as_owner, eventually};

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
async fn while_the_server_is_away_mail_waits_unharmed_and_everything_leaves_when_it_is_back() {
    // More than a round reads.
    const USERS: usize = 205;
    let database = TestDatabase::new().await;
    let port = Sink::start(Manner::StartTls).await.port;
    // One who is reached and has a mail, and as many others like him.
    contact(&database, "alice", "uk").await;
    post_test(&database, "alice").await;
    as_owner(
        &database,
        "with other as (select n, gen_random_uuid() as id from generate_series(2, 205) n),
        reached as (
            insert into contact (account_id, tenant_id, user_id, email, locale)
            select o.id, tenant_id, user_id || o.n, o.n || email, locale from contact, other o
        )
        insert into outbox_message (channel, account_id, seq, share, kind, payload, created_at, next_attempt_at)
        select channel, o.id, seq, o.n % 16, kind, payload, created_at, next_attempt_at
        from outbox_message, other o",
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    let directory = ["--outbox-dir", folder.path().to_str().unwrap()];
    let core = core(&database, port, &directory).await;
    eventually("the server was looked for", async || {
        let mut owner = database.connect_as_owner().await;
        sqlx::query_scalar(
            "select count(*) = 16 from outbox_lease where channel = 'mail' and owner <> ''",
        )
        .fetch_one(&mut owner)
        .await
        .unwrap()
    })
    .await;
    // Events do not wait for mail.
    post_event(&database, "alice").await;
    let events = folder.path().join("event");
    eventually("the event is delivered", async || events.exists()).await;
    let waiting = outbox(&database).await;
    assert_eq!(waiting.len(), USERS);
    assert!(waiting.iter().all(|row| *row == (0, false, None)));
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
async fn a_core_stops_soon_although_the_mail_server_says_nothing() {
    let database = TestDatabase::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    contact(&database, "alice", "en").await;
    post_test(&database, "alice").await;
    let port = listener.local_addr().unwrap().port();
    let core = core(&database, port, &[]).await;
    let _silent = listener.accept().await.unwrap();
    timeout(Duration::from_secs(10), core.stop()).await.unwrap();
    assert_eq!(outbox(&database).await, [(0, false, None)]);
}
