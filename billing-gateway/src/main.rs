//! `billing-gateway`: the public REST surface of the billing service.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use billing_gateway::config::{Config, Settings};
use billing_telemetry::log;
use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

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
    /// Prints the OpenAPI document
    Openapi,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = match cli.command {
        Some(Command::Openapi) => print_openapi(),
        Some(Command::Serve(settings)) => serve(*settings),
        None => serve(cli.settings),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn print_openapi() -> Result<(), Box<dyn Error>> {
    let document = billing_gateway::openapi_json()?;
    std::io::stdout().write_all(document.as_bytes())?;
    Ok(())
}

#[tokio::main]
async fn serve(settings: Settings) -> Result<(), Box<dyn Error>> {
    // rustls has no provider of its own in this build.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        return Err("another TLS provider is installed already".into());
    }
    let _log = log::init(&settings.log, "billing-gateway")?;
    let config = Config::try_from(settings)?;
    let listener = listen("BILLING_GATEWAY_ADDR", config.addr).await?;
    let admin_listener = listen("BILLING_GATEWAY_ADMIN_ADDR", config.admin_addr).await?;
    let shutdown = CancellationToken::new();
    stop_on_signals(&shutdown)?;
    tracing::info!(
        addr = %listener.local_addr()?,
        admin_addr = %admin_listener.local_addr()?,
        core = %config.core.url,
        "serving"
    );
    billing_gateway::run(config, listener, admin_listener, shutdown).await?;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(name: &str, addr: std::net::SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(addr)
        .await
        .map_err(|error| format!("{name}: cannot listen on {addr}: {error}"))
}

fn stop_on_signals(shutdown: &CancellationToken) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        shutdown.cancel();
    });
    Ok(())
}

/// To stderr and not to the log, which may not have begun.
fn report(error: &dyn Error) {
    let mut text = format!("billing-gateway: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    let _ = writeln!(std::io::stderr(), "{text}");
}
