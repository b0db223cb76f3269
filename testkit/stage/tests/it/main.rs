//! The supervisor, on real servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::Stdio;

use billing_stage::postgres::Server;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

async fn execute(server: &Server, statement: &str) {
    let mut connection = PgConnection::connect(&server.superuser_url())
        .await
        .unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

async fn number(server: &Server, query: &'static str) -> i64 {
    let mut connection = PgConnection::connect(&server.superuser_url())
        .await
        .unwrap();
    sqlx::query_scalar(query)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

async fn setting(server: &Server, name: &str) -> String {
    let mut connection = PgConnection::connect(&server.superuser_url())
        .await
        .unwrap();
    sqlx::query_scalar("select current_setting($1)")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

/// A folder that the server's account can reach.
fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("billing-test-")
        .tempdir_in("/tmp")
        .unwrap()
}

#[tokio::test]
async fn a_server_that_was_killed_comes_back_with_what_was_committed() {
    let mut server = Server::throw_away().await.unwrap();
    execute(&server, "create table kept (n bigint)").await;
    for round in 1..=3 {
        execute(&server, "insert into kept values (1)").await;
        let mut witness = PgConnection::connect(&server.superuser_url())
            .await
            .unwrap();
        let before = server.pid();
        server.kill().await.unwrap();
        assert!(server.pid().is_none());
        server.start().await.unwrap();
        // No orphan of the killed one serves beside its successor.
        assert!(sqlx::query("select 1").execute(&mut witness).await.is_err());
        assert_ne!(server.pid(), before);
        assert_eq!(number(&server, "select count(*) from kept").await, round);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_frozen_server_answers_nothing_until_it_is_thawed() {
    let mut server = Server::throw_away().await.unwrap();
    let mut connection = PgConnection::connect(&server.superuser_url())
        .await
        .unwrap();
    server.freeze().unwrap();
    let mut answer = tokio::spawn(async move {
        sqlx::query_scalar::<_, i32>("select 1")
            .fetch_one(&mut connection)
            .await
            .unwrap()
    });
    let patience = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, &mut answer).await.is_err());
    server.thaw().unwrap();
    assert_eq!(answer.await.unwrap(), 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_lasting_server_keeps_its_data_and_writes_to_disk() {
    let folder = folder();
    let mut server = Server::lasting(folder.path()).await.unwrap();
    assert_eq!(setting(&server, "fsync").await, "on");
    assert_eq!(setting(&server, "full_page_writes").await, "on");
    assert_eq!(setting(&server, "data_checksums").await, "on");
    assert_eq!(setting(&server, "server_encoding").await, "UTF8");
    assert_eq!(setting(&server, "listen_addresses").await, "");
    execute(
        &server,
        "create table kept (n bigint); insert into kept values (1), (2)",
    )
    .await;
    server.stop().await.unwrap();
    drop(server);

    let mut server = Server::lasting(folder.path()).await.unwrap();
    assert_eq!(number(&server, "select count(*) from kept").await, 2);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_a_living_server_uses_is_refused() {
    let folder = folder();
    let mut server = Server::lasting(folder.path()).await.unwrap();
    let error = format!("{:#}", Server::lasting(folder.path()).await.unwrap_err());
    let me = std::process::id();
    assert!(
        error.contains(&format!("already running, started by process {me}")),
        "{error}"
    );
    assert_eq!(number(&server, "select 1::bigint").await, 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_number_that_another_program_has_by_now_does_not_prevent_a_start() {
    let folder = folder();
    let mut server = Server::lasting(folder.path()).await.unwrap();
    server.kill().await.unwrap();
    drop(server);
    // As after a crash of everything and a long time: a living stranger has the number.
    let mut stranger = tokio::process::Command::new("sleep")
        .arg("600")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    for file in ["data/postmaster.pid", "socket/.s.PGSQL.5432.lock"] {
        let file = folder.path().join(file);
        let text = std::fs::read_to_string(&file).unwrap();
        let (_, rest) = text.split_once('\n').unwrap();
        std::fs::write(&file, format!("{}\n{rest}", stranger.id().unwrap())).unwrap();
    }

    let mut server = Server::lasting(folder.path()).await.unwrap();
    assert!(
        stranger.try_wait().unwrap().is_none(),
        "the stranger was ended"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn data_of_another_major_version_is_refused_with_both_versions() {
    let folder = folder();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let error = format!("{:#}", Server::lasting(folder.path()).await.unwrap_err());
    assert!(error.contains("was made by PostgreSQL 9"), "{error}");
    assert!(error.contains("Remedies"), "{error}");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_one() {
    let folder = folder();
    let long = folder.path().join("a".repeat(60)).join("b".repeat(60));
    let mut server = Server::lasting(&long).await.unwrap();
    assert_eq!(number(&server, "select 1::bigint").await, 1);
    let url = server.superuser_url();
    server.stop().await.unwrap();
    let (_, socket) = url.split_once("host=").unwrap();
    assert!(!Path::new(socket).starts_with(&long));
    std::fs::remove_dir_all(socket).unwrap();
}

#[tokio::test]
async fn nothing_is_left_of_a_server_that_was_thrown_away() {
    let server = Server::throw_away().await.unwrap();
    let folder = server.log().parent().unwrap().to_path_buf();
    let pid = server.pid().unwrap();
    assert!(folder.exists());
    drop(server);
    assert!(!folder.exists());
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    assert!(rustix::process::test_kill_process(pid).is_err());
}
