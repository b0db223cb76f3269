//! Refunds of ours: their amount is set aside before the provider is asked, so that what is asked
//! back never exceeds what was paid. The balance falls when the provider reports the refund.

use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use uuid::Uuid;

use super::queries::RefundWords;
use super::{Payment, PaymentError, Refund, RefundState, State, commit, queries};
use crate::admin_change::{self, Deed, Fields, LeadsTo, NewChange, Said};
use crate::auth::Caller;
use crate::database::clock;
use crate::id::PaymentId;

/// A refund that an administrator wants to make.
#[derive(Clone, Debug)]
pub struct NewRefund {
    pub tenant_id: String,
    pub payment: PaymentId,
    pub idempotency_key: String,
    /// SHA-256 of what the key stands for.
    pub content_hash: [u8; 32],
    /// None: all that is left.
    pub amount_minor: Option<i64>,
    pub reason: String,
    pub actor: String,
}

/// For how long payments are refunded.
#[derive(Clone, Copy, Debug)]
pub struct RefundTerms {
    /// Days after the payment; 0: for ever.
    pub days: i64,
}

impl RefundTerms {
    fn require_in_time(self, payment: &Payment, now: Timestamp) -> Result<(), PaymentError> {
        let Some(paid) = payment.succeeded_at else {
            return Ok(());
        };
        let age = now.duration_since(paid);
        let most = SignedDuration::from_hours(self.days.saturating_mul(24));
        if self.days > 0 && age > most {
            return Err(PaymentError::RefundTooLate { days: self.days });
        }
        Ok(())
    }
}

/// A refund, its payment, and whether it had been started before.
pub struct Started {
    pub refund: Refund,
    pub payment: Payment,
    pub replayed: bool,
}

/// Sets the amount of a refund aside. Same key and content: the same refund.
pub async fn start(
    pool: &PgPool,
    new: &NewRefund,
    terms: RefundTerms,
) -> Result<Started, PaymentError> {
    let mut transaction = pool.begin().await?;
    // Behind this lock, so that two refunds see each other.
    let mut payment = queries::lock_payment(&mut transaction, new.payment)
        .await?
        .filter(|payment| payment.tenant_id == new.tenant_id)
        .ok_or(PaymentError::NotFound)?;
    let mut refunds = queries::find_refunds(&mut *transaction, payment.id).await?;
    let same_key =
        |refund: &&Refund| refund.idempotency_key.as_deref() == Some(&new.idempotency_key);
    if let Some(refund) = refunds.iter().find(same_key) {
        if refund.content_hash.as_deref() != Some(&new.content_hash) {
            return Err(PaymentError::KeyReused);
        }
        return Ok(Started {
            refund: refund.clone(),
            payment,
            replayed: true,
        });
    }
    if payment.state != State::Succeeded {
        return Err(PaymentError::NotRefundable(payment.state));
    }
    let now = clock(&mut *transaction).await?;
    terms.require_in_time(&payment, now)?;
    let left_minor = payment.refundable_minor();
    let amount_minor = new.amount_minor.unwrap_or(left_minor);
    if amount_minor > left_minor || amount_minor <= 0 {
        let currency = payment.currency;
        return Err(PaymentError::RefundExceedsPayment {
            left_minor,
            currency,
        });
    }
    let refund = Refund {
        id: Uuid::now_v7(),
        reference: None,
        idempotency_key: Some(new.idempotency_key.clone()),
        content_hash: Some(new.content_hash.to_vec()),
        amount_minor,
        state: RefundState::Requested,
        created_at: now,
    };
    let words = RefundWords {
        reason: &new.reason,
        actor: &new.actor,
    };
    queries::insert_refund(&mut transaction, payment.id, &refund, &words).await?;
    let change = changed(payment.id, refund.id);
    admin_change::insert(&mut transaction, Some(&new.tenant_id), now, vec![change]).await?;
    refunds.push(refund.clone());
    payment.sum_refunds(&refunds);
    queries::write_payment(&mut transaction, &payment, now).await?;
    commit(transaction).await?;
    Ok(Started {
        refund,
        payment,
        replayed: false,
    })
}

/// Leads to the refund, which says who wanted it and why.
fn changed(payment: PaymentId, refund: Uuid) -> NewChange {
    NewChange {
        account: Some(payment.account),
        deed: Deed::PaymentRefund,
        said: Said::default(),
        before: Fields::new(),
        after: Fields::new(),
        leads_to: LeadsTo::Refund {
            payment: payment.number,
            refund,
        },
    }
}

/// The provider will never carry a refund of ours out: its amount is free again. One that the
/// provider has reported on stays as it is.
pub async fn reject(
    pool: &PgPool,
    caller: &Caller,
    id: PaymentId,
    refund_id: Uuid,
    code: &str,
) -> Result<(Refund, Payment), PaymentError> {
    let mut transaction = pool.begin().await?;
    let mut payment = queries::lock_payment(&mut transaction, id)
        .await?
        .filter(|payment| caller.may_act_for(&payment.tenant_id))
        .ok_or(PaymentError::NotFound)?;
    let mut refunds = queries::find_refunds(&mut *transaction, id).await?;
    let refund = refunds
        .iter_mut()
        .find(|refund| refund.id == refund_id)
        .ok_or(PaymentError::RefundNotFound)?;
    if refund.state != RefundState::Requested {
        return Ok((refund.clone(), payment));
    }
    refund.state = RefundState::Failed;
    let rejected = refund.clone();
    queries::write_refund(&mut transaction, id, &rejected, Some(code)).await?;
    payment.sum_refunds(&refunds);
    let now = clock(&mut *transaction).await?;
    queries::write_payment(&mut transaction, &payment, now).await?;
    commit(transaction).await?;
    Ok((rejected, payment))
}
