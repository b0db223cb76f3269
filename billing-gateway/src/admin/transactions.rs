//! `GET /api/admin/transactions`, `GET /api/admin/review`: payments of the tenant, and entries of a user.

use axum::Json;
use billing_proto::v1::{
    Entry, EntryKind, ListEntriesRequest, ListTenantPaymentsRequest, Payment, PaymentPurpose,
    PaymentState, TenantPayment,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AdminPagination, Administrator, PAGE_FIELDS, Page, filled, word};
use crate::auth::is_user;
use crate::core::{AdminCore, Core, written};
use crate::currency::{Amount, Currency};
use crate::history::{TransactionType, shown_as};
use crate::payment::present;
use crate::payment::shown::{PaymentStatus, amount, currency, payment_status};
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::usd::Usd;

const TYPES: [(&str, TransactionType); 4] = [
    ("topup", TransactionType::TopUp),
    ("charge", TransactionType::Charge),
    ("refund", TransactionType::Refund),
    ("adjustment", TransactionType::Adjustment),
];

/// Which payments are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    In(PaymentState),
    InReview,
}

const STATUSES: [(&str, Wanted); 8] = [
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

/// A payment of the tenant, or an entry of a user.
#[derive(Debug, Serialize, ToSchema)]
struct AdminTransaction {
    /// Of a payment our own name of it; of an entry its id.
    id: String,
    user_id: String,
    r#type: AdminTransactionType,
    /// Of an entry what it moved, signed. Of a payment what it credited, or will when it is paid; of a
    /// contribution what is given.
    amount_usd: Usd,
    /// What is paid, or was paid in; null for what no payer pays.
    #[schema(required = true)]
    amount: Option<Amount>,
    /// ISO 4217, of `amount` and `refunded`.
    #[schema(required = true)]
    currency: Option<String>,
    /// Null for an entry: it is booked.
    #[schema(required = true)]
    status: Option<PaymentStatus>,
    #[schema(required = true)]
    payment_provider: Option<String>,
    #[schema(required = true)]
    payment_id: Option<String>,
    /// Somebody is to look at it: a provider's report contradicts the payment.
    needs_review: bool,
    /// Null where no report says why.
    #[schema(required = true)]
    review_reason: Option<String>,
    /// Given back to the payer so far; null for an entry.
    #[schema(required = true)]
    refunded: Option<Amount>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(required = true)]
    description: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum AdminTransactionType {
    Charge,
    /// A charge given back; negative: a payment reversed or disputed.
    Refund,
    /// Money paid in; a dispute that was won.
    TopUp,
    /// A grant, or a correction.
    Adjustment,
    /// Given to the tenant: it credits no account.
    Contribution,
}

impl From<TransactionType> for AdminTransactionType {
    fn from(of: TransactionType) -> Self {
        match of {
            TransactionType::Charge => Self::Charge,
            TransactionType::Refund => Self::Refund,
            TransactionType::TopUp => Self::TopUp,
            TransactionType::Adjustment => Self::Adjustment,
        }
    }
}

/// Payments of the tenant, or everything booked for one user
///
/// Without `userId` these are the tenant's payments. With it, and without `status`, they are what was booked
/// for that user.
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
         description = "Only payments that are created, pending, requires_action, succeeded, failed, \
                        canceled, expired or in_review"),
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
    let (transactions, next) = match (user_id, status) {
        (Some(user_id), None) => entries(&core, &administrator, user_id, of_type, &page).await?,
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

async fn entries(
    core: &Core,
    administrator: &Administrator,
    user_id: &str,
    of_type: Option<TransactionType>,
    page: &Page,
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
    let shown = entries.map(|entry| of_entry(entry, user_id));
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

fn of_entry(entry: Entry, user_id: &str) -> Result<AdminTransaction, ApiError> {
    let paid = Currency::of(&entry.paid_currency);
    Ok(AdminTransaction {
        r#type: shown_as(entry.kind())?.into(),
        amount_usd: Usd::from_micros(entry.amount_micros),
        amount: paid
            .map(|paid| amount(paid, entry.paid_minor))
            .transpose()?,
        currency: paid.map(|paid| paid.code.to_owned()),
        created_at: written(entry.created_at.as_ref())?
            .ok_or_else(|| ApiError::fault("an entry has no time"))?,
        id: entry.entry_id,
        user_id: user_id.to_owned(),
        status: None,
        payment_provider: filled(entry.payment_provider),
        payment_id: filled(entry.payment_id),
        needs_review: false,
        review_reason: None,
        refunded: None,
        description: filled(entry.description)
            .or_else(|| filled(entry.reason))
            .or_else(|| filled(entry.tool)),
    })
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
        Some(Wanted::InReview) | None => PaymentState::Unspecified,
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
    let shown = answer.payments.into_iter().map(of_payment);
    Ok((shown.collect::<Result<_, _>>()?, answer.next_page_token))
}

fn of_payment(listed: TenantPayment) -> Result<AdminTransaction, ApiError> {
    let payment = present(listed.payment)?;
    let currency = currency(&payment.currency)?;
    Ok(AdminTransaction {
        r#type: match payment.purpose() {
            PaymentPurpose::Contribution => AdminTransactionType::Contribution,
            PaymentPurpose::TopUp | PaymentPurpose::Unspecified => AdminTransactionType::TopUp,
        },
        amount_usd: worth(&payment, currency)?,
        amount: Some(amount(currency, payment.amount_minor)?),
        currency: Some(currency.code.to_owned()),
        status: Some(payment_status(payment.state())?),
        needs_review: payment.needs_review,
        review_reason: filled(listed.review_reason),
        refunded: Some(amount(currency, payment.refunded_minor)?),
        created_at: written(payment.created_at.as_ref())?
            .ok_or_else(|| ApiError::fault("a payment has no time"))?,
        payment_id: Some(payment.payment_id.clone()),
        id: payment.payment_id,
        user_id: payment.account.unwrap_or_default().user_id,
        payment_provider: filled(payment.provider),
        description: None,
    })
}

/// What it credited, or will. A contribution, which credits nothing, is paid in dollars.
fn worth(payment: &Payment, currency: Currency) -> Result<Usd, ApiError> {
    if payment.purpose() == PaymentPurpose::Contribution {
        let micros = currency.micros(payment.amount_minor);
        let micros = micros.ok_or_else(|| ApiError::fault("an amount is out of range"))?;
        return Ok(Usd::from_micros(micros));
    }
    Ok(Usd::from_micros(match payment.state() {
        PaymentState::Succeeded => payment.credited_micros,
        _ => payment.credit_micros,
    }))
}
