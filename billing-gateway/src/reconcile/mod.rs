//! Payments that stayed open are asked about at their provider, and the answers applied as if they
//! had come by webhook. So money is credited also where no webhook ever arrives.

mod check;
mod command;

pub use command::{CommandError, Tally, reconcile, replay};

use std::sync::Arc;
use std::time::Duration;

use billing_proto::v1::{ClaimStalePaymentsRequest, StalePayment};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::causes::causes;
use crate::core::{Core, CoreClient, CoreError};
use crate::providers::{Provider, Providers};
use check::{Checked, Depth};

/// Payments that are asked about at the same time.
const CLAIM_MAX: i32 = 20;
/// How long they are this gateway's.
const LEASE_SECS: i32 = 60;
/// For how long events of unknown payments are tried again.
const RECENT: Duration = Duration::from_hours(2);
/// For one payment, so that it has ended before another gateway may begin with it.
const CHECK_TIMEOUT: Duration = Duration::from_secs(50);

/// Asks about open payments until `shutdown`.
pub(crate) async fn keep(
    core: CoreClient,
    providers: Providers,
    period: Duration,
    shutdown: CancellationToken,
) {
    let owner = format!("gateway-{}", Uuid::new_v4());
    begin_counting(&providers);
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let mut asked = true;
        for provider in providers.iter() {
            tokio::select! {
                () = shutdown.cancelled() => return,
                claimed = check_due(&core, provider, &owner) => asked &= claimed,
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = replay_recent(&core, provider) => {}
            }
        }
        round_counter(asked).increment(1);
    }
}

/// All that are due, a page after the other. False where the core did not say which they are.
async fn check_due(core: &CoreClient, provider: &Arc<dyn Provider>, owner: &str) -> bool {
    loop {
        let request = ClaimStalePaymentsRequest {
            provider: provider.name().to_owned(),
            owner: owner.to_owned(),
            limit: CLAIM_MAX,
            lease_secs: LEASE_SECS,
            since: None,
        };
        let claimed = core.unasked().claim_stale_payments(request).await;
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(error = %causes(&error), "open payments not claimed");
                return false;
            }
        };
        open_gauge(provider.name(), claimed.open);
        let whole_page = i32::try_from(claimed.payments.len()).is_ok_and(|len| len >= CLAIM_MAX);
        for checked in check_all(core, provider, claimed.payments, Depth::Open).await {
            payment_counter(provider.name(), outcome(checked)).increment(1);
        }
        if !whole_page {
            return true;
        }
    }
}

/// What came before its payment was known here is applied once it is: an operator is needed only for
/// what stays.
async fn replay_recent(core: &CoreClient, provider: &Arc<dyn Provider>) {
    let since = Timestamp::now()
        .saturating_sub(RECENT)
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let mut tally = Tally::default();
    if let Err(error) = command::replay_of(core, provider, Some(since), &mut tally).await {
        tracing::warn!(error = %causes(&error), "stored events not applied");
    }
    if tally.applied > 0 || tally.contradictions > 0 {
        tracing::info!(provider = provider.name(), %tally, "stored events applied");
    }
}

/// Checks each of a page, at the same time; what fails is logged and comes again when it is due.
async fn check_all(
    core: &CoreClient,
    provider: &Arc<dyn Provider>,
    payments: Vec<StalePayment>,
    depth: Depth,
) -> Vec<Result<Checked, ()>> {
    let mut checks = JoinSet::new();
    for stale in payments {
        let core = core.unasked();
        let provider = Arc::clone(provider);
        checks.spawn(async move { check_one(&core, provider.as_ref(), stale, depth).await });
    }
    let mut ended = Vec::new();
    while let Some(check) = checks.join_next().await {
        ended.push(check.unwrap_or_else(|panicked| {
            tracing::error!(error = %panicked, "a payment's check panicked");
            Err(())
        }));
    }
    ended
}

async fn check_one(
    core: &Core,
    provider: &dyn Provider,
    stale: StalePayment,
    depth: Depth,
) -> Result<Checked, ()> {
    let payment_id = stale
        .payment
        .as_ref()
        .map(|payment| payment.payment_id.clone())
        .unwrap_or_default();
    let check = check::check(core, provider, stale, depth);
    match tokio::time::timeout(CHECK_TIMEOUT, check).await {
        Ok(Ok(checked)) => Ok(checked),
        Ok(Err(error)) => {
            tracing::warn!(payment_id, error = %causes(&error), "payment not checked");
            Err(())
        }
        Err(_elapsed) => {
            tracing::warn!(payment_id, "payment not checked in time");
            Err(())
        }
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a metric is a float"
)]
fn open_gauge(provider: &'static str, open: i64) {
    metrics::gauge!("billing.payments.open", "provider" => provider).set(open as f64);
}

const OUTCOMES: [&str; 4] = ["applied", "contradiction", "failed", "unchanged"];

fn outcome(checked: Result<Checked, ()>) -> &'static str {
    match checked {
        Err(()) => "failed",
        Ok(checked) if checked.contradictions > 0 => "contradiction",
        Ok(checked) if checked.applied > 0 => "applied",
        Ok(_) => "unchanged",
    }
}

/// What is counted begins at 0, so that the first of each is seen to be one.
fn begin_counting(providers: &Providers) {
    for asked in [false, true] {
        round_counter(asked).increment(0);
    }
    for provider in providers.iter() {
        for outcome in OUTCOMES {
            payment_counter(provider.name(), outcome).increment(0);
        }
    }
}

fn round_counter(asked: bool) -> metrics::Counter {
    let outcome = if asked { "ok" } else { "failed" };
    metrics::counter!("billing.reconcile.rounds", "outcome" => outcome)
}

fn payment_counter(provider: &'static str, outcome: &'static str) -> metrics::Counter {
    metrics::counter!("billing.reconcile.payments", "provider" => provider, "outcome" => outcome)
}

/// Whether the core's answer means that it cannot be asked at present.
fn is_away(error: &CoreError) -> bool {
    matches!(error, CoreError::Away(_))
}
