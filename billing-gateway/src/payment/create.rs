//! `POST /api/billing/payment/{provider}/create`: begins a top-up.

use std::fmt::Write;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use billing_proto::contact;
use billing_proto::v1::{
    CreatePaymentRequest, CreatePaymentResponse, Payment, PaymentPurpose, PaymentState,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::Core;
use crate::currency::Amount;
use crate::json_object::{AmountMember, JsonObject};
use crate::payment::settings::PaymentConfig;
use crate::payment::shown::{PaymentStatus, amount, currency, payment_status};
use crate::payment::{fields, idempotency_key, named, open, payable, present};
use crate::problem::{ApiError, PaymentError, Problem};
use crate::providers::{BrowserMembers, BrowserSchema, Order, Page, Payable, Provider, Providers};
use crate::usd::Usd;

/// For all that the provider is asked for, and what is noted of it: less than one request may take.
pub(crate) const PROVIDER_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) const RECEIPT_EMAIL: &str = "receipt_email";

/// What to pay.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct CreatePaymentBody {
    /// For a provider that is paid in US dollars. At least 1, at most what the operator allows, with
    /// at most two decimals.
    #[schema(required = false, nullable = false)]
    amount_usd: Option<Usd>,
    /// For a provider that is paid in hryvnias: Fondy. At least 10.
    #[schema(required = false, nullable = false)]
    amount_uah: Option<Usd>,
    /// Where the provider sends its receipt. Billing does not keep it.
    #[schema(required = false, nullable = false)]
    receipt_email: Option<String>,
}

/// A payment that the browser goes on with.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedPayment {
    payment_id: String,
    amount: Amount,
    /// ISO 4217.
    currency: String,
    /// Where it stands. One that is paid or has ended, which a repeated request may find, is not paid again:
    /// what the browser would pay it with is not there then.
    status: PaymentStatus,
    #[serde(flatten)]
    #[schema(value_type = BrowserSchema)]
    browser: BrowserMembers,
}

/// Begins a top-up
///
/// The same `Idempotency-Key` and body are the same payment, and tell where it stands now.
#[utoipa::path(
    post,
    path = "/api/billing/payment/{provider}/create",
    operation_id = "createPayment",
    tag = "payments",
    security(("bearer" = [])),
    params(
        ("provider" = String, Path, example = "stripe"),
        ("Idempotency-Key" = Option<String>, Header, max_length = 255,
         description = "Makes the request repeatable; visible ASCII"),
    ),
    request_body = CreatePaymentBody,
    responses(
        (status = 200, body = CreatedPayment),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn post(
    State(providers): State<Providers>,
    State(config): State<PaymentConfig>,
    core: Core,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<Json<CreatedPayment>, ApiError> {
    let provider = providers
        .find(&named(path)?)
        .ok_or(ApiError::NotFound)?
        .as_ref();
    let created = create(&config, &core, &caller, provider, &headers, &body).await;
    count(provider, &created);
    created.map(Json)
}

/// How a request for a payment ended.
pub(crate) fn count<T>(provider: &dyn Provider, created: &Result<T, ApiError>) {
    let outcome = match created {
        Ok(_) => "created",
        Err(ApiError::Payment(error)) => error.kind().code,
        Err(ApiError::Unavailable(_) | ApiError::Fault(_)) => "unavailable",
        Err(_) => "refused",
    };
    metrics::counter!(
        "billing.payment.requests",
        "provider" => provider.name(), "outcome" => outcome,
    )
    .increment(1);
}

async fn create(
    config: &PaymentConfig,
    core: &Core,
    caller: &Caller,
    provider: &dyn Provider,
    headers: &HeaderMap,
    body: &JsonObject,
) -> Result<CreatedPayment, ApiError> {
    let said = body.text(RECEIPT_EMAIL)?;
    let receipt_email = said.as_deref().map(receipt_email).transpose()?;
    let request = CreatePaymentRequest {
        account: Some(caller.account()),
        idempotency_key: idempotency_key(headers)?,
        provider: provider.name().to_owned(),
        purpose: PaymentPurpose::TopUp.into(),
        amount_minor: amount_minor(body, provider, config)?,
        currency: provider.currency().code.to_owned(),
        livemode: provider.livemode(),
        content: said.as_deref().map(digest).unwrap_or_default(),
        contact: caller.contact(),
        provider_account: String::new(),
        contribution: None,
    };
    let recorded = async || {
        let answer = core.create_payment(request.clone()).await;
        answer.map_err(|error| error.into_api(&fields(provider.currency())))
    };
    let begin = async {
        let answer = recorded().await?;
        match begun(core, provider, answer, receipt_email.as_deref()).await {
            // Another request with the key may have been told the page meanwhile.
            Err(ApiError::Payment(PaymentError::Begun)) => {
                let answer = recorded().await?;
                begun(core, provider, answer, receipt_email.as_deref()).await
            }
            begun => begun,
        }
    };
    // Where this fails the payment stays as it is: whether the provider has it is not known.
    let (payment, browser) = tokio::time::timeout(PROVIDER_TIMEOUT, begin)
        .await
        .map_err(|_elapsed| PaymentError::ProviderLate)??;
    Ok(CreatedPayment {
        amount: amount(currency(&payment.currency)?, payment.amount_minor)?,
        status: payment_status(payment.state())?,
        payment_id: payment.payment_id,
        currency: payment.currency,
        browser: browser.tagged(provider),
    })
}

/// A recorded payment, made at its provider where it is not yet, and what the browser goes on with.
async fn begun(
    core: &Core,
    provider: &dyn Provider,
    answer: CreatePaymentResponse,
    receipt_email: Option<&str>,
) -> Result<(Payment, BrowserMembers), ApiError> {
    let payment = present(answer.payment)?;
    let reference = payment.provider_reference.as_str();
    // What is paid or has ended is not opened again: nobody would ask the provider about it.
    if has_ended(payment.state()) {
        let browser = provider.known(reference, None);
        return Ok((payment, browser));
    }
    if !answer.page_url.is_empty() {
        let browser = provider.known(reference, Some(&answer.page_url));
        return Ok((payment, browser));
    }
    if reference.is_empty() {
        let customer = answer.customer_reference;
        let order = Order {
            payment: &payment,
            receipt_email,
            page: Page::TOP_UP,
        };
        let opened = open(core, provider, &order, customer).await;
        return opened.map(|(payment, opened)| (payment, opened.browser));
    }
    // The key was used before: the browser goes on with what it was given then.
    let Payable::Intents(intents) = payable(provider, &payment)? else {
        return Err(PaymentError::Begun.into());
    };
    let resumed = intents.resume(reference).await;
    let browser = resumed.map_err(PaymentError::from)?;
    Ok((payment, browser))
}

pub(crate) fn has_ended(state: PaymentState) -> bool {
    match state {
        PaymentState::Succeeded
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => true,
        PaymentState::Unspecified
        | PaymentState::Created
        | PaymentState::Pending
        | PaymentState::RequiresAction => false,
    }
}

fn amount_minor(
    body: &JsonObject,
    provider: &dyn Provider,
    config: &PaymentConfig,
) -> Result<i64, ApiError> {
    let currency = provider.currency();
    let field = currency.amount_field;
    let most_micros = config.most_micros(currency);
    let given = match body.amount(field)? {
        AmountMember::Amount(given) => given,
        AmountMember::Null => return Err(ApiError::invalid(field, "must be a JSON number")),
        AmountMember::Absent => {
            let paid_in = format!("must be given: this provider is paid in {}", currency.code);
            return Err(ApiError::invalid(field, paid_in));
        }
    };
    let minor = currency
        .minor(given.micros())
        .ok_or_else(|| ApiError::invalid(field, "must have at most two decimals"))?;
    if minor < provider.least_minor() {
        let least = amount(currency, provider.least_minor())?;
        return Err(ApiError::invalid(
            field,
            format!("must be at least {least}"),
        ));
    }
    if given.micros() > most_micros {
        let most = Usd::from_micros(most_micros);
        return Err(ApiError::invalid(field, format!("must be at most {most}")));
    }
    Ok(minor)
}

/// As the provider's servers can send to it.
pub(crate) fn receipt_email(said: &str) -> Result<String, ApiError> {
    contact::address(said)
        .ok_or_else(|| ApiError::invalid(RECEIPT_EMAIL, "must be an e-mail address"))
}

/// The core compares it where a key is used again, and does not keep the address.
pub(crate) fn digest(email: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(email.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
