//! One payment, asked about at its provider.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{
    EventOutcome, Payment, PaymentPurpose, PaymentState, Refund, RefundState, StalePayment,
};
use jiff::Timestamp;

use crate::core::Core;
use crate::payment::refund::carry_out;
use crate::payment::{apply, attach, expired, note, open};
use crate::problem::{ApiError, PaymentError};
use crate::providers::{Event, Order, Page, Payable, Provider, ProviderError, Subscribed};

/// Longer than a request for a page may take.
const FORSAKEN_SECS: i64 = 60;

/// How much is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// What is open: the payment, and refunds of ours.
    Open,
    /// Whatever could have happened: the payment, every refund and dispute.
    Whole,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checked {
    /// Answers that moved money which no report had moved.
    pub applied: u64,
    /// Answers that contradict the record.
    pub contradictions: u64,
}

pub(super) async fn check(
    core: &Core,
    provider: &dyn Provider,
    stale: StalePayment,
    depth: Depth,
) -> Result<Checked, ApiError> {
    let StalePayment {
        payment,
        refunds,
        give_up,
        subscription_reference,
        ..
    } = stale;
    let payment = payment.ok_or_else(|| ApiError::fault("a claimed payment is absent"))?;
    let mut check = Check {
        core,
        provider,
        checked: Checked::default(),
    };
    if !subscription_reference.is_empty() {
        check
            .subscription(&payment.payment_id, &subscription_reference)
            .await?;
    }
    let is_open = is_open(payment.state());
    let give_up = give_up && is_open;
    let known = if payment.provider_reference.is_empty() {
        check.locate(&payment, is_open, give_up).await?
    } else {
        Some(payment.provider_reference.clone())
    };
    let Some(reference) = known else {
        return Ok(check.checked);
    };
    if is_open || depth == Depth::Whole {
        check.state(&payment, &reference, give_up).await?;
    }
    if depth == Depth::Whole || !refunds.is_empty() {
        let payment = Payment {
            provider_reference: reference.clone(),
            ..payment
        };
        check.refunds(&payment, &refunds).await?;
    }
    if let Some(disputes) = provider.disputes().filter(|_| depth == Depth::Whole) {
        let listed = disputes.list_disputes(&reference).await;
        for dispute in listed.map_err(PaymentError::from)? {
            check.apply(dispute).await?;
        }
    }
    Ok(check.checked)
}

struct Check<'a> {
    core: &'a Core,
    provider: &'a dyn Provider,
    checked: Checked,
}

impl Check<'_> {
    /// What was paid for a subscription, and how it stands.
    async fn subscription(&mut self, payment_id: &str, reference: &str) -> Result<(), ApiError> {
        let Some(subscriptions) = self.provider.subscriptions() else {
            return Ok(());
        };
        let subscribed = Subscribed {
            reference,
            payment_id,
        };
        let events = subscriptions.standing(subscribed).await;
        for event in events.map_err(PaymentError::from)? {
            self.apply(event).await?;
        }
        Ok(())
    }

    /// What the provider calls a payment whose creation was not answered. Where it does not know it
    /// either it is made there now, or given up. None: there is nothing more to ask.
    async fn locate(
        &mut self,
        payment: &Payment,
        is_open: bool,
        give_up: bool,
    ) -> Result<Option<String>, ApiError> {
        let customer = attach(self.core, payment, String::new(), String::new()).await?;
        // None where it is not set up for such payments any more: whoever waits for this one waits in vain.
        let ways: Vec<_> = Payable::every(self.provider, payment.purpose()).collect();
        for way in &ways {
            let found = self.find(*way, payment, &customer).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        if give_up {
            self.apply(expired(payment, self.provider.livemode()))
                .await?;
            return Ok(None);
        }
        if is_open && is_forsaken(payment) {
            self.end(payment).await?;
            return Ok(None);
        }
        // Which of several ways its payer asked for is not known here: a repeat of their request makes it.
        if let [way] = ways.as_slice()
            && is_open
            && payment.purpose() == PaymentPurpose::TopUp
        {
            let order = Order {
                payment,
                receipt_email: None,
                page: Page::TOP_UP,
            };
            open(self.core, self.provider, *way, &order, customer).await?;
        }
        Ok(None)
    }

    /// What the provider calls a payment that was made there in this way, which is noted.
    async fn find(
        &self,
        way: Payable<'_>,
        payment: &Payment,
        customer: &str,
    ) -> Result<Option<String>, ApiError> {
        match way {
            Payable::Intents(intents) => {
                let found = intents.find(payment, customer).await;
                let found = found.map_err(PaymentError::from)?;
                if let Some(reference) = &found {
                    attach(self.core, payment, reference.clone(), String::new()).await?;
                }
                Ok(found)
            }
            Payable::HostedPages(pages) => {
                let found = pages.find(payment, customer).await;
                let found = found.map_err(PaymentError::from)?;
                if let Some(opened) = &found {
                    note(self.core, payment, opened).await?;
                }
                Ok(found.map(|opened| opened.reference))
            }
        }
    }

    /// Ends a contribution that has no page. Where it was given one at this moment, that ends too.
    async fn end(&mut self, payment: &Payment) -> Result<(), ApiError> {
        let ended = expired(payment, self.provider.livemode());
        let ended = self.apply(ended).await?.unwrap_or_default();
        if ended.provider_reference.is_empty() {
            return Ok(());
        }
        self.state(payment, &ended.provider_reference, true).await
    }

    async fn state(
        &mut self,
        payment: &Payment,
        reference: &str,
        give_up: bool,
    ) -> Result<(), ApiError> {
        let answered = if give_up {
            match Payable::of(self.provider, payment.purpose()) {
                Some(Payable::Intents(intents)) => intents.cancel(reference).await,
                Some(Payable::HostedPages(pages)) => pages.expire(reference).await,
                None => self.provider.retrieve(reference).await,
            }
        } else {
            self.provider.retrieve(reference).await
        };
        let events = match answered {
            Ok(events) => events,
            // It does not know it, or not any more, and nobody has paid it in all the time.
            Err(ProviderError::Refused { .. }) if give_up => {
                vec![expired(payment, self.provider.livemode())]
            }
            Err(error) => return Err(PaymentError::from(error).into()),
        };
        for event in events {
            self.apply(event).await?;
        }
        Ok(())
    }

    /// Those that the provider has are applied first; only what it does not have is asked for, by
    /// the key that a lost request had.
    async fn refunds(&mut self, payment: &Payment, open: &[Refund]) -> Result<(), ApiError> {
        let reference = &payment.provider_reference;
        let listed = self
            .provider
            .refunds()
            .list_refunds(reference)
            .await
            .map_err(PaymentError::from)?;
        let there: Vec<String> = listed.iter().filter_map(refund_id).collect();
        for event in listed {
            self.apply(event).await?;
        }
        let missing = open.iter().filter(|refund| {
            refund.state() == RefundState::Requested && !there.contains(&refund.refund_id)
        });
        for refund in missing {
            carry_out(self.core, self.provider, payment, refund).await?;
        }
        Ok(())
    }

    /// Answers with the payment as it then stands.
    async fn apply(&mut self, event: Event) -> Result<Option<Payment>, ApiError> {
        let applied = apply(self.core, self.provider.name(), event)
            .await
            .map_err(|error| error.into_api(&[]))?;
        if applied.outcome() == EventOutcome::Contradiction {
            self.checked.contradictions += 1;
        }
        // What was known already is no news, under whatever name it comes.
        let has_moved = applied.moved_micros != 0 || applied.given_minor != 0;
        if !applied.duplicate && has_moved {
            self.checked.applied += 1;
        }
        Ok(applied.payment)
    }
}

/// The page of a contribution is made only where somebody waits for it, and nobody does any more.
fn is_forsaken(payment: &Payment) -> bool {
    let created_at = payment.created_at.as_ref();
    let created_at = created_at.map_or(i64::MAX, |at| at.seconds);
    let age_secs = Timestamp::now().as_second().saturating_sub(created_at);
    payment.purpose() == PaymentPurpose::Contribution && age_secs >= FORSAKEN_SECS
}

fn refund_id(event: &Event) -> Option<String> {
    match &event.report {
        Some(Report::Refund(refund)) => Some(refund.refund_id.clone()),
        _ => None,
    }
}

fn is_open(state: PaymentState) -> bool {
    match state {
        PaymentState::Unspecified
        | PaymentState::Created
        | PaymentState::Pending
        | PaymentState::RequiresAction => true,
        PaymentState::Succeeded
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => false,
    }
}
