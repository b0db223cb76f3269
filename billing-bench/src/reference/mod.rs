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

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

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

/// One way to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    Empty,
    Select,
    /// The lean statement through pools of different sizes; the run finds out which is best.
    Lean1,
    Lean4,
    Lean16,
    Lean32,
    Savepoints,
    Careful,
}

impl Service {
    pub const LEAN: [Self; 4] = [Self::Lean1, Self::Lean4, Self::Lean16, Self::Lean32];

    const ALL: [Self; 8] = [
        Self::Empty,
        Self::Select,
        Self::Lean1,
        Self::Lean4,
        Self::Lean16,
        Self::Lean32,
        Self::Savepoints,
        Self::Careful,
    ];

    /// Connections to the database.
    pub const fn pool_size(self) -> u32 {
        match self {
            Self::Empty => 0,
            Self::Lean1 | Self::Savepoints => 1,
            Self::Lean4 => 4,
            Self::Lean16 | Self::Select | Self::Careful => 16,
            Self::Lean32 => 32,
        }
    }
}

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
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.threads)
        .enable_all()
        .build()?
        .block_on(serve(options))
}

async fn serve(options: &Options) -> Result<()> {
    let mut addresses = BTreeMap::new();
    for service in Service::ALL {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        addresses.insert(service, listener.local_addr()?);
        let answering = match service {
            Service::Empty => Answering::Empty,
            Service::Select => Answering::Select(pool(options, service).await?),
            Service::Lean1 | Service::Lean4 | Service::Lean16 | Service::Lean32 => {
                Answering::Lean(pool(options, service).await?)
            }
            Service::Savepoints => {
                Answering::Savepoints(savepoints::Queue::start(&options.database_url).await?)
            }
            Service::Careful => Answering::Careful(pool(options, service).await?),
        };
        tokio::spawn(server::serve(answering, listener));
    }
    announce(&addresses)?;
    std::future::pending().await
}

fn announce(addresses: &BTreeMap<Service, SocketAddr>) -> Result<()> {
    println!("{}", serde_json::to_string(addresses)?);
    Ok(())
}

async fn pool(options: &Options, service: Service) -> Result<PgPool> {
    PgPoolOptions::new()
        .min_connections(service.pool_size())
        .max_connections(service.pool_size())
        // A round trip for each request, which would be no fair comparison.
        .test_before_acquire(false)
        .acquire_timeout(std::time::Duration::from_mins(1))
        .connect(&options.database_url)
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
