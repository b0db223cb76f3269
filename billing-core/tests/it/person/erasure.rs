//! Nothing of a person is left but money.

use std::path::{Path, PathBuf};

use billing_proto::v1;
use billing_proto::v1::{BadgeLevel, RefundState, WallPeriod};
use billing_testkit::{TestCore, TestDatabase};

use super::life::{CENTS, Life};
use super::{columns_with, erase};
use crate::mail::contact;
use crate::operator::run;
use crate::payment::{apply, refund, settled};
use crate::support::{account, assert_books_are_right, core, eventually};

const WORD: &str = "lovelace";

/// Where the word stands before: each of these is a place that erasure has to know of.
const PLACES: [&str; 19] = [
    "account_repair.actor",
    "account_repair.reason",
    "admin_change.actor",
    "admin_change.reason",
    "contact.email",
    "contact.name",
    "contribution.judged_by",
    "contribution.message",
    "entry_note.description",
    "entry_note.metadata",
    "entry_note.reason",
    "outbox_message.last_error",
    "outbox_message.payload",
    "payment.page_url",
    "payment_refund.reason",
    "provider_customer.reference",
    "provider_event.detail",
    "provider_event.raw",
    "supporter.display_name",
];

/// What was written of somebody into files, of `mail` or of `event`.
fn written(folder: &Path, channel: &str, account_id: &str) -> Vec<PathBuf> {
    let begin = account_id.replace('-', "");
    // The first one makes the folder.
    let Ok(files) = std::fs::read_dir(folder.join(channel)) else {
        return Vec::new();
    };
    let files = files.map(|file| file.unwrap().path());
    let is_theirs = |file: &PathBuf| file.to_str().unwrap().contains(&begin);
    files.filter(is_theirs).collect()
}

/// How many mails were written, of whom.
fn mails(folder: &Path, account_id: &str) -> usize {
    written(folder, "mail", account_id).len()
}

/// The events of somebody that were written.
fn told(folder: &Path, account_id: &str) -> Vec<PathBuf> {
    let events = written(folder, "event", account_id);
    assert!(!events.is_empty());
    events
}

/// What the erasure itself tells is written meanwhile, and later.
fn assert_none_is_left(files: &[PathBuf]) {
    let left: Vec<_> = files.iter().filter(|file| file.exists()).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Whether nothing waits to be told for the first time.
async fn is_told(database: &TestDatabase) -> bool {
    let mut owner = database.connect_as_owner().await;
    let waits = "select exists (select from outbox_message where attempts = 0)";
    let waits: bool = sqlx::query_scalar(waits)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    !waits
}

/// All that is stored of somebody, row by row, but which relay has it.
async fn rows_of(database: &TestDatabase, account_id: &str) -> Vec<String> {
    let mut owner = database.connect_as_owner().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.columns
        where table_schema = 'public' and column_name = 'account_id' order by 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let read =
            format!("select t::text from {table} t where account_id = $1::text::uuid order by 1");
        let found: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(read))
            .bind(account_id)
            .fetch_all(&mut owner)
            .await
            .unwrap();
        rows.extend(found);
    }
    rows
}

async fn wall(core: &TestCore) -> v1::ListSupportersResponse {
    let request = v1::ListSupportersRequest {
        tenant_id: account("").tenant_id,
        period: WallPeriod::All.into(),
        ..Default::default()
    };
    let answer = core.sponsorship().list_supporters(request).await.unwrap();
    answer.into_inner()
}

/// What the tenant was given, and by how many.
async fn given(database: &TestDatabase) -> Vec<(String, i64, i64)> {
    let mut owner = database.connect_as_owner().await;
    sqlx::query_as("select period, net_minor, supporters from sponsorship_sum order by 1")
        .fetch_all(&mut owner)
        .await
        .unwrap()
}

async fn badge(core: &TestCore, user: &str) -> BadgeLevel {
    let request = v1::GetBadgesRequest {
        tenant_id: account(user).tenant_id,
        user_ids: vec![user.to_owned()],
        viewer_user_id: user.to_owned(),
    };
    let answer = core.sponsorship().get_badges(request).await.unwrap();
    answer.into_inner().badges[0].level()
}

/// Whatever their provider sends again, or more of, brings nothing back. Of the strangers' bodies, which name no
/// payment, the rows are known already.
async fn nothing_comes_back(
    database: &TestDatabase,
    core: &TestCore,
    id: &str,
    events: &[v1::ApplyProviderEventRequest],
) {
    let before = settled(core, "u-1815").await;
    let kept = rows_of(database, id).await.len();
    for event in events {
        apply(core, event.clone()).await.unwrap();
    }
    assert_eq!(rows_of(database, id).await.len(), kept);
    let more = v1::ApplyProviderEventRequest {
        event_id: "evt_more".to_owned(),
        report: Some(refund("re_more", 50, RefundState::Succeeded)),
        ..events[0].clone()
    };
    let taken = apply(core, more).await.unwrap().moved_micros;
    assert_eq!(settled(core, "u-1815").await, before + taken);
    assert!(taken < 0);
    eventually("no mail waits", async || {
        !columns_with(database, "payment_reversed")
            .await
            .contains(&"outbox_message.kind".to_owned())
    })
    .await;
    assert_eq!(columns_with(database, WORD).await, [""; 0]);
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_found_in_any_column_or_file_but_their_money() {
    let database = TestDatabase::new().await;
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let core = TestCore::start_with(&database, &["--outbox-dir", directory]).await;
    let life = |user, word| Life {
        core: &core,
        database: &database,
        user,
        word,
    };
    let (ada, mary) = (life("u-1815", WORD), life("u-1797", "shelley"));
    let events = ada.live().await;
    mary.live().await;
    eventually("their mail is written", async || {
        mails(folder.path(), &ada.id()) > 1 && mails(folder.path(), &mary.id()) > 1
    })
    .await;
    eventually("all else is told", async || is_told(&database).await).await;
    // A control of the search itself.
    assert_eq!(columns_with(&database, WORD).await, PLACES);
    let shown = wall(&core).await.supporters;
    let is_named = shown.iter().any(|one| one.name == format!("Ada {WORD}"));
    assert!(is_named, "{shown:?}");
    let money = (settled(&core, "u-1815").await, given(&database).await);
    let neighbour = (
        rows_of(&database, &mary.id()).await,
        mails(folder.path(), &mary.id()),
    );
    let their_places = columns_with(&database, "shelley").await;
    let events_before = told(folder.path(), &ada.id());
    let erased = erase(&core, "u-1815").await;
    assert_eq!(columns_with(&database, WORD).await, [""; 0]);
    assert_eq!(mails(folder.path(), &ada.id()), 0);
    assert_none_is_left(&events_before);
    assert_eq!(erased.settled_micros, money.0);
    assert_eq!(erased.held_micros, 1_000_000);
    let [open] = erased.open_payments.try_into().unwrap();
    assert_eq!(open.provider_reference, "cs_u-1815");
    assert_eq!(
        (settled(&core, "u-1815").await, given(&database).await),
        money
    );
    assert_eq!(money.1[1], ("all".to_owned(), 2 * CENTS, 2));
    let left = wall(&core).await;
    let left = (left.total_count, &*left.supporters[0].name);
    assert_eq!(left, (1, "Ada shelley"));
    assert_books_are_right(&database).await;
    // Nobody else's is touched.
    assert_eq!(rows_of(&database, &mary.id()).await, neighbour.0);
    assert_eq!(mails(folder.path(), &mary.id()), neighbour.1);
    assert_eq!(columns_with(&database, "shelley").await, their_places);

    nothing_comes_back(&database, &core, &ada.id(), &events).await;
    assert_eq!(mails(folder.path(), &ada.id()), 0);

    // And once more is as good as once.
    erase(&core, "u-1815").await;
    assert_eq!(badge(&core, "u-1815").await, BadgeLevel::None);
    assert_books_are_right(&database).await;
    core.stop().await;
}

#[tokio::test]
async fn whoever_comes_back_begins_anew_and_is_asked_again_for_a_name() {
    let (database, core) = core().await;
    let life = Life {
        core: &core,
        database: &database,
        user: "alice",
        word: WORD,
    };
    life.live().await;
    erase(&core, "alice").await;
    let again = v1::UpdateSupporterRequest {
        account: Some(account("alice")),
        display_name: Some("Alice".to_owned()),
        ..Default::default()
    };
    core.sponsorship().update_supporter(again).await.unwrap();
    // What was given before is nobody's on the wall.
    assert_eq!(wall(&core).await.total_count, 0);
    contact(&database, "alice", "en").await;
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn an_operator_erases_only_with_yes_and_exports_before() {
    let (database, core) = core().await;
    let life = Life {
        core: &core,
        database: &database,
        user: "alice",
        word: WORD,
    };
    life.live().await;
    let (ok, exported, complaint) = run(&database, &["person", "export", "acme", "alice"]).await;
    assert!(ok, "{complaint}");
    assert_eq!(exported["contact"]["email"], life.address());
    let erase = ["person", "erase", "acme", "alice", "--by", "olga", "--json"];
    let (ok, _, complaint) = run(&database, &erase).await;
    assert!(!ok && complaint.contains("--yes"), "{complaint}");
    assert!(!columns_with(&database, WORD).await.is_empty());
    let (ok, erased, complaint) = run(&database, &[&erase[..], &["--yes"]].concat()).await;
    assert!(ok, "{complaint}");
    assert_eq!(erased["customers"][0], format!("stripe cus_{WORD}"));
    assert_eq!(erased["events_to_send_again"].as_array().unwrap().len(), 5);
    assert_eq!(columns_with(&database, WORD).await, [""; 0]);
    let (_, exported, _) = run(&database, &["person", "export", "acme", "alice"]).await;
    assert!(exported["contact"].is_null());
    assert!(exported["erasure"]["asked_at"].is_string());
    assert!(exported["payments"].as_array().unwrap().len() == 3);
}
