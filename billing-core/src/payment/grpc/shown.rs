//! Payments as answers show them.

use std::time::Duration;

use billing_proto::v1;

use super::super::event::queries::StoredEvent;
use super::super::event::{Applied, Outcome};
use super::super::rate::{Currency, StoredRate};
use super::super::stale::Stale;
use super::super::{Payment, Purpose, Refund, RefundState, State};
use crate::id::PaymentId;
use crate::ledger::grpc::balance;
use crate::rpc::timestamp;

pub fn payment(payment: &Payment) -> v1::Payment {
    let state = match payment.state {
        State::Created => v1::PaymentState::Created,
        State::Pending => v1::PaymentState::Pending,
        State::RequiresAction => v1::PaymentState::RequiresAction,
        State::Succeeded => v1::PaymentState::Succeeded,
        State::Failed => v1::PaymentState::Failed,
        State::Canceled => v1::PaymentState::Canceled,
        State::Expired => v1::PaymentState::Expired,
    };
    v1::Payment {
        payment_id: payment.id.to_string(),
        account: Some(v1::AccountRef {
            tenant_id: payment.tenant_id.clone(),
            user_id: payment.user_id.clone(),
        }),
        provider: payment.provider.to_string(),
        provider_reference: payment.reference.clone().unwrap_or_default(),
        purpose: purpose(payment.purpose).into(),
        state: state.into(),
        amount_minor: payment.amount_minor,
        currency: payment.currency.clone(),
        credit_micros: payment.credit.get(),
        rate: payment.rate.clone(),
        credited_micros: payment.credited.get(),
        reversed_micros: payment.reversed.get(),
        refunded_minor: payment.refunded_minor,
        disputed_minor: payment.disputed_minor,
        refund_requested_minor: payment.refund_requested_minor,
        livemode: payment.livemode,
        decline_code: payment.decline_code.clone().unwrap_or_default(),
        created_at: Some(timestamp(payment.created_at)),
        succeeded_at: payment.succeeded_at.map(timestamp),
        needs_review: payment.needs_review,
        provider_account: payment.provider_account.clone(),
        received_minor: payment.received_minor,
        processing: payment.processing,
        subscription_id: payment
            .subscription
            .map(|number| {
                let first = PaymentId {
                    number,
                    ..payment.id
                };
                first.to_string()
            })
            .unwrap_or_default(),
    }
}

const fn purpose(purpose: Purpose) -> v1::PaymentPurpose {
    match purpose {
        Purpose::TopUp => v1::PaymentPurpose::TopUp,
        Purpose::Contribution => v1::PaymentPurpose::Contribution,
    }
}

pub fn refund(payment: PaymentId, refund: &Refund) -> v1::Refund {
    let state = match refund.state {
        RefundState::Requested => v1::RefundState::Requested,
        RefundState::Pending => v1::RefundState::Pending,
        RefundState::Succeeded => v1::RefundState::Succeeded,
        RefundState::Failed => v1::RefundState::Failed,
        RefundState::Canceled => v1::RefundState::Canceled,
    };
    v1::Refund {
        refund_id: refund.id.to_string(),
        payment_id: payment.to_string(),
        provider_reference: refund.reference.clone().unwrap_or_default(),
        amount_minor: refund.amount_minor,
        state: state.into(),
        created_at: Some(timestamp(refund.created_at)),
    }
}

pub fn applied(applied: &Applied) -> v1::ApplyProviderEventResponse {
    v1::ApplyProviderEventResponse {
        outcome: outcome(applied.outcome).into(),
        duplicate: applied.duplicate,
        payment: applied.payment.as_ref().map(payment),
        moved_micros: applied.moved.get(),
        balance: applied.balance.map(balance),
        given_minor: applied.given_minor,
    }
}

const fn outcome(outcome: Outcome) -> v1::EventOutcome {
    match outcome {
        Outcome::Applied => v1::EventOutcome::Applied,
        Outcome::Ignored => v1::EventOutcome::Ignored,
        Outcome::Unmatched => v1::EventOutcome::Unmatched,
        Outcome::Unreadable => v1::EventOutcome::Unreadable,
        Outcome::Contradiction => v1::EventOutcome::Contradiction,
        Outcome::Recorded => v1::EventOutcome::Recorded,
    }
}

pub fn rate(currency: Currency, newest: StoredRate, age_max: Duration) -> v1::ExchangeRate {
    v1::ExchangeRate {
        currency: currency.code().to_owned(),
        too_old: newest.is_too_old(age_max),
        rate: newest.rate,
        source: newest.source,
        fetched_at: Some(timestamp(newest.fetched_at)),
    }
}

pub fn stale(stale: &Stale) -> v1::StalePayment {
    v1::StalePayment {
        payment: Some(payment(&stale.payment)),
        refunds: stale
            .refunds
            .iter()
            .map(|open| refund(stale.payment.id, open))
            .collect(),
        checks: stale.checks,
        give_up: stale.give_up,
        subscription_reference: stale.subscription.clone().unwrap_or_default(),
    }
}

pub fn stored_event(event: StoredEvent) -> v1::StoredEvent {
    v1::StoredEvent {
        event_id: event.event_id,
        event_type: event.event_type,
        received_at: Some(timestamp(event.received_at.to_jiff())),
        outcome: Outcome::named(&event.outcome)
            .map_or(v1::EventOutcome::Unspecified, outcome)
            .into(),
        raw: event.raw,
    }
}

/// Where a page that ends with this event ends.
pub fn event_token(event: &StoredEvent) -> String {
    let at = event.received_at.to_jiff().as_microsecond();
    format!("{at}:{}", event.event_id)
}
