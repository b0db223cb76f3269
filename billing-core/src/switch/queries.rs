//! Every statement about switches.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgExecutor, PgPool, query, query_as};
use uuid::Uuid;

use super::{Position, Switch, Switched};

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
    let mut transaction = pool.begin().await?;
    // One after the other, so that the newest change is what holds.
    query!(
        "select pg_advisory_xact_lock(hashtextextended('operator_switch' || chr(31) || $1, 0))",
        position.switch.name(),
    )
    .execute(&mut *transaction)
    .await?;
    let row = query!(
        r#"with now as (
            -- Where the clock was set back, the newest change is what holds all the same.
            select greatest(clock_timestamp(), (select changed_at + interval '1 microsecond'
                from operator_switch where name = $1)) as at
        ), change as (
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
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
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

/// What was switched behind a moment and a change of it, newest first. A change has no id of its own: it is made
/// of its key.
pub async fn changes_behind(
    pool: &PgPool,
    behind: Option<(Timestamp, Uuid)>,
    most: i64,
) -> Result<Vec<Switched>, sqlx::Error> {
    let rows = query!(
        r#"select id as "id!", name, is_on, reason, actor, changed_at as "changed_at: SqlTimestamp",
            coalesce((select e.is_on from switch_change e where e.name = c.name and e.changed_at < c.changed_at
                order by e.changed_at desc limit 1), true) as "was_on!"
        from (select md5(name || extract(epoch from changed_at))::uuid as id, * from switch_change) c
        where $1::timestamptz is null or (changed_at, id) < ($1, $2)
        order by changed_at desc, id desc limit $3"#,
        behind.map(|(at, _)| at.to_sqlx()) as Option<SqlTimestamp>,
        behind.map(|(_, id)| id),
        most,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let at = row.changed_at.to_jiff();
            Some(Switched {
                at,
                id: row.id,
                was_on: row.was_on,
                position: Position {
                    switch: Switch::named(&row.name)?,
                    on: row.is_on,
                    reason: row.reason,
                    actor: row.actor,
                    changed_at: Some(at),
                },
            })
        })
        .collect())
}
