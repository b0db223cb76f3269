//! `POST /api/v1/contributions/checkout`: begins a contribution, which is paid on a page of the provider's.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use billing_proto::v1::{
    ContributionTerms, CreatePaymentRequest, CreatePaymentResponse, GetPaymentRequest, Payment,
    PaymentPurpose, get_payment_request,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{IS_ANONYMOUS, Status, WORDING_VERSION};
use crate::auth::Caller;
use crate::core::{Core, FieldNames};
use crate::currency::USD;
use crate::json_object::JsonObject;
use crate::payment::create::{PROVIDER_TIMEOUT, RECEIPT_EMAIL, count, has_ended, receipt_email};
use crate::payment::{apply, digest, expired, idempotency_key, note, open, present};
use crate::problem::{ApiError, PaymentError, Problem};
use crate::providers::{
    Event, HostedPages, Opened, Order, Page, Payable, Provider, ProviderError, Providers,
};

const AMOUNT: &str = "amount_cents";
const INTERVAL: &str = "interval";
const CONSENT: &str = "public_display_consent";
const MESSAGE: &str = "message";
const CAMEL_CASE: &[(&str, &str)] = &[
    ("amountCents", AMOUNT),
    ("isAnonymous", IS_ANONYMOUS),
    ("publicDisplayConsent", CONSENT),
    ("wordingVersion", WORDING_VERSION),
    ("receiptEmail", RECEIPT_EMAIL),
];
const FIELDS: FieldNames<'static> = &[
    ("amount_minor", AMOUNT),
    ("contribution.public_display_consent", CONSENT),
    ("contribution.message", MESSAGE),
    ("contribution.wording_version", WORDING_VERSION),
    ("idempotency_key", "Idempotency-Key"),
];

/// What the provider's page says. Said again it must be the same, or the provider refuses it.
const ONCE: (&str, &str) = (
    "Contribution",
    "Thank you for your support. Contributions are not tax-deductible.",
);
const MONTHLY: (&str, &str) = (
    "Monthly contribution",
    "Thank you for your support. It is taken each month until you cancel it. Contributions are not tax-deductible.",
);

/// What to give. Each member may be written in camel case.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct CheckoutRequest {
    /// In cents of US dollars.
    #[schema(minimum = 500, maximum = 1_000_000, example = 2500)]
    amount_cents: i64,
    /// `month`: the same is taken each month from now on. Null, or absent: once.
    #[schema(required = false, example = "month")]
    interval: Option<String>,
    /// True: it names its giver nowhere. Stands above consent.
    #[schema(required = false, default = false)]
    is_anonymous: bool,
    /// The giver consented to be named in public. One of both must be true.
    #[schema(required = false, default = false)]
    public_display_consent: bool,
    /// Which words were consented to; absent: the tenant's present ones.
    #[schema(required = false, nullable = false, max_length = 32)]
    wording_version: Option<String>,
    /// Shown on the wall once somebody has approved it. Null, or empty: none.
    #[schema(
        required = false,
        max_length = 500,
        example = "Keep up the great work!"
    )]
    message: Option<String>,
    /// Where the provider sends its receipt. Billing does not keep it.
    #[schema(required = false, nullable = false)]
    receipt_email: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckoutResponse {
    /// The page on which it is paid.
    checkout_url: String,
    /// What the contribution is called from now on.
    contribution_ulid: String,
    /// `pending`, unless its key was used before: what is paid or has ended is not paid again.
    status: Status,
}

/// Begins a contribution
///
/// Of two tabs one pays: the same again, while the first is open, is the first; another amount or other words
/// end the first one's page. Whoever gives monthly already begins no second subscription. The same `Idempotency-Key` and body are the same contribution.
#[utoipa::path(
    post,
    path = "/api/v1/contributions/checkout",
    operation_id = "createCheckout",
    tag = "sponsorship",
    security(("bearer" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header, max_length = 255,
         description = "Makes the request repeatable; visible ASCII"),
    ),
    request_body = CheckoutRequest,
    responses(
        (status = 200, body = CheckoutResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn post(
    State(providers): State<Providers>,
    core: Core,
    caller: Caller,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<Json<CheckoutResponse>, ApiError> {
    let body = body.renamed(CAMEL_CASE)?;
    let monthly = wants_monthly(&body)?;
    let said = body.text(RECEIPT_EMAIL)?;
    let receipt_email = said.as_deref().map(receipt_email).transpose()?;
    let mut paid_in_usd = providers
        .iter()
        .filter(|provider| provider.currency() == USD);
    let with_pages = paid_in_usd.find_map(|provider| {
        let pages = provider.hosted_pages(PaymentPurpose::Contribution)?;
        Some((provider, pages))
    });
    let Some((provider, pages)) = with_pages else {
        let reason = "contributions are not taken here".to_owned();
        return Err(PaymentError::Off { reason }.into());
    };
    if monthly && provider.subscriptions().is_none() {
        let reason = "contributions are not taken monthly here".to_owned();
        return Err(PaymentError::Off { reason }.into());
    }
    let request = CreatePaymentRequest {
        account: Some(caller.account()),
        idempotency_key: idempotency_key(&headers)?,
        provider: provider.name().to_owned(),
        purpose: PaymentPurpose::Contribution.into(),
        amount_minor: body
            .whole(AMOUNT)?
            .ok_or_else(|| ApiError::invalid(AMOUNT, "must be given"))?,
        currency: provider.currency().code.to_owned(),
        livemode: provider.livemode(),
        content: said.as_deref().map(digest).unwrap_or_default(),
        contact: caller.contact(),
        provider_account: String::new(),
        contribution: Some(ContributionTerms {
            is_anonymous: body.boolean(IS_ANONYMOUS)?.unwrap_or_default(),
            public_display_consent: body.boolean(CONSENT)?.unwrap_or_default(),
            wording_version: body.text(WORDING_VERSION)?.unwrap_or_default(),
            message: body.text_or_null(MESSAGE)?.unwrap_or_default(),
            monthly,
        }),
    };
    let checkout = Checkout {
        core: &core,
        provider: provider.as_ref(),
        pages,
        receipt_email: receipt_email.as_deref(),
    };
    // Where this fails the contribution stays as it is: whether the provider has it is not known.
    let begun = tokio::time::timeout(PROVIDER_TIMEOUT, checkout.begin(request)).await;
    let begun = begun.unwrap_or_else(|_elapsed| Err(PaymentError::ProviderLate.into()));
    count(checkout.provider, &begun);
    begun.map(Json)
}

fn wants_monthly(body: &JsonObject) -> Result<bool, ApiError> {
    match body.text_or_null(INTERVAL)?.as_deref() {
        None | Some("") => Ok(false),
        Some("month") => Ok(true),
        Some(_) => Err(ApiError::invalid(
            INTERVAL,
            "must be month, or absent: once",
        )),
    }
}

/// Whether it begins a subscription. A core of before does not know any.
fn is_monthly(recorded: &CreatePaymentResponse) -> bool {
    let payment = recorded.payment.as_ref();
    payment.is_some_and(|payment| !payment.subscription_id.is_empty())
}

struct Checkout<'a> {
    core: &'a Core,
    provider: &'a dyn Provider,
    pages: &'a dyn HostedPages,
    receipt_email: Option<&'a str>,
}

impl Checkout<'_> {
    async fn begin(&self, request: CreatePaymentRequest) -> Result<CheckoutResponse, ApiError> {
        let mut recorded = self.record(&request).await?;
        let wanted = request.contribution.as_ref();
        if wanted.is_some_and(|terms| terms.monthly) && !is_monthly(&recorded) {
            // Nobody is led to a page that takes it once. What was recorded ends by itself.
            let reason = "contributions are not taken monthly here yet".to_owned();
            return Err(PaymentError::Off { reason }.into());
        }
        if recorded.replayed
            && self
                .has_ended_there(present(recorded.payment.clone())?)
                .await?
        {
            recorded = self.record(&request).await?;
        }
        for before in &recorded.open_before {
            self.end(before).await?;
        }
        // One of them may have turned out to be paid, and monthly: then the core refuses this one now.
        if is_monthly(&recorded) && !recorded.open_before.is_empty() {
            recorded = self.record(&request).await?;
        }
        let status = Status::of_payment(&present(recorded.payment.clone())?);
        let checkout_url = if recorded.page_url.is_empty() {
            self.page(&recorded).await?
        } else {
            recorded.page_url
        };
        Ok(CheckoutResponse {
            checkout_url,
            contribution_ulid: recorded.contribution_ulid,
            status,
        })
    }

    async fn record(
        &self,
        request: &CreatePaymentRequest,
    ) -> Result<CreatePaymentResponse, ApiError> {
        let recorded = self.core.create_payment(request.clone()).await;
        recorded.map_err(|error| error.into_api(FIELDS))
    }

    /// Whether a page that is to be given again has ended at the provider, or was paid on, which we have not heard
    /// yet.
    async fn has_ended_there(&self, payment: Payment) -> Result<bool, ApiError> {
        if payment.provider_reference.is_empty() || has_ended(payment.state()) {
            return Ok(false);
        }
        let Ok(events) = self.provider.retrieve(&payment.provider_reference).await else {
            // Then the page says it.
            return Ok(false);
        };
        self.apply(events).await?;
        let found = self.find(&payment).await?;
        Ok(found.processing || has_ended(found.state()))
    }

    /// Makes the page of a recorded contribution, or finds it again where no answer came.
    async fn page(&self, recorded: &CreatePaymentResponse) -> Result<String, ApiError> {
        let payment = present(recorded.payment.clone())?;
        if has_ended(payment.state()) {
            return Err(PaymentError::Ended.into());
        }
        let customer = &recorded.customer_reference;
        let found = if recorded.replayed {
            let found = self.pages.find(&payment, customer).await;
            found.map_err(PaymentError::from)?
        } else {
            None
        };
        let (payment, opened) = if let Some(found) = found {
            (note(self.core, &payment, &found).await?, found)
        } else {
            let ulid = &recorded.contribution_ulid;
            self.open(&payment, customer.clone(), ulid).await?
        };
        if has_ended(payment.state()) {
            // Another tab of the same person has begun something else meanwhile.
            self.expire(&payment, &opened.reference).await?;
            return Err(PaymentError::Ended.into());
        }
        // One that is paid, or being paid, has no page any more.
        let page_url = opened.page_url.filter(|url| !url.is_empty());
        page_url.ok_or_else(|| PaymentError::Ended.into())
    }

    async fn open(
        &self,
        payment: &Payment,
        customer: String,
        ulid: &str,
    ) -> Result<(Payment, Opened), ApiError> {
        let (product, description) = if payment.subscription_id.is_empty() {
            ONCE
        } else {
            MONTHLY
        };
        let order = Order {
            payment,
            receipt_email: self.receipt_email,
            page: Page {
                product,
                description,
                ulid,
                back: None,
            },
        };
        let payable = Payable::HostedPages(self.pages);
        open(self.core, self.provider, payable, &order, customer).await
    }

    /// Ends an earlier contribution of the same person, so that only one is paid. One that was paid after all
    /// stays paid.
    async fn end(&self, before: &Payment) -> Result<(), ApiError> {
        if !before.provider_reference.is_empty() {
            return self.expire(before, &before.provider_reference).await;
        }
        // Its request is under way, or was lost. When it notes what the provider calls it, it finds that it has
        // ended; where it just did, it is found here.
        self.apply(vec![expired(before, self.provider.livemode())])
            .await?;
        let payment = self.find(before).await?;
        if payment.provider_reference.is_empty() {
            return Ok(());
        }
        self.expire(&payment, &payment.provider_reference).await
    }

    async fn expire(&self, payment: &Payment, reference: &str) -> Result<(), ApiError> {
        let events = match self.pages.expire(reference).await {
            Ok(events) => events,
            // It does not know it any more.
            Err(ProviderError::Refused { .. }) => {
                vec![expired(payment, self.provider.livemode())]
            }
            Err(error) => return Err(PaymentError::from(error).into()),
        };
        self.apply(events).await
    }

    async fn apply(&self, events: Vec<Event>) -> Result<(), ApiError> {
        for event in events {
            let applied = apply(self.core, self.provider.name(), event).await;
            applied.map_err(|error| error.into_api(&[]))?;
        }
        Ok(())
    }

    async fn find(&self, payment: &Payment) -> Result<Payment, ApiError> {
        let request = GetPaymentRequest {
            account: payment.account.clone(),
            name: Some(get_payment_request::Name::PaymentId(
                payment.payment_id.clone(),
            )),
        };
        let found = self.core.get_payment(request).await;
        present(found.map_err(|error| error.into_api(&[]))?.payment)
    }
}
