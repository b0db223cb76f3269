//! Bodies of events, which only providers read: a person's are found by whose they are, and by their words.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use sqlx::{PgConnection, PgPool, query, query_scalar};

use crate::id::AccountId;

/// The last event that was looked at.
#[derive(Clone, Debug)]
pub struct Searched {
    pub provider: String,
    pub event_id: String,
}

/// An event with a body of theirs.
pub struct Found {
    pub provider: String,
    pub event_id: String,
    /// It came while webhooks were switched off, and is applied by its body.
    pub is_recorded: bool,
    /// Nothing has come of it so far, and nobody has looked at it.
    pub is_open: bool,
}

pub struct Piece {
    pub found: Vec<Found>,
    /// None behind the last event.
    pub last: Option<Searched>,
}

/// What a body that names no account is searched for: addresses as JSON and forms write them, the account as
/// our requests name it, and what providers call it.
pub async fn find_needles(
    pool: &PgPool,
    account: AccountId,
    words: &[String],
) -> Result<Vec<String>, sqlx::Error> {
    let mut needles = query_scalar!(
        r#"select lower(reference) as "name!" from provider_customer where account_id = $1"#,
        account.uuid(),
    )
    .fetch_all(pool)
    .await?;
    needles.push(account.to_string());
    needles.push(account.uuid().simple().to_string());
    for address in words.iter().filter(|word| word.contains('@')) {
        needles.push(address.clone());
        needles.push(address.replace('@', "%40"));
        needles.push(address.replace('@', "\\u0040"));
    }
    Ok(needles)
}

/// Those of the next events whose bodies are theirs.
pub async fn find_events(
    pool: &PgPool,
    account: AccountId,
    behind: &Searched,
    needles: &[String],
    most: i64,
) -> Result<Piece, sqlx::Error> {
    let rows = query!(
        r#"with needle as materialized (
            select lower(encode(convert_to(needle, 'UTF8'), 'escape')) as text from unnest($4::text[]) needle
        )
        select e.provider, e.event_id, e.outcome, e.reviewed_at is not null as "reviewed!",
            e.raw is not null and case when e.account_id is not null then e.account_id = $1
                else exists (select from needle, (select lower(encode(e.raw, 'escape')) as text offset 0) body
                    where position(needle.text in body.text) > 0) end as "theirs!"
        from provider_event e where (e.provider, e.event_id) > ($2, $3)
        order by e.provider, e.event_id limit $5"#,
        account.uuid(),
        behind.provider,
        behind.event_id,
        needles,
        most,
    )
    .fetch_all(pool)
    .await?;
    let last = rows.last().map(|row| Searched {
        provider: row.provider.clone(),
        event_id: row.event_id.clone(),
    });
    let theirs = rows.into_iter().filter(|row| row.theirs);
    let found = theirs
        .map(|row| Found {
            is_recorded: row.outcome == "recorded" && !row.reviewed,
            is_open: ["unmatched", "unreadable"].contains(&&*row.outcome) && !row.reviewed,
            provider: row.provider,
            event_id: row.event_id,
        })
        .collect();
    Ok(Piece { found, last })
}

/// Drops bodies, and what was noted of them where it repeats them. Sorted: locked in the order of all sessions.
pub async fn erase_events(
    conn: &mut PgConnection,
    sorted: &[Found],
    needles: &[String],
) -> Result<(), sqlx::Error> {
    let providers: Vec<&str> = sorted.iter().map(|found| &*found.provider).collect();
    let ids: Vec<&str> = sorted.iter().map(|found| &*found.event_id).collect();
    query!(
        "select from unnest($1::text[], $2::text[]) as n (provider, event_id)
        cross join lateral (
            select from provider_event e where e.provider = n.provider and e.event_id = n.event_id
            for no key update offset 0
        ) e",
        &providers as &[&str],
        &ids as &[&str],
    )
    .execute(&mut *conn)
    .await?;
    query!(
        "update provider_event e set raw = null, detail = case when e.outcome = 'unreadable' or exists (
                select from unnest($3::text[]) needle where position(needle in lower(e.detail)) > 0)
            then null else e.detail end
        from unnest($1::text[], $2::text[]) as n (provider, event_id)
        where e.provider = n.provider and e.event_id = n.event_id
            and (e.outcome <> 'recorded' or e.reviewed_at is not null)",
        &providers as &[&str],
        &ids as &[&str],
        needles,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Where a search goes on that is broken off.
pub async fn note_searched(
    pool: &PgPool,
    account: AccountId,
    searched: &Searched,
) -> Result<(), sqlx::Error> {
    query!(
        "update person_erasure set searched_provider = $2, searched_event_id = $3
        where account_id = $1 and finished_at is null",
        account.uuid(),
        searched.provider,
        searched.event_id,
    )
    .execute(pool)
    .await?;
    Ok(())
}
