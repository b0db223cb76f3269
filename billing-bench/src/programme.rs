//! What a run measures, in which order, and how long that may take.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::contender::{Contender, Drive};
use crate::options::Options;
use crate::reference::POOLS;
use crate::slice::Pressure;

/// Where ratios with a target are taken, unless another number is asked for.
pub const RATIOS_AT: usize = 256;

/// A block of slices that take turns: there and back again, so that what drifts meets all alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub name: &'static str,
    pub pressure: Pressure,
    pub contenders: Vec<Contender>,
    pub is_thorough: bool,
}

#[derive(Debug)]
pub struct Programme {
    pub blocks: Vec<Block>,
    pub rounds: u32,
    pub slice: Duration,
    /// Numbers of clients among which the lean statement's best is looked for.
    pub clients: Vec<u32>,
    /// Sizes of pools among which the best for a reference behind an RPC is looked for.
    pub pools: Vec<u32>,
    /// Where ratios with a target are taken.
    pub ratios_at: usize,
}

/// What checking the books after a slice takes.
const CHECKING: Duration = Duration::from_millis(300);

/// What counting fsyncs after it takes.
const COUNTING: Duration = Duration::from_millis(1_100);

/// The longest that may be planned: several times a full run.
const MOST: Duration = Duration::from_hours(4);

const CHECKS: [Contender; 3] = [Contender::Empty, Contender::Check, Contender::Select];

const CHARGES: [Contender; 12] = [
    Contender::ChargeHot,
    Contender::LeanHotBest,
    Contender::LeanHot,
    Contender::ChargeUniform,
    Contender::LeanUniformBest,
    Contender::LeanUniform,
    Contender::LeanRpcHot,
    Contender::LeanRpcUniform,
    Contender::SavepointsHot,
    Contender::SavepointsUniform,
    Contender::HoldHot,
    Contender::HoldUniform,
];

/// Measured only at the number in flight at which the ratios are taken: they choose their own.
const BEST: [Contender; 2] = [Contender::LeanHotBest, Contender::LeanUniformBest];

/// Driven by a clock, at rates that none of them is overwhelmed by.
const LATENCIES: [(u32, &[Contender]); 2] = [
    (
        1_000,
        &[
            Contender::Check,
            Contender::ChargeHot,
            Contender::ChargeUniform,
            Contender::HoldUniform,
            Contender::LeanRpcHot,
            Contender::LeanRpcUniform,
        ],
    ),
    (
        5_000,
        &[
            Contender::Check,
            Contender::ChargeHot,
            Contender::ChargeUniform,
        ],
    ),
];

const LONE: [Contender; 2] = [Contender::ChargeUniform, Contender::Sqlx];

impl Programme {
    pub fn of(options: &Options) -> Self {
        let levels: Vec<usize> = match (options.in_flight.as_slice(), options.quick) {
            ([], true) => vec![1, RATIOS_AT],
            ([], false) => vec![1, 16, 64, RATIOS_AT, 1024],
            (given, _) => given.iter().map(|level| usize::from(*level)).collect(),
        };
        let ratios_at = if levels.contains(&RATIOS_AT) {
            RATIOS_AT
        } else {
            levels.iter().copied().max().unwrap_or(RATIOS_AT)
        };
        let (rounds, slice) = if options.quick {
            (2, Duration::from_millis(700))
        } else {
            (5, Duration::from_secs(3))
        };
        Self {
            blocks: blocks(options, &levels, ratios_at),
            rounds: options.pairs.unwrap_or(rounds),
            slice: options.slice_secs.unwrap_or(slice),
            clients: if options.quick {
                vec![1, 16, 64]
            } else {
                vec![1, 2, 4, 8, 16, 32, 64]
            },
            pools: if options.quick {
                vec![4, 16]
            } else {
                POOLS.to_vec()
            },
            ratios_at,
        }
    }

    pub fn measures(&self, wanted: &[Contender]) -> bool {
        self.blocks
            .iter()
            .flat_map(|block| &block.contenders)
            .any(|contender| wanted.contains(contender))
    }

    /// The most connections by which the lean statement is driven.
    pub fn most_clients(&self) -> usize {
        let equal = self
            .blocks
            .iter()
            .filter(|block| {
                block.contenders.contains(&Contender::LeanHot)
                    || block.contenders.contains(&Contender::LeanUniform)
            })
            .filter_map(|block| block.pressure.in_flight());
        let swept = self
            .clients
            .iter()
            .filter_map(|clients| usize::try_from(*clients).ok());
        equal.chain(swept).max().unwrap_or(0)
    }

    /// Slices of all kinds, the sweeps and the warming up among them.
    pub fn slices(&self) -> u32 {
        let blocks: usize = self.blocks.iter().map(|block| block.contenders.len()).sum();
        let sweeps = 2 * self.clients.len() + 3 * self.pools.len();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        count(blocks)
            .saturating_mul(self.rounds + 1)
            .saturating_add(count(sweeps))
    }

    /// How long it should take on a machine of today.
    pub fn expected(&self) -> Duration {
        const STARTING: Duration = Duration::from_secs(20);
        let sweeps = u32::try_from(2 * self.clients.len() + 3 * self.pools.len());
        let sweeps = sweeps.unwrap_or(u32::MAX) * (self.slice + CHECKING);
        let blocks = self.blocks.iter().map(|block| self.expected_of(block));
        STARTING + sweeps + blocks.sum::<Duration>()
    }

    /// Each contender warms up and takes its turns.
    fn expected_of(&self, block: &Block) -> Duration {
        let of = |contender: &Contender| {
            let counting = match contender.drive() {
                Drive::Lean(..) => CHECKING,
                _ if block.is_thorough && contender.moves_money() => COUNTING + CHECKING,
                _ => CHECKING,
            };
            self.slice / 2 + self.slice * self.rounds + counting * (self.rounds + 1)
        };
        block.contenders.iter().map(of).sum()
    }

    /// Refuses what nobody would wait for.
    pub fn require_bounded(&self) -> Result<()> {
        ensure!(
            self.expected() <= MOST,
            "the comparisons would take about {}, and may take {} at most: choose fewer --pairs, \
             shorter --slice-secs or fewer --in-flight, or a part of them by --only",
            minutes(self.expected()),
            minutes(MOST)
        );
        Ok(())
    }

    /// When it is taken to be stuck, and ended.
    pub fn limit(&self) -> Duration {
        self.expected() * 4 + Duration::from_mins(5)
    }
}

pub fn minutes(duration: Duration) -> String {
    let secs = duration.as_secs();
    format!("{} min {} s", secs / 60, secs % 60)
}

fn blocks(options: &Options, levels: &[usize], ratios_at: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    for in_flight in levels {
        let at_ratios = *in_flight == ratios_at;
        let mut add = |name, contenders: &[Contender]| {
            let contenders = contenders
                .iter()
                .copied()
                .filter(|contender| is_wanted(options, *contender))
                .filter(|contender| at_ratios || !BEST.contains(contender));
            blocks.push(Block {
                name,
                pressure: Pressure::InFlight(*in_flight),
                contenders: contenders.collect(),
                is_thorough: !options.quick || at_ratios,
            });
        };
        add("checks", &CHECKS);
        // A quick run has no time for more than what has a target.
        if at_ratios || !options.quick || !options.in_flight.is_empty() {
            add("charges", &CHARGES);
        }
    }
    blocks.extend(latencies(options));
    if is_wanted(options, Contender::Sqlx) {
        blocks.push(Block {
            name: "lone",
            pressure: Pressure::InFlight(1),
            contenders: LONE.to_vec(),
            is_thorough: false,
        });
    }
    blocks.retain(|block| !block.contenders.is_empty());
    blocks
}

fn is_wanted(options: &Options, contender: Contender) -> bool {
    options.only.is_empty() || options.only.contains(&contender)
}

/// Unless numbers in flight are named. A quick run has only the first, and of that only what is the
/// core's.
fn latencies(options: &Options) -> Vec<Block> {
    if !options.in_flight.is_empty() {
        return Vec::new();
    }
    let wanted = |contender: &Contender| {
        is_wanted(options, *contender)
            && !(options.quick && matches!(contender.drive(), Drive::Reference(..)))
    };
    LATENCIES
        .into_iter()
        .take(if options.quick { 1 } else { LATENCIES.len() })
        .map(|(rate, contenders)| Block {
            name: "latencies",
            pressure: Pressure::PerSecond(rate),
            contenders: contenders.iter().copied().filter(wanted).collect(),
            is_thorough: false,
        })
        .collect()
}

#[cfg(test)]
mod tests;
