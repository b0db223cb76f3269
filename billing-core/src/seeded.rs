//! Bugs that can be switched on, to see that the tests find them.
//!
//! Only the feature `seeded-bugs` compiles them in. Without it [`is`] is a constant, and what hangs
//! on it is gone from the program. `docs/reliability.md` lists each with the test that finds it;
//! `cargo xtask seeded-bugs` shows that it still does.

/// A bug in a path of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    NoRowLock,
    LostUpdate,
    NoFold,
    ReadBeforeLock,
    UnsortedLocks,
    WelcomeByNaming,
    KeyCheckAfterWrite,
    BatchForgetsItsKeys,
    KeyContentNotCompared,
    DenialStored,
    ExpiryIgnoresCapture,
    HoldEndsTwice,
    ReleasedIsSettled,
    LimitAtCaptureOnly,
    CaptureCountsAllAgain,
    GiveBackToLaterPeriod,
    CarriedIsKept,
    CarriedForGood,
    HeldIsSpendable,
    NoBalanceCheck,
    FreeCallNotCounted,
    NoRefundCap,
    RefundForgotten,
    RoundedDown,
    RoundedPerPart,
    ReadJoinsQueryInFlight,
    ReplyBeforeCommit,
    LostCommitIsFailure,
    LostCommitIsSuccess,
    LockedIsFailure,
    StaleSwitchBelieved,
    DisputeMovesOnce,
    PriceBySetOrder,
    ShortPaymentInFull,
    HeldWarns,
    OpenedByEachReport,
    OpeningNotCompared,
}

impl Bug {
    pub const ALL: [Self; 37] = [
        Self::NoRowLock,
        Self::LostUpdate,
        Self::NoFold,
        Self::ReadBeforeLock,
        Self::UnsortedLocks,
        Self::WelcomeByNaming,
        Self::KeyCheckAfterWrite,
        Self::BatchForgetsItsKeys,
        Self::KeyContentNotCompared,
        Self::DenialStored,
        Self::ExpiryIgnoresCapture,
        Self::HoldEndsTwice,
        Self::ReleasedIsSettled,
        Self::LimitAtCaptureOnly,
        Self::CaptureCountsAllAgain,
        Self::GiveBackToLaterPeriod,
        Self::CarriedIsKept,
        Self::CarriedForGood,
        Self::HeldIsSpendable,
        Self::NoBalanceCheck,
        Self::FreeCallNotCounted,
        Self::NoRefundCap,
        Self::RefundForgotten,
        Self::RoundedDown,
        Self::RoundedPerPart,
        Self::ReadJoinsQueryInFlight,
        Self::ReplyBeforeCommit,
        Self::LostCommitIsFailure,
        Self::LostCommitIsSuccess,
        Self::LockedIsFailure,
        Self::StaleSwitchBelieved,
        Self::DisputeMovesOnce,
        Self::PriceBySetOrder,
        Self::ShortPaymentInFull,
        Self::HeldWarns,
        Self::OpenedByEachReport,
        Self::OpeningNotCompared,
    ];

    /// As `BILLING_SEEDED_BUG` names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoRowLock => "no-row-lock",
            Self::LostUpdate => "lost-update",
            Self::NoFold => "no-fold",
            Self::ReadBeforeLock => "read-before-lock",
            Self::UnsortedLocks => "unsorted-locks",
            Self::WelcomeByNaming => "welcome-by-naming",
            Self::KeyCheckAfterWrite => "key-check-after-write",
            Self::BatchForgetsItsKeys => "batch-forgets-its-keys",
            Self::KeyContentNotCompared => "key-content-not-compared",
            Self::DenialStored => "denial-stored",
            Self::ExpiryIgnoresCapture => "expiry-ignores-capture",
            Self::HoldEndsTwice => "hold-ends-twice",
            Self::ReleasedIsSettled => "released-is-settled",
            Self::LimitAtCaptureOnly => "limit-at-capture-only",
            Self::CaptureCountsAllAgain => "capture-counts-all-again",
            Self::GiveBackToLaterPeriod => "give-back-to-later-period",
            Self::CarriedIsKept => "carried-is-kept",
            Self::CarriedForGood => "carried-for-good",
            Self::HeldIsSpendable => "held-is-spendable",
            Self::NoBalanceCheck => "no-balance-check",
            Self::FreeCallNotCounted => "free-call-not-counted",
            Self::NoRefundCap => "no-refund-cap",
            Self::RefundForgotten => "refund-forgotten",
            Self::RoundedDown => "rounded-down",
            Self::RoundedPerPart => "rounded-per-part",
            Self::ReadJoinsQueryInFlight => "read-joins-query-in-flight",
            Self::ReplyBeforeCommit => "reply-before-commit",
            Self::LostCommitIsFailure => "lost-commit-is-failure",
            Self::LostCommitIsSuccess => "lost-commit-is-success",
            Self::LockedIsFailure => "locked-is-failure",
            Self::StaleSwitchBelieved => "stale-switch-believed",
            Self::DisputeMovesOnce => "dispute-moves-once",
            Self::PriceBySetOrder => "price-by-set-order",
            Self::ShortPaymentInFull => "short-payment-in-full",
            Self::HeldWarns => "held-warns",
            Self::OpenedByEachReport => "opened-by-each-report",
            Self::OpeningNotCompared => "opening-not-compared",
        }
    }
}

/// Whether this process has the bug.
#[cfg(not(feature = "seeded-bugs"))]
#[inline]
pub const fn is(_bug: Bug) -> bool {
    false
}

#[cfg(feature = "seeded-bugs")]
pub use seeding::{is, warn_at_start};

#[cfg(feature = "seeded-bugs")]
mod seeding {
    use std::io::Write;
    use std::sync::OnceLock;

    use tracing::error;

    use super::Bug;

    const VARIABLE: &str = "BILLING_SEEDED_BUG";

    /// Whether this process has the bug. Ends it where the variable names none.
    pub fn is(bug: Bug) -> bool {
        active() == Some(bug)
    }

    /// Ends the process with the names that there are. `eprintln` would be kept back by a test.
    fn refuse(name: &str) -> ! {
        let names: String = Bug::ALL.map(|bug| format!("  {}\n", bug.name())).concat();
        let told = format!("{VARIABLE}: no bug is named {name:?}; there are:\n{names}");
        // Nobody is left to hear it where even that fails.
        let _ = std::io::stderr().write_all(told.as_bytes());
        std::process::exit(2);
    }

    /// Says that what this process answers is not to be trusted.
    pub fn warn_at_start() {
        if let Some(bug) = active() {
            error!(
                bug = bug.name(),
                "THIS PROCESS HAS A SEEDED BUG: WHAT IT SAYS OF MONEY IS WRONG ON PURPOSE"
            );
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "tests, which read no configuration, have the bug too"
    )]
    fn active() -> Option<Bug> {
        static ACTIVE: OnceLock<Option<Bug>> = OnceLock::new();
        *ACTIVE.get_or_init(|| {
            let name = std::env::var(VARIABLE).ok()?;
            let bug = Bug::ALL.into_iter().find(|bug| bug.name() == name);
            if bug.is_none() {
                refuse(&name);
            }
            bug
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Bug;

    #[test]
    fn every_bug_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Bug::ALL.into_iter().map(Bug::name).collect();
        assert_eq!(names.len(), Bug::ALL.len());
    }
}
