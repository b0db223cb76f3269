//! How the statements of a batch of events find their rows: see the ledger's test of the same name.

use std::sync::Arc;
use std::time::Duration;

use billing_testkit::TestDatabase;
use jiff::Timestamp;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::super::dispute::{DisputeReport, Movement};
use super::super::rate::Currency;
use super::super::{Purpose, RefundReport, RefundState, State};
use super::batch::{self, Brought};
use super::{
    Applied, GivenBackReport, Outcome, PaymentOpening, PaymentReport, ProviderEvent, Report,
};
use crate::auth::Caller;
use crate::id::{AccountId, PaymentId};
use crate::ledger::Opening;
use crate::ledger::plans::{analyze, assert_by_key, connect};
use crate::price::{Catalogue, Reading};

const RATE_AGE_MAX: Duration = Duration::from_hours(1);

#[tokio::test]
async fn plans_made_for_empty_tables_find_their_rows_by_key() {
    let database = TestDatabase::new().await;
    analyze(&database).await;
    let mut connection = connect(&database).await;
    every_statement(&mut connection, "first").await;
    assert_by_key(&mut connection).await;
}

#[tokio::test]
async fn plans_made_for_a_few_rows_find_their_rows_by_key() {
    let database = TestDatabase::new().await;
    every_statement(&mut connect(&database).await, "first").await;
    analyze(&database).await;
    let mut connection = connect(&database).await;
    every_statement(&mut connection, "second").await;
    assert_by_key(&mut connection).await;
}

/// Whatever may be reported, on a few payments of their own, and once more.
async fn every_statement(connection: &mut PgConnection, name: &str) {
    for user in [format!("{name}-a"), format!("{name}-b")] {
        everything(connection, &user).await;
    }
}

async fn everything(connection: &mut PgConnection, user: &str) {
    let payment = new_payment(connection, user).await;
    let pay = |state: State, decline: Option<&str>| {
        Report::Payment(PaymentReport {
            state,
            amount_minor: 100,
            ordered_minor: None,
            currency: "USD".to_owned(),
            decline_code: decline.map(str::to_owned),
            processing: state == State::Pending,
        })
    };
    let refund = RefundReport {
        reference: format!("re_{user}"),
        refund_id: None,
        amount_minor: 10,
        currency: "USD".to_owned(),
        state: RefundState::Succeeded,
    };
    let dispute = DisputeReport {
        reference: format!("dp_{user}"),
        amount_minor: 10,
        currency: "USD".to_owned(),
        movement: Some(Movement::Withdrawn),
        status: "needs_response".to_owned(),
        moved: Vec::new(),
    };
    let given_back = GivenBackReport {
        total_minor: 20,
        currency: "USD".to_owned(),
    };
    let mut events: Vec<Brought> = [
        pay(State::Pending, Some("generic_decline")),
        pay(State::Succeeded, None),
        Report::Refund(refund),
        Report::Dispute(dispute),
        Report::GivenBack(given_back),
        Report::None,
    ]
    .into_iter()
    .enumerate()
    .map(|(number, report)| brought(&format!("evt_{user}_{number}"), payment, report))
    .collect();
    let paid = pay(State::Succeeded, None);
    events.push(opening(
        user,
        brought(&format!("evt_{user}_opens"), payment, paid),
    ));
    for duplicate in [false, true] {
        for applied in batch(connection, &events).await {
            assert_eq!(applied.duplicate, duplicate, "{applied:?}");
            assert_ne!(applied.outcome, Outcome::Contradiction);
        }
    }
}

async fn batch(connection: &mut PgConnection, events: &[Brought]) -> Vec<Applied> {
    let prices = Reading::now(Catalogue::default());
    let events: Vec<&Brought> = events.iter().collect();
    let mut transaction = connection.begin().await.unwrap();
    crate::ledger::hardly_wait(&mut transaction).await.unwrap();
    let applied = batch::apply(&mut transaction, &prices, RATE_AGE_MAX, &events)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    applied
}

fn brought(event_id: &str, payment: PaymentId, report: Report) -> Brought {
    Brought {
        event: ProviderEvent {
            provider: "stripe".to_owned(),
            event_id: event_id.to_owned(),
            event_type: "a.report".to_owned(),
            livemode: false,
            provider_account: String::new(),
            occurred_at: Timestamp::now(),
            raw: b"{}".to_vec(),
            reference: Some(format!("pi_{}", payment.number)),
            further_references: Vec::new(),
            payment: Some(payment),
            account: None,
            report,
            opens: None,
        },
        caller: Arc::new(Caller::local()),
    }
}

/// The event, of a payment that nobody asked for here.
fn opening(user: &str, brought: Brought) -> Brought {
    let opens = PaymentOpening {
        account: AccountId::of("acme", user),
        name: Opening {
            tenant_id: "acme".to_owned(),
            user_id: user.to_owned(),
        },
        purpose: Purpose::TopUp,
        amount_minor: 100,
        currency: Currency::Usd,
        begun_at: Timestamp::now(),
        subscription: None,
    };
    Brought {
        event: ProviderEvent {
            reference: Some(format!("in_{user}")),
            further_references: Vec::new(),
            payment: None,
            opens: Some(opens),
            ..brought.event
        },
        caller: brought.caller,
    }
}

async fn new_payment(connection: &mut PgConnection, user: &str) -> PaymentId {
    let id = PaymentId {
        account: AccountId::of("acme", user),
        number: Uuid::now_v7(),
    };
    sqlx::query(
        "insert into payment (account_id, payment_id, tenant_id, user_id, provider, livemode, purpose,
            idempotency_key, content_hash, amount_minor, currency, rate, credit_micros, created_at)
        values ($1, $2, 'acme', $3, 'stripe', false, 'top_up', 'key', sha256('content'), 100, 'USD', 1,
            1000000, clock_timestamp())",
    )
    .bind(id.account.uuid())
    .bind(id.number)
    .bind(user)
    .execute(connection)
    .await
    .unwrap();
    id
}
