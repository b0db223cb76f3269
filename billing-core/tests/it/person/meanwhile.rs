//! What happens while somebody is erased.

use billing_core::id::AccountId;
use billing_core::person::{self, Erasure};
use billing_proto::v1;
use billing_proto::v1::PaymentState;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{columns_with, erase, erase_request};
use crate::payment::{apply, attached, delivered, event, paid, state};
use crate::support::{
    as_owner, assert_books_are_right, core, eventually, run, until_a_command_waits,
};

const WORD: &str = "lovelace";

fn told(payment: &v1::Payment, id: &str) -> v1::ApplyProviderEventRequest {
    v1::ApplyProviderEventRequest {
        raw: format!(r#"{{"email": "{WORD}@example.org"}}"#).into_bytes(),
        ..event(id, payment, state(PaymentState::Succeeded))
    }
}

#[tokio::test]
async fn an_erasure_waits_for_a_report_that_is_being_booked_and_drops_its_body() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    // As a batch of events stands before its COMMIT.
    let mut booking = database.connect_as_owner().await;
    let report = format!(
        "begin; insert into provider_event (provider, event_id, event_type, livemode, provider_account,
            occurred_at, received_at, raw, outcome, account_id, payment_id)
        select provider, 'evt_0', 't', false, '', now(), now(), '{WORD}', 'applied', account_id, payment_id
        from payment;
        select from payment for no key update"
    );
    run(&mut booking, &report).await.unwrap();
    let mut admin = core.sponsorship_admin();
    let erasing = tokio::spawn(async move { admin.erase_person(erase_request("alice")).await });
    until_a_command_waits(&database).await;
    run(&mut booking, "commit").await.unwrap();
    let erased = erasing.await.unwrap().unwrap().into_inner();
    assert!(erased.finished_at.is_some());
    assert_eq!(columns_with(&database, WORD).await, [""; 0]);
    // And one that is booked behind it keeps none.
    apply(&core, told(&payment, "evt_1")).await.unwrap();
    assert_eq!(columns_with(&database, WORD).await, [""; 0]);
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn payments_are_booked_once_and_their_bodies_dropped_while_their_payer_is_erased() {
    let (database, core) = core().await;
    let mut payments = Vec::new();
    for key in 0..24 {
        payments.push(attached(&core, "alice", &key.to_string()).await);
    }
    let mut storm = JoinSet::new();
    for (number, payment) in payments.iter().enumerate() {
        for id in ["a", "b"] {
            let event = told(payment, &format!("evt_{number}_{id}"));
            storm.spawn(delivered(core.payments(), event));
        }
    }
    let erased = erase(&core, "alice").await;
    while let Some(applied) = storm.join_next().await {
        applied.unwrap().unwrap();
    }
    assert_eq!(columns_with(&database, WORD).await, [""; 0]);
    assert_eq!(crate::payment::settled(&core, "alice").await, 240_000_000);
    assert!(erased.finished_at.is_some());
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn an_erasure_that_is_broken_off_is_finished_by_the_repeat() {
    let (database, core) = core().await;
    paid(&core, "alice", "1").await;
    let id = AccountId::of("acme", "alice");
    let notes = format!(
        "update account set entry_seq = 3001 where account_id = '{id}';
        insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty, created_at,
            day_no, month_no)
        select '{id}', seq, 'charge', 0, 10000000, 'usage', now(), 1, 1 from generate_series(2, 3001) seq;
        insert into entry_note (account_id, seq, description)
        select '{id}', seq, 'for {WORD}' from generate_series(2, 3001) seq"
    );
    as_owner(&database, &notes).await;
    let erasure = Erasure {
        account: id,
        actor: "olga".to_owned(),
        emails: Vec::new(),
    };
    let pool = database.pool().await;
    // No time at all: a piece, and no more.
    let erased = person::erase(&pool, &erasure, None, Instant::now()).await;
    assert_eq!(erased.unwrap().finished_at, None);
    let left = "select count(*) from entry_note where description is not null";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&pool).await.unwrap();
    assert_eq!(left, 2_000);
    erase(&core, "alice").await;
    assert_eq!(columns_with(&database, WORD).await, [""; 0]);
    let kept: Vec<(bool, bool)> =
        sqlx::query_as("select finished_at >= asked_at, words = '{}' from person_erasure")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(kept, [(true, true)]);
    pool.close().await;
}

#[tokio::test]
async fn what_is_only_recorded_is_applied_before_its_body_goes() {
    let (database, core) = core().await;
    let payment = attached(&core, "alice", "1").await;
    as_owner(
        &database,
        "insert into operator_switch values ('webhooks', false, 'a test', 'olga', now())",
    )
    .await;
    // Events of nobody, until the switch is read.
    let mut number = 0;
    eventually("events are only recorded", async || {
        number += 1;
        let nobody = v1::Payment {
            provider_reference: "pi_nobody".to_owned(),
            ..Default::default()
        };
        let state = state(PaymentState::Pending);
        let event = event(&format!("evt_nobody_{number}"), &nobody, state);
        apply(&core, event).await.unwrap().outcome() == v1::EventOutcome::Recorded
    })
    .await;
    let event = told(&payment, "evt_1");
    let recorded = apply(&core, event.clone()).await.unwrap();
    assert_eq!(recorded.outcome(), v1::EventOutcome::Recorded);
    let mut admin = core.sponsorship_admin();
    let erased = admin.erase_person(erase_request("alice")).await.unwrap();
    let erased = erased.into_inner();
    assert_eq!(erased.finished_at, None);
    assert_eq!(erased.events_to_apply[0].name, "evt_1");
    assert_eq!(columns_with(&database, WORD).await, ["provider_event.raw"]);
    as_owner(&database, "update operator_switch set is_on = true").await;
    eventually("it is applied", async || {
        apply(&core, event.clone()).await.unwrap().outcome() == v1::EventOutcome::Applied
    })
    .await;
    assert_eq!(columns_with(&database, WORD).await, [""; 0]);
    erase(&core, "alice").await;
    assert_books_are_right(&database).await;
}
