//! `billing-gateway`: the public REST surface of the billing service.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use billing_gateway::config::{Config, Settings};
use billing_gateway::doctor::{self, DoctorOptions};
use billing_gateway::{Tally, open_files};
use billing_telemetry::admin::Readiness;
use billing_telemetry::{log, stop};
use clap::{Parser, Subcommand};
use jiff::Timestamp;
use tokio::net::TcpListener;

/// The public REST surface of the billing service
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves requests until SIGTERM or SIGINT; the default
    Serve(Box<Settings>),
    /// Looks at everything that a gateway with these settings stands on, beside one that runs, and says
    /// what to mend; exits with 1 where something must be mended
    Doctor(Box<DoctorOptions>),
    /// Prints the OpenAPI document
    Openapi,
    /// Asks payment providers about every payment since a time, and books what was missed
    Reconcile {
        /// Payments that were created since then, RFC 3339
        #[arg(long, value_name = "TIME")]
        since: Timestamp,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Reads again what providers sent and could not be applied
    Replay {
        /// What was received since then, RFC 3339; absent: all of it
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = match cli.command {
        Some(Command::Doctor(options)) => return look(*options),
        Some(Command::Openapi) => print_openapi(),
        Some(Command::Serve(settings)) => serve(*settings),
        Some(Command::Reconcile { since, settings }) => reconcile(*settings, since),
        Some(Command::Replay { since, settings }) => replay(*settings, since),
        None => serve(cli.settings),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn print_openapi() -> Result<(), Box<dyn Error>> {
    let document = billing_gateway::openapi_json()?;
    std::io::stdout().write_all(document.as_bytes())?;
    Ok(())
}

fn look(options: DoctorOptions) -> ExitCode {
    if let Err(error) = install_tls() {
        let _ = writeln!(std::io::stderr(), "billing-gateway: {error}");
        return ExitCode::FAILURE;
    }
    open_files::allow_all();
    looked(options)
}

#[tokio::main]
async fn looked(options: DoctorOptions) -> ExitCode {
    doctor::run(options).await
}

/// rustls has no provider of its own in this build.
fn install_tls() -> Result<(), &'static str> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_other| "another TLS provider is installed already")
}

#[tokio::main]
async fn reconcile(settings: Settings, since: Timestamp) -> Result<(), Box<dyn Error>> {
    install_tls()?;
    let _log = log::init(&settings.log, "billing-gateway")?;
    let config = Config::try_from(settings)?;
    told(billing_gateway::reconcile(&config, since).await?)
}

#[tokio::main]
async fn replay(settings: Settings, since: Option<Timestamp>) -> Result<(), Box<dyn Error>> {
    install_tls()?;
    let _log = log::init(&settings.log, "billing-gateway")?;
    let config = Config::try_from(settings)?;
    told(billing_gateway::replay(&config, since).await?)
}

fn told(tally: Tally) -> Result<(), Box<dyn Error>> {
    writeln!(std::io::stdout(), "{tally}")?;
    if tally.is_good() {
        Ok(())
    } else {
        Err("something is left to be looked at".into())
    }
}

fn serve(settings: Settings) -> Result<(), Box<dyn Error>> {
    let threads = settings.threads();
    // One alone need not wake another to pass a request on.
    let runtime = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    }
    .worker_threads(threads)
    .enable_all()
    .build()?;
    runtime.block_on(serve_until_signal(settings))
}

async fn serve_until_signal(settings: Settings) -> Result<(), Box<dyn Error>> {
    install_tls()?;
    let _log = log::init(&settings.log, "billing-gateway")?;
    let config = Config::try_from(settings)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if let Some(why) = config.no_administrators() {
        tracing::info!("{why}");
    }
    open_files::allow_all();
    let listener = listen("BILLING_GATEWAY_ADDR", config.addr).await?;
    let admin_listener = listen("BILLING_GATEWAY_ADMIN_ADDR", config.admin_addr).await?;
    let readiness = Readiness::new();
    let shutdown = stop::on_signals(readiness.clone(), config.http.leave)?;
    tracing::info!(
        addr = %listener.local_addr()?,
        admin_addr = %admin_listener.local_addr()?,
        core = %config.core.url,
        "serving"
    );
    billing_gateway::run(config, listener, admin_listener, readiness, shutdown).await?;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(name: &str, addr: std::net::SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(addr)
        .await
        .map_err(|error| format!("{name}: cannot listen on {addr}: {error}"))
}

/// To stderr and not to the log, which may not have begun.
fn complain(error: &dyn Error) {
    let mut text = format!("billing-gateway: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    let _ = writeln!(std::io::stderr(), "{text}");
}
