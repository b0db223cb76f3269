//! `GET /api/billing/history`: the user's entries, newest first.

pub(crate) mod csv;
mod filter;
mod words;

use std::collections::BTreeMap;

use axum::Json;
use billing_proto::v1::{Entry, EntryKind, ListEntriesRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::core::{Core, FieldNames, written};
use crate::currency::{Amount, UAH};
use crate::language::Language;
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::rates::{self, Rate};
use crate::usd::Usd;

pub(crate) use words::described;

const LIMIT_DEFAULT: i32 = 50;
const LIMIT_MAX: i32 = 500;
const OFFSET_MAX: i32 = 1_000_000;

const FIELDS: FieldNames<'static> = &[
    ("page_size", "limit"),
    ("skip", "offset"),
    ("page_token", "before"),
    ("next_page_token", "next_before"),
    ("tool", "tool"),
    ("from", "from"),
    ("to", "to"),
];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    transactions: Vec<Transaction>,
    pagination: Pagination,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Transaction {
    id: String,
    user_id: String,
    r#type: TransactionType,
    /// Signed: a charge is negative.
    amount_usd: Usd,
    /// What was paid in UAH, else the amount at the current rate. Null where no rate is known.
    #[schema(required = true)]
    amount_uah: Option<Amount>,
    balance_before_usd: Usd,
    balance_after_usd: Usd,
    /// The tool backend's name for the request that was charged.
    #[schema(required = true)]
    request_id: Option<String>,
    /// The tool that was used; null for charges by amount and for everything else.
    #[schema(required = true)]
    tool: Option<String>,
    /// The hold whose capture it is; null for what set nothing aside.
    #[schema(required = true)]
    hold_id: Option<String>,
    /// The version of the tool's price; null for charges by amount and for everything else.
    #[schema(required = true)]
    price_version: Option<i64>,
    /// False: it was charged while an operator had switched enforcement off.
    enforced: bool,
    /// By whom it was paid in or taken back; null for what no payment moved.
    #[schema(required = true)]
    payment_provider: Option<String>,
    /// The payment that moved it; null for what no payment moved.
    #[schema(required = true)]
    payment_id: Option<String>,
    /// A charge's description; why somebody gave, took or gave back; or, where nobody wrote anything, what it is, in
    /// the language that `Accept-Language` names (en, uk). Null for a charge and a top-up without one.
    #[schema(required = true)]
    description: Option<String>,
    metadata: BTreeMap<String, String>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TransactionType {
    Charge,
    /// A charge given back; negative: a payment reversed or disputed.
    Refund,
    /// Money paid in; a dispute that was won.
    TopUp,
    /// A grant, or a correction by an administrator.
    Adjustment,
}

#[derive(Debug, Serialize, ToSchema)]
struct Pagination {
    limit: i32,
    offset: i32,
    /// Number of transactions in this answer.
    count: usize,
    /// `before` of the next page; null on the last one. Unlike offsets it does not shift while
    /// transactions arrive.
    #[schema(required = true)]
    next_before: Option<String>,
}

/// The user's transactions, newest first
#[utoipa::path(
    get,
    path = "/api/billing/history",
    operation_id = "listHistory",
    tag = "billing",
    security(("bearer" = [])),
    params(
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 500,
         description = "How many transactions; absent: 50"),
        ("offset" = Option<i32>, Query, minimum = 0, maximum = 1_000_000,
         description = "How many to pass over first"),
        ("before" = Option<String>, Query,
         description = "Only what is older than the transaction with this id"),
        ("type" = Option<TransactionType>, Query, description = "Only these; absent: all"),
        ("tool" = Option<String>, Query, description = "Only of this tool; absent: all"),
        ("from" = Option<String>, Query,
         description = "From this time on: RFC 3339, or YYYY-MM-DD for the beginning of a day of \
                        the account's time zone"),
        ("to" = Option<String>, Query,
         description = "Up to this time, which is not included; written as `from`"),
    ),
    responses(
        (status = 200, body = HistoryResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    core: Core,
    caller: Caller,
    language: Language,
    query: QueryText,
) -> Result<Json<HistoryResponse>, ApiError> {
    let limit = query.whole("limit", 1..=LIMIT_MAX, LIMIT_DEFAULT)?;
    let offset = query.whole("offset", 0..=OFFSET_MAX, 0)?;
    let request = ListEntriesRequest {
        page_token: query.text("before").unwrap_or_default().to_owned(),
        skip: offset,
        ..filter::filtered(&core, &caller, &query, limit).await?
    };
    let (answer, rate) = tokio::join!(core.list_entries(request), rates::shown(&core));
    let answer = answer.map_err(|error| error.into_api(FIELDS))?;
    let rate = rate?.map(|(rate, _)| rate);
    let transactions = answer
        .entries
        .into_iter()
        .map(|entry| transaction(entry, caller.user_id(), rate.as_ref(), language))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Json(HistoryResponse {
        success: true,
        pagination: Pagination {
            limit,
            offset,
            count: transactions.len(),
            next_before: filled(answer.next_page_token),
        },
        transactions,
    }))
}

/// An entry of `user_id`, as it is shown.
pub(crate) fn transaction(
    entry: Entry,
    user_id: &str,
    rate: Option<&Rate>,
    language: Language,
) -> Result<Transaction, ApiError> {
    let r#type = shown_as(entry.kind())?;
    let before_micros = entry
        .balance_after_micros
        .checked_sub(entry.amount_micros)
        .ok_or_else(|| ApiError::fault("an entry's balance is out of range"))?;
    let created_at = written(entry.created_at.as_ref())?
        .ok_or_else(|| ApiError::fault("an entry has no time"))?;
    let amount_uah = amount_uah(&entry, rate);
    let description = described(&entry, language);
    Ok(Transaction {
        id: entry.entry_id,
        user_id: user_id.to_owned(),
        r#type,
        amount_usd: Usd::from_micros(entry.amount_micros),
        amount_uah,
        balance_before_usd: Usd::from_micros(before_micros),
        balance_after_usd: Usd::from_micros(entry.balance_after_micros),
        request_id: filled(entry.request_id),
        tool: filled(entry.tool),
        hold_id: filled(entry.hold_id),
        price_version: entry.price_version,
        enforced: !entry.unenforced,
        payment_provider: filled(entry.payment_provider),
        payment_id: filled(entry.payment_id),
        description,
        metadata: entry.metadata,
        created_at,
    })
}

/// What was paid in hryvnias stays what it was, whatever they are worth today.
fn amount_uah(entry: &Entry, rate: Option<&Rate>) -> Option<Amount> {
    if entry.paid_currency == UAH.code {
        return UAH.amount(entry.paid_minor);
    }
    rate?.uah(entry.amount_micros)
}

/// The four words that the clients of the first platform know.
pub(crate) fn shown_as(kind: EntryKind) -> Result<TransactionType, ApiError> {
    match kind {
        EntryKind::Charge => Ok(TransactionType::Charge),
        EntryKind::Refund | EntryKind::PaymentReversal | EntryKind::Dispute => {
            Ok(TransactionType::Refund)
        }
        EntryKind::TopUp | EntryKind::DisputeWon => Ok(TransactionType::TopUp),
        EntryKind::Grant | EntryKind::Adjustment => Ok(TransactionType::Adjustment),
        EntryKind::Unspecified => Err(ApiError::fault("an entry is of no known kind")),
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
