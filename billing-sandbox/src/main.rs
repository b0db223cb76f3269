//! `billing-sandbox`: stands in for Stripe while one develops.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use billing_sandbox::{Options, Sandbox};
use billing_telemetry::log::{self, LogOptions};
use clap::Parser;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Stands in for Stripe while one develops: the same API, in memory, with a page on which to pay
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
            report(error.as_ref());
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

/// To stderr and not to the log, which may not have begun.
fn report(error: &dyn Error) {
    let mut text = format!("billing-sandbox: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    let _ = writeln!(std::io::stderr(), "{text}");
}
