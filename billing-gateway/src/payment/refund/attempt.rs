//! A refund of ours, asked of its provider: what it answers is booked, or is asked for later.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{EventOutcome, Payment, Refund, RefundState, RejectRefundRequest};

use crate::causes::causes;
use crate::core::Core;
use crate::payment::apply;
use crate::problem::ApiError;
use crate::providers::{Event, Provider, ProviderError, RefundOrder};

/// The most that the contract takes of a code.
const CODE_BYTES_MAX: usize = 64;

/// How a refund that we asked for went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refunded {
    /// The provider answered, and it is booked.
    Booked(RefundState),
    /// The provider never will; its amount is free again.
    Rejected,
    /// Not known yet. It is asked about later.
    Unknown,
}

/// [`carry_out`] for one that was asked for before, perhaps so long ago that the provider has forgotten its
/// key: what it has of it is booked, and only what it has not is asked for.
pub(super) async fn ask_again(
    core: &Core,
    provider: &dyn Provider,
    payment: &Payment,
    refund: &Refund,
) -> Result<Refunded, ApiError> {
    let listed = match provider
        .refunds()
        .list_refunds(&payment.provider_reference)
        .await
    {
        Ok(listed) => listed,
        Err(error) => {
            tracing::warn!(error = %causes(&error), refund_id = refund.refund_id, "refund unknown");
            return Ok(Refunded::Unknown);
        }
    };
    for event in listed {
        let ours = match &event.report {
            Some(Report::Refund(report)) if report.refund_id == refund.refund_id => {
                Some(report.state())
            }
            _ => None,
        };
        let refunded = book(core, provider, refund, event).await;
        if let Some(state) = ours {
            return Ok(refunded.map_or(Refunded::Unknown, |()| Refunded::Booked(state)));
        }
    }
    carry_out(core, provider, payment, refund).await
}

/// Asks the provider for a refund that is recorded, and books what it answers. Repeatable. Fails
/// only where the core does not take a rejection.
pub(crate) async fn carry_out(
    core: &Core,
    provider: &dyn Provider,
    payment: &Payment,
    refund: &Refund,
) -> Result<Refunded, ApiError> {
    let order = RefundOrder {
        reference: &payment.provider_reference,
        payment_id: &refund.payment_id,
        refund_id: &refund.refund_id,
        amount_minor: refund.amount_minor,
    };
    let event = match provider.refunds().refund(&order).await {
        Ok(event) => event,
        Err(ProviderError::Refused { code, detail }) => {
            tracing::warn!(detail, refund_id = refund.refund_id, "refund refused");
            return Ok(match reject(core, refund, &code).await? {
                RefundState::Failed => Refunded::Rejected,
                // It was reported on meanwhile.
                state => Refunded::Booked(state),
            });
        }
        Err(error) => {
            tracing::warn!(error = %causes(&error), refund_id = refund.refund_id, "refund unknown");
            return Ok(Refunded::Unknown);
        }
    };
    let state = match &event.report {
        Some(Report::Refund(report)) => report.state(),
        _ => return Ok(Refunded::Unknown),
    };
    let booked = book(core, provider, refund, event).await;
    Ok(booked.map_or(Refunded::Unknown, |()| Refunded::Booked(state)))
}

/// None where it is not booked, which is logged.
async fn book(core: &Core, provider: &dyn Provider, refund: &Refund, event: Event) -> Option<()> {
    match apply(core, provider.name(), event).await {
        Ok(applied) if applied.outcome() == EventOutcome::Applied => Some(()),
        Ok(applied) => {
            let outcome = applied.outcome().as_str_name();
            tracing::warn!(outcome, refund_id = refund.refund_id, "refund not booked");
            None
        }
        Err(error) => {
            tracing::warn!(error = %causes(&error), refund_id = refund.refund_id, "refund not booked");
            None
        }
    }
}

/// How the refund then stands.
async fn reject(core: &Core, refund: &Refund, why: &str) -> Result<RefundState, ApiError> {
    let request = RejectRefundRequest {
        payment_id: refund.payment_id.clone(),
        refund_id: refund.refund_id.clone(),
        code: why
            .chars()
            .filter(char::is_ascii_graphic)
            .take(CODE_BYTES_MAX)
            .collect(),
    };
    let answer = core.reject_refund(request).await;
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    let refund = answer
        .refund
        .ok_or_else(|| ApiError::fault("the core's answer has no refund"))?;
    Ok(refund.state())
}
