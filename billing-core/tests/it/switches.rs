//! What operators switch off while everything runs.

use billing_proto::v1;
use billing_proto::v1::operator_service_client::OperatorServiceClient;
use billing_proto::v1::{Decision, EventOutcome, PaymentState};
use billing_testkit::TestCore;
use sqlx::Connection;
use tokio::task::JoinSet;
use tonic::Code;

use crate::payment::{apply, attached, event, new_payment, settled, state};
use crate::support::{
    USD, amount, as_owner, assert_books_are_right, charge, core, eventually, fields, hold, reason,
    run,
};
use crate::user::User;

pub(crate) async fn switch(core: &TestCore, name: &str, on: bool) {
    let request = v1::SetSwitchRequest {
        name: name.to_owned(),
        on,
        reason: "we repair something".to_owned(),
        actor: "root".to_owned(),
    };
    operator(core, &core.admin_token)
        .set_switch(request)
        .await
        .unwrap();
}

pub(crate) fn operator(
    core: &TestCore,
    token: &str,
) -> OperatorServiceClient<
    tonic::service::interceptor::InterceptedService<
        tonic::transport::Channel,
        billing_testkit::Caller,
    >,
> {
    OperatorServiceClient::with_interceptor(core.channel(), TestCore::caller(token))
}

#[tokio::test]
async fn without_enforcement_everything_is_allowed_and_booked_in_full() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", USD).await;
    switch(&core, "enforcement", false).await;
    eventually("checks are not enforced", async || {
        !alice.check(amount(5 * USD)).await.enforced
    })
    .await;
    assert_eq!(
        alice.check(amount(5 * USD)).await.decision(),
        Decision::Allowed
    );
    let charged = core
        .balance()
        .charge(charge("alice", "c", 5 * USD))
        .await
        .unwrap();
    let charged = charged.into_inner();
    assert_eq!(
        (charged.decision(), charged.enforced),
        (Decision::Allowed, false)
    );
    assert_eq!(charged.balance.unwrap().debt_micros, 4 * USD);
    let held = alice.place(hold("alice", "h", 20 * USD)).await.unwrap();
    assert_eq!((held.decision(), held.enforced), (Decision::Allowed, false));
    switch(&core, "enforcement", true).await;
    eventually("checks are enforced again", async || {
        alice.check(amount(1)).await.decision() == Decision::InsufficientBalance
    })
    .await;
    // What was booked says how.
    let again = core
        .balance()
        .charge(charge("alice", "c", 5 * USD))
        .await
        .unwrap();
    let again = again.into_inner();
    assert_eq!((again.replayed, again.enforced), (true, false));
    let entries = crate::payment::entries(&core, "alice").await;
    let flagged: Vec<bool> = entries.iter().map(|entry| entry.unenforced).collect();
    assert_eq!(flagged, [true, false]);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn reports_that_are_only_recorded_are_applied_later_with_the_same_end() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    switch(&core, "webhooks", false).await;
    let succeeded = event("evt_1", &payment, state(PaymentState::Succeeded));
    eventually("reports are only recorded", async || {
        // Which are no news, and change nothing.
        let id = uuid::Uuid::now_v7().to_string();
        let pending = event(&id, &payment, state(PaymentState::Pending));
        apply(&core, pending).await.unwrap().outcome() == EventOutcome::Recorded
    })
    .await;
    let recorded = apply(&core, succeeded.clone()).await.unwrap();
    assert_eq!(recorded.outcome(), EventOutcome::Recorded);
    assert_eq!(settled(&core, "alice").await, 0);
    switch(&core, "webhooks", true).await;
    let list = v1::ReplayEventsRequest {
        provider: "stripe".to_owned(),
        ..Default::default()
    };
    let left = core
        .payments()
        .replay_events(list)
        .await
        .unwrap()
        .into_inner();
    let left: Vec<&str> = left
        .events
        .iter()
        .map(|event| event.event_id.as_str())
        .collect();
    assert!(left.contains(&"evt_1"), "{left:?}");
    eventually("it is applied", async || {
        apply(&core, succeeded.clone()).await.unwrap().outcome() == EventOutcome::Applied
    })
    .await;
    assert_eq!(settled(&core, "alice").await, 10 * USD);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn new_payments_can_be_stopped_with_a_word_to_the_payer() {
    let (_database, core) = core().await;
    switch(&core, "payments", false).await;
    let mut gateway = core.payments();
    eventually("payments are off", async || {
        let key = uuid::Uuid::now_v7().to_string();
        gateway
            .create_payment(new_payment("alice", &key))
            .await
            .is_err()
    })
    .await;
    let refused = gateway
        .create_payment(new_payment("alice", "x"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(reason(&refused), "PAYMENTS_SWITCHED_OFF");
    assert_eq!(refused.message(), "we repair something");
    switch(&core, "payments", true).await;
    eventually("payments are on", async || {
        gateway
            .create_payment(new_payment("alice", "x"))
            .await
            .is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_switch_that_could_not_be_read_for_five_seconds_decides_nothing() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", USD).await;
    let payment = attached(&core, "alice", "1").await;
    let held = alice.hold("h", amount(USD)).await;
    switch(&core, "enforcement", false).await;
    eventually("checks are not enforced", async || {
        !alice.check(amount(5 * USD)).await.enforced
    })
    .await;
    // Somebody keeps the table from being read: what is decided may be long switched on again.
    let mut owner = database.connect_as_owner().await;
    let mut keeping = owner.begin().await.unwrap();
    run(
        &mut keeping,
        "lock table operator_switch in access exclusive mode",
    )
    .await
    .unwrap();
    let mut backend = core.balance();
    let mut n = 0;
    let refused = eventually_some("nothing is decided", async || {
        n += 1;
        let key = n.to_string();
        backend.charge(charge("alice", &key, USD)).await.err()
    })
    .await;
    let succeeded = event("evt_1", &payment, state(PaymentState::Succeeded));
    let check = v1::CheckBalanceRequest {
        account: alice.account(),
        cost: amount(USD),
    };
    for refused in [
        refused,
        backend.check_balance(check).await.unwrap_err(),
        alice.place(hold("alice", "h2", USD)).await.unwrap_err(),
        alice.capture(&held, amount(2 * USD)).await.unwrap_err(),
        core.payments()
            .create_payment(new_payment("alice", "2"))
            .await
            .unwrap_err(),
        apply(&core, succeeded.clone()).await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
        assert_eq!(reason(&refused), "PRICE_LIST_STALE");
    }
    // What ends what has begun, and what is known already, is answered.
    let again = core
        .payments()
        .create_payment(new_payment("alice", "1"))
        .await;
    assert!(again.unwrap().into_inner().replayed);
    alice.capture(&held, amount(USD)).await.unwrap();
    keeping.rollback().await.unwrap();
    eventually("it is decided again", async || {
        apply(&core, succeeded.clone()).await.is_ok()
    })
    .await;
    assert_books_are_right(&database).await;
}

/// What comes of it in the end.
async fn eventually_some<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let mut found = None;
    eventually(what, async || {
        found = ask().await;
        found.is_some()
    })
    .await;
    found.unwrap()
}

#[tokio::test]
async fn who_switched_what_is_kept_and_only_an_administrator_of_all_may() {
    let (_database, core) = core().await;
    switch(&core, "payments", false).await;
    switch(&core, "payments", true).await;
    let mut root = operator(&core, &core.admin_token);
    let changes = root
        .list_switch_changes(v1::ListSwitchChangesRequest::default())
        .await;
    let changes = changes.unwrap().into_inner().changes;
    let told: Vec<(bool, &str)> = changes.iter().map(|c| (c.on, c.actor.as_str())).collect();
    assert_eq!(told, [(true, "root"), (false, "root")]);
    let all = root
        .list_switches(v1::ListSwitchesRequest::default())
        .await
        .unwrap();
    let all = all.into_inner().switches;
    assert!(all.len() == 3 && all.iter().all(|switch| switch.on));
    let nonsense = v1::SetSwitchRequest {
        name: "everything".to_owned(),
        reason: "why".to_owned(),
        actor: "root".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        fields(&root.set_switch(nonsense).await.unwrap_err()),
        ["name"]
    );
    let mut gateway = operator(&core, &core.gateway_token);
    let refused = gateway
        .list_switches(v1::ListSwitchesRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_switch_holds_as_the_newest_also_where_the_clock_was_set_back() {
    let (database, core) = core().await;
    switch(&core, "webhooks", false).await;
    let ahead = "update operator_switch set changed_at = changed_at + interval '1 hour'";
    as_owner(&database, ahead).await;
    let kept = "insert into switch_change select * from operator_switch";
    as_owner(&database, kept).await;
    switch(&core, "webhooks", true).await;
    let newest = v1::ListSwitchChangesRequest { page_size: 1 };
    let mut operator = operator(&core, &core.admin_token);
    let newest = operator.list_switch_changes(newest).await.unwrap();
    assert!(newest.into_inner().changes[0].on);
}

#[tokio::test]
async fn of_changes_at_the_same_time_the_newest_is_what_holds() {
    let (_database, core) = core().await;
    for _ in 0..100 {
        let mut at_once = JoinSet::new();
        for number in 0..16 {
            let request = v1::SetSwitchRequest {
                name: "webhooks".to_owned(),
                on: number % 2 == 0,
                reason: format!("reason {number}"),
                actor: "root".to_owned(),
            };
            let mut operator = operator(&core, &core.admin_token);
            at_once.spawn(async move { operator.set_switch(request).await.unwrap() });
        }
        at_once.join_all().await;
        let mut operator = operator(&core, &core.admin_token);
        let newest = v1::ListSwitchChangesRequest { page_size: 1 };
        let newest = operator.list_switch_changes(newest).await.unwrap();
        let [newest] = newest.into_inner().changes.try_into().unwrap();
        let switches = operator.list_switches(v1::ListSwitchesRequest {}).await;
        let switches = switches.unwrap().into_inner().switches;
        let holds = switches
            .into_iter()
            .find(|switch| switch.name == "webhooks");
        assert_eq!(holds.unwrap(), newest);
    }
}
