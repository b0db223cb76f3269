//! How an invoice is drawn up, and what is to pay it.

use super::{BillingReason, By, Collection, Invoice, Line, State, flow};
use crate::random::random_text;
use crate::stripe::payment_intent::{Details, PaymentIntent, State as IntentState};
use crate::stripe::subscription::{self, Subscription};
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::{Act, Metadata, new_id};

/// How long an invoice of a renewal is a draft, for its merchant to change it.
const DRAFT_SECS: i64 = 60 * 60;

/// Draws up the subscription's invoice for its current period.
pub fn draw_up(
    act: &mut Act<'_>,
    id: &str,
    subscription: &str,
    reason: BillingReason,
) -> Result<(), ApiError> {
    let subscription = act.world.subscriptions.find(subscription)?;
    let invoice = of_subscription(subscription, id, reason, act.now);
    if let (BillingReason::SubscriptionCycle, State::Draft { finalizes_at }) =
        (reason, invoice.state)
    {
        act.world.clock.put(finalizes_at, id);
    }
    act.world.invoices.put(invoice);
    flow::tell(act, "invoice.created", id);
    Ok(())
}

fn of_subscription(
    subscription: &Subscription,
    id: &str,
    reason: BillingReason,
    now: i64,
) -> Invoice {
    let period = subscription.period();
    let lines = subscription.items.iter().map(|item| {
        let each = subscription.currency.show_short(item.price.unit_amount);
        Line {
            id: new_id("il_"),
            item: item.id.clone(),
            description: format!("{} × {} (at {each} / month)", item.quantity, item.name),
            price: item.price.clone(),
            quantity: item.quantity,
            amount: item.amount(),
            period,
        }
    });
    let before = match reason {
        BillingReason::SubscriptionCreate => (now, now),
        BillingReason::SubscriptionCycle => {
            let over = subscription.periods_over.saturating_sub(1);
            let start = subscription::period::months_after(subscription.created, over);
            (start, period.0)
        }
    };
    Invoice {
        id: id.to_owned(),
        created: now,
        number: None,
        customer: subscription.customer.clone(),
        subscription: subscription.id.clone(),
        subscription_metadata: subscription.metadata.clone(),
        reason,
        currency: subscription.currency,
        lines: lines.collect(),
        period: before,
        state: State::Draft {
            finalizes_at: now.saturating_add(DRAFT_SECS),
        },
        finalized_at: None,
        collection: Collection {
            is_automatic: true,
            attempts: 0,
            next_attempt: (reason == BillingReason::SubscriptionCycle)
                .then_some(now.saturating_add(DRAFT_SECS)),
            by: By::Person,
        },
        payment_intent: None,
    }
}

/// The payment that is to pay it.
pub fn payment_of(act: &mut Act<'_>, id: &str) -> Result<String, ApiError> {
    let invoice = act.world.invoices.find(id)?;
    let intent = new_id("pi_");
    let description = match invoice.reason {
        BillingReason::SubscriptionCreate => "Subscription creation",
        BillingReason::SubscriptionCycle => "Subscription update",
    };
    let made = PaymentIntent {
        created: act.now,
        amount: invoice.total(),
        currency: invoice.currency,
        customer: Some(invoice.customer.clone()),
        details: Details {
            description: Some(description.to_owned()),
            setup_future_usage: (invoice.reason == BillingReason::SubscriptionCreate)
                .then(|| "off_session".to_owned()),
            ..Details::default()
        },
        metadata: Metadata::new(),
        client_secret: format!("{intent}_secret_{}", random_text(25)),
        automatic_payment_methods: None,
        state: IntentState::RequiresPaymentMethod,
        payment_method: None,
        latest_charge: None,
        last_payment_error: None,
        page_url: act.world.page_url(&intent),
        return_url: None,
        checkout_session: None,
        invoice: Some(id.to_owned()),
        id: intent.clone(),
    };
    act.world.payment_intents.put(made);
    Ok(intent)
}
