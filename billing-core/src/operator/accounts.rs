//! `billing-core accounts`.

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::Place;
use crate::admin_change::{Deed, Said};
use crate::contact::find_preferences;
use crate::field;
use crate::id::AccountId;
use crate::ledger::{
    Action, Answer, ChangeSettings, Command, CommandHash, EntryKind, Keyed, Note, Opening, Post,
    Refusal, RepairClock, SettingsChange, apply, find_account,
};
use crate::money::Micros;
use crate::outbox;
use crate::payment::ask_again_in_time;
use crate::price::{Catalogue, Reading};

#[derive(Debug, Subcommand)]
pub enum AccountsCommand {
    /// Show an account.
    Show(Whose),
    /// Give credit.
    Grant(Movement),
    /// Correct the balance, up or down, also into debt.
    Adjust(Movement),
    /// Deny everything that the account wants to spend.
    Suspend(Turn),
    /// End a suspension.
    Resume(Turn),
    /// Bring an account back that a wrong clock had brought into the future (`audit` names it): its limits
    /// have the day that it is now, with what has counted in it, and its holds expire within 24 hours.
    RepairClock(Repair),
}

#[derive(Debug, Args)]
pub struct Whose {
    #[arg(long)]
    pub tenant: String,

    #[arg(long)]
    pub user: String,

    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct Movement {
    #[command(flatten)]
    pub whose: Whose,

    /// Micros of the account's currency: 1,000,000 are one USD.
    #[arg(long, allow_negative_numbers = true)]
    pub amount_micros: i64,

    /// Why.
    #[arg(long)]
    pub reason: String,

    /// Who.
    #[arg(long, env = "USER")]
    pub actor: String,

    /// Makes it repeatable: the same key and content moves the money once [default: a fresh one].
    #[arg(long)]
    pub key: Option<String>,
}

#[derive(Debug, Args)]
pub struct Turn {
    #[command(flatten)]
    pub whose: Whose,

    /// Why, for whoever reads what administrators changed.
    #[arg(long, default_value = "")]
    pub reason: String,

    /// Who.
    #[arg(long, env = "USER", default_value = "")]
    pub actor: String,
}

#[derive(Debug, Args)]
pub struct Repair {
    #[command(flatten)]
    pub whose: Whose,

    /// Why.
    #[arg(long)]
    pub reason: String,

    /// Who.
    #[arg(long, env = "USER")]
    pub actor: String,

    /// Makes it repeatable: the same key and content is answered as it was [default: a fresh one; then
    /// too, nothing is done to an account that is right].
    #[arg(long)]
    pub key: Option<String>,
}

pub async fn run(command: AccountsCommand) -> anyhow::Result<()> {
    match command {
        AccountsCommand::Show(whose) => show(&whose).await,
        AccountsCommand::Grant(movement) => {
            ensure!(movement.amount_micros > 0, "a grant must be more than 0");
            post(movement, EntryKind::Grant).await
        }
        AccountsCommand::Adjust(movement) => post(movement, EntryKind::Adjustment).await,
        AccountsCommand::Suspend(turn) => suspend(turn, Deed::Suspend).await,
        AccountsCommand::Resume(turn) => suspend(turn, Deed::Resume).await,
        AccountsCommand::RepairClock(repair) => repair_clock(repair).await,
    }
}

impl Whose {
    pub fn account(&self) -> anyhow::Result<(AccountId, Opening)> {
        let name = Opening {
            tenant_id: field::text("--tenant", self.tenant.clone(), 128)?,
            user_id: field::text("--user", self.user.clone(), 255)?,
        };
        Ok((AccountId::of(&name.tenant_id, &name.user_id), name))
    }
}

async fn show(whose: &Whose) -> anyhow::Result<()> {
    let (id, _) = whose.account()?;
    let pool = whose.place.connect().await?;
    let account = find_account(&pool, id)
        .await?
        .context("the account does not exist: nothing was ever written for it")?;
    let preferences = find_preferences(&pool, id).await?;
    let balance = account.balance();
    whose.place.print(&json!({
        "account_id": id.to_string(),
        "tenant_id": whose.tenant,
        "user_id": whose.user,
        "settled_micros": balance.settled.get(),
        "held_micros": balance.held.get(),
        "available_micros": balance.available().get(),
        "debt_micros": balance.debt().get(),
        "daily_limit_micros": account.daily_limit.map(Micros::get),
        "monthly_limit_micros": account.monthly_limit.map(Micros::get),
        "low_balance_threshold_micros": account.low_balance_threshold.map(Micros::get),
        "total_spent_micros": account.total_spent.get(),
        "request_count": account.request_count,
        "last_request_at": account.last_request_at.map(|at| at.to_string()),
        "time_zone": account.time_zone.as_ref(),
        "billing_enabled": account.billing_enabled,
        "suspended": account.suspended,
        "locale": preferences.locale,
        "has_email": preferences.has_email,
    }));
    Ok(())
}

async fn post(movement: Movement, kind: EntryKind) -> anyhow::Result<()> {
    let (id, name) = movement.whose.account()?;
    let amount = field::signed_amount("--amount-micros", movement.amount_micros)?;
    let note = Note {
        reason: Some(field::text("--reason", movement.reason, 500)?),
        actor: Some(field::text("--actor", movement.actor, 255)?),
        ..Note::default()
    };
    let key = key(movement.key)?;
    // As the RPC hashes it: the same key there and here is the same movement.
    let hash = CommandHash::of(kind.name())
        .number(amount.get())
        .note(Some(&note))
        .finish();
    let command = Command {
        account: id,
        action: Action::Post(Post {
            opening: name,
            keyed: Keyed::by_caller(&key, hash),
            kind,
            amount,
            counterparty: None,
            note: Some(note),
        }),
    };
    let place = &movement.whose.place;
    let answer = carry_out(&place.connect().await?, command).await?;
    place.print(&json!({
        "entry": answer.entry.map(|seq| format!("{}-{}", id.uuid().simple(), seq.get())),
        "moved_micros": answer.moved.get(),
        "settled_micros": answer.balance.settled.get(),
        "replayed": answer.replayed,
    }));
    Ok(())
}

/// The operator's own, or a fresh one.
fn key(given: Option<String>) -> anyhow::Result<String> {
    let key = given.unwrap_or_else(|| format!("operator-{}", Uuid::now_v7()));
    Ok(field::identifier("--key", key, 255)?)
}

async fn repair_clock(repair: Repair) -> anyhow::Result<()> {
    let (id, _) = repair.whose.account()?;
    let note = Note {
        reason: Some(field::text("--reason", repair.reason.clone(), 500)?),
        actor: Some(field::text("--actor", repair.actor.clone(), 255)?),
        ..Note::default()
    };
    let hash = CommandHash::of("repair-clock").note(Some(&note)).finish();
    let command = Command {
        account: id,
        action: Action::RepairClock(RepairClock {
            keyed: Keyed::by_caller(&key(repair.key)?, hash),
            reason: repair.reason,
            actor: repair.actor,
        }),
    };
    let place = &repair.whose.place;
    let pool = place.connect().await?;
    let payments = ask_again_in_time(&pool, id).await?;
    let shown = match carry_out(&pool, command).await {
        Ok(answer) => json!({
            "account_id": id.to_string(),
            "repaired": !answer.replayed,
            "replayed": answer.replayed,
            "day_used_micros": answer.limits.day_used.get(),
            "day_ends_at": answer.limits.day_ends_at.to_string(),
            "month_used_micros": answer.limits.month_used.get(),
            "month_ends_at": answer.limits.month_ends_at.to_string(),
            "payments": payments,
        }),
        Err(error) if error.downcast_ref() == Some(&Refusal::ClockIsRight) => json!({
            "account_id": id.to_string(),
            "repaired": payments > 0,
            "replayed": false,
            "payments": payments,
        }),
        Err(error) => return Err(error),
    };
    place.print(&shown);
    Ok(())
}

async fn suspend(turn: Turn, deed: Deed) -> anyhow::Result<()> {
    let whose = &turn.whose;
    let (id, name) = whose.account()?;
    let suspended = deed == Deed::Suspend;
    let change = SettingsChange {
        suspended: Some(suspended),
        ..SettingsChange::default()
    };
    let command = Command {
        account: id,
        action: Action::ChangeSettings(ChangeSettings {
            opening: name,
            change,
            by: Some((deed, Said::parse(turn.actor, turn.reason)?)),
        }),
    };
    carry_out(&whose.place.connect().await?, command).await?;
    let shown: Value = json!({"account_id": id.to_string(), "suspended": suspended});
    whose.place.print(&shown);
    Ok(())
}

/// One command in a transaction of its own.
async fn carry_out(pool: &PgPool, command: Command) -> anyhow::Result<Answer> {
    // What is done here costs nothing, so that no price is needed.
    let mut prices = Reading::now(Catalogue::default());
    prices.tells_events = outbox::tells_events(pool).await?;
    let mut transaction = pool.begin().await?;
    let mut outcomes = apply(&mut transaction, &prices, &[command]).await?;
    let Some(outcome) = outcomes.pop() else {
        bail!("the ledger did not answer");
    };
    let answer = outcome?;
    transaction.commit().await?;
    Ok(answer)
}
