//! Events that come together share transactions; each has its own answer all the same.

use billing_core::id::AccountId;
use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{EventOutcome, PaymentState, RefundState};
use billing_testkit::{TestCore, TestDatabase};
use sqlx::{Connection, PgConnection, PgTransaction};
use tokio::task::{JoinHandle, JoinSet};
use tonic::{Code, Status};

use super::{CENTS, MICROS, apply, attached, create, event, refund, settled, state};
use crate::support::{as_owner, assert_books_are_right, core, until_a_command_waits};

type Answer = Result<v1::ApplyProviderEventResponse, Status>;

/// Sends an event, and waits until another session keeps it waiting: what comes next gathers behind it.
async fn keep_waiting(
    database: &TestDatabase,
    core: &TestCore,
    event: v1::ApplyProviderEventRequest,
) -> JoinHandle<Answer> {
    let sent = send(core, event);
    let sent = tokio::spawn(sent);
    until_a_command_waits(database).await;
    sent
}

/// What was kept waiting for too long was put off, and comes again.
async fn settle(core: &TestCore, sent: JoinHandle<Answer>, event: v1::ApplyProviderEventRequest) {
    let answer = match sent.await.unwrap() {
        Err(status) if status.code() == Code::Unavailable => apply(core, event).await,
        answer => answer,
    };
    assert_eq!(answer.unwrap().moved_micros, MICROS);
}

fn send(
    core: &TestCore,
    event: v1::ApplyProviderEventRequest,
) -> impl Future<Output = Answer> + use<> {
    let mut gateway = core.payments();
    async move {
        let answer = gateway.apply_provider_event(event).await;
        answer.map(tonic::Response::into_inner)
    }
}

/// Locks an account's row until the transaction ends.
async fn lock<'a>(session: &'a mut PgConnection, user: &str) -> PgTransaction<'a> {
    let mut transaction = session.begin().await.unwrap();
    sqlx::query("select from account where account_id = $1 for update")
        .bind(AccountId::of("acme", user).uuid())
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction
}

/// Twenty payments are paid; of five, the same is reported once more, and a part of them is refunded;
/// something is wrong of one, and nothing is known of another.
fn send_all_kinds(core: &TestCore, payments: &[v1::Payment]) -> JoinSet<Answer> {
    let paid = || state(PaymentState::Succeeded);
    let mut answers = JoinSet::new();
    for (n, payment) in payments.iter().enumerate() {
        answers.spawn(send(core, event(&format!("evt_{n}"), payment, paid())));
    }
    for (n, payment) in payments.iter().enumerate().take(5) {
        answers.spawn(send(core, event(&format!("evt_{n}"), payment, paid())));
        let part = refund("re_1", 300, RefundState::Succeeded);
        answers.spawn(send(core, event(&format!("evt_part_{n}"), payment, part)));
    }
    let wrong = Report::Payment(v1::PaymentReport {
        state: PaymentState::Succeeded.into(),
        amount_minor: CENTS,
        currency: "EUR".to_owned(),
        ..Default::default()
    });
    answers.spawn(send(core, event("evt_wrong", &payments[19], wrong)));
    let unknown = v1::ApplyProviderEventRequest {
        provider_reference: "pi_of_somebody_else".to_owned(),
        ..event("evt_unknown", &payments[19], paid())
    };
    answers.spawn(send(core, unknown));
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_every_kind_that_wait_are_applied_as_if_each_had_come_alone() {
    let (database, core) = core().await;
    core.grant(&crate::support::account("gate"), 1).await;
    let gate = attached(&core, "gate", "1").await;
    let mut payments = Vec::new();
    for n in 0..20 {
        payments.push(attached(&core, &format!("user-{n}"), "1").await);
    }
    let mut session = database.connect_as_owner().await;
    let transaction = lock(&mut session, "gate").await;
    let paid = || state(PaymentState::Succeeded);
    let first = keep_waiting(&database, &core, event("evt_gate", &gate, paid())).await;

    let mut answers = send_all_kinds(&core, &payments);
    transaction.rollback().await.unwrap();

    settle(&core, first, event("evt_gate", &gate, paid())).await;
    let mut outcomes = Vec::new();
    let (mut moved, mut duplicates) = (0, 0);
    while let Some(answer) = answers.join_next().await {
        let answer = answer.unwrap().unwrap();
        if answer.duplicate {
            duplicates += 1;
            assert_eq!(answer.moved_micros, 0);
        }
        moved += answer.moved_micros;
        outcomes.push(answer.outcome());
    }
    let count = |of: EventOutcome| outcomes.iter().filter(|outcome| **outcome == of).count();
    assert_eq!(
        (
            count(EventOutcome::Applied),
            count(EventOutcome::Contradiction),
            count(EventOutcome::Unmatched),
            duplicates,
        ),
        (30, 1, 1, 5)
    );
    assert_eq!(moved, 20 * MICROS - 5 * 3_000_000);
    for n in 0..20 {
        let expected = if n < 5 { MICROS - 3_000_000 } else { MICROS };
        assert_eq!(settled(&core, &format!("user-{n}")).await, expected, "{n}");
    }
    let (events, transactions): (i64, i64) =
        sqlx::query_as("select count(*), count(distinct xmin::text) from provider_event")
            .fetch_one(&mut session)
            .await
            .unwrap();
    assert_eq!(events, 28);
    assert!(transactions < 14, "{transactions} transactions");
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_another_session_has_locked_holds_up_no_other_report() {
    let (database, core) = core().await;
    core.grant(&crate::support::account("locked"), 1).await;
    let locked = attached(&core, "locked", "1").await;
    let again = attached(&core, "locked", "2").await;
    let mut others = Vec::new();
    for n in 0..20 {
        others.push(attached(&core, &format!("free-{n}"), "1").await);
    }
    let mut session = database.connect_as_owner().await;
    let transaction = lock(&mut session, "locked").await;
    let paid = || state(PaymentState::Succeeded);
    let first = keep_waiting(&database, &core, event("evt_locked", &locked, paid())).await;
    let second = event("evt_locked_too", &again, paid());
    let second = tokio::spawn(send(&core, second));
    let mut answers: JoinSet<Answer> = others
        .iter()
        .enumerate()
        .map(|(n, payment)| send(&core, event(&format!("evt_{n}"), payment, paid())))
        .collect();
    while let Some(answer) = answers.join_next().await {
        assert_eq!(answer.unwrap().unwrap().moved_micros, MICROS);
    }
    for locked in [first, second] {
        let refused = locked.await.unwrap().unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
    }
    transaction.rollback().await.unwrap();
    let paid = apply(&core, event("evt_locked", &locked, paid()))
        .await
        .unwrap();
    assert_eq!((paid.moved_micros, paid.duplicate), (MICROS, false));
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_the_database_refuses_takes_no_other_with_it() {
    let (database, core) = core().await;
    as_owner(
        &database,
        "create function refuse_poison() returns trigger language plpgsql as $$
        begin raise exception 'poison' using errcode = 'check_violation'; end $$;
        create trigger refuse_poison before insert on provider_event for each row
        when (new.event_id = 'evt_poison') execute function refuse_poison()",
    )
    .await;
    core.grant(&crate::support::account("gate"), 1).await;
    let gate = attached(&core, "gate", "1").await;
    let mut payments = Vec::new();
    for n in 0..10 {
        payments.push(attached(&core, &format!("user-{n}"), "1").await);
    }
    let mut session = database.connect_as_owner().await;
    let transaction = lock(&mut session, "gate").await;
    let paid = || state(PaymentState::Succeeded);
    let first = keep_waiting(&database, &core, event("evt_gate", &gate, paid())).await;
    let poison = tokio::spawn(send(&core, event("evt_poison", &gate, paid())));
    let mut answers: JoinSet<Answer> = payments
        .iter()
        .enumerate()
        .map(|(n, payment)| send(&core, event(&format!("evt_{n}"), payment, paid())))
        .collect();
    transaction.rollback().await.unwrap();
    settle(&core, first, event("evt_gate", &gate, paid())).await;
    while let Some(answer) = answers.join_next().await {
        assert_eq!(answer.unwrap().unwrap().moved_micros, MICROS);
    }
    let refused = poison.await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::Internal);
    assert_books_are_right(&database).await;
}

/// Of two payments that a provider calls by one name, the first that is reported has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_name_of_two_payments_credits_one_of_them_together_and_apart() {
    let (database, core) = core().await;
    core.grant(&crate::support::account("gate"), 1).await;
    let gate = attached(&core, "gate", "1").await;
    let mut session = database.connect_as_owner().await;
    for together in [false, true] {
        let users = ["p", "q"].map(|user| format!("{user}-{together}"));
        let mut events = Vec::new();
        for user in &users {
            let payment = create(&core, user, "1").await;
            events.push(v1::ApplyProviderEventRequest {
                provider_reference: format!("pi_shared_{together}"),
                payment_id: payment.payment_id.clone(),
                ..event(
                    &format!("evt_{user}"),
                    &payment,
                    state(PaymentState::Succeeded),
                )
            });
        }
        if together {
            let transaction = lock(&mut session, "gate").await;
            let paid = event("evt_gate", &gate, state(PaymentState::Succeeded));
            let first = keep_waiting(&database, &core, paid.clone()).await;
            let answers: JoinSet<Answer> = events.into_iter().map(|one| send(&core, one)).collect();
            for answer in answers.join_all().await {
                answer.unwrap();
            }
            transaction.rollback().await.unwrap();
            settle(&core, first, paid).await;
        } else {
            for event in events {
                apply(&core, event).await.unwrap();
            }
        }
        let [p, q] = &users;
        assert_eq!(settled(&core, p).await + settled(&core, q).await, MICROS);
    }
    assert_books_are_right(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_events_share_a_transaction_than_an_operator_lets() {
    for (batch, expected) in [("3", 3), ("1", 1)] {
        let database = TestDatabase::new().await;
        let core = TestCore::start_with(&database, &["--provider-event-batch", batch]).await;
        core.grant(&crate::support::account("gate"), 1).await;
        let gate = attached(&core, "gate", "1").await;
        let mut session = database.connect_as_owner().await;
        let transaction = lock(&mut session, "gate").await;
        let paid = event("evt_gate", &gate, state(PaymentState::Succeeded));
        let first = keep_waiting(&database, &core, paid.clone()).await;
        let answers: JoinSet<Answer> = (0..20)
            .map(|n| {
                let unknown = v1::Payment {
                    provider_reference: format!("pi_unknown_{n}"),
                    ..Default::default()
                };
                let said = event(&format!("evt_{n}"), &unknown, state(PaymentState::Pending));
                send(&core, said)
            })
            .collect();
        // They wait while the gate's event does.
        for answer in answers.join_all().await {
            assert_eq!(answer.unwrap().outcome(), EventOutcome::Unmatched);
        }
        transaction.rollback().await.unwrap();
        settle(&core, first, paid).await;
        let together: i64 = sqlx::query_scalar(
            "select max(count) from (select count(*) from provider_event group by xmin::text) as each",
        )
        .fetch_one(&mut session)
        .await
        .unwrap();
        assert_eq!(together, expected, "{batch}");
    }
}

#[test]
fn a_batch_or_a_rest_that_makes_no_sense_is_refused_in_words() {
    for (option, value, range) in [
        ("--provider-event-batch", "0", "1..=512"),
        ("--provider-event-batch", "513", "1..=512"),
        ("--provider-event-rest-ms", "0", "1..=1000"),
        ("--provider-event-rest-ms", "60000", "1..=1000"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_billing-core"))
            .args([option, value])
            .output()
            .unwrap();
        assert!(!output.status.success(), "{option} {value}");
        let said = String::from_utf8(output.stderr).unwrap();
        let expected = format!("{value} is not in {range}");
        assert!(said.contains(&expected) && said.contains(option), "{said}");
    }
}
