//! `GET /api/v1/contributions/me/subscription`, and its end: what the user gives month after month.

use axum::Json;
use axum::extract::State;
use billing_proto::v1::{GetSubscriptionRequest, Subscription, SubscriptionState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::{Core, written};
use crate::json_object::JsonObject;
use crate::payment::apply;
use crate::payment::create::PROVIDER_TIMEOUT;
use crate::problem::{ApiError, PaymentError, Problem};
use crate::providers::{Event, ProviderError, Providers, Subscribed, SubscriptionEnd};

const AT_PERIOD_END: &str = "at_period_end";
const CAMEL_CASE: &[(&str, &str)] = &[("atPeriodEnd", AT_PERIOD_END)];

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubscriptionStatus {
    Active,
    /// The provider could not take the newest payment, and tries again.
    PastDue,
    /// It has ended.
    Cancelled,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Interval {
    Month,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubscriptionResponse {
    /// That of its first contribution.
    #[schema(example = "01HQ5W8X7C9D3K2M4N6P8R0STV")]
    ulid: String,
    status: SubscriptionStatus,
    /// What is taken each time.
    amount_cents: i64,
    /// ISO 4217.
    currency: String,
    interval: Interval,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the time ends that is paid for, RFC 3339; null: the provider does not say.
    #[schema(format = DateTime, required = true)]
    current_period_end: Option<String>,
    /// When it ends, RFC 3339; null: it goes on, or has ended.
    #[schema(format = DateTime, required = true)]
    cancel_at: Option<String>,
    /// RFC 3339; null: it has not ended.
    #[schema(format = DateTime, required = true)]
    ended_at: Option<String>,
}

impl SubscriptionResponse {
    fn of(subscription: Subscription) -> Result<Self, ApiError> {
        let status = match subscription.state() {
            SubscriptionState::Active => SubscriptionStatus::Active,
            SubscriptionState::PastDue => SubscriptionStatus::PastDue,
            SubscriptionState::Cancelled => SubscriptionStatus::Cancelled,
            SubscriptionState::Unspecified | SubscriptionState::Incomplete => {
                return Err(ApiError::fault("a subscription of an unknown state"));
            }
        };
        Ok(Self {
            status,
            amount_cents: subscription.amount_minor,
            interval: Interval::Month,
            created_at: written(subscription.created_at.as_ref())?
                .ok_or_else(|| ApiError::fault("a subscription has no time"))?,
            current_period_end: written(subscription.period_end.as_ref())?,
            cancel_at: written(subscription.cancel_at.as_ref())?,
            ended_at: written(subscription.ended_at.as_ref())?,
            ulid: subscription.ulid,
            currency: subscription.currency,
        })
    }
}

/// The user's subscription
///
/// The one that has not ended, else the newest; 404 where they never had one.
#[utoipa::path(
    get,
    path = "/api/v1/contributions/me/subscription",
    operation_id = "getSubscription",
    tag = "sponsorship",
    security(("bearer" = [])),
    responses(
        (status = 200, body = SubscriptionResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    caller: Caller,
) -> Result<Json<SubscriptionResponse>, ApiError> {
    let subscription = find(&core, &caller).await?;
    SubscriptionResponse::of(subscription).map(Json)
}

/// How a subscription is to end.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct Cancellation {
    /// True: with the time that is paid for. False: now. May be written in camel case.
    #[schema(required = false, default = true)]
    at_period_end: bool,
}

/// Ends the user's subscription
///
/// May be repeated: one that is to end, or has ended, stays so. 404 where they never had one.
#[utoipa::path(
    post,
    path = "/api/v1/contributions/subscription/cancel",
    operation_id = "cancelSubscription",
    tag = "sponsorship",
    security(("bearer" = [])),
    request_body = Cancellation,
    responses(
        (status = 200, body = SubscriptionResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel(
    State(providers): State<Providers>,
    core: Core,
    caller: Caller,
    body: JsonObject,
) -> Result<Json<SubscriptionResponse>, ApiError> {
    let body = body.renamed(CAMEL_CASE)?;
    let end = match body.boolean(AT_PERIOD_END)? {
        None | Some(true) => SubscriptionEnd::WithItsPeriod,
        Some(false) => SubscriptionEnd::Now,
    };
    let found = find(&core, &caller).await?;
    if found.state() == SubscriptionState::Cancelled {
        return SubscriptionResponse::of(found).map(Json);
    }
    let ended = ended(&providers, &core, &caller, &found, end);
    // Where this fails it may have ended all the same: whoever asks again is told.
    let ended = tokio::time::timeout(PROVIDER_TIMEOUT, ended)
        .await
        .map_err(|_elapsed| PaymentError::ProviderLate)??;
    SubscriptionResponse::of(ended).map(Json)
}

/// Lets it end at its provider, and tells the core; how it stands then.
async fn ended(
    providers: &Providers,
    core: &Core,
    caller: &Caller,
    subscription: &Subscription,
    end: SubscriptionEnd,
) -> Result<Subscription, ApiError> {
    let provider = providers
        .find(&subscription.provider)
        .filter(|provider| provider.livemode() == subscription.livemode);
    let able = provider.and_then(|provider| Some((provider, provider.subscriptions()?)));
    let Some((provider, subscriptions)) = able else {
        let reason = "the provider of this subscription is not set up any more: ask whom you support to end it";
        let reason = reason.to_owned();
        return Err(PaymentError::Off { reason }.into());
    };
    let subscribed = Subscribed {
        reference: &subscription.provider_reference,
        payment_id: &subscription.payment_id,
    };
    let events = subscriptions.cancel(subscribed, end).await;
    apply_all(core, provider.name(), events).await?;
    let found = find(core, caller).await?;
    if found.cancel_at.is_some() || found.ended_at.is_some() {
        return Ok(found);
    }
    // An event's asking began after this one and was answered before it: by that the core has passed over the end.
    let events = subscriptions.standing(subscribed).await;
    apply_all(core, provider.name(), events).await?;
    find(core, caller).await
}

async fn apply_all(
    core: &Core,
    provider: &'static str,
    events: Result<Vec<Event>, ProviderError>,
) -> Result<(), ApiError> {
    for event in events.map_err(PaymentError::from)? {
        let applied = apply(core, provider, event).await;
        applied.map_err(|error| error.into_api(&[]))?;
    }
    Ok(())
}

async fn find(core: &Core, caller: &Caller) -> Result<Subscription, ApiError> {
    let request = GetSubscriptionRequest {
        account: Some(caller.account()),
    };
    let answer = core.get_subscription(request).await;
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    answer.subscription.ok_or(ApiError::NotFound)
}
