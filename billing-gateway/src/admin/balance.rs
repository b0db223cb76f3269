//! `POST /api/admin/users/{id}/adjust-balance`: money given or taken by hand, with a reason.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::HeaderMap;
use billing_proto::v1::{AdjustBalanceRequest, GrantCreditRequest};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Administrator, must_exist, named_user};
use crate::core::{AdminCore, Core, FieldNames};
use crate::json_object::JsonObject;
use crate::payment::idempotency_key;
use crate::payment::refund::reason;
use crate::problem::{ApiError, Problem};
use crate::usd::Usd;

const FIELDS: FieldNames<'static> = &[
    ("amount_micros", "amount"),
    ("idempotency_key", "Idempotency-Key"),
    ("reason", "reason"),
];

/// By how much, and why.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct AdjustBalanceBody {
    /// US dollars, signed, not 0. A negative one may lead into debt.
    amount: Usd,
    /// Why; 1 to 500 bytes. The user sees it in their history.
    reason: String,
    /// Absent: `adjustment`.
    #[schema(required = false, nullable = false)]
    kind: Option<AdjustmentKind>,
}

/// A correction, or a gift, which is more than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
enum AdjustmentKind {
    Adjustment,
    Grant,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdjustedBalance {
    /// Always true: what is not a success is a problem body.
    success: bool,
    /// The transaction in the user's history.
    entry_id: String,
    /// The balance right before the transaction, and right after it.
    balance_before_usd: Usd,
    balance_after_usd: Usd,
    /// The key had been used for the same request: this is the answer of then.
    replayed: bool,
}

/// Changes a user's balance by hand
///
/// The same `Idempotency-Key` and body change it once. Without a key each request is a change of its own.
#[utoipa::path(
    post,
    path = "/api/admin/users/{id}/adjust-balance",
    operation_id = "adminAdjustBalance",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The user as the tenant names them"),
        ("Idempotency-Key" = Option<String>, Header, max_length = 255,
         description = "Makes the request repeatable; visible ASCII"),
    ),
    request_body = AdjustBalanceBody,
    responses(
        (status = 200, body = AdjustedBalance),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn adjust(
    core: Core,
    admin_core: AdminCore,
    administrator: Administrator,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<Json<AdjustedBalance>, ApiError> {
    body.only(&["amount", "reason", "kind"])?;
    let account = administrator.account(named_user(path)?);
    let change = AdjustBalanceRequest {
        account: Some(account.clone()),
        idempotency_key: idempotency_key(&headers)?,
        amount_micros: amount(&body)?.micros(),
        reason: reason(&body)?,
        actor: administrator.actor(),
    };
    let kind = kind(&body)?;
    must_exist(&core, &account).await?;
    let booked = match kind {
        AdjustmentKind::Adjustment => adjusted(&admin_core, change).await,
        AdjustmentKind::Grant => granted(&admin_core, change).await,
    };
    booked.map(Json)
}

async fn adjusted(
    core: &AdminCore,
    change: AdjustBalanceRequest,
) -> Result<AdjustedBalance, ApiError> {
    let answer = core.adjust_balance(change).await;
    let answer = answer.map_err(|error| error.into_api(FIELDS))?;
    Ok(AdjustedBalance {
        success: true,
        entry_id: answer.entry_id,
        balance_before_usd: Usd::from_micros(answer.settled_before_micros),
        balance_after_usd: Usd::from_micros(answer.settled_after_micros),
        replayed: answer.replayed,
    })
}

async fn granted(
    core: &AdminCore,
    change: AdjustBalanceRequest,
) -> Result<AdjustedBalance, ApiError> {
    let grant = GrantCreditRequest {
        account: change.account,
        idempotency_key: change.idempotency_key,
        amount_micros: change.amount_micros,
        reason: change.reason,
        actor: change.actor,
    };
    let answer = core.grant_credit(grant).await;
    let answer = answer.map_err(|error| error.into_api(FIELDS))?;
    Ok(AdjustedBalance {
        success: true,
        entry_id: answer.entry_id,
        balance_before_usd: Usd::from_micros(answer.settled_before_micros),
        balance_after_usd: Usd::from_micros(answer.settled_after_micros),
        replayed: answer.replayed,
    })
}

fn amount(body: &JsonObject) -> Result<Usd, ApiError> {
    let amount = body
        .signed_amount("amount")?
        .ok_or_else(|| ApiError::invalid("amount", "must be given, in US dollars"))?;
    if amount.micros() == 0 {
        return Err(ApiError::invalid("amount", "must not be 0"));
    }
    Ok(amount)
}

fn kind(body: &JsonObject) -> Result<AdjustmentKind, ApiError> {
    match body.text("kind")?.as_deref() {
        None | Some("adjustment") => Ok(AdjustmentKind::Adjustment),
        Some("grant") => Ok(AdjustmentKind::Grant),
        Some(_) => Err(ApiError::invalid("kind", "must be adjustment or grant")),
    }
}
