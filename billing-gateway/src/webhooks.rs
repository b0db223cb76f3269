//! What providers tell us: verified, stored by the core, and answered only then.

use std::net::IpAddr;
use std::time::Instant;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{ApplyProviderEventResponse, EventOutcome};
use billing_telemetry::span::Span;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::core::Core;
use crate::payment::apply;
use crate::problem::{ApiError, Outage, PaymentError, Problem};
use crate::providers::self_test::SELF_TEST;
use crate::providers::{Event, Provider};
use crate::server::waiting_room::Place;
use crate::server::{client_address, request_body};
use crate::state::AppState;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookResponse {
    /// Always true.
    received: bool,
    /// Of a webhook that is our own: nothing of it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    self_test: Option<Seen>,
}

/// What is seen of the way by which a webhook came: for `doctor`.
#[derive(Debug, Serialize)]
struct Seen {
    /// Who sent it, as limits count them.
    client: IpAddr,
    /// How many addresses proxies have added to `X-Forwarded-For`.
    forwarded: usize,
    trusted_proxies: u8,
}

/// An authentic webhook, taken.
enum Taken {
    Stored(Box<ApplyProviderEventResponse>),
    SelfTest(Seen),
}

/// Receives an event of a payment provider, signed by it
///
/// Every authentic event is stored and answered with 200, whatever it says, and takes effect once.
/// What is not a success is to be sent again.
#[utoipa::path(
    post,
    path = "/webhooks/{provider}",
    operation_id = "receiveWebhook",
    tag = "payments",
    params(("provider" = String, Path, example = "stripe")),
    request_body(content = String, description = "As the provider sends it: JSON, or a form",
                 content_type = "application/json"),
    responses(
        (status = 200, body = WebhookResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn receive(
    state: State<AppState>,
    core: Core,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<WebhookResponse>, ApiError> {
    received(&state, &core, path, request).await
}

/// The same, under the path of the sponsorship API
#[utoipa::path(
    post,
    path = "/api/v1/{provider}/webhook",
    operation_id = "receiveWebhookV1",
    tag = "payments",
    params(("provider" = String, Path, example = "stripe")),
    request_body(content = String, description = "As the provider sends it: JSON, or a form",
                 content_type = "application/json"),
    responses(
        (status = 200, body = WebhookResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn receive_v1(
    state: State<AppState>,
    core: Core,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<WebhookResponse>, ApiError> {
    received(&state, &core, path, request).await
}

async fn received(
    state: &AppState,
    core: &Core,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<WebhookResponse>, ApiError> {
    let started = Instant::now();
    let Path(name) = path.map_err(|_not_text| ApiError::NotFound)?;
    let provider = state.providers().find(&name).ok_or(ApiError::NotFound)?;
    let taken = take(state, core, provider.as_ref(), request).await;
    let outcome = match &taken {
        Ok(Taken::SelfTest(_)) => "self_test",
        Ok(Taken::Stored(applied)) if applied.duplicate => "duplicate",
        Ok(Taken::Stored(applied)) => outcome_label(applied.outcome()),
        Err(ApiError::Unavailable(_)) => "unavailable",
        Err(ApiError::Fault(_)) => "fault",
        Err(_) => "refused",
    };
    metrics::histogram!(
        "billing.webhook.duration",
        "provider" => provider.name(), "outcome" => outcome,
    )
    .record(started.elapsed());
    let span = Span::current();
    span.set("billing.provider", provider.name());
    span.set("billing.webhook.outcome", outcome);
    let self_test = match taken? {
        Taken::SelfTest(seen) => Some(seen),
        Taken::Stored(_) => None,
    };
    Ok(Json(WebhookResponse {
        received: true,
        self_test,
    }))
}

async fn take(
    state: &AppState,
    core: &Core,
    provider: &dyn Provider,
    request: Request,
) -> Result<Taken, ApiError> {
    let (head, body) = request_body::read(state.bodies(), request).await?;
    let event = provider
        .read_webhook(&head.headers, &body, Timestamp::now())
        .map_err(|refusal| {
            metrics::counter!(
                "billing.webhooks.refused",
                "provider" => provider.name(), "reason" => refusal.name(),
            )
            .increment(1);
            PaymentError::Webhook(refusal)
        })?;
    if event.r#type == SELF_TEST {
        let trusted_proxies = state.trusted_proxies();
        return Ok(Taken::SelfTest(Seen {
            client: client_address::of_head(&head, trusted_proxies),
            forwarded: client_address::entries(&head.headers),
            trusted_proxies,
        }));
    }
    let place = state.waiting_room().enter(body.len())?;
    let (id, event_type) = (event.id.clone(), event.r#type.clone());
    // Before it waits for its turn, so that a provider that does not answer takes none.
    let events = provider
        .confirm(event)
        .await
        .map_err(|error| ApiError::Unavailable(Outage::Unconfirmed(error)))?;
    let applied = stored(core, provider, &place, events).await?;
    tracing::debug!(
        provider = provider.name(),
        event_id = id,
        event_type,
        outcome = outcome_label(applied.outcome()),
        duplicate = applied.duplicate,
        "webhook stored"
    );
    Ok(Taken::Stored(Box::new(applied)))
}

/// Applies them, and once more what takes money back of a payment that the provider took by itself and that was not
/// known yet.
async fn stored(
    core: &Core,
    provider: &dyn Provider,
    place: &Place<'_>,
    events: Vec<Event>,
) -> Result<ApplyProviderEventResponse, ApiError> {
    let takes_back =
        |event: &&Event| matches!(event.report, Some(Report::Refund(_) | Report::Dispute(_)));
    let taking_back = events.last().filter(takes_back).cloned();
    let turn = place.turn().await?;
    let applied = apply_all(core, provider, events).await?;
    drop(turn);
    let (Some(subscriptions), Some(taking_back)) = (provider.subscriptions(), taking_back) else {
        return Ok(applied);
    };
    if applied.outcome() != EventOutcome::Unmatched {
        return Ok(applied);
    }
    let mut events = subscriptions
        .belongs_to(&taking_back)
        .await
        .map_err(|error| ApiError::Unavailable(Outage::Unconfirmed(error)))?;
    if events.is_empty() {
        return Ok(applied);
    }
    events.push(taking_back);
    let _turn = place.turn().await?;
    apply_all(core, provider, events).await
}

/// Answers with what became of the last.
async fn apply_all(
    core: &Core,
    provider: &dyn Provider,
    events: Vec<Event>,
) -> Result<ApplyProviderEventResponse, ApiError> {
    let mut applied = ApplyProviderEventResponse::default();
    for event in events {
        applied = apply(core, provider.name(), event)
            .await
            .map_err(|error| error.into_api(&[]))?;
    }
    Ok(applied)
}

pub(crate) fn outcome_label(outcome: EventOutcome) -> &'static str {
    match outcome {
        EventOutcome::Applied => "applied",
        EventOutcome::Ignored => "ignored",
        EventOutcome::Unmatched => "unmatched",
        EventOutcome::Unreadable => "unreadable",
        EventOutcome::Contradiction => "contradiction",
        EventOutcome::Recorded => "recorded",
        EventOutcome::Unspecified => "unspecified",
    }
}
