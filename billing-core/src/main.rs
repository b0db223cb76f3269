//! The `billing-core` binary: reads the settings, then serves, migrates, audits or makes a token.

use std::process::ExitCode;

use anyhow::Context;
use billing_core::command::{Cli, CoreCommand};
use billing_core::config::ServeOptions;
use billing_core::{doctor, migrate, operator, serve};
use billing_telemetry::{admin, log, stop};
use clap::Parser;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{Level, enabled, error, info};

/// A call allocates and frees some hundred small pieces: this takes a ninth fewer instructions for all
/// of it than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    // Before any connection: rustls knows no provider of its own.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        eprintln!("billing-core: another TLS provider is installed");
        return ExitCode::FAILURE;
    }
    let threads = match &cli.command {
        None => cli.serve.tuning.threads(),
        Some(CoreCommand::Serve(options)) => options.tuning.threads(),
        Some(_) => 1,
    };
    // A thread alone runs its tasks in the order in which they became ready: all answers of a batch are
    // encoded before their connections write, which then write once for many.
    let runtime = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    }
    .worker_threads(threads)
    .enable_all()
    .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(error.into()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("billing-core: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli
        .command
        .unwrap_or_else(|| CoreCommand::Serve(Box::new(cli.serve)))
    {
        CoreCommand::Serve(options) => serve_until_signal(&options).await,
        CoreCommand::Migrate(options) => migrate::run(&options).await.map(|()| ExitCode::SUCCESS),
        CoreCommand::Doctor(options) => Ok(Box::pin(doctor::run(&options)).await),
        CoreCommand::Audit(options) => operator::audit(&options).await,
        CoreCommand::Payments(command) => operator::payments(command).await,
        CoreCommand::Accounts(command) => operator::accounts(command)
            .await
            .map(|()| ExitCode::SUCCESS),
        CoreCommand::Person(command) => operator::person(command).await,
        CoreCommand::Prices(command) => operator::prices(command).await.map(|()| ExitCode::SUCCESS),
        CoreCommand::Tenant(command) => operator::tenant(command).await.map(|()| ExitCode::SUCCESS),
        CoreCommand::Messages(command) => operator::messages(command).await,
        CoreCommand::Switch(command) => operator::switches(command)
            .await
            .map(|()| ExitCode::SUCCESS),
        CoreCommand::Outbox(command) => operator::outbox(command).await,
        CoreCommand::Endpoints(command) => operator::endpoints(command).await,
        CoreCommand::Token(options) => operator::token(&options),
    }
}

async fn serve_until_signal(options: &ServeOptions) -> anyhow::Result<ExitCode> {
    let _guard = log::init(&options.log, "billing-core")?;
    let metrics = admin::install_metrics()?;
    admin::show_build("billing-core", env!("CARGO_PKG_VERSION"));
    let readiness = admin::Readiness::new();
    let shutdown = stop::on_signals(readiness.clone(), options.tuning.leave())?;
    let admin_listener = bind(options.admin_addr, "the admin port").await?;
    let listener = bind(options.grpc_addr, "gRPC").await?;
    info!(grpc = %listener.local_addr()?, admin = %admin_listener.local_addr()?, "listening");
    // The admin port outlives the drain, so that probes see it.
    let admin_shutdown = CancellationToken::new();
    let admin_server = tokio::spawn(admin::serve(
        admin_listener,
        metrics,
        readiness.clone(),
        admin_shutdown.clone(),
    ));
    let served = serve::serve(options, listener, readiness, shutdown).await;
    admin_shutdown.cancel();
    admin_server.await??;
    if let Err(error) = &served
        && enabled!(Level::ERROR)
    {
        // Said once, in the one line of the log.
        error!("{error:#}");
        return Ok(ExitCode::FAILURE);
    }
    served.map(|()| ExitCode::SUCCESS)
}

async fn bind(address: std::net::SocketAddr, what: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} for {what}"))
}
