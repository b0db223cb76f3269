//! `billing-core tenant`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::{ArgAction, Args, Subcommand};
use serde_json::{Value, json};

use super::Place;
use crate::field::FieldError;
use crate::sponsorship::Sponsorship;
use crate::sponsorship::terms::{self, ChangeError};

const EXAMPLES: &str = "Examples:
  billing-core tenant set acme --goal 500.00 --zone Europe/Kyiv
  billing-core tenant set acme --bronze 25 --silver 100 --gold 500 --platinum 2000
  billing-core tenant set acme --presets 10,25,50 --shows-totals false
  billing-core tenant set acme --wording consent.txt --wording-version 2026-11";

#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Show how a tenant is supported: goal, badges, zone, wording.
    Show(Named),
    /// List the tenants that were ever set, or given something.
    List(Place),
    /// Change how a tenant is supported; what is not named stays as it is. Holds at once: badges are computed
    /// when they are read. May be repeated.
    #[command(after_help = EXAMPLES)]
    Set(Box<Change>),
}

#[derive(Debug, Args)]
pub struct Named {
    /// Its name.
    pub tenant: String,

    #[command(flatten)]
    pub place: Place,
}

/// Amounts are in USD: 500, or 500.00.
#[derive(Debug, Args)]
pub struct Change {
    /// Its name.
    pub tenant: String,

    /// The goal of each month, in USD; 0: none.
    #[arg(long, value_parser = cents)]
    pub goal: Option<i64>,

    /// From which lifetime total on a bronze badge is had, in USD.
    #[arg(long, value_parser = cents)]
    pub bronze: Option<i64>,

    /// The same of silver: more than bronze.
    #[arg(long, value_parser = cents)]
    pub silver: Option<i64>,

    /// The same of gold: more than silver.
    #[arg(long, value_parser = cents)]
    pub gold: Option<i64>,

    /// The same of platinum: more than gold.
    #[arg(long, value_parser = cents)]
    pub platinum: Option<i64>,

    /// Whose calendar months count from now on, such as Europe/Kyiv. What was paid stays in its month.
    #[arg(long)]
    pub zone: Option<String>,

    /// Up to ten amounts that a form offers, in USD.
    #[arg(long, value_parser = cents, value_delimiter = ',')]
    pub presets: Vec<i64>,

    /// Whether anybody may read a supporter's public total.
    #[arg(long, action = ArgAction::Set)]
    pub shows_totals: Option<bool>,

    /// A file with the words by which people consent to be named. Other words have another version.
    #[arg(long, requires = "wording_version")]
    pub wording: Option<PathBuf>,

    /// Which words these are: kept with each consent. Alone: of words that the pages have.
    #[arg(long)]
    pub wording_version: Option<String>,

    #[command(flatten)]
    pub place: Place,
}

pub async fn run(command: TenantCommand) -> anyhow::Result<()> {
    match command {
        TenantCommand::Show(named) => {
            let found = terms::find(&named.place.connect().await?, &named.tenant).await?;
            named.place.print(&shown(&found));
        }
        TenantCommand::List(place) => {
            let all = terms::all(&place.connect().await?).await?;
            let shown: Vec<Value> = all.iter().map(shown).collect();
            place.print_all(&shown);
        }
        TenantCommand::Set(change) => set(*change).await?,
    }
    Ok(())
}

async fn set(change: Change) -> anyhow::Result<()> {
    ensure!(change.names_something(), "name what is to be set: --help");
    let wording = change.wording.as_deref().map(read).transpose()?;
    let pool = change.place.connect().await?;
    let made = terms::change(&pool, &change.tenant, |new| change.make(new, wording)).await;
    let new = made.map_err(|error| match error {
        ChangeError::Field(refused) => in_flags(&refused),
        ChangeError::Database(error) => error.into(),
    })?;
    change.place.print(&shown(&new));
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("--wording: cannot read {}", path.display()))?;
    Ok(text.trim_end().to_owned())
}

impl Change {
    fn names_something(&self) -> bool {
        let amounts = [
            self.goal,
            self.bronze,
            self.silver,
            self.gold,
            self.platinum,
        ];
        amounts.iter().any(Option::is_some)
            || self.zone.is_some()
            || !self.presets.is_empty()
            || self.shows_totals.is_some()
            || self.wording_version.is_some()
    }

    fn make(&self, new: &mut Sponsorship, wording: Option<String>) {
        let thresholds = &mut new.thresholds;
        for (amount, given) in [
            (&mut new.goal_minor, self.goal),
            (&mut thresholds.bronze, self.bronze),
            (&mut thresholds.silver, self.silver),
            (&mut thresholds.gold, self.gold),
            (&mut thresholds.platinum, self.platinum),
        ] {
            *amount = given.unwrap_or(*amount);
        }
        for (text, given) in [
            (&mut new.zone, self.zone.clone()),
            (&mut new.wording, wording),
            (&mut new.wording_version, self.wording_version.clone()),
        ] {
            if let Some(given) = given {
                *text = given;
            }
        }
        if !self.presets.is_empty() {
            new.presets_minor.clone_from(&self.presets);
        }
        new.shows_totals = self.shows_totals.unwrap_or(new.shows_totals);
    }
}

/// What is refused, as it is called here.
fn in_flags(refused: &FieldError) -> anyhow::Error {
    let (flag, unit) = match refused.field.as_str() {
        "tenant_id" => ("TENANT", ""),
        "time_zone" => ("--zone", ""),
        "wording" => ("--wording", ""),
        "wording_version" => ("--wording-version", ""),
        "goal_minor" => ("--goal", " (in cents)"),
        "presets_minor" => ("--presets", " (in cents)"),
        "platinum_minor" => ("--platinum", " (in cents)"),
        other => (other, ""),
    };
    anyhow::anyhow!("{flag}: {}{unit}", refused.problem)
}

/// An amount in USD, in cents.
fn cents(text: &str) -> anyhow::Result<i64> {
    let (units, cents) = text.split_once('.').unwrap_or((text, "00"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(units) || !is_number(cents) || cents.len() != 2 {
        bail!("must be an amount in USD, such as 500 or 500.00");
    }
    let cents = format!("{units}{cents}").parse();
    cents.context("must be less")
}

fn usd(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn shown(sponsorship: &Sponsorship) -> Value {
    let thresholds = &sponsorship.thresholds;
    let presets = sponsorship.presets_minor.iter();
    json!({
        "tenant_id": sponsorship.tenant_id,
        "goal_usd": usd(sponsorship.goal_minor),
        "bronze_usd": usd(thresholds.bronze),
        "silver_usd": usd(thresholds.silver),
        "gold_usd": usd(thresholds.gold),
        "platinum_usd": usd(thresholds.platinum),
        "zone": sponsorship.zone,
        "presets_usd": presets.map(|preset| usd(*preset)).collect::<Vec<_>>(),
        "shows_totals": sponsorship.shows_totals,
        "wording": sponsorship.wording,
        "wording_version": sponsorship.wording_version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_dollars_with_both_cents_or_none() {
        for (text, amount) in [("0", 0), ("25", 2_500), ("500.05", 50_005)] {
            assert_eq!(cents(text).unwrap(), amount);
        }
        for text in [
            "",
            "-1",
            "1.5",
            "1,50",
            ".50",
            "1.",
            "$1",
            "1e3",
            "99999999999999999999",
        ] {
            assert!(cents(text).is_err(), "{text}");
        }
        assert_eq!(usd(50_005), "500.05");
    }
}
