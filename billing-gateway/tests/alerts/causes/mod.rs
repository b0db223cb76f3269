//! The causes, each made for real: by callers, payers and strangers, by a database or a provider that is away.

mod crowds;
mod ledger;
mod outages;
mod outbox;
mod payments;

use crate::Caused;
pub use ledger::top_up;
pub use payments::{charge, hold};

use crate::promtool::{Goes, Trial};
use crate::scrape::Scrape;
use crate::services::Process;

/// All causes, into `caused`. Answers with what the services exported while they did well.
pub async fn all(caused: &mut Caused) -> (Scrape, Scrape) {
    let system = payments::System::start().await;
    let healthy = system.does_well().await;
    caused.exported.extend(&healthy.1);
    system.webhooks_are_refused(caused).await;
    system.webhooks_do_not_come(caused).await;
    system.an_event_cannot_be_read(caused).await;
    outbox::a_mail_is_given_up(&system, caused).await;
    crowds::beset_a_gateway(&system, caused).await;
    outages::ways_out_are_closed(caused).await;
    ledger::all(caused).await;
    outbox::the_mail_server_is_away(caused).await;
    outages::the_database_goes_away(system, caused).await;
    healthy
}

/// What one process says before and after `cause`, for each of these alerts.
async fn cause(
    caused: &mut Caused,
    process: &Process,
    alerts: &[(&'static str, Goes)],
    cause: impl AsyncFnOnce() -> Scrape,
) {
    let before = process.scrape().await;
    let after = cause().await;
    for (alert, goes) in alerts {
        caused.push(Trial {
            alert,
            ill: (before.clone(), after.clone()),
            goes: *goes,
        });
    }
}
