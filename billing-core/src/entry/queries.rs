//! Every statement of the history.
//!
//! There is no index on time: within an account time rises with the sequence, so a span of time is a
//! span of sequences, found by halving.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::types::Json;
use sqlx::{PgPool, query, query_scalar};

use super::{Entry, Filter};
use crate::id::{AccountId, EntrySeq, HoldId};
use crate::money::Micros;

/// The first entry at or after a time, by halving; one past the newest where there is none. Entries of a
/// clock that was ahead say nothing about their neighbours' times: they are stepped over.
pub async fn first_at_or_after(
    pool: &PgPool,
    account: AccountId,
    at: Timestamp,
) -> Result<EntrySeq, sqlx::Error> {
    let seq = query_scalar!(
        r#"with recursive halving (low, high) as (
            select 1::bigint, entry_seq + 1 from account where account_id = $1
            union all
            select case when e.created_at < $2 then e.seq + 1 else h.low end,
                case when e.created_at < $2 then h.high else (h.low + h.high) / 2 end
            from halving h left join lateral (
                select seq, created_at from entry
                where account_id = $1 and seq >= (h.low + h.high) / 2 and seq < h.high
                    and created_at <= clock_timestamp()
                order by seq limit 1
            ) as e on true
            where h.low < h.high
        )
        select low as "low!" from halving where low >= high"#,
        account.uuid(),
        at.to_sqlx() as SqlTimestamp,
    )
    .fetch_optional(pool)
    .await?;
    Ok(EntrySeq::new(seq.unwrap_or(1)))
}

/// Entries between two sequences, newest first; `before` is not among them.
pub async fn entries(
    pool: &PgPool,
    account: AccountId,
    from: EntrySeq,
    before: EntrySeq,
    filter: &Filter,
) -> Result<Vec<Entry>, sqlx::Error> {
    let rows = query!(
        r#"select e.seq, e.kind, e.amount_micros, e.balance_after_micros, e.counterparty,
            e.created_at as "created_at: SqlTimestamp", e.request_id, e.tool, e.price_version, e.hold_id,
            e.refunds_seq, n.description as "description?",
            n.metadata as "metadata?: Json<BTreeMap<String, String>>",
            coalesce(n.reason, r.reason) as "reason?", coalesce(n.actor, r.actor) as "actor?", p.payment_id as "payment_id?", p.provider as "provider?",
            coalesce(y.received_minor, y.amount_minor) as "paid_minor?", y.currency as "paid_currency?",
            exists (select from entry_unenforced u where u.account_id = e.account_id and u.seq = e.seq) as "unenforced!"
        from (
            -- What is skipped is not joined.
            select * from entry
            where account_id = $1 and seq >= $2 and seq < $3
                and (cardinality($4::text[]) = 0 or kind = any($4)) and ($5::text is null or tool = $5)
            order by seq desc offset $6 limit $7
        ) as e
            left join entry_note n on n.account_id = e.account_id and n.seq = e.seq
            left join payment_entry p on p.account_id = e.account_id and p.seq = e.seq
            left join payment_refund r on r.account_id = p.account_id and r.payment_id = p.payment_id
                and r.refund_id = p.refund_id
            left join payment y on p.kind = 'top_up' and y.account_id = p.account_id and y.payment_id = p.payment_id
        order by e.seq desc"#,
        account.uuid(),
        from.get(),
        before.get(),
        &filter.kinds as &[&str],
        filter.tool,
        filter.skip,
        filter.most,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Entry {
            seq: EntrySeq::new(row.seq),
            kind: row.kind,
            amount: Micros::new(row.amount_micros),
            balance_after: Micros::new(row.balance_after_micros),
            counterparty: row.counterparty,
            created_at: row.created_at.to_jiff(),
            request_id: row.request_id,
            tool: row.tool,
            price_version: row.price_version,
            hold: row.hold_id.map(HoldId::from_uuid),
            refunds: row.refunds_seq.map(EntrySeq::new),
            description: row.description,
            metadata: row.metadata.map(|metadata| metadata.0).unwrap_or_default(),
            reason: row.reason,
            actor: row.actor,
            payment: row.payment_id.zip(row.provider),
            paid: row.paid_minor.zip(row.paid_currency),
            unenforced: row.unenforced,
        })
        .collect())
}
