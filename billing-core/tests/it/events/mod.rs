//! What other systems are told: each event as its schema says, and none where nobody reads them.

mod broker;
mod schema;

use std::collections::BTreeMap;
use std::path::Path;

use billing_proto::v1;
use billing_proto::v1::{PaymentState, RefundState, SubscriptionState};
use billing_testkit::{TestCore, TestDatabase};
use serde_json::{Value, json};

pub use self::schema::assert_as_described;
use crate::contribution::monthly::{stands, subscribed};
use crate::payment::{paid, refund};
use crate::sponsorship::{CENTS, anonymous, gift, given, state, told};
use crate::support::{USD, account, amount, as_owner, core, eventually, set};
use crate::user::User;

/// Lets events be written from the start, though nobody delivers them.
pub async fn core_that_tells() -> (TestDatabase, TestCore) {
    let database = TestDatabase::new().await;
    as_owner(
        &database,
        "insert into outbox_channel (channel) values ('event')",
    )
    .await;
    let core = TestCore::start(&database).await;
    (database, core)
}

async fn waiting_events(database: &TestDatabase) -> i64 {
    let mut owner = database.connect_as_owner().await;
    sqlx::query_scalar("select count(*) from outbox_message where channel = 'event'")
        .fetch_one(&mut owner)
        .await
        .unwrap()
}

/// The events that lie in the folder, of each subject in order; each as its schema says.
fn delivered(folder: &Path) -> BTreeMap<String, Vec<Value>> {
    let mut subjects: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for file in std::fs::read_dir(folder.join("event")).unwrap() {
        let file = file.unwrap();
        // Not whole yet.
        if file.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let content = std::fs::read_to_string(file.path()).unwrap();
        let event: Value = serde_json::from_str(&content).unwrap();
        assert_as_described(&event);
        let subject = event["subject"].as_str().unwrap().to_owned();
        subjects.entry(subject).or_default().push(event);
    }
    for (subject, events) in &mut subjects {
        events.sort_by_key(|event| event["sequence"].to_string());
        let numbers = events
            .iter()
            .map(|event| event["sequence"].as_str().unwrap());
        let expected = (1..=events.len()).map(|number| format!("{number:012}"));
        assert!(numbers.eq(expected), "{subject}: a gap");
    }
    subjects
}

/// What a subject's events are, and of each whether it is public.
fn kinds(events: &[Value]) -> Vec<(&str, bool)> {
    let one = |event: &Value| event["public"].as_bool().unwrap();
    events
        .iter()
        .map(|event| (event["type"].as_str().unwrap(), one(event)))
        .collect()
}

/// Somebody whose balance falls low, whose limit denies them twice, and whose hold expires.
async fn spend(database: &TestDatabase, core: &TestCore) {
    let alice = User::with(core, "alice", 20 * USD).await;
    let request = v1::UpdateSettingsRequest {
        account: alice.account(),
        low_balance_threshold: set(15 * USD),
        ..Default::default()
    };
    core.accounts().update_settings(request).await.unwrap();
    alice.charge("1", amount(6 * USD)).await;
    for key in ["2", "3"] {
        let denied = alice.charge(key, amount(5 * USD)).await;
        assert_eq!(denied.decision(), v1::Decision::DailyLimitExceeded);
    }
    alice.hold("4", amount(2 * USD)).await;
    as_owner(
        database,
        "update hold set expires_at = now() - interval '1 ms'",
    )
    .await;
    eventually("the hold has expired", async || {
        let balance = alice.check(amount(1)).await.balance.unwrap();
        balance.held_micros == 0
    })
    .await;
    // The limit is used up now, and the day was told already.
    alice.charge("5", amount(4 * USD)).await;
    // A cost that is more than the whole limit does not reach it; the one that uses it up does.
    let bob = User::with(core, "bob", 20 * USD).await;
    bob.charge("1", amount(11 * USD)).await;
    bob.charge("2", amount(10 * USD)).await;
    bob.charge("3", amount(USD)).await;
}

/// Gifts: one in public that is taken back, and one that its giver lets be seen later.
async fn give(core: &TestCore) {
    let paid = || state(PaymentState::Succeeded);
    let open = given(core, gift("carol", "1")).await;
    crate::payment::apply(core, told("paid", &open, paid()))
        .await
        .unwrap();
    let back = refund("re_1", CENTS, RefundState::Succeeded);
    crate::payment::apply(core, told("back", &open, back))
        .await
        .unwrap();
    let first = subscribed(core, "grace").await;
    let ends = stands("ends", &first, SubscriptionState::Cancelled, 9);
    crate::payment::apply(core, ends).await.unwrap();
    let secret = given(core, anonymous("dave", "1")).await;
    crate::payment::apply(core, told("paid", &secret, paid()))
        .await
        .unwrap();
    let shows = v1::UpdateSupporterRequest {
        account: Some(account("dave")),
        show_badge: Some(true),
        ..Default::default()
    };
    core.sponsorship().update_supporter(shows).await.unwrap();
}

#[tokio::test]
async fn each_event_is_as_its_schema_says_in_its_order_and_public_only_where_its_giver_is() {
    let database = TestDatabase::new().await;
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let core = TestCore::start_with(&database, &["--outbox-dir", directory]).await;
    spend(&database, &core).await;
    give(&core).await;
    paid(&core, "erin", "1").await;
    eventually("everything is delivered", async || {
        waiting_events(&database).await == 0
    })
    .await;
    core.stop().await;
    let events = delivered(folder.path());
    let of = |subject: &str| kinds(&events[subject]);
    let own = |kinds: &[&'static str]| kinds.iter().map(|kind| (*kind, false)).collect::<Vec<_>>();
    let alice = [
        "balance.credited",
        "balance.low",
        "limit.reached",
        "hold.expired",
    ];
    assert_eq!(of("alice"), own(&alice));
    let reached = &events["alice"][2]["data"];
    assert_eq!(
        (
            &reached["period"],
            &reached["denied"],
            &reached["used_micros"]
        ),
        (&json!("day"), &json!(true), &json!(6 * USD))
    );
    assert_eq!(of("bob"), own(&["balance.credited", "limit.reached"]));
    let reached = &events["bob"][1]["data"];
    assert_eq!(
        (&reached["denied"], &reached["used_micros"]),
        (&json!(false), &json!(10 * USD))
    );
    let carol = [
        "contribution.completed",
        "badge.updated",
        "contribution.refunded",
        "badge.updated",
    ];
    assert_eq!(of("carol"), carol.map(|kind| (kind, true)));
    assert_is_told_monthly(&events["grace"]);
    assert_eq!(
        of("dave"),
        [
            ("contribution.completed", false),
            ("badge.updated", false),
            // It says what the badge was in secret.
            ("badge.updated", false)
        ]
    );
    let badge = |place: usize| {
        let data = &events["dave"][place]["data"];
        (data["badge"].clone(), data["public_badge"].clone())
    };
    assert_eq!(badge(1), (json!("bronze"), json!(null)));
    assert_eq!(badge(2), (json!("bronze"), json!("bronze")));
    assert_eq!(of("erin"), own(&["balance.credited", "payment.succeeded"]));
}

/// A month, and the end of the subscription.
fn assert_is_told_monthly(events: &[Value]) {
    let told = [
        "contribution.completed",
        "badge.updated",
        "subscription.updated",
        "subscription.updated",
    ];
    assert_eq!(kinds(events), told.map(|kind| (kind, true)));
    let ended = &events[3]["data"];
    assert_eq!(
        (&ended["status_before"], &ended["status"]),
        (&json!("active"), &json!("cancelled"))
    );
}

#[tokio::test]
async fn no_event_is_written_while_nobody_reads_them_and_from_then_on_they_are() {
    let (database, core) = core().await;
    spend(&database, &core).await;
    give(&core).await;
    paid(&core, "erin", "1").await;
    assert_eq!(waiting_events(&database).await, 0);
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let telling = TestCore::start_with(&database, &["--outbox-dir", directory]).await;
    paid(&telling, "erin", "2").await;
    // The core that was there before follows within seconds, and has nowhere to deliver them itself.
    eventually("the other core tells, too", async || {
        core.grant(&account("frank"), USD).await;
        folder.path().join("event").exists() && delivered(folder.path()).contains_key("frank")
    })
    .await;
    telling.stop().await;
    let events = delivered(folder.path());
    assert_eq!(
        kinds(&events["erin"]),
        [("balance.credited", false), ("payment.succeeded", false)]
    );
}
