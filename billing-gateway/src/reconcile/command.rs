//! `billing-gateway reconcile` and `billing-gateway replay`: for operators, after an outage.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use billing_proto::v1::{
    ClaimStalePaymentsRequest, EventOutcome, ReplayEventsRequest, StalePayment, StoredEvent,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::causes::causes;
use crate::config::{Config, ConfigError};
use crate::core::{CoreClient, CoreError, sent};
use crate::payment::apply;
use crate::providers::{Event, Provider, Providers};
use crate::reconcile::check::Depth;
use crate::reconcile::{CLAIM_MAX, LEASE_SECS, check_all, is_away};

const EVENTS_PAGE: i32 = 50;

/// What was done, for people and for the exit code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Payments asked about, or events read again.
    pub looked_at: u64,
    /// What had an effect that had not been booked.
    pub applied: u64,
    /// What cannot be right as it is; an operator must look at it.
    pub contradictions: u64,
    /// What could not be asked, read or stored.
    pub failed: u64,
}

/// Why an operator's command could not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("no HTTP client can be made")]
    Http(#[from] reqwest::Error),
    #[error("no payment provider is configured")]
    NoProvider,
    #[error("the core cannot be asked")]
    Core(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Tally {
    pub fn is_good(&self) -> bool {
        self.failed == 0 && self.contradictions == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            looked_at,
            applied,
            contradictions,
            failed,
        } = self;
        write!(
            f,
            "looked at {looked_at}, applied {applied}, contradictions {contradictions}, \
             failed {failed}"
        )
    }
}

/// Asks about every payment that was created since then, open or not, with its refunds and
/// disputes.
pub async fn reconcile(config: &Config, since: Timestamp) -> Result<Tally, CommandError> {
    let (core, providers) = parts(config)?;
    let owner = format!("reconcile-{}", Uuid::new_v4());
    let mut tally = Tally::default();
    for provider in providers.iter() {
        // Oldest first: each page begins where the last one ended, and leaves out what was on it.
        let mut since = sent(since);
        let mut seen = HashSet::new();
        loop {
            let request = ClaimStalePaymentsRequest {
                provider: provider.name().to_owned(),
                owner: owner.clone(),
                limit: CLAIM_MAX,
                lease_secs: LEASE_SECS,
                since: Some(since),
            };
            let claimed = core
                .unasked()
                .claim_stale_payments(request)
                .await
                .map_err(|error| CommandError::Core(Box::new(error)))?;
            let is_new = |stale: &StalePayment| {
                let payment = stale.payment.as_ref();
                payment.is_some_and(|payment| seen.insert(payment.payment_id.clone()))
            };
            let page: Vec<_> = claimed.payments.into_iter().filter(is_new).collect();
            if page.is_empty() {
                break;
            }
            let created = page
                .iter()
                .filter_map(|stale| stale.payment.as_ref()?.created_at);
            let newest = created.max_by_key(|time| (time.seconds, time.nanos));
            since = newest.unwrap_or(since);
            for checked in check_all(&core, provider, page, Depth::Whole).await {
                tally.looked_at += 1;
                match checked {
                    Ok(checked) => {
                        tally.applied += checked.applied;
                        tally.contradictions += checked.contradictions;
                    }
                    Err(()) => tally.failed += 1,
                }
            }
        }
    }
    Ok(tally)
}

/// Applies again what was stored and not applied: because its payment was not known then, or an
/// older version could not read it. Their signatures were verified when they came.
pub async fn replay(config: &Config, since: Option<Timestamp>) -> Result<Tally, CommandError> {
    let (core, providers) = parts(config)?;
    let mut tally = Tally::default();
    for provider in providers.iter() {
        replay_of(&core, provider, since, &mut tally).await?;
    }
    Ok(tally)
}

/// The same, of one provider.
pub(super) async fn replay_of(
    core: &CoreClient,
    provider: &Arc<dyn Provider>,
    since: Option<Timestamp>,
    tally: &mut Tally,
) -> Result<(), CommandError> {
    let mut page_token = String::new();
    loop {
        let request = ReplayEventsRequest {
            provider: provider.name().to_owned(),
            since: since.map(sent),
            page_size: EVENTS_PAGE,
            page_token,
        };
        let page = core
            .unasked()
            .replay_events(request)
            .await
            .map_err(|error| CommandError::Core(Box::new(error)))?;
        for stored in page.events {
            again(core, provider, stored, tally).await?;
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(());
        }
    }
}

async fn again(
    core: &CoreClient,
    provider: &Arc<dyn Provider>,
    stored: StoredEvent,
    tally: &mut Tally,
) -> Result<(), CommandError> {
    if stored.raw.is_empty() {
        // Redacted: there is nothing left to read.
        return Ok(());
    }
    tally.looked_at += 1;
    let event = Event {
        id: stored.event_id.clone(),
        ..provider.read_event(&stored.raw, received_at(&stored))
    };
    // What was confirmed when it came was perhaps not booked then, and may not be so any more.
    let mut events = match provider.confirm_again(event).await {
        Ok(events) => events,
        Err(error) => {
            tracing::warn!(event_id = stored.event_id, error = %causes(&error), "event not confirmed");
            tally.failed += 1;
            return Ok(());
        }
    };
    if let Some(itself) = events.last_mut() {
        itself.id.clone_from(&stored.event_id);
    }
    let core = core.unasked();
    let mut outcome = EventOutcome::Unspecified;
    for event in events {
        match apply(&core, provider.name(), event).await {
            Ok(applied) => outcome = applied.outcome(),
            Err(error) if is_away(&error) => return Err(core_away(error)),
            Err(error) => {
                tracing::warn!(event_id = stored.event_id, error = %causes(&error), "event not applied");
                tally.failed += 1;
                return Ok(());
            }
        }
    }
    match outcome {
        EventOutcome::Applied => tally.applied += 1,
        EventOutcome::Contradiction => tally.contradictions += 1,
        EventOutcome::Ignored
        | EventOutcome::Unmatched
        | EventOutcome::Unreadable
        | EventOutcome::Recorded
        | EventOutcome::Unspecified => {}
    }
    Ok(())
}

fn received_at(stored: &StoredEvent) -> Timestamp {
    stored
        .received_at
        .as_ref()
        .and_then(|time| Timestamp::new(time.seconds, time.nanos).ok())
        .unwrap_or_else(Timestamp::now)
}

fn core_away(error: CoreError) -> CommandError {
    CommandError::Core(Box::new(error))
}

fn parts(config: &Config) -> Result<(CoreClient, Providers), CommandError> {
    let providers = Providers::new(&config.providers)?;
    if providers.iter().next().is_none() {
        return Err(CommandError::NoProvider);
    }
    Ok((CoreClient::new(&config.core)?, providers))
}
