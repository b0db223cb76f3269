//! What a run has found: for people on a page, for programs as JSON.

mod page;
mod ratios;
mod setting;
mod table;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::books::Whole;
use crate::contender::Contender;
use crate::lean::ANSWER_BYTES;
use crate::programme::Block;
use crate::ratio::Ratio;
use crate::scenario::ScenarioReport;
use crate::slice::Slice;
use ratios::{ByPressure, Judged};
pub use setting::Setting;

#[derive(Default, Serialize)]
pub struct Report {
    /// Anything else is no measurement.
    pub release: bool,
    pub quick: bool,
    pub setting: Option<Setting>,
    /// The number in flight at which the ratios with a target were taken.
    ratios_at: usize,
    /// The ratios with a target, by their names; null where not measured.
    ratios: BTreeMap<&'static str, Option<Ratio>>,
    /// The same with what was asked of each.
    judged: Vec<Judged>,
    /// Ratios without a target, at each number in flight.
    by_in_flight: Vec<ByPressure>,
    sweeps: Vec<Sweep>,
    slices: Vec<Measured>,
    pub scenarios: Vec<ScenarioReport>,
    pub notes: Vec<String>,
    /// Books or answers that were not right: the run has failed, whatever its speed.
    pub wrong: Vec<String>,
}

/// A slice in its place.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    pub block: &'static str,
    /// The number in flight that the block was measured at; none where a clock sent the calls.
    pub level: Option<usize>,
    /// Slices of one block, level and round are compared with each other.
    pub round: u32,
    #[serde(flatten)]
    pub slice: Slice,
}

/// How fast a contender was with how many of something; the best of them is what it is measured by.
#[derive(Clone, Debug, Serialize)]
pub struct Sweep {
    pub contender: Contender,
    pub of: &'static str,
    /// Number and operations a second.
    pub found: Vec<(u32, f64)>,
}

impl Report {
    pub fn new(quick: bool) -> Self {
        Self {
            release: !cfg!(debug_assertions),
            quick,
            ..Self::default()
        }
    }

    pub fn add(&mut self, block: &Block, round: u32, slice: Slice) {
        self.require_right(&slice);
        if slice.costs.checkpoints > 0 {
            self.notes.push(format!(
                "a checkpoint fell into a slice of {}: more of its pages are in the log in full",
                slice.contender.name()
            ));
        }
        self.slices.push(Measured {
            block: block.name,
            level: block.pressure.in_flight(),
            round,
            slice,
        });
    }

    /// A slice that does not count still must not be wrong.
    pub fn require_right(&mut self, slice: &Slice) {
        let Slice {
            contender,
            pressure,
            ..
        } = slice;
        for fault in &slice.faults {
            self.wrong
                .push(format!("{}, {pressure}: {fault}", contender.name()));
        }
    }

    pub fn add_sweep(&mut self, contender: Contender, of: &'static str, found: Vec<(u32, f64)>) {
        self.sweeps.push(Sweep {
            contender,
            of,
            found,
        });
    }

    /// What all slices together have left in the books.
    pub fn tell_of_books(&mut self, whole: &Whole) {
        if whole.keys != whole.charges {
            self.wrong.push(format!(
                "{} charges are in the books, and {} keys",
                whole.charges, whole.keys
            ));
        }
        self.notes.push(format!(
            "{} charges and {} keys are in the books at the end",
            whole.charges, whole.keys
        ));
        if let Some(bytes) = whole.core_answer_bytes {
            self.notes.push(format!(
                "the core stored {bytes:.0} bytes of answer beside a key on average, the references \
                 {ANSWER_BYTES}"
            ));
        }
    }

    /// Works out the ratios; `at`: the number in flight at which those with a target are taken.
    pub fn conclude(&mut self, at: usize) {
        self.ratios_at = at;
        let slices = self.right_slices();
        let judged = ratios::judge(&slices, at);
        let by_in_flight = ratios::by_pressure(&slices);
        self.ratios = judged
            .iter()
            .map(|judged| {
                let ratio = Some(judged.ratio).filter(|ratio| ratio.is_known());
                (judged.name, ratio)
            })
            .collect();
        self.judged = judged;
        self.by_in_flight = by_in_flight;
    }

    /// A void slice counts for nothing.
    fn right_slices(&self) -> Vec<&Measured> {
        self.slices
            .iter()
            .filter(|measured| !measured.slice.is_void())
            .collect()
    }

    /// Books and answers were right, in comparisons and scenarios. Speed does not come into it.
    pub fn is_right(&self) -> bool {
        self.wrong.is_empty() && self.scenarios.iter().all(ScenarioReport::is_right)
    }
}
