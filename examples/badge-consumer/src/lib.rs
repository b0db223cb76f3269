//! Keeps a platform's table `supporter_badges` as billing has its users' badges.
//!
//! Events come at least once, and a delivery may be an old one that comes again. So the row keeps the number of the
//! event that wrote it, and only a later one writes it anew: duplicates, reordering and restarts change nothing.

use anyhow::{Context, Result, bail};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use sqlx::PgPool;
use tokio_stream::StreamExt;

/// What the platform's database gets: the table of its own users, and one number more.
pub const SCHEMA: &str = "
    create table if not exists supporter_badges (
        user_id integer primary key references users (id) on delete cascade,
        badge_level varchar(20),
        updated_at timestamptz not null default now(),
        -- Of the event that wrote the row.
        sequence bigint not null
    )";

/// How routing keys begin of what is needed here.
const BADGES: &str = "badge.updated.";

/// Of an event, what is needed here. Everything else may be there, too.
#[derive(Debug, Deserialize)]
struct Event {
    tenant: String,
    subject: String,
    #[serde(deserialize_with = "number")]
    sequence: i64,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    /// What anybody may see. What its owner sees, `badge`, is nobody else's business where `public` is false.
    #[serde(deserialize_with = "badge")]
    public_badge: Option<String>,
}

/// A number that an event has as text.
fn number<'de, D: Deserializer<'de>>(member: D) -> Result<i64, D::Error> {
    let text = String::deserialize(member)?;
    text.parse().map_err(D::Error::custom)
}

/// A badge, or null: none. Where the member is absent, serde does not ask this and refuses the event: one of an
/// older version says nothing of what anybody may see, and takes no badge away.
fn badge<'de, D: Deserializer<'de>>(member: D) -> Result<Option<String>, D::Error> {
    let badge = Option::<String>::deserialize(member)?;
    match badge.as_deref() {
        None | Some("bronze" | "silver" | "gold" | "platinum") => Ok(badge),
        Some(other) => Err(D::Error::custom(format!("{other:?} is no badge"))),
    }
}

/// Takes the tenant's events until the connection ends, which is an error always: start it again.
pub async fn consume(url: &str, tenant: &str, pool: &PgPool) -> Result<()> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    // Two tenants' platforms may share a broker: in one queue, each would take the other's events.
    let queue = format!("platform.badges.{tenant}");
    declare(&channel, &queue, tenant).await?;
    let mut deliveries = channel
        .basic_consume(
            queue.as_str().into(),
            "badge-consumer".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await?;
    while let Some(delivery) = deliveries.next().await {
        let delivery = delivery?;
        if !delivery.routing_key.as_str().starts_with(BADGES) {
            delivery.ack(BasicAckOptions::default()).await?;
            continue;
        }
        match serde_json::from_slice(&delivery.data) {
            Ok(event) => {
                // Acknowledged once it is committed: what was not comes again. An error here is the database's.
                keep(pool, tenant, &event).await?;
                delivery.ack(BasicAckOptions::default()).await?;
            }
            Err(error) => {
                // It would be unreadable again, and everything behind it would wait.
                eprintln!("no event of a badge: {error}");
                delivery
                    .reject(BasicRejectOptions { requeue: false })
                    .await?;
            }
        }
    }
    bail!("the queue {queue} is gone")
}

/// The queue outlives this program, so that nothing is missed while it does not run.
async fn declare(channel: &Channel, queue: &str, tenant: &str) -> Result<()> {
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(queue.into(), durable, FieldTable::default())
        .await?;
    // An event that no queue takes holds up the later ones of its user: so all of the tenant's are taken.
    let key = format!("*.*.{tenant}");
    channel
        .queue_bind(
            queue.into(),
            "billing".into(),
            key.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .context(
            "cannot bind to the exchange of billing: was a core started with BILLING_AMQP_URL?",
        )?;
    channel.basic_qos(100, BasicQosOptions::default()).await?;
    Ok(())
}

/// Writes what an event says, unless a later one was here before. Whom the platform does not have gets no row, and is
/// named on stderr: a table that stays empty has a reason.
async fn keep(pool: &PgPool, tenant: &str, event: &Event) -> Result<()> {
    if event.tenant != tenant {
        return Ok(());
    }
    let subject = &event.subject;
    let Ok(user) = subject.parse::<i32>() else {
        eprintln!("passed over: {subject:?} is no number, as the platform's users have");
        return Ok(());
    };
    let is_known: bool = sqlx::query_scalar(
        "with kept as (
            insert into supporter_badges as b (user_id, badge_level, sequence)
            select id, $2, $3 from users where id = $1
            on conflict (user_id) do update set badge_level = excluded.badge_level, updated_at = now(),
                sequence = excluded.sequence
            where b.sequence < excluded.sequence
        )
        select exists (select from users where id = $1)",
    )
    .bind(user)
    .bind(&event.data.public_badge)
    .bind(event.sequence)
    .fetch_one(pool)
    .await?;
    if !is_known {
        eprintln!("passed over: the platform has no user {user}");
    }
    Ok(())
}
