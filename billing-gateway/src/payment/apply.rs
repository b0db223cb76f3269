//! Telling the core what a provider reported.

use billing_proto::v1::ApplyProviderEventResponse;

use crate::core::{Core, CoreError};
use crate::providers::{Event, made_unreadable};

/// Stores the event and books its effect. One that the core does not take as it is, is stored as
/// one that cannot be read: the provider must not repeat it for days, and nothing must be lost.
pub(crate) async fn apply(
    core: &Core,
    provider: &'static str,
    event: Event,
) -> Result<ApplyProviderEventResponse, CoreError> {
    let request = event.into_request(provider);
    match core.apply_provider_event(request.clone()).await {
        Err(CoreError::InvalidField { field, description }) => {
            let why = format!("{field} {description}");
            tracing::warn!(
                provider,
                event_id = request.event_id,
                why,
                "an event does not fit"
            );
            core.apply_provider_event(made_unreadable(request, &why))
                .await
        }
        answered => answered,
    }
}
