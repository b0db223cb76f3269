//! `GET /api/billing/holds`: what is set aside for calls that are under way, newest first.

use axum::Json;
use billing_proto::v1::{ListHoldsRequest, PlacedHold};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::{Core, FieldNames, written};
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::usd::Usd;

const LIMIT_DEFAULT: i32 = 50;
const LIMIT_MAX: i32 = 200;

const FIELDS: FieldNames<'static> = &[
    ("page_size", "limit"),
    ("page_token", "before"),
    ("next_page_token", "next_before"),
];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldsResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    holds: Vec<ShownHold>,
    pagination: HoldsPagination,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownHold {
    hold_id: String,
    /// The tool that is used; null for a hold by amount.
    #[schema(required = true)]
    tool: Option<String>,
    amount_usd: Usd,
    /// The version of the tool's price; null for a hold by amount.
    #[schema(required = true)]
    price_version: Option<i64>,
    /// The tool backend's name for its request.
    #[schema(required = true)]
    request_id: Option<String>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// From this time on nothing is set aside any more, RFC 3339.
    #[schema(format = DateTime)]
    expires_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct HoldsPagination {
    limit: i32,
    /// Number of holds in this answer.
    count: usize,
    /// `before` of the next page; null on the last one.
    #[schema(required = true)]
    next_before: Option<String>,
}

/// What is set aside at present, newest first
#[utoipa::path(
    get,
    path = "/api/billing/holds",
    operation_id = "listHolds",
    tag = "billing",
    security(("bearer" = [])),
    params(
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 200,
         description = "How many holds; absent: 50"),
        ("before" = Option<String>, Query,
         description = "Only what was placed before the hold with this id"),
    ),
    responses(
        (status = 200, body = HoldsResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    core: Core,
    caller: Caller,
    query: QueryText,
) -> Result<Json<HoldsResponse>, ApiError> {
    let limit = query.whole("limit", 1..=LIMIT_MAX, LIMIT_DEFAULT)?;
    let request = ListHoldsRequest {
        account: Some(caller.account()),
        page_size: limit,
        page_token: query.text("before").unwrap_or_default().to_owned(),
    };
    let answer = core.list_holds(request).await;
    let answer = answer.map_err(|error| error.into_api(FIELDS))?;
    let holds = answer
        .holds
        .into_iter()
        .map(ShownHold::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Json(HoldsResponse {
        success: true,
        pagination: HoldsPagination {
            limit,
            count: holds.len(),
            next_before: filled(answer.next_page_token),
        },
        holds,
    }))
}

impl TryFrom<PlacedHold> for ShownHold {
    type Error = ApiError;

    fn try_from(placed: PlacedHold) -> Result<Self, ApiError> {
        let hold = placed
            .hold
            .ok_or_else(|| ApiError::fault("the core's answer has no hold"))?;
        let time = |time: Option<&prost_types::Timestamp>| {
            written(time)?.ok_or_else(|| ApiError::fault("a hold has no time"))
        };
        Ok(Self {
            created_at: time(placed.placed_at.as_ref())?,
            expires_at: time(hold.expires_at.as_ref())?,
            hold_id: hold.hold_id,
            tool: filled(placed.tool),
            amount_usd: Usd::from_micros(hold.amount_micros),
            price_version: placed.price_version,
            request_id: filled(placed.request_id),
        })
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
