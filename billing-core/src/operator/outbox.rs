//! `billing-core outbox`: what could not be delivered, and another try.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::connect;
use crate::database::secret;
use crate::outbox::{
    Channel, SwitchedOff, Undelivered, retry as try_again, switch_events_off, undelivered,
};

#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// List notices that were given up or are being tried again, oldest first, 1000 at most. Exits
    /// with 1 where one was given up.
    List(ListOptions),
    /// Try a notice again at once, also one that was given up.
    Retry(RetryOptions),
    /// Write no more events, and forget those that wait: for when nobody reads them any more. A core that
    /// is started with `BILLING_AMQP_URL` or `BILLING_OUTBOX_DIR` switches them on again. Where there are
    /// endpoints, these get them, what waits too, and nobody else does.
    EventsOff(ListOptions),
}

#[derive(Debug, Args)]
pub struct ListOptions {
    /// URL of the database, for a login role that is a member of `billing_app`.
    #[arg(long, env = "DATABASE_URL", value_parser = secret, hide_env_values = true)]
    pub database_url: SecretString,

    /// Print JSON.
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

    /// The notice's number within account and channel.
    #[arg(long)]
    pub seq: i64,
}

fn to_json(notice: &Undelivered) -> Value {
    json!({
        "account_id": notice.account_id.to_string(),
        "channel": notice.channel,
        "seq": notice.seq,
        "kind": notice.kind,
        "created_at": notice.created_at.to_string(),
        "attempts": notice.attempts,
        "last_error": notice.last_error,
        "next_attempt_at": notice.given_up_at.is_none().then(|| notice.next_attempt_at.to_string()),
        "given_up_at": notice.given_up_at.map(|at| at.to_string()),
    })
}

fn line(notice: &Undelivered) -> String {
    let state = match notice.given_up_at {
        Some(at) => format!("given up {at:.0}"),
        None => format!("next attempt {:.0}", notice.next_attempt_at),
    };
    format!(
        "{} {} {} {} of {:.0}, {} attempts, {state}: {}",
        notice.account_id,
        notice.channel,
        notice.seq,
        notice.kind,
        notice.created_at,
        notice.attempts,
        notice.last_error.as_deref().unwrap_or("no error noted"),
    )
}

pub async fn run(command: OutboxCommand) -> anyhow::Result<ExitCode> {
    match command {
        OutboxCommand::List(options) => list(&options).await,
        OutboxCommand::Retry(options) => retry(&options).await,
        OutboxCommand::EventsOff(options) => events_off(&options).await,
    }
}

async fn events_off(options: &ListOptions) -> anyhow::Result<ExitCode> {
    let switched = switch_events_off(&connect(&options.database_url).await?).await?;
    match (switched, options.json) {
        (SwitchedOff::Off { forgotten }, true) => {
            println!(
                "{}",
                json!({"forgotten": forgotten, "for_endpoints": false})
            );
        }
        (SwitchedOff::Off { forgotten }, false) => {
            println!("events are off; {forgotten} that waited are forgotten");
        }
        (SwitchedOff::ForEndpoints, true) => {
            println!("{}", json!({"forgotten": 0, "for_endpoints": true}));
        }
        (SwitchedOff::ForEndpoints, false) => {
            println!("endpoints get the events from now on, and nobody else; see `endpoints list`");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(options: &ListOptions) -> anyhow::Result<ExitCode> {
    let pool = connect(&options.database_url).await?;
    let notices = undelivered(&pool).await?;
    if options.json {
        let notices: Vec<_> = notices.iter().map(to_json).collect();
        println!("{}", Value::from(notices));
    } else {
        for notice in &notices {
            println!("{}", line(notice));
        }
        println!("{} notices", notices.len());
    }
    let given_up = notices.iter().any(|notice| notice.given_up_at.is_some());
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
    eprintln!("billing-core: there is no such notice");
    Ok(ExitCode::FAILURE)
}
