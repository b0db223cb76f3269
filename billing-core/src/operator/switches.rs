//! `billing-core switch`.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Place;
use crate::field;
use crate::switch::{Position, Switch, queries};

/// Whoever ends what they switched off has no more to explain.
const ON_AGAIN: &str = "on again";

#[derive(Debug, Subcommand)]
pub enum SwitchCommand {
    /// List the switches and how they stand.
    List(Place),
    /// List who switched what, when and why, newest first.
    History(Place),
    /// Switch off: `enforcement` (everything is allowed and booked in full), `webhooks` (reports are
    /// stored, and applied later) or `payments` (no new ones).
    Off(Turn),
    /// Switch on again.
    On(Turn),
}

#[derive(Debug, Args)]
pub struct Turn {
    /// enforcement, webhooks or payments.
    pub name: String,

    /// Why; payers see it where `payments` is switched off. With `on` it may be left out.
    #[arg(long)]
    pub reason: Option<String>,

    /// Who.
    #[arg(long, env = "USER")]
    pub actor: String,

    #[command(flatten)]
    pub place: Place,
}

pub async fn run(command: SwitchCommand) -> anyhow::Result<()> {
    match command {
        SwitchCommand::List(place) => {
            let positions = queries::all(&place.connect().await?).await?;
            let shown: Vec<Value> = positions.iter().map(shown).collect();
            place.print_all(&shown);
        }
        SwitchCommand::History(place) => {
            let changes = queries::changes(&place.connect().await?, 200).await?;
            let shown: Vec<Value> = changes.iter().map(shown).collect();
            place.print_all(&shown);
        }
        SwitchCommand::Off(turn) => switch(turn, false).await?,
        SwitchCommand::On(turn) => switch(turn, true).await?,
    }
    Ok(())
}

async fn switch(turn: Turn, on: bool) -> anyhow::Result<()> {
    let switch = Switch::named(&turn.name).with_context(|| {
        let names = Switch::ALL.map(Switch::name).join(", ");
        format!("there is no switch {}; there are {names}", turn.name)
    })?;
    let reason = match turn.reason {
        Some(reason) => reason,
        None if on => ON_AGAIN.to_owned(),
        None => bail!("--reason must say why {} is switched off", turn.name),
    };
    if reason.trim().is_empty() || turn.actor.trim().is_empty() {
        bail!("--reason and --actor must say something");
    }
    let position = Position {
        switch,
        on,
        reason: field::text("--reason", reason, 500)?,
        actor: field::text("--actor", turn.actor, 255)?,
        changed_at: None,
    };
    let position = queries::set(&turn.place.connect().await?, &position).await?;
    turn.place.print(&shown(&position));
    Ok(())
}

fn shown(position: &Position) -> Value {
    json!({
        "name": position.switch.name(),
        "on": position.on,
        "reason": position.reason,
        "actor": position.actor,
        "changed_at": position.changed_at.map(|at| at.to_string()),
    })
}
