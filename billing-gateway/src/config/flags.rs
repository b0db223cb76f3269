//! Settings as they are given, by flags or the environment. `--help` is made of this file.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use billing_telemetry::log::LogOptions;
use clap::Args;
use secrecy::SecretString;

use crate::providers::ProviderSettings;

/// The settings of the gateway, from flags or the environment.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Where the public REST surface listens
    #[arg(long, env = "BILLING_GATEWAY_ADDR", default_value = "127.0.0.1:8080")]
    pub addr: SocketAddr,

    /// Where metrics and probes listen; keep it private
    #[arg(
        long,
        env = "BILLING_GATEWAY_ADMIN_ADDR",
        default_value = "127.0.0.1:9080"
    )]
    pub admin_addr: SocketAddr,

    #[command(flatten)]
    pub core: CoreSettings,

    #[command(flatten)]
    pub jwt: JwtSettings,

    #[command(flatten)]
    pub http: HttpSettings,

    #[command(flatten)]
    pub payment: PaymentSettings,

    #[command(flatten)]
    pub rate: RateSettings,

    #[command(flatten)]
    pub providers: ProviderSettings,

    #[command(flatten)]
    pub log: LogOptions,
}

/// How the gateway reaches the core.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Core")]
pub struct CoreSettings {
    /// The core's gRPC address, `http://` or `https://`
    #[arg(
        long,
        env = "BILLING_CORE_URL",
        default_value = "http://127.0.0.1:50051"
    )]
    pub core_url: String,

    /// The gateway's service token. Required
    #[arg(long, env = "BILLING_CORE_TOKEN", hide_env_values = true)]
    pub core_token: Option<SecretString>,

    /// PEM file of the authority that signed the core's certificate; absent: the system's
    #[arg(long, env = "BILLING_CORE_CA")]
    pub core_ca: Option<PathBuf>,

    /// How long one request waits for the core, retry included, in milliseconds
    #[arg(long, env = "BILLING_CORE_TIMEOUT_MS", default_value = "2000",
          value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub core_timeout_ms: u64,
}

/// Whose tokens are accepted, and how they are read.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Tokens of users")]
pub struct JwtSettings {
    /// The secret of HS256 tokens, at least 32 bytes. This or the JWKS URL is required
    #[arg(long, env = "JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Option<SecretString>,

    /// Where the public keys of tokens are fetched; https, or http on loopback
    #[arg(long, env = "JWT_JWKS_URL")]
    pub jwt_jwks_url: Option<String>,

    #[arg(
        long,
        env = "JWT_ALGORITHM",
        help = "The one algorithm that is accepted: HS256 with a secret (and then need not be \
                set); RS256, ES256 or EdDSA with a JWKS URL"
    )]
    pub jwt_algorithm: Option<String>,

    /// The `iss` that tokens must carry; absent: not checked
    #[arg(long, env = "JWT_ISSUER")]
    pub jwt_issuer: Option<String>,

    /// The `aud` that tokens must carry; absent: not checked
    #[arg(long, env = "JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,

    /// The claim that names the user, a string or an integer
    #[arg(long, env = "JWT_USER_CLAIM", default_value = "userId")]
    pub jwt_user_claim: String,

    /// The claim that names the tenant; absent: every user is of the default tenant
    #[arg(long, env = "JWT_TENANT_CLAIM")]
    pub jwt_tenant_claim: Option<String>,

    /// The claim that tells an administrator, who may refund; absent: nobody is one
    #[arg(long, env = "JWT_ADMIN_CLAIM")]
    pub jwt_admin_claim: Option<String>,

    /// What that claim holds, as its value or one of a list
    #[arg(long, env = "JWT_ADMIN_VALUE")]
    pub jwt_admin_value: Option<String>,

    /// The claim that holds the user's e-mail address, for mail; absent: none is sent
    #[arg(long, env = "JWT_EMAIL_CLAIM")]
    pub jwt_email_claim: Option<String>,

    /// The claim that holds the user's name, for mail; absent: mail names nobody
    #[arg(long, env = "JWT_NAME_CLAIM")]
    pub jwt_name_claim: Option<String>,

    /// The tenant of every user. Required where no tenant claim is set, and then the only one
    #[arg(long, env = "BILLING_DEFAULT_TENANT")]
    pub default_tenant: Option<String>,
}

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

    /// How long one request may take, its body included, in seconds
    #[arg(long, env = "BILLING_GATEWAY_REQUEST_TIMEOUT_SECS", default_value = "15",
          value_parser = clap::value_parser!(u64).range(1..=300))]
    pub request_timeout_secs: u64,

    /// How long requests may finish after SIGTERM or SIGINT, in seconds
    #[arg(long, env = "BILLING_GATEWAY_DRAIN_SECS", default_value = "10",
          value_parser = clap::value_parser!(u64).range(0..=300))]
    pub drain_secs: u64,
}

/// What a dollar costs in hryvnias.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Exchange rates")]
pub struct RateSettings {
    #[arg(
        long,
        env = "BILLING_RATE_SOURCE",
        default_value = "none",
        help = "Where the rate comes from: `none`, `nbu` (the National Bank of Ukraine) or \
                `static:41.50`"
    )]
    pub rate_source: String,

    /// Where the National Bank's rate is fetched; https, or http on loopback
    #[arg(
        long,
        env = "NBU_URL",
        default_value = "https://bank.gov.ua/NBUStatService/v1/statdirectory/exchange?valcode=USD&json"
    )]
    pub nbu_url: String,

    /// How often the rate is fetched, in seconds
    #[arg(long, env = "BILLING_RATE_SECS", default_value = "3600",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub rate_secs: u64,
}

/// Payments of every provider.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Payments")]
pub struct PaymentSettings {
    /// The most that is topped up at once, in whole US dollars
    #[arg(long, env = "BILLING_TOPUP_MAX_USD", default_value = "1000",
          value_parser = clap::value_parser!(u32).range(1..=999_999))]
    pub topup_max_usd: u32,

    /// The most that is topped up at once by a provider that is paid in hryvnias, in whole hryvnias
    #[arg(long, env = "BILLING_TOPUP_MAX_UAH", default_value = "40000",
          value_parser = clap::value_parser!(u32).range(10..=9_999_999))]
    pub topup_max_uah: u32,

    /// Payments that one user may create in a minute
    #[arg(long, env = "BILLING_PAYMENT_LIMIT_USER", default_value = "5")]
    pub payment_limit_user: NonZeroU32,

    /// Payments that may be created from one client address in a minute
    #[arg(long, env = "BILLING_PAYMENT_LIMIT_IP", default_value = "10")]
    pub payment_limit_ip: NonZeroU32,

    /// Payments that the users of one tenant may create in a minute
    #[arg(long, env = "BILLING_PAYMENT_LIMIT_TENANT", default_value = "120")]
    pub payment_limit_tenant: NonZeroU32,

    /// How often providers are asked about payments that stayed open, in seconds; 0: never
    #[arg(long, env = "BILLING_RECONCILE_SECS", default_value = "30",
          value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub reconcile_secs: u64,
}
