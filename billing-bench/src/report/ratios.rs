//! The ratios that the product is judged by.

#![expect(clippy::float_arithmetic, reason = "ratios, for people to read")]

use serde::Serialize;

use super::Measured;
use crate::contender::Contender;
use crate::ratio::{Ratio, Target};
use crate::slice::Slice;

/// A ratio with what is asked of it.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    pub name: &'static str,
    pub of: &'static str,
    #[serde(flatten)]
    pub ratio: Ratio,
    pub target: Target,
    /// What is hoped for beyond the target.
    pub aim: Option<f64>,
    pub reached: bool,
}

/// One comparison at each number in flight.
#[derive(Clone, Debug, Serialize)]
pub struct ByPressure {
    pub of: String,
    pub found: Vec<(usize, Ratio)>,
}

/// What of a slice is compared.
#[derive(Clone, Copy)]
enum Figure {
    Speed,
    P50,
    /// Without pages in full, where they are known: the slower contender would log as many of them
    /// for fewer operations, and seem to need more.
    LogBytes,
    Fsyncs,
}

impl Figure {
    fn of(self, slice: &Slice) -> Option<f64> {
        let costs = &slice.costs;
        match self {
            Self::Speed => Some(slice.per_second),
            // A latency of more than 2^32 microseconds is over an hour.
            Self::P50 => Some(f64::from(u32::try_from(slice.latency.p50?).ok()?)),
            Self::LogBytes => Some(costs.wal_bytes - costs.full_page_bytes.unwrap_or_default()),
            Self::Fsyncs => costs.fsyncs_per_1000,
        }
    }
}

/// A ratio that the product is judged by.
struct Question {
    name: &'static str,
    of: &'static str,
    block: &'static str,
    figure: Figure,
    part: Contender,
    /// None: the figure itself is judged.
    whole: Option<Contender>,
    target: Target,
    aim: Option<f64>,
}

/// What most questions have in common: the speed of charges on one account.
const CHARGES: Question = Question {
    name: "",
    of: "",
    block: "charges",
    figure: Figure::Speed,
    part: Contender::ChargeHot,
    whole: None,
    target: Target::AtLeast(1.0),
    aim: None,
};

/// In the order in which they are asked.
const QUESTIONS: [Question; 9] = [
    Question {
        name: "hot_vs_lean_equal",
        of: "charges on one account ÷ lean SQL, as many in flight as clients",
        whole: Some(Contender::LeanHot),
        target: Target::AtLeast(15.0),
        aim: Some(30.0),
        ..CHARGES
    },
    Question {
        name: "hot_vs_lean_best",
        of: "charges on one account ÷ lean SQL at its best number of clients",
        whole: Some(Contender::LeanHotBest),
        target: Target::AtLeast(8.0),
        aim: Some(12.0),
        ..CHARGES
    },
    Question {
        name: "uniform_vs_lean_best",
        of: "charges on 100,000 accounts ÷ lean SQL at its best number of clients",
        part: Contender::ChargeUniform,
        whole: Some(Contender::LeanUniformBest),
        target: Target::AtLeast(2.0),
        aim: Some(2.5),
        ..CHARGES
    },
    Question {
        name: "hot_vs_uniform",
        of: "charges on one account ÷ charges on 100,000",
        whole: Some(Contender::ChargeUniform),
        ..CHARGES
    },
    Question {
        name: "check_vs_empty",
        of: "CheckBalance ÷ an RPC that does nothing",
        block: "checks",
        part: Contender::Check,
        whole: Some(Contender::Empty),
        target: Target::AtLeast(0.5),
        aim: Some(0.65),
        ..CHARGES
    },
    Question {
        name: "check_vs_select",
        of: "CheckBalance ÷ CheckBalance with one SELECT each",
        block: "checks",
        part: Contender::Check,
        whole: Some(Contender::Select),
        target: Target::AtLeast(4.0),
        ..CHARGES
    },
    Question {
        name: "lone_p50_vs_sqlx",
        of: "p50 of a lone charge ÷ the same checks in one plain transaction",
        block: "lone",
        figure: Figure::P50,
        part: Contender::ChargeUniform,
        whole: Some(Contender::Sqlx),
        target: Target::AtMost(1.3),
        ..CHARGES
    },
    Question {
        name: "fsyncs_per_1000",
        of: "fsyncs for 1,000 charges on 100,000 accounts",
        figure: Figure::Fsyncs,
        part: Contender::ChargeUniform,
        target: Target::AtMost(10.0),
        ..CHARGES
    },
    Question {
        name: "wal_vs_lean",
        of: "bytes of log for a charge on 100,000 accounts, without full pages ÷ lean SQL",
        figure: Figure::LogBytes,
        part: Contender::ChargeUniform,
        whole: Some(Contender::LeanUniformBest),
        target: Target::AtMost(1.2),
        ..CHARGES
    },
];

/// `at`: the number in flight at which ratios are taken.
pub fn judge(slices: &[&Measured], at: usize) -> Vec<Judged> {
    QUESTIONS
        .iter()
        .map(|question| {
            let level = if question.block == "lone" { 1 } else { at };
            let place = Place::of(question.block, level);
            let figures = |contender| place.find(slices, question.figure, contender);
            let ratio = match question.whole {
                Some(whole) => Ratio::of(&pairs(&figures(question.part), &figures(whole))),
                None => Ratio::of_all(figures(question.part).into_iter().map(|(_, figure)| figure)),
            };
            Judged {
                name: question.name,
                of: question.of,
                ratio,
                target: question.target,
                aim: question.aim,
                reached: question.target.is_reached_by(ratio),
            }
        })
        .collect()
}

/// What else can be compared, at each number in flight.
pub fn by_pressure(slices: &[&Measured]) -> Vec<ByPressure> {
    use Contender::{
        ChargeHot, ChargeUniform, Check, Empty, LeanHot, LeanRpcHot, LeanRpcUniform, LeanUniform,
        SavepointsHot, SavepointsUniform, Select,
    };
    [
        ("checks", Check, Empty),
        ("checks", Check, Select),
        ("charges", ChargeHot, LeanHot),
        ("charges", ChargeHot, LeanRpcHot),
        ("charges", ChargeHot, SavepointsHot),
        ("charges", ChargeUniform, LeanUniform),
        ("charges", ChargeUniform, LeanRpcUniform),
        ("charges", ChargeUniform, SavepointsUniform),
    ]
    .into_iter()
    .map(|(block, part, whole)| ByPressure {
        of: format!("{} ÷ {}", part.name(), whole.name()),
        found: levels(slices)
            .into_iter()
            .map(|level| {
                let place = Place::of(block, level);
                let speeds = |contender| place.find(slices, Figure::Speed, contender);
                (level, Ratio::of(&pairs(&speeds(part), &speeds(whole))))
            })
            .filter(|(_, ratio)| ratio.is_known())
            .collect(),
    })
    .filter(|compared| !compared.found.is_empty())
    .collect()
}

/// The numbers in flight that were measured.
pub fn levels(slices: &[&Measured]) -> Vec<usize> {
    let mut levels: Vec<usize> = slices
        .iter()
        .filter_map(|measured| measured.level)
        .collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

/// A block, whose slices may be compared.
struct Place {
    block: &'static str,
    level: usize,
}

impl Place {
    fn of(block: &'static str, level: usize) -> Self {
        Self { block, level }
    }

    /// By rounds.
    fn find(&self, slices: &[&Measured], figure: Figure, contender: Contender) -> Vec<(u32, f64)> {
        slices
            .iter()
            .filter(|measured| {
                measured.block == self.block
                    && measured.level == Some(self.level)
                    && measured.slice.contender == contender
            })
            .filter_map(|measured| Some((measured.round, figure.of(&measured.slice)?)))
            .collect()
    }
}

/// The two of each round.
fn pairs(parts: &[(u32, f64)], wholes: &[(u32, f64)]) -> Vec<(f64, f64)> {
    parts
        .iter()
        .filter_map(|(round, part)| {
            let (_, whole) = wholes.iter().find(|(other, _)| other == round)?;
            Some((*part, *whole))
        })
        .collect()
}

#[cfg(test)]
mod tests;
