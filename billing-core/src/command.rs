//! The command line: every command of the core, one variant each.

use clap::{Parser, Subcommand};

use crate::config::ServeOptions;
use crate::doctor::DoctorOptions;
use crate::migrate::MigrateOptions;
use crate::operator::{
    AccountsCommand, AuditOptions, EndpointsCommand, MessagesCommand, OutboxCommand,
    PaymentsCommand, PersonCommand, PricesCommand, SwitchCommand, TenantCommand, TokenOptions,
};

/// The billing core: decides about money over gRPC, on committed data.
#[derive(Debug, Parser)]
#[command(
    name = "billing-core",
    version,
    about,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<CoreCommand>,
    #[command(flatten)]
    pub serve: ServeOptions,
}

#[derive(Debug, Subcommand)]
pub enum CoreCommand {
    /// Serve gRPC until SIGTERM or SIGINT; then answer what has begun, and exit. The default.
    Serve(Box<ServeOptions>),
    /// Change the schema, as the role that owns it.
    Migrate(MigrateOptions),
    /// Look at everything that a core with these settings stands on, and say what to mend. Exits with 1
    /// where something must be mended.
    Doctor(Box<DoctorOptions>),
    /// Check the books: every account against its entries, holds and refunds. Exits with 1 where
    /// they do not agree.
    Audit(AuditOptions),
    /// Look at payments, and at what needs an operator.
    #[command(subcommand)]
    Payments(PaymentsCommand),
    /// Look at accounts, and correct them.
    #[command(subcommand)]
    Accounts(AccountsCommand),
    /// Export what is stored of a person, or erase it.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Look at the prices of tools, and set them.
    #[command(subcommand)]
    Prices(PricesCommand),
    /// Look at how tenants are supported, and set it.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Look at the messages that wait to be shown on the wall, and judge them.
    #[command(subcommand)]
    Messages(MessagesCommand),
    /// Switch enforcement, webhooks or new payments off, and on again, while everything runs.
    #[command(subcommand)]
    Switch(SwitchCommand),
    /// Look at mail and events that could not be delivered.
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Look at the URLs that get a tenant's events as signed webhooks, and change them.
    #[command(subcommand)]
    Endpoints(EndpointsCommand),
    /// Print a fresh service token, and the line that admits it.
    Token(TokenOptions),
}
