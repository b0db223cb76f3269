//! Endpoints: URLs of tenants' platforms that get the tenants' events as signed webhooks
//! ([docs/events.md](../../../docs/events.md#signed-webhooks)).
//!
//! | file | |
//! |---|---|
//! | `address` | which URLs and addresses are called |
//! | `signature` | secrets, and what they sign |
//! | `send` | one attempt |
//! | `record` | what came of it |
//! | `deliver` | who sends what, and when |
//! | `upkeep` | metrics, and the end of what is kept |
//!
//! Whoever takes an event out of the outbox puts its deliveries here, by `take_events` there.

mod address;
mod deliver;
mod options;
mod queries;
mod record;
mod send;
mod signature;
mod upkeep;

pub use address::{Networks, NoNetwork, Refused, parse as parse_url};
pub use options::{EndpointOptions, NetworkOptions};
pub use send::{Failure, Sender};
pub use signature::Secret;

use anyhow::bail;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::json;
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::error;
use uuid::Uuid;

use crate::outbox::{Waiting, switch_events_off_without_endpoints, switch_events_on_for_endpoints};

/// Endpoints of a tenant. Whoever takes a round of events away adds a delivery of each to every one, in a statement
/// that has five seconds.
const OF_TENANT: i64 = 20;
/// Deliveries are counted up to so many; a million takes a second.
const COUNTED: i64 = 100_000;
/// Deliveries that are forgotten in one statement, with an endpoint.
const FORGOTTEN_AT_ONCE: u32 = 10_000;
/// Accounts whose events are added again in one transaction.
const ACCOUNTS_AT_ONCE: usize = 500;

/// How long an event that has left can be sent again, and one that was not taken waits.
pub const KEPT_HOURS: i64 = 30 * 24;

/// An endpoint to be. Its URL is one that [`parse_url`] takes.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub tenant_id: String,
    pub url: String,
    pub owner_email: String,
    /// `en` or `uk`.
    pub owner_locale: String,
}

/// Where an endpoint is, and whose.
#[derive(Clone, Debug)]
pub struct Receiver {
    pub id: Uuid,
    pub tenant_id: String,
    pub url: String,
}

/// An endpoint as its operator sees it.
#[derive(Clone, Debug)]
pub struct EndpointState {
    pub id: Uuid,
    pub tenant_id: String,
    pub url: String,
    pub owner_email: String,
    pub created_at: Timestamp,
    /// The first failure since the last success.
    pub failing_since: Option<Timestamp>,
    pub last_failed_at: Option<Timestamp>,
    pub last_status: Option<i16>,
    pub last_error: Option<String>,
    pub disabled_at: Option<Timestamp>,
    /// `failing`, `gone` or `operator`.
    pub disabled_why: Option<String>,
    /// Deliveries, 100,000 at most.
    pub waiting: i64,
    /// When the oldest event of those was told.
    pub oldest: Option<Timestamp>,
    /// That have not ended.
    pub secrets: i64,
}

/// Delivers events to endpoints until `shutdown`; what is added, enabled or disabled meanwhile is seen within a second.
/// A machine without authorities of TLS calls none, and serves everything else.
pub fn start(
    options: &EndpointOptions,
    pool: &PgPool,
    shutdown: &CancellationToken,
    tasks: &mut JoinSet<()>,
) {
    tasks.spawn(upkeep::run(pool.clone(), shutdown.clone()));
    let hours = options.endpoint_failing_hours;
    match Sender::new(&options.networks.endpoint_allowed_networks) {
        Ok(sender) => {
            tasks.spawn(deliver::run(pool.clone(), sender, hours, shutdown.clone()));
        }
        Err(error) => error!("no endpoint is called: {error:#}"),
    }
}

/// Adds an endpoint, which gets its tenant's events from now on, and switches events on where they are off. An error
/// where the tenant has as many as it may.
pub async fn add(pool: &PgPool, new: &NewEndpoint) -> anyhow::Result<(Uuid, Secret)> {
    let (id, secret) = (Uuid::now_v7(), Secret::random()?);
    let mut transaction = pool.begin().await?;
    if queries::count_endpoints(&mut transaction, &new.tenant_id).await? >= OF_TENANT {
        bail!("a tenant has {OF_TENANT} endpoints at most");
    }
    queries::insert_endpoint(&mut transaction, id, new).await?;
    queries::insert_secret(&mut transaction, id, &secret).await?;
    switch_events_on_for_endpoints(&mut transaction).await?;
    transaction.commit().await?;
    Ok((id, secret))
}

/// Endpoints of a tenant, or of all.
pub async fn list(pool: &PgPool, tenant: Option<&str>) -> Result<Vec<EndpointState>, sqlx::Error> {
    queries::list_endpoints(pool, tenant, COUNTED).await
}

/// Makes a new secret; the others go on signing beside it for so many hours. None where there is no such endpoint.
pub async fn rotate(pool: &PgPool, id: Uuid, keep_hours: i64) -> anyhow::Result<Option<Secret>> {
    let secret = Secret::random()?;
    let mut transaction = pool.begin().await?;
    if !queries::lock_endpoint(&mut transaction, id).await? {
        return Ok(None);
    }
    queries::end_secrets(&mut transaction, id, keep_hours).await?;
    queries::insert_secret(&mut transaction, id, &secret).await?;
    transaction.commit().await?;
    Ok(Some(secret))
}

/// Sends events again from where it stopped, at once. False where there is no such endpoint.
pub async fn enable(pool: &PgPool, id: Uuid) -> Result<bool, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let is_there = queries::enable(&mut transaction, id).await?;
    if is_there {
        switch_events_on_for_endpoints(&mut transaction).await?;
    }
    transaction.commit().await?;
    record::hurry_all(pool, id).await?;
    Ok(is_there)
}

/// Sends nothing any more; what is told meanwhile waits. False where there is no such endpoint.
pub async fn disable(pool: &PgPool, id: Uuid) -> Result<bool, sqlx::Error> {
    queries::disable(pool, id).await
}

/// Removes an endpoint, and what waits for it; with the last one events end that nobody else reads. False where there
/// is no such endpoint. What waits may be millions, and the relay must not wait for all of it: it goes piece by piece,
/// and the endpoint, which is disabled meanwhile, behind it.
pub async fn remove(pool: &PgPool, id: Uuid) -> Result<bool, sqlx::Error> {
    if !queries::disable(pool, id).await? {
        return Ok(false);
    }
    let most = i64::from(FORGOTTEN_AT_ONCE);
    while queries::forget_deliveries(pool, id, most).await? >= u64::from(FORGOTTEN_AT_ONCE) {}
    let mut transaction = pool.begin().await?;
    let is_there = queries::delete_endpoint(&mut transaction, id).await?;
    switch_events_off_without_endpoints(&mut transaction).await?;
    transaction.commit().await?;
    Ok(is_there)
}

/// Delivers the events since `from` once more that are still kept, of each subject in order and before what waits.
/// How many that are; none where there is no such endpoint. A subject's are added at once, and all subjects piece by
/// piece: nobody waits for it, and where it is cut short, its repeat adds the rest.
pub async fn replay(pool: &PgPool, id: Uuid, from: Timestamp) -> Result<Option<u64>, sqlx::Error> {
    let Some(receiver) = queries::find_receiver(pool, id).await? else {
        return Ok(None);
    };
    let mut transaction = pool.begin().await?;
    let tenant = &receiver.tenant_id;
    let accounts = queries::find_kept_accounts(&mut transaction, tenant, from, KEPT_HOURS).await?;
    transaction.commit().await?;
    let mut added: u64 = 0;
    for piece in accounts.chunks(ACCOUNTS_AT_ONCE) {
        let mut transaction = pool.begin().await?;
        let again = queries::insert_again(&mut transaction, id, piece, from, KEPT_HOURS).await?;
        let Some(again) = again else {
            return Ok(None);
        };
        transaction.commit().await?;
        added = added.saturating_add(again);
    }
    Ok(Some(added))
}

/// Sends an event of the type `endpoint.test` at once, whatever the endpoint's state. None where there is no such
/// endpoint.
pub async fn test(
    pool: &PgPool,
    sender: &Sender,
    id: Uuid,
) -> Result<Option<Result<u16, Failure>>, sqlx::Error> {
    let Some(receiver) = queries::find_receiver(pool, id).await? else {
        return Ok(None);
    };
    let secrets = queries::find_secrets(pool, id).await?;
    let event = Waiting {
        account_id: Uuid::now_v7(),
        seq: 1,
        kind: "endpoint.test".to_owned(),
        payload: json!({"endpoint_id": id.to_string()}),
        created_at: Timestamp::now().to_sqlx(),
        attempts: 0,
        tenant_id: Some(receiver.tenant_id),
        // Of nobody: its subject is a number of its own.
        user_id: None,
    };
    Ok(Some(sender.send(&receiver.url, &secrets, &event).await))
}
