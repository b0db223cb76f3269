//! What a batch of events comes to, in one transaction: events, payments, accounts, outbox, in this
//! order of locks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::PgConnection;

use super::super::purpose::{self, Done};
use super::super::queries::{self as payments, EntryRow};
use super::super::{Payment, PaymentError};
use super::effect::{Effect, Taken};
use super::opening::{self, Opened, PaymentOpening};
use super::queries::{self, OutcomeRow};
use super::report::{Applied, Outcome, ProviderEvent, Report};
use crate::auth::Caller;
use crate::id::{AccountId, PaymentId};
use crate::outbox::{self, Notice};
use crate::price::Reading;

/// An event, and who has brought it.
pub struct Brought {
    pub event: ProviderEvent,
    pub caller: Arc<Caller>,
}

impl Brought {
    /// What the event is known by.
    pub fn name(&self) -> (&str, &str) {
        (&self.event.provider, &self.event.event_id)
    }
}

/// Stores the events and books what follows from them, one after the other; of what is known already,
/// it says what came. One that says something else than a known one of its id is kept beside that. An event of a tenant that is not the caller's is stored as one of an unknown
/// payment. No two of the events may have the same name.
///
/// Joins the caller's transaction, which must be READ COMMITTED and must be rolled back on an error.
/// Eight statements, whatever the number of events, if they say that payments are paid; some more for
/// each that tells of a refund, a dispute, a decline, a subscription or a name that is new.
pub async fn apply(
    conn: &mut PgConnection,
    prices: &Reading,
    rate_age_max: Duration,
    batch: &[&Brought],
) -> Result<Vec<Applied>, PaymentError> {
    let mut standings = stand(conn, batch).await?;
    let beside: Vec<Option<Brought>> = batch
        .iter()
        .map(|brought| standings.beside(brought))
        .collect();
    let others: Vec<&Brought> = beside.iter().flatten().collect();
    if !others.is_empty() {
        standings.extend(stand(conn, &others).await?);
    }
    let batch: Vec<&Brought> = batch
        .iter()
        .zip(&beside)
        .map(|(brought, beside)| beside.as_ref().unwrap_or(brought))
        .collect();
    let mut found = find(conn, prices, rate_age_max, &batch, standings).await?;
    let mut steps = Vec::with_capacity(batch.len());
    for brought in &batch {
        steps.push(found.step(conn, prices, brought).await?);
    }
    let effects = steps.iter_mut().map(|step| step.taken.effect.take());
    let mut written = Written::default();
    let told = &mut written.notices;
    let done = purpose::carry_out(conn, told, prices, effects.collect()).await?;
    let mut all = Vec::with_capacity(batch.len());
    for (step, done) in steps.into_iter().zip(done) {
        all.push(step.end(done, &mut written));
    }
    outbox::enqueue(conn, &written.notices, found.now).await?;
    let changed: Vec<&Payment> = written
        .changed
        .iter()
        .filter_map(|id| found.payments.get(id))
        .collect();
    if !changed.is_empty() {
        payments::write_payments(conn, &changed, &written.entries, found.now).await?;
    }
    if !written.outcomes.is_empty() {
        queries::write_outcomes(conn, &written.outcomes).await?;
    }
    if !written.bodiless.is_empty() {
        queries::drop_bodies(conn, &written.bodiless).await?;
    }
    Ok(all)
}

/// Where an event stood when it came.
struct Standing {
    /// What had come of it: nothing more will.
    done: Option<Outcome>,
    /// It was not known before.
    inserted: bool,
    /// What it says, where it was known and understood.
    meaning: Option<Vec<u8>>,
    /// The payment that has its reference; of what is done, the one that it was about.
    payment: Option<PaymentId>,
}

/// What is known about a batch, behind its locks.
struct Found<'a> {
    standings: HashMap<(&'a str, &'a str), Standing>,
    payments: HashMap<PaymentId, Payment>,
    /// Names of payments that this batch has brought, or opened payments by; and those that it could not.
    opened: Opened<'a>,
    now: Timestamp,
}

/// Where all events of a batch stand, by provider and id.
struct Standings {
    each: HashMap<(String, String), Standing>,
    now: Timestamp,
}

impl Standings {
    /// Of an event that says something else than the one of its id: what is kept beside that one.
    fn beside(&self, brought: &Brought) -> Option<Brought> {
        let event = &brought.event;
        let known = self.each.get(&name(event))?;
        let differs = differ(known.meaning.as_deref(), event.meaning());
        differs.then(|| Brought {
            event: event.beside(known.payment),
            caller: Arc::clone(&brought.caller),
        })
    }

    fn extend(&mut self, more: Self) {
        self.each.extend(more.each);
    }
}

fn differ(known: Option<&[u8]>, meaning: Option<[u8; 32]>) -> bool {
    known
        .zip(meaning)
        .is_some_and(|(known, meaning)| *known != meaning)
}

fn name(event: &ProviderEvent) -> (String, String) {
    (event.provider.clone(), event.event_id.clone())
}

/// Stores what is not known, and locks what is.
async fn stand(conn: &mut PgConnection, batch: &[&Brought]) -> Result<Standings, PaymentError> {
    // The one lock order of all batches of all cores.
    let mut sorted: Vec<&ProviderEvent> = batch.iter().map(|brought| &brought.event).collect();
    sorted.sort_unstable_by_key(|event| (&event.provider, &event.event_id));
    let inserted = queries::insert_events(conn, &sorted).await?;
    let mut now = inserted.first().map(|event| event.now);
    let mut each: HashMap<(String, String), Standing> = inserted
        .into_iter()
        .map(|event| {
            let standing = Standing {
                done: None,
                inserted: true,
                meaning: None,
                payment: event.payment,
            };
            ((event.provider, event.event_id), standing)
        })
        .collect();
    sorted.retain(|event| !each.contains_key(&name(event)));
    if !sorted.is_empty() {
        // Whoever inserted these has committed by now.
        let known = queries::lock_events(conn, &sorted).await?;
        now = now.or(known.first().map(|event| event.now));
        each.extend(known.into_iter().map(|event| {
            let done = (!event.outcome.is_open()).then_some(event.outcome);
            let standing = Standing {
                done,
                inserted: false,
                meaning: event.meaning,
                payment: if done.is_some() {
                    event.payment
                } else {
                    event.named
                },
            };
            ((event.provider, event.event_id), standing)
        }));
    }
    Ok(Standings {
        each,
        now: now.ok_or(PaymentError::Row("provider_event"))?,
    })
}

async fn find<'a>(
    conn: &mut PgConnection,
    prices: &Reading,
    rate_age_max: Duration,
    batch: &[&'a Brought],
    mut standings: Standings,
) -> Result<Found<'a>, PaymentError> {
    let now = standings.now;
    let standings: HashMap<(&str, &str), Standing> = batch
        .iter()
        .filter_map(|brought| {
            let standing = standings.each.remove(&name(&brought.event))?;
            Some((brought.name(), standing))
        })
        .collect();
    let openings = openings(batch, &standings);
    let opened = if !openings.is_empty() && prices.switches()?.webhooks {
        opening::open(conn, &openings, rate_age_max, now).await?
    } else {
        Opened::default()
    };
    let payments = lock_payments(conn, batch, &standings, &opened).await?;
    Ok(Found {
        standings,
        payments,
        opened,
        now,
    })
}

/// The events that open a payment: of the caller's tenants, about a name that is nobody's, and not done.
fn openings<'a>(
    batch: &[&'a Brought],
    standings: &HashMap<(&str, &str), Standing>,
) -> Vec<&'a ProviderEvent> {
    let opening = |brought: &&'a Brought| {
        let standing = standings.get(&brought.name())?;
        let Brought { event, caller } = *brought;
        let is_allowed = |opens: &PaymentOpening| caller.may_act_for(&opens.name.tenant_id);
        let is_new = standing.done.is_none() && standing.payment.is_none();
        let is_opening = is_new && event.opens.as_ref().is_some_and(is_allowed);
        is_opening.then_some(event)
    };
    batch.iter().filter_map(opening).collect()
}

/// Locks the payments that something may come of for, and reads those that are only shown.
async fn lock_payments(
    conn: &mut PgConnection,
    batch: &[&Brought],
    standings: &HashMap<(&str, &str), Standing>,
    opened: &Opened<'_>,
) -> Result<HashMap<PaymentId, Payment>, PaymentError> {
    let (mut locked, mut shown) = (BTreeSet::new(), BTreeSet::new());
    for brought in batch {
        let Some(standing) = standings.get(&brought.name()) else {
            continue;
        };
        if standing.done.is_some() {
            shown.extend(standing.payment);
        } else {
            let opened = || opened.names.get(&brought.event.named()?).copied();
            let known = standing.payment.or_else(opened);
            locked.extend(known.or(brought.event.payment));
        }
    }
    let shown: Vec<PaymentId> = shown.difference(&locked).copied().collect();
    let locked: Vec<PaymentId> = locked.into_iter().collect();
    let mut found = if locked.is_empty() {
        Vec::new()
    } else {
        payments::lock_payments(conn, &locked).await?
    };
    if !shown.is_empty() {
        found.extend(payments::find_payments(conn, &shown).await?);
    }
    Ok(found
        .into_iter()
        .map(|payment| (payment.id, payment))
        .collect())
}

/// An event whose payment has been changed, and whose bookings have not been made.
struct Step<'a> {
    event: &'a ProviderEvent,
    taken: Taken,
    /// The payment as the event left it, if the caller may see it.
    payment: Option<Payment>,
    duplicate: bool,
    /// Its row says already what came of it.
    as_stored: bool,
    /// It is about somebody who was erased: known behind the payment's lock.
    is_erased: bool,
}

impl<'a> Found<'a> {
    async fn step(
        &mut self,
        conn: &mut PgConnection,
        prices: &Reading,
        brought: &'a Brought,
    ) -> Result<Step<'a>, PaymentError> {
        let Brought { event, caller } = brought;
        let standing = self
            .standings
            .get(&brought.name())
            .ok_or(PaymentError::Row("provider_event"))?;
        let named = event.named();
        let mut id = standing.payment;
        if standing.done.is_none() {
            id = id
                .or_else(|| self.opened.names.get(&named?).copied())
                .or(event.payment);
        }
        let payment = id.and_then(|id| self.payments.get_mut(&id));
        let is_erased = payment.as_ref().is_some_and(|payment| payment.is_erased);
        let payment = payment.filter(|payment| caller.may_act_for(&payment.tenant_id));
        if let Some(outcome) = standing.done {
            return Ok(Step {
                event,
                taken: Taken::nothing(outcome, None),
                payment: payment.cloned(),
                duplicate: true,
                as_stored: true,
                is_erased,
            });
        }
        let effect = Effect {
            event,
            booking: prices.switches()?.webhooks,
            now: self.now,
            unopened: named.and_then(|named| Some(self.opened.refused.get(&named)?.as_str())),
        };
        let mut payment = payment;
        let taken = effect.take(conn, payment.as_deref_mut()).await?;
        let id = payment.as_ref().map(|payment| payment.id);
        let is_taken = taken.outcome == Outcome::Applied || taken.effect.is_some();
        if let (Report::Payment(_), true, Some(id)) = (&event.report, is_taken, id) {
            let references = event.references();
            let pairs = references.map(|name| ((event.provider.as_str(), name.as_str()), id));
            self.opened.names.extend(pairs);
        }
        Ok(Step {
            event,
            payment: payment.cloned(),
            duplicate: false,
            // Mostly.
            as_stored: standing.inserted
                && taken.outcome == Outcome::Applied
                && id == standing.payment,
            taken,
            is_erased,
        })
    }
}

/// What the batch writes at its end.
#[derive(Default)]
struct Written<'a> {
    changed: BTreeSet<PaymentId>,
    entries: Vec<EntryRow>,
    notices: Vec<(AccountId, Notice)>,
    outcomes: Vec<OutcomeRow<'a>>,
    bodiless: Vec<&'a ProviderEvent>,
}

impl<'a> Step<'a> {
    /// Takes what was done because of it.
    fn end(self, done: Done, written: &mut Written<'a>) -> Applied {
        let applied = Applied {
            duplicate: self.duplicate,
            moved: done.moved,
            given_minor: done.given_minor,
            balance: done.balance,
            ..Applied::nothing(self.taken.outcome, self.payment)
        };
        written.notices.extend(self.taken.notices);
        // What is only recorded is applied by its body, later.
        if self.is_erased && self.taken.outcome != Outcome::Recorded {
            written.bodiless.push(self.event);
        }
        if let Some(payment) = applied.payment.as_ref().filter(|_| self.taken.changed) {
            written.changed.insert(payment.id);
            let entries = done.entries.into_iter().map(|(seq, kind)| EntryRow {
                payment: payment.id,
                provider: Arc::clone(&payment.provider),
                seq,
                kind,
                refund: self.taken.refund,
            });
            written.entries.extend(entries);
            let told = done.notices.into_iter();
            let told = told.map(|notice| (payment.id.account, notice));
            written.notices.extend(told);
        }
        if !self.as_stored {
            written.outcomes.push(OutcomeRow {
                event: self.event,
                outcome: self.taken.outcome,
                detail: self.taken.detail,
                payment: applied.payment.as_ref().map(|payment| payment.id),
            });
        }
        applied
    }
}
