//! A payment as its payer sees it.

use billing_proto::v1::{Payment, PaymentState, Refund, RefundState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::core::written;
use crate::currency::{Amount, Currency};
use crate::problem::ApiError;
use crate::usd::Usd;

/// The same for every reason: whoever tries stolen cards must not learn which of them are good.
const DECLINED: &str = "The payment was declined. Try again, or use another way to pay.";

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownPayment {
    /// Our own name of it.
    payment_id: String,
    provider: String,
    /// What the provider calls it; null until it knows it.
    #[schema(required = true)]
    reference: Option<String>,
    status: PaymentStatus,
    /// What is paid.
    amount: Amount,
    /// What has arrived. Where it is less than `amount`, that much is credited; null until it is paid.
    #[schema(required = true)]
    received: Option<Amount>,
    /// ISO 4217, of `amount`, `received`, `refunded`, `refund_requested` and `disputed`.
    currency: String,
    /// Credited to the balance so far.
    credited_usd: Usd,
    /// Taken from the balance again, by refunds and disputes.
    reversed_usd: Usd,
    /// Given back to the payer.
    refunded: Amount,
    /// To be given back; the provider has not answered yet.
    refund_requested: Amount,
    /// Taken by disputes that are not won.
    disputed: Amount,
    /// For the payer; null where there is nothing to say.
    #[schema(required = true)]
    message: Option<&'static str>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339; null until it is paid.
    #[schema(format = DateTime, required = true)]
    succeeded_at: Option<String>,
}

/// Where a payment stands. What was refunded stays `succeeded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    Created,
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
    Expired,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownRefund {
    refund_id: String,
    status: RefundStatus,
    amount: Amount,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Requested,
    Pending,
    Succeeded,
    Failed,
    Canceled,
}

impl TryFrom<Payment> for ShownPayment {
    type Error = ApiError;

    fn try_from(payment: Payment) -> Result<Self, ApiError> {
        let currency = currency(&payment.currency)?;
        let amount = |minor| amount(currency, minor);
        let declined = !payment.decline_code.is_empty()
            && matches!(
                payment.state(),
                PaymentState::Created | PaymentState::Pending | PaymentState::Failed
            );
        Ok(Self {
            status: payment_status(payment.state())?,
            amount: amount(payment.amount_minor)?,
            // A core that does not say it credited only what was received as ordered.
            received: (payment.state() == PaymentState::Succeeded)
                .then(|| amount(payment.received_minor.unwrap_or(payment.amount_minor)))
                .transpose()?,
            credited_usd: Usd::from_micros(payment.credited_micros),
            reversed_usd: Usd::from_micros(payment.reversed_micros),
            refunded: amount(payment.refunded_minor)?,
            refund_requested: amount(payment.refund_requested_minor)?,
            disputed: amount(payment.disputed_minor)?,
            message: declined.then_some(DECLINED),
            created_at: written(payment.created_at.as_ref())?
                .ok_or_else(|| ApiError::fault("a payment has no time"))?,
            succeeded_at: written(payment.succeeded_at.as_ref())?,
            payment_id: payment.payment_id,
            provider: payment.provider,
            reference: Some(payment.provider_reference).filter(|text| !text.is_empty()),
            currency: payment.currency,
        })
    }
}

impl ShownRefund {
    pub(crate) fn of(refund: Refund, currency: Currency) -> Result<Self, ApiError> {
        Ok(Self {
            status: refund_status(refund.state())?,
            amount: amount(currency, refund.amount_minor)?,
            created_at: written(refund.created_at.as_ref())?
                .ok_or_else(|| ApiError::fault("a refund has no time"))?,
            refund_id: refund.refund_id,
        })
    }
}

pub(crate) fn currency(code: &str) -> Result<Currency, ApiError> {
    Currency::of(code).ok_or_else(|| ApiError::fault("a payment is in an unknown currency"))
}

pub(crate) fn amount(currency: Currency, minor: i64) -> Result<Amount, ApiError> {
    currency
        .amount(minor)
        .ok_or_else(|| ApiError::fault("an amount is out of range"))
}

pub(crate) fn payment_status(state: PaymentState) -> Result<PaymentStatus, ApiError> {
    match state {
        PaymentState::Created => Ok(PaymentStatus::Created),
        PaymentState::Pending => Ok(PaymentStatus::Pending),
        PaymentState::RequiresAction => Ok(PaymentStatus::RequiresAction),
        PaymentState::Succeeded => Ok(PaymentStatus::Succeeded),
        PaymentState::Failed => Ok(PaymentStatus::Failed),
        PaymentState::Canceled => Ok(PaymentStatus::Canceled),
        PaymentState::Expired => Ok(PaymentStatus::Expired),
        PaymentState::Unspecified => Err(ApiError::fault("a payment is in no known state")),
    }
}

pub(crate) fn refund_status(state: RefundState) -> Result<RefundStatus, ApiError> {
    match state {
        RefundState::Requested => Ok(RefundStatus::Requested),
        RefundState::Pending => Ok(RefundStatus::Pending),
        RefundState::Succeeded => Ok(RefundStatus::Succeeded),
        RefundState::Failed => Ok(RefundStatus::Failed),
        RefundState::Canceled => Ok(RefundStatus::Canceled),
        RefundState::Unspecified => Err(ApiError::fault("a refund is in no known state")),
    }
}
