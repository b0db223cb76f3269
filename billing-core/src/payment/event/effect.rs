//! What one event makes of its payment.

use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::purpose::{self, Cause};
use super::super::{Payment, PaymentError, State, queries as payments, told};
use super::contradiction;
use super::report::{Outcome, PaymentReport, ProviderEvent, Report};
use crate::id::AccountId;
use crate::outbox::Notice;

/// An event on its way into the books.
pub struct Effect<'a> {
    pub event: &'a ProviderEvent,
    /// Whether what is reported is booked.
    pub booking: bool,
    pub now: Timestamp,
    /// Why the payment could not be opened.
    pub unopened: Option<&'a str>,
}

/// What is still to be done about an event once its payment has been changed.
#[derive(Debug)]
pub struct Taken {
    pub outcome: Outcome,
    /// Why nothing came of it, for operators.
    pub detail: Option<String>,
    /// The payment's row is to be written.
    pub changed: bool,
    /// The refund that was reported: for why it was asked for.
    pub refund: Option<Uuid>,
    /// What follows from the payment's success or reversal.
    pub effect: Option<purpose::Effect>,
    /// What is told besides that.
    pub notices: Vec<(AccountId, Notice)>,
}

impl Taken {
    pub fn nothing(outcome: Outcome, detail: Option<String>) -> Self {
        Self {
            outcome,
            detail,
            changed: false,
            refund: None,
            effect: None,
            notices: Vec::new(),
        }
    }
}

/// What a report has changed of its payment.
enum Change {
    Made {
        /// Why something is taken back for it.
        cause: Cause,
        refund: Option<Uuid>,
        notices: Vec<(AccountId, Notice)>,
        /// Why somebody has to look at it all the same.
        doubt: Option<String>,
    },
    /// It has changed nothing.
    Contradiction(String),
}

impl Effect<'_> {
    /// Changes the payment, whose row is locked, and writes what belongs to this event alone. The
    /// payment itself, what follows by its purpose, and what is told are left to the whole batch.
    pub async fn take(
        &self,
        conn: &mut PgConnection,
        payment: Option<&mut Payment>,
    ) -> Result<Taken, PaymentError> {
        match &self.event.report {
            Report::None => return Ok(Taken::nothing(Outcome::Ignored, None)),
            Report::Unreadable(why) => {
                return Ok(Taken::nothing(Outcome::Unreadable, Some(why.clone())));
            }
            Report::Unconfirmed(why) => return Ok(unconfirmed(payment, why)),
            Report::Payment(_)
            | Report::Refund(_)
            | Report::Dispute(_)
            | Report::GivenBack(_)
            | Report::Subscription(_) => {}
        }
        if !self.booking {
            return Ok(Taken::nothing(Outcome::Recorded, None));
        }
        let Some(payment) = payment else {
            let why = self
                .unopened
                .unwrap_or("no payment has this reference or id");
            return Ok(Taken::nothing(Outcome::Unmatched, Some(why.to_owned())));
        };
        if let Some(why) = contradiction::find(self.event, payment) {
            return Ok(contradicted(payment, why));
        }
        if let Report::Subscription(report) = &self.event.report {
            return Ok(Taken {
                changed: true,
                effect: Some(payment.subscribed(report)),
                ..Taken::nothing(Outcome::Applied, None)
            });
        }
        let (cause, refund, notices, doubt) = match self.change(conn, payment).await? {
            Change::Made {
                cause,
                refund,
                notices,
                doubt,
            } => (cause, refund, notices, doubt),
            Change::Contradiction(why) => return Ok(contradicted(payment, why)),
        };
        // The one place where payments move money.
        let effect = payment.effect(cause);
        let outcome = if doubt.is_some() {
            payment.needs_review = true;
            Outcome::Contradiction
        } else {
            Outcome::Applied
        };
        Ok(Taken {
            changed: true,
            refund,
            effect,
            notices,
            ..Taken::nothing(outcome, doubt)
        })
    }

    /// Changes the payment as the report says, and not yet what is booked of it.
    async fn change(
        &self,
        conn: &mut PgConnection,
        payment: &mut Payment,
    ) -> Result<Change, PaymentError> {
        let (mut notices, mut doubt, mut reported) = (Vec::new(), None, None);
        let cause = match &self.event.report {
            Report::Payment(report) => {
                let is_news = payment.state != State::Succeeded;
                let Some(ended) = self.take_payment(conn, payment, report).await? else {
                    let why = "its reference is another payment's".to_owned();
                    return Ok(Change::Contradiction(why));
                };
                notices = ended;
                doubt = another_amount(payment, report).filter(|_| is_news);
                first_reversal(payment)
            }
            Report::Refund(report) => {
                let mut refunds = payments::find_refunds(&mut *conn, payment.id).await?;
                let Some(refund) = report.change(&mut refunds, self.now) else {
                    let why = format!("refund {} has another amount", report.reference);
                    return Ok(Change::Contradiction(why));
                };
                payments::write_refund(conn, payment.id, &refund, None).await?;
                payment.sum_refunds(&refunds);
                reported = Some(refund.id);
                Cause::Refund
            }
            Report::Dispute(report) => {
                let mut disputes = payments::find_disputes(conn, payment.id).await?;
                let known = payments::find_movements(conn, payment.id, &report.reference).await?;
                let event = (self.event.event_id.as_str(), self.event.occurred_at);
                let change = match report.change(&mut disputes, known, event) {
                    Ok(change) => change,
                    Err(why) => return Ok(Change::Contradiction(why)),
                };
                payments::write_dispute(conn, payment.id, &change, self.now).await?;
                doubt = change.doubt;
                payment.sum_disputes(&disputes);
                Cause::Dispute
            }
            Report::GivenBack(report) => {
                let refunds = payments::find_refunds(&mut *conn, payment.id).await?;
                payment.note_given_back(report.total_minor, &refunds);
                Cause::Refund
            }
            Report::None
            | Report::Unreadable(_)
            | Report::Unconfirmed(_)
            | Report::Subscription(_) => Cause::Refund,
        };
        Ok(Change::Made {
            cause,
            refund: reported,
            notices,
            doubt,
        })
    }

    /// Attaches what the provider calls the payment. Not where one of the names is another payment's.
    async fn take_references(
        &self,
        conn: &mut PgConnection,
        payment: &mut Payment,
        reported: State,
    ) -> Result<bool, PaymentError> {
        let mut is_known = false;
        for reference in self.event.references() {
            if payment.reference.as_ref() == Some(reference) {
                is_known = true;
            } else if !payments::insert_reference(conn, payment, reference).await? {
                return Ok(false);
            }
        }
        // The name that paid stays: it is the one that is refunded.
        if payment.state == State::Succeeded {
            return Ok(true);
        }
        let goes_by = if reported == State::Succeeded {
            self.event.references().next_back()
        } else {
            self.event.reference.as_ref().filter(|_| !is_known)
        };
        if let Some(reference) = goes_by {
            payment.reference = Some(reference.clone());
        }
        Ok(true)
    }

    /// What is told of its end; none where the reference is another payment's.
    async fn take_payment(
        &self,
        conn: &mut PgConnection,
        payment: &mut Payment,
        report: &PaymentReport,
    ) -> Result<Option<Vec<(AccountId, Notice)>>, PaymentError> {
        if !self.take_references(conn, payment, report.state).await? {
            return Ok(None);
        }
        if let Some(code) = &report.decline_code {
            payment.decline_code = Some(code.clone());
            payments::insert_decline(conn, payment, &self.event.event_id, self.now).await?;
        }
        let before = payment.state;
        payment.advance(report.state, self.event.occurred_at);
        payment.note_processing(report.processing);
        if report.state == State::Succeeded {
            // Several reports may say it, seconds apart, in any order; the earliest is when it was paid.
            let at = self.event.occurred_at;
            payment.succeeded_at = Some(payment.succeeded_at.map_or(at, |known| known.min(at)));
        }
        if payment.state == State::Succeeded && before != State::Succeeded {
            payment.received_minor = Some(report.amount_minor);
        }
        let ended = payment.state != before
            && payment.state.is_final()
            && payment.state != State::Succeeded;
        if !ended {
            return Ok(Some(Vec::new()));
        }
        let account = payment.id.account;
        let notices = told::ended(payment).into_iter();
        Ok(Some(notices.map(|notice| (account, notice)).collect()))
    }
}

/// What its own provider does not confirm is left to an operator, whether or not its payment is known.
fn unconfirmed(payment: Option<&mut Payment>, why: &str) -> Taken {
    match payment {
        Some(payment) => contradicted(payment, why.to_owned()),
        None => Taken::nothing(Outcome::Contradiction, Some(why.to_owned())),
    }
}

/// Credits nothing, and leaves it to an operator.
fn contradicted(payment: &mut Payment, why: String) -> Taken {
    payment.needs_review = true;
    Taken {
        changed: true,
        ..Taken::nothing(Outcome::Contradiction, Some(why))
    }
}

/// What is said to operators of a success that was not received as ordered.
fn another_amount(payment: &Payment, report: &PaymentReport) -> Option<String> {
    let (ordered, received) = (payment.amount_minor, report.amount_minor);
    (report.state == State::Succeeded && received != ordered).then(|| {
        let credited = if received < ordered {
            "what was received is credited"
        } else {
            "what was ordered is credited, the rest is not"
        };
        format!("the amount is {received}, {ordered} was ordered: {credited}")
    })
}

/// Why something was taken back before the payment was known to be paid.
const fn first_reversal(payment: &Payment) -> Cause {
    if payment.refunded_minor > 0 {
        Cause::Refund
    } else {
        Cause::Dispute
    }
}
