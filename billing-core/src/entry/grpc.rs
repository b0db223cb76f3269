//! `ListEntries`, `GetUsage`.

use billing_proto::v1;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use jiff_sqlx::ToSqlx;
use tonic::{Request, Response, Status};

use super::{Entry, Filter, queries};
use crate::Core;
use crate::account::grpc::{call_of, parse_account};
use crate::field::{self, FieldError};
use crate::id::{AccountId, EntryId, EntrySeq, HoldId, PaymentId};
use crate::ledger::grpc::timestamp;

const DEFAULT_PAGE: i64 = 50;
const MAX_PAGE: i64 = 500;
const MAX_USAGE_DAYS: i64 = 366;

pub async fn list_entries(
    core: &Core,
    request: Request<v1::ListEntriesRequest>,
) -> Result<Response<v1::ListEntriesResponse>, Status> {
    let (call, mut request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account.take())?;
    let page = match request.page_size {
        0 => DEFAULT_PAGE,
        size => field::number("page_size", size.into(), 1, MAX_PAGE)?,
    };
    let filter = Filter {
        // One more than the page, to know whether there is another.
        most: page + 1,
        ..parse_filter(account, request)?
    };
    let mut entries = call.query(find(core, account, &filter)).await?;
    let more = entries.len() > usize::try_from(page).unwrap_or_default();
    entries.truncate(usize::try_from(page).unwrap_or_default());
    let next_page_token = match entries.last() {
        Some(last) if more => core.entry_id(account, Some(last.seq)),
        _ => String::new(),
    };
    Ok(Response::new(v1::ListEntriesResponse {
        entries: entries
            .into_iter()
            .map(|entry| shown(core, account, entry))
            .collect(),
        next_page_token,
    }))
}

async fn find(core: &Core, account: AccountId, filter: &Filter) -> Result<Vec<Entry>, sqlx::Error> {
    let from = match filter.from {
        None => EntrySeq::new(1),
        Some(at) => queries::first_at_or_after(&core.pool, account, at).await?,
    };
    let mut before = filter.before.unwrap_or(EntrySeq::new(i64::MAX));
    if let Some(at) = filter.to {
        before = before.min(queries::first_at_or_after(&core.pool, account, at).await?);
    }
    queries::entries(&core.pool, account, from, before, filter).await
}

fn parse_filter(account: AccountId, request: v1::ListEntriesRequest) -> Result<Filter, FieldError> {
    let kind = v1::EntryKind::try_from(request.kind)
        .map_err(|_| FieldError::new("kind", "must be a kind that the contract names"))?;
    let before = match field::optional_text("page_token", request.page_token, 64)? {
        None => None,
        Some(token) => Some(
            token
                .parse::<EntryId>()
                .ok()
                .filter(|id| id.account == account)
                .map(|id| id.seq)
                .ok_or_else(|| {
                    FieldError::new(
                        "page_token",
                        "must be a next_page_token or an entry id of the account",
                    )
                })?,
        ),
    };
    Ok(Filter {
        before,
        kind: kind_name(kind),
        tool: field::optional_text("tool", request.tool, 128)?,
        from: field::timestamp("from", request.from)?,
        to: field::timestamp("to", request.to)?,
        skip: field::number("skip", request.skip.into(), 0, 1_000_000)?,
        most: 0,
    })
}

const fn kind_name(kind: v1::EntryKind) -> Option<&'static str> {
    match kind {
        v1::EntryKind::Unspecified => None,
        v1::EntryKind::TopUp => Some("top_up"),
        v1::EntryKind::Charge => Some("charge"),
        v1::EntryKind::Refund => Some("refund"),
        v1::EntryKind::Grant => Some("grant"),
        v1::EntryKind::Adjustment => Some("adjustment"),
        v1::EntryKind::PaymentReversal => Some("payment_reversal"),
        v1::EntryKind::Dispute => Some("dispute"),
        v1::EntryKind::DisputeWon => Some("dispute_won"),
    }
}

fn shown(core: &Core, account: AccountId, entry: Entry) -> v1::Entry {
    let kind =
        v1::EntryKind::from_str_name(&format!("ENTRY_KIND_{}", entry.kind.to_ascii_uppercase()))
            .unwrap_or(v1::EntryKind::Unspecified);
    let (payment_id, payment_provider) = entry
        .payment
        .map(|(number, provider)| (PaymentId { account, number }.to_string(), provider))
        .unzip();
    let (paid_minor, paid_currency) = entry.paid.unzip();
    v1::Entry {
        entry_id: core.entry_id(account, Some(entry.seq)),
        kind: kind.into(),
        amount_micros: entry.amount.get(),
        balance_after_micros: entry.balance_after.get(),
        counterparty: entry.counterparty,
        created_at: Some(timestamp(entry.created_at)),
        request_id: entry.request_id.unwrap_or_default(),
        tool: entry.tool.unwrap_or_default(),
        price_version: entry.price_version,
        hold_id: entry
            .hold
            .map(|hold: HoldId| hold.to_string())
            .unwrap_or_default(),
        refunds_entry_id: core.entry_id(account, entry.refunds),
        description: entry.description.unwrap_or_default(),
        metadata: entry.metadata,
        reason: entry.reason.unwrap_or_default(),
        actor: entry.actor.unwrap_or_default(),
        payment_id: payment_id.unwrap_or_default(),
        payment_provider: payment_provider.unwrap_or_default(),
        paid_minor: paid_minor.unwrap_or_default(),
        paid_currency: paid_currency.unwrap_or_default(),
        unenforced: entry.unenforced,
    }
}

pub async fn get_usage(
    core: &Core,
    request: Request<v1::GetUsageRequest>,
) -> Result<Response<v1::GetUsageResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_account(&call, request.account)?;
    let snapshot = core
        .reader
        .read(account, &name.tenant_id, None, call.deadline)
        .await?;
    let to = field::timestamp("to", request.to)?.unwrap_or(snapshot.now);
    let from = match field::timestamp("from", request.from)? {
        Some(from) => from,
        None => to
            .saturating_sub(SignedDuration::from_hours(30 * 24))
            .unwrap_or(to),
    };
    if from >= to || to.duration_since(from) > SignedDuration::from_hours(MAX_USAGE_DAYS * 24) {
        return Err(FieldError::new(
            "from",
            format!("must be before `to`, by at most {MAX_USAGE_DAYS} days"),
        )
        .into());
    }
    let zone = TimeZone::get(&snapshot.account.time_zone).unwrap_or(TimeZone::UTC);
    let days = days_between(from, to, &zone);
    let (days, tools) = call.query(usage(core, account, from, to, &days)).await?;
    Ok(Response::new(v1::GetUsageResponse {
        days,
        tools,
        time_zone: snapshot.account.time_zone.to_string(),
    }))
}

async fn usage(
    core: &Core,
    account: AccountId,
    from: Timestamp,
    to: Timestamp,
    days: &[(Date, Timestamp)],
) -> Result<(Vec<v1::DayUsage>, Vec<v1::ToolUsageSum>), sqlx::Error> {
    let first = queries::first_at_or_after(&core.pool, account, from).await?;
    let before = queries::first_at_or_after(&core.pool, account, to).await?;
    let starts: Vec<_> = days.iter().map(|(_, start)| start.to_sqlx()).collect();
    let by_day = queries::usage_by_span(&core.pool, account, first, before, &starts)
        .await?
        .into_iter()
        .filter_map(|usage| {
            // Spans are numbered from 1.
            let (date, _) = days.get(usage.of.checked_sub(1)?)?;
            Some(v1::DayUsage {
                date: date.to_string(),
                spent_micros: usage.spent.get(),
                charge_count: usage.charges,
            })
        })
        .collect();
    let by_tool = queries::usage_by_tool(&core.pool, account, first, before)
        .await?
        .into_iter()
        .map(|usage| v1::ToolUsageSum {
            tool: usage.of,
            spent_micros: usage.spent.get(),
            charge_count: usage.charges,
        })
        .collect();
    Ok((by_day, by_tool))
}

/// The local days that a span of time touches, each with its first moment.
fn days_between(from: Timestamp, to: Timestamp, zone: &TimeZone) -> Vec<(Date, Timestamp)> {
    let mut days = Vec::new();
    let mut date = zone.to_datetime(from).date();
    while let Ok(start) = zone.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())) {
        if start >= to {
            break;
        }
        days.push((date, start));
        let Ok(next) = date.checked_add(1.day()) else {
            break;
        };
        date = next;
    }
    days
}
