//! What the core is compared with, behind the same RPCs: a process of its own that serves the
//! contract's `CheckBalance` and `Charge` in other ways, each on a port.
//!
//! They are made to be fast, not to be used: a key that was used before is refused instead of
//! answered, nobody is asked for a token, and answers lack when a limit starts again.

mod careful;
mod child;
mod lean_pool;
mod savepoints;
mod select;
mod server;
mod standing;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use billing_proto::v1::{AccountRef, Cost, cost};
use clap::Args;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tonic::Status;
use uuid::Uuid;

pub use child::ReferenceProcess;

use crate::load::account_id;
use server::Answering;

/// One way to answer; the numbers are of connections to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    Empty,
    Select(u32),
    Lean(u32),
    Savepoints,
    Careful,
}

/// Sizes of pools; the run finds out which is best for what.
pub const POOLS: [u32; 4] = [1, 4, 16, 32];

/// A lone caller needs one; more do no harm.
const CAREFUL_POOL: u32 = 4;

impl Service {
    fn all() -> Vec<Self> {
        let mut all = vec![Self::Empty, Self::Savepoints, Self::Careful];
        all.extend(POOLS.map(Self::Select));
        all.extend(POOLS.map(Self::Lean));
        all
    }
}

/// Where each listens.
type Addresses = Vec<(Service, SocketAddr)>;

/// Serve the references until this process is ended. The benchmark starts this itself.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// URL of the database, for the core's login role.
    #[arg(long)]
    database_url: String,

    /// Threads that serve requests.
    #[arg(long)]
    threads: usize,
}

/// Serves on ports of its own choice, which it prints.
pub fn run(options: &Options) -> Result<()> {
    let mut builder = match options.threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder
        .worker_threads(options.threads)
        .enable_all()
        .build()?
        .block_on(serve(options))
}

async fn serve(options: &Options) -> Result<()> {
    let mut addresses = Addresses::new();
    for service in Service::all() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        addresses.push((service, listener.local_addr()?));
        let url = &options.database_url;
        let answering = match service {
            Service::Empty => Answering::Empty,
            Service::Select(size) => Answering::Select(pool(url, size).await?),
            Service::Lean(size) => Answering::Lean(pool(url, size).await?),
            Service::Savepoints => Answering::Savepoints(savepoints::Queue::start(url).await?),
            Service::Careful => Answering::Careful(pool(url, CAREFUL_POOL).await?),
        };
        tokio::spawn(server::serve(answering, listener));
    }
    println!("{}", serde_json::to_string(&addresses)?);
    std::future::pending().await
}

async fn pool(database_url: &str, size: u32) -> Result<PgPool> {
    PgPoolOptions::new()
        .min_connections(size)
        .max_connections(size)
        // A round trip for each request, which would be no fair comparison.
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_mins(1))
        .connect(database_url)
        .await
        .context("cannot connect to the database")
}

/// The account and the amount of a request.
fn parse(account: Option<AccountRef>, cost: Option<Cost>) -> Result<(Uuid, i64), Status> {
    let account = account.ok_or_else(|| Status::invalid_argument("account: must be given"))?;
    let Some(cost::Cost::AmountMicros(amount)) = cost.and_then(|cost| cost.cost) else {
        return Err(Status::invalid_argument("cost: must be an amount"));
    };
    if amount <= 0 {
        return Err(Status::invalid_argument("cost: must be more than 0"));
    }
    Ok((account_id(&account.tenant_id, &account.user_id), amount))
}

/// A fault of the database.
fn fault(error: &sqlx::Error) -> Status {
    Status::internal(error.to_string())
}
