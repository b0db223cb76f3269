//! `GET /api/v1/supporters`: the wall of those who support a tenant openly.

use axum::http::HeaderMap;
use axum::response::Response;
use billing_proto::v1::{ListSupportersRequest, WallEntry, WallPeriod, WallSupport};
use serde::Serialize;
use utoipa::ToSchema;

use super::level::Level;
use crate::core::{Core, FieldNames};
use crate::entity_tag::{self, ASKED_EACH_TIME};
use crate::problem::{ApiError, Problem};
use crate::public_tenant::PublicTenant;
use crate::query::QueryText;

/// As many as the core gives: clients that know no cursor show the first page.
const LIMIT: i32 = 200;

const FIELDS: FieldNames<'static> = &[
    ("page_size", "limit"),
    ("page_token", "cursor"),
    ("next_page_token", "next_cursor"),
];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WallResponse {
    supporters: ByLevel,
    /// All whom the wall names of the period, whatever the page.
    total_count: i64,
    /// The `cursor` of the next page; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// Within each, whoever gave most openly first.
#[derive(Debug, Default, Serialize, ToSchema)]
struct ByLevel {
    platinum: Vec<Entry>,
    gold: Vec<Entry>,
    silver: Vec<Entry>,
    bronze: Vec<Entry>,
    /// Below bronze.
    supporter: Vec<Entry>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Entry {
    name: String,
    /// The day of the first public contribution in the tenant's time zone.
    #[schema(format = Date)]
    since: String,
    /// The newest of their messages that somebody approved; absent: none.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    message: String,
    /// They support monthly now, and openly.
    monthly: bool,
}

/// The wall of supporters
///
/// Computed from public contributions alone. By the level of the lifetime total of each, also that of a month.
#[utoipa::path(
    get,
    path = "/api/v1/supporters",
    operation_id = "listSupporters",
    tag = "sponsorship",
    security((), ("bearer" = [])),
    params(
        ("period" = Option<String>, Query, description = "`all` (default), or `month`: those who gave in the present month"),
        ("support" = Option<String>, Query, description = "`all` (default); `active`: those who support monthly now; `past`: everybody else"),
        ("limit" = Option<i32>, Query, description = "1 to 200 (200)"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
        ("tenant" = Option<String>, Query, description = "Else `X-Tenant-Id`, else the default tenant"),
        ("X-Tenant-Id" = Option<String>, Header, description = "Where the query names no `tenant`"),
    ),
    responses(
        (status = 200, body = WallResponse),
        (status = 304, description = "The client has it: `If-None-Match` names its `ETag`"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    PublicTenant { tenant_id, .. }: PublicTenant,
    query: QueryText,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let period = match query.text("period") {
        None | Some("all") => WallPeriod::All,
        Some("month") => WallPeriod::Month,
        Some(_) => return Err(ApiError::invalid("period", "must be month or all")),
    };
    let support = match query.text("support") {
        None | Some("all") => WallSupport::All,
        Some("active") => WallSupport::Active,
        Some("past") => WallSupport::Past,
        Some(_) => return Err(ApiError::invalid("support", "must be all, active or past")),
    };
    let request = ListSupportersRequest {
        tenant_id,
        period: period.into(),
        support: support.into(),
        page_size: query.whole("limit", 1..=LIMIT, LIMIT)?,
        page_token: query.text("cursor").unwrap_or_default().to_owned(),
    };
    let answer = core
        .list_supporters(request)
        .await
        .map_err(|error| error.into_api(FIELDS))?;
    let mut supporters = ByLevel::default();
    for entry in answer.supporters {
        supporters.add(entry)?;
    }
    let body = WallResponse {
        supporters,
        total_count: answer.total_count,
        next_cursor: Some(answer.next_page_token).filter(|token| !token.is_empty()),
    };
    entity_tag::json(&headers, ASKED_EACH_TIME, &body)
}

impl ByLevel {
    fn add(&mut self, entry: WallEntry) -> Result<(), ApiError> {
        let those = match Level::of(entry.level())? {
            Some(Level::Platinum) => &mut self.platinum,
            Some(Level::Gold) => &mut self.gold,
            Some(Level::Silver) => &mut self.silver,
            Some(Level::Bronze) => &mut self.bronze,
            None => &mut self.supporter,
        };
        those.push(Entry {
            name: entry.name,
            since: entry.since,
            message: entry.message,
            monthly: entry.monthly,
        });
        Ok(())
    }
}
