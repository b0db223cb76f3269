//! What a soak can be told.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Soaks the billing core: three cores over one PostgreSQL answer callers who ask everything twice,
/// while cores, PostgreSQL and the connections between them break. Then every answer that a caller
/// got is compared with the books and with every other answer.
///
/// It makes a PostgreSQL of its own in a new folder under /tmp, and deletes it. It cannot be
/// pointed at another server: there is no option for that.
///
/// It refuses to begin where /tmp has too little room, ends where it takes more than it should, and
/// ends 15 minutes after the time that was asked for whatever happens. Ctrl-C and SIGTERM end it in
/// order, with everything that it has started.
///
/// It ends with 0 only if nothing was lost, nothing was done twice, and every answer is explained.
#[derive(Clone, Debug, Parser)]
#[command(name = "billing-soak", version)]
pub struct Options {
    /// How long things break, in minutes [default: 5]. What comes before and after takes about half
    /// a minute.
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u64).range(1..=1_440), conflicts_with = "seconds")]
    pub minutes: Option<u64>,

    /// The same in seconds. It goes on until each kind of fault has come once.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: Option<u64>,

    /// What chance begins with [default: another each time]. The same seed breaks the same things in
    /// the same order, but not at the same moments: no two runs are alike.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Writes the report there too, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Operations a second at most. Long runs have fewer: all of them are kept in memory.
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub per_second: u32,

    /// The core's program [default: `billing-core` beside this one].
    #[arg(long, value_name = "PATH")]
    pub core_program: Option<PathBuf>,

    /// Checks the checker: runs cores with this bug, which the core's program must have, and succeeds only if
    /// the checker reports them. `cargo xtask soak --seeded-bug` builds such a program.
    #[arg(long, value_name = "NAME", requires = "core_program")]
    pub seeded_bug: Option<String>,
}

/// What is kept in memory: about a gigabyte.
const MOST_OPERATIONS: u64 = 1_000_000;
/// Beyond the time that was asked for: to begin, to settle, to verify, and a slow machine.
const SLACK: Duration = Duration::from_mins(15);

impl Options {
    /// How long things break.
    pub fn lasts(&self) -> Duration {
        match (self.seconds, self.minutes) {
            (Some(seconds), _) => Duration::from_secs(seconds),
            (None, minutes) => Duration::from_mins(minutes.unwrap_or(5)),
        }
    }

    /// Beyond it something hangs.
    pub fn hard_limit(&self) -> Duration {
        self.lasts() + SLACK
    }

    /// Operations a second.
    pub fn pace(&self) -> u32 {
        let bound = MOST_OPERATIONS / self.lasts().as_secs().max(1);
        self.per_second
            .min(u32::try_from(bound.max(1)).unwrap_or(u32::MAX))
    }

    /// The most that something stands still: a short run has many faults to come to.
    pub fn longest_pause(&self) -> Duration {
        if self.lasts() < Duration::from_mins(3) {
            Duration::from_millis(2_500)
        } else {
            Duration::from_secs(8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(options: &[&str]) -> Options {
        Options::parse_from([&["billing-soak"], options].concat())
    }

    #[test]
    fn a_long_run_keeps_no_more_in_memory_than_a_short_one() {
        assert_eq!(parsed(&[]).lasts(), Duration::from_mins(5));
        assert_eq!(parsed(&["--seconds", "60"]).pace(), 600);
        assert_eq!(parsed(&["--minutes", "60"]).pace(), 277);
        assert_eq!(parsed(&["--minutes", "1440"]).pace(), 11);
        assert_eq!(parsed(&["--seconds", "9", "--per-second", "7"]).pace(), 7);
    }

    #[test]
    fn nothing_points_at_another_server() {
        for option in ["--database-url", "--url", "--database", "--host"] {
            let options = ["billing-soak", option, "postgres://localhost/billing"];
            assert!(Options::try_parse_from(options).is_err(), "{option}");
        }
    }
}
