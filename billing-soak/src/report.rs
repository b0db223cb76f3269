//! What a soak has to say: a table for people, and the same for machines.

mod tally;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use self::tally::{Doubtful, Requests, ends_by_kind, poison_by_kind};
use crate::ending::Unknown;
use crate::faults::Fault;
use crate::order::Order;
use crate::verdict::{Tampered, Verified};

/// Findings that are shown; their number is always told.
const SHOWN: usize = 30;
/// One that quotes a whole history need not be read to its end.
const SHOWN_CHARS: usize = 2_000;

/// As the comparison with the books begins to tell of a loss.
const LOST: [&str; 2] = ["acknowledged and lost", "acknowledged and its key lost"];

/// What was set up.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    pub seed: u64,
    pub postgres: String,
    pub cores: usize,
    pub callers: u64,
    pub accounts: usize,
    pub operations_per_second_at_most: u32,
    pub seeded_bug: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub setting: Setting,
    pub seconds: u64,
    /// By kind and by end.
    pub operations: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    pub requests: Requests,
    /// Requests that the product must refuse, by kind.
    pub poison: BTreeMap<String, usize>,
    pub faults: BTreeMap<Fault, u64>,
    pub cores_said: CoresSaid,
    /// How what was in doubt on its way turned out, in the end.
    pub doubtful: Doubtful,
    /// How what was still unknown when the faults were over turned out.
    pub unknown: Unknown,
    pub books: InTheBooks,
    pub linearizability: Order,
    /// None where the checker had something to report anyway.
    pub tampered: Option<Tampered>,
    pub finding_count: usize,
    /// Of these, how many say that something acknowledged is not there.
    pub losses: usize,
    /// The first of them.
    pub findings: Vec<String>,
    /// Why this soak proves less than it should.
    pub shortcomings: Vec<String>,
}

/// What the cores' logs say.
#[derive(Debug, Serialize)]
pub struct CoresSaid {
    pub batches_lost_at_commit: usize,
    pub batches_halved: usize,
    pub commands_refused_by_the_database: usize,
    pub accounts_found_locked: usize,
}

#[derive(Debug, Serialize)]
pub struct InTheBooks {
    pub entries: usize,
    pub keys: usize,
    /// By the state in which they ended.
    pub holds: BTreeMap<String, usize>,
}

impl Report {
    pub fn new(
        setting: Setting,
        faults: BTreeMap<Fault, u64>,
        broken_for: Duration,
        mut unknown: Unknown,
        verified: Verified,
        log: &str,
    ) -> Self {
        let mut findings = verified.findings;
        findings.append(&mut unknown.findings);
        let missing = Fault::ALL
            .iter()
            .filter(|fault| !faults.contains_key(fault));
        let mut shortcomings: Vec<String> = missing
            .map(|fault| format!("this fault never came: {}", fault.name()))
            .collect();
        if let Some(Tampered { made, noticed }) = verified.tampered
            && noticed < made
        {
            shortcomings.push(format!(
                "the checker noticed {noticed} of {made} changes that it must notice"
            ));
        }
        let count = |words: &str| log.matches(words).count();
        let finding_count = findings.len();
        let lost = |finding: &&String| LOST.iter().any(|words| finding.starts_with(words));
        let losses = findings.iter().filter(lost).count();
        findings.truncate(SHOWN);
        for finding in &mut findings {
            if let Some((end, _)) = finding.char_indices().nth(SHOWN_CHARS) {
                finding.truncate(end);
                finding.push('…');
            }
        }
        Self {
            setting,
            seconds: broken_for.as_secs(),
            operations: ends_by_kind(&verified.operations),
            requests: Requests::of(&verified.operations),
            poison: poison_by_kind(&verified.operations),
            doubtful: Doubtful::of(&verified.operations),
            faults,
            cores_said: CoresSaid {
                batches_lost_at_commit: count("database lost at commit"),
                batches_halved: count("halving it"),
                commands_refused_by_the_database: count("command refused by the database"),
                accounts_found_locked: count("setting accounts aside"),
            },
            unknown,
            books: InTheBooks {
                entries: verified.entries,
                keys: verified.keys,
                holds: verified.holds,
            },
            linearizability: verified.order,
            tampered: verified.tampered,
            finding_count,
            losses,
            findings,
            shortcomings,
        }
    }

    /// Whether the answers, the books and each other agree.
    pub fn is_clean(&self) -> bool {
        self.finding_count == 0
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; {} cores, {} accounts, {} callers, at most {} operations a second; seed {}",
            self.postgres,
            self.cores,
            self.accounts,
            self.callers,
            self.operations_per_second_at_most,
            self.seed
        )?;
        if let Some(bug) = &self.seeded_bug {
            write!(f, "; seeded bug {bug}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.setting)?;
        self.write_operations(f)?;
        writeln!(f, "faults in {} s", self.seconds)?;
        for (fault, count) in &self.faults {
            writeln!(f, "  {:<28}{count:>8}", fault.name())?;
        }
        let said = &self.cores_said;
        writeln!(
            f,
            "\nas the cores say: {} batches lost at COMMIT, {} halved, {} commands refused by the \
             database, {} found an account locked",
            said.batches_lost_at_commit,
            said.batches_halved,
            said.commands_refused_by_the_database,
            said.accounts_found_locked
        )?;
        let doubtful = &self.doubtful;
        writeln!(
            f,
            "in doubt on their way: {} operations; {} had been carried out already, {} were carried \
             out, {} denied, {} refused",
            doubtful.operations,
            doubtful.carried_out_already,
            doubtful.carried_out,
            doubtful.denied,
            doubtful.refused
        )?;
        let unknown = &self.unknown;
        writeln!(
            f,
            "unknown when the faults were over: {} operations; asked again at every core, {} were \
             carried out, {} denied, {} refused\n\
             denied and carried out after all: {}; repeated although known: {}; holds released at \
             the end: {}",
            unknown.operations,
            unknown.carried_out,
            unknown.denied,
            unknown.refused,
            unknown.carried_out_after_all,
            unknown.repeated,
            unknown.released
        )?;
        self.write_verdict(f)
    }
}

impl Report {
    fn write_operations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ENDS: [&str; 5] = ["done", "denied", "refused", "believed", "astray"];
        write!(f, "{:<16}", "operations")?;
        for end in ENDS {
            write!(f, "{end:>10}")?;
        }
        writeln!(f)?;
        for (kind, ends) in &self.operations {
            write!(f, "  {kind:<14}")?;
            for end in ENDS {
                write!(f, "{:>10}", ends.get(end).copied().unwrap_or_default())?;
            }
            writeln!(f)?;
        }
        let requests = &self.requests;
        writeln!(
            f,
            "{} requests; of those that change something {} were the first of their operation and \
             {} repeated one; {} were told that nothing was done, {} nothing certain",
            requests.sent,
            requests.firsts,
            requests.repeats,
            requests.nothing_done,
            requests.in_doubt
        )?;
        let poison: usize = self.poison.values().sum();
        writeln!(f, "{poison} operations were poison: {:?}\n", self.poison)
    }

    fn write_verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let books = &self.books;
        writeln!(
            f,
            "in the books: {} entries, {} keys, holds {:?}",
            books.entries, books.keys, books.holds
        )?;
        let order = &self.linearizability;
        writeln!(
            f,
            "linearizability: {} accounts, {} events, {} states visited; {} accounts without an \
             order, {} undecided",
            order.accounts, order.events, order.states, order.impossible, order.undecided
        )?;
        if let Some(Tampered { made, noticed }) = self.tampered {
            writeln!(
                f,
                "the checker itself: noticed {noticed} of {made} changes that were made to see it"
            )?;
        }
        for shortcoming in &self.shortcomings {
            writeln!(f, "SHORTCOMING: {shortcoming}")?;
        }
        if self.is_clean() {
            return writeln!(
                f,
                "\nnothing lost, nothing twice, every answer explained by one order"
            );
        }
        writeln!(
            f,
            "\n{} FINDINGS, {} of something acknowledged that is not there",
            self.finding_count, self.losses
        )?;
        for finding in &self.findings {
            writeln!(f, "  - {finding}")?;
        }
        if self.finding_count > self.findings.len() {
            writeln!(
                f,
                "  … and {} more",
                self.finding_count - self.findings.len()
            )?;
        }
        Ok(())
    }
}
