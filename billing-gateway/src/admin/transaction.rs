//! A payment of the tenant, or an entry of a user, as administrators see it.

use billing_proto::v1::{Entry, Payment, PaymentPurpose, PaymentState, TenantPayment};
use serde::Serialize;
use utoipa::ToSchema;

use super::filled;
use crate::core::written;
use crate::currency::{Amount, Currency};
use crate::history::{TransactionType, described, shown_as};
use crate::language::Language;
use crate::payment::present;
use crate::payment::shown::{PaymentStatus, amount, currency, payment_status};
use crate::problem::ApiError;
use crate::usd::Usd;

/// A payment of the tenant, or an entry of a user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AdminTransaction {
    /// Of a payment our own name of it; of an entry its id.
    id: String,
    user_id: String,
    r#type: AdminTransactionType,
    /// Of an entry what it moved, signed. Of a payment what it credited, or will when it is paid; of a
    /// contribution what is given.
    amount_usd: Usd,
    /// What is paid, or was paid in; null for what no payer pays.
    #[schema(required = true)]
    amount: Option<Amount>,
    /// ISO 4217, of `amount` and `refunded`.
    #[schema(required = true)]
    currency: Option<String>,
    /// Null for an entry: it is booked.
    #[schema(required = true)]
    status: Option<PaymentStatus>,
    #[schema(required = true)]
    payment_provider: Option<String>,
    #[schema(required = true)]
    payment_id: Option<String>,
    /// Somebody is to look at it: a provider's report contradicts the payment.
    needs_review: bool,
    /// Null where no report says why.
    #[schema(required = true)]
    review_reason: Option<String>,
    /// When the report came that says so, RFC 3339; null where none does.
    #[schema(format = DateTime, required = true)]
    received_at: Option<String>,
    /// Given back to the payer so far; null for an entry.
    #[schema(required = true)]
    refunded: Option<Amount>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// As in the user's history; null for a payment.
    #[schema(required = true)]
    description: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum AdminTransactionType {
    Charge,
    /// A charge given back; negative: a payment reversed or disputed.
    Refund,
    /// Money paid in; a dispute that was won.
    TopUp,
    /// A grant, or a correction.
    Adjustment,
    /// Given to the tenant: it credits no account.
    Contribution,
}

impl From<TransactionType> for AdminTransactionType {
    fn from(of: TransactionType) -> Self {
        match of {
            TransactionType::Charge => Self::Charge,
            TransactionType::Refund => Self::Refund,
            TransactionType::TopUp => Self::TopUp,
            TransactionType::Adjustment => Self::Adjustment,
        }
    }
}

impl AdminTransaction {
    pub(super) fn of_entry(
        entry: Entry,
        user_id: &str,
        language: Language,
    ) -> Result<Self, ApiError> {
        let description = described(&entry, language);
        let paid = Currency::of(&entry.paid_currency);
        Ok(Self {
            r#type: shown_as(entry.kind())?.into(),
            amount_usd: Usd::from_micros(entry.amount_micros),
            amount: paid
                .map(|paid| amount(paid, entry.paid_minor))
                .transpose()?,
            currency: paid.map(|paid| paid.code.to_owned()),
            created_at: written(entry.created_at.as_ref())?
                .ok_or_else(|| ApiError::fault("an entry has no time"))?,
            id: entry.entry_id,
            user_id: user_id.to_owned(),
            status: None,
            payment_provider: filled(entry.payment_provider),
            payment_id: filled(entry.payment_id),
            needs_review: false,
            review_reason: None,
            received_at: None,
            refunded: None,
            description: description.or_else(|| filled(entry.tool)),
        })
    }

    pub(super) fn of_payment(listed: TenantPayment) -> Result<Self, ApiError> {
        let payment = present(listed.payment)?;
        let currency = currency(&payment.currency)?;
        Ok(Self {
            r#type: match payment.purpose() {
                PaymentPurpose::Contribution => AdminTransactionType::Contribution,
                PaymentPurpose::TopUp | PaymentPurpose::Unspecified => AdminTransactionType::TopUp,
            },
            amount_usd: worth(&payment, currency)?,
            amount: Some(amount(currency, payment.amount_minor)?),
            currency: Some(currency.code.to_owned()),
            status: Some(payment_status(payment.state())?),
            needs_review: payment.needs_review,
            review_reason: filled(listed.review_reason),
            received_at: written(listed.review_received_at.as_ref())?,
            refunded: Some(amount(currency, payment.refunded_minor)?),
            created_at: written(payment.created_at.as_ref())?
                .ok_or_else(|| ApiError::fault("a payment has no time"))?,
            payment_id: Some(payment.payment_id.clone()),
            id: payment.payment_id,
            user_id: payment.account.unwrap_or_default().user_id,
            payment_provider: filled(payment.provider),
            description: None,
        })
    }
}

/// What it credited, or will. A contribution, which credits nothing, is paid in dollars.
fn worth(payment: &Payment, currency: Currency) -> Result<Usd, ApiError> {
    if payment.purpose() == PaymentPurpose::Contribution {
        let micros = currency.micros(payment.amount_minor);
        let micros = micros.ok_or_else(|| ApiError::fault("an amount is out of range"))?;
        return Ok(Usd::from_micros(micros));
    }
    Ok(Usd::from_micros(match payment.state() {
        PaymentState::Succeeded => payment.credited_micros,
        _ => payment.credit_micros,
    }))
}
