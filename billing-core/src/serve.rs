//! Puts the core together, serves it, and takes it down in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use billing_proto::FILE_DESCRIPTOR_SET;
use billing_proto::v1::account_service_server::AccountServiceServer;
use billing_proto::v1::admin_service_server::AdminServiceServer;
use billing_proto::v1::balance_service_server::BalanceServiceServer;
use billing_proto::v1::operator_service_server::OperatorServiceServer;
use billing_proto::v1::payment_service_server::PaymentServiceServer;
use billing_proto::v1::price_service_server::PriceServiceServer;
use billing_proto::v1::sponsorship_service_server::SponsorshipServiceServer;
use billing_telemetry::admin::Readiness;
use billing_telemetry::slow::SlowLog;
use metrics::{describe_gauge, gauge};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Router;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::HealthReporter;
use tower::layer::util::Stack;
use tracing::{info, warn};

use crate::admin::Overviews;
use crate::admin_change::Turns;
use crate::auth::ServiceToken;
use crate::config::{Earlier, ServeOptions, Tuning};
use crate::database::{Database, Settings};
use crate::decisions::DecisionCounters;
use crate::entry::Histories;
use crate::heartbeat::Pulse;
use crate::ledger::{Batcher, BatcherOptions, Reader, hot_path};
use crate::outbox;
use crate::payment::{
    Breaker, EventBatcher, Limits as PaymentLimits, Pace, Payments, RefundTerms, counted,
};
use crate::port::{Limits, Port};
use crate::price::CataloguePulse;
use crate::rpc::{Deadlines, RpcLayer};
use crate::sponsorship::{SponsorshipReader, message};
use crate::{Core, endpoint, heartbeat, ledger, migrate, warnings};

/// Largest message that is read: an order of magnitude above the largest that makes sense.
const MESSAGE_MAX: usize = 256 * 1024;
/// A provider's report comes with its body as it was sent, of 1 MiB at most.
const EVENT_MAX: usize = MESSAGE_MAX + 1024 * 1024;
const HEADERS_MAX: u32 = 16 * 1024;
const DEADLINE_MOST: Duration = Duration::from_mins(1);
const PRIMARY_AGAIN: Duration = Duration::from_secs(1);
const POOL_WAIT: Duration = Duration::from_secs(1);
/// What keeps the core alive, the price list's refresh and the sweep, has a connection each: no call can
/// take them.
const UPKEEP: u32 = 2;
/// Whoever pays would rather wait.
const PAYMENT_WAIT: Duration = Duration::from_secs(3);

/// Serves until `shutdown`, then answers what has begun and returns. `readiness` is true while calls
/// are answered, until the core is to leave.
pub async fn serve(
    options: &ServeOptions,
    listener: TcpListener,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let tokens = options.tokens()?;
    warnings::of_options(options, tokens.as_deref());
    describe_gauge!(
        "billing_core_ready",
        "1 while `/readyz` answers 200, else 0."
    );
    show_ready(false);
    let database = Database::at(options.database_url()?)
        .context("DATABASE_URL")?
        .acknowledging(options.acknowledge_before_durable.map(Earlier::name));
    let Some(pool) = connect(&database, &options.tuning, &shutdown).await? else {
        return Ok(());
    };
    let upkeep = database.pool(UPKEEP, POOL_WAIT, &bounded());
    let folder = options.outbox_dir.as_deref();
    outbox::relay::switch_events_on(folder, &options.events, &pool)
        .await
        .context("events cannot be switched on")?;
    let background = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let core = start(&database, &pool, &upkeep, options, &background, &mut tasks).await?;
    let sweeping = ledger::sweep(upkeep.clone(), core.batcher.clone(), background.clone());
    tokio::spawn(sweeping);
    tokio::spawn(message::watch(upkeep.clone(), background.clone()));

    let mut relays = outbox::relay::start(
        folder,
        &options.events,
        &options.mail,
        &core.links,
        &pool,
        &background,
    )?;
    endpoint::start(&options.endpoints, &pool, &background, &mut relays);

    let (reporter, health) = tonic_health::server::health_reporter();
    let pools = [pool.clone(), upkeep.clone()];
    tell_readiness(&core, database, pools, &reporter, &readiness, &background).await;

    let router = router(options, tokens, &core, health)?;
    info!("serving");
    let incoming = Port::new(listener, Limits::of(&options.tuning));
    tokio::select! {
        served = router.serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned()) => {
            served.context("gRPC server failed")?;
        }
        () = drained(&shutdown, options.tuning.drain()) => warn!("calls still in flight after the time to drain"),
        ended = tasks.join_next() => anyhow::bail!("a task of the ledger ended: {ended:?}"),
    }
    publish(&reporter, &readiness, false).await;
    background.cancel();
    drop(core);
    carry_out_the_rest(&mut tasks, options.tuning.drain()).await;
    while relays.join_next().await.is_some() {}
    pool.close().await;
    upkeep.close().await;
    info!("stopped");
    Ok(())
}

/// Says from now on whether calls are answered, by the heartbeat of the database.
async fn tell_readiness(
    core: &Core,
    database: Database,
    [pool, upkeep]: [PgPool; 2],
    reporter: &HealthReporter,
    readiness: &Readiness,
    background: &CancellationToken,
) {
    let (histories, payments) = (core.histories.pool().clone(), core.payments.pool.clone());
    let pools = vec![pool, upkeep, histories, payments];
    let pulse = heartbeat::start(database, pools, background.clone()).await;
    publish(reporter, readiness, heartbeat::is_alive(&pulse)).await;
    tokio::spawn(watch(
        core.clone(),
        pulse,
        reporter.clone(),
        readiness.clone(),
        background.clone(),
    ));
}

/// The last handles of the ledger are gone: its lanes carry out what still waits, and end.
async fn carry_out_the_rest(tasks: &mut JoinSet<()>, time: Duration) {
    let carried_out = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(time, carried_out).await.is_err() {
        warn!("commands still waiting after the time to drain");
    }
}

/// Every service, behind the one layer that each call passes.
fn router(
    options: &ServeOptions,
    tokens: Option<Vec<ServiceToken>>,
    core: &Core,
    health: HealthServer<impl Health>,
) -> anyhow::Result<Router<Stack<RpcLayer, tower::layer::util::Identity>>> {
    let core = || core.clone();
    Ok(server(options)?
        .layer(RpcLayer::new(
            tokens,
            deadlines(&options.tuning),
            options.tuning.calls_max(),
            &SlowLog::from(&options.slow),
            rpc_paths(),
        ))
        .add_service(health)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .add_service(BalanceServiceServer::new(core()).max_decoding_message_size(MESSAGE_MAX))
        .add_service(PriceServiceServer::new(core()).max_decoding_message_size(MESSAGE_MAX))
        .add_service(AccountServiceServer::new(core()).max_decoding_message_size(MESSAGE_MAX))
        .add_service(OperatorServiceServer::new(core()).max_decoding_message_size(MESSAGE_MAX))
        .add_service(AdminServiceServer::new(core()).max_decoding_message_size(MESSAGE_MAX))
        .add_service(SponsorshipServiceServer::new(core()).max_decoding_message_size(MESSAGE_MAX))
        .add_service(PaymentServiceServer::new(core()).max_decoding_message_size(EVENT_MAX)))
}

fn deadlines(tuning: &Tuning) -> Deadlines {
    Deadlines {
        default: tuning.deadline(),
        most: DEADLINE_MOST,
    }
}

/// The end of the time that calls in flight have after `shutdown`.
async fn drained(shutdown: &CancellationToken, time: Duration) {
    shutdown.cancelled().await;
    info!("draining");
    tokio::time::sleep(time).await;
}

/// The ledger on a database: lanes, reader, price list. The tasks end when the core is dropped.
pub async fn start(
    database: &Database,
    pool: &PgPool,
    upkeep: &PgPool,
    options: &ServeOptions,
    background: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<Core> {
    let tuning = &options.tuning;
    let links = Arc::new(options.unsubscribe.links()?);
    counted::begin_with_all(pool)
        .await
        .context("cannot read which providers there are")?;
    let catalogue = CataloguePulse::start(upkeep.clone(), background.clone())
        .await
        .context("cannot read the price list")?;
    let batching = BatcherOptions {
        lanes: tuning.lanes(),
        batch_max: tuning.batch_max.into(),
        queue_max: usize::try_from(tuning.queue_max).unwrap_or(usize::MAX),
    };
    let rate_age_max = Duration::from_hours(tuning.rate_max_age_hours);
    let pace = Pace {
        batch_max: tuning.provider_event_batch.into(),
        rest_max: Duration::from_millis(tuning.provider_event_rest_ms),
    };
    let events = EventBatcher::start(database, &catalogue, rate_age_max, pace, tasks);
    let payment_pool = payment_pool(database, tuning);
    Ok(Core {
        batcher: Batcher::start(database, &catalogue, batching, tasks),
        reader: Reader::start(database, tasks),
        sponsorship: SponsorshipReader::start(database, tasks),
        pool: pool.clone(),
        turns: Turns::of([pool, &payment_pool]),
        histories: Histories::new(histories_pool(database, tuning)),
        decisions: Arc::new(DecisionCounters::default()),
        payments: Payments {
            pool: payment_pool,
            reads: pool.clone(),
            catalogue: catalogue.clone(),
            events,
            limits: PaymentLimits {
                breaker: Breaker {
                    declines: tuning.declines_max,
                    window: Duration::from_mins(10),
                },
                rate_age_max,
            },
            refund_terms: RefundTerms {
                days: tuning.refund_days,
            },
        },
        links,
        overviews: Overviews::default(),
        outbox_dir: options.outbox_dir.as_deref().map(Arc::from),
        catalogue,
    })
}

/// Its statements find their rows by key, as those of the ledger do that share their transactions.
fn payment_pool(database: &Database, tuning: &Tuning) -> PgPool {
    database.pool(tuning.payment_pool_max, PAYMENT_WAIT, &hot_path())
}

/// What is found depends on how long a history is, so each statement is planned for the account that it is
/// about; and keeps one of the server's processors busy at most.
fn histories_pool(database: &Database, tuning: &Tuning) -> PgPool {
    let settings = bounded().with([
        ("plan_cache_mode", "force_custom_plan"),
        ("max_parallel_workers_per_gather", "0"),
    ]);
    database.read_pool(tuning.pool_max, POOL_WAIT, &settings)
}

/// No statement, and no wait for a lock, goes on for ever; nor without the one who asked, whom the
/// server looks for meanwhile.
fn bounded() -> Settings {
    Settings::default().with([
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
        ("client_connection_check_interval", "200ms"),
    ])
}

/// The pool for histories and prices, once there is a primary: a core that starts on a standby waits,
/// and is not ready; none where it is told to stop meanwhile.
async fn connect(
    database: &Database,
    tuning: &Tuning,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<PgPool>> {
    database
        .require_sessions()
        .await
        .context("cannot connect to the database")?;
    loop {
        let Err(unreached) = database.connect(&Settings::default()).await else {
            break;
        };
        if !unreached.has_standby() {
            return Err(unreached).context("cannot connect to the database");
        }
        warn!(%unreached, "waiting for a primary");
        tokio::select! {
            () = shutdown.cancelled() => return Ok(None),
            () = tokio::time::sleep(PRIMARY_AGAIN) => {}
        }
    }
    let pool = database.pool(tuning.pool_max, POOL_WAIT, &bounded());
    migrate::require_current(&pool).await?;
    warnings::of_database(&pool).await?;
    Ok(Some(pool))
}

pub(crate) fn server(options: &ServeOptions) -> anyhow::Result<Server> {
    let mut server = Server::builder()
        .max_concurrent_streams(options.tuning.streams())
        // Where this process stood still while its callers' deadlines passed, it finds all their
        // calls given up at once. That is no attack, to be answered by ending the connection under
        // calls that are being carried out. Whoever does so without a token is ended by `port`.
        .http2_max_pending_accept_reset_streams(usize::try_from(options.tuning.streams()).ok())
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .http2_max_header_list_size(HEADERS_MAX);
    if let Some(age) = options.tuning.connection_age() {
        // Without a grace: with one, tonic 0.14 cuts connections off and says nothing before.
        server = server.max_connection_age(age);
    }
    let (Some(cert), Some(key)) = (&options.tls_cert, &options.tls_key) else {
        return Ok(server);
    };
    let read = |path: &std::path::Path| {
        std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut tls = ServerTlsConfig::new().identity(Identity::from_pem(read(cert)?, read(key)?));
    if let Some(authority) = &options.tls_client_ca {
        tls = tls.client_ca_root(Certificate::from_pem(read(authority)?));
    }
    server.tls_config(tls).context("TLS certificate or key")
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// The path of every RPC of the contract.
fn rpc_paths() -> Vec<String> {
    use prost::Message;
    let Ok(files) = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET) else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    for file in files.file {
        for service in &file.service {
            for method in &service.method {
                paths.push(format!(
                    "/{}.{}/{}",
                    file.package(),
                    service.name(),
                    method.name()
                ));
            }
        }
    }
    paths
}

/// Ready is who can decide: what it writes is committed, and the price list is fresh.
async fn watch(
    core: Core,
    pulse: Pulse,
    reporter: HealthReporter,
    readiness: Readiness,
    background: CancellationToken,
) {
    loop {
        tokio::select! {
            () = background.cancelled() => return,
            () = readiness.left() => return publish(&reporter, &readiness, false).await,
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
        let (beats, priced) = (heartbeat::is_alive(&pulse), core.catalogue.fresh().is_ok());
        let ready = beats && priced;
        if ready != readiness.is_ready() {
            warn!(ready, commits = beats, prices = priced, "readiness changed");
            publish(&reporter, &readiness, ready).await;
        }
        core.batcher.show();
        let pools = [&core.pool, core.histories.pool()];
        let open: u32 = pools.iter().map(|pool| pool.size()).sum();
        let idle: usize = pools.iter().map(|pool| pool.num_idle()).sum();
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        gauge!("billing_pool_connections", "state" => "idle").set(f64::from(idle));
        gauge!("billing_pool_connections", "state" => "used")
            .set(f64::from(open.saturating_sub(idle)));
    }
}

fn show_ready(ready: bool) {
    gauge!("billing_core_ready").set(f64::from(u8::from(ready)));
}

async fn publish(reporter: &HealthReporter, readiness: &Readiness, ready: bool) {
    readiness.set(ready);
    show_ready(ready);
    let status = if ready {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    for service in [
        "",
        "billing.v1.BalanceService",
        "billing.v1.PriceService",
        "billing.v1.SponsorshipService",
        "billing.v1.AccountService",
        "billing.v1.PaymentService",
        "billing.v1.OperatorService",
        "billing.v1.AdminService",
    ] {
        reporter.set_service_status(service, status).await;
    }
}
