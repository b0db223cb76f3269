//! `GET /api/admin/transactions`, `GET /api/admin/review`: payments of the tenant, and entries of a user.

use axum::Json;
use billing_proto::v1::{
    EntryKind, GetAccountRequest, ListEntriesRequest, ListTenantPaymentsRequest, PaymentState,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::transaction::AdminTransaction;
use super::{AdminPagination, Administrator, PAGE_FIELDS, Page, word};
use crate::auth::is_user;
use crate::core::{AdminCore, Core};
use crate::history::TransactionType;
use crate::language::Language;
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;

const TYPES: [(&str, TransactionType); 4] = [
    ("topup", TransactionType::TopUp),
    ("charge", TransactionType::Charge),
    ("refund", TransactionType::Refund),
    ("adjustment", TransactionType::Adjustment),
];

/// Which payments are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    In(PaymentState),
    InReview,
}

const STATUSES: [(&str, Wanted); 9] = [
    ("all", Wanted::All),
    ("created", Wanted::In(PaymentState::Created)),
    ("pending", Wanted::In(PaymentState::Pending)),
    ("requires_action", Wanted::In(PaymentState::RequiresAction)),
    ("succeeded", Wanted::In(PaymentState::Succeeded)),
    ("failed", Wanted::In(PaymentState::Failed)),
    ("canceled", Wanted::In(PaymentState::Canceled)),
    ("expired", Wanted::In(PaymentState::Expired)),
    ("in_review", Wanted::InReview),
];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminTransactionsResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    /// Newest first.
    transactions: Vec<AdminTransaction>,
    pagination: AdminPagination,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    /// Newest first.
    payments: Vec<AdminTransaction>,
    pagination: AdminPagination,
}

/// Payments of the tenant, or everything booked for one user
///
/// Without `userId` these are the tenant's payments. With it, and without `status`, they are what was booked
/// for that user; of somebody who has no account yet, for whom nothing was booked, their payments.
#[utoipa::path(
    get,
    path = "/api/admin/transactions",
    operation_id = "adminListTransactions",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("type" = Option<String>, Query,
         description = "topup, charge, refund or adjustment; others than topup need `userId`"),
        ("status" = Option<String>, Query,
         description = "Only payments: all of them, or those that are created, pending, requires_action, \
                        succeeded, failed, canceled, expired or in_review"),
        ("userId" = Option<String>, Query, max_length = 255, description = "Only of this user"),
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 200,
         description = "How many; absent: 50"),
        ("before" = Option<String>, Query,
         description = "The `next_before` of the page before"),
    ),
    responses(
        (status = 200, body = AdminTransactionsResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    core: Core,
    admin_core: AdminCore,
    administrator: Administrator,
    language: Language,
    query: QueryText,
) -> Result<Json<AdminTransactionsResponse>, ApiError> {
    let page = Page::of(&query)?;
    let of_type = word(&query, "type", &TYPES)?;
    let status = word(&query, "status", &STATUSES)?;
    let user_id = query.text("userId").filter(|user| !user.is_empty());
    if user_id.is_some_and(|user| !is_user(user)) {
        return Err(ApiError::invalid("userId", "must be 1 to 255 bytes"));
    }
    let of_payments = of_type.is_none_or(|of| of == TransactionType::TopUp);
    let is_unopened = match (user_id, of_type, status) {
        (Some(user_id), None, None) => !has_account(&core, &administrator, user_id).await?,
        _ => false,
    };
    let (transactions, next) = match (user_id, status) {
        (Some(user_id), None) if !is_unopened => {
            entries(&core, &administrator, user_id, of_type, (&page, language)).await?
        }
        (None, _) if !of_payments => {
            let message =
                "must be topup, or stand beside userId: only payments are listed of everybody";
            return Err(ApiError::invalid("type", message));
        }
        (Some(_), Some(_)) if !of_payments => {
            let message = "must not be given here: only payments, of type topup, have a status";
            return Err(ApiError::invalid("status", message));
        }
        (user_id, status) => payments(&admin_core, &administrator, user_id, status, &page).await?,
    };
    Ok(Json(AdminTransactionsResponse {
        success: true,
        pagination: AdminPagination::of(&page, transactions.len(), next),
        transactions,
    }))
}

/// Payments that somebody is to look at
#[utoipa::path(
    get,
    path = "/api/admin/review",
    operation_id = "adminListReview",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 200,
         description = "How many; absent: 50"),
        ("before" = Option<String>, Query,
         description = "The `next_before` of the page before"),
    ),
    responses(
        (status = 200, body = ReviewResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn in_review(
    core: AdminCore,
    administrator: Administrator,
    query: QueryText,
) -> Result<Json<ReviewResponse>, ApiError> {
    let page = Page::of(&query)?;
    let in_review = Some(Wanted::InReview);
    let (payments, next) = payments(&core, &administrator, None, in_review, &page).await?;
    Ok(Json(ReviewResponse {
        success: true,
        pagination: AdminPagination::of(&page, payments.len(), next),
        payments,
    }))
}

async fn has_account(
    core: &Core,
    administrator: &Administrator,
    user_id: &str,
) -> Result<bool, ApiError> {
    let request = GetAccountRequest {
        account: Some(administrator.account(user_id.to_owned())),
    };
    let answer = core.get_account(request).await;
    let account = answer.map_err(|error| error.into_api(&[]))?.account;
    Ok(account.is_some_and(|account| account.exists))
}

async fn entries(
    core: &Core,
    administrator: &Administrator,
    user_id: &str,
    of_type: Option<TransactionType>,
    (page, language): (&Page, Language),
) -> Result<(Vec<AdminTransaction>, String), ApiError> {
    let kinds = of_type.map(kinds).unwrap_or_default();
    let request = ListEntriesRequest {
        account: Some(administrator.account(user_id.to_owned())),
        page_size: page.limit,
        page_token: page.before.clone(),
        kinds: kinds.iter().map(|kind| i32::from(*kind)).collect(),
        ..ListEntriesRequest::default()
    };
    let answer = core
        .list_entries(request)
        .await
        .map_err(|error| error.into_api(PAGE_FIELDS))?;
    let entries = answer.entries.into_iter();
    let shown = entries.map(|entry| AdminTransaction::of_entry(entry, user_id, language));
    Ok((shown.collect::<Result<_, _>>()?, answer.next_page_token))
}

fn kinds(of: TransactionType) -> &'static [EntryKind] {
    match of {
        TransactionType::Charge => &[EntryKind::Charge],
        TransactionType::Refund => &[
            EntryKind::Refund,
            EntryKind::PaymentReversal,
            EntryKind::Dispute,
        ],
        TransactionType::TopUp => &[EntryKind::TopUp, EntryKind::DisputeWon],
        TransactionType::Adjustment => &[EntryKind::Adjustment, EntryKind::Grant],
    }
}

async fn payments(
    core: &AdminCore,
    administrator: &Administrator,
    user_id: Option<&str>,
    wanted: Option<Wanted>,
    page: &Page,
) -> Result<(Vec<AdminTransaction>, String), ApiError> {
    let state = match wanted {
        Some(Wanted::In(state)) => state,
        Some(Wanted::All | Wanted::InReview) | None => PaymentState::Unspecified,
    };
    let request = ListTenantPaymentsRequest {
        tenant_id: administrator.tenant_id(),
        user_id: user_id.unwrap_or_default().to_owned(),
        state: state.into(),
        needs_review: wanted == Some(Wanted::InReview),
        page_size: page.limit,
        page_token: page.before.clone(),
    };
    let answer = core
        .list_tenant_payments(request)
        .await
        .map_err(|error| error.into_api(PAGE_FIELDS))?;
    let shown = answer.payments.into_iter();
    let shown = shown.map(AdminTransaction::of_payment);
    Ok((shown.collect::<Result<_, _>>()?, answer.next_page_token))
}
