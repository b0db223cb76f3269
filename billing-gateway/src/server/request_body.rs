//! Bodies on their way in: bounded in size and time, and together in memory, which clients share. Only
//! who has sent all of it takes a place among the requests that are answered.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::request::Parts;
use http_body_util::BodyExt;

use super::client_address;
use super::fair_room::{FairRoom, Place};
use super::settings::HttpLimits;
use crate::problem::{ApiError, Outage};

/// What a body takes besides what has come of it, with its connection.
const REQUEST_BYTES: usize = 8 * 1024;

/// Where bodies are until they have come as a whole. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Bodies {
    room: Arc<FairRoom>,
    limits: HttpLimits,
    trusted_proxies: u8,
}

impl Bodies {
    pub(crate) fn new(limits: HttpLimits, trusted_proxies: u8) -> Self {
        Self {
            room: FairRoom::new("body", limits.bodies_bytes),
            limits,
            trusted_proxies,
        }
    }
}

/// A request with its whole body.
pub(crate) async fn read(bodies: &Bodies, request: Request) -> Result<(Parts, Bytes), ApiError> {
    let network = client_address::network_of(&request, bodies.trusted_proxies);
    let (head, body) = request.into_parts();
    if body.is_end_stream() {
        return Ok((head, Bytes::new()));
    }
    let limits = &bodies.limits;
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limits.body_bytes {
        return Err(too_large(limits.body_bytes));
    }
    let busy = || ApiError::Unavailable(Outage::Busy);
    let place = bodies.room.enter(network, at_first(limits));
    let place = place.ok_or_else(busy)?;
    let whole = tokio::time::timeout(
        limits.body_timeout,
        collected(body, limits.body_bytes, &place),
    );
    tokio::select! {
        biased;
        () = place.revoked() => Err(busy()),
        whole = whole => match whole {
            Ok(bytes) => Ok((head, bytes?)),
            Err(_elapsed) => Err(ApiError::BodyLate),
        },
    }
}

/// What a body takes at first: so much that no more than half of the connections read one.
fn at_first(limits: &HttpLimits) -> usize {
    let connections = usize::try_from(limits.max_connections).unwrap_or(usize::MAX);
    let share = limits.bodies_bytes / (connections / 2).max(1);
    share.max(REQUEST_BYTES)
}

async fn collected(mut body: Body, bytes_max: usize, place: &Place) -> Result<Bytes, ApiError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let broke_off = |_cut_off| ApiError::MalformedJson("it broke off".to_owned());
        let Ok(data) = frame.map_err(broke_off)?.into_data() else {
            continue;
        };
        if bytes.len().saturating_add(data.len()) > bytes_max {
            return Err(too_large(bytes_max));
        }
        let taken = bytes.len().saturating_add(data.len());
        place.grow_to(taken.saturating_add(REQUEST_BYTES));
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
}

fn too_large(limit_bytes: usize) -> ApiError {
    ApiError::BodyTooLarge { limit_bytes }
}
