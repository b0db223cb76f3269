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
use serde::Deserialize;
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

const QUEUE: &str = "platform.badges";

/// Of an event, what is needed here. Everything else may be there, too.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    tenant: String,
    subject: String,
    sequence: String,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    /// What anybody may see. What its owner sees, `badge`, is nobody else's business where `public` is false.
    public_badge: Option<String>,
}

/// Takes the tenant's events until the connection ends, which is an error always: start it again.
pub async fn consume(url: &str, tenant: &str, pool: &PgPool) -> Result<()> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    declare(&channel, tenant).await?;
    let mut deliveries = channel
        .basic_consume(
            QUEUE.into(),
            "badge-consumer".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await?;
    while let Some(delivery) = deliveries.next().await {
        let delivery = delivery?;
        match serde_json::from_slice(&delivery.data) {
            Ok(event) => {
                // Acknowledged once it is committed: what was not comes again.
                keep(pool, tenant, &event).await?;
                delivery.ack(BasicAckOptions::default()).await?;
            }
            Err(error) => {
                eprintln!("no event of a badge: {error}");
                delivery
                    .reject(BasicRejectOptions { requeue: false })
                    .await?;
            }
        }
    }
    bail!("the queue {QUEUE} is gone")
}

/// The queue outlives this program, so that nothing is missed while it does not run.
async fn declare(channel: &Channel, tenant: &str) -> Result<()> {
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(QUEUE.into(), durable, FieldTable::default())
        .await?;
    let key = format!("badge.updated.{tenant}");
    channel
        .queue_bind(
            QUEUE.into(),
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

/// Writes what an event says, unless a later one was here before. Users whom the platform does not have, get no row.
async fn keep(pool: &PgPool, tenant: &str, event: &Event) -> Result<()> {
    let Ok(user) = event.subject.parse::<i32>() else {
        return Ok(());
    };
    if event.kind != "badge.updated" || event.tenant != tenant {
        return Ok(());
    }
    let sequence: i64 = event
        .sequence
        .parse()
        .context("the event's sequence is no number")?;
    sqlx::query(
        "insert into supporter_badges as b (user_id, badge_level, sequence)
        select id, $2, $3 from users where id = $1
        on conflict (user_id) do update set badge_level = excluded.badge_level, updated_at = now(),
            sequence = excluded.sequence
        where b.sequence < excluded.sequence",
    )
    .bind(user)
    .bind(&event.data.public_badge)
    .bind(sequence)
    .execute(pool)
    .await?;
    Ok(())
}
