//! `billing-core doctor` on real faults, and what a core says that cannot start.

use std::process::Stdio;

use billing_core::migrate::MIGRATOR;
use billing_testkit::{TestCore, TestDatabase};
use serde_json::Value;
use tokio::process::Command;

use crate::proxy::Proxy;
use crate::support::{as_owner, core_with_prices, price};

const PASSWORD: &str = "a-password-of-nobody-s-business";
const SMTP_PASSWORD: &str = "another-of-nobody-s-business";

/// What it found; its whole output has no secret in it.
pub struct Visit {
    pub code: Option<i32>,
    pub found: Value,
}

impl Visit {
    /// The levels of a subject, in their order.
    pub fn levels(&self, subject: &str) -> Vec<&str> {
        let of_it = self
            .findings()
            .filter(|finding| finding["subject"] == subject);
        of_it
            .map(|finding| finding["level"].as_str().unwrap())
            .collect()
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.found["findings"].as_array().unwrap().iter()
    }

    /// Of a fault: what is wrong and what to do.
    pub fn is_told(&self, subject: &str, level: &str, wrong: &str, to_do: &str) -> bool {
        self.findings().any(|finding| {
            let says = |member: &str, text: &str| {
                finding[member]
                    .as_str()
                    .is_some_and(|said| said.contains(text))
            };
            finding["subject"] == subject
                && finding["level"] == level
                && says("wrong", wrong)
                && says("to_do", to_do)
        })
    }
}

/// Runs it as `url` leads, with further arguments.
pub async fn doctor_at(url: &str, more: &[&str]) -> Visit {
    let output = Command::new(env!("CARGO_BIN_EXE_billing-core"))
        .args(["doctor", "--json"])
        .args(more)
        .env_clear()
        .env("DATABASE_URL", url)
        .env("SMTP_PASS", SMTP_PASSWORD)
        .env("SMTP_USER", "billing")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let (said, complaint) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    for secret in [PASSWORD, SMTP_PASSWORD] {
        assert!(
            !said.contains(secret) && !complaint.contains(secret),
            "{said}{complaint}"
        );
    }
    assert_eq!(complaint, "");
    let found: Value = serde_json::from_str(&said).unwrap();
    let mend = found["mend"].as_u64().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(mend > 0)), "{found:#}");
    Visit {
        code: output.status.code(),
        found,
    }
}

/// As the core connects. Servers of tests believe whoever connects, whatever the password.
pub async fn doctor(database: &TestDatabase) -> Visit {
    let url = database
        .application_url()
        .replacen(":billing_test@", &format!(":{PASSWORD}@"), 1);
    doctor_at(&url, &[]).await
}

/// The same database, as another role or another one of the server.
fn url_of(database: &TestDatabase, role: &str, name: &str) -> String {
    let url = database
        .application_url()
        .replacen("billing_test:billing_test", role, 1);
    url.replacen(database.name(), name, 1)
}

#[tokio::test]
async fn a_core_that_is_set_up_well_is_told_so() {
    let (database, core) = core_with_prices(&[price("search")]).await;
    let visit = doctor(&database).await;
    for subject in [
        "database", "schema", "role", "clock", "outbox", "payments", "prices", "switches",
    ] {
        assert_eq!(visit.levels(subject), ["ok"], "{:#}", visit.found);
    }
    // A server of tests is to be quick, and may well lose everything: that is said, and nothing else.
    let mut owner = database.connect_as_owner().await;
    let loose: Vec<String> = sqlx::query_scalar(
        "select name from pg_settings where name in ('fsync', 'full_page_writes') and setting = 'off'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let mend: Vec<&Value> = visit
        .findings()
        .filter(|found| found["level"] == "mend")
        .collect();
    assert_eq!(mend.len(), loose.len(), "{mend:#?}");
    for name in &loose {
        let named = format!("{name} = off");
        assert!(
            mend.iter().any(|found| found["looked_at"] == *named),
            "{mend:#?}"
        );
    }
    assert_eq!(visit.code, Some(i32::from(!loose.is_empty())));
    for finding in visit.findings() {
        let is_ok = finding["level"] == "ok";
        for member in ["wrong", "to_do"] {
            assert_eq!(finding[member].is_null(), is_ok, "{finding}");
        }
        assert!(
            !finding["looked_at"].as_str().unwrap().is_empty(),
            "{finding}"
        );
    }
    core.stop().await;
}

#[tokio::test]
async fn a_role_that_may_too_much_or_too_little_is_to_be_mended() {
    let database = TestDatabase::new().await;
    let name = database.name().to_owned();
    let told = async |role: &str, wrong: &str| {
        let visit = doctor_at(&url_of(&database, role, &name), &[]).await;
        let told = visit.is_told("role", "mend", wrong, "billing_app");
        assert!(told, "{wrong}: {:#}", visit.found);
    };
    told("postgres", "a superuser").await;
    let application = "billing_test";
    as_owner(&database, "revoke insert on entry from billing_app").await;
    told(application, "lacks privileges: insert on entry").await;
    as_owner(
        &database,
        "grant insert on entry to billing_app;
        grant delete, truncate on payment to billing_test;
        grant update (amount_micros) on entry to billing_test",
    )
    .await;
    told(
        application,
        "more than billing_app: update (amount_micros) on entry, delete on payment, truncate on payment",
    )
    .await;
    as_owner(
        &database,
        "revoke delete, truncate on payment from billing_test;
        revoke update (amount_micros) on entry from billing_test;
        grant delete on entry to billing_app",
    )
    .await;
    told(application, "rewrite the past: delete on entry").await;
    as_owner(&database, "alter table entry owner to billing_test").await;
    told(application, "it owns tables").await;

    let stranger = format!("stranger_{name}");
    as_owner(&database, &format!("create role {stranger} login")).await;
    let visit = doctor_at(&url_of(&database, &stranger, &name), &[]).await;
    assert!(
        visit.is_told("schema", "mend", "may not read", "billing_app"),
        "{:#}",
        visit.found
    );
    assert!(visit.is_told(
        "role",
        "mend",
        "no member of billing_app",
        &format!("to {stranger}")
    ));
    as_owner(&database, &format!("drop role {stranger}")).await;
}

/// What a core says that is started there, a line each.
async fn said_at_start(url: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_billing-core"))
        .args(["--grpc-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"])
        .env_clear()
        .env("DATABASE_URL", url)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let is_about_it = |line: &&str| !line.contains(" INFO ") && !line.contains(" WARN ");
    said.lines()
        .filter(is_about_it)
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn a_schema_that_does_not_fit_is_told_in_one_line_that_says_what_to_do() {
    let database = TestDatabase::new().await;
    let name = database.name().to_owned();
    let empty = format!("{name}_empty");
    as_owner(&database, &format!("create database {empty}")).await;
    let told = async |name: &str, wrong: &str, to_do: &str| {
        let url = url_of(&database, "billing_test", name);
        let visit = doctor_at(&url, &[]).await;
        assert!(
            visit.is_told("schema", "mend", wrong, to_do),
            "{wrong}: {:#}",
            visit.found
        );
        // What stands in tables is not asked of one that has not those.
        assert!(visit.levels("payments").is_empty());
        let said = said_at_start(&url).await;
        let [line] = &said[..] else {
            panic!("{said:#?}");
        };
        assert!(line.contains(wrong) && line.contains(to_do), "{line}");
        assert!(!line.contains("Some("), "{line}");
    };
    told(&empty, "no schema yet", "`billing-core migrate up`").await;

    as_owner(
        &database,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (900001, 'contract the future', true, '', 0)",
    )
    .await;
    told(
        &name,
        "migration 900001 has taken away",
        "start cores of the version",
    )
    .await;
    as_owner(
        &database,
        "delete from _sqlx_migrations where version = 900001",
    )
    .await;

    let mut owner = database.connect_as_owner().await;
    let mut versions: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
    versions.sort_unstable();
    versions.dedup();
    let before = versions[versions.len() - 2];
    MIGRATOR.undo(&mut owner, before).await.unwrap();
    let wrong = format!("is at migration {before}, and this core needs");
    told(&name, &wrong, "`billing-core migrate up`").await;
}

#[tokio::test]
async fn what_waits_for_an_operator_and_what_cannot_be_reached_is_told() {
    let database = TestDatabase::new().await;
    as_owner(&database, "
        insert into operator_switch (name, is_on, reason, actor, changed_at)
            values ('payments', false, 'a fire', 'olga', now());
        insert into outbox_subject (account_id, channel, last_seq) values (gen_random_uuid(), 'mail', 2);
        insert into outbox_message (channel, account_id, seq, share, kind, payload, created_at, next_attempt_at,
            attempts, given_up_at)
            select 'mail', account_id, n, 0, 'test', '{}', now() - interval '1 day', now(), 30,
                case n when 1 then now() end
            from outbox_subject, generate_series(1, 2) n").await;
    let visit = doctor(&database).await;
    assert!(visit.is_told(
        "switches",
        "warn",
        "off by olga: a fire",
        "switch on payments"
    ));
    assert!(visit.is_told("outbox", "warn", "given up", "outbox list"));
    assert!(visit.is_told("outbox", "warn", "the oldest for 1440 min", "outbox list"));
    assert!(visit.is_told("prices", "warn", "refused", "prices set"));
    assert!(visit.is_told("tokens", "warn", "administrator", "billing-core token"));

    let guessed = "tools:*:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let nobody = format!("postgres://billing_test:{PASSWORD}@127.0.0.1:1/billing");
    let more = ["--service-tokens", guessed, "--grpc-addr", "0.0.0.0:50051"];
    let visit = doctor_at(&nobody, &more).await;
    assert!(
        visit.is_told("database", "mend", "refused", "reached"),
        "{:#}",
        visit.found
    );
    assert!(
        visit.is_told("tokens", "mend", "guess", "billing-core token"),
        "{:#}",
        visit.found
    );
    assert!(visit.is_told("tokens", "warn", "no gateway", "--role gateway"));
}

#[tokio::test]
async fn a_schema_of_a_newer_version_is_good_as_long_as_it_has_taken_nothing_away() {
    let database = TestDatabase::new().await;
    as_owner(
        &database,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (900001, 'the future', true, '', 0)",
    )
    .await;
    let visit = doctor(&database).await;
    assert_eq!(visit.levels("schema"), ["ok"], "{:#}", visit.found);
    let said = visit.found.to_string();
    assert!(
        said.contains("migration 900001, of a newer version"),
        "{said}"
    );
    TestCore::start(&database).await.stop().await;
}

#[tokio::test]
async fn one_server_under_two_names_is_one_and_is_looked_at() {
    let (database, core) = core_with_prices(&[price("search")]).await;
    let (one, other) = (Proxy::to(&database).await, Proxy::to(&database).await);
    let (names, name) = (
        format!("{},{}", one.address, other.address),
        database.name(),
    );
    let url = format!("postgres://billing_test:{PASSWORD}@{names}/{name}");
    let visit = doctor_at(&url, &[]).await;
    assert_eq!(
        visit.levels("database"),
        ["ok", "ok", "warn"],
        "{:#}",
        visit.found
    );
    assert!(
        visit.is_told("database", "warn", "same server twice", "once"),
        "{:#}",
        visit.found
    );
    assert_eq!(visit.levels("schema"), ["ok"], "{:#}", visit.found);
    core.stop().await;
}

#[tokio::test]
async fn what_the_database_says_is_told_without_a_line_of_its_source() {
    let database = TestDatabase::new().await;
    let url = url_of(&database, "billing_test", "no_database_of_this_name");
    let visit = doctor_at(&url, &[]).await;
    assert!(
        visit.is_told("database", "mend", "does not exist", ""),
        "{:#}",
        visit.found
    );
    assert!(
        !visit.found.to_string().contains("at line"),
        "{:#}",
        visit.found
    );
}

#[tokio::test]
async fn who_signs_in_stands_in_no_link_of_mail() {
    let database = TestDatabase::new().await;
    let more = [
        "--frontend-url=https://olga:hunter22@app.example.com",
        "--backend-url=https://olga:hunter22@pay.example.com",
        "--unsubscribe-keys=0123456789abcdef0123456789abcdef",
        "--smtp-host=127.0.0.1",
        "--smtp-port=1",
        "--email-from=billing@example.com",
    ];
    let visit = doctor_at(database.application_url(), &more).await;
    for name in ["FRONTEND_URL", "BACKEND_URL"] {
        let wrong = format!("{name} must hold no user and no password");
        assert!(
            visit.is_told("settings", "mend", &wrong, "mend the setting"),
            "{:#}",
            visit.found
        );
    }
    assert!(!visit.found.to_string().contains("hunter22"));
}

#[tokio::test]
async fn a_schema_that_the_role_may_not_use_is_not_taken_for_none() {
    let database = TestDatabase::new().await;
    as_owner(
        &database,
        "revoke usage on schema public from public, billing_app",
    )
    .await;
    let visit = doctor(&database).await;
    let told = visit.is_told(
        "schema",
        "mend",
        "may not use the schema",
        "grant usage on schema",
    );
    assert!(told, "{:#}", visit.found);
}
