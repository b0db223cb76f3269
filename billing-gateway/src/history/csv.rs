//! `GET /api/billing/history.csv`: the user's entries as a file for spreadsheets, newest first. It is sent while it is
//! read, page by page, so that it may be as long as the history.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use billing_proto::v1::{Entry, ListEntriesRequest, ListEntriesResponse};
use tracing::warn;

use super::{FIELDS, Transaction, filter, transaction};
use crate::auth::Caller;
use crate::core::Core;
use crate::csv::Row;
use crate::currency::UAH;
use crate::downloads::{self, Downloads, Gone, Parts};
use crate::language::Language;
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;

/// At most 6 MB, with all the metadata that the contract allows.
const PAGE: i32 = 200;

/// By this spreadsheets know that what follows is UTF-8.
const MARK: &str = "\u{feff}";

const COLUMNS: &[&str] = &[
    "created_at",
    "type",
    "amount_usd",
    "balance_before_usd",
    "balance_after_usd",
    "paid_uah",
    "tool",
    "description",
    "request_id",
    "hold_id",
    "price_version",
    "enforced",
    "payment_provider",
    "payment_id",
    "metadata",
    "id",
];

/// The user's transactions as a file, newest first
///
/// One row for each, as `/api/billing/history` has them. It is sent while it is read: a connection that breaks off
/// has not brought all of it. Text that a spreadsheet would take for a formula has an apostrophe before it.
#[utoipa::path(
    get,
    path = "/api/billing/history.csv",
    operation_id = "downloadHistory",
    tag = "billing",
    security(("bearer" = [])),
    params(
        ("type" = Option<super::TransactionType>, Query, description = "Only these; absent: all"),
        ("tool" = Option<String>, Query, description = "Only of this tool; absent: all"),
        ("from" = Option<String>, Query,
         description = "From this time on: RFC 3339, or YYYY-MM-DD for the beginning of a day of \
                        the account's time zone"),
        ("to" = Option<String>, Query,
         description = "Up to this time, which is not included; written as `from`"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(downloads): State<Downloads>,
    core: Core,
    caller: Caller,
    language: Language,
    query: QueryText,
) -> Result<Response, ApiError> {
    let place = downloads.begin(caller.account())?;
    let core = core.waiting(downloads::PAGE_TIMEOUT);
    let request = filter::filtered(&core, &caller, &query, PAGE).await?;
    // What can be refused is, before the answer begins.
    let first = core.list_entries(request.clone()).await;
    let first = first.map_err(|error| error.into_api(FIELDS))?;
    let (parts, body) = downloads::channel();
    tokio::spawn(async move {
        let _place = place;
        // Where it does not end well the connection breaks.
        match write(&core, (&caller, language), request, first, &parts).await {
            Ok(()) => {
                let _ = parts.end().await;
            }
            Err(Broken::Gone) => {}
            Err(Broken::Core(error)) => warn!(?error, "a history is broken off"),
        }
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            "text/csv; charset=utf-8; header=present",
        ),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"history.csv\"",
        ),
    ];
    Ok((headers, body).into_response())
}

/// Why not all was sent.
#[derive(Debug)]
enum Broken {
    Gone,
    Core(ApiError),
}

impl From<Gone> for Broken {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

async fn write(
    core: &Core,
    (caller, language): (&Caller, Language),
    mut request: ListEntriesRequest,
    first: ListEntriesResponse,
    parts: &Parts,
) -> Result<(), Broken> {
    let mut rows = String::from(MARK);
    let mut head = Row::on(&mut rows);
    for column in COLUMNS {
        head.plain(column);
    }
    head.end();
    let mut page = first;
    loop {
        for entry in page.entries {
            write_row(&mut rows, entry, caller, language).map_err(Broken::Core)?;
        }
        parts.send(std::mem::take(&mut rows)).await?;
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        request.page_token = page.next_page_token;
        let next = core.list_entries(request.clone()).await;
        page = next.map_err(|error| Broken::Core(error.into_api(&[])))?;
    }
}

/// As [`COLUMNS`] name them.
fn write_row(
    rows: &mut String,
    entry: Entry,
    caller: &Caller,
    language: Language,
) -> Result<(), ApiError> {
    let paid_uah = (entry.paid_currency == UAH.code)
        .then(|| UAH.amount(entry.paid_minor))
        .flatten();
    let Transaction {
        id,
        user_id: _,
        r#type,
        amount_usd,
        // At today's rate, and tomorrow at another.
        amount_uah: _,
        balance_before_usd,
        balance_after_usd,
        request_id,
        tool,
        hold_id,
        price_version,
        enforced,
        payment_provider,
        payment_id,
        description,
        metadata,
        created_at,
    } = transaction(entry, caller.user_id(), None, language)?;
    let metadata = (!metadata.is_empty()).then(|| serde_json::to_string(&metadata));
    let metadata = metadata.transpose().map_err(ApiError::fault)?;
    let mut row = Row::on(rows);
    row.plain(created_at);
    row.plain(r#type.name());
    row.plain(amount_usd);
    row.plain(balance_before_usd);
    row.plain(balance_after_usd);
    row.plain_or_none(paid_uah);
    row.text(tool.as_deref());
    row.text(description.as_deref());
    row.text(request_id.as_deref());
    row.text(hold_id.as_deref());
    row.plain_or_none(price_version);
    row.plain(enforced);
    row.text(payment_provider.as_deref());
    row.text(payment_id.as_deref());
    row.text(metadata.as_deref());
    row.text(Some(&id));
    row.end();
    Ok(())
}
