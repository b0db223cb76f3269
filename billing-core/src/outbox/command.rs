//! `billing-core outbox`: what could not be delivered, and another try.

use std::fmt;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Channel, queries};
use crate::config::secret;
use crate::database::{Database, Settings};

#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// List messages that were given up or are being tried again, oldest first, 1000 at most. Exits
    /// with 1 where one was given up.
    List(ListOptions),
    /// Try a message again at once, also one that was given up.
    Retry(RetryOptions),
}

#[derive(Debug, Args)]
pub struct ListOptions {
    /// URL of the database, for a login role that is a member of `billing_app`.
    #[arg(long, env = "DATABASE_URL", value_parser = secret, hide_env_values = true)]
    pub database_url: SecretString,

    /// Print the messages as one JSON array.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RetryOptions {
    /// URL of the database, for a login role that is a member of `billing_app`.
    #[arg(long, env = "DATABASE_URL", value_parser = secret, hide_env_values = true)]
    pub database_url: SecretString,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,

    /// The account, as `list` names it.
    #[arg(long)]
    pub account: Uuid,

    /// `mail` or `event`.
    #[arg(long)]
    pub channel: Channel,

    /// The message's number within account and channel.
    #[arg(long)]
    pub seq: i64,
}

/// A message that was tried and is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    pub account_id: Uuid,
    pub channel: String,
    pub seq: i64,
    pub kind: String,
    pub created_at: Timestamp,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub next_attempt_at: Timestamp,
    pub given_up_at: Option<Timestamp>,
}

impl Undelivered {
    pub fn to_json(&self) -> Value {
        json!({
            "account_id": self.account_id.to_string(),
            "channel": self.channel,
            "seq": self.seq,
            "kind": self.kind,
            "created_at": self.created_at.to_string(),
            "attempts": self.attempts,
            "last_error": self.last_error,
            "next_attempt_at": self.given_up_at.is_none().then(|| self.next_attempt_at.to_string()),
            "given_up_at": self.given_up_at.map(|at| at.to_string()),
        })
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.given_up_at {
            Some(at) => format!("given up {at:.0}"),
            None => format!("next attempt {:.0}", self.next_attempt_at),
        };
        write!(
            f,
            "{} {} {} {} of {:.0}, {} attempts, {state}: {}",
            self.account_id,
            self.channel,
            self.seq,
            self.kind,
            self.created_at,
            self.attempts,
            self.last_error.as_deref().unwrap_or("no error noted"),
        )
    }
}

pub async fn run(command: OutboxCommand) -> anyhow::Result<ExitCode> {
    match command {
        OutboxCommand::List(options) => list(&options).await,
        OutboxCommand::Retry(options) => retry(&options).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<ExitCode> {
    let pool = connect(&options.database_url).await?;
    let messages = queries::undelivered(&pool).await?;
    if options.json {
        let messages: Vec<_> = messages.iter().map(Undelivered::to_json).collect();
        println!("{}", Value::from(messages));
    } else {
        for message in &messages {
            println!("{message}");
        }
        println!("{} messages", messages.len());
    }
    let given_up = messages.iter().any(|message| message.given_up_at.is_some());
    Ok(if given_up {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn retry(options: &RetryOptions) -> anyhow::Result<ExitCode> {
    let pool = connect(&options.database_url).await?;
    if queries::retry(&pool, options.account, options.channel, options.seq).await? {
        if options.json {
            println!("{}", serde_json::json!({"retried": true}));
        }
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("billing-core: there is no such message");
    Ok(ExitCode::FAILURE)
}

async fn connect(url: &SecretString) -> anyhow::Result<PgPool> {
    Database::at(url.expose_secret())?
        .pool_at_once(&Settings::default())
        .await
}
