//! What a provider reported: stored and booked in one transaction, once.

mod contradiction;
pub(super) mod queries;
mod report;

pub use report::{Applied, GivenBackReport, Outcome, PaymentReport, ProviderEvent, Report};

use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{PgConnection, PgPool};
use tracing::warn;

use super::books::Booking;
use super::{Payment, PaymentError, State, again, commit, count, queries as payments, write};
use crate::auth::Caller;
use crate::ledger::{Action, Command, CommandHash, EntryKind, Keyed, Opening, Post, apply};
use crate::outbox;
use crate::price::Reading;

/// Stores an event and books what follows from it. An event of a tenant that is not the caller's is
/// stored as one of an unknown payment.
pub async fn apply_event(
    pool: &PgPool,
    prices: &Reading,
    caller: &Caller,
    event: &ProviderEvent,
) -> Result<Applied, PaymentError> {
    let mut attempt = 1;
    let applied = loop {
        let outcome = attempt_event(pool, prices, caller, event).await;
        if !again(attempt, &outcome) {
            break outcome?;
        }
        attempt += 1;
    };
    report(event, &applied);
    Ok(applied)
}

/// What became of an event, where something has: one that is sent again changes nothing.
pub async fn find_done(
    pool: &PgPool,
    caller: &Caller,
    event: &ProviderEvent,
) -> Result<Option<Applied>, PaymentError> {
    let mut connection = pool.acquire().await?;
    let known = queries::find_event(&mut connection, event).await?;
    let Some(known) = known.filter(|known| !known.outcome.is_open()) else {
        return Ok(None);
    };
    let applied = known.again(&mut connection, caller).await?;
    report(event, &applied);
    Ok(Some(applied))
}

impl queries::Known {
    /// The answer to who sends it again.
    async fn again(
        self,
        conn: &mut PgConnection,
        caller: &Caller,
    ) -> Result<Applied, PaymentError> {
        let payment = match self.payment {
            Some(id) => payments::find_payment(conn, id).await?,
            None => None,
        };
        Ok(Applied {
            duplicate: true,
            ..Applied::nothing(
                self.outcome,
                payment.filter(|payment| caller.may_act_for(&payment.tenant_id)),
            )
        })
    }
}

/// One transaction: event, payment, accounts, outbox, in this order of locks.
async fn attempt_event(
    pool: &PgPool,
    prices: &Reading,
    caller: &Caller,
    event: &ProviderEvent,
) -> Result<Applied, PaymentError> {
    let mut transaction = pool.begin().await?;
    let stored = queries::insert_event(&mut transaction, event).await?;
    if !stored.inserted {
        // Whoever inserted it has committed by now.
        let known = queries::lock_event(&mut transaction, event).await?;
        if !known.outcome.is_open() {
            return known.again(&mut transaction, caller).await;
        }
    }
    let payment = match stored.payment.or(event.payment) {
        Some(id) => payments::lock_payment(&mut transaction, id).await?,
        None => None,
    };
    let payment = payment.filter(|payment| caller.may_act_for(&payment.tenant_id));
    let mut effect = Effect {
        event,
        prices,
        now: stored.now,
        detail: None,
    };
    let applied = effect.take(&mut transaction, payment).await?;
    let id = applied.payment.as_ref().map(|payment| payment.id);
    // As it was stored already, mostly.
    let as_stored = stored.inserted && applied.outcome == Outcome::Applied && id == stored.payment;
    if !as_stored {
        let detail = effect.detail.as_deref();
        queries::write_outcome(&mut transaction, event, applied.outcome, detail, id).await?;
    }
    commit(transaction).await?;
    Ok(applied)
}

/// An event on its way into the books.
struct Effect<'a> {
    event: &'a ProviderEvent,
    prices: &'a Reading,
    now: Timestamp,
    /// Why nothing came of it, for operators.
    detail: Option<String>,
}

impl Effect<'_> {
    async fn take(
        &mut self,
        conn: &mut PgConnection,
        payment: Option<Payment>,
    ) -> Result<Applied, PaymentError> {
        match &self.event.report {
            Report::None => return Ok(Applied::nothing(Outcome::Ignored, payment)),
            Report::Unreadable(why) => {
                self.detail = Some(why.clone());
                return Ok(Applied::nothing(Outcome::Unreadable, payment));
            }
            Report::Unconfirmed(why) => return self.leave_unconfirmed(conn, payment, why).await,
            Report::Payment(_) | Report::Refund(_) | Report::Dispute(_) | Report::GivenBack(_) => {}
        }
        if !self.prices.switches.webhooks {
            return Ok(Applied::nothing(Outcome::Recorded, payment));
        }
        let Some(mut payment) = payment else {
            self.detail = Some("no payment has this reference or id".to_owned());
            return Ok(Applied::nothing(Outcome::Unmatched, None));
        };
        if let Some(why) = contradiction::find(self.event, &payment) {
            return self.contradict(conn, payment, why).await;
        }
        let cause = match &self.event.report {
            Report::Payment(report) => {
                self.take_payment(conn, &mut payment, report).await?;
                first_reversal(&payment)
            }
            Report::Refund(report) => {
                let mut refunds = payments::find_refunds(&mut *conn, payment.id).await?;
                let Some(refund) = report.change(&mut refunds, self.now) else {
                    let why = format!("refund {} has another amount", report.reference);
                    return self.contradict(conn, payment, why).await;
                };
                write::write_refund(conn, payment.id, &refund, None).await?;
                payment.sum_refunds(&refunds);
                EntryKind::PaymentReversal
            }
            Report::Dispute(report) => {
                let mut disputes = payments::find_disputes(conn, payment.id).await?;
                let dispute = report.change(&mut disputes);
                write::write_dispute(conn, payment.id, &dispute, self.now).await?;
                payment.sum_disputes(&disputes);
                EntryKind::Dispute
            }
            Report::GivenBack(report) => {
                let refunds = payments::find_refunds(&mut *conn, payment.id).await?;
                payment.note_given_back(report.total_minor, &refunds);
                EntryKind::PaymentReversal
            }
            Report::None | Report::Unreadable(_) | Report::Unconfirmed(_) => {
                EntryKind::PaymentReversal
            }
        };
        self.book(conn, payment, cause).await
    }

    async fn take_payment(
        &mut self,
        conn: &mut PgConnection,
        payment: &mut Payment,
        report: &PaymentReport,
    ) -> Result<(), PaymentError> {
        if let Some(reference) = &self.event.reference
            && payment.reference.as_ref() != Some(reference)
        {
            write::insert_reference(conn, payment, reference).await?;
            // The name that paid stays: it is the one that is refunded.
            if payment.state != State::Succeeded {
                payment.reference = Some(reference.clone());
            }
        }
        if let Some(code) = &report.decline_code {
            payment.decline_code = Some(code.clone());
            write::insert_decline(conn, payment, &self.event.event_id, self.now).await?;
        }
        let before = payment.state;
        payment.advance(report.state, self.event.occurred_at);
        if payment.state == State::Succeeded && before != State::Succeeded {
            payment.succeeded_at = Some(self.event.occurred_at);
        }
        if payment.state != before && payment.state.is_final() && payment.state != State::Succeeded
        {
            let messages = outbox::payment_ended(payment);
            outbox::enqueue(conn, payment.id.account, &messages, self.now).await?;
        }
        Ok(())
    }

    /// Books what the payment now is that the ledger has not: the one place where payments move money.
    async fn book(
        &self,
        conn: &mut PgConnection,
        mut payment: Payment,
        cause: EntryKind,
    ) -> Result<Applied, PaymentError> {
        let bookings = payment.bookings(cause);
        let mut applied = Applied::nothing(Outcome::Applied, None);
        let mut entries = Vec::new();
        if !bookings.is_empty() {
            let commands = commands(&mut payment, &bookings);
            let mut messages = Vec::new();
            for (booking, outcome) in bookings
                .iter()
                .zip(apply(conn, self.prices, &commands).await?)
            {
                let answer = outcome?;
                let seq = answer.entry.ok_or(PaymentError::Row("entry"))?;
                entries.push((seq, booking.kind));
                applied.moved = applied
                    .moved
                    .plus(booking.amount)
                    .map_err(crate::ledger::Refusal::from)?;
                applied.balance = Some(answer.balance);
                messages.extend(outbox::payment_booked(&payment, booking, answer.balance));
            }
            outbox::enqueue(conn, payment.id.account, &messages, self.now).await?;
        }
        write::write_payment_and_entries(conn, &payment, &entries, self.now).await?;
        applied.payment = Some(payment);
        Ok(applied)
    }

    /// What its own provider does not confirm is left to an operator, whether or not its payment is
    /// known.
    async fn leave_unconfirmed(
        &mut self,
        conn: &mut PgConnection,
        payment: Option<Payment>,
        why: &str,
    ) -> Result<Applied, PaymentError> {
        if let Some(payment) = payment {
            return self.contradict(conn, payment, why.to_owned()).await;
        }
        self.detail = Some(why.to_owned());
        Ok(Applied::nothing(Outcome::Contradiction, None))
    }

    /// Credits nothing, and leaves it to an operator.
    async fn contradict(
        &mut self,
        conn: &mut PgConnection,
        mut payment: Payment,
        why: String,
    ) -> Result<Applied, PaymentError> {
        self.detail = Some(why);
        payment.needs_review = true;
        write::write_payment(conn, &payment, self.now).await?;
        Ok(Applied::nothing(Outcome::Contradiction, Some(payment)))
    }
}

/// The kind of what was taken back before the payment was known to be paid.
const fn first_reversal(payment: &Payment) -> EntryKind {
    if payment.refunded_minor > 0 {
        EntryKind::PaymentReversal
    } else {
        EntryKind::Dispute
    }
}

/// The ledger's commands, each under a key of its own: callers cannot write these.
fn commands(payment: &mut Payment, bookings: &[Booking]) -> Vec<Command> {
    bookings
        .iter()
        .map(|booking| {
            payment.bookings = payment.bookings.saturating_add(1);
            let key = format!(
                "payment:{}:{}",
                payment.id.number.simple(),
                payment.bookings
            );
            let hash = CommandHash::of(booking.kind.name())
                .number(booking.amount.get())
                .finish();
            Command {
                account: payment.id.account,
                action: Action::Post(Post {
                    opening: Opening {
                        tenant_id: payment.tenant_id.clone(),
                        user_id: payment.user_id.clone(),
                    },
                    keyed: Keyed::by_system(&key, hash),
                    kind: booking.kind,
                    amount: booking.amount,
                    counterparty: Some(Arc::clone(&payment.provider)),
                    note: None,
                }),
            }
        })
        .collect()
}

/// What operators watch. Only what was committed counts.
fn report(event: &ProviderEvent, applied: &Applied) {
    metrics::counter!("billing_provider_events_total", "provider" => event.provider.clone(),
        "outcome" => applied.outcome.name(), "duplicate" => applied.duplicate.to_string())
    .increment(1);
    if applied.duplicate {
        return;
    }
    if applied.outcome == Outcome::Contradiction {
        warn!(
            provider = event.provider,
            event = event.event_id,
            payment = applied
                .payment
                .as_ref()
                .map(|payment| payment.id.to_string()),
            "a provider's event contradicts the payment's record: `billing-core payments review`"
        );
    }
    let amount = applied.moved.get().unsigned_abs();
    if applied.moved.is_positive() {
        count(
            "billing_payments_received_micros_total",
            &event.provider,
            amount,
        );
    } else if amount > 0 {
        count(
            "billing_payments_reversed_micros_total",
            &event.provider,
            amount,
        );
    }
    if let Report::Payment(report) = &event.report
        && applied.outcome == Outcome::Applied
    {
        metrics::counter!("billing_payment_reports_total", "provider" => event.provider.clone(),
            "state" => report.state.name(), "declined" => report.decline_code.is_some().to_string())
        .increment(1);
    }
}
