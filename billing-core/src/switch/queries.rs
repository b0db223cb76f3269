//! Every statement about switches.

use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgExecutor, PgPool, query, query_as};

use super::{Position, Switch};

/// A switch, or a change of one, as the tables have it.
struct PositionRow {
    name: String,
    is_on: bool,
    reason: String,
    actor: String,
    changed_at: SqlTimestamp,
}

/// What this version knows; a newer one may have more switches.
fn known(rows: Vec<PositionRow>) -> Vec<Position> {
    rows.into_iter()
        .filter_map(|row| {
            Some(Position {
                switch: Switch::named(&row.name)?,
                on: row.is_on,
                reason: row.reason,
                actor: row.actor,
                changed_at: Some(row.changed_at.to_jiff()),
            })
        })
        .collect()
}

/// The switches that were ever touched.
pub async fn positions(executor: impl PgExecutor<'_>) -> Result<Vec<Position>, sqlx::Error> {
    let rows = query_as!(
        PositionRow,
        r#"select name, is_on, reason, actor, changed_at as "changed_at: SqlTimestamp"
        from operator_switch order by name"#
    )
    .fetch_all(executor)
    .await?;
    Ok(known(rows))
}

/// Every switch, touched or not.
pub async fn all(pool: &PgPool) -> Result<Vec<Position>, sqlx::Error> {
    let mut touched = positions(pool).await?;
    for switch in Switch::ALL {
        if !touched.iter().any(|position| position.switch == switch) {
            touched.push(Position::untouched(switch));
        }
    }
    Ok(touched)
}

/// Switches, and keeps who did. Answers with the moment.
pub async fn set(pool: &PgPool, position: &Position) -> Result<Position, sqlx::Error> {
    let row = query!(
        r#"with now as (select clock_timestamp() as at), change as (
            insert into switch_change (name, is_on, reason, actor, changed_at)
            select $1, $2, $3, $4, at from now
        )
        insert into operator_switch (name, is_on, reason, actor, changed_at)
        select $1, $2, $3, $4, at from now
        on conflict (name) do update set is_on = excluded.is_on, reason = excluded.reason,
            actor = excluded.actor, changed_at = excluded.changed_at
        returning changed_at as "changed_at: SqlTimestamp""#,
        position.switch.name(),
        position.on,
        position.reason,
        position.actor,
    )
    .fetch_one(pool)
    .await?;
    Ok(Position {
        changed_at: Some(row.changed_at.to_jiff()),
        ..position.clone()
    })
}

/// What was switched, newest first.
pub async fn changes(pool: &PgPool, most: i64) -> Result<Vec<Position>, sqlx::Error> {
    let rows = query_as!(
        PositionRow,
        r#"select name, is_on, reason, actor, changed_at as "changed_at: SqlTimestamp"
        from switch_change order by changed_at desc, name limit $1"#,
        most,
    )
    .fetch_all(pool)
    .await?;
    Ok(known(rows))
}
