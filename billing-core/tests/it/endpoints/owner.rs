//! When an endpoint is disabled, who is told, and what goes on afterwards.

use billing_testkit::TestDatabase;

use super::receiver::{Receiver, Reply};
use super::{Added, add, assert_in_order, command, core_for, deliveries, grants, hurry, listed};
use crate::support::{as_owner, eventually};

/// How many mails to owners wait.
async fn mails(database: &TestDatabase) -> i64 {
    let mut owner = database.connect_as_owner().await;
    let waiting = "select count(*) from outbox_message
        where channel = 'mail' and kind = 'endpoint_disabled'";
    sqlx::query_scalar(waiting)
        .fetch_one(&mut owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_endpoint_that_takes_nothing_for_days_is_disabled_its_owner_told_and_goes_on_in_order() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::start(|_| Reply::Status(500)).await;
    let Added { id, .. } = add(&database, &receiver.url()).await;
    let core = core_for(&database).await;
    grants(&core, 3, 2).await;
    eventually("it fails", async || {
        listed(&database, &id).await["state"] == "failing"
    })
    .await;
    assert_eq!(mails(&database).await, 0);
    let long = "update endpoint set failing_since = now() - interval '73 hours'";
    as_owner(&database, long).await;
    eventually("it is disabled", async || {
        hurry(&database).await;
        listed(&database, &id).await["state"] == "disabled"
    })
    .await;
    let shown = listed(&database, &id).await;
    assert_eq!(shown["disabled_why"], "failing");
    assert_eq!(
        (&shown["last_status"], &shown["last_error"]),
        (&500.into(), &"answered 500".into())
    );
    assert_eq!(mails(&database).await, 1);
    // Events of meanwhile wait with the others, and nothing is sent.
    receiver.answer(|_| Reply::Take);
    grants(&core, 3, 2).await;
    eventually("they wait", async || {
        hurry(&database).await;
        deliveries(&database).await == 12
    })
    .await;
    assert_eq!(listed(&database, &id).await["waiting"], 12);
    assert!(receiver.taken().is_empty());
    command(&database, &["enable", &id]).await;
    eventually("everything is taken", async || {
        deliveries(&database).await == 0
    })
    .await;
    let newest = assert_in_order(&receiver.messages());
    assert!(newest.len() == 3 && newest.values().all(|newest| *newest == 4));
    assert_eq!(listed(&database, &id).await["state"], "enabled");
    assert_eq!(mails(&database).await, 1);
    core.stop().await;
}

#[tokio::test]
async fn an_owner_gets_the_mail_though_they_are_no_user() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::start(|_| Reply::Status(410)).await;
    let Added { id, .. } = add(&database, &receiver.url()).await;
    let folder = tempfile::tempdir().unwrap();
    let outbox = ["--outbox-dir", folder.path().to_str().unwrap()];
    let options = [&outbox[..], &super::LOOPBACK].concat();
    let core = billing_testkit::TestCore::start_with(&database, &options).await;
    grants(&core, 1, 1).await;
    // 410 is enough.
    eventually("it is disabled", async || {
        let shown = listed(&database, &id).await;
        (&shown["state"], &shown["disabled_why"]) == (&"disabled".into(), &"gone".into())
    })
    .await;
    eventually("the mail is written", async || mails(&database).await == 0).await;
    core.stop().await;
    let mut files = std::fs::read_dir(folder.path().join("mail")).unwrap();
    let mail = std::fs::read_to_string(files.next().unwrap().unwrap().path()).unwrap();
    assert!(files.next().is_none());
    assert!(mail.contains("dev@acme.example.org"), "{mail}");
    assert_eq!(receiver.messages().len(), 1);
}

#[tokio::test]
async fn with_the_last_endpoint_events_end_that_nobody_else_reads() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::start(|_| Reply::Status(500)).await;
    let Added { id, .. } = add(&database, &receiver.url()).await;
    let core = core_for(&database).await;
    grants(&core, 1, 2).await;
    eventually("they wait", async || deliveries(&database).await == 2).await;
    command(&database, &["remove", &id]).await;
    let mut owner = database.connect_as_owner().await;
    let left =
        "select (select count(*) from outbox_channel) + (select count(*) from endpoint_delivery)
        + (select count(*) from endpoint_subject) + (select count(*) from endpoint_secret)";
    let left: i64 = sqlx::query_scalar(left)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(left, 0);
    core.stop().await;
}
