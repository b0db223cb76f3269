//! The audit finds what is wrong, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, PgConnection};

use super::super::audit;
use super::super::command::{Command, Overage, SettingsChange};
use super::commands::{capture, charge, hold_id, id, place, post, refund, settings};
use super::locks::set_up;

const SETTLED: &str = "settled is the sum of the entries";
const GAPS: &str = "entries have no gaps";
const NEWEST: &str = "the newest entry is the last";
const HELD: &str = "held is the sum of the placed holds";
const REQUESTS: &str = "requests are the charges";
const SPENT: &str = "total spent is charges less refunds";
const DAY: &str = "the day's sum is what counted in it";
const MONTH: &str = "the month's sum is what counted in it";
const CHAIN: &str = "each balance follows from the one before";
const REFUNDS: &str = "a charge's refunds are its refund entries";
const CAPTURED: &str = "a captured hold has one charge";
const ORPHAN: &str = "an entry has an account";

/// What is done to a user's rows, and the rules that are broken by it.
const FAULTS: [(&str, &[&str]); 12] = [
    (
        "update account set settled_micros = settled_micros + 1",
        &[SETTLED],
    ),
    (
        "update account set entry_seq = entry_seq + 1",
        &[GAPS, NEWEST],
    ),
    ("update account set held_micros = held_micros + 1", &[HELD]),
    (
        "update account set request_count = request_count + 1",
        &[REQUESTS],
    ),
    (
        "update account set total_spent_micros = total_spent_micros + 1",
        &[SPENT],
    ),
    (
        "update account set day_spent_micros = day_spent_micros - 1",
        &[DAY],
    ),
    (
        "update account set month_spent_micros = month_spent_micros + 1",
        &[MONTH],
    ),
    (
        "update entry set balance_after_micros = balance_after_micros + 1",
        &[CHAIN],
    ),
    (
        "update charge_refund set refunded_micros = refunded_micros - 1",
        &[DAY, MONTH, REFUNDS],
    ),
    ("update entry set hold_id = null", &[CAPTURED]),
    ("delete from account", &[ORPHAN]),
    (
        "delete from entry",
        &[
            SETTLED, GAPS, NEWEST, REQUESTS, SPENT, DAY, MONTH, REFUNDS, CAPTURED,
        ],
    ),
];

/// Of each kind of entry and hold.
fn story(user: &str, number: u8) -> Vec<Command> {
    let (captured, placed) = (hold_id(2 * number), hold_id(2 * number + 1));
    vec![
        post(user, "credit", 100),
        charge(user, "charge", 7, Overage::Reject),
        refund(user, "refund", 2, Some(3)),
        place(user, "first", captured, 20, 60),
        capture(user, captured, 12, Overage::Reject),
        place(user, "second", placed, 5, 60),
    ]
}

async fn spoil(owner: &mut PgConnection, user: &str, fault: &str) {
    // Triggers guard the entries, and references all others.
    let statement = format!(
        "set session_replication_role = replica; {fault} where account_id = '{}'",
        id(user).uuid()
    );
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(owner)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_audit_names_each_rule_that_is_broken_and_no_other() {
    let users: Vec<String> = (0..=FAULTS.len())
        .map(|number| format!("user-{number}"))
        .collect();
    let mut commands = vec![settings("without entries", SettingsChange::default())];
    for (number, user) in (0..).zip(&users) {
        commands.extend(story(user, number));
    }
    let (database, pool) = set_up(&commands).await;
    assert_eq!(audit::check(&pool).await.unwrap(), vec![]);

    let mut owner = database.connect_as_owner().await;
    for (user, (fault, _)) in users.iter().zip(FAULTS) {
        spoil(&mut owner, user, fault).await;
    }
    let mut found: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for finding in audit::check(&pool).await.unwrap() {
        found
            .entry(finding.account_id)
            .or_default()
            .push(finding.rule);
    }
    for (user, (fault, rules)) in users.iter().zip(FAULTS) {
        let named = found.remove(&id(user).uuid()).unwrap_or_default();
        let named: BTreeSet<&str> = named.iter().map(String::as_str).collect();
        assert_eq!(named, rules.iter().copied().collect(), "{fault}");
    }
    assert_eq!(found, BTreeMap::new(), "an account that is right");
}
