//! What a batch of events comes to, in one transaction: events, payments, accounts, outbox, in this
//! order of locks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::PgConnection;

use super::super::write::EntryRow;
use super::super::{Payment, PaymentError, queries as payments, told, write};
use super::effect::{Effect, Taken};
use super::queries::{self, OutcomeRow};
use super::report::{Applied, Outcome, ProviderEvent, Report};
use crate::auth::Caller;
use crate::id::{AccountId, PaymentId};
use crate::ledger::{self, Answer, Command, Refusal};
use crate::outbox::{self, Message};
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
/// each that tells of a refund, a dispute or a decline.
pub async fn apply(
    conn: &mut PgConnection,
    prices: &Reading,
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
    let mut found = find(conn, &batch, standings).await?;
    let mut steps = Vec::with_capacity(batch.len());
    for brought in &batch {
        steps.push(found.step(conn, prices, brought).await?);
    }
    let commands: Vec<Command> = steps
        .iter_mut()
        .flat_map(|step| std::mem::take(&mut step.taken.commands))
        .collect();
    let answers = if commands.is_empty() {
        Vec::new()
    } else {
        ledger::apply(conn, prices, &commands).await?
    };
    let mut answers = answers.into_iter();
    let mut written = Written::default();
    let mut all = Vec::with_capacity(batch.len());
    for step in steps {
        all.push(step.end(&mut answers, &mut written)?);
    }
    outbox::enqueue(conn, &written.messages, found.now).await?;
    let changed: Vec<&Payment> = written
        .changed
        .iter()
        .filter_map(|id| found.payments.get(id))
        .collect();
    if !changed.is_empty() {
        write::write_payments(conn, &changed, &written.entries, found.now).await?;
    }
    if !written.outcomes.is_empty() {
        queries::write_outcomes(conn, &written.outcomes).await?;
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
    /// Names of payments that this batch has brought.
    names: HashMap<(&'a str, &'a str), PaymentId>,
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
    let payments = lock_payments(conn, batch, &standings).await?;
    Ok(Found {
        standings,
        payments,
        names: HashMap::new(),
        now,
    })
}

/// Locks the payments that something may come of for, and reads those that are only shown.
async fn lock_payments(
    conn: &mut PgConnection,
    batch: &[&Brought],
    standings: &HashMap<(&str, &str), Standing>,
) -> Result<HashMap<PaymentId, Payment>, PaymentError> {
    let (mut locked, mut shown) = (BTreeSet::new(), BTreeSet::new());
    for brought in batch {
        let Some(standing) = standings.get(&brought.name()) else {
            continue;
        };
        if standing.done.is_some() {
            shown.extend(standing.payment);
        } else {
            locked.extend(standing.payment.or(brought.event.payment));
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
        let named = event
            .reference
            .as_deref()
            .map(|reference| (&*event.provider, reference));
        let mut id = standing.payment;
        if standing.done.is_none() {
            id = id
                .or_else(|| self.names.get(&named?).copied())
                .or(event.payment);
        }
        let payment = id
            .and_then(|id| self.payments.get_mut(&id))
            .filter(|payment| caller.may_act_for(&payment.tenant_id));
        if let Some(outcome) = standing.done {
            return Ok(Step {
                event,
                taken: Taken::nothing(outcome, None),
                payment: payment.cloned(),
                duplicate: true,
                as_stored: true,
            });
        }
        let effect = Effect {
            event,
            booking: prices.switches()?.webhooks,
            now: self.now,
        };
        let mut payment = payment;
        let taken = effect.take(conn, payment.as_deref_mut()).await?;
        let id = payment.as_ref().map(|payment| payment.id);
        let is_taken = taken.outcome == Outcome::Applied || !taken.bookings.is_empty();
        if let (Report::Payment(_), true, Some(named), Some(id)) =
            (&event.report, is_taken, named, id)
        {
            self.names.insert(named, id);
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
        })
    }
}

/// What the batch writes at its end.
#[derive(Default)]
struct Written<'a> {
    changed: BTreeSet<PaymentId>,
    entries: Vec<EntryRow>,
    messages: Vec<(AccountId, Message)>,
    outcomes: Vec<OutcomeRow<'a>>,
}

impl<'a> Step<'a> {
    /// Takes the ledger's answers to its bookings.
    fn end(
        self,
        answers: &mut impl Iterator<Item = Result<Answer, Refusal>>,
        written: &mut Written<'a>,
    ) -> Result<Applied, PaymentError> {
        let mut applied = Applied {
            duplicate: self.duplicate,
            ..Applied::nothing(self.taken.outcome, self.payment)
        };
        written.messages.extend(self.taken.messages);
        if let Some(payment) = applied.payment.as_ref().filter(|_| self.taken.changed) {
            written.changed.insert(payment.id);
            for (booking, answer) in self.taken.bookings.iter().zip(answers) {
                let answer = answer?;
                written.entries.push(EntryRow {
                    payment: payment.id,
                    provider: Arc::clone(&payment.provider),
                    seq: answer.entry.ok_or(PaymentError::Row("entry"))?,
                    kind: booking.kind,
                });
                applied.moved = applied.moved.plus(booking.amount).map_err(Refusal::from)?;
                applied.balance = Some(answer.balance);
                let told = told::booked(payment, booking, answer.balance);
                written
                    .messages
                    .extend(told.map(|message| (payment.id.account, message)));
            }
        }
        if !self.as_stored {
            written.outcomes.push(OutcomeRow {
                event: self.event,
                outcome: self.taken.outcome,
                detail: self.taken.detail,
                payment: applied.payment.as_ref().map(|payment| payment.id),
            });
        }
        Ok(applied)
    }
}
