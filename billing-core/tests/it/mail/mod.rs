//! Mail: who gets which, and what a mail server may do meanwhile.

mod away;
mod contribution;
mod doctor;
mod server;
mod sink;
mod wishes;

use billing_core::id::AccountId;
use billing_core::outbox::{Channel, Notice, enqueue};
use billing_testkit::{TestCore, TestDatabase};
use serde_json::{Value, json};

use self::sink::file;
use crate::support::eventually;

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

/// Remembers how a person is reached, as his token would have said.
pub(crate) async fn contact(database: &TestDatabase, user: &str, locale: &str) -> String {
    let email = format!("{user}@example.org");
    let mut owner = database.connect_as_owner().await;
    sqlx::query(
        "insert into contact (account_id, tenant_id, user_id, email, name, locale)
        values ($1, 'acme', $2, $3, initcap($2), $4)",
    )
    .bind(AccountId::of("acme", user).uuid())
    .bind(user)
    .bind(&email)
    .bind(locale)
    .execute(&mut owner)
    .await
    .unwrap();
    email
}

/// Puts a mail of `user` into the outbox.
async fn post(database: &TestDatabase, user: &str, kind: &'static str, payload: Value) {
    let notice = Notice {
        channel: Channel::Mail,
        kind,
        payload,
    };
    put(database, user, notice).await;
}

pub(crate) async fn post_test(database: &TestDatabase, user: &str) {
    post(database, user, "test", json!({})).await;
}

async fn post_event(database: &TestDatabase, user: &str) {
    let notice = Notice {
        channel: Channel::Event,
        kind: "an.event",
        payload: json!({}),
    };
    put(database, user, notice).await;
}

async fn put(database: &TestDatabase, user: &str, notice: Notice) {
    let mut owner = database.connect_as_owner().await;
    let account = AccountId::of("acme", user);
    enqueue(&mut owner, &[(account, notice)], jiff::Timestamp::now())
        .await
        .unwrap();
}

/// What is in the outbox: attempts, whether given up, and the last error, in order.
async fn outbox(database: &TestDatabase) -> Vec<(i32, bool, Option<String>)> {
    let mut owner = database.connect_as_owner().await;
    sqlx::query_as(
        "select attempts, given_up_at is not null, last_error from outbox_message
        where channel = 'mail' order by account_id, seq",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap()
}
