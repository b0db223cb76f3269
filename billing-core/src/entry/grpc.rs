//! `ListEntries`.

use billing_proto::v1;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::{Entry, Filter, Histories, queries};
use crate::field::{self, FieldError};
use crate::id::{AccountId, EntryId, EntrySeq, HoldId, PaymentId};
use crate::ledger::grpc::{entry_id, parse_account};
use crate::rpc::{PAGE_DEFAULT, Paged, call_of, page_size, timestamp};

/// Most entries on a page.
const ENTRIES_MAX: i64 = 500;

pub async fn list_entries(
    histories: &Histories,
    request: Request<v1::ListEntriesRequest>,
) -> Result<Response<v1::ListEntriesResponse>, Status> {
    let (call, mut request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account.take())?;
    let page = page_size(request.page_size, PAGE_DEFAULT, ENTRIES_MAX)?;
    let filter = Filter {
        // One more than the page, to know whether there is another.
        most: page + 1,
        ..parse_filter(account, request)?
    };
    let finding = find(histories.pool(), account, &filter);
    let entries = histories.read(&call, account, finding).await?;
    let Paged { rows, next } = Paged::of(entries, page, |last| entry_id(account, Some(last.seq)));
    Ok(Response::new(v1::ListEntriesResponse {
        entries: rows
            .into_iter()
            .map(|entry| shown(account, entry))
            .collect(),
        next_page_token: next,
    }))
}

async fn find(
    pool: &PgPool,
    account: AccountId,
    filter: &Filter,
) -> Result<Vec<Entry>, sqlx::Error> {
    let from = match filter.from {
        None => EntrySeq::new(1),
        Some(at) => queries::first_at_or_after(pool, account, at).await?,
    };
    let mut before = filter.before.unwrap_or(EntrySeq::new(i64::MAX));
    if let Some(at) = filter.to {
        before = before.min(queries::first_at_or_after(pool, account, at).await?);
    }
    queries::entries(pool, account, from, before, filter).await
}

fn parse_filter(account: AccountId, request: v1::ListEntriesRequest) -> Result<Filter, FieldError> {
    let mut kinds = Vec::new();
    let asked = request.kinds.iter().map(|kind| ("kinds", *kind));
    for (field, kind) in std::iter::once(("kind", request.kind)).chain(asked) {
        let kind = v1::EntryKind::try_from(kind)
            .map_err(|_| FieldError::new(field, "must be a kind that the contract names"))?;
        kinds.extend(kind_name(kind));
    }
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
                        "must be the next_page_token of a page, or the id of an entry of the account",
                    )
                })?,
        ),
    };
    Ok(Filter {
        before,
        kinds,
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

fn shown(account: AccountId, entry: Entry) -> v1::Entry {
    let kind =
        v1::EntryKind::from_str_name(&format!("ENTRY_KIND_{}", entry.kind.to_ascii_uppercase()))
            .unwrap_or(v1::EntryKind::Unspecified);
    let (payment_id, payment_provider) = entry
        .payment
        .map(|(number, provider)| (PaymentId { account, number }.to_string(), provider))
        .unzip();
    let (paid_minor, paid_currency) = entry.paid.unzip();
    v1::Entry {
        entry_id: entry_id(account, Some(entry.seq)),
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
        refunds_entry_id: entry_id(account, entry.refunds),
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
