//! What a scenario found: figures, ratios with their targets, and what was wrong.

use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::Scenario;
use crate::ratio::{Ratio, Target};

/// What one scenario found. Printed by its `Display`, a line for each thing.
#[derive(Clone, Debug, Serialize)]
pub struct ScenarioReport {
    pub scenario: Scenario,
    /// How it was measured, and how it is to be read.
    pub notes: Vec<String>,
    pub figures: Vec<Figure>,
    pub ratios: Vec<Judged>,
    /// Books or answers that were not right: the run has failed, whatever its speed.
    pub wrong: Vec<String>,
}

/// One measured thing.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
}

/// A ratio of two measurements, and what it should be.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    pub name: &'static str,
    /// What is divided by what.
    pub of: &'static str,
    #[serde(flatten)]
    pub ratio: Ratio,
    /// None: it explains another ratio, and nothing is asked of it.
    pub target: Option<Target>,
    pub reached: Option<bool>,
}

impl ScenarioReport {
    pub fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            notes: Vec::new(),
            figures: Vec::new(),
            ratios: Vec::new(),
            wrong: Vec::new(),
        }
    }

    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    pub fn figure(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push(Figure {
            name: name.into(),
            value,
            unit,
        });
    }

    /// The median of several measurements.
    pub fn figure_of(&mut self, name: impl Into<String>, values: &[f64], unit: &'static str) {
        self.figure(name, middle(values), unit);
    }

    /// A ratio that has a target. Without a pair there is no ratio, and the target is missed.
    pub fn judge(
        &mut self,
        name: &'static str,
        of: &'static str,
        pairs: &[(f64, f64)],
        target: Target,
    ) {
        let ratio = Ratio::of(pairs);
        self.ratios.push(Judged {
            name,
            of,
            ratio,
            target: Some(target),
            reached: Some(target.is_reached_by(ratio)),
        });
    }

    /// A ratio that explains another.
    pub fn compare(&mut self, name: &'static str, of: &'static str, pairs: &[(f64, f64)]) {
        self.ratios.push(Judged {
            name,
            of,
            ratio: Ratio::of(pairs),
            target: None,
            reached: None,
        });
    }

    /// Books and answers were right. Speed does not come into it.
    pub fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// The median; not a number where there is none.
fn middle(values: &[f64]) -> f64 {
    Ratio::of_all(values.iter().copied()).median
}

/// Microseconds.
pub fn quantile(latency: &Histogram<u64>, quantile: f64) -> f64 {
    // A latency of more than 2^32 microseconds is over an hour.
    u32::try_from(latency.value_at_quantile(quantile)).map_or(f64::INFINITY, f64::from)
}

/// One by one: what was measured in the same round is compared.
pub fn pairs(parts: &[f64], wholes: &[f64]) -> Vec<(f64, f64)> {
    parts.iter().copied().zip(wholes.iter().copied()).collect()
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ratio { median, low, high } = self.ratio;
        write!(
            f,
            "{:<28} {median:>7.2}  ({low:.2} to {high:.2})",
            self.name
        )?;
        match (self.target, self.reached) {
            (Some(target), Some(true)) => write!(f, "  {target}: reached"),
            (Some(target), _) => write!(f, "  {target}: MISSED"),
            (None, _) => write!(f, "  no target"),
        }?;
        write!(f, "  [{}]", self.of)
    }
}

impl fmt::Display for ScenarioReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Scenario {}", self.scenario.name())?;
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        for Figure { name, value, unit } in &self.figures {
            let decimals = if value.abs() < 100.0 { 2 } else { 0 };
            writeln!(f, "    {name:<52} {value:>12.decimals$} {unit}")?;
        }
        for ratio in &self.ratios {
            writeln!(f, "    {ratio}")?;
        }
        for wrong in &self.wrong {
            writeln!(f, "    WRONG: {wrong}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_reaches_no_target() {
        let mut report = ScenarioReport::new(Scenario::Flood);
        report.judge("none", "nothing", &[], Target::AtMost(9.0));
        assert_eq!(report.ratios[0].reached, Some(false));
    }

    #[test]
    fn a_missed_target_is_printed_as_loudly_as_a_reached_one() {
        let mut report = ScenarioReport::new(Scenario::Cores);
        report.judge("slow", "a ÷ b", &[(1.0, 2.0)], Target::AtLeast(0.85));
        report.judge("quick", "a ÷ b", &[(1.9, 2.0)], Target::AtLeast(0.85));
        let text = report.to_string();
        assert!(text.contains("at least 0.85: MISSED"), "{text}");
        assert!(text.contains("at least 0.85: reached"), "{text}");
    }
}
