//! Tables of millions of rows: the throughput of a grown database against that of a small one.

#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "rates and sizes, for people to read"
)]

mod fill;
mod grown;
mod settings;

use std::time::Duration;

use anyhow::{Result, bail};

use self::fill::Size;
use self::grown::Grown;
use self::settings::{Variant, variants};
use super::ground::{Ground, IN_FLIGHT};
use super::report::{ScenarioReport, pairs};
use super::{Length, Scenario, ScenarioOptions};
use crate::load::{self, Accounts, Plan, Target as LoadTarget, Work};
use crate::ratio::{Ratio, Target};
use crate::room;
use crate::server::number;

/// By the chart's and compose's settings of the server.
const KEPT: Target = Target::AtLeast(0.8);

/// What is filled, and how it is measured.
struct Outline {
    size: Size,
    small_accounts: u64,
    /// As long as it takes, after a checkpoint, until nearly every page of the hot part has been written
    /// to the WAL as a whole once, and lies in the server's memory.
    settling: Duration,
    rounds: usize,
    slice: Duration,
    /// Whether each setting is judged, or only all of them.
    each_setting: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Database {
    Small,
    Grown,
}

/// One kind of slices: a load on one of the two databases.
struct Arm {
    name: &'static str,
    database: Database,
    target: LoadTarget,
    accounts: u64,
    rates: Vec<f64>,
    wal_per_charge: Vec<f64>,
    /// Of the load right after a checkpoint.
    settling: Option<(f64, f64)>,
}

pub async fn run(length: Length, options: &ScenarioOptions) -> Result<ScenarioReport> {
    let outline = Outline::of(length, options)?;
    room::require(
        outline.size.needed_bytes(),
        "the scenario `growth`",
        "choose smaller --growth-accounts and --growth-entries, or make room",
    )?;
    let mut ground = Ground::prepare(Scenario::Growth, 1, outline.small_accounts).await?;
    describe(&mut ground.report, &outline);
    let small = ground.target(0).await?;
    // The first charges are the pattern for what is filled in.
    let first = plan(outline.small_accounts);
    ground.closed(&small, &first, outline.slice / 4).await?;
    let mut grown = Grown::make(&mut ground, outline.size).await?;
    grown.describe(&mut ground.report).await?;
    let mut measured = Vec::new();
    for variant in variants(outline.each_setting) {
        let arms = arms(&outline, &small, &ground.target(1).await?);
        measured.push((variant, arms));
    }
    for (variant, arms) in &mut measured {
        ground.restart(variant.settings.clone()).await?;
        turn(&mut ground, &mut grown, arms, &outline).await?;
        let [small, _, all] = &*arms;
        let kept = Ratio::of(&pairs(&all.rates, &small.rates));
        eprintln!(
            "bench: growth, {}: kept {:.2} ({:.2} to {:.2})",
            variant.name, kept.median, kept.low, kept.high
        );
    }
    judge(&mut ground.report, &measured);
    grown.describe_updates(&mut ground.report).await?;
    grown.check_books(&mut ground.report).await?;
    ground.conclude().await
}

/// The server has started anew, with a checkpoint: the load of all accounts settles, the others get
/// warm, and then they are measured.
async fn turn(
    ground: &mut Ground,
    grown: &mut Grown,
    arms: &mut [Arm; 3],
    outline: &Outline,
) -> Result<()> {
    let [small, same, all] = &mut *arms;
    all.settling = Some(all.load(ground, grown, outline.settling).await?);
    small.load(ground, grown, outline.slice).await?;
    same.load(ground, grown, outline.slice).await?;
    for _ in 0..outline.rounds {
        for arm in arms.iter_mut() {
            let (rate, wal) = arm.load(ground, grown, outline.slice).await?;
            arm.rates.push(rate);
            arm.wal_per_charge.push(wal);
        }
    }
    Ok(())
}

/// By when the scenario has ended, or hangs.
pub fn limit(length: Length, options: &ScenarioOptions) -> Result<Duration> {
    let outline = Outline::of(length, options)?;
    // The audit reads all that was filled in, several times.
    Ok(Duration::from_mins(30) + 2 * outline.size.time_to_fill())
}

fn plan(accounts: u64) -> Plan {
    Plan::new(Work::Charge, Accounts::Uniform(accounts))
}

impl Outline {
    fn of(length: Length, options: &ScenarioOptions) -> Result<Self> {
        let (accounts, entries, small_accounts) =
            length.pick((50_000, 200_000, 10_000), (5_000_000, 20_000_000, 100_000));
        let (settling, rounds, slice) = length.pick(
            (Duration::from_millis(700), 2, Duration::from_millis(700)),
            (Duration::from_mins(1), 6, Duration::from_secs(5)),
        );
        let accounts = options.growth_accounts.unwrap_or(accounts);
        let entries = options.growth_entries.unwrap_or(entries);
        if accounts < small_accounts {
            bail!(
                "--growth-accounts must be at least {small_accounts}, as many as the small database has"
            );
        }
        if entries < accounts {
            bail!(
                "--growth-entries must be at least the number of accounts, {accounts}: each has one"
            );
        }
        Ok(Self {
            size: Size {
                accounts,
                entries_each: entries / accounts,
            },
            small_accounts,
            settling,
            rounds,
            slice,
            each_setting: length == Length::Full,
        })
    }
}

fn describe(report: &mut ScenarioReport, outline: &Outline) {
    let Size {
        accounts,
        entries_each,
    } = outline.size;
    report.note(format!(
        "Charges, {IN_FLIGHT} in flight, on two databases of one server with a core each: a small \
         one of {} accounts, and one that was filled with {accounts} accounts and {} entries with a \
         key each. With each set of settings the server starts anew, which is a checkpoint: from then on \
         the first charge that touches a page writes its whole image to the WAL. So charges on all accounts \
         of the grown one run for {:?} first, of which the figures are apart. Then slices of {:?} take turns, {} \
         times: on the small one; on as many accounts of the grown one, which lie scattered over its tables; \
         and on all of its accounts. Further checkpoints come when the settings say so.",
        outline.small_accounts,
        accounts * entries_each,
        outline.settling,
        outline.slice,
        outline.rounds,
    ));
}

fn arms(outline: &Outline, small: &LoadTarget, grown: &LoadTarget) -> [Arm; 3] {
    let arm = |name, database, target: &LoadTarget, accounts| Arm {
        name,
        database,
        target: target.clone(),
        accounts,
        rates: Vec::new(),
        wal_per_charge: Vec::new(),
        settling: None,
    };
    let few = outline.small_accounts;
    [
        arm("small database, all accounts", Database::Small, small, few),
        arm(
            "grown database, as many accounts",
            Database::Grown,
            grown,
            few,
        ),
        arm(
            "grown database, all accounts",
            Database::Grown,
            grown,
            outline.size.accounts,
        ),
    ]
}

impl Arm {
    /// Charges a second, and bytes of WAL for each.
    async fn load(
        &self,
        ground: &mut Ground,
        grown: &mut Grown,
        time: Duration,
    ) -> Result<(f64, f64)> {
        let before = wal_bytes(ground).await?;
        let plan = plan(self.accounts);
        let outcome = load::closed(&self.target, &plan, IN_FLIGHT, time).await?;
        // Before the books are checked, which writes too.
        let wal = wal_bytes(ground).await? - before;
        ground.expect_clean(&outcome);
        match self.database {
            Database::Small => ground.settle(outcome.answered).await?,
            Database::Grown => grown.acknowledge(outcome.answered),
        }
        Ok((outcome.per_second(), wal / (outcome.answered.max(1) as f64)))
    }
}

/// All that the server has written to its WAL, ever.
async fn wal_bytes(ground: &Ground) -> Result<f64> {
    number(
        &ground.stage.superuser_url(),
        "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8",
    )
    .await
}

fn judge(report: &mut ScenarioReport, measured: &[(Variant, [Arm; 3])]) {
    for (variant, arms) in measured {
        for arm in arms {
            let name = format!("{}; {}: charges", variant.name, arm.name);
            report.figure_of(name, &arm.rates, "/s");
            report.figure_of("  WAL for each".to_owned(), &arm.wal_per_charge, "bytes");
            if let Some((rate, wal)) = arm.settling {
                report.figure("  right after a checkpoint: charges", rate, "/s");
                report.figure("  WAL for each", wal, "bytes");
            }
        }
        let [small, _, all] = arms;
        let kept = Ratio::of(&pairs(&all.rates, &small.rates));
        report.figure("  all accounts ÷ the small database", kept.median, "");
    }
    if let Some((_, [small, same, all])) = measured.first() {
        report.judge(
            "growth",
            "charges/s, all accounts of the grown database ÷ the small one",
            &pairs(&all.rates, &small.rates),
            KEPT,
        );
        report.compare(
            "growth_same_accounts",
            "charges/s, as many accounts of the grown database ÷ the small one",
            &pairs(&same.rates, &small.rates),
        );
    }
}
