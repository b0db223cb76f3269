//! Runs until the connection to the broker or to the database ends; whatever runs it starts it again.

use anyhow::{Result, anyhow};
use badge_consumer::{SCHEMA, consume};
use clap::Parser;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;

/// Keeps `supporter_badges` as billing has the badges of a tenant's users.
#[derive(Parser)]
struct Options {
    /// RabbitMQ, as the core knows it.
    #[arg(long, env = "BILLING_AMQP_URL", hide_env_values = true)]
    amqp_url: SecretString,
    /// The platform's own database, which has a table `users`.
    #[arg(long, env = "PLATFORM_DATABASE_URL", hide_env_values = true)]
    database_url: SecretString,
    /// Whose users they are.
    #[arg(long, env = "BILLING_TENANT")]
    tenant: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let ring = rustls::crypto::ring::default_provider();
    ring.install_default()
        .map_err(|_| anyhow!("TLS is set up twice"))?;
    let pool = PgPool::connect(options.database_url.expose_secret()).await?;
    sqlx::query(SCHEMA).execute(&pool).await?;
    consume(options.amqp_url.expose_secret(), &options.tenant, &pool).await
}
