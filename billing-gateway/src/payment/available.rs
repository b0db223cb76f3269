//! `GET /api/billing/payment/available-providers`: by whom the user may top up, and how much.

use axum::Json;
use axum::extract::State;
use billing_proto::v1::{GetAccountRequest, PaymentPurpose};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::Core;
use crate::currency::{Amount, Currency, USD};
use crate::payment::settings::PaymentConfig;
use crate::payment::shown::amount;
use crate::problem::{ApiError, Problem};
use crate::providers::{Provider, Providers};

/// What a page offers, in minor units.
const PRESETS_USD: [i64; 4] = [1_000, 2_500, 5_000, 10_000];
const PRESETS_UAH: [i64; 4] = [20_000, 50_000, 100_000, 200_000];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AvailableProviders {
    /// Always true: what is not a success is a problem body.
    success: bool,
    /// Those that are set up.
    providers: Vec<AvailableProvider>,
    /// An operator lets no new payment begin.
    payments_paused: bool,
    /// The operator's text, for payers; null where payments begin.
    #[schema(required = true)]
    payments_paused_reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AvailableProvider {
    /// As it stands in paths.
    #[schema(example = "stripe")]
    provider: &'static str,
    /// What it speaks, whatever it is called.
    #[schema(example = "stripe")]
    protocol: &'static str,
    /// What it is paid in, ISO 4217.
    #[schema(example = json!(["USD"]))]
    currencies: Vec<&'static str>,
    /// The least and the most of one top-up, in its currency.
    min_amount: Amount,
    max_amount: Amount,
    /// What a page may offer, smallest first.
    presets: Vec<Amount>,
    /// What a page is started with where the payment is made in it; null where it is not set.
    #[schema(required = true)]
    publishable_key: Option<String>,
    /// Whether it can be paid on the provider's own page (`hosted` of the creation).
    hosted: bool,
}

/// By whom the user may top up
#[utoipa::path(
    get,
    path = "/api/billing/payment/available-providers",
    operation_id = "listProviders",
    tag = "payments",
    security(("bearer" = [])),
    responses(
        (status = 200, body = AvailableProviders),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(providers): State<Providers>,
    State(config): State<PaymentConfig>,
    core: Core,
    caller: Caller,
) -> Result<Json<AvailableProviders>, ApiError> {
    let request = GetAccountRequest {
        account: Some(caller.account()),
    };
    let answer = core.get_account(request).await;
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    let providers = providers
        .iter()
        .map(|provider| available(provider.as_ref(), &config))
        .collect::<Result<_, _>>()?;
    Ok(Json(AvailableProviders {
        success: true,
        providers,
        payments_paused: answer.payments_off,
        payments_paused_reason: answer.payments_off.then_some(answer.payments_off_reason),
    }))
}

fn available(
    provider: &dyn Provider,
    config: &PaymentConfig,
) -> Result<AvailableProvider, ApiError> {
    let currency = provider.currency();
    let least_minor = provider.least_minor();
    let most_minor = currency
        .minor(config.most_micros(currency))
        .ok_or_else(|| ApiError::fault("the most of a top-up is no whole minor unit"))?;
    let presets = presets(currency).into_iter();
    Ok(AvailableProvider {
        provider: provider.name(),
        protocol: provider.protocol(),
        currencies: vec![currency.code],
        min_amount: amount(currency, least_minor)?,
        max_amount: amount(currency, most_minor)?,
        presets: presets
            .filter(|preset| (least_minor..=most_minor).contains(preset))
            .map(|preset| amount(currency, preset))
            .collect::<Result<_, _>>()?,
        publishable_key: provider.publishable_key().map(str::to_owned),
        hosted: provider.hosted_pages(PaymentPurpose::TopUp).is_some(),
    })
}

fn presets(currency: Currency) -> [i64; 4] {
    if currency == USD {
        PRESETS_USD
    } else {
        PRESETS_UAH
    }
}
