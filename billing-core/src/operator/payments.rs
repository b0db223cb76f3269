//! `billing-core payments`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Place;
use super::accounts::Whose;
use crate::payment::{Payment, find_newest, review};

#[derive(Debug, Subcommand)]
pub enum PaymentsCommand {
    /// List an account's newest payments.
    List(ListOptions),
    /// List events that contradict a payment or that nothing came of, and payments of which more was
    /// taken back than was paid. Exits with 1 where there are any.
    Review(Place),
    /// Note that an event was looked at: it is not listed any more.
    Resolve(ResolveOptions),
    /// Forget the bodies of old events that something has come of, or that were looked at.
    Redact(RedactOptions),
}

#[derive(Debug, Args)]
pub struct ListOptions {
    #[command(flatten)]
    pub whose: Whose,

    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
    pub limit: i64,
}

#[derive(Debug, Args)]
pub struct ResolveOptions {
    #[command(flatten)]
    pub place: Place,

    /// The provider, as `review` names it.
    #[arg(long)]
    pub provider: String,

    /// The event, as `review` names it.
    #[arg(long)]
    pub event: String,
}

#[derive(Debug, Args)]
pub struct RedactOptions {
    #[command(flatten)]
    pub place: Place,

    /// Only what was received before this time, RFC 3339.
    #[arg(long)]
    pub before: jiff::Timestamp,
}

pub async fn run(command: PaymentsCommand) -> anyhow::Result<ExitCode> {
    match command {
        PaymentsCommand::List(options) => list(&options).await,
        PaymentsCommand::Review(place) => review(&place).await,
        PaymentsCommand::Resolve(options) => resolve(&options).await,
        PaymentsCommand::Redact(options) => {
            let pool = options.place.connect().await?;
            let redacted = review::redact(&pool, options.before).await?;
            options.place.print(&json!({"redacted_events": redacted}));
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<ExitCode> {
    let (account, _) = options.whose.account()?;
    let place = &options.whose.place;
    let payments = find_newest(&place.connect().await?, account, options.limit).await?;
    let shown: Vec<Value> = payments.iter().map(shown).collect();
    place.print_all(&shown);
    Ok(ExitCode::SUCCESS)
}

fn shown(payment: &Payment) -> Value {
    json!({
        "payment_id": payment.id.to_string(),
        "provider": &*payment.provider,
        "provider_account": payment.provider_account,
        "purpose": payment.purpose.name(),
        "reference": payment.reference,
        "state": payment.state.name(),
        "amount_minor": payment.amount_minor,
        "received_minor": payment.received_minor,
        "currency": payment.currency,
        "credited_micros": payment.credited.get(),
        "reversed_micros": payment.reversed.get(),
        "refunded_minor": payment.refunded_minor,
        "disputed_minor": payment.disputed_minor,
        "needs_review": payment.needs_review,
        "created_at": payment.created_at.to_string(),
    })
}

async fn review(place: &Place) -> anyhow::Result<ExitCode> {
    let pool = place.connect().await?;
    let events = review::findings(&pool).await?;
    let payments = review::marked(&pool).await?;
    if place.json {
        let payments: Vec<_> = payments.iter().map(ToString::to_string).collect();
        let events: Vec<_> = events.iter().map(review::Finding::to_json).collect();
        println!("{}", json!({ "events": events, "payments": payments }));
    } else {
        for event in &events {
            println!("{event}");
        }
        for payment in &payments {
            println!("{payment}");
        }
        println!("{} events, {} payments", events.len(), payments.len());
    }
    Ok(if events.is_empty() && payments.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn resolve(options: &ResolveOptions) -> anyhow::Result<ExitCode> {
    let pool = options.place.connect().await?;
    if review::resolve(&pool, &options.provider, &options.event).await? {
        let resolved = json!({"provider": options.provider, "resolved_event": options.event});
        options.place.print(&resolved);
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("billing-core: there is no such event to be looked at");
    Ok(ExitCode::FAILURE)
}
