//! TLS between a core and PostgreSQL: who is believed, and who is not.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use sqlx::{Connection, PgConnection};
use tokio::process::Command;
use tokio::time::timeout;

use crate::alone;
use billing_stage::{Stage, core_beside};

/// An address that nobody else listens on.
const ADDRESS: &str = "127.83.12.7";

/// A file of the certificates that the gateway's tests have, too: for `localhost`, by `ca.pem`.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../billing-gateway/tests/keys/tls")
        .join(name)
}

#[tokio::test]
async fn a_core_believes_a_server_by_the_authority_and_the_name_that_its_url_asks_for() -> Result<()>
{
    let (_alone, stage, _) = alone::set(0).await?;
    timeout(Duration::from_mins(1), connect_by_tls(stage)).await?
}

async fn connect_by_tls(mut stage: Stage) -> Result<()> {
    // Where somebody else has the port at localhost, it is not tried there.
    let has_name = TcpListener::bind("127.0.0.1:5432").is_ok();
    listen(&mut stage).await?;
    let (ours, others) = (file("ca.pem"), file("other-ca.pem"));
    let (ours, others) = (ours.display(), others.display());
    for (host, parameters, believed) in [
        (ADDRESS, "sslmode=require".to_owned(), true),
        (ADDRESS, "sslmode=disable".to_owned(), false),
        (
            ADDRESS,
            format!("sslmode=verify-ca&sslrootcert={ours}"),
            true,
        ),
        (
            ADDRESS,
            format!("sslmode=verify-ca&sslrootcert={others}"),
            false,
        ),
        // The system's authorities do not know it.
        (ADDRESS, "sslmode=verify-ca".to_owned(), false),
        // Its certificate has another name.
        (
            ADDRESS,
            format!("sslmode=verify-full&sslrootcert={ours}"),
            false,
        ),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={ours}"),
            true,
        ),
    ] {
        if host == "localhost" && !has_name {
            eprintln!("SKIPPED: verify-full, since port 5432 of localhost is somebody else's");
            continue;
        }
        let url = format!("postgres://billing_core@{host}:5432/billing?{parameters}");
        let (connected, said) = audit(&url).await?;
        ensure!(connected == believed, "{host} {parameters}: {said}");
    }
    // And a core serves over it.
    stage.urls.core = format!(
        "postgres://billing_core@{ADDRESS}:5432/billing?sslmode=verify-ca&sslrootcert={ours}"
    );
    stage.add_core()?.start().await?;
    let mut superuser = PgConnection::connect(&stage.superuser_url()).await?;
    let plain: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity join pg_stat_ssl using (pid)
        where usename = 'billing_core' and not ssl",
    )
    .fetch_one(&mut superuser)
    .await?;
    ensure!(plain == 0, "{plain} sessions without TLS");
    superuser.close().await?;
    stage.clear().await
}

/// The server listens with a certificate, and lets nobody in over TCP without TLS.
async fn listen(stage: &mut Stage) -> Result<()> {
    let mut superuser = PgConnection::connect(&stage.superuser_url()).await?;
    for (content, program) in [
        (
            std::fs::read_to_string(file("core.pem"))?,
            "cat > server.crt",
        ),
        // The server runs it in its folder, and takes a key that is its own alone.
        (
            std::fs::read_to_string(file("core.key"))?,
            "umask 077; cat > server.key",
        ),
        (
            "hostssl all all 127.0.0.0/8 trust".to_owned(),
            "cat - pg_hba.conf > hba; mv hba pg_hba.conf",
        ),
    ] {
        let lines = content.trim_end().replace('\n', "'), ('");
        let copy = format!("copy (values ('{lines}')) to program '{program}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(copy))
            .execute(&mut superuser)
            .await?;
    }
    superuser.close().await?;
    stage.server.set_for_next_start(vec![
        "ssl=on".to_owned(),
        format!("listen_addresses=localhost,{ADDRESS}"),
    ]);
    stage.server.stop().await?;
    stage.server.start().await
}

/// Whether a command of the core comes through, and what it says.
async fn audit(url: &str) -> Result<(bool, String)> {
    let output = Command::new(core_beside()?)
        .arg("audit")
        .env("DATABASE_URL", url)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok((output.status.success(), said))
}
