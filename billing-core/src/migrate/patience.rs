//! How a migration waits for locks.
//!
//! Whoever comes after one that waits for a table's lock waits behind it, readers too, though those that
//! it waits for would have let them in. So it waits hardly, gives way to them, and tries again.

use std::time::Duration;

use anyhow::Context;
use sqlx::PgConnection;
use sqlx::migrate::MigrateError;
use tokio::time::{Instant, interval, sleep};

/// Half of the second that nobody may be kept waiting.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// For those that waited behind an attempt.
const PAUSE: Duration = Duration::from_secs(1);

const LOOK_EVERY: Duration = Duration::from_millis(100);

const LOCK_NOT_AVAILABLE: &str = "55P03";
const DEADLOCK_DETECTED: &str = "40P01";

/// How long an attempt may wait for its locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Others wait behind it.
    Hardly,
    /// Nobody does: what is made concurrently waits for transactions to end, and keeps none from beginning.
    WithoutHarm,
}

/// Tries again until it has its locks, or for so long.
pub struct Patience<'a> {
    connection: &'a mut PgConnection,
    watcher: &'a mut PgConnection,
    /// The server's process of the connection.
    pid: i32,
    /// After which the server lets a worker of autovacuum end for who waits for it.
    autovacuum_yields_ms: i64,
    gives_up_after: Duration,
}

impl<'a> Patience<'a> {
    /// For what is done on the connection; the watcher looks meanwhile who is in the way.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn new(
        connection: &'a mut PgConnection,
        watcher: &'a mut PgConnection,
        gives_up_after: Duration,
    ) -> anyhow::Result<Self> {
        // Whatever the role has set: an index takes as long as it takes.
        let (pid, autovacuum_yields_ms) = sqlx::query_as(
            "select pg_backend_pid(), setting::bigint from pg_settings,
                set_config('statement_timeout', '0', false)
            where name = 'deadlock_timeout'",
        )
        .fetch_one(&mut *connection)
        .await
        .context("cannot prepare the session")?;
        Ok(Self {
            connection,
            watcher,
            pid,
            autovacuum_yields_ms,
            gives_up_after,
        })
    }

    /// An attempt that does not get its locks must have done nothing, or begin with what it left.
    pub(super) async fn run(
        &mut self,
        wait: Wait,
        mut attempt: impl AsyncFnMut(&mut PgConnection) -> Result<(), MigrateError>,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut in_the_way = Blockers::default();
        loop {
            let left = self.gives_up_after.saturating_sub(began.elapsed());
            self.set_lock_timeout(wait, &in_the_way, left).await?;
            let outcome = self.watch(wait, &mut attempt, &mut in_the_way).await?;
            let Err(error) = outcome else { return Ok(()) };
            if !is_about_locks(&error) {
                return Err(error.into());
            }
            let who = &in_the_way.named;
            if began.elapsed() >= self.gives_up_after {
                let secs = began.elapsed().as_secs();
                return Err(anyhow::Error::new(error)).with_context(|| {
                    format!("gave up after {secs} s; what is applied stays, and the rest may be tried again. In the way: {who}")
                });
            }
            eprintln!(
                "billing-core: migrate gives way to those who wait behind it, and tries again. In the way: {who}"
            );
            sleep(PAUSE).await;
        }
    }

    async fn set_lock_timeout(
        &mut self,
        wait: Wait,
        in_the_way: &Blockers,
        left: Duration,
    ) -> anyhow::Result<()> {
        let millis = match wait {
            // Autovacuum yields to nobody who has left by then.
            Wait::Hardly if in_the_way.only_autovacuum => self.autovacuum_yields_ms + 200,
            Wait::Hardly => i64::try_from(LOCK_WAIT.as_millis())?,
            Wait::WithoutHarm => i64::try_from(left.as_millis())?.max(1),
        };
        sqlx::query("select set_config('lock_timeout', $1, false)")
            .bind(millis.to_string())
            .execute(&mut *self.connection)
            .await
            .context("cannot prepare the session")?;
        Ok(())
    }

    /// Looks, while the attempt lasts, who is in its way.
    async fn watch(
        &mut self,
        wait: Wait,
        attempt: &mut impl AsyncFnMut(&mut PgConnection) -> Result<(), MigrateError>,
        in_the_way: &mut Blockers,
    ) -> anyhow::Result<Result<(), MigrateError>> {
        let mut look = interval(LOOK_EVERY);
        let attempt = attempt(self.connection);
        tokio::pin!(attempt);
        loop {
            tokio::select! {
                outcome = &mut attempt => return Ok(outcome),
                _ = look.tick() => {
                    let found = blockers(self.watcher, self.pid).await?;
                    if found.named.is_empty() || found == *in_the_way {
                        continue;
                    }
                    if wait == Wait::WithoutHarm {
                        eprintln!("billing-core: migrate waits, and nobody behind it. In the way: {}", found.named);
                    }
                    *in_the_way = found;
                }
            }
        }
    }
}

fn is_about_locks(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    let Some(error) = error.as_database_error() else {
        return false;
    };
    error
        .code()
        .is_some_and(|code| code == LOCK_NOT_AVAILABLE || code == DEADLOCK_DETECTED)
}

#[derive(Default, PartialEq, Eq)]
struct Blockers {
    named: String,
    only_autovacuum: bool,
}

/// Whom a process waits for. Of others' sessions an owner of tables sees no more than these columns; those
/// of the server itself have no user.
async fn blockers(watcher: &mut PgConnection, pid: i32) -> anyhow::Result<Blockers> {
    let (named, only_autovacuum): (Option<String>, Option<bool>) = sqlx::query_as(
        "select string_agg(case
                when b.pid = 0 then 'a prepared transaction'
                when a.pid is null then format('process %s', b.pid)
                when a.usename is null then format('process %s (autovacuum)', b.pid)
                else format('process %s (%s)', b.pid,
                    concat_ws(', ', a.usename, nullif(a.application_name, ''), a.state,
                        'transaction since ' || date_trunc('second', a.xact_start),
                        left(regexp_replace(nullif(a.query, '<insufficient privilege>'), '\\s+', ' ', 'g'), 80)))
            end, '; ' order by b.pid), bool_and(a.pid is not null and a.usename is null)
        from (select distinct pid from unnest(pg_blocking_pids($1)) as pid) b
            left join pg_stat_activity a on a.pid = b.pid",
    )
    .bind(pid)
    .fetch_one(watcher)
    .await
    .context("cannot see who is in the way")?;
    Ok(Blockers {
        named: named.unwrap_or_default(),
        only_autovacuum: only_autovacuum.unwrap_or(false),
    })
}
