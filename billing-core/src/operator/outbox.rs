//! `billing-core outbox`: what could not be delivered, and another try.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::connect;
use crate::database::secret;
use crate::outbox::{Channel, Undelivered, retry as try_again, undelivered};

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

fn to_json(message: &Undelivered) -> Value {
    json!({
        "account_id": message.account_id.to_string(),
        "channel": message.channel,
        "seq": message.seq,
        "kind": message.kind,
        "created_at": message.created_at.to_string(),
        "attempts": message.attempts,
        "last_error": message.last_error,
        "next_attempt_at": message.given_up_at.is_none().then(|| message.next_attempt_at.to_string()),
        "given_up_at": message.given_up_at.map(|at| at.to_string()),
    })
}

fn line(message: &Undelivered) -> String {
    let state = match message.given_up_at {
        Some(at) => format!("given up {at:.0}"),
        None => format!("next attempt {:.0}", message.next_attempt_at),
    };
    format!(
        "{} {} {} {} of {:.0}, {} attempts, {state}: {}",
        message.account_id,
        message.channel,
        message.seq,
        message.kind,
        message.created_at,
        message.attempts,
        message.last_error.as_deref().unwrap_or("no error noted"),
    )
}

pub async fn run(command: OutboxCommand) -> anyhow::Result<ExitCode> {
    match command {
        OutboxCommand::List(options) => list(&options).await,
        OutboxCommand::Retry(options) => retry(&options).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<ExitCode> {
    let pool = connect(&options.database_url).await?;
    let messages = undelivered(&pool).await?;
    if options.json {
        let messages: Vec<_> = messages.iter().map(to_json).collect();
        println!("{}", Value::from(messages));
    } else {
        for message in &messages {
            println!("{}", line(message));
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
    if try_again(&pool, options.account, options.channel, options.seq).await? {
        if options.json {
            println!("{}", serde_json::json!({"retried": true}));
        }
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("billing-core: there is no such message");
    Ok(ExitCode::FAILURE)
}
