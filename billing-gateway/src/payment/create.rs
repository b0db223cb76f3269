//! `POST /api/billing/payment/{provider}/create`: begins a top-up.

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
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::Core;
use crate::currency::Amount;
use crate::json_object::{AmountMember, JsonObject};
use crate::payment::settings::PaymentConfig;
use crate::payment::shown::{PaymentStatus, amount, currency, payment_status};
use crate::payment::way::Way;
use crate::payment::{apply, fields, idempotency_key, named, note, open, present};
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
    /// True: it is paid on a page of the provider's, whose address the answer has. Absent: as the provider usually
    /// is.
    #[schema(required = false, nullable = false)]
    hosted: Option<bool>,
    /// Where the payer comes back to from the provider's page, of an origin that may call; `payment=` and
    /// our name of the payment are put into its query, or `cancelled=`. Absent: the dashboard.
    #[schema(required = false, nullable = false)]
    return_url: Option<String>,
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
    let way = Way::of(body, provider, config)?;
    let request = CreatePaymentRequest {
        account: Some(caller.account()),
        idempotency_key: idempotency_key(headers)?,
        provider: provider.name().to_owned(),
        purpose: PaymentPurpose::TopUp.into(),
        amount_minor: amount_minor(body, provider, config)?,
        currency: provider.currency().code.to_owned(),
        livemode: provider.livemode(),
        content: way.content(said.as_deref()),
        contact: caller.contact(),
        provider_account: String::new(),
        contribution: None,
    };
    let creation = Creation {
        core,
        provider,
        way: &way,
        receipt_email: receipt_email.as_deref(),
    };
    let begin = async {
        match creation.begun(&request).await {
            // Another request with the key may have been told the page meanwhile.
            Err(ApiError::Payment(PaymentError::Begun)) => creation.begun(&request).await,
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

struct Creation<'a> {
    core: &'a Core,
    provider: &'a dyn Provider,
    way: &'a Way<'a>,
    receipt_email: Option<&'a str>,
}

impl Creation<'_> {
    /// A recorded payment, made at its provider where it is not yet, and what the browser goes on with.
    async fn begun(
        &self,
        request: &CreatePaymentRequest,
    ) -> Result<(Payment, BrowserMembers), ApiError> {
        let mut answer = self.record(request).await?;
        if answer.replayed && self.way.is_unusual && self.ask(&answer).await? {
            answer = self.record(request).await?;
        }
        let payment = present(answer.payment)?;
        let reference = payment.provider_reference.as_str();
        // What is paid or has ended is not opened again: nobody would ask the provider about it. And a page whose
        // payer has done their part is over.
        let is_over = self.way.is_unusual && payment.processing;
        if has_ended(payment.state()) || is_over {
            let browser = self.provider.known(reference, None);
            return Ok((payment, browser));
        }
        if !answer.page_url.is_empty() {
            let browser = self.provider.known(reference, Some(&answer.page_url));
            return Ok((payment, browser));
        }
        if reference.is_empty() {
            return self.open(&payment, answer.customer_reference).await;
        }
        // The key was used before: the browser goes on with what it was given then.
        let browser = match self.way.payable {
            Payable::Intents(intents) => intents.resume(reference).await,
            Payable::HostedPages(pages) => {
                let found = pages.find(&payment, &answer.customer_reference).await;
                let found = found.map_err(PaymentError::from)?;
                let told = found.filter(|opened| opened.page_url.is_some());
                let opened = told.ok_or(PaymentError::Begun)?;
                note(self.core, &payment, &opened).await?;
                Ok(opened.browser)
            }
        };
        let browser = browser.map_err(PaymentError::from)?;
        Ok((payment, browser))
    }

    async fn record(
        &self,
        request: &CreatePaymentRequest,
    ) -> Result<CreatePaymentResponse, ApiError> {
        let answer = self.core.create_payment(request.clone()).await;
        answer.map_err(|error| error.into_api(&fields(self.provider.currency())))
    }

    async fn open(
        &self,
        payment: &Payment,
        customer: String,
    ) -> Result<(Payment, BrowserMembers), ApiError> {
        let order = Order {
            payment,
            receipt_email: self.receipt_email,
            page: Page::top_up(self.way.back.as_ref()),
        };
        let opened = open(self.core, self.provider, self.way.payable, &order, customer).await;
        opened.map(|(payment, opened)| (payment, opened.browser))
    }

    /// Whether the provider says more of a page that is to be given again than we have heard: it may have ended, or
    /// was paid on.
    async fn ask(&self, answer: &CreatePaymentResponse) -> Result<bool, ApiError> {
        let payment = present(answer.payment.clone())?;
        if payment.provider_reference.is_empty() || has_ended(payment.state()) {
            return Ok(false);
        }
        // Where it does not answer, the page says it.
        let events = self.provider.retrieve(&payment.provider_reference).await;
        for event in events.unwrap_or_default() {
            let applied = apply(self.core, self.provider.name(), event).await;
            applied.map_err(|error| error.into_api(&[]))?;
        }
        Ok(true)
    }
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
