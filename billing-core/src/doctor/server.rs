//! The server: settings by which money could be lost, and those that cost; its standbys and its clock.

use std::collections::HashMap;

use billing_telemetry::doctor::{Finding, clock_reading, judge_clock};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;

use super::{queries, unasked};
use crate::config::Tuning;
use crate::database::told;

const SUBJECT: &str = "server";
const STANDBY: &str = "standby";
const RESTORE: &str = "`alter system reset`, or set it on, and reload";

/// Without them committed money may be lost, or the tables grow without end.
const MUST_BE_ON: [(&str, &str); 4] = [
    (
        "fsync",
        "what is committed is not on disk: acknowledged money is lost in a crash",
    ),
    (
        "full_page_writes",
        "a page that is half written stays so: the books may be beyond repair after a crash",
    ),
    (
        "autovacuum",
        "dead rows are never taken away: everything becomes slower without end",
    ),
    ("track_counts", "autovacuum does not know where to look"),
];

/// (name, what it is at least, in the unit of `pg_settings`; what is wrong below, what to do.)
const AT_LEAST: [(&str, i64, &str, &str); 2] = [
    (
        "max_wal_size",
        2048,
        "checkpoints come early, and each makes the log longer",
        "4GB or more",
    ),
    (
        "checkpoint_timeout",
        600,
        "checkpoints come often, and each makes the log longer",
        "15min or more",
    ),
];

const OTHERS: [&str; 7] = [
    "wal_compression",
    "data_checksums",
    "max_connections",
    "superuser_reserved_connections",
    "reserved_connections",
    "synchronous_standby_names",
    "synchronous_commit",
];

pub async fn check(pool: &PgPool, tuning: &Tuning) -> Vec<Finding> {
    let names: Vec<&str> = MUST_BE_ON
        .iter()
        .map(|(name, _)| *name)
        .chain(AT_LEAST.iter().map(|(name, ..)| *name))
        .chain(OTHERS)
        .collect();
    let (settings, bound, looks) = tokio::join!(
        queries::settings(pool, &names),
        queries::connections_max(pool),
        queries::look_for_callers(pool),
    );
    let (settings, bound) = match (settings, bound) {
        (Ok(settings), Ok(bound)) => (settings, bound),
        (Err(error), _) | (_, Err(error)) => return unasked(SUBJECT, "its settings", &error),
    };
    let mut findings = judge(&settings);
    if let Err(error) = looks {
        findings.push(Finding::mend(
            SUBJECT,
            "client_connection_check_interval",
            format!("the core cannot set it: {}", told(&error)),
            "let PostgreSQL run on Linux, macOS or a BSD, without a pooler that refuses it",
        ));
    }
    findings.push(connections(&settings, bound, tuning));
    findings
}

fn judge(settings: &HashMap<String, String>) -> Vec<Finding> {
    let value = |name: &str| settings.get(name).map_or("", String::as_str);
    let mut findings = Vec::new();
    for (name, wrong) in MUST_BE_ON {
        if value(name) == "off" {
            findings.push(Finding::mend(
                SUBJECT,
                format!("{name} = off"),
                wrong,
                RESTORE,
            ));
        }
    }
    for (name, least, wrong, better) in AT_LEAST {
        if value(name).parse::<i64>().is_ok_and(|value| value < least) {
            let to_do = format!("set {name} to {better}, where the disk has room");
            let unit = if name == "max_wal_size" { "MB" } else { "s" };
            let looked_at = format!("{name} = {}{unit}", value(name));
            findings.push(Finding::warn(SUBJECT, looked_at, wrong, to_do));
        }
    }
    if value("wal_compression") == "off" {
        findings.push(Finding::warn(
            SUBJECT,
            "wal_compression = off",
            "the log is up to four times as long as it need be",
            "set it to lz4 or zstd, or pglz where the server has neither",
        ));
    }
    if value("data_checksums") == "off" {
        findings.push(Finding::warn(
            SUBJECT,
            "data_checksums = off",
            "a disk that forgets bits is not noticed",
            "stop the server and run `pg_checksums --enable`, the standby first",
        ));
    }
    if findings.is_empty() {
        let looked_at = "fsync, full_page_writes, autovacuum, log, checksums: as they should be";
        findings.push(Finding::ok(SUBJECT, looked_at));
    }
    findings
}

/// Of one core, and of those that run while one replaces another.
fn connections(settings: &HashMap<String, String>, bound: Option<i64>, tuning: &Tuning) -> Finding {
    let number = |name: &str| {
        let text = settings.get(name);
        text.and_then(|text| text.parse::<i64>().ok())
            .unwrap_or_default()
    };
    let reserved =
        number("superuser_reserved_connections").saturating_add(number("reserved_connections"));
    let of_server = number("max_connections").saturating_sub(reserved);
    let free = bound.map_or(of_server, |bound| bound.min(of_server));
    let needed = i64::from(tuning.connections());
    let looked_at = format!("{free} connections, of which a core takes up to {needed}");
    let to_do = "raise max_connections, or lower BILLING_POOL_MAX";
    if free < needed {
        let wrong = "one core alone is refused connections";
        return Finding::mend(SUBJECT, looked_at, wrong, to_do);
    }
    if free < needed.saturating_mul(3) {
        let wrong = "two cores and one that replaces one of them are too many";
        return Finding::warn(SUBJECT, looked_at, wrong, to_do);
    }
    Finding::ok(SUBJECT, looked_at)
}

/// Whether what is acknowledged outlives the machine.
pub async fn replication(pool: &PgPool) -> Vec<Finding> {
    let names = ["synchronous_standby_names"];
    let (settings, standbys) =
        tokio::join!(queries::settings(pool, &names), queries::standbys(pool));
    let (settings, standbys) = match (settings, standbys) {
        (Ok(settings), Ok(standbys)) => (settings, standbys),
        (Err(error), _) | (_, Err(error)) => return unasked(STANDBY, "replication", &error),
    };
    let is_synchronous = settings.values().any(|names| !names.trim().is_empty());
    let looked_at = format!("{standbys} attached");
    vec![match (is_synchronous, standbys) {
        (true, 0) => Finding::mend(
            STANDBY,
            looked_at,
            "synchronous_standby_names is set and no standby is attached: nothing commits",
            "start the standby, or empty the setting and know that there is one copy of the money",
        ),
        (true, _) => Finding::ok(
            STANDBY,
            format!("{looked_at}, synchronous_standby_names is set"),
        ),
        (false, 0) => Finding::warn(
            STANDBY,
            looked_at,
            "there is one copy of the money: it is gone with its disk, up to the last backup",
            "attach a standby, and name it in synchronous_standby_names",
        ),
        (false, _) => Finding::warn(
            STANDBY,
            looked_at,
            "synchronous_standby_names is empty: a fail-over loses what was acknowledged last",
            "name the standby in synchronous_standby_names",
        ),
    }]
}

/// The database's clock against ours: by the first holds expire and days end, by the second mail is dated.
pub async fn clock(pool: &PgPool) -> Vec<Finding> {
    // So that no connection is made meanwhile.
    let ready = queries::clock(pool).await;
    let before = Timestamp::now();
    match ready.and(queries::clock(pool).await) {
        Ok(theirs) => {
            let reading = clock_reading(before, theirs, Timestamp::now(), SignedDuration::ZERO);
            vec![judge_clock("the database's clock", reading)]
        }
        Err(error) => unasked("clock", "the database's clock", &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(changed: &[(&str, &str)]) -> HashMap<String, String> {
        let good = [
            ("fsync", "on"),
            ("full_page_writes", "on"),
            ("autovacuum", "on"),
            ("track_counts", "on"),
            ("max_wal_size", "4096"),
            ("checkpoint_timeout", "900"),
            ("wal_compression", "lz4"),
            ("data_checksums", "on"),
        ];
        good.iter()
            .chain(changed)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn each_setting_by_which_money_is_lost_is_to_be_mended() {
        assert_eq!(judge(&settings(&[]))[0].verdict.level(), "ok");
        for (name, value, level) in [
            ("fsync", "off", "mend"),
            ("full_page_writes", "off", "mend"),
            ("autovacuum", "off", "mend"),
            ("track_counts", "off", "mend"),
            ("max_wal_size", "1024", "warn"),
            ("checkpoint_timeout", "300", "warn"),
            ("wal_compression", "off", "warn"),
            ("data_checksums", "off", "warn"),
        ] {
            let found = judge(&settings(&[(name, value)]));
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].verdict.level(), level, "{name}");
            assert!(found[0].looked_at.starts_with(name), "{found:?}");
        }
    }
}
