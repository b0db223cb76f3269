//! What the checker makes of all answers: against the books, against each other, and against itself.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Serialize;
use sqlx::PgConnection;

use crate::books::Books;
use crate::checker::{contradictions, unended};
use crate::journal::{Operation, Outcome, Told};
use crate::order::{Order, explain};

pub struct Verified {
    pub operations: Vec<Operation>,
    pub entries: usize,
    pub keys: usize,
    /// How many holds ended in each state.
    pub holds: BTreeMap<String, usize>,
    pub order: Order,
    /// None where there was something to report anyway.
    pub tampered: Option<Tampered>,
    pub findings: Vec<String>,
}

/// Changes of the books and the answers that were made to see whether the checker notices them.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Tampered {
    pub made: usize,
    pub noticed: usize,
}

/// Compares everything with everything.
pub async fn verify(
    operations: Vec<Operation>,
    database: &mut PgConnection,
    began_micros: i64,
    audit: Result<()>,
) -> Result<Verified> {
    let books = Books::read(database).await?;
    // Minutes, where many have to be searched in vain: signals are heard meanwhile.
    let searching = tokio::task::spawn_blocking(move || {
        let mut verified = compare(operations, books, began_micros);
        if let Err(found) = audit {
            verified.findings.push(format!("{found:#}"));
        }
        verified
    });
    searching.await.context("the checker died")
}

fn compare(operations: Vec<Operation>, mut books: Books, began_micros: i64) -> Verified {
    let mut findings = contradictions(&operations, &books);
    findings.extend(unended(&books));
    let mut order = explain(&operations, &books, began_micros);
    findings.append(&mut order.findings);
    let tampered = findings
        .is_empty()
        .then(|| tamper(&operations, &mut books, began_micros));
    let mut holds = BTreeMap::new();
    for hold in &books.holds {
        *holds.entry(hold.state.clone()).or_default() += 1;
    }
    Verified {
        entries: books.entries.len(),
        keys: books.keys.len(),
        operations,
        holds,
        order,
        tampered,
        findings,
    }
}

/// Changes one thing after the other, and counts how many of these changes the checker notices.
fn tamper(operations: &[Operation], books: &mut Books, began_micros: i64) -> Tampered {
    let mut noticed = Vec::new();
    let charged = |books: &Books| {
        let mut rows = books.entries.iter();
        rows.position(|row| row.entry.kind == "charge" && row.entry.hold_id.is_none())
    };
    if let Some(at) = charged(books) {
        let taken = books.entries.remove(at);
        let found = contradictions(operations, books);
        noticed.push(any(&found, "acknowledged and lost"));
        let mut doubled = taken.clone();
        doubled.entry.entry_id.push_str("-again");
        books.entries.insert(at, taken);
        books.entries.push(doubled);
        let found = contradictions(operations, books);
        noticed.push(any(&found, "an entry that nobody was told of"));
        books.entries.pop();
    }
    for change in [another_balance, a_look_before] {
        if let Some(changed) = change(operations) {
            let order = explain(&changed, books, began_micros);
            noticed.push(order.impossible > 0);
        }
    }
    Tampered {
        made: noticed.len(),
        noticed: noticed.iter().filter(|noticed| **noticed).count(),
    }
}

fn any(findings: &[String], wanted: &str) -> bool {
    findings.iter().any(|found| found.starts_with(wanted))
}

/// The operations of one account, a read of which has found a micro too much.
fn another_balance(operations: &[Operation]) -> Option<Vec<Operation>> {
    let mut changed = of_one_account(operations)?;
    let balance = shown(&mut changed).next()?;
    balance.settled += 1;
    Some(changed)
}

/// The operations of one account, the last read of which has found what the first one found.
fn a_look_before(operations: &[Operation]) -> Option<Vec<Operation>> {
    let mut changed = of_one_account(operations)?;
    let first = *shown(&mut changed).next()?;
    let last = shown(&mut changed).last()?;
    if *last == first {
        return None;
    }
    *last = first;
    Some(changed)
}

fn of_one_account(operations: &[Operation]) -> Option<Vec<Operation>> {
    let user = &operations.last()?.user;
    let own = operations
        .iter()
        .filter(|operation| operation.user == *user);
    Some(own.cloned().collect())
}

/// The balances that reads have found.
fn shown(operations: &mut [Operation]) -> impl Iterator<Item = &mut crate::journal::Balance> {
    let tries = operations
        .iter_mut()
        .flat_map(|operation| &mut operation.tries);
    tries.filter_map(|attempt| match &mut attempt.outcome {
        Outcome::Told(Told::Stands { balance, .. }) => Some(balance),
        _ => None,
    })
}
