//! What the program says in its log about how it is set up.

use std::process::Stdio;
use std::time::Duration;

use billing_testkit::TestDatabase;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::support::as_owner;

const PROGRAM: &str = env!("CARGO_BIN_EXE_billing-core");

/// A core as a process, and its log. It ends when this is dropped.
struct Program {
    log: Lines<BufReader<ChildStderr>>,
    _process: Child,
}

impl Program {
    fn start(database: &PgConnectOptions, more: &[&str]) -> Self {
        let mut process = Command::new(PROGRAM)
            .args(["--grpc-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"])
            .args(more)
            .env("DATABASE_URL", database.to_url_lossy().as_str())
            .env_remove("BILLING_LOG")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap()).lines();
        Self {
            log,
            _process: process,
        }
    }

    /// What it says until it says this.
    async fn said_until(&mut self, last: &str) -> Vec<String> {
        let mut said = Vec::new();
        let next = Duration::from_secs(20);
        while let Ok(Some(line)) = timeout(next, self.log.next_line())
            .await
            .map(Result::unwrap)
        {
            let is_last = line.contains(last);
            said.push(line);
            if is_last {
                return said;
            }
        }
        panic!("not said: {last}; but {said:#?}");
    }
}

/// How many lines say this.
fn lines(said: &[String], text: &str) -> usize {
    said.iter().filter(|line| line.contains(text)).count()
}

#[tokio::test]
async fn a_core_that_is_set_up_carelessly_says_so_in_a_line_each() {
    let database = TestDatabase::new().await;
    let careless = ["--acknowledge-before-durable", "local"];
    let mut core = Program::start(&database.owner(), &careless);
    let said = core.said_until("serving").await;
    for text in [
        "is a superuser",
        "no service token is set",
        "acknowledged money may be lost",
    ] {
        assert_eq!(lines(&said, text), 1, "{text}: {said:#?}");
    }

    as_owner(&database, "alter table entry owner to billing_test").await;
    let mut core = Program::start(&database.application(), &[]);
    let said = core.said_until("serving").await;
    assert_eq!(lines(&said, "owns the ledger's tables"), 1, "{said:#?}");
    assert_eq!(lines(&said, "superuser"), 0, "{said:#?}");
}

#[tokio::test]
async fn a_core_that_cannot_work_names_what_keeps_it_from_it() {
    let database = TestDatabase::new().await;
    let mut core = Program::start(&database.application(), &[]);
    core.said_until("serving").await;
    as_owner(&database, "revoke insert on entry from billing_app").await;
    core.said_until("lacks privileges: insert on entry").await;
    as_owner(&database, "grant insert on entry to billing_app").await;
    as_owner(
        &database,
        "create schema elsewhere; alter table hold set schema elsewhere",
    )
    .await;
    core.said_until("not found in the schema `public`").await;
}
