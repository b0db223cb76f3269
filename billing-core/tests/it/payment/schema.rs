//! What the database itself refuses of payments.

use billing_proto::v1::RefundState;
use sqlx::{Connection, PgConnection};

use super::{apply, event, paid, refund};
use crate::support::{core, run};

async fn refusal(connection: &mut PgConnection, statement: &str) -> String {
    match run(connection, statement).await {
        Err(sqlx::Error::Database(error)) => match error.constraint() {
            Some(constraint) => constraint.to_owned(),
            None => error.code().unwrap().into_owned(),
        },
        other => panic!("{statement}: {other:?}"),
    }
}

#[tokio::test]
async fn rules_about_payments_stand_in_the_schema_too() {
    let (database, core) = core().await;
    let payment = paid(&core, "alice", "1").await;
    let back = event(
        "evt_r",
        &payment,
        refund("re_1", 100, RefundState::Succeeded),
    );
    apply(&core, back).await.unwrap();
    let mut owner = database.connect_as_owner().await;
    for (statement, constraint) in [
        (
            "update payment set credited_micros = credited_micros + 1",
            "payment_credited_when_paid",
        ),
        (
            "update payment set state = 'pending', succeeded_at = null",
            "payment_credited_when_paid",
        ),
        (
            "update payment set reversed_micros = credit_micros + 1",
            "payment_reversed_within_credit",
        ),
        (
            "update payment set received_minor = 900",
            "payment_credited_when_paid",
        ),
        (
            "update payment set received_minor = 0",
            "payment_credited_when_paid",
        ),
        (
            "update payment set refund_requested_minor = 901",
            "payment_requests_within_paid",
        ),
        (
            "update payment set purpose = 'loss'",
            "payment_purpose_known",
        ),
        (
            "insert into payment_entry select account_id, seq + 1, payment_id, provider, 'top_up'
                from payment_entry where kind = 'top_up'",
            "payment_entry_pkey",
        ),
        (
            "insert into payment_reference select * from payment_reference",
            "payment_reference_pkey",
        ),
        // Restrict violations of the append-only tables.
        ("update payment_entry set seq = 9", "23001"),
        ("delete from payment_reference", "23001"),
        ("truncate payment_reference", "23001"),
    ] {
        assert_eq!(
            refusal(&mut owner, statement).await,
            constraint,
            "{statement}"
        );
    }
}

#[tokio::test]
async fn a_second_credit_and_the_application_s_deletions_are_refused_by_the_schema() {
    let (database, core) = core().await;
    paid(&core, "alice", "1").await;
    let mut owner = database.connect_as_owner().await;
    let twice = "with e as (
            insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty,
                created_at, day_no, month_no)
            select account_id, 2, 'top_up', 1, 1, 'stripe', now(), 1, 1 from entry where seq = 1
            returning account_id, seq)
        insert into payment_entry (account_id, seq, payment_id, provider, kind)
        select e.account_id, e.seq, p.payment_id, 'stripe', 'top_up' from e join payment p using (account_id)";
    assert_eq!(refusal(&mut owner, twice).await, "payment_credited_once");
    let mut application = PgConnection::connect(database.application_url())
        .await
        .unwrap();
    for statement in [
        "delete from payment",
        "delete from provider_event",
        "delete from payment_refund",
    ] {
        assert_eq!(
            refusal(&mut application, statement).await,
            "42501",
            "{statement}"
        );
    }
}
