//! Does the damage, and waits until everything serves again.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_stage::{CoreProcess, Stage};
use rand::Rng;
use rand::rngs::StdRng;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

use super::Fault;
use crate::load::Load;
use crate::proxy::{CommitLoss, Fate, Proxy, Weather};

/// Under load a core commits many times a second.
const COMMIT_COMES: Duration = Duration::from_secs(30);
/// Far longer than it takes; beyond it somebody does not serve any more.
const SERVES_AGAIN: Duration = Duration::from_mins(2);
/// Operations that are answered before the next fault comes.
const ANSWERED_BETWEEN: usize = 30;
/// Longer than a core waits for a row's lock.
const LOCKED_AT_LEAST: Duration = Duration::from_millis(2_300);

/// Longer than two callers wait, one after the other, and less than a transaction may stand still.
const OVERDUE: Duration = Duration::from_millis(8_500);
/// Longer than a core waits for a COMMIT, and then for the locks that it keeps.
const STALLED_AT_LEAST: Duration = Duration::from_secs(10);

/// One proxy stands before each core.
pub struct Injurer<'a> {
    pub stage: &'a mut Stage,
    pub proxies: &'a [Proxy],
    pub load: &'a Load,
    pub random: StdRng,
    /// The most that something stands still.
    pub longest: Duration,
}

impl Injurer<'_> {
    /// Does it, and waits until everything serves again.
    pub async fn injure(&mut self, fault: Fault) -> Result<()> {
        match fault {
            Fault::CoreKilled => self.kill_core().await?,
            Fault::CoreHalted => self.halt_core().await?,
            Fault::PostmasterKilled => {
                self.stage.server.kill().await?;
                self.stage.server.start().await?;
            }
            Fault::BackendKilled => kill_backend(&self.stage.server.superuser_url()).await?,
            Fault::EverythingKilled => self.kill_everything().await?,
            Fault::ServerHalted => {
                self.stage.server.freeze()?;
                sleep(self.a_while()).await;
                self.stage.server.thaw()?;
            }
            Fault::ConnectionsCut => self.weather(Weather::Cut).await?,
            Fault::ConnectionsReset => self.weather(Weather::Reset).await?,
            Fault::ConnectionsDelayed => {
                let delay = self.random.random_range(10..150);
                let delay = Duration::from_millis(delay);
                self.weather(Weather::Slow(delay)).await?;
            }
            Fault::ConnectionsStalled => self.weather(Weather::Stalled).await?,
            Fault::LostBeforeCommit => self.lose_commit(CommitLoss::BeforeIt).await?,
            Fault::LostBeforeAnswer => self.lose_commit(CommitLoss::BeforeTheAnswer).await?,
            Fault::LostAfterAnswer => self.lose_commit(CommitLoss::AfterTheAnswer).await?,
            Fault::CommitLate => {
                let late = self.a_while();
                self.lose_commit(CommitLoss::Late(late)).await?;
                sleep(late).await;
            }
            Fault::CommitOverdue => {
                self.lose_commit(CommitLoss::Late(OVERDUE)).await?;
                sleep(OVERDUE).await;
            }
            Fault::CoreKilledAtCommit => self.kill_core_at_commit().await?,
            Fault::AccountLocked => self.lock_account().await?,
            Fault::CommitsStalled => self.stall_commits().await?,
        }
        timeout(SERVES_AGAIN, self.recovered())
            .await
            .context("not everything serves again")?
    }

    async fn recovered(&mut self) -> Result<()> {
        for core in &mut self.stage.cores {
            core.ready().await?;
        }
        // Whatever has failed meanwhile, and then new work.
        self.load.journal.grown_by(ANSWERED_BETWEEN).await;
        Ok(())
    }

    fn a_while(&mut self) -> Duration {
        let most = u64::try_from(self.longest.as_millis()).unwrap_or(u64::MAX);
        let least = most.min(300);
        Duration::from_millis(self.random.random_range(least..=most))
    }

    fn draw(&mut self) -> Result<usize> {
        ensure!(!self.proxies.is_empty(), "there is no core");
        Ok(self.random.random_range(0..self.proxies.len()))
    }

    fn core(&mut self, number: usize) -> Result<&mut CoreProcess> {
        let core = self.stage.cores.get_mut(number);
        core.context("there is no such core")
    }

    fn proxy(&self, number: usize) -> Result<&Proxy> {
        self.proxies.get(number).context("there is no such core")
    }

    async fn kill_core(&mut self) -> Result<()> {
        let number = self.draw()?;
        self.core(number)?.kill().await?;
        // By the others alone.
        sleep(Duration::from_millis(300)).await;
        self.core(number)?.start().await?;
        Ok(())
    }

    async fn halt_core(&mut self) -> Result<()> {
        let number = self.draw()?;
        let pid = i32::try_from(self.core(number)?.pid()?)?;
        let pid = Pid::from_raw(pid).context("no process")?;
        kill_process(pid, Signal::STOP)?;
        sleep(self.a_while()).await;
        kill_process(pid, Signal::CONT)?;
        Ok(())
    }

    async fn kill_everything(&mut self) -> Result<()> {
        for core in &mut self.stage.cores {
            core.kill().await?;
        }
        self.stage.server.kill().await?;
        self.stage.server.start().await?;
        for core in &mut self.stage.cores {
            core.start().await?;
        }
        Ok(())
    }

    async fn weather(&mut self, weather: Weather) -> Result<()> {
        let number = self.draw()?;
        let lasts = self.a_while();
        let proxy = self.proxy(number)?;
        let before = proxy.troubles();
        proxy.set(weather);
        sleep(lasts).await;
        proxy.set(Weather::Clear);
        ensure!(
            proxy.troubles() > before,
            "nothing passed between the core and PostgreSQL"
        );
        Ok(())
    }

    async fn lose_commit(&mut self, loss: CommitLoss) -> Result<()> {
        let number = self.draw()?;
        let proxy = self.proxy(number)?;
        let fired = timeout(COMMIT_COMES, proxy.arm(loss)).await;
        proxy.disarm();
        fired.context("no COMMIT came")??;
        Ok(())
    }

    async fn kill_core_at_commit(&mut self) -> Result<()> {
        let number = self.draw()?;
        let proxy = self.proxy(number)?;
        let fired = timeout(COMMIT_COMES, proxy.arm(CommitLoss::Held)).await;
        proxy.disarm();
        let decide = fired.context("no COMMIT came")??;
        self.core(number)?.kill().await?;
        let fate = if self.random.random_bool(0.5) {
            Fate::Forwarded
        } else {
            Fate::Dropped
        };
        // A proxy that has lost patience has dropped it.
        let _ = decide.send(fate);
        self.core(number)?.start().await?;
        Ok(())
    }

    async fn lock_account(&mut self) -> Result<()> {
        let mut connection = PgConnection::connect(&self.stage.superuser_url()).await?;
        let mut lock = connection.begin().await?;
        // The hot one as often as all others together.
        let locked = sqlx::query(
            "select from account where account_id = (select account_id from account_profile
                order by user_id = $1 and random() < 0.5 desc, random() limit 1)
            for update",
        )
        .bind(&*self.load.cast.hot)
        .execute(&mut *lock)
        .await?;
        ensure!(locked.rows_affected() == 1, "there is no account to lock");
        sleep(LOCKED_AT_LEAST + self.a_while()).await;
        lock.rollback().await?;
        connection.close().await?;
        Ok(())
    }

    /// As a standby's death does it. A disk that stands still would need a file system of its own.
    async fn stall_commits(&mut self) -> Result<()> {
        let mut connection = PgConnection::connect(&self.stage.superuser_url()).await?;
        let standbys = async |connection: &mut PgConnection, statement: &'static str| {
            sqlx::query(statement).execute(&mut *connection).await?;
            sqlx::query("select pg_reload_conf()")
                .execute(connection)
                .await
        };
        let wait = "alter system set synchronous_standby_names = 'dead'";
        standbys(&mut connection, wait).await?;
        sleep(STALLED_AT_LEAST + self.a_while()).await;
        let stalled = "select count(*) from pg_stat_activity
            where application_name = 'billing-core' and wait_event = 'SyncRep'";
        let stalled: i64 = sqlx::query_scalar(stalled)
            .fetch_one(&mut connection)
            .await?;
        let go_on = "alter system reset synchronous_standby_names";
        standbys(&mut connection, go_on).await?;
        connection.close().await?;
        ensure!(stalled > 0, "no COMMIT was under way");
        Ok(())
    }
}

/// A backend of a core's that is at work, if there is one, by SIGKILL. Returns when the server has
/// noticed.
pub async fn kill_backend(superuser_url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(superuser_url).await?;
    let pid: i32 = sqlx::query_scalar(
        "select pid from pg_stat_activity where application_name = 'billing-core'
        order by state = 'idle', random() limit 1",
    )
    .fetch_one(&mut connection)
    .await?;
    let pid = Pid::from_raw(pid).context("no backend")?;
    kill_process(pid, Signal::KILL)?;
    // The server ends this connection too.
    while sqlx::query("select 1")
        .execute(&mut connection)
        .await
        .is_ok()
    {}
    Ok(())
}
