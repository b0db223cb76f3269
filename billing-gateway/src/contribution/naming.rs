//! `PATCH /api/v1/contributions/{ulid}`: its giver changes whether it names them.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use billing_proto::v1::SetContributionAnonymousRequest;
use utoipa::ToSchema;

use super::shown::{ShownContribution, present};
use super::{IS_ANONYMOUS, WORDING_VERSION};
use crate::auth::Caller;
use crate::core::{Core, CoreError};
use crate::json_object::JsonObject;
use crate::payment::named;
use crate::problem::{ApiError, Problem};

/// As the guide's own client writes the members.
const CAMEL_CASE: &[(&str, &str)] = &[
    ("isAnonymous", IS_ANONYMOUS),
    ("wordingVersion", WORDING_VERSION),
];

/// What to change. `isAnonymous` is the same member, and so are the other names in camel case.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct NamingRequest {
    /// False is consent to be named in public.
    is_anonymous: bool,
    /// Which words were consented to, at most 32 bytes; absent: the tenant's present ones.
    #[schema(required = false)]
    wording_version: Option<String>,
}

/// Changes whether a contribution names its giver
///
/// Effective at once, on the wall and the badge.
#[utoipa::path(
    patch,
    path = "/api/v1/contributions/{ulid}",
    operation_id = "updateContribution",
    tag = "sponsorship",
    security(("bearer" = [])),
    params(("ulid" = String, Path, example = "01JDRX6G8W7K2N3P4Q5R6S7T8V")),
    request_body = NamingRequest,
    responses(
        (status = 200, body = ShownContribution),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn patch(
    core: Core,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    body: JsonObject,
) -> Result<Json<ShownContribution>, ApiError> {
    let body = body.from_camel_case(CAMEL_CASE)?;
    let is_anonymous = body.boolean(IS_ANONYMOUS)?;
    let request = SetContributionAnonymousRequest {
        account: Some(caller.account()),
        ulid: named(path)?,
        is_anonymous: is_anonymous
            .ok_or_else(|| ApiError::invalid(IS_ANONYMOUS, "must be given"))?,
        wording_version: body.text_or_null(WORDING_VERSION)?.unwrap_or_default(),
    };
    let answer = core.set_contribution_anonymous(request).await;
    let answer = answer.map_err(|error| match error {
        // It is none of ours.
        CoreError::InvalidField { field, .. } if field == "ulid" => ApiError::NotFound,
        error => error.into_api(&[]),
    })?;
    ShownContribution::try_from(present(answer.contribution)?).map(Json)
}
