//! `billing-core prices`.

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Place;
use crate::admin_change::Said;
use crate::field;
use crate::money::Micros;
use crate::price::terms::{TOOL_BYTES, parse_free_calls, parse_unit_prices};
use crate::price::{self, Placed, Price, Terms, Words};

#[derive(Debug, Subcommand)]
pub enum PricesCommand {
    /// List what holds and what is planned, of each tool the newest version first.
    List(Wanted),
    /// Add a version of a tool's price; says which one it takes over from, and which ones are planned after
    /// it. May be repeated.
    Set(Version),
    /// Cancel a version that is planned. May be repeated.
    Cancel(Cancellation),
}

#[derive(Debug, Args)]
pub struct Wanted {
    #[arg(long)]
    pub tenant: String,

    /// Of one tool.
    #[arg(long)]
    pub tool: Option<String>,

    /// Versions that no longer hold too, and those that were cancelled.
    #[arg(long)]
    pub all: bool,

    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct Version {
    #[arg(long)]
    pub tenant: String,

    #[arg(long)]
    pub tool: String,

    /// Micros of the account's currency for each call: 1,000,000 are one USD.
    #[arg(long, default_value_t = 0)]
    pub per_call_micros: i64,

    /// For units of use besides, `unit=micros/units`: `token=500/1000`. Once for each unit.
    #[arg(long = "unit-price", value_parser = unit_price)]
    pub unit_prices: Vec<(String, i64, i64)>,

    /// Its calls cost nothing.
    #[arg(long)]
    pub exempt: bool,

    /// Calls of each account that cost nothing, each local day.
    #[arg(long, default_value_t = 0)]
    pub free_calls_per_day: i64,

    /// When it begins to hold [default: as soon as every core knows of it, in 8 s].
    #[arg(long)]
    pub from: Option<Timestamp>,

    /// Why, for whoever reads what administrators changed.
    #[arg(long, default_value = "")]
    pub reason: String,

    /// Who.
    #[arg(long, env = "USER", default_value = "")]
    pub actor: String,

    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct Cancellation {
    #[arg(long)]
    pub tenant: String,

    #[arg(long)]
    pub tool: String,

    #[arg(long)]
    pub version: i64,

    /// Why.
    #[arg(long)]
    pub reason: String,

    /// Who.
    #[arg(long, env = "USER")]
    pub actor: String,

    #[command(flatten)]
    pub place: Place,
}

pub async fn run(command: PricesCommand) -> anyhow::Result<()> {
    match command {
        PricesCommand::List(wanted) => list(&wanted).await,
        PricesCommand::Set(version) => set(version).await,
        PricesCommand::Cancel(cancellation) => cancel(cancellation).await,
    }
}

async fn list(wanted: &Wanted) -> anyhow::Result<()> {
    let pool = wanted.place.connect().await?;
    let prices = price::list(&pool, &wanted.tenant, wanted.tool.as_deref(), wanted.all).await?;
    let shown: Vec<Value> = prices.iter().map(shown).collect();
    wanted.place.print_all(&shown);
    Ok(())
}

async fn set(version: Version) -> anyhow::Result<()> {
    let tenant = field::identifier("--tenant", version.tenant, 128)?;
    let tool = field::identifier("--tool", version.tool, TOOL_BYTES)?;
    let terms = Terms {
        per_call: field::amount("--per-call-micros", version.per_call_micros)?,
        unit_prices: parse_unit_prices(version.unit_prices)?,
        exempt: version.exempt,
        free_calls_per_day: parse_free_calls(version.free_calls_per_day)?,
    };
    let pool = version.place.connect().await?;
    let said = Said::parse(version.actor, version.reason)?;
    let placed = price::set(
        &pool,
        (tenant.as_str(), tool.as_str()),
        &terms,
        version.from,
        said,
    )
    .await?;
    let Placed {
        price,
        superseded,
        planned,
        prices: _,
    } = placed;
    version.place.print(&json!({
        "price": shown(&price),
        "superseded": superseded.as_ref().map(shown),
        "planned": planned.iter().map(shown).collect::<Vec<_>>(),
    }));
    Ok(())
}

async fn cancel(cancellation: Cancellation) -> anyhow::Result<()> {
    let words = Words {
        reason: &field::text("--reason", cancellation.reason, 500)?,
        actor: &field::text("--actor", cancellation.actor, 255)?,
    };
    let (tenant, tool) = (&cancellation.tenant, &cancellation.tool);
    let pool = cancellation.place.connect().await?;
    let name = (tenant.as_str(), tool.as_str());
    let cancelled = price::cancel(&pool, name, cancellation.version, &words, false).await?;
    cancellation.place.print(&shown(&cancelled.price));
    Ok(())
}

fn unit_price(text: &str) -> anyhow::Result<(String, i64, i64)> {
    let parts = text.rsplit_once('=').and_then(|(unit, price)| {
        let (micros, units) = price.split_once('/')?;
        Some((unit.to_owned(), micros.parse().ok()?, units.parse().ok()?))
    });
    parts.context("must be unit=micros/units, such as token=500/1000")
}

fn shown(price: &Price) -> Value {
    let unit_prices = price.terms.unit_prices.iter();
    let unit_prices = unit_prices.map(|unit| {
        json!({
            "unit": unit.unit,
            "amount_micros": unit.amount.get(),
            "per_units": unit.per_units,
        })
    });
    json!({
        "tenant_id": price.tenant_id,
        "tool": price.tool,
        "version": price.version,
        "per_call_micros": Micros::get(price.terms.per_call),
        "unit_prices": unit_prices.collect::<Vec<_>>(),
        "exempt": price.terms.exempt,
        "free_calls_per_day": price.terms.free_calls_per_day,
        "effective_at": price.effective_at.to_string(),
        "created_at": price.created_at.to_string(),
        "cancelled_at": price.cancelled_at.map(|at| at.to_string()),
    })
}
