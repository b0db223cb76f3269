//! What a session of the core is, whatever stands between it and its tables: settings of roles and
//! databases, and `PgBouncer`.

use std::process::Command;

use billing_core::database::{Database, Settings};
use billing_core::ledger::hot_path;
use billing_proto::v1::Decision;
use billing_testkit::{Pooler, TestCore, TestDatabase};

use crate::support::{USD, amount, as_owner, run};
use crate::user::User;

const PROGRAM: &str = env!("CARGO_BIN_EXE_billing-core");

/// Everything that would make answers wrong, or keep the core from working, as a role may have it.
const ASTRAY: [&str; 10] = [
    "synchronous_commit = off",
    "default_transaction_read_only = on",
    "default_transaction_isolation = serializable",
    "search_path = nowhere",
    "row_security = on",
    "lock_timeout = 0",
    "statement_timeout = 0",
    "idle_in_transaction_session_timeout = 0",
    "plan_cache_mode = force_custom_plan",
    "enable_seqscan = on",
];

/// What new sessions of the core's role begin with in this database.
async fn lead_astray(database: &TestDatabase) {
    for setting in ASTRAY {
        let role = format!("alter role billing_test in database {}", database.name());
        as_owner(database, &format!("{role} set {setting}")).await;
    }
}

/// What a session of the hot path has.
async fn shown(database: &Database, name: &str) -> String {
    let mut session = database.connect(&hot_path()).await.unwrap();
    sqlx::query_scalar("select current_setting($1)")
        .bind(name)
        .fetch_one(&mut session)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_a_role_is_set_to_changes_no_session_of_the_core() {
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", USD).await;
    lead_astray(&database).await;
    // The core's sessions are new ones from here on.
    let mut owner = database.connect_as_owner().await;
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and usename = 'billing_test'";
    run(&mut owner, kill).await.unwrap();
    let charged = alice.charge("key", amount(1)).await;
    assert_eq!(charged.decision(), Decision::Allowed);
    assert_eq!(alice.available().await, USD - 1);
    // Nor does it keep one from starting.
    TestCore::start(&database).await.stop().await;

    let reached = Database::at(database.application_url()).unwrap();
    for (name, value) in [
        ("synchronous_commit", "on"),
        ("default_transaction_read_only", "off"),
        ("default_transaction_isolation", "read committed"),
        ("search_path", "public"),
        ("row_security", "off"),
        ("lock_timeout", "2s"),
        ("statement_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
    ] {
        assert_eq!(shown(&reached, name).await, value, "{name}");
    }
    core.stop().await;
}

#[tokio::test]
async fn commits_wait_for_more_where_they_are_told_to_and_for_less_only_by_the_setting_for_it() {
    let database = TestDatabase::new().await;
    let reached = Database::at(database.application_url()).unwrap();
    let risky = reached.clone().acknowledging(Some("remote_write"));
    for (of_role, pinned) in [("off", "on"), ("remote_apply", "remote_apply")] {
        let role = format!("alter role billing_test in database {}", database.name());
        as_owner(
            &database,
            &format!("{role} set synchronous_commit = {of_role}"),
        )
        .await;
        assert_eq!(shown(&reached, "synchronous_commit").await, pinned);
        assert_eq!(shown(&risky, "synchronous_commit").await, "remote_write");
    }
}

/// A setting of the schema's owner, such as one whose triggers are off, cannot be pinned, and is seen.
#[tokio::test]
async fn a_session_without_triggers_is_refused() {
    let database = TestDatabase::new().await;
    let role = format!("alter role billing_test in database {}", database.name());
    as_owner(
        &database,
        &format!("{role} set session_replication_role = replica"),
    )
    .await;
    let reached = Database::at(database.application_url()).unwrap();
    let refused = reached.connect(&Settings::default()).await.unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains("session_replication_role = replica"),
        "{refused}"
    );
}

/// `PgBouncer` before a test's database. None where there is none, which is said.
async fn pooler(database: &TestDatabase, settings: &str) -> Option<Pooler> {
    let server = database.owner();
    let host = server.get_socket().map_or_else(
        || server.get_host().to_owned(),
        |folder| folder.display().to_string(),
    );
    let place = format!(
        "host={host} port={} dbname={}",
        server.get_port(),
        database.name()
    );
    let databases = format!(
        "owner = {place} user={}\n{} = {place} user=billing_test password=billing_test",
        server.get_username(),
        database.name(),
    );
    Pooler::before(&databases, settings).await
}

fn owner_url(pooler: &Pooler) -> String {
    format!("postgres://owner@{}/owner", pooler.address)
}

/// A command of the program that ends by itself: whether it succeeded, and what it said.
fn outcome(arguments: &[&str], url: &str) -> (bool, String) {
    let output = Command::new(PROGRAM)
        .args(arguments)
        .env("DATABASE_URL", url)
        .env("BILLING_OWNER_DATABASE_URL", url)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_behind_pgbouncer_in_session_mode_works_with_its_settings() {
    for settings in ["", "ignore_startup_parameters = extra_float_digits,options"] {
        let database = TestDatabase::new().await;
        let Some(pooler) = pooler(&database, settings).await else {
            return;
        };
        lead_astray(&database).await;
        let (migrated, said) = outcome(&["migrate", "up"], &owner_url(&pooler));
        assert!(migrated, "{said}");
        let database = database.reached_through(pooler.address);
        let core = TestCore::start(&database).await;
        let alice = User::with(&core, "alice", USD).await;
        let charged = alice.charge("key", amount(1)).await;
        assert_eq!(charged.decision(), Decision::Allowed);
        let reached = Database::at(database.application_url()).unwrap();
        assert_eq!(shown(&reached, "lock_timeout").await, "2s");
        assert_eq!(shown(&reached, "synchronous_commit").await, "on");
        let (audited, said) = outcome(&["audit"], database.application_url());
        assert!(audited, "{said}");
        core.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_without_sessions_is_refused_in_one_line_that_says_what_to_do() {
    for mode in ["transaction", "statement"] {
        let database = TestDatabase::new().await;
        let settings =
            format!("pool_mode = {mode}\nignore_startup_parameters = extra_float_digits,options");
        let Some(pooler) = pooler(&database, &settings).await else {
            return;
        };
        let owner_url = owner_url(&pooler);
        let database = database.reached_through(pooler.address);
        let serve = ["--grpc-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"];
        for (arguments, url) in [
            (&serve[..], database.application_url()),
            (&["audit"], database.application_url()),
            (&["payments", "review"], database.application_url()),
            (&["outbox", "list"], database.application_url()),
            (&["migrate", "up"], &owner_url),
        ] {
            let (done, said) = outcome(arguments, url);
            assert!(!done, "{mode}: {arguments:?} works");
            let told = said
                .lines()
                .filter(|line| line.contains("pool_mode = session"));
            let last = said.lines().last().unwrap_or_default();
            assert!(
                told.count() > 0 && last.contains("pool_mode"),
                "{arguments:?}: {said}"
            );
        }
    }
}
