//! `billing-core endpoints`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Place;
use crate::endpoint::{self, EndpointState, KEPT_HOURS, NetworkOptions, NewEndpoint, Sender};
use crate::field;

const EXAMPLES: &str = "Examples:
  billing-core endpoints add --tenant acme --url https://acme.example/billing --owner dev@acme.example
  billing-core endpoints replay 019ac8d2-6a1e-7c11-9f0e-3f6f0a0b0c0d --from 2026-11-28T00:00:00Z";

#[derive(Debug, Subcommand)]
pub enum EndpointsCommand {
    /// Send a tenant's events to a URL from now on. Prints the endpoint's id, and the secret that its receiver checks
    /// them by: it is shown once.
    #[command(after_help = EXAMPLES)]
    Add(Addition),
    /// List endpoints: their state, what waits, and what went wrong last.
    List(Wanted),
    /// Send an event of the type `endpoint.test` now, from here. Exits with 1 where it is not taken.
    Test(Tried),
    /// Print another secret; the former ones sign beside it for some time.
    Rotate(Rotation),
    /// Send events again that were told from some time on and are still kept (30 days), in their order.
    Replay(Replay),
    /// Go on with a disabled endpoint where it stopped, or try at once what waits for its next attempt.
    Enable(Named),
    /// Send nothing to an endpoint; events wait for 30 days.
    Disable(Named),
    /// Forget an endpoint, its secrets, and what waits for it.
    Remove(Named),
}

#[derive(Debug, Args)]
pub struct Addition {
    /// Whose events.
    #[arg(long)]
    pub tenant: String,

    /// https, and on a public address, unless `BILLING_ENDPOINT_ALLOWED_NETWORKS` has its network.
    #[arg(long)]
    pub url: String,

    /// Who is mailed when it is disabled: an address.
    #[arg(long)]
    pub owner: String,

    /// The language of that mail: en or uk.
    #[arg(long, default_value = "en", value_parser = ["en", "uk"])]
    pub locale: String,

    #[command(flatten)]
    pub networks: NetworkOptions,

    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct Wanted {
    /// Of one tenant only.
    #[arg(long)]
    pub tenant: Option<String>,

    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct Named {
    /// The endpoint, as `list` names it.
    pub id: Uuid,

    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct Tried {
    #[command(flatten)]
    pub named: Named,

    #[command(flatten)]
    pub networks: NetworkOptions,
}

#[derive(Debug, Args)]
pub struct Rotation {
    #[command(flatten)]
    pub named: Named,

    /// Hours for which the former secrets sign, too.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(i64).range(0..=720))]
    pub keep: i64,
}

#[derive(Debug, Args)]
pub struct Replay {
    #[command(flatten)]
    pub named: Named,

    /// A moment, such as 2026-11-28T19:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub from: Timestamp,
}

pub async fn run(command: EndpointsCommand) -> anyhow::Result<ExitCode> {
    match command {
        EndpointsCommand::Add(addition) => add(addition).await,
        EndpointsCommand::List(wanted) => list(&wanted).await,
        EndpointsCommand::Test(tried) => test(&tried).await,
        EndpointsCommand::Rotate(rotation) => rotate(&rotation).await,
        EndpointsCommand::Replay(wanted) => replay(&wanted).await,
        EndpointsCommand::Enable(named) => {
            let is_there = endpoint::enable(&named.place.connect().await?, named.id).await?;
            Ok(told(&named, is_there, "enabled"))
        }
        EndpointsCommand::Disable(named) => {
            let is_there = endpoint::disable(&named.place.connect().await?, named.id).await?;
            Ok(told(&named, is_there, "disabled"))
        }
        EndpointsCommand::Remove(named) => {
            let is_there = endpoint::remove(&named.place.connect().await?, named.id).await?;
            Ok(told(&named, is_there, "removed"))
        }
    }
}

async fn add(addition: Addition) -> anyhow::Result<ExitCode> {
    let tenant_id = field::identifier("--tenant", addition.tenant, 128)?;
    let networks = &addition.networks.endpoint_allowed_networks;
    let url = match endpoint::parse_url(&addition.url, networks) {
        Ok(url) => url.to_string(),
        Err(refused) => bail!("--url {refused}"),
    };
    let owner_email = billing_proto::contact::address(&addition.owner)
        .context("--owner must be an address of mail")?;
    let new = NewEndpoint {
        tenant_id,
        url,
        owner_email,
        owner_locale: addition.locale,
    };
    let (id, secret) = endpoint::add(&addition.place.connect().await?, &new).await?;
    addition.place.print(&json!({
        "id": id.to_string(),
        "tenant_id": new.tenant_id,
        "url": new.url,
        "secret": secret.reveal(),
    }));
    Ok(ExitCode::SUCCESS)
}

async fn list(wanted: &Wanted) -> anyhow::Result<ExitCode> {
    let pool = wanted.place.connect().await?;
    let endpoints = endpoint::list(&pool, wanted.tenant.as_deref()).await?;
    let shown: Vec<Value> = endpoints.iter().map(shown).collect();
    wanted.place.print_all(&shown);
    Ok(ExitCode::SUCCESS)
}

async fn test(tried: &Tried) -> anyhow::Result<ExitCode> {
    let sender = Sender::new(&tried.networks.endpoint_allowed_networks)?;
    let Named { id, place } = &tried.named;
    let Some(sent) = endpoint::test(&place.connect().await?, &sender, *id).await? else {
        return Ok(unknown());
    };
    Ok(match sent {
        Ok(status) => {
            place.print(&json!({"taken": true, "status": status}));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            place.print(&json!({"taken": false, "error": failure.to_string()}));
            ExitCode::FAILURE
        }
    })
}

async fn rotate(rotation: &Rotation) -> anyhow::Result<ExitCode> {
    let Named { id, place } = &rotation.named;
    let rotated = endpoint::rotate(&place.connect().await?, *id, rotation.keep).await?;
    let Some(secret) = rotated else {
        return Ok(unknown());
    };
    place.print(&json!({
        "id": id.to_string(),
        "secret": secret.reveal(),
        "former_sign_for_hours": rotation.keep,
    }));
    Ok(ExitCode::SUCCESS)
}

async fn replay(wanted: &Replay) -> anyhow::Result<ExitCode> {
    let Named { id, place } = &wanted.named;
    let replayed = endpoint::replay(&place.connect().await?, *id, wanted.from).await?;
    let Some(added) = replayed else {
        return Ok(unknown());
    };
    place.print(&json!({"id": id.to_string(), "added": added, "kept_days": KEPT_HOURS / 24}));
    Ok(ExitCode::SUCCESS)
}

fn told(named: &Named, is_there: bool, done: &str) -> ExitCode {
    if !is_there {
        return unknown();
    }
    let id = named.id.to_string();
    named.place.print(&json!({"id": id, "state": done}));
    ExitCode::SUCCESS
}

fn unknown() -> ExitCode {
    eprintln!("billing-core: there is no such endpoint");
    ExitCode::FAILURE
}

fn shown(endpoint: &EndpointState) -> Value {
    let state = match (endpoint.disabled_at, endpoint.failing_since) {
        (Some(_), _) => "disabled",
        (None, Some(_)) => "failing",
        (None, None) => "enabled",
    };
    let at = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": endpoint.id.to_string(),
        "tenant_id": endpoint.tenant_id,
        "url": endpoint.url,
        "owner": endpoint.owner_email,
        "state": state,
        "waiting": endpoint.waiting,
        "oldest": at(endpoint.oldest),
        "failing_since": at(endpoint.failing_since),
        "disabled_at": at(endpoint.disabled_at),
        "disabled_why": endpoint.disabled_why,
        "last_error": endpoint.last_error,
        "last_status": endpoint.last_status,
        "last_failed_at": at(endpoint.last_failed_at),
        "secrets": endpoint.secrets,
        "created_at": endpoint.created_at.to_string(),
    })
}
