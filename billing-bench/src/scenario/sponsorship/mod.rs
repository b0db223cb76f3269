//! What many contributions came to, read beside few: badge, progress and wall must cost the same whatever
//! the history, and not much more than a balance.

mod fill;

use std::time::Duration;

use anyhow::Result;

use self::fill::Tenant;
use super::ground::Ground;
use super::report::{ScenarioReport, pairs, quantile};
use super::{Length, Scenario};
use crate::load::{self, Accounts, Outcome, Plan, TENANT, Target as LoadTarget, Work};
use crate::ratio::Target;

const MANY: &str = TENANT;
const FEW: &str = "bench-few";
/// Badges in one call.
const PEOPLE: u16 = 100;
const AT_ONCE: usize = 64;

struct Extent {
    many: Tenant,
    few: Tenant,
    rounds: usize,
    slice: Duration,
}

/// One kind of reads.
struct Arm {
    name: &'static str,
    plan: Plan,
    /// Microseconds, of a lone caller.
    p50: Vec<f64>,
    p99: Vec<f64>,
    /// With [`AT_ONCE`] in flight.
    per_second: Vec<f64>,
}

pub async fn run(length: Length) -> Result<ScenarioReport> {
    let tenant = |name, supporters, gifts_each| Tenant {
        name,
        supporters,
        gifts_each,
    };
    let extent = Extent {
        many: tenant(MANY, length.pick(2_000, 50_000), 20),
        few: tenant(FEW, 100, 10),
        rounds: length.pick(2, 7),
        slice: length.pick(Duration::from_millis(300), Duration::from_secs(2)),
    };
    let supporters = extent.many.supporters;
    let mut ground = Ground::prepare(Scenario::Sponsorship, 1, supporters).await?;
    describe(&mut ground.report, &extent);
    for tenant in [extent.many, extent.few] {
        fill::fill(&ground.stage.superuser_url(), tenant).await?;
    }
    let core = ground.core(0)?;
    let target = LoadTarget::connect(&[core], &ground.tokens.admin, 1).await?;
    let mut arms = arms(supporters);
    for round in 0..=extent.rounds {
        for arm in &mut arms {
            let lone = load::closed(&target, &arm.plan, 1, extent.slice).await?;
            let busy = load::closed(&target, &arm.plan, AT_ONCE, extent.slice).await?;
            ground.expect_clean(&lone);
            ground.expect_clean(&busy);
            // The first round warms up.
            if round > 0 {
                arm.note(&lone, &busy);
            }
        }
    }
    judge(&mut ground.report, &arms);
    ground.conclude().await
}

fn describe(report: &mut ScenarioReport, extent: &Extent) {
    let Extent {
        many, few, slice, ..
    } = extent;
    report.note(format!(
        "A tenant with {} contributions of {} supporters beside one with {} of {}. Each kind of reads for \
         {slice:?} by a lone caller and by {AT_ONCE}, in turns, {} times: the badge of somebody, of {PEOPLE} \
         people in one call, the month's progress, the first page of the wall, and GetBalance.",
        many.gifts(),
        many.supporters,
        few.gifts(),
        few.supporters,
        extent.rounds,
    ));
}

fn arms(supporters: u64) -> [Arm; 6] {
    let arm = |name, work, tenant| Arm {
        name,
        plan: Plan::new(work, Accounts::Uniform(supporters - u64::from(PEOPLE))).of(tenant),
        p50: Vec::new(),
        p99: Vec::new(),
        per_second: Vec::new(),
    };
    [
        arm("GetBalance", Work::Balance, MANY),
        arm("a badge", Work::Badges(1), MANY),
        arm("100 badges", Work::Badges(PEOPLE), MANY),
        arm("progress", Work::Progress, MANY),
        arm("the wall of many", Work::Wall, MANY),
        arm("the wall of few", Work::Wall, FEW),
    ]
}

impl Arm {
    fn note(&mut self, lone: &Outcome, busy: &Outcome) {
        self.p50.push(quantile(&lone.latency, 0.5));
        self.p99.push(quantile(&lone.latency, 0.99));
        self.per_second.push(busy.per_second());
    }
}

fn judge(report: &mut ScenarioReport, arms: &[Arm; 6]) {
    for arm in arms {
        report.figure_of(format!("{}: p50 alone", arm.name), &arm.p50, "µs");
        report.figure_of("  p99 alone", &arm.p99, "µs");
        report.figure_of(format!("  {AT_ONCE} at once"), &arm.per_second, "/s");
    }
    let [balance, badge, badges, progress, wall, short_wall] = arms;
    for (name, of, arm, most) in [
        ("badge", "p50 of a badge ÷ of GetBalance", badge, 1.5),
        ("badges", "p50 of 100 badges ÷ of GetBalance", badges, 3.0),
        ("progress", "p50 of progress ÷ of GetBalance", progress, 1.5),
    ] {
        report.judge(
            name,
            of,
            &pairs(&arm.p50, &balance.p50),
            Target::AtMost(most),
        );
    }
    let milliseconds: Vec<(f64, f64)> = wall.p50.iter().map(|p50| (*p50, 1_000.0)).collect();
    let of = "p50 of the wall's first page, in milliseconds";
    report.judge("wall_p50", of, &milliseconds, Target::AtMost(5.0));
    report.judge(
        "wall_of_many",
        "p50 of the wall's first page, many contributions ÷ few",
        &pairs(&wall.p50, &short_wall.p50),
        Target::AtMost(1.15),
    );
    for (name, of, arm) in [
        ("badge_at_once", "badges/s ÷ balances/s, 64 at once", badge),
        (
            "progress_at_once",
            "progress/s ÷ balances/s, 64 at once",
            progress,
        ),
    ] {
        report.compare(name, of, &pairs(&arm.per_second, &balance.per_second));
    }
}
