//! Contributions: what people give to a tenant, by a page of a provider's.

pub(crate) mod checkout;
pub(crate) mod mine;
pub(crate) mod portal;
pub(crate) mod subscription;

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use billing_proto::v1::{
    Contribution, ContributionStatus, GetContributionRequest, Payment, PaymentState,
    SetContributionAnonymousRequest, Standing,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::{Core, CoreError, written};
use crate::json_object::JsonObject;
use crate::payment::named;
use crate::problem::{ApiError, Problem};
use crate::public_tenant::PublicTenant;
use crate::supporters::level::Level;

const IS_ANONYMOUS: &str = "is_anonymous";
const WORDING_VERSION: &str = "wording_version";
/// As clients write them that write camel case, and as they are called.
const CAMEL_CASE: &[(&str, &str)] = &[
    ("isAnonymous", IS_ANONYMOUS),
    ("wordingVersion", WORDING_VERSION),
];

/// Where a contribution stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Not paid yet, or the money is on its way.
    Pending,
    /// Paid, also where some of it was given back.
    Completed,
    /// All of it was given or taken back.
    Refunded,
    /// Nobody paid, and nobody can any more.
    Failed,
}

impl Status {
    fn of_payment(payment: &Payment) -> Self {
        match payment.state() {
            // Disputes take back as refunds do.
            PaymentState::Succeeded
                if payment
                    .refunded_minor
                    .saturating_add(payment.disputed_minor)
                    >= payment.amount_minor =>
            {
                Self::Refunded
            }
            PaymentState::Succeeded => Self::Completed,
            PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired => Self::Failed,
            PaymentState::Unspecified
            | PaymentState::Created
            | PaymentState::Pending
            | PaymentState::RequiresAction => Self::Pending,
        }
    }

    fn of(status: ContributionStatus) -> Result<Self, ApiError> {
        Ok(match status {
            ContributionStatus::Pending => Self::Pending,
            ContributionStatus::Completed => Self::Completed,
            ContributionStatus::Refunded => Self::Refunded,
            ContributionStatus::Failed => Self::Failed,
            ContributionStatus::Unspecified => {
                return Err(ApiError::fault("a contribution of an unknown status"));
            }
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContributionResponse {
    #[schema(example = "01HQ5W8X7C9D3K2M4N6P8R0STV")]
    ulid: String,
    /// What was ordered.
    amount_cents: i64,
    status: Status,
    /// What its giver's contributions have earned at present; null: no badge. This and what follows is told to
    /// the giver, whose token is sent, and to anybody within an hour of the payment; else it is null.
    #[schema(required = true)]
    badge_earned: Option<Level>,
    /// All that is left of the giver's contributions.
    #[schema(required = true)]
    total_cents: Option<i64>,
    /// Null behind the last.
    #[schema(required = true)]
    next_badge: Option<Level>,
    /// From which total on it is had.
    #[schema(required = true)]
    next_badge_amount_cents: Option<i64>,
    /// It is one of a subscription's.
    is_recurring: bool,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
}

impl ContributionResponse {
    fn of(contribution: Contribution, standing: Option<&Standing>) -> Result<Self, ApiError> {
        let level = |level| Level::of(level).transpose();
        let next_badge = standing.and_then(|standing| level(standing.next_badge()));
        let next_badge = next_badge.transpose()?;
        let next_minor = standing.map(|standing| standing.next_badge_minor);
        Ok(Self {
            status: Status::of(contribution.status())?,
            amount_cents: contribution.amount_minor,
            badge_earned: standing
                .and_then(|standing| level(standing.badge()))
                .transpose()?,
            total_cents: standing.map(|standing| standing.total_minor),
            next_badge,
            next_badge_amount_cents: next_badge.and(next_minor),
            is_recurring: !contribution.subscription_ulid.is_empty(),
            created_at: created_at(&contribution)?,
            ulid: contribution.ulid,
        })
    }
}

fn created_at(contribution: &Contribution) -> Result<String, ApiError> {
    written(contribution.created_at.as_ref())?
        .ok_or_else(|| ApiError::fault("a contribution has no time"))
}

/// A contribution
///
/// For the page that says thanks; whoever has the address may read it.
#[utoipa::path(
    get,
    path = "/api/v1/contributions/{ulid}",
    operation_id = "getContribution",
    tag = "sponsorship",
    security((), ("bearer" = [])),
    params(
        ("ulid" = String, Path, description = "In either case of letters"),
        ("tenant" = Option<String>, Query, description = "Else `X-Tenant-Id`, else the default tenant"),
        ("X-Tenant-Id" = Option<String>, Header, description = "Where the query names no `tenant`"),
    ),
    responses(
        (status = 200, body = ContributionResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    PublicTenant { tenant_id, viewer }: PublicTenant,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<ContributionResponse>, ApiError> {
    let request = GetContributionRequest {
        tenant_id,
        ulid: named(path)?,
        viewer_user_id: viewer.map_or_else(String::new, |caller| caller.user_id().to_owned()),
    };
    let answer = core.get_contribution(request).await;
    let answer = answer.map_err(not_found)?;
    let contribution = present(answer.contribution)?;
    ContributionResponse::of(contribution, answer.standing.as_ref()).map(Json)
}

/// A text that cannot be a ULID names no contribution.
fn not_found(error: CoreError) -> ApiError {
    match error {
        CoreError::InvalidField { ref field, .. } if field == "ulid" => ApiError::NotFound,
        error => error.into_api(&[]),
    }
}

fn present(contribution: Option<Contribution>) -> Result<Contribution, ApiError> {
    contribution.ok_or_else(|| ApiError::fault("the core's answer has no contribution"))
}

/// What is changed of a contribution.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct ContributionChange {
    /// True: it names its giver nowhere. False is the consent to be named. May be written in camel case.
    is_anonymous: bool,
    /// Which words were consented to; absent: the tenant's present ones.
    #[schema(required = false, nullable = false, max_length = 32)]
    wording_version: Option<String>,
}

/// Changes whether a contribution names its giver
///
/// At once on the wall and the badge.
#[utoipa::path(
    patch,
    path = "/api/v1/contributions/{ulid}",
    operation_id = "changeContribution",
    tag = "sponsorship",
    security(("bearer" = [])),
    params(("ulid" = String, Path)),
    request_body = ContributionChange,
    responses(
        (status = 200, body = mine::OwnContribution),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    core: Core,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    body: JsonObject,
) -> Result<Json<mine::OwnContribution>, ApiError> {
    let body = body.renamed(CAMEL_CASE)?;
    let is_anonymous = body.boolean(IS_ANONYMOUS)?;
    let request = SetContributionAnonymousRequest {
        account: Some(caller.account()),
        ulid: named(path)?,
        is_anonymous: is_anonymous
            .ok_or_else(|| ApiError::invalid(IS_ANONYMOUS, "must be given: true or false"))?,
        wording_version: body.text(WORDING_VERSION)?.unwrap_or_default(),
    };
    let answer = core.set_contribution_anonymous(request).await;
    let answer = answer.map_err(not_found)?;
    mine::OwnContribution::of(present(answer.contribution)?).map(Json)
}
