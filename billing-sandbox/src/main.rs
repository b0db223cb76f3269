//! `billing-sandbox`: stands in for Stripe and Fondy while one develops.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use billing_sandbox::{Options, Sandbox, Tls};
use billing_telemetry::log::{self, LogOptions};
use clap::Parser;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Stands in for Stripe and Fondy while one develops: the same APIs, in memory, with a page on which
/// to pay
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Where it listens
    #[arg(
        long,
        env = "BILLING_SANDBOX_ADDR",
        value_name = "ADDR",
        default_value = "127.0.0.1:4242"
    )]
    addr: SocketAddr,

    /// What callers must give as their key; any text but a live key
    #[arg(
        long,
        env = "STRIPE_SECRET_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    stripe_secret_key: SecretString,

    /// What webhooks are signed with
    #[arg(
        long,
        env = "STRIPE_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    stripe_webhook_secret: SecretString,

    /// Who is told of events, such as `http://127.0.0.1:8080/webhooks/stripe`; several, separated by
    /// commas, or none
    #[arg(
        long,
        env = "BILLING_SANDBOX_WEBHOOK_URL",
        value_name = "URL",
        value_delimiter = ','
    )]
    webhook_url: Vec<String>,

    /// Whose orders Fondy takes
    #[arg(
        long,
        env = "FONDY_MERCHANT_ID",
        value_name = "ID",
        default_value_t = billing_sandbox::FONDY_TEST_MERCHANT
    )]
    fondy_merchant_id: u64,

    /// What requests to Fondy, its answers and its callbacks are signed with
    #[arg(
        long,
        env = "FONDY_SECRET_KEY",
        hide_env_values = true,
        value_name = "SECRET",
        default_value = "test"
    )]
    fondy_secret: SecretString,

    /// How many times faster than Fondy it repeats callbacks, which does so after 2 s, 1 min, 5 min,
    /// 10 min, 1 h and 1 d
    #[arg(
        long,
        env = "BILLING_SANDBOX_FONDY_SPEEDUP",
        value_name = "FACTOR",
        default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    fondy_speedup: u32,

    /// Speaks TLS by this certificate (PEM, its own first)
    #[arg(
        long,
        env = "BILLING_SANDBOX_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,

    /// The certificate's key (PEM)
    #[arg(
        long,
        env = "BILLING_SANDBOX_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,

    /// Lets it listen where other machines reach it; whoever does may press every button
    #[arg(long)]
    public: bool,

    #[command(flatten)]
    log: LogOptions,
}

fn main() -> ExitCode {
    match serve(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(cli: Cli) -> Result<(), Box<dyn Error>> {
    let _log = log::init(&cli.log, "billing-sandbox")?;
    let mut options = Options::new(cli.stripe_secret_key, cli.stripe_webhook_secret);
    // A variable that is set to nothing names nobody.
    options.webhook_urls = cli.webhook_url;
    options.webhook_urls.retain(|url| !url.trim().is_empty());
    options.public = cli.public;
    options.fondy_merchant_id = cli.fondy_merchant_id;
    options.fondy_secret = cli.fondy_secret;
    options.fondy_retry_pauses = Options::fondy_retries(cli.fondy_speedup);
    if let (Some(certificates), Some(key)) = (&cli.tls_cert, &cli.tls_key) {
        options.tls = Some(Tls {
            certificates: read(certificates)?,
            key: read(key)?.into(),
        });
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(cli.addr).await.map_err(|error| {
        format!(
            "BILLING_SANDBOX_ADDR: cannot listen on {}: {error}",
            cli.addr
        )
    })?;
    let sandbox = Sandbox::start(listener, options)?;
    // One line on stdout: a script that starts it reads here where it is.
    writeln!(std::io::stdout(), "{}/", sandbox.url())?;
    tracing::info!(page = sandbox.url(), "serving");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    sandbox.stop().await;
    tracing::info!("stopped");
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// To stderr and not to the log, which may not have begun.
fn complain(error: &dyn Error) {
    let mut text = format!("billing-sandbox: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    let _ = writeln!(std::io::stderr(), "{text}");
}
