//! `billing-core messages`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Place;
use crate::admin_change::Said;
use crate::field;
use crate::sponsorship::message::{self, WaitingMessage};
use crate::sponsorship::{moderation, ulid};

#[derive(Debug, Subcommand)]
pub enum MessagesCommand {
    /// List a tenant's messages that wait for somebody's word, the oldest first.
    List(Wanted),
    /// Show a message on the wall. May be repeated.
    Approve(Judgement),
    /// Keep a message off the wall, also one that was approved. May be repeated.
    Refuse(Judgement),
}

#[derive(Debug, Args)]
pub struct Wanted {
    pub tenant: String,

    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
    pub limit: i64,

    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct Judgement {
    pub tenant: String,

    /// The contribution, as `list` names it.
    pub ulid: String,

    /// Who.
    #[arg(long, env = "USER")]
    pub actor: String,

    #[command(flatten)]
    pub place: Place,
}

pub async fn run(command: MessagesCommand) -> anyhow::Result<ExitCode> {
    match command {
        MessagesCommand::List(wanted) => {
            let pool = wanted.place.connect().await?;
            let waiting = message::waiting(&pool, &wanted.tenant, None, wanted.limit).await?;
            let shown: Vec<Value> = waiting.iter().map(shown).collect();
            wanted.place.print_all(&shown);
            Ok(ExitCode::SUCCESS)
        }
        MessagesCommand::Approve(judgement) => judge(judgement, true).await,
        MessagesCommand::Refuse(judgement) => judge(judgement, false).await,
    }
}

async fn judge(judgement: Judgement, approve: bool) -> anyhow::Result<ExitCode> {
    let said = Said {
        actor: Some(field::text("--actor", judgement.actor, 255)?),
        reason: None,
    };
    let tenant = &judgement.tenant;
    let judged = match ulid::parse(&judgement.ulid) {
        None => None,
        Some(number) => {
            let pool = judgement.place.connect().await?;
            moderation::message(&pool, tenant, number, approve, said).await?
        }
    };
    let Some(judged) = judged else {
        eprintln!("billing-core: there is no such contribution with a message");
        return Ok(ExitCode::FAILURE);
    };
    judgement.place.print(&json!({
        "ulid": ulid::of(judged.id.number),
        "message": judged.message,
        "message_state": judged.message_state,
    }));
    Ok(ExitCode::SUCCESS)
}

fn shown(message: &WaitingMessage) -> Value {
    json!({
        "ulid": ulid::of(message.payment_id),
        "user_id": message.user_id,
        "name": message.name,
        "message": message.message,
        "created_at": message.created_at.to_jiff().to_string(),
    })
}
