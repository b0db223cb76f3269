//! Every statement about what administrators change.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use serde_json::{Value, json};
use sqlx::{PgConnection, query};
use uuid::Uuid;

use super::{Fields, LeadsTo, NewChange};
use crate::id::AccountId;

/// Keeps changes. Joins the caller's transaction, which is that of the changes themselves. `tenant_id` may be
/// none where all of them are of accounts that are open.
pub async fn insert(
    conn: &mut PgConnection,
    tenant_id: Option<&str>,
    now: Timestamp,
    changes: Vec<NewChange>,
) -> Result<(), sqlx::Error> {
    for change in changes {
        let (entry, refund, price) = match change.leads_to {
            LeadsTo::Nothing => (None, None, None),
            LeadsTo::Entry(seq) => (Some(seq.get()), None, None),
            LeadsTo::Refund { payment, refund } => (None, Some((payment, refund)), None),
            LeadsTo::Price { tool, version } => (None, None, Some((tool, version))),
        };
        let (payment_id, refund_id) = refund.unzip();
        let (tool, version) = price.unzip();
        query!(
            "insert into admin_change (change_id, tenant_id, account_id, changed_at, action, actor, reason,
                before, after, entry_seq, payment_id, refund_id, tool, price_version)
            select $1, coalesce($2, (select tenant_id from account_profile where account_id = $3)), $3, $4, $5,
                $6, $7, $8, $9, $10, $11, $12, $13, $14",
            Uuid::now_v7(),
            tenant_id,
            change.account.map(AccountId::uuid),
            now.to_sqlx() as SqlTimestamp,
            change.deed.name(),
            change.said.actor,
            change.said.reason,
            object(&change.before),
            object(&change.after),
            entry,
            payment_id,
            refund_id,
            tool,
            version,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

fn object(fields: &Fields) -> Value {
    json!(fields)
}
