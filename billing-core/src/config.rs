//! Every setting of the serving core: a flag and an environment variable each.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use billing_telemetry::log::LogOptions;
use billing_telemetry::slow::SlowOptions;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::{ServiceToken, parse_tokens};
use crate::database::secret;
use crate::endpoint::EndpointOptions;
use crate::outbox::amqp::EventOptions;
use crate::outbox::mail::MailOptions;
use crate::unsubscribe::UnsubscribeOptions;

#[derive(Debug, Args)]
pub struct ServeOptions {
    /// URL of the database, for a login role that is a member of `billing_app`.
    #[arg(long, env = "DATABASE_URL", value_parser = secret, hide_env_values = true)]
    pub database_url: Option<SecretString>,

    /// Answer before what is answered is safe from a crash of PostgreSQL or of its machine: the last
    /// charges, top-ups and refunds that were acknowledged may then be gone. None: never, whatever
    /// `synchronous_commit` the server, the database or the role has.
    #[arg(long, env = "BILLING_ACKNOWLEDGE_BEFORE_DURABLE")]
    pub acknowledge_before_durable: Option<Earlier>,

    /// Address for gRPC.
    #[arg(long, env = "BILLING_GRPC_ADDR", default_value = "127.0.0.1:50051")]
    pub grpc_addr: SocketAddr,

    /// Address for /metrics, /livez and /readyz. Keep it private.
    #[arg(long, env = "BILLING_ADMIN_ADDR", default_value = "127.0.0.1:9051")]
    pub admin_addr: SocketAddr,

    /// Service tokens that are admitted, each as `role:tenants:sha256hex` (see `billing-core
    /// token`), separated by `;` or white space. Several at once, so that one can be replaced
    /// without a pause. None at all only where gRPC listens on loopback: whoever is there is an
    /// administrator then.
    #[arg(
        long,
        env = "BILLING_SERVICE_TOKENS",
        default_value = "",
        hide_env_values = true,
        hide_default_value = true
    )]
    pub service_tokens: String,

    /// A file with more service tokens, one a line.
    #[arg(long, env = "BILLING_SERVICE_TOKENS_FILE")]
    pub service_tokens_file: Option<PathBuf>,

    /// PEM file with the certificate chain that gRPC is served with. None: no TLS.
    #[arg(long, env = "BILLING_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// PEM file with the certificate's private key.
    #[arg(long, env = "BILLING_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// PEM file with the authorities whose client certificates are required.
    #[arg(long, env = "BILLING_TLS_CLIENT_CA", requires = "tls_cert")]
    pub tls_client_ca: Option<PathBuf>,

    /// Where events are delivered where there is no broker, and mail where there is no mail server: a file
    /// each. None: mail waits in the database, and no events are written.
    #[arg(long, env = "BILLING_OUTBOX_DIR")]
    pub outbox_dir: Option<PathBuf>,

    #[command(flatten)]
    pub events: EventOptions,

    #[command(flatten)]
    pub endpoints: EndpointOptions,

    #[command(flatten)]
    pub mail: MailOptions,

    #[command(flatten)]
    pub unsubscribe: UnsubscribeOptions,

    #[command(flatten)]
    pub tuning: Tuning,

    #[command(flatten)]
    pub log: LogOptions,

    #[command(flatten)]
    pub slow: SlowOptions,
}

#[derive(Clone, Debug, Args)]
pub struct Tuning {
    /// Threads that serve requests. 0: half the machine's cores, since PostgreSQL needs the others.
    #[arg(long, env = "BILLING_WORKER_THREADS", default_value_t = 0)]
    pub worker_threads: usize,

    /// Connections that write, each with a share of the accounts; 0: one on a machine of two cores,
    /// else two. More than the cores that PostgreSQL may use gain nothing, and split the batches.
    #[arg(long, env = "BILLING_LANES", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=64))]
    pub lanes: u16,

    /// Most commands in one transaction.
    #[arg(long, env = "BILLING_BATCH_MAX", default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub batch_max: u16,

    /// Most commands that may wait in one lane; more are answered `RESOURCE_EXHAUSTED` at once. Each
    /// that waits takes about 10 KiB.
    #[arg(long, env = "BILLING_QUEUE_MAX", default_value_t = 2048)]
    pub queue_max: u32,

    /// Connections for prices and tenants, and as many again for histories and usage, of which one
    /// account has half at most.
    #[arg(long, env = "BILLING_POOL_MAX", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub pool_max: u32,

    /// Connections for payments, besides the one for what their providers report.
    #[arg(long, env = "BILLING_PAYMENT_POOL_MAX", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub payment_pool_max: u32,

    /// Most events of payments' providers in one transaction. More are done sooner in a storm of them,
    /// and checks and charges wait longer meanwhile.
    #[arg(long, env = "BILLING_PROVIDER_EVENT_BATCH", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub provider_event_batch: u16,

    /// Most milliseconds of rest after so many events, in which checks and charges have the machine. A
    /// rest is as long as it takes to do them, three times, but no longer.
    #[arg(long, env = "BILLING_PROVIDER_EVENT_REST_MS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub provider_event_rest_ms: u64,

    /// Declined attempts to pay within ten minutes from which on a tenant's new payments are paused,
    /// unless more than half as many were paid. Stolen cards are tried by the thousand. 0: never.
    #[arg(long, env = "BILLING_DECLINES_MAX", default_value_t = 30, value_parser = clap::value_parser!(i64).range(0..=1_000_000))]
    pub declines_max: i64,

    /// Days for which a payment can be refunded through billing. 0: for ever.
    #[arg(long, env = "BILLING_REFUND_DAYS", default_value_t = 30, value_parser = clap::value_parser!(i64).range(0..=3650))]
    pub refund_days: i64,

    /// Hours after which a rate is too old for a new payment in its currency.
    #[arg(long, env = "BILLING_RATE_MAX_AGE_HOURS", default_value_t = 48, value_parser = clap::value_parser!(u64).range(1..=8760))]
    pub rate_max_age_hours: u64,

    /// Seconds for an answer where the caller sets no deadline.
    #[arg(long, env = "BILLING_DEADLINE_SECS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub deadline_secs: u64,

    /// Most concurrent calls on one connection. 0: half of what may wait in all lanes, but 256 at
    /// least. Callers keep more to themselves until some are answered.
    #[arg(long, env = "BILLING_STREAMS_MAX", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=65_536))]
    pub streams_max: u32,

    /// Most connections for gRPC, of which a quarter may be without a call that had a valid token.
    /// Fewer where the limit of open files asks for it.
    #[arg(long, env = "BILLING_CONNECTIONS_MAX", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub connections_max: u32,

    /// Most connections for gRPC from one address. A proxy that does not keep its connections opens
    /// one for each call.
    #[arg(long, env = "BILLING_CONNECTIONS_PER_ADDRESS", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub connections_per_address: u32,

    /// Seconds in which the first call of a connection must come, TLS included.
    #[arg(long, env = "BILLING_FIRST_CALL_SECS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub first_call_secs: u64,

    /// Seconds for which a connection is used, a tenth more or less in each process. Then its caller
    /// is told to make another, so that load spreads over the cores that there are by now; calls under
    /// way are answered. For callers that reach cores directly and repeat what their connection loses.
    /// 0: for ever.
    #[arg(long, env = "BILLING_CONNECTION_AGE_SECS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub connection_age_secs: u64,

    /// Seconds after SIGTERM in which the core is not ready and takes calls all the same, until whoever
    /// spreads them has seen it. Then it drains. At least five where something does spread them.
    #[arg(long, env = "BILLING_LEAVE_SECS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=300))]
    pub leave_secs: u64,

    /// Seconds that calls in flight have to end after SIGTERM and the time to leave.
    #[arg(long, env = "BILLING_DRAIN_SECS", default_value_t = 20)]
    pub drain_secs: u64,
}

/// What a COMMIT waits for at the least, below what makes it safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Earlier {
    /// The standby's memory, and the own disk.
    RemoteWrite,
    /// The own disk, and no standby.
    Local,
    /// Nothing.
    Off,
}

impl Earlier {
    /// As PostgreSQL calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RemoteWrite => "remote_write",
            Self::Local => "local",
            Self::Off => "off",
        }
    }
}

impl ServeOptions {
    pub fn database_url(&self) -> anyhow::Result<&str> {
        self.database_url
            .as_ref()
            .map(ExposeSecret::expose_secret)
            .context("set DATABASE_URL or --database-url")
    }

    /// The tokens that are admitted; `None` where there are none and only loopback can call.
    pub fn tokens(&self) -> anyhow::Result<Option<Vec<ServiceToken>>> {
        let mut tokens = parse_tokens(&self.service_tokens)?;
        if let Some(path) = &self.service_tokens_file {
            let list = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            tokens.extend(parse_tokens(&list)?);
        }
        if !tokens.is_empty() {
            return Ok(Some(tokens));
        }
        if !self.grpc_addr.ip().is_loopback() {
            bail!(
                "no service token is set, and {} is no loopback address: set BILLING_SERVICE_TOKENS \
                 (`billing-core token` makes one)",
                self.grpc_addr
            );
        }
        Ok(None)
    }
}

impl Tuning {
    pub fn threads(&self) -> usize {
        if self.worker_threads > 0 {
            return self.worker_threads;
        }
        std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))
    }

    /// Most connections that a core has on the server. Of each whose session waits for a disk or a
    /// standby there may be one more, which was given up: of the lanes, of the reads and the events that
    /// are coalesced, and of the heartbeat.
    pub fn connections(&self) -> u32 {
        const COALESCED: u32 = 3;
        const EVENTS: u32 = 1;
        const HEARTBEAT: u32 = 1;
        const UPKEEP: u32 = 2;
        let lanes = u32::try_from(self.lanes()).unwrap_or(u32::MAX);
        let may_be_given_up = lanes.saturating_add(COALESCED + EVENTS + HEARTBEAT);
        may_be_given_up
            .saturating_mul(2)
            .saturating_add(UPKEEP)
            .saturating_add(self.pool_max.saturating_mul(2))
            .saturating_add(self.payment_pool_max)
    }

    pub fn lanes(&self) -> usize {
        match self.lanes {
            0 => self.threads().min(2),
            lanes => lanes.into(),
        }
    }

    /// Calls that are carried out at the same time, in all: twice what may wait for lanes, since
    /// reads and payments wait elsewhere.
    pub fn calls_max(&self) -> usize {
        self.waiting_max().saturating_mul(2).max(1024)
    }

    pub fn streams(&self) -> u32 {
        match self.streams_max {
            0 => u32::try_from(self.waiting_max() / 2).map_or(4096, |half| half.clamp(256, 4096)),
            streams => streams,
        }
    }

    fn waiting_max(&self) -> usize {
        let queue = usize::try_from(self.queue_max).unwrap_or(usize::MAX);
        queue.saturating_mul(self.lanes())
    }

    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_secs)
    }

    /// None: for ever.
    pub fn connection_age(&self) -> Option<Duration> {
        let percent = rand::random_range(90..=110);
        let age = Duration::from_secs(self.connection_age_secs) * percent / 100;
        (!age.is_zero()).then_some(age)
    }

    pub fn leave(&self) -> Duration {
        Duration::from_secs(self.leave_secs)
    }

    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_secs)
    }
}
