//! What goes wrong with payments, as the REST surface says it.

use std::collections::HashMap;
use std::time::Duration;

use billing_proto::v1::ErrorReason;

use super::kind::{
    ACCOUNT_SUSPENDED, CONTRIBUTION_ENDED, KEY_REUSED, Kind, NOT_REFUNDABLE, PAYMENT_BEGUN,
    PAYMENTS_OFF, PAYMENTS_PAUSED, PROVIDER_REFUSED, PROVIDER_TIMEOUT, PROVIDER_UNAVAILABLE,
    RATE_UNAVAILABLE, REFUND_EXCEEDS, REFUND_EXCEEDS_CHARGE, REFUND_REFUSED, REFUND_TOO_LATE,
    SUBSCRIPTION_EXISTS, TOO_MANY_OPEN, WEBHOOK_SIGNATURE, WEBHOOK_TIME,
};
use crate::currency::Currency;
use crate::providers::{ProviderError, WebhookRefusal};
use crate::usd::Usd;

/// How long payments pause where the core does not say.
const PAUSE: Duration = Duration::from_mins(5);
/// How long a caller waits before it asks again whether there is a rate, or payments are on.
const RETRY_CLOSED: Duration = Duration::from_mins(5);
/// How long a caller waits before it asks whether one of their pages has ended: that takes half an hour at least.
const RETRY_OPEN: Duration = Duration::from_mins(30);

/// Why a request about payments does not end well.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("this account is suspended: it can begin no payment")]
    Suspended,
    /// Too many declines at the tenant. One text for everybody: it says nothing of the rule.
    #[error("payments cannot be made at present")]
    Paused { retry_after: Duration },
    #[error("{most} contributions are open: pay one of them, or wait until their pages have ended")]
    TooManyOpen { most: String },
    /// An operator's text, for payers.
    #[error("{reason}")]
    Off { reason: String },
    #[error("payments in this currency cannot be made at present: its rate is not known")]
    RateUnavailable,
    #[error("this payment has begun, and where it is paid is told once: begin another one")]
    Begun,
    #[error("this contribution cannot be paid any more: begin it again")]
    Ended,
    #[error(
        "you give monthly already, by the subscription {ulid}: cancel it first, or let it go on, and give once"
    )]
    SubscriptionExists { ulid: String },
    #[error("the payment provider did not answer in time")]
    ProviderLate,
    #[error("the payment provider cannot be used at present")]
    ProviderAway(#[source] ProviderError),
    #[error("the payment provider does not take this payment")]
    ProviderRefused(#[source] ProviderError),
    #[error("the payment cannot be refunded: it is not paid")]
    NotRefundable,
    #[error("more than what is left of the payment: {left}")]
    RefundExceeds { left: String },
    #[error("more than what is left of the charge: {left}")]
    RefundExceedsCharge { left: String },
    #[error("the time for refunds of this payment has passed: {days} days")]
    RefundTooLate { days: String },
    #[error("the payment provider does not carry out this refund")]
    RefundRefused,
    #[error("the webhook is not accepted: {0}")]
    Webhook(WebhookRefusal),
}

impl PaymentError {
    /// By the reason that the core gives, in its words where they are for payers. None for a rule that
    /// no request about payments meets.
    pub(crate) fn of(
        reason: ErrorReason,
        message: &str,
        details: &HashMap<String, String>,
        retry_after: Option<Duration>,
    ) -> Option<Self> {
        Some(match reason {
            ErrorReason::IdempotencyKeyReused => Self::KeyReused,
            ErrorReason::AccountSuspended => Self::Suspended,
            ErrorReason::PaymentsPaused => Self::Paused {
                retry_after: retry_after.unwrap_or(PAUSE),
            },
            ErrorReason::TooManyOpen => Self::TooManyOpen {
                most: detail(details, "open_max").to_owned(),
            },
            ErrorReason::SubscriptionExists => Self::SubscriptionExists {
                ulid: detail(details, "ulid").to_owned(),
            },
            ErrorReason::PaymentsSwitchedOff => Self::Off {
                reason: message.to_owned(),
            },
            ErrorReason::RateTooOld => Self::RateUnavailable,
            ErrorReason::PaymentNotRefundable => Self::NotRefundable,
            ErrorReason::RefundExceedsPayment => Self::RefundExceeds {
                left: left_of(details),
            },
            ErrorReason::RefundExceedsCharge => Self::RefundExceedsCharge {
                left: left_of_charge(details),
            },
            ErrorReason::RefundTooLate => Self::RefundTooLate {
                days: detail(details, "days").to_owned(),
            },
            _ => return None,
        })
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::KeyReused => KEY_REUSED,
            Self::Suspended => ACCOUNT_SUSPENDED,
            Self::Paused { .. } => PAYMENTS_PAUSED,
            Self::TooManyOpen { .. } => TOO_MANY_OPEN,
            Self::Off { .. } => PAYMENTS_OFF,
            Self::RateUnavailable => RATE_UNAVAILABLE,
            Self::Begun => PAYMENT_BEGUN,
            Self::Ended => CONTRIBUTION_ENDED,
            Self::SubscriptionExists { .. } => SUBSCRIPTION_EXISTS,
            Self::ProviderLate => PROVIDER_TIMEOUT,
            Self::ProviderAway(_) => PROVIDER_UNAVAILABLE,
            Self::ProviderRefused(_) => PROVIDER_REFUSED,
            Self::NotRefundable => NOT_REFUNDABLE,
            Self::RefundExceeds { .. } => REFUND_EXCEEDS,
            Self::RefundExceedsCharge { .. } => REFUND_EXCEEDS_CHARGE,
            Self::RefundTooLate { .. } => REFUND_TOO_LATE,
            Self::RefundRefused => REFUND_REFUSED,
            Self::Webhook(WebhookRefusal::Time) => WEBHOOK_TIME,
            Self::Webhook(
                WebhookRefusal::Missing | WebhookRefusal::Malformed | WebhookRefusal::Signature,
            ) => WEBHOOK_SIGNATURE,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Paused { retry_after } => Some(*retry_after),
            Self::TooManyOpen { .. } => Some(RETRY_OPEN),
            Self::Off { .. } | Self::RateUnavailable => Some(RETRY_CLOSED),
            _ => None,
        }
    }

    pub(crate) fn is_of_the_provider(&self) -> bool {
        matches!(
            self,
            Self::ProviderLate | Self::ProviderAway(_) | Self::ProviderRefused(_)
        )
    }
}

/// `15 USD`.
fn left_of(details: &HashMap<String, String>) -> String {
    let (minor, code) = (
        detail(details, "refundable_minor"),
        detail(details, "currency"),
    );
    let amount = Currency::of(code).and_then(|currency| currency.amount(minor.parse().ok()?));
    amount.map_or_else(
        || format!("{minor} minor units"),
        |amount| format!("{amount} {code}"),
    )
}

fn left_of_charge(details: &HashMap<String, String>) -> String {
    let micros = detail(details, "refundable_micros");
    micros.parse().map_or_else(
        |_no_number| format!("{micros} micros"),
        |micros| format!("{} USD", Usd::from_micros(micros)),
    )
}

fn detail<'a>(details: &'a HashMap<String, String>, name: &str) -> &'a str {
    details.get(name).map_or("", String::as_str)
}

impl From<ProviderError> for PaymentError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Late => Self::ProviderLate,
            ProviderError::Away(_) | ProviderError::CustomerLost => Self::ProviderAway(error),
            ProviderError::Refused { .. } => Self::ProviderRefused(error),
            ProviderError::Begun => Self::Begun,
        }
    }
}
