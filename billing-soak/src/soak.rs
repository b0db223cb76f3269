//! One soak: the stage, the load, the faults, and then the questions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use billing_stage::postgres::scratch::remove_abandoned;
use billing_stage::{CoreProcess, Stage, Tokens};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::{Instant, sleep, timeout};

use crate::ask::REFUSED_REQUEST_ID;
use crate::callers::{Callers, set_tenant};
use crate::ending::settle;
use crate::faults::{Deck, Fault, Injurer};
use crate::load::{Cast, Load, Mix};
use crate::options::Options;
use crate::program;
use crate::proxy::Proxy;
use crate::report::{Report, Setting};
use crate::room;
use crate::verdict::verify;

const CORES: usize = 3;
const WORKERS: u64 = 32;
/// Beside the hot one and the poor one.
const OTHERS: usize = 30;
/// A story has one or two operations: about one in a hundred is poison.
const MIX: Mix = Mix {
    poison: 17,
    impatient: 100,
    credulous: 1_000,
};
/// Longer than any caller asks for one answer.
const LAST_ANSWERS: Duration = Duration::from_mins(3);
/// A backend ends when it has done what it was asked, at most so much later.
const LAST_BACKENDS: Duration = Duration::from_secs(30);

/// Everything that runs, dropped in this order.
struct Scene {
    stage: Stage,
    proxies: Vec<Proxy>,
    tokens: Tokens,
    /// Where all of it lies.
    folder: PathBuf,
}

/// Runs one. An error says that it could not be run to its end; what the checker finds is in the
/// report.
pub async fn run(options: &Options) -> Result<Report> {
    let seed = options.seed.unwrap_or_else(rand::random);
    let mut random = StdRng::seed_from_u64(seed);
    // What a killed run has left may be what room is missing for.
    remove_abandoned(Path::new(room::PLACE)).await;
    room::before(options)?;
    let mut scene = Scene::set(options).await?;
    let cores: Vec<_> = scene.stage.cores.iter().map(|core| core.grpc).collect();
    let callers = Callers::new(&cores, &scene.tokens)?;
    let load = Load::new(callers, Cast::of(OTHERS), MIX, Some(options.pace()));
    load.endow().await;
    let setting = Setting {
        seed,
        postgres: scene.stage.server.version().to_owned(),
        cores: CORES,
        callers: WORKERS,
        accounts: OTHERS + 2,
        operations_per_second_at_most: options.pace(),
        seeded_bug: options.seeded_bug.clone(),
    };
    eprintln!("soak: {setting}");

    let begun = Instant::now();
    let mut workers = load.start(WORKERS, seed);
    let broken = scene.break_things(options, &load, &mut random).await;
    let faults = broken.with_context(|| scene.last_words())?;
    load.stop();
    let ended = async {
        while let Some(worker) = workers.join_next().await {
            worker.context("a caller died")?;
        }
        anyhow::Ok(())
    };
    timeout(LAST_ANSWERS, ended)
        .await
        .context("callers wait for answers although everything serves")??;
    eprintln!(
        "soak: {} operations; now every answer is verified",
        load.journal.len()
    );
    scene.calm().await?;
    let report = scene
        .conclude(&load, setting, faults, begun.elapsed())
        .await?;
    scene.stage.clear().await?;
    Ok(report)
}

impl Scene {
    async fn set(options: &Options) -> Result<Self> {
        let program = program::of(options).await?;
        let (mut stage, tokens) = Stage::set(program.clone(), 0).await?;
        let database = PgConnectOptions::from_str(&stage.urls.core)?;
        let mut proxies = Vec::new();
        for _ in 0..CORES {
            let proxy = Proxy::to(socket_of(&database)?).await?;
            let url = format!(
                "postgres://{}@{}/{}?sslmode=disable",
                database.get_username(),
                proxy.address,
                database.get_database().context("a database has a name")?
            );
            proxies.push(proxy);
            let mut settings = vec![("DATABASE_URL", url)];
            let bug = options.seeded_bug.iter();
            settings.extend(bug.map(|bug| ("BILLING_SEEDED_BUG", bug.clone())));
            let core = stage.add_core_of(program.clone(), &settings)?;
            core.start().await?;
        }
        let first = stage.cores.first().context("there is a core")?.grpc;
        set_tenant(first, &tokens.admin).await?;
        refuse_some(&stage.superuser_url()).await?;
        // The server's log lies in the server's folder, which lies in the stage's.
        let log = stage.server.log();
        let folder = log.parent().and_then(Path::parent);
        let folder = folder.context("the server lies nowhere")?.to_owned();
        Ok(Self {
            stage,
            proxies,
            tokens,
            folder,
        })
    }

    /// One fault after the other, each kind at least once. Answers with how often each came.
    async fn break_things(
        &mut self,
        options: &Options,
        load: &Load,
        random: &mut StdRng,
    ) -> Result<BTreeMap<Fault, u64>> {
        let begun = Instant::now();
        let until = begun + options.lasts();
        let mut deck = Deck::shuffled(random);
        let mut faults = BTreeMap::new();
        let folder = self.folder.clone();
        let mut injurer = Injurer {
            stage: &mut self.stage,
            proxies: &self.proxies,
            load,
            random: StdRng::seed_from_u64(random.random()),
            longest: options.longest_pause(),
        };
        while Instant::now() < until || !deck.is_dealt() {
            let pause = random.random_range(200..1_000);
            sleep(Duration::from_millis(pause)).await;
            let fault = deck.deal(random);
            let at = begun.elapsed().as_secs();
            eprintln!("soak: {:>4}:{:02}  {}", at / 60, at % 60, fault.name());
            injurer
                .injure(fault)
                .await
                .with_context(|| format!("after: {}", fault.name()))?;
            *faults.entry(fault).or_default() += 1;
            room::during(&folder, options)?;
        }
        Ok(faults)
    }

    /// Each core ends in order and starts again, so that nothing is under way that nobody waits for.
    async fn calm(&mut self) -> Result<()> {
        for core in &mut self.stage.cores {
            core.stop().await?;
        }
        let mut database = PgConnection::connect(&self.stage.superuser_url()).await?;
        let until = Instant::now() + LAST_BACKENDS;
        let backends =
            "select count(*) from pg_stat_activity where application_name = 'billing-core'";
        loop {
            let left: i64 = sqlx::query_scalar(backends)
                .fetch_one(&mut database)
                .await?;
            if left == 0 {
                break;
            }
            if Instant::now() > until {
                bail!("{left} backends of cores that have ended do not end");
            }
            sleep(Duration::from_millis(50)).await;
        }
        database.close().await?;
        for core in &mut self.stage.cores {
            core.start().await?;
        }
        Ok(())
    }

    async fn conclude(
        &mut self,
        load: &Arc<Load>,
        setting: Setting,
        faults: BTreeMap<Fault, u64>,
        broken_for: Duration,
    ) -> Result<Report> {
        let mut database = PgConnection::connect(&self.stage.superuser_url()).await?;
        let mut operations = load.journal.take();
        let unknown = settle(load, &mut operations, &mut database).await?;
        let audit = self.stage.audit().await;
        let began_micros = load.journal.began_micros();
        let verified = verify(operations, &mut database, began_micros, audit).await?;
        database.close().await?;
        let log: String = self.stage.cores.iter().map(CoreProcess::log).collect();
        Ok(Report::new(
            setting, faults, broken_for, unknown, verified, &log,
        ))
    }

    /// The ends of the cores' logs, for whoever has to find out why.
    fn last_words(&self) -> String {
        let logs = self.stage.cores.iter().map(CoreProcess::log);
        let ends = logs.enumerate().map(|(number, log)| {
            let lines: Vec<&str> = log.lines().collect();
            let end = lines.split_at(lines.len().saturating_sub(15)).1;
            format!("core {}:\n  {}", number + 1, end.join("\n  "))
        });
        ends.collect::<Vec<_>>().join("\n")
    }
}

fn socket_of(database: &PgConnectOptions) -> Result<PathBuf> {
    let host = database.get_host();
    let folder = database
        .get_socket()
        .cloned()
        .or_else(|| host.starts_with('/').then(|| PathBuf::from(host)));
    let folder = folder.context("a private server has a socket")?;
    Ok(folder.join(format!(".s.PGSQL.{}", database.get_port())))
}

/// A rule of the soak's own: one request id that no check of the product's knows, and that the
/// database refuses, so that whole batches are.
async fn refuse_some(superuser_url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(superuser_url).await?;
    let rule = format!(
        "alter table entry add constraint soak_refuses
            check (request_id is distinct from '{REFUSED_REQUEST_ID}')"
    );
    sqlx::raw_sql(AssertSqlSafe(rule))
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(())
}
