//! The report for people.

use std::fmt;

use super::ratios::levels;
use super::table::{Table, UNKNOWN, short, whole};
use super::{Measured, Report, Setting};
use crate::contender::Contender;
use crate::programme::RATIOS_AT;
use crate::ratio::Ratio;
use crate::slice::Slice;

/// Of a slice; none where it has none.
type Figure<'a> = &'a dyn Fn(&Slice) -> Option<f64>;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.warn(f)?;
        if let Some(setting) = &self.setting {
            writeln!(f, "{setting}")?;
            self.show_sweeps(f)?;
            self.show_capacity(f)?;
            self.show_latencies(f)?;
            self.show_costs(f)?;
            self.show_ratios(f)?;
        }
        for scenario in &self.scenarios {
            writeln!(f, "{scenario}")?;
        }
        for note in &self.notes {
            writeln!(f, "Note: {note}")?;
        }
        for wrong in &self.wrong {
            writeln!(f, "WRONG: {wrong}")?;
        }
        let verdict = if self.is_right() {
            "Books and answers were right after every slice and at the end."
        } else {
            "THE RUN HAS FAILED: books or answers were wrong; see above."
        };
        writeln!(f, "{verdict}")
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<String> = self
            .settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        writeln!(f, "Machine and settings")?;
        writeln!(
            f,
            "  {} cores ({}), shared by PostgreSQL, the server and the load generator",
            self.cores, self.system
        )?;
        writeln!(f, "  {}: {}", self.postgres, settings.join(" "))?;
        writeln!(
            f,
            "  core and references: a process each with {} thread(s) that serve, otherwise as they \
             come",
            self.server_threads
        )?;
        writeln!(
            f,
            "  'uniform': {} accounts; 'hot': one account. Lean SQL is driven by {}.",
            whole(f64::from(u32::try_from(self.accounts).unwrap_or(u32::MAX))),
            self.lean_driver
        )
    }
}

impl Report {
    fn warn(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.release {
            writeln!(
                f,
                "*** NOT A RELEASE BUILD: these figures measure nothing; only the books count. ***\n"
            )?;
        }
        if self.quick {
            writeln!(
                f,
                "A quick run: short slices and few of them. It shows that all works; measure \
                 without --quick.\n"
            )?;
        }
        Ok(())
    }

    fn show_sweeps(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sweeps.is_empty() {
            return Ok(());
        }
        writeln!(f, "Looking for lean SQL's best: operations a second")?;
        for sweep in &self.sweeps {
            let found: Vec<String> = sweep
                .found
                .iter()
                .map(|(number, speed)| format!("{number}: {}", whole(*speed)))
                .collect();
            let found = found.join("   ");
            writeln!(f, "  {} by {}:  {found}", sweep.contender.name(), sweep.of)?;
        }
        writeln!(f)
    }

    fn show_capacity(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slices = self.right_slices();
        let levels = levels(&slices);
        let head = levels.iter().map(ToString::to_string);
        let mut table = Table::with_head([String::new()].into_iter().chain(head));
        for contender in contenders(&slices) {
            let cells = levels.iter().map(|level| {
                let speeds = of_level(&slices, contender, *level);
                spread(Ratio::of_all(speeds.map(|slice| slice.per_second)), whole)
            });
            table.add([contender.name()].into_iter().chain(cells));
        }
        if table.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "Capacity: operations a second by operations in flight, median (low to high)\n{table}"
        )
    }

    /// Of the closed loop at the numbers in flight, and of the open one at its rates.
    fn show_latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A latency of more than 2^32 microseconds is over an hour.
        let micros = |at: Option<u64>| u32::try_from(at?).ok().map(f64::from);
        let table = self.medians(
            whole,
            [
                ("p50", &|slice| micros(slice.latency.p50)),
                ("p90", &|slice| micros(slice.latency.p90)),
                ("p99", &|slice| micros(slice.latency.p99)),
                ("p99.9", &|slice| micros(slice.latency.p999)),
                ("max", &|slice| micros(slice.latency.max)),
            ],
        );
        if table.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "Latency in microseconds, medians of the slices. In flight: closed loop, each caller \
             waits for its answer.\nA second: open loop, timed from when each call was to be \
             sent.\n{table}"
        )
    }

    fn show_costs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.medians(
            short,
            [
                ("fsyncs/1000", &|slice| slice.costs.fsyncs_per_1000),
                ("log bytes", &|slice| Some(slice.costs.wal_bytes)),
                ("of them pages", &|slice| slice.costs.full_page_bytes),
                ("statements", &|slice| slice.costs.statements),
                ("PostgreSQL µs", &|slice| slice.costs.postgres_cpu_micros),
                ("server µs", &|slice| slice.costs.server_cpu_micros),
                ("generator µs", &|slice| slice.costs.generator_cpu_micros),
            ],
        );
        if table.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "Cost of an operation, medians of the slices. Pages: those that the log holds in full, \
             since they had not\nchanged since the last checkpoint. Microseconds are of processor. \
             {UNKNOWN}: not counted or not available.\n{table}"
        )
    }

    /// The medians of the named figures, a line for each contender and pressure that has any.
    fn medians<const COLUMNS: usize>(
        &self,
        show: fn(f64) -> String,
        columns: [(&str, Figure<'_>); COLUMNS],
    ) -> Table {
        let names = columns.iter().map(|(name, _)| *name);
        let mut table = Table::with_head(["", ""].into_iter().chain(names).map(str::to_owned));
        for (contender, pressure, slices) in self.by_contender_and_pressure() {
            let medians = columns
                .map(|(_, figure)| Ratio::of_all(slices.iter().filter_map(|slice| figure(slice))));
            if medians.iter().any(|median| median.is_known()) {
                let cells = medians.iter().map(|median| show(median.median));
                table.add([contender.name(), pressure].into_iter().chain(cells));
            }
        }
        table
    }

    fn show_ratios(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::default();
        for compared in &self.by_in_flight {
            let cells = compared
                .found
                .iter()
                .map(|(level, ratio)| format!("{level}: {}", spread(*ratio, short)));
            table.add([compared.of.clone()].into_iter().chain(cells));
        }
        if !table.is_empty() {
            writeln!(
                f,
                "Ratios by operations in flight: median of the pairs (low to high)"
            )?;
            writeln!(f, "{table}")?;
        }
        let mut table = Table::default();
        for judged in &self.judged {
            let verdict = match (judged.ratio.is_known(), judged.reached) {
                (false, _) => "not measured",
                (true, true) => "reached",
                (true, false) => "MISSED",
            };
            let aim = judged
                .aim
                .map_or(String::new(), |aim| format!(" (aim {aim})"));
            table.add([
                format!("{:<22} {}", judged.name, judged.of),
                spread(judged.ratio, short),
                format!("{}{aim}", judged.target),
                verdict.to_owned(),
            ]);
        }
        let at = self.ratios_at;
        let meant = if at == RATIOS_AT {
            String::new()
        } else {
            format!("; they are meant for {RATIOS_AT}")
        };
        writeln!(
            f,
            "Targets, at {at} in flight{meant}: median of the pairs (low to high)\n{table}"
        )
    }

    /// Slices that may be merged into one line, in the order in which they were measured.
    fn by_contender_and_pressure(&self) -> Vec<(Contender, String, Vec<&Slice>)> {
        let mut lines: Vec<(Contender, String, Vec<&Slice>)> = Vec::new();
        for measured in self.right_slices() {
            let slice = &measured.slice;
            let pressure = slice.pressure.to_string();
            match lines
                .iter_mut()
                .find(|line| line.0 == slice.contender && line.1 == pressure)
            {
                Some(line) => line.2.push(slice),
                None => lines.push((slice.contender, pressure, vec![slice])),
            }
        }
        lines.sort_by_key(|line| line.0);
        lines
    }
}

fn contenders(slices: &[&Measured]) -> Vec<Contender> {
    let mut contenders: Vec<Contender> = slices
        .iter()
        .filter(|measured| measured.level.is_some())
        .map(|measured| measured.slice.contender)
        .collect();
    contenders.sort_unstable();
    contenders.dedup();
    contenders
}

fn of_level<'a>(
    slices: &'a [&Measured],
    contender: Contender,
    level: usize,
) -> impl Iterator<Item = &'a Slice> {
    slices
        .iter()
        .filter(move |measured| measured.level == Some(level))
        .map(|measured| &measured.slice)
        .filter(move |slice| slice.contender == contender)
}

fn spread(ratio: Ratio, show: fn(f64) -> String) -> String {
    if !ratio.is_known() {
        return UNKNOWN.to_owned();
    }
    format!(
        "{} ({} to {})",
        show(ratio.median),
        show(ratio.low),
        show(ratio.high)
    )
}
