//! Bugs that can be switched on, to see that the tests find them.
//!
//! This file and the patches beside it are only in the copy of the core that `cargo xtask seeded-bugs`
//! makes. `docs/reliability.md` lists each bug with the test that finds it.

use std::io::Write;
use std::sync::OnceLock;

use tracing::error;

const VARIABLE: &str = "BILLING_SEEDED_BUG";

const NAMES: &[&str] = &[
    "no-row-lock",
    "lost-update",
    "no-fold",
    "read-before-lock",
    "unsorted-locks",
    "welcome-by-naming",
    "key-check-after-write",
    "batch-forgets-its-keys",
    "key-content-not-compared",
    "denial-stored",
    "expiry-ignores-capture",
    "hold-ends-twice",
    "released-is-settled",
    "limit-at-capture-only",
    "capture-counts-all-again",
    "give-back-to-later-period",
    "carried-is-kept",
    "carried-for-good",
    "held-is-spendable",
    "no-balance-check",
    "free-call-not-counted",
    "no-refund-cap",
    "refund-forgotten",
    "rounded-down",
    "rounded-per-part",
    "read-joins-query-in-flight",
    "reply-before-commit",
    "lost-commit-is-failure",
    "lost-commit-is-success",
    "locked-is-failure",
    "stale-switch-believed",
    "dispute-moves-once",
    "short-payment-in-full",
    "price-by-set-order",
    "held-warns",
    "opened-by-each-report",
    "opening-not-compared",
    "supporter-not-locked",
    "tab-before-lock",
    "processing-given-again",
    "any-report-ends-pending",
    "expired-ends-paid",
    "completed-counts-again",
    "won-dispute-kept",
    "badge-of-gross",
    "refund-in-present-month",
    "month-in-utc",
    "sum-not-folded",
    "anonymous-is-public",
    "hidden-is-named",
    "show-badge-for-all",
    "change-not-kept",
    "gateway-names-actors",
    "tenant-not-locked",
    "price-not-locked",
    "turn-not-taken",
    "turn-given-back-early",
    "usage-ends-not-locked",
    "outbox-before-contributions",
    "events-forgotten-twice",
    "subscription-as-it-comes",
    "second-subscription",
];

/// Whether this process has the bug. Ends it where the variable names none.
pub fn is(bug: &str) -> bool {
    active() == Some(bug)
}

/// Says that what this process answers is not to be trusted.
pub fn warn_at_start() {
    if let Some(bug) = active() {
        error!(
            bug,
            "THIS PROCESS HAS A SEEDED BUG: WHAT IT SAYS OF MONEY IS WRONG ON PURPOSE"
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests, which read no configuration, have the bug too"
)]
fn active() -> Option<&'static str> {
    static ACTIVE: OnceLock<Option<&str>> = OnceLock::new();
    *ACTIVE.get_or_init(|| {
        let name = std::env::var(VARIABLE).ok()?;
        let bug = NAMES.iter().copied().find(|bug| *bug == name);
        if bug.is_none() {
            refuse(&name);
        }
        bug
    })
}

/// Ends the process with the names that there are. `eprintln` would be kept back by a test.
fn refuse(name: &str) -> ! {
    let names = NAMES.join("\n  ");
    let told = format!("{VARIABLE}: no bug is named {name:?}; there are:\n  {names}\n");
    // Nobody is left to hear it where even that fails.
    let _ = std::io::stderr().write_all(told.as_bytes());
    std::process::exit(2);
}
