//! What waits for an operator, and what is switched off.

use std::time::Duration;

use billing_telemetry::doctor::Finding;
use sqlx::PgPool;

use super::{queries, unasked};
use crate::config::Tuning;
use crate::database::{Database, Settings};
use crate::ledger::audit as ledger_audit;
use crate::payment::{Currency, newest_rate, review};
use crate::sponsorship::audit as sponsorship_audit;
use crate::switch::queries::positions;
use crate::usage;

/// Longer than a core, a mail server and a broker take to come back.
const OLD_SECS: i64 = 15 * 60;

pub async fn outbox(pool: &PgPool) -> Vec<Finding> {
    let channels = match queries::waiting(pool).await {
        Ok(channels) => channels,
        Err(error) => return unasked("outbox", "mail and events that wait", &error),
    };
    let mut findings = Vec::new();
    for channel in channels {
        let name = &channel.channel;
        let to_do = "look at them by `billing-core outbox list`, mend why, then `outbox retry`";
        if channel.given_up > 0 {
            let looked_at = format!("{} of channel {name}", channel.given_up);
            findings.push(Finding::warn("outbox", looked_at, "were given up", to_do));
        }
        if channel.oldest_secs > OLD_SECS {
            let minutes = channel.oldest_secs / 60;
            let looked_at = format!("{} of channel {name}", channel.not_given_up);
            let wrong = format!("wait, the oldest for {minutes} min");
            findings.push(Finding::warn("outbox", looked_at, wrong, to_do));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            "outbox",
            "nothing was given up, nothing waits for long",
        ));
    }
    findings
}

pub async fn endpoints(pool: &PgPool) -> Vec<Finding> {
    let found = match queries::endpoints(pool).await {
        Ok(found) => found,
        Err(error) => return unasked("endpoints", "endpoints of tenants", &error),
    };
    let mut findings = Vec::new();
    for (number, wrong) in [
        (found.disabled, "take no events, and are disabled"),
        (found.failing, "take no events just now"),
    ] {
        if number > 0 {
            let looked_at = format!("{number} of {}", found.number);
            let to_do = "see why by `billing-core endpoints list`; `endpoints enable` goes on where it stopped";
            findings.push(Finding::warn("endpoints", looked_at, wrong, to_do));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            "endpoints",
            format!("{}, none fails", found.number),
        ));
    }
    findings
}

pub async fn payments(pool: &PgPool) -> Vec<Finding> {
    let (events, marked) = match (review::findings(pool).await, review::marked(pool).await) {
        (Ok(events), Ok(marked)) => (events.len(), marked.len()),
        (Err(error), _) | (_, Err(error)) => {
            return unasked("payments", "payments to review", &error);
        }
    };
    let mut findings = vec![match events.saturating_add(marked) {
        0 => Finding::ok("payments", "none to review"),
        number => Finding::warn(
            "payments",
            format!("{number} to review"),
            "providers report what contradicts our books, or cannot be applied",
            "look at them by `billing-core payments review`",
        ),
    }];
    match queries::second_subscriptions(pool).await {
        Ok(second) if second.is_empty() => {}
        Ok(second) => findings.push(Finding::warn(
            "payments",
            second.join(", "),
            "is a second subscription of one giver, and takes money beside the first",
            "cancel one of the two at the provider",
        )),
        Err(error) => findings.extend(unasked("payments", "subscriptions to review", &error)),
    }
    findings
}

pub async fn rates(pool: &PgPool, tuning: &Tuning) -> Vec<Finding> {
    let rate = match newest_rate(pool, Currency::Uah).await {
        Ok(rate) => rate,
        Err(error) => return unasked("rates", "the rate of the hryvnia", &error),
    };
    let Some(rate) = rate else {
        return vec![Finding::ok(
            "rates",
            "none was recorded: needed for hryvnias only",
        )];
    };
    let hours = rate.age.as_secs() / 3600;
    let looked_at = format!(
        "{} UAH for a dollar, of {}, {hours} h old",
        rate.rate, rate.source
    );
    let age_max = Duration::from_hours(tuning.rate_max_age_hours);
    if !rate.is_too_old(age_max) {
        return vec![Finding::ok("rates", looked_at)];
    }
    let wrong = "it is too old: no payment in hryvnias begins";
    let to_do = "see why the gateway records none: BILLING_RATE_SOURCE, its log";
    vec![Finding::warn("rates", looked_at, wrong, to_do)]
}

pub async fn prices(pool: &PgPool) -> Vec<Finding> {
    match queries::is_priced(pool).await {
        Ok(true) => vec![Finding::ok("prices", "tools are priced")],
        Ok(false) => vec![Finding::warn(
            "prices",
            "no tool has a price",
            "checks and charges of a tool are refused",
            "set prices by `billing-core prices set`",
        )],
        Err(error) => unasked("prices", "prices of tools", &error),
    }
}

pub async fn switches(pool: &PgPool) -> Vec<Finding> {
    let positions = match positions(pool).await {
        Ok(positions) => positions,
        Err(error) => return unasked("switches", "switches", &error),
    };
    let off = positions.into_iter().filter(|position| !position.on);
    let mut findings: Vec<Finding> = off
        .map(|position| {
            let name = position.switch.name();
            let wrong = format!("off by {}: {}", position.actor, position.reason);
            let to_do = format!("`billing-core switch on {name}` when that is over");
            Finding::warn("switches", name, wrong, to_do)
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok("switches", "all are on"));
    }
    findings
}

/// As long as it takes.
pub async fn audit(database: &Database) -> Vec<Finding> {
    let found = async {
        let pool = database.pool_at_once(&Settings::default()).await?;
        let mut ledger = ledger_audit::check(&pool).await?.len();
        ledger = ledger.saturating_add(usage::check_days(&pool).await?.len());
        let sponsorship = sponsorship_audit::check(&pool).await?.len();
        Ok::<_, anyhow::Error>(ledger.saturating_add(sponsorship))
    };
    vec![match found.await {
        Ok(0) => Finding::ok("audit", "the books agree"),
        Ok(number) => Finding::mend(
            "audit",
            format!("{number} findings"),
            "the books do not agree",
            "look at them by `billing-core audit`, and take nothing for granted meanwhile",
        ),
        Err(error) => Finding::mend(
            "audit",
            "the books",
            format!("{error:#}"),
            "mend what the error names, then run this again",
        ),
    }]
}
