//! A private PostgreSQL that lives as long as this program: no TCP port, a Unix socket in a
//! folder that only its account (and root) can enter.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use billing_stage::postgres::Server;
//!
//! let mut server = Server::throw_away().await?;
//! let url = server.create_database("ledger").await?;
//! server.kill().await?; // SIGKILL; every client loses its connection
//! server.start().await?; // recovers; what was committed is there
//! server.freeze()?; // alive and deaf
//! server.thaw()?;
//! server.stop().await?;
//! # Ok(())
//! # }
//! ```

pub mod binaries;
mod leftover;
mod npm;
mod place;
mod run_as;
pub mod scratch;
mod server;

pub use place::lock;
pub use server::Server;
