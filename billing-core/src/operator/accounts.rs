//! `billing-core accounts`.

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::Place;
use crate::account::contact::find_preferences;
use crate::field;
use crate::id::AccountId;
use crate::ledger::{
    Action, Answer, ChangeSettings, Command, CommandHash, EntryKind, Keyed, Note, Opening, Post,
    SettingsChange, apply, find_account,
};
use crate::money::Micros;
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
    Suspend(Whose),
    /// End a suspension.
    Resume(Whose),
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

pub async fn run(command: AccountsCommand) -> anyhow::Result<()> {
    match command {
        AccountsCommand::Show(whose) => show(&whose).await,
        AccountsCommand::Grant(movement) => {
            ensure!(movement.amount_micros > 0, "a grant must be more than 0");
            post(movement, EntryKind::Grant).await
        }
        AccountsCommand::Adjust(movement) => post(movement, EntryKind::Adjustment).await,
        AccountsCommand::Suspend(whose) => suspend(&whose, true).await,
        AccountsCommand::Resume(whose) => suspend(&whose, false).await,
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
    let key = movement
        .key
        .unwrap_or_else(|| format!("operator-{}", Uuid::now_v7()));
    // As the RPC hashes it: the same key there and here is the same movement.
    let hash = CommandHash::of(kind.name())
        .number(amount.get())
        .note(Some(&note))
        .finish();
    let command = Command {
        account: id,
        action: Action::Post(Post {
            opening: name,
            keyed: Keyed::by_caller(&field::text("--key", key, 255)?, hash),
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

async fn suspend(whose: &Whose, suspended: bool) -> anyhow::Result<()> {
    let (id, name) = whose.account()?;
    let change = SettingsChange {
        suspended: Some(suspended),
        ..SettingsChange::default()
    };
    let command = Command {
        account: id,
        action: Action::ChangeSettings(ChangeSettings {
            opening: name,
            change,
        }),
    };
    carry_out(&whose.place.connect().await?, command).await?;
    let shown: Value = json!({"account_id": id.to_string(), "suspended": suspended});
    whose.place.print(&shown);
    Ok(())
}

/// One command in a transaction of its own.
async fn carry_out(pool: &PgPool, command: Command) -> anyhow::Result<Answer> {
    let mut transaction = pool.begin().await?;
    // What is done here costs nothing, so that no price is needed.
    let prices = Reading::now(Catalogue::default());
    let mut outcomes = apply(&mut transaction, &prices, &[command]).await?;
    let Some(outcome) = outcomes.pop() else {
        bail!("the ledger did not answer");
    };
    let answer = outcome?;
    transaction.commit().await?;
    Ok(answer)
}
