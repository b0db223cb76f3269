//! Mail: who gets which, and what a mail server may do meanwhile.

mod server;
mod sink;
mod wishes;

use billing_core::id::AccountId;
use billing_core::outbox::{Channel, Message, enqueue};
use billing_testkit::TestDatabase;
use serde_json::{Value, json};

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
    let mut owner = database.connect_as_owner().await;
    let message = Message {
        channel: Channel::Mail,
        kind,
        payload,
    };
    let account = AccountId::of("acme", user);
    enqueue(&mut owner, account, &[message], jiff::Timestamp::now())
        .await
        .unwrap();
}

async fn post_test(database: &TestDatabase, user: &str) {
    post(database, user, "test", json!({})).await;
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
