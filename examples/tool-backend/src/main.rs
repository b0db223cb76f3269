//! The example's binary: settings, logs, a port, and an orderly end.

use std::process::ExitCode;

use billing_telemetry::log;
use clap::Parser as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tool_backend::Backend;
use tool_backend::config::{Config, SERVICE_NAME};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    match run(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            eprintln!("{SERVICE_NAME}: {text}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: &Config) -> Result<(), Box<dyn std::error::Error>> {
    let _guard = log::init(&config.log, SERVICE_NAME)?;
    let backend = Backend::new(config)?;
    let listener = TcpListener::bind(config.addr).await?;
    tracing::info!(addr = %listener.local_addr()?, core = %config.core_url, "answering calls");
    let shutdown = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        stop.cancel();
    });
    backend.serve(listener, shutdown).await?;
    Ok(())
}
