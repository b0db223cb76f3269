//! What the public surface allows.

use std::num::NonZeroU32;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::Args;

/// What the public surface allows.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Public surface")]
pub struct HttpSettings {
    /// Origins whose pages may call, exact, separated by commas; empty: none
    #[arg(long, env = "CORS_ORIGINS", default_value = "")]
    pub cors_origins: String,

    /// Further headers that those pages may send, separated by commas; those of ours and of tracing they may
    #[arg(long, env = "CORS_HEADERS", default_value = "")]
    pub cors_headers: String,

    /// How many proxies of ours stand in front, each adding to X-Forwarded-For
    #[arg(long, env = "TRUSTED_PROXIES", default_value_t = 0)]
    pub trusted_proxies: u8,

    /// Requests that one user may make in a minute
    #[arg(long, env = "BILLING_RATE_LIMIT_USER", default_value = "600")]
    pub rate_limit_user: NonZeroU32,

    /// Requests that one client address may make in a minute
    #[arg(long, env = "BILLING_RATE_LIMIT_IP", default_value = "1200")]
    pub rate_limit_ip: NonZeroU32,

    /// How often one client address may ask for the wall of supporters in a minute, and as often for the
    /// progress of the month
    #[arg(long, env = "BILLING_RATE_LIMIT_PUBLIC", default_value = "60")]
    pub rate_limit_public: NonZeroU32,

    /// Requests that are answered at the same time; more are refused with 503
    #[arg(long, env = "BILLING_GATEWAY_MAX_REQUESTS", default_value = "1024",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_requests: u32,

    /// Threads that serve requests; 0: half of the machine's processors, since other services need
    /// some too
    #[arg(long, env = "BILLING_GATEWAY_WORKER_THREADS", default_value_t = 0)]
    pub worker_threads: usize,

    /// Connections that are open at the same time; where more come, the address with the most loses
    /// its oldest on which no request is being answered
    #[arg(long, env = "BILLING_GATEWAY_MAX_CONNECTIONS", default_value = "8192",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// Webhooks that the core is told of at the same time; more wait for their turn
    #[arg(long, env = "BILLING_GATEWAY_WEBHOOKS_AT_ONCE", default_value = "32",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub webhooks_at_once: u16,

    /// How long one request may take, its body included, in seconds
    #[arg(long, env = "BILLING_GATEWAY_REQUEST_TIMEOUT_SECS", default_value = "15",
          value_parser = clap::value_parser!(u64).range(1..=300))]
    pub request_timeout_secs: u64,

    /// For how long after SIGTERM the gateway is not ready and takes requests all the same, until whoever
    /// spreads them has seen it, in seconds; at least five where something does. Then it drains
    #[arg(long, env = "BILLING_GATEWAY_LEAVE_SECS", default_value = "0",
          value_parser = clap::value_parser!(u64).range(0..=300))]
    pub leave_secs: u64,

    /// How long requests may finish after SIGTERM and the time to leave, or SIGINT, in seconds
    #[arg(long, env = "BILLING_GATEWAY_DRAIN_SECS", default_value = "10",
          value_parser = clap::value_parser!(u64).range(0..=300))]
    pub drain_secs: u64,
}

/// Bounds in time, size and number on what clients send.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// For the head of a request; an idle connection is closed after it too.
    pub header_timeout: Duration,
    pub body_timeout: Duration,
    pub body_bytes: usize,
    /// What bodies take together while they are read, in bytes.
    pub bodies_bytes: usize,
    pub request_timeout: Duration,
    pub max_requests: u32,
    pub max_connections: u32,
    pub webhooks_at_once: u16,
    pub leave: Duration,
    pub drain: Duration,
}

impl HttpSettings {
    /// How many threads serve requests.
    pub(crate) fn threads(&self) -> usize {
        match self.worker_threads {
            0 => available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
            threads => threads,
        }
    }
}

impl From<HttpSettings> for HttpLimits {
    fn from(http: HttpSettings) -> Self {
        Self {
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            body_bytes: 1024 * 1024,
            // Room for a usual webhook on half of the connections: a storm is read as it comes.
            bodies_bytes: 128 * 1024 * 1024,
            request_timeout: Duration::from_secs(http.request_timeout_secs),
            max_requests: http.max_requests,
            max_connections: http.max_connections,
            webhooks_at_once: http.webhooks_at_once,
            leave: Duration::from_secs(http.leave_secs),
            drain: Duration::from_secs(http.drain_secs),
        }
    }
}
