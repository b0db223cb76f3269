//! What came of an attempt, written down: each in one transaction.

use jiff::Timestamp;
use metrics::counter;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use tracing::{info, warn};
use uuid::Uuid;

use super::address::place;
use super::queries::delivery::{self as queries, Disabled, Subject};
use super::send::Failure;
use crate::id::AccountId;
use crate::outbox::{self, Channel, Notice, Waiting};

/// How long a subject is one core's: longer than an exchange takes, and the writing after it.
pub(super) const LEASE_SECS: i64 = 60;
/// Seconds until the next attempt, by how many there were before; hourly from then on.
const PAUSES_SECS: [i64; 5] = [5, 30, 120, 600, 1_800];
const PAUSE_MAX_SECS: i64 = 3_600;
/// Subjects of one statement: some milliseconds.
const SUBJECTS_AT_ONCE: i64 = 1_000;

/// What follows once an event was taken.
pub(super) struct Taken {
    /// The next one of its subject, if there is one and the lease is still held.
    pub next: Option<Waiting>,
    /// Nothing had been taken for long. What waits for its next attempt may be an hour away: the caller hurries it.
    pub has_recovered: bool,
}

/// Notes that an event was taken.
pub(super) async fn taken(
    pool: &PgPool,
    subject: Subject,
    event: &Waiting,
) -> Result<Taken, sqlx::Error> {
    counter!("billing_endpoint_deliveries_total", "outcome" => "taken").increment(1);
    let mut transaction = pool.begin().await?;
    let conn = &mut *transaction;
    // Locked first, and what waits is read in a statement after that: whoever adds deliveries locks it, too.
    let is_held = queries::renew(conn, subject, LEASE_SECS).await?;
    queries::delete_delivery(conn, subject, event.seq).await?;
    let next = if is_held {
        queries::find_next(&mut *conn, subject).await?
    } else {
        None
    };
    if is_held && next.is_none() {
        queries::delete_subject(conn, subject).await?;
    }
    transaction.commit().await?;
    let has_recovered = queries::recover(pool, subject.endpoint).await?;
    Ok(Taken {
        next,
        has_recovered,
    })
}

/// Makes everything due that waits for an endpoint, piece by piece: there may be millions.
pub(super) async fn hurry_all(pool: &PgPool, endpoint: Uuid) -> Result<(), sqlx::Error> {
    let mut behind = Uuid::nil();
    while let Some(last) = hurry_piece(pool, endpoint, behind).await? {
        behind = last;
    }
    Ok(())
}

/// Of those, a piece behind an account. The last account of it; none where there is none behind.
pub(super) async fn hurry_piece(
    pool: &PgPool,
    endpoint: Uuid,
    behind: Uuid,
) -> Result<Option<Uuid>, sqlx::Error> {
    queries::hurry(pool, endpoint, behind, SUBJECTS_AT_ONCE).await
}

/// Ends with a subject of which nothing that is kept waits.
pub(super) async fn nothing_left(pool: &PgPool, subject: Subject) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    if queries::renew(&mut transaction, subject, LEASE_SECS).await? {
        queries::delete_subject(&mut transaction, subject).await?;
    }
    transaction.commit().await?;
    // Something may have come meanwhile.
    queries::release(pool, subject).await
}

/// Notes that an event was not taken: it waits, and with it the later ones of its subject. Disables the endpoint
/// where it says that it is gone, or nothing was taken for too long.
pub(super) async fn not_taken(
    pool: &PgPool,
    subject: Subject,
    attempts: i32,
    failure: &Failure,
    failing_hours: i64,
) -> Result<(), sqlx::Error> {
    counter!("billing_endpoint_deliveries_total", "outcome" => failure.name()).increment(1);
    let error = failure.to_string();
    let mut transaction = pool.begin().await?;
    let conn = &mut *transaction;
    queries::note_failure(conn, subject.endpoint, failure.status(), &error).await?;
    queries::postpone(conn, subject, pause_millis(attempts)).await?;
    let is_gone = matches!(failure, Failure::Gone);
    let disabled = queries::disable_failing(conn, subject.endpoint, is_gone, failing_hours).await?;
    if let Some(disabled) = &disabled {
        tell_owner(conn, subject, disabled, is_gone, &error).await?;
    }
    transaction.commit().await?;
    if let Some(disabled) = disabled {
        warn!(endpoint = %subject.endpoint, place = place(&disabled.url), since = %disabled.failing_since,
            error, "endpoint is disabled, its owner is mailed");
    } else {
        info!(endpoint = %subject.endpoint, account = %subject.account, attempts, error,
            "event not taken by an endpoint, it waits");
    }
    Ok(())
}

/// The endpoint stands for an account: mail to it goes to its owner.
async fn tell_owner(
    conn: &mut PgConnection,
    subject: Subject,
    disabled: &Disabled,
    is_gone: bool,
    error: &str,
) -> Result<(), sqlx::Error> {
    let notice = Notice {
        channel: Channel::Mail,
        kind: "endpoint_disabled",
        payload: json!({
            "endpoint_id": subject.endpoint.to_string(),
            "place": place(&disabled.url),
            "why": if is_gone { "gone" } else { "failing" },
            "since": disabled.failing_since.to_string(),
            "error": error,
        }),
    };
    let owner = AccountId::from_uuid(subject.endpoint);
    outbox::enqueue(conn, &[(owner, notice)], Timestamp::now()).await
}

/// A fifth more or less, so that what failed together does not come again together.
fn pause_millis(attempts: i32) -> i64 {
    let secs = usize::try_from(attempts)
        .ok()
        .and_then(|attempts| PAUSES_SECS.get(attempts))
        .unwrap_or(&PAUSE_MAX_SECS);
    let per_mille: i64 = rand::random_range(800..=1_200);
    secs.saturating_mul(per_mille)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_less_and_less_often_and_hourly_in_the_end() {
        for (attempts, secs) in [(0, 5), (1, 30), (2, 120), (3, 600), (4, 1_800), (5, 3_600)] {
            let pause = pause_millis(attempts);
            assert!((secs * 800..=secs * 1_200).contains(&pause), "{attempts}");
        }
        assert!(pause_millis(i32::MAX) <= 4_320_000);
    }
}
