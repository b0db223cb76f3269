//! `POST /api/v1/contributions/checkout`: begins a contribution, and answers with the page on which it is paid.

use axum::Json;
use axum::extract::State;
use billing_proto::v1::{
    ContributionTerms, CreatePaymentRequest, Payment, PaymentPurpose, PaymentState,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{IS_ANONYMOUS, WORDING_VERSION, paid_to};
use crate::auth::Caller;
use crate::core::{Core, FieldNames};
use crate::json_object::JsonObject;
use crate::payment::create::{
    PROVIDER_TIMEOUT, RECEIPT_EMAIL, count, digest, has_ended, receipt_email,
};
use crate::payment::{apply, end, open, present};
use crate::payment_id::ulid_of;
use crate::problem::{ApiError, PaymentError, Problem};
use crate::providers::{HostedPages, Order, Page, Provider, Providers};

/// How many contributions of the same terms may be found paid, or ended, of which no webhook has told yet.
const UNTOLD_MAX: usize = 3;

const PRODUCT: &str = "Contribution";
const DESCRIPTION: &str = "Thank you for your support. Contributions are not tax-deductible.";

const AMOUNT: &str = "amount_cents";
const CONSENT: &str = "public_display_consent";
const MESSAGE: &str = "message";

/// As the guide's own client writes the members.
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
    ("contribution.wording_version", WORDING_VERSION),
    ("contribution.message", MESSAGE),
];

/// What to give. Each member may be written in camel case too, as `amountCents`.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct CheckoutRequest {
    /// In cents of US dollars.
    #[schema(minimum = 500, maximum = 1_000_000)]
    amount_cents: i64,
    /// It names its giver nowhere. Stands above consent.
    #[schema(required = false)]
    is_anonymous: bool,
    /// Its giver consents to be named in public. One of both must be true.
    #[schema(required = false)]
    public_display_consent: bool,
    /// Which words were consented to, at most 32 bytes; absent: the tenant's present ones.
    #[schema(required = false)]
    wording_version: Option<String>,
    /// Shown on the wall once somebody has approved it. Without control characters, but it may have lines.
    #[schema(required = false, max_length = 500)]
    message: Option<String>,
    /// Where the provider sends its receipt. Billing does not keep it.
    #[schema(required = false, nullable = false)]
    receipt_email: Option<String>,
}

/// Where a contribution is paid.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckoutResponse {
    /// The provider's page.
    checkout_url: String,
    contribution_ulid: String,
}

/// Begins a contribution
///
/// While a contribution of the same terms can be paid, it is answered again. One of other terms takes
/// the place of what can be paid: its page is ended, so that a person with two tabs pays once.
#[utoipa::path(
    post,
    path = "/api/v1/contributions/checkout",
    operation_id = "createCheckout",
    tag = "sponsorship",
    security(("bearer" = [])),
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
    body: JsonObject,
) -> Result<Json<CheckoutResponse>, ApiError> {
    let gift = Gift::read(body)?;
    let (provider, pages) = paid_to(&providers)?;
    let checkout = Checkout {
        core: &core,
        providers: &providers,
        provider,
        pages,
        gift: &gift,
    };
    // Where this fails the contribution stays as it is: whether the provider has it is not known.
    let begun = tokio::time::timeout(PROVIDER_TIMEOUT, checkout.begin(&caller)).await;
    let begun = begun.unwrap_or_else(|_elapsed| Err(PaymentError::ProviderLate.into()));
    count(provider, &begun);
    begun.map(Json)
}

/// What a body asks for.
struct Gift {
    amount_minor: i64,
    terms: ContributionTerms,
    receipt_email: Option<String>,
}

impl Gift {
    fn read(body: JsonObject) -> Result<Self, ApiError> {
        let body = body.from_camel_case(CAMEL_CASE)?;
        let text = |field| body.text_or_null(field).map(Option::unwrap_or_default);
        let boolean = |field| body.boolean(field).map(Option::unwrap_or_default);
        let amount_minor = body.whole(AMOUNT)?;
        let said = text(RECEIPT_EMAIL)?;
        Ok(Self {
            amount_minor: amount_minor.ok_or_else(|| ApiError::invalid(AMOUNT, "must be given"))?,
            terms: ContributionTerms {
                is_anonymous: boolean(IS_ANONYMOUS)?,
                public_display_consent: boolean(CONSENT)?,
                wording_version: text(WORDING_VERSION)?,
                message: text(MESSAGE)?,
            },
            receipt_email: (!said.is_empty())
                .then(|| receipt_email(&said))
                .transpose()?,
        })
    }
}

struct Checkout<'a> {
    core: &'a Core,
    providers: &'a Providers,
    provider: &'a dyn Provider,
    pages: &'a dyn HostedPages,
    gift: &'a Gift,
}

impl Checkout<'_> {
    async fn begin(&self, caller: &Caller) -> Result<CheckoutResponse, ApiError> {
        for _ in 0..UNTOLD_MAX {
            let answer = self.core.create_payment(self.request(caller)).await;
            let answer = answer.map_err(|error| error.into_api(FIELDS))?;
            for other in &answer.open_before {
                self.end(other).await?;
            }
            let payment = present(answer.payment)?;
            let ulid = ulid_of(&payment.payment_id)
                .ok_or_else(|| ApiError::fault("a payment has another name than ours"))?;
            let page = if payment.provider_reference.is_empty() {
                self.opened(&payment, &ulid, answer.customer_reference)
                    .await?
            } else {
                self.resumed(&payment).await?
            };
            if let Some(checkout_url) = page {
                return Ok(CheckoutResponse {
                    checkout_url,
                    contribution_ulid: ulid,
                });
            }
            // It was paid, or its time is over, as the core knows by now. So this is another one.
        }
        Err(PaymentError::Begun.into())
    }

    /// What is asked of the core. No key of the caller's: while it can be paid, the same again is the same.
    fn request(&self, caller: &Caller) -> CreatePaymentRequest {
        let Gift {
            amount_minor,
            terms,
            receipt_email,
            ..
        } = self.gift;
        CreatePaymentRequest {
            account: Some(caller.account()),
            idempotency_key: Uuid::new_v4().to_string(),
            provider: self.provider.name().to_owned(),
            purpose: PaymentPurpose::Contribution.into(),
            amount_minor: *amount_minor,
            currency: self.provider.currency().code.to_owned(),
            livemode: self.provider.livemode(),
            content: receipt_email.as_deref().map(digest).unwrap_or_default(),
            contact: caller.contact(),
            provider_account: String::new(),
            contribution: Some(terms.clone()),
        }
    }

    /// Another contribution of the same person, which could still be paid. Where it was paid after all it
    /// counts, and the new one goes on: its giver asked for it, and pays it only on its own page.
    async fn end(&self, other: &Payment) -> Result<(), ApiError> {
        let provider = self.providers.find(&other.provider);
        let pages = provider.and_then(|provider| Some((provider, provider.hosted_pages()?)));
        let Some((provider, pages)) = pages else {
            tracing::warn!(
                provider = other.provider,
                payment_id = other.payment_id,
                "an open contribution is left: its provider is not configured any more"
            );
            return Ok(());
        };
        end(self.core, provider.as_ref(), pages, other).await
    }

    /// The page of a payment that has none yet, as far as is known. None: it cannot be paid any more.
    async fn opened(
        &self,
        payment: &Payment,
        ulid: &str,
        customer: String,
    ) -> Result<Option<String>, ApiError> {
        let order = Order {
            payment,
            receipt_email: self.gift.receipt_email.as_deref(),
            page: Page {
                product: PRODUCT,
                description: DESCRIPTION,
                ulid,
            },
        };
        let (payment, opened) = open(self.core, self.provider, &order, customer).await?;
        if opened.page_url.is_none() {
            return self.resumed(&payment).await;
        }
        if has_ended(payment.state()) && payment.state() != PaymentState::Succeeded {
            // Another tab with other terms was faster. What it ended here nobody shall pay there.
            end(self.core, self.provider, self.pages, &payment).await?;
            return Err(PaymentError::Replaced.into());
        }
        Ok(opened.page_url)
    }

    /// The page of a payment that the provider knows, while it can be paid there.
    async fn resumed(&self, payment: &Payment) -> Result<Option<String>, ApiError> {
        let resumed = self.pages.resume(&payment.provider_reference).await;
        let resumed = resumed.map_err(PaymentError::from)?;
        if resumed.page_url.is_some() {
            return Ok(resumed.page_url);
        }
        for event in resumed.events {
            let applied = apply(self.core, self.provider.name(), event).await;
            applied.map_err(|error| error.into_api(&[]))?;
        }
        Ok(None)
    }
}
