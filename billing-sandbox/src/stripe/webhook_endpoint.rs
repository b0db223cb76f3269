//! Webhook endpoints: the addresses that the sandbox sends to, each for every event.

use serde_json::{Value, json};

use super::wire::error::ApiError;
use super::wire::list::Page;
use super::wire::params::Params;
use super::world::Act;

/// All of them on one page: there are a few.
pub fn list(act: &Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    Page::take(&mut params)?;
    params.finish()?;
    let urls = act.network.webhooks.urls().iter().enumerate();
    let endpoints: Vec<Value> = urls
        .map(|(number, url)| {
            json!({
                "id": format!("we_{}", number.saturating_add(1)),
                "object": "webhook_endpoint",
                "api_version": null,
                "application": null,
                "created": act.now,
                "description": null,
                "enabled_events": ["*"],
                "livemode": false,
                "metadata": {},
                "status": "enabled",
                "url": url,
            })
        })
        .collect();
    Ok(json!({
        "object": "list",
        "data": endpoints,
        "has_more": false,
        "url": "/v1/webhook_endpoints",
    }))
}
