//! What operators do on the command line, straight on the database: look at accounts and payments,
//! correct, price, switch. Money moves through the ledger here too.

mod accounts;
mod audit;
mod endpoints;
mod messages;
mod outbox;
mod payments;
mod person;
mod prices;
mod switches;
mod tenants;
mod token;

pub use accounts::{AccountsCommand, run as accounts};
pub use audit::{AuditOptions, run as audit};
pub use endpoints::{EndpointsCommand, run as endpoints};
pub use messages::{MessagesCommand, run as messages};
pub use outbox::{OutboxCommand, run as outbox};
pub use payments::{PaymentsCommand, run as payments};
pub use person::{PersonCommand, run as person};
pub use prices::{PricesCommand, run as prices};
pub use switches::{SwitchCommand, run as switches};
pub use tenants::{TenantCommand, run as tenant};
pub use token::{TokenOptions, run as token};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sqlx::PgPool;

use crate::database::{Database, Settings, secret};
use crate::ledger::hot_path;

/// Where the database is, and how the answer is printed.
#[derive(Debug, Args)]
pub struct Place {
    /// URL of the database, for a login role that is a member of `billing_app`.
    #[arg(long, env = "DATABASE_URL", value_parser = secret, hide_env_values = true)]
    pub database_url: SecretString,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Place {
    /// Connected as a core is.
    pub async fn connect(&self) -> anyhow::Result<PgPool> {
        Database::at(self.database_url.expose_secret())?
            .pool_at_once(&hot_path())
            .await
    }

    /// Prints one thing: as JSON, or a line for each member.
    pub fn print(&self, thing: &Value) {
        if self.json {
            println!("{thing}");
            return;
        }
        let Value::Object(members) = thing else {
            println!("{thing}");
            return;
        };
        for (name, value) in members {
            match value {
                Value::String(text) => println!("{name:<28} {text}"),
                other => println!("{name:<28} {other}"),
            }
        }
    }

    /// Prints a list: as one JSON array, or a line for each.
    pub fn print_all(&self, things: &[Value]) {
        if self.json {
            println!("{}", Value::from(things.to_vec()));
            return;
        }
        for thing in things {
            println!("{thing}");
        }
        println!("{} in all", things.len());
    }
}

async fn connect(url: &SecretString) -> anyhow::Result<PgPool> {
    Database::at(url.expose_secret())?
        .pool_at_once(&Settings::default())
        .await
}
