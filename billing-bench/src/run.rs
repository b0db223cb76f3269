//! A run from its beginning to its report.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use billing_stage::postgres::scratch::remove_abandoned;
use clap::ValueEnum;
use tokio::time::timeout;

use crate::arena::Arena;
use crate::options::Options;
use crate::programme::{Block, Programme, minutes};
use crate::report::{Report, Setting};
use crate::room;
use crate::scenario::{self, Length, Scenario};
use crate::slice::{Best, Manner, Slice, measure};
use crate::sweep::sweep;

/// Warming up takes its share of a slice's time.
const WARM_UP: u32 = 2;

/// Everything that the options ask for. Says whether books and answers were right.
pub async fn run(options: &Options) -> Result<bool> {
    let programme = Programme::of(options);
    let mut report = Report::new(options.quick);
    // Better known now than when it is over.
    if !options.scenarios_only {
        programme.require_bounded()?;
    }
    if let Some(path) = &options.json {
        require_writable(path)?;
    }
    // What a killed run has left may be what room is missing for.
    remove_abandoned(Path::new(room::FOLDER)).await;
    if !options.scenarios_only {
        eprintln!(
            "bench: {} slices, about {}; ended by force after {}",
            programme.slices(),
            minutes(programme.expected()),
            minutes(programme.limit())
        );
        let compared = room::within(Box::pin(compare(&programme, &mut report)));
        let compared = timeout(programme.limit(), compared).await;
        compared
            .context("the benchmark was stuck and has been ended")?
            .context("the comparisons could not be carried out")?;
    }
    let mut played = Ok(());
    for which in scenarios(options) {
        played = play(which, options, &mut report).await;
        if played.is_err() {
            break;
        }
    }
    // What was measured before is told in any case.
    report.conclude(programme.ratios_at);
    print!("{report}");
    if let Some(path) = &options.json {
        write_json(path, &report)?;
    }
    played?;
    Ok(report.is_right())
}

/// Those that are named; all of them in a full run.
fn scenarios(options: &Options) -> Vec<Scenario> {
    let whole = options.scenarios_only || (options.only.is_empty() && !options.quick);
    if options.scenario.is_empty() && whole {
        return Scenario::value_variants().to_vec();
    }
    options.scenario.clone()
}

async fn play(which: Scenario, options: &Options, report: &mut Report) -> Result<()> {
    eprintln!("bench: scenario {}", which.name());
    // The longest fills tables with millions of rows first.
    let (length, limit) = if options.quick {
        (Length::Quick, Duration::from_mins(10))
    } else {
        (Length::Full, Duration::from_hours(2))
    };
    // On the heap: a scenario is a whole server's life.
    let played = Box::pin(scenario::run(which, length, &options.scenarios));
    let played = timeout(limit, room::within(played))
        .await
        .with_context(|| format!("the scenario {} was stuck and has been ended", which.name()))?;
    report
        .scenarios
        .push(played.with_context(|| format!("the scenario {}", which.name()))?);
    Ok(())
}

async fn compare(programme: &Programme, report: &mut Report) -> Result<()> {
    room::require_free()?;
    let mut arena = Arena::prepare(programme.most_clients()).await?;
    report.setting = Some(Setting::of(&arena));
    let best = sweep(&mut arena, programme, report).await?;
    for block in &programme.blocks {
        run_block(&mut arena, programme, block, &best, report).await?;
    }
    check_all(&mut arena, report).await?;
    arena.clear().await
}

/// One round after the other, each the other way round. The first, shorter one does not count.
async fn run_block(
    arena: &mut Arena,
    programme: &Programme,
    block: &Block,
    best: &Best,
    report: &mut Report,
) -> Result<()> {
    let Block { name, pressure, .. } = block;
    eprintln!("bench: {name}, {pressure}");
    let began = Instant::now();
    arena.checkpoint().await?;
    for round in 0..=programme.rounds {
        let is_warm_up = round == 0;
        let manner = Manner {
            time: if is_warm_up {
                programme.slice / WARM_UP
            } else {
                programme.slice
            },
            is_thorough: block.is_thorough,
        };
        let mut turns = block.contenders.clone();
        if round % 2 == 0 {
            turns.reverse();
        }
        for contender in turns {
            let slice = measure(arena, contender, *pressure, best, manner).await?;
            tell(&slice, is_warm_up);
            if is_warm_up {
                report.require_right(&slice);
            } else {
                report.add(block, round, slice);
            }
        }
    }
    eprintln!("bench: {name}, {pressure}: took {:?}", began.elapsed());
    Ok(())
}

fn tell(slice: &Slice, is_warm_up: bool) {
    if slice.is_void() {
        eprintln!(
            "bench: {} is VOID: {:?}",
            slice.contender.name(),
            slice.faults
        );
    }
    if !is_warm_up {
        eprintln!(
            "bench:   {:<18} {:>9.0}/s",
            slice.contender.name(),
            slice.per_second
        );
    }
}

/// At the end everything is read once more, by the product's own audit too.
async fn check_all(arena: &mut Arena, report: &mut Report) -> Result<()> {
    eprintln!("bench: checking all books");
    if let Err(error) = arena.audit().await {
        report.wrong.push(format!("{error:#}"));
    }
    let page = arena.books.check().await?;
    report.wrong.extend(page.faults(0));
    let whole = arena.books.whole().await?;
    report.tell_of_books(&whole);
    Ok(())
}

/// What is there stays until there is something new to write.
fn require_writable(path: &Path) -> Result<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map(drop)
        .with_context(|| format!("--json: cannot write {}", path.display()))
}

fn write_json(path: &Path, report: &Report) -> Result<()> {
    let json = serde_json::to_string_pretty(report).context("cannot write the figures as JSON")?;
    std::fs::write(path, json + "\n")
        .with_context(|| format!("--json: cannot write {}", path.display()))
}
