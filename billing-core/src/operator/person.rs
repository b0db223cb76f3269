//! `billing-core person`: what is stored of somebody, and its erasure.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Place;
use crate::field;
use crate::id::AccountId;
use crate::person::{Erased, Erasure, Named, OpenPayment, Page, erase, parse_emails, part};

/// How long it goes on at once: for longer than any core has a share of the outbox.
const AT_ONCE: Duration = Duration::from_secs(90);

#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// Print everything that is stored of a person, as one JSON document.
    Export(Whose),
    /// Erase a person's personal data everywhere. The money rows stay. May be repeated, and then also erases
    /// what has come since. Exits with 1 where it could not finish.
    Erase(EraseOptions),
}

#[derive(Debug, Args)]
pub struct Whose {
    pub tenant: String,

    pub user: String,

    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct EraseOptions {
    #[command(flatten)]
    pub whose: Whose,

    /// Who wants it: an operator, never the person by name. It is kept.
    #[arg(long, env = "USER")]
    pub by: String,

    /// A further address of theirs, by which events are found that name no account. Several times, 10 at most.
    #[arg(long = "email")]
    pub emails: Vec<String>,

    /// Where the cores write mail that is not sent, if they do: what is theirs there is removed, too.
    #[arg(long, env = "BILLING_OUTBOX_DIR")]
    pub outbox_dir: Option<PathBuf>,

    /// It cannot be undone: without this, nothing is done.
    #[arg(long)]
    pub yes: bool,
}

pub async fn run(command: PersonCommand) -> anyhow::Result<ExitCode> {
    match command {
        PersonCommand::Export(whose) => export(&whose).await,
        PersonCommand::Erase(options) => erase_all(options).await,
    }
}

impl Whose {
    fn account(&self) -> anyhow::Result<AccountId> {
        let tenant = field::text("TENANT", self.tenant.clone(), 128)?;
        let user = field::text("USER", self.user.clone(), 255)?;
        Ok(AccountId::of(&tenant, &user))
    }
}

async fn export(whose: &Whose) -> anyhow::Result<ExitCode> {
    let account = whose.account()?;
    let pool = whose.place.connect().await?;
    let mut stdout = std::io::stdout().lock();
    let mut page = Page::Head;
    loop {
        let part = part(&pool, account, &page).await?;
        stdout.write_all(part.json.as_bytes())?;
        let Some(next) = part.next else {
            break;
        };
        page = next.parse()?;
    }
    writeln!(stdout)?;
    Ok(ExitCode::SUCCESS)
}

async fn erase_all(options: EraseOptions) -> anyhow::Result<ExitCode> {
    let account = options.whose.account()?;
    ensure!(
        options.yes,
        "this erases personal data for good; say --yes to do it"
    );
    let erasure = Erasure {
        account,
        actor: field::identifier("--by", options.by, 255)?,
        emails: parse_emails("--email", options.emails)?,
    };
    let pool = options.whose.place.connect().await?;
    let folder = options.outbox_dir.as_deref();
    let until = Instant::now() + AT_ONCE;
    let erased = erase(&pool, &erasure, folder, until).await?;
    options.whose.place.print(&shown(account, &erased));
    Ok(if erased.finished_at.is_some() {
        ExitCode::SUCCESS
    } else {
        eprintln!("billing-core: not finished; apply the events to be applied, then repeat");
        ExitCode::FAILURE
    })
}

fn shown(account: AccountId, erased: &Erased) -> Value {
    let names = |named: &[Named]| -> Value {
        let named = named.iter();
        let named = named.map(|one| format!("{} {}", one.provider, one.name));
        named.collect::<Vec<_>>().into()
    };
    let open = |payment: &OpenPayment| {
        json!({
            "payment_id": payment.payment_id,
            "provider": payment.provider,
            "reference": payment.reference,
        })
    };
    json!({
        "account_id": account.to_string(),
        "asked_at": erased.asked_at.to_string(),
        "finished_at": erased.finished_at.map(|at| at.to_string()),
        "settled_micros": erased.settled_micros,
        "held_micros": erased.held_micros,
        "open_payments": erased.open_payments.iter().map(open).collect::<Vec<_>>(),
        "customers": names(&erased.customers),
        "events_to_send_again": names(&erased.events_to_send_again),
        "events_to_apply": names(&erased.events_to_apply),
    })
}
