//! How what administrators changed is read.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::BTreeMap;

use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgPool, query_as};
use uuid::Uuid;

use super::{Change, Place};
use crate::admin_change::Said;
use crate::id::{AccountId, EntrySeq};

/// A change as the tables have it.
struct ChangeRow {
    change_id: Uuid,
    changed_at: SqlTimestamp,
    action: String,
    account_id: Option<Uuid>,
    user_id: Option<String>,
    actor: Option<String>,
    reason: Option<String>,
    before: Json<BTreeMap<String, Value>>,
    after: Json<BTreeMap<String, Value>>,
    entry_seq: Option<i64>,
    payment_id: Option<Uuid>,
    refund_id: Option<Uuid>,
}

impl From<ChangeRow> for Change {
    fn from(row: ChangeRow) -> Self {
        Self {
            place: Place {
                at: row.changed_at.to_jiff(),
                id: row.change_id,
            },
            deed: row.action,
            account: row.account_id.map(AccountId::from_uuid),
            user_id: row.user_id,
            said: Said {
                actor: row.actor,
                reason: row.reason,
            },
            before: row.before.0,
            after: row.after.0,
            entry: row.entry_seq.map(EntrySeq::new),
            refund: row.payment_id.zip(row.refund_id),
        }
    }
}

/// A tenant's changes behind a place, newest first; of one account, where it is named.
pub async fn changes(
    pool: &PgPool,
    tenant_id: &str,
    account: Option<AccountId>,
    behind: Option<Place>,
    most: i64,
) -> Result<Vec<Change>, sqlx::Error> {
    let rows = query_as!(
        ChangeRow,
        r#"select c.change_id, c.changed_at as "changed_at: SqlTimestamp", c.action, c.account_id,
            coalesce(p.user_id, y.user_id, s.user_id) as user_id, coalesce(c.actor, n.actor, r.actor, x.actor) as actor,
            coalesce(c.reason, n.reason, r.reason, x.reason) as reason,
            case when e.seq is null then c.before else jsonb_build_object('settled_micros',
                (e.balance_after_micros - e.amount_micros)::text) end
                as "before!: Json<BTreeMap<String, Value>>",
            case when e.seq is not null then jsonb_build_object('settled_micros', e.balance_after_micros::text)
                when r.refund_id is not null then jsonb_build_object('amount_minor', r.amount_minor::text,
                    'currency', y.currency, 'state', r.state)
                else c.after end as "after!: Json<BTreeMap<String, Value>>",
            c.entry_seq, c.payment_id, c.refund_id
        from (
            select * from admin_change
            where tenant_id = $1 and ($2::uuid is null or account_id = $2)
                and ($3::timestamptz is null or (changed_at, change_id) < ($3, $4))
            order by changed_at desc, change_id desc limit $5
        ) as c
            left join account_profile p on p.account_id = c.account_id
            -- Who gave something need not have an account.
            left join supporter s on s.account_id = c.account_id
            left join entry e on e.account_id = c.account_id and e.seq = c.entry_seq
            left join entry_note n on n.account_id = c.account_id and n.seq = c.entry_seq
            left join payment y on y.account_id = c.account_id and y.payment_id = c.payment_id
            left join payment_refund r on r.account_id = c.account_id and r.payment_id = c.payment_id
                and r.refund_id = c.refund_id
            left join price_cancellation x on c.action = 'price_cancel' and x.tenant_id = c.tenant_id
                and x.tool = c.tool and x.version = c.price_version
        order by c.changed_at desc, c.change_id desc"#,
        tenant_id,
        account.map(AccountId::uuid),
        behind.map(|place| place.at.to_sqlx()) as Option<SqlTimestamp>,
        behind.map(|place| place.id),
        most,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Change::from).collect())
}
