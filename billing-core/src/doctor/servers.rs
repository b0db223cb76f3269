//! Every server of the database's URL: which is the primary, and how it is reached.

use billing_telemetry::doctor::{Finding, PATIENCE, judge_certificate, within};
use jiff::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::queries::Identity;
use super::{database_tls, queries};
use crate::database::{ConnectError, Database, Settings, told};

const SUBJECT: &str = "database";

/// How one server answered.
enum Answer {
    Primary(Box<Primary>),
    Standby,
    Refused,
}

struct Primary {
    name: String,
    server: PgConnectOptions,
    /// Kept until all were told apart.
    session: PgConnection,
    identity: Identity,
}

/// With whether there is a primary, and only one.
pub async fn check(database: &Database) -> (Vec<Finding>, bool) {
    let mut asked = JoinSet::new();
    for (number, (name, server)) in database.each().into_iter().enumerate() {
        asked.spawn(async move {
            let answer = timeout(PATIENCE, ask(&name, server)).await;
            (number, answer.unwrap_or_else(|_elapsed| silent(&name)))
        });
    }
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(number, _)| *number);
    let mut findings = Vec::new();
    let mut primaries = Vec::new();
    for (_, (finding, answer)) in answers {
        findings.push(finding);
        if let Answer::Primary(primary) = answer {
            primaries.push(*primary);
        }
    }
    let (primaries, twice) = told_apart(primaries).await;
    findings.extend(twice);
    let is_there = match primaries.as_slice() {
        [primary] => {
            findings.extend(tls(&primary.server).await);
            true
        }
        [] => {
            findings.push(Finding::mend(
                SUBJECT,
                "the servers of DATABASE_URL",
                "none of them takes writes: nothing else was looked at",
                "start the primary, promote a standby, or name the right servers",
            ));
            false
        }
        _ => {
            findings.push(Finding::mend(
                SUBJECT,
                "the servers of DATABASE_URL",
                "more than one takes writes: money would be booked on either; nothing else was looked at",
                "fence the one that was left (`default_transaction_read_only = on`, or stop it) at once",
            ));
            false
        }
    };
    for primary in primaries {
        // It is ended either way.
        let _ = primary.session.close().await;
    }
    (findings, is_there)
}

/// Each server once, and what is to be said of those that have several names.
async fn told_apart(all: Vec<Primary>) -> (Vec<Primary>, Vec<Finding>) {
    let mut apart: Vec<Primary> = Vec::new();
    let mut findings = Vec::new();
    for mut primary in all {
        let mut known = None;
        for other in &apart {
            let asked = queries::has_session(&mut primary.session, &other.identity);
            // Who does not answer is taken for another one: that is looked at.
            if let Ok(Ok(true)) = timeout(PATIENCE, asked).await {
                known = Some(other.name.clone());
            }
        }
        let Some(known) = known else {
            apart.push(primary);
            continue;
        };
        findings.push(Finding::warn(
            SUBJECT,
            format!("{known} and {}", primary.name),
            "they are the same server twice: it stands in for itself when it is gone",
            "name each server of DATABASE_URL once",
        ));
        let _ = primary.session.close().await;
    }
    (apart, findings)
}

async fn ask(name: &str, server: Database) -> (Finding, Answer) {
    let options = server.primary();
    let sessions = server.require_sessions().await;
    let connected = match sessions {
        Ok(()) => server.connect(&Settings::default()).await,
        Err(unreached) => Err(unreached),
    };
    let mut session = match connected {
        Ok(session) => session,
        Err(unreached) if unreached.has_standby() => {
            let finding = Finding::ok(SUBJECT, format!("standby {name}"));
            return (finding, Answer::Standby);
        }
        Err(unreached) => {
            let wrong = unreached
                .only()
                .map_or_else(String::new, ConnectError::to_string);
            let to_do =
                "see that it runs, that it is reached from here, and that the role may log in";
            return (Finding::mend(SUBJECT, name, wrong, to_do), Answer::Refused);
        }
    };
    let identity = match queries::identity(&mut session).await {
        Ok(identity) => identity,
        Err(error) => {
            let finding = Finding::mend(SUBJECT, name, told(&error), "mend what it names");
            return (finding, Answer::Refused);
        }
    };
    let finding = primary(name, &identity);
    let primary = Primary {
        name: name.to_owned(),
        server: options,
        session,
        identity,
    };
    (finding, Answer::Primary(Box::new(primary)))
}

fn silent(name: &str) -> (Finding, Answer) {
    let wrong = format!("no answer within {} s", PATIENCE.as_secs());
    let to_do = "see whether it can be reached from here, and how busy it is";
    let finding = Finding::mend(SUBJECT, name, wrong, to_do);
    (finding, Answer::Refused)
}

fn primary(name: &str, identity: &Identity) -> Finding {
    let tls = if identity.is_encrypted {
        "TLS"
    } else {
        "no TLS"
    };
    let looked_at = format!("primary {name}, PostgreSQL {}, {tls}", identity.version);
    if identity.version_number < 150_000 {
        let to_do = "upgrade it to 15 or later";
        return Finding::mend(SUBJECT, looked_at, "billing needs PostgreSQL 15", to_do);
    }
    Finding::ok(SUBJECT, looked_at)
}

/// Whether the way to the primary is guarded.
async fn tls(server: &PgConnectOptions) -> Vec<Finding> {
    let host = server.get_host();
    if server.get_socket().is_some() || is_loopback(host) {
        return vec![Finding::ok("tls", "the database is on this machine")];
    }
    let mode = server.get_ssl_mode();
    let mut findings = Vec::new();
    if !matches!(mode, PgSslMode::VerifyFull) {
        findings.push(Finding::warn(
            "tls",
            format!("sslmode to {host}"),
            "nobody checks whose certificate it is",
            "add sslmode=verify-full to DATABASE_URL, with sslrootcert for an authority of your own",
        ));
    }
    let port = server.get_port();
    let peeked = async {
        match database_tls::certificate(host, port).await {
            Ok(Some(der)) => {
                let whose = format!("the certificate of {host}");
                vec![judge_certificate("tls", &whose, &der, Timestamp::now())]
            }
            Ok(None) | Err(_) => Vec::new(),
        }
    };
    findings.extend(within("tls", host, peeked).await);
    findings
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
