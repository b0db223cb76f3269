//! Payments that their provider is to be asked about: leased, so that several gateways ask about
//! different ones.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::PgPool;

use super::{Payment, PaymentError, Refund, RefundState, queries};
use crate::auth::Caller;
use crate::id::PaymentId;
use crate::sponsorship;

/// Who asks for payments, and for which.
#[derive(Clone, Debug)]
pub struct Claim {
    pub provider: String,
    pub owner: String,
    pub limit: i64,
    pub lease_secs: i64,
    /// None: those whose check is due. Else all that were created since then.
    pub since: Option<Timestamp>,
}

/// A payment that was leased.
pub struct Stale {
    pub payment: Payment,
    /// Those that are not final.
    pub refunds: Vec<Refund>,
    pub checks: i32,
    /// Open for more than a day: nobody pays it any more.
    pub give_up: bool,
    /// What the provider calls the subscription that it is the first payment of, and that lives.
    pub subscription: Option<String>,
}

/// Leases payments. A check that finds nothing new comes later each time, a minute at first and six
/// hours at most.
pub async fn claim(
    pool: &PgPool,
    caller: &Caller,
    claim: &Claim,
) -> Result<Vec<Stale>, PaymentError> {
    let leased = match claim.since {
        None => queries::lease_due(pool, claim).await?,
        Some(since) => queries::lease_since(pool, claim, since).await?,
    };
    let ids: Vec<PaymentId> = leased.iter().map(|lease| lease.id).collect();
    let mut payments: HashMap<PaymentId, Payment> = queries::find_payments(pool, &ids)
        .await?
        .into_iter()
        .filter(|payment| caller.may_act_for(&payment.tenant_id))
        .map(|payment| (payment.id, payment))
        .collect();
    let firsts: Vec<PaymentId> = payments
        .values()
        .filter(|payment| payment.subscription == Some(payment.id.number))
        .map(|payment| payment.id)
        .collect();
    let mut subscriptions = sponsorship::live_references(pool, &firsts).await?;
    let mut stale = Vec::new();
    for lease in leased {
        let Some(payment) = payments.remove(&lease.id) else {
            continue;
        };
        // Few have any; what is open counts in one of these.
        let has_refunds = payment.refunded_minor > 0 || payment.refund_requested_minor > 0;
        let mut refunds = if has_refunds || payment.given_back_minor > 0 {
            queries::find_refunds(pool, lease.id).await?
        } else {
            Vec::new()
        };
        refunds
            .retain(|refund| matches!(refund.state, RefundState::Requested | RefundState::Pending));
        stale.push(Stale {
            payment,
            refunds,
            checks: lease.checks,
            give_up: lease.give_up,
            subscription: subscriptions.remove(&lease.id),
        });
    }
    Ok(stale)
}
