//! Stored rates.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgExecutor, query};

use super::super::rate::{Currency, StoredRate};

/// The newest stored rate of a currency.
pub async fn newest_rate(
    executor: impl PgExecutor<'_>,
    currency: Currency,
) -> Result<Option<StoredRate>, sqlx::Error> {
    let row = query!(
        r#"select trim_scale(rate)::text as "rate!", source, fetched_at as "fetched_at: SqlTimestamp",
            greatest(extract(epoch from clock_timestamp() - fetched_at), 0)::bigint as "age_secs!"
        from exchange_rate where currency = $1 order by fetched_at desc, source limit 1"#,
        currency.code(),
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| StoredRate {
        rate: row.rate,
        source: row.source,
        fetched_at: row.fetched_at.to_jiff(),
        age: Duration::from_secs(u64::try_from(row.age_secs).unwrap_or_default()),
    }))
}

/// Stores a rate; one that was stored by another gateway stays.
pub async fn insert_rate(
    executor: impl PgExecutor<'_>,
    currency: Currency,
    rate: &str,
    source: &str,
    fetched_at: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into exchange_rate (currency, rate, source, fetched_at)
        values ($1, $2::text::numeric, $3, $4) on conflict do nothing",
        currency.code(),
        rate,
        source,
        fetched_at.to_sqlx() as SqlTimestamp,
    )
    .execute(executor)
    .await?;
    Ok(())
}
