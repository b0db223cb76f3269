//! `POST /api/admin/transactions/{id}/refund`: a payment, or a charge, given back.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use billing_proto::v1::{AccountRef, Entry, EntryKind, ListEntriesRequest, RefundChargeRequest};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Administrator, filled};
use crate::auth::is_user;
use crate::core::{AdminCore, Core, CoreError, FieldNames};
use crate::currency::{Amount, USD};
use crate::json_object::{AmountMember, JsonObject};
use crate::payment::refund::{RefundResponse, give_back, reason};
use crate::payment::shown::RefundStatus;
use crate::payment::{idempotency_key, named};
use crate::problem::{ApiError, PaymentError, Problem};
use crate::providers::Providers;
use crate::usd::Usd;

const FIELDS: FieldNames<'static> = &[
    ("amount_micros", "amount_usd"),
    ("idempotency_key", "Idempotency-Key"),
    ("reason", "reason"),
];

/// The account's id and the entry's number, as the core writes them.
const ACCOUNT_ID_BYTES: usize = 32;

/// What to give back.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which JsonObject reads member by member"
)]
pub(crate) struct AdminRefundBody {
    /// Absent: all that is left.
    #[schema(required = false, nullable = false)]
    amount_usd: Option<Usd>,
    /// The same, of a payment in hryvnias.
    #[schema(required = false, nullable = false)]
    amount_uah: Option<Usd>,
    /// Why; 1 to 500 bytes. The user sees it in their history.
    reason: String,
    /// Whose transaction it is, where `id` is one of a user's history. Also `userId`.
    #[schema(required = false, nullable = false)]
    user_id: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminRefundResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    refund: AdminRefund,
}

#[derive(Debug, Serialize, ToSchema)]
struct AdminRefund {
    /// Of a payment's refund; null for a charge's.
    #[schema(required = true)]
    refund_id: Option<String>,
    /// Of a charge's refund, which is a transaction of its own; null for a payment's.
    #[schema(required = true)]
    entry_id: Option<String>,
    /// The payment; null for a charge's refund.
    #[schema(required = true)]
    payment_id: Option<String>,
    /// `requested`: the provider has not answered; it is asked again until it does.
    status: RefundStatus,
    amount: Amount,
    /// ISO 4217.
    currency: String,
}

/// Gives a payment, or a charge, back
///
/// `id` is a payment's, ours or the provider's, and then the payer gets the money; or, beside `user_id`, that
/// of a transaction in the user's history: a top-up is given back like its payment, a charge is credited
/// again. The same `Idempotency-Key` and body are the same refund.
#[utoipa::path(
    post,
    path = "/api/admin/transactions/{id}/refund",
    operation_id = "adminRefund",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "A payment, or a transaction of `user_id`"),
        ("Idempotency-Key" = Option<String>, Header, max_length = 255,
         description = "Makes the request repeatable; visible ASCII"),
    ),
    request_body = AdminRefundBody,
    responses(
        (status = 200, body = AdminRefundResponse),
        (status = 202, body = AdminRefundResponse,
         description = "The provider has not answered yet; it is asked again"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn post(
    State(providers): State<Providers>,
    core: Core,
    admin_core: AdminCore,
    administrator: Administrator,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<(StatusCode, Json<AdminRefundResponse>), ApiError> {
    let body = body.renamed(&[("userId", "user_id")])?;
    body.only(&["amount_usd", "amount_uah", "reason", "user_id"])?;
    let id = named(path)?;
    let caller = administrator.caller();
    let payment_id = match entry_number(&id) {
        None => id,
        Some((account_part, number)) => {
            let account = administrator.account(owner(&body)?);
            let entry = entry(&core, &account, &id, account_part, number).await?;
            match entry.kind() {
                EntryKind::TopUp => entry.payment_id,
                EntryKind::Charge => {
                    let refund =
                        of_charge(&admin_core, &administrator, account, id, &headers, &body);
                    return refund.await.map(|refund| (StatusCode::OK, answer(refund)));
                }
                _ => return Err(PaymentError::NotRefundable.into()),
            }
        }
    };
    let refund = give_back(&core, &providers, caller, &payment_id, &headers, &body).await?;
    Ok((refund.code(), answer(refund.into())))
}

fn answer(refund: AdminRefund) -> Json<AdminRefundResponse> {
    Json(AdminRefundResponse {
        success: true,
        refund,
    })
}

impl From<RefundResponse> for AdminRefund {
    fn from(refund: RefundResponse) -> Self {
        Self {
            refund_id: Some(refund.refund_id),
            entry_id: None,
            payment_id: Some(refund.payment_id),
            status: refund.status,
            amount: refund.amount,
            currency: refund.currency,
        }
    }
}

/// The account's part and the number of an entry's id; none of what is no such id.
fn entry_number(id: &str) -> Option<(&str, u64)> {
    let (account, number) = id.split_once('-')?;
    let is_account =
        account.len() == ACCOUNT_ID_BYTES && account.bytes().all(|byte| byte.is_ascii_hexdigit());
    // A payment's id is longer, and no number.
    let is_number = number.len() < ACCOUNT_ID_BYTES && number.bytes().all(|b| b.is_ascii_digit());
    (is_account && is_number).then_some((account, number.parse().ok()?))
}

fn owner(body: &JsonObject) -> Result<String, ApiError> {
    let user = body.text("user_id")?;
    user.filter(|user| is_user(user)).ok_or_else(|| {
        let message = "must name the user whose transaction it is";
        ApiError::invalid("user_id", message)
    })
}

/// The entry of this id: the newest of those before the next number.
async fn entry(
    core: &Core,
    account: &AccountRef,
    id: &str,
    account_part: &str,
    number: u64,
) -> Result<Entry, ApiError> {
    let next = number.checked_add(1).ok_or(ApiError::NotFound)?;
    let request = ListEntriesRequest {
        account: Some(account.clone()),
        page_size: 1,
        page_token: format!("{account_part}-{next}"),
        ..ListEntriesRequest::default()
    };
    let answer = core
        .list_entries(request)
        .await
        .map_err(|error| match error {
            // It is another account's.
            CoreError::InvalidField { .. } => ApiError::NotFound,
            error => error.into_api(&[]),
        })?;
    let found = answer.entries.into_iter().next();
    found
        .filter(|entry| entry.entry_id == id)
        .ok_or(ApiError::NotFound)
}

async fn of_charge(
    core: &AdminCore,
    administrator: &Administrator,
    account: AccountRef,
    entry_id: String,
    headers: &HeaderMap,
    body: &JsonObject,
) -> Result<AdminRefund, ApiError> {
    if !matches!(body.amount("amount_uah"), Ok(AmountMember::Absent)) {
        let message = "does not fit: charges are in USD; use amount_usd";
        return Err(ApiError::invalid("amount_uah", message));
    }
    let amount_micros = match body.amount("amount_usd")? {
        AmountMember::Absent => None,
        AmountMember::Null => {
            return Err(ApiError::invalid("amount_usd", "must be a JSON number"));
        }
        AmountMember::Amount(amount) => Some(amount.micros()),
    };
    let request = RefundChargeRequest {
        account: Some(account),
        idempotency_key: idempotency_key(headers)?,
        entry_id,
        amount_micros,
        reason: reason(body)?,
        actor: administrator.actor(),
    };
    let refund = core
        .refund_charge(request)
        .await
        .map_err(|error| error.into_api(FIELDS))?;
    Ok(AdminRefund {
        refund_id: None,
        entry_id: filled(refund.entry_id),
        payment_id: None,
        status: RefundStatus::Succeeded,
        amount: Usd::from_micros(refund.refunded_micros).into(),
        currency: USD.code.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::entry_number;

    #[test]
    fn an_entry_is_told_from_a_payment_by_its_id() {
        let account = "c975e54760465c8fb3618bfd9fffc274";
        let entry = format!("{account}-42");
        assert_eq!(entry_number(&entry), Some((account, 42)));
        let payment = format!("{account}-019aa5f27d6e7c319f0a6f2b8a1d4c55");
        let digits = format!("{account}-{}", "1".repeat(32));
        let huge = format!("{account}-{}", "9".repeat(31));
        for other in [&payment, &digits, &huge, "pi_3SYx", account, "42-42"] {
            assert_eq!(entry_number(other), None, "{other}");
        }
    }
}
