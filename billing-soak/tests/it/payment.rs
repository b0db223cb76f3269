//! A core that dies while it credits a payment: the provider reports again, and the credit is there
//! once, whatever had become of the commit.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_proto::v1::{
    ApplyProviderEventRequest, CreatePaymentRequest, EventOutcome, Payment, PaymentPurpose,
    PaymentReport, PaymentState,
};
use billing_soak::ask::account;
use billing_soak::callers::{Caller, channel, set_tenant};
use billing_stage::{Stage, Tokens};
use sqlx::{Connection, PgConnection, query, query_scalar};
use tokio::time::{sleep, timeout};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use crate::alone;

const BOUND: Duration = Duration::from_mins(1);
const USER: &str = "ann";

type Payments = PaymentServiceClient<InterceptedService<Channel, Caller>>;

fn payments(stage: &Stage, core: usize, tokens: &Tokens) -> Result<Payments> {
    let caller = Caller::new(&tokens.admin, Duration::from_secs(20))?;
    let channel = channel(stage.cores[core].grpc)?;
    Ok(PaymentServiceClient::with_interceptor(channel, caller))
}

async fn created(payments: &mut Payments) -> Result<Payment> {
    let request = CreatePaymentRequest {
        account: Some(account(USER)),
        idempotency_key: "top-up".to_owned(),
        provider: "stripe".to_owned(),
        purpose: PaymentPurpose::TopUp.into(),
        amount_minor: 500,
        currency: "USD".to_owned(),
        ..Default::default()
    };
    let answer = payments.create_payment(request).await?.into_inner();
    answer.payment.context("no payment")
}

fn succeeded(payment: &Payment) -> ApplyProviderEventRequest {
    ApplyProviderEventRequest {
        provider: "stripe".to_owned(),
        event_id: "evt_1".to_owned(),
        event_type: "payment_intent.succeeded".to_owned(),
        occurred_at: payment.created_at,
        provider_reference: "pi_1".to_owned(),
        payment_id: payment.payment_id.clone(),
        report: Some(Report::Payment(PaymentReport {
            state: PaymentState::Succeeded.into(),
            amount_minor: 500,
            currency: "USD".to_owned(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

/// From now on each commit that credits a payment waits as long as somebody else has the lock.
async fn close_gate(gate: &mut PgConnection) -> Result<()> {
    for statement in [
        "create function wait_at_gate() returns trigger language plpgsql as $$
        begin
            perform pg_advisory_xact_lock_shared(1);
            return null;
        end $$",
        "create constraint trigger gate after insert on payment_entry deferrable initially deferred
            for each row execute function wait_at_gate()",
        "select pg_advisory_lock(1)",
    ] {
        query(statement).execute(&mut *gate).await?;
    }
    Ok(())
}

async fn count(connection: &mut PgConnection, statement: &'static str) -> Result<i64> {
    Ok(query_scalar(statement).fetch_one(connection).await?)
}

const WAITING: &str = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
const CREDITS: &str = "select count(*) from entry where kind = 'top_up'";

/// The report comes as far as its commit; the core is killed; then the commit is made, or is not.
async fn credited_once(commit_is_made: bool) -> Result<()> {
    // Others may take longer than this does.
    let (_alone, stage, tokens) = alone::set(2).await?;
    timeout(BOUND, report_twice(stage, &tokens, commit_is_made))
        .await
        .context("cores or callers hang")?
}

async fn report_twice(mut stage: Stage, tokens: &Tokens, commit_is_made: bool) -> Result<()> {
    set_tenant(stage.cores[0].grpc, &tokens.admin).await?;
    let payment = created(&mut payments(&stage, 0, tokens)?).await?;
    let mut gate = PgConnection::connect(&stage.superuser_url()).await?;
    close_gate(&mut gate).await?;
    let mut first = payments(&stage, 0, tokens)?;
    let report = succeeded(&payment);
    let sent = tokio::spawn(async move { first.apply_provider_event(report).await });
    while count(&mut gate, WAITING).await? == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    stage.cores[0].kill().await?;
    ensure!(sent.await?.is_err(), "a core that is dead has answered");
    if !commit_is_made {
        let kill = "select pg_terminate_backend(pid) from pg_locks
            where locktype = 'advisory' and not granted";
        query(kill).execute(&mut gate).await?;
    }
    while !commit_is_made && count(&mut gate, WAITING).await? > 0 {
        sleep(Duration::from_millis(5)).await;
    }
    query("select pg_advisory_unlock(1)")
        .execute(&mut gate)
        .await?;
    while commit_is_made && count(&mut gate, CREDITS).await? == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    stage.cores[0].start().await?;
    // The provider reports again, to both.
    let mut duplicates = Vec::new();
    for core in [1, 0] {
        let mut again = payments(&stage, core, tokens)?;
        let answer = again
            .apply_provider_event(succeeded(&payment))
            .await?
            .into_inner();
        ensure!(answer.outcome() == EventOutcome::Applied, "{answer:?}");
        duplicates.push(answer.duplicate);
    }
    ensure!(duplicates == [commit_is_made, true], "{duplicates:?}");
    ensure!(count(&mut gate, CREDITS).await? == 1);
    gate.close().await?;
    stage.audit().await?;
    stage.clear().await
}

#[tokio::test]
async fn a_credit_whose_core_died_before_it_could_answer_is_there_once() -> Result<()> {
    credited_once(true).await
}

#[tokio::test]
async fn a_credit_whose_core_and_commit_died_is_made_when_it_is_reported_again() -> Result<()> {
    credited_once(false).await
}
