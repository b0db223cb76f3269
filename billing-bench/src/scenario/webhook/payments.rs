//! Payments that wait to be reported as paid, and what the books must say when they were.

use std::time::Duration;

use anyhow::{Context, Result};
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_proto::v1::{
    AccountRef, AttachProviderReferenceRequest, CreatePaymentRequest, PaymentPurpose,
};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};

use super::super::ground::Ground;
use super::super::report::ScenarioReport;
use super::ACCOUNTS;
use crate::load::{TENANT, user};

const AMOUNT_MINOR: i64 = 1_000;
const AT_ONCE: usize = 64;

/// A payment that the provider knows.
#[derive(Clone)]
pub struct Made {
    pub payment_id: String,
    pub reference: String,
    pub amount_minor: i64,
}

/// Makes payments of many accounts; `name` makes their references theirs alone.
pub async fn create(ground: &Ground, name: &str, count: usize) -> Result<Vec<Made>> {
    let channel = Endpoint::from_shared(format!("http://{}", ground.core(0)?))?
        .timeout(Duration::from_secs(10))
        .connect()
        .await?;
    let bearer: MetadataValue<Ascii> = format!("Bearer {}", ground.tokens.admin).parse()?;
    let mut made = Vec::with_capacity(count);
    let mut calls = JoinSet::new();
    for number in 0..count {
        if calls.len() >= AT_ONCE
            && let Some(call) = calls.join_next().await
        {
            made.push(call??);
        }
        let reference = format!("pi_{}_{number}", name.replace('-', "_"));
        calls.spawn(create_one(
            channel.clone(),
            bearer.clone(),
            reference,
            number,
        ));
    }
    while let Some(call) = calls.join_next().await {
        made.push(call??);
    }
    Ok(made)
}

async fn create_one(
    channel: Channel,
    bearer: MetadataValue<Ascii>,
    reference: String,
    number: usize,
) -> Result<Made> {
    let mut payments = PaymentServiceClient::new(channel);
    let account = u64::try_from(number)?
        .checked_rem(ACCOUNTS)
        .unwrap_or_default();
    let create = CreatePaymentRequest {
        account: Some(AccountRef {
            tenant_id: TENANT.to_owned(),
            user_id: user(account),
        }),
        idempotency_key: reference.clone(),
        provider: "stripe".to_owned(),
        purpose: PaymentPurpose::TopUp.into(),
        amount_minor: AMOUNT_MINOR,
        currency: "USD".to_owned(),
        ..CreatePaymentRequest::default()
    };
    let created = payments.create_payment(signed(create, &bearer)).await?;
    let payment = created.into_inner().payment.context("no payment")?;
    let attach = AttachProviderReferenceRequest {
        payment_id: payment.payment_id.clone(),
        provider_reference: reference.clone(),
        ..AttachProviderReferenceRequest::default()
    };
    payments
        .attach_provider_reference(signed(attach, &bearer))
        .await?;
    Ok(Made {
        payment_id: payment.payment_id,
        reference,
        amount_minor: AMOUNT_MINOR,
    })
}

fn signed<T>(message: T, bearer: &MetadataValue<Ascii>) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", bearer.clone());
    request
}

/// Each of these payments is credited, once.
pub async fn expect_credited(
    report: &mut ScenarioReport,
    ground: &Ground,
    made: &[Made],
) -> Result<()> {
    let references: Vec<&str> = made
        .iter()
        .map(|payment| payment.reference.as_str())
        .collect();
    let mut connection = PgConnection::connect(&ground.stage.superuser_url()).await?;
    let credits: i64 = sqlx::query_scalar(
        "select count(*) from payment_reference r
        join payment_entry e on e.account_id = r.account_id and e.payment_id = r.payment_id and e.kind = 'top_up'
        where r.provider = 'stripe' and r.reference = any($1)",
    )
    .bind(&references)
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    if usize::try_from(credits) != Ok(made.len()) {
        report
            .wrong
            .push(format!("{credits} credits of {} paid payments", made.len()));
    }
    Ok(())
}
