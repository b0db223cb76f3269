//! Both services are restarted one by one behind the shipped `HAProxy`, under callers who ask nothing twice.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use billing_soak::callers::{Callers, set_tenant};
use billing_soak::journal::{Operation, Outcome};
use billing_soak::load::{Cast, Load, Mix};
use billing_stage::service::Service;
use billing_stage::{Stage, Tokens, beside, core_beside, free_address};
use billing_testkit::{Proxy, Upstream};
use jsonwebtoken::{EncodingKey, Header, encode};
use reqwest::{Certificate, Client};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::alone;
use crate::explained::is_explained;

/// Beyond it something hangs.
const BOUND: Duration = Duration::from_mins(2);
/// Operations a second, of which each is called for once to three times, and requests of browsers: more than
/// a build for tests manages beside the checker would only wait.
const GRPC: u32 = if cfg!(debug_assertions) { 300 } else { 1_800 };
const REST: u32 = if cfg!(debug_assertions) { 100 } else { 200 };
const GRPC_WORKERS: u64 = 48;
const REST_WORKERS: u32 = 16;
/// `HAProxy` asks each 500 ms.
const LEAVE_SECS: &str = "2";
/// As an orchestrator waits before it goes on to the next: `HAProxy` has found it ready twice.
const READY_FOR: Duration = Duration::from_millis(1_500);
/// Nobody gives up, nobody sends poison.
const MIX: Mix = Mix {
    poison: 0,
    impatient: 0,
    credulous: 0,
};
const JWT_SECRET: &str = "a secret of the tests, of 32 bytes or more";

/// A gateway that can be started again at the same addresses.
struct Gateway {
    addresses: [SocketAddr; 2],
    environment: Vec<(&'static str, String)>,
    program: PathBuf,
    log: PathBuf,
    service: Option<Service>,
}

impl Gateway {
    fn new(log: PathBuf) -> Result<Self> {
        Ok(Self {
            addresses: [free_address()?, free_address()?],
            environment: Vec::new(),
            program: beside("billing-gateway")?,
            log,
            service: None,
        })
    }

    async fn start(&mut self) -> Result<()> {
        let log = self.log.clone();
        let mut service = Service::start("gateway", &self.program, &self.environment, log)?;
        service.await_readiness(self.addresses[1]).await?;
        self.service = Some(service);
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        let service = self.service.take().context("the gateway does not run")?;
        service.stop().await
    }

    fn settings(&mut self, core: SocketAddr, tokens: &Tokens) {
        let [public, admin] = self.addresses;
        self.environment = [
            ("BILLING_GATEWAY_ADDR", public.to_string()),
            ("BILLING_GATEWAY_ADMIN_ADDR", admin.to_string()),
            ("BILLING_CORE_URL", format!("http://{core}")),
            ("BILLING_CORE_TOKEN", tokens.admin.clone()),
            ("BILLING_DEFAULT_TENANT", "web".to_owned()),
            ("JWT_SECRET", JWT_SECRET.to_owned()),
            ("TRUSTED_PROXIES", "1".to_owned()),
            ("BILLING_RATE_LIMIT_USER", "1000000".to_owned()),
            ("BILLING_RATE_LIMIT_IP", "1000000".to_owned()),
            ("BILLING_RECONCILE_SECS", "0".to_owned()),
            ("BILLING_GATEWAY_LEAVE_SECS", LEAVE_SECS.to_owned()),
        ]
        .into();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_both_services_roll_behind_a_proxy_no_request_fails_and_none_is_done_twice()
-> Result<()> {
    let (_alone, stage, tokens) = alone::set(0).await?;
    timeout(BOUND, roll(stage, &tokens)).await?
}

async fn roll(mut stage: Stage, tokens: &Tokens) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let settings = [("BILLING_LEAVE_SECS", LEAVE_SECS.to_owned())];
    let mut gateways = Vec::new();
    for number in 1..=2 {
        stage.add_core_of(core_beside()?, &settings)?;
        gateways.push(Gateway::new(
            folder.path().join(format!("gateway-{number}")),
        )?);
    }
    let Some(proxy) = before(&stage, &gateways).await else {
        return stage.clear().await;
    };
    for (core, gateway) in stage.cores.iter_mut().zip(&mut gateways) {
        gateway.settings(proxy.grpc, tokens);
        core.start().await?;
        gateway.start().await?;
    }
    set_tenant(stage.core(0)?.grpc, &tokens.admin).await?;
    sleep(READY_FOR).await;

    let callers = Callers::new(&[proxy.grpc], tokens)?;
    let load = Load::new(callers, Cast::of(30), MIX, Some(GRPC));
    load.endow().await;
    let began = Instant::now();
    let mut workers = load.start(GRPC_WORKERS, 1);
    let rest = Rest::start(proxy.https)?;
    load.journal.grown_by(200).await;
    for (core, gateway) in stage.cores.iter_mut().zip(&mut gateways) {
        tokio::try_join!(core.stop(), gateway.stop())?;
        tokio::try_join!(core.start(), gateway.start())?;
        sleep(READY_FOR).await;
    }
    load.journal.grown_by(200).await;
    load.stop();
    while let Some(worker) = workers.join_next().await {
        worker?;
    }
    let answers = rest.stop().await?;
    let operations = load.journal.take();
    let took = began.elapsed();
    all_are_answered(&operations, &answers, took)?;
    is_explained(&load, operations, &stage, &stage.superuser_url()).await?;
    for gateway in &mut gateways {
        gateway.stop().await?;
    }
    stage.clear().await
}

async fn before(stage: &Stage, gateways: &[Gateway]) -> Option<Proxy> {
    let cores = stage.cores.iter().map(|core| Upstream {
        address: core.grpc,
        admin: Some(core.admin),
    });
    let gateways = gateways.iter().map(|gateway| Upstream {
        address: gateway.addresses[0],
        admin: Some(gateway.addresses[1]),
    });
    Proxy::haproxy(&cores.collect::<Vec<_>>(), &gateways.collect::<Vec<_>>()).await
}

fn all_are_answered(
    operations: &[Operation],
    answers: &BTreeMap<String, usize>,
    took: Duration,
) -> Result<()> {
    let calls: usize = operations.iter().map(|asked| asked.tries.len()).sum();
    let count = operations.len();
    println!("in {took:?}: gRPC: {count} operations by {calls} calls; REST: {answers:?}");
    let failed = failed(operations);
    ensure!(
        failed.is_empty(),
        "{} calls failed: {:?}",
        failed.len(),
        failed.first()
    );
    ensure!(
        answers.len() == 1 && answers.contains_key("200"),
        "{answers:?}"
    );
    Ok(())
}

/// Those that a caller who asks once would not have had answered.
fn failed(operations: &[Operation]) -> Vec<&Operation> {
    let is_answered = |operation: &&Operation| {
        let mut tries = operation.tries.iter();
        !tries.all(|attempt| matches!(attempt.outcome, Outcome::Told(_)))
    };
    operations.iter().filter(is_answered).collect()
}

/// Browsers, each with a connection that it keeps.
struct Rest {
    stopping: Arc<AtomicBool>,
    workers: JoinSet<BTreeMap<String, usize>>,
}

impl Rest {
    fn start(door: SocketAddr) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../billing-gateway/tests/keys");
        let authority = std::fs::read(keys.join("tls/ca.pem"))?;
        let authority = Certificate::from_pem(&authority)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let stopping = Arc::new(AtomicBool::new(false));
        let mut workers = JoinSet::new();
        for number in 0..REST_WORKERS {
            let client = Client::builder()
                .no_proxy()
                .tls_certs_only([authority.clone()])
                .build()?;
            let claims = json!({"userId": format!("browser-{number}"), "exp": now + 600});
            let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
            let token = encode(&Header::default(), &claims, &key)?;
            workers.spawn(browse(client, door, token, Arc::clone(&stopping)));
        }
        Ok(Self { stopping, workers })
    }

    /// Every answer, counted.
    async fn stop(mut self) -> Result<BTreeMap<String, usize>> {
        self.stopping.store(true, Ordering::Relaxed);
        let mut answers = BTreeMap::new();
        while let Some(worker) = self.workers.join_next().await {
            for (answer, count) in worker? {
                *answers.entry(answer).or_default() += count;
            }
        }
        Ok(answers)
    }
}

/// Reads its balance and changes its settings by turns.
async fn browse(
    client: Client,
    door: SocketAddr,
    token: String,
    stopping: Arc<AtomicBool>,
) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    let mut ticks = interval(Duration::from_secs(1) * REST_WORKERS / REST);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reads = false;
    while !stopping.load(Ordering::Relaxed) {
        ticks.tick().await;
        reads = !reads;
        let request = if reads {
            client.get(format!("https://{door}/api/billing/balance"))
        } else {
            let settings = json!({"daily_limit_usd": 5});
            client
                .put(format!("https://{door}/api/billing/settings"))
                .json(&settings)
        };
        let answer = match request.bearer_auth(&token).send().await {
            Ok(answer) => match answer.status().as_u16() {
                200 => "200".to_owned(),
                status => format!("{status} {}", answer.text().await.unwrap_or_default()),
            },
            Err(error) => format!("{error:?}"),
        };
        *answers.entry(answer).or_default() += 1;
    }
    answers
}
