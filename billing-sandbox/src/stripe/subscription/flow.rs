//! How a subscription begins, goes on and ends, and whom it tells.

use serde_json::Value;

use super::{Cancellation, Item, Planned, State, Subscription};
use crate::stripe::checkout::{self, Session};
use crate::stripe::invoice::{self, BillingReason};
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::{Act, Object, new_id};
use crate::stripe::{customer, event, payment_method};

pub const REQUESTED: &str = "cancellation_requested";
const PAYMENT_FAILED: &str = "payment_failed";

/// Begins what the session is for, with an invoice that is open; the id of the payment that pays it.
pub fn begin(act: &mut Act<'_>, session: &str) -> Result<String, ApiError> {
    let session = act.world.checkout_sessions.find(session)?;
    let (id, email) = (session.id.clone(), session.customer_email.clone());
    let customer = match session.customer.clone() {
        Some(customer) => customer,
        None => customer::create_for(act, email),
    };
    let subscription = of_session(act, &id, customer)?;
    let (begun, invoice) = (subscription.id.clone(), subscription.first_invoice.clone());
    let session = act.world.checkout_sessions.find_mut(&id)?;
    session.customer = Some(subscription.customer.clone());
    session.mode.set_subscription(&begun);
    act.world.subscriptions.put(subscription);
    act.emit(
        "customer.subscription.created",
        |world| &world.subscriptions,
        &begun,
    );
    invoice::draft::draw_up(act, &invoice, &begun, BillingReason::SubscriptionCreate)?;
    invoice::flow::finalize(act, &invoice)
}

fn of_session(act: &Act<'_>, id: &str, customer: String) -> Result<Subscription, ApiError> {
    let session: &Session = act.world.checkout_sessions.find(id)?;
    let items = session.items.iter().filter_map(|item| {
        Some(Item {
            id: new_id("si_"),
            name: item.name.clone(),
            price: item.price.clone()?,
            quantity: item.quantity,
        })
    });
    let invoice = new_id("in_");
    let (metadata, description) = session.mode.subscription_data();
    Ok(Subscription {
        id: new_id("sub_"),
        created: act.now,
        customer,
        currency: session.currency,
        items: items.collect(),
        metadata,
        description,
        state: State::Incomplete,
        periods_over: 0,
        cancellation: Cancellation::default(),
        default_payment_method: None,
        first_invoice: invoice.clone(),
        latest_invoice: invoice,
        checkout_session: session.id.clone(),
    })
}

/// Its time has come: to end, or to begin its next period.
pub fn on_due(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let subscription = act.world.subscriptions.find(id)?;
    if !matches!(subscription.state, State::Active | State::PastDue) {
        return Ok(());
    }
    if subscription.ends_at().is_some_and(|end| end <= act.now) {
        return end(act, id, None);
    }
    if act.now < subscription.period().1 {
        return Ok(());
    }
    let before = subscription.json(act.world);
    let invoice = new_id("in_");
    let subscription = act.world.subscriptions.find_mut(id)?;
    subscription.periods_over = subscription.periods_over.saturating_add(1);
    subscription.latest_invoice.clone_from(&invoice);
    let next = subscription.period().1;
    act.world.clock.put(next, id);
    invoice::draft::draw_up(act, &invoice, id, BillingReason::SubscriptionCycle)?;
    tell_change(act, id, before);
    Ok(())
}

/// One of its invoices is paid.
pub fn on_paid(act: &mut Act<'_>, id: &str, payment_method: Option<&str>) -> Result<(), ApiError> {
    let subscription = act.world.subscriptions.find(id)?;
    let before = subscription.json(act.world);
    let is_first = subscription.state == State::Incomplete;
    let customer = subscription.customer.clone();
    if is_first && let Some(method) = payment_method {
        payment_method::attach(act, method, &customer)?;
    }
    let subscription = act.world.subscriptions.find_mut(id)?;
    if is_first {
        subscription.default_payment_method = payment_method.map(str::to_owned);
    }
    if !subscription.state.has_ended() {
        subscription.state = State::Active;
    }
    let (next, session) = (
        subscription.period().1,
        subscription.checkout_session.clone(),
    );
    tell_change(act, id, before);
    if is_first {
        act.world.clock.put(next, id);
        checkout::flow::on_subscribed(act, &session);
    }
    Ok(())
}

/// An attempt to pay one of its invoices has failed.
pub fn on_failed(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    turn(act, id, State::Active, State::PastDue)
}

/// One of its invoices is given up, and nothing is owed for it any more.
pub fn on_given_up(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    turn(act, id, State::PastDue, State::Active)
}

/// The last attempt to pay one of its invoices has failed.
pub fn on_retries_over(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    if act.world.subscriptions.find(id)?.state.has_ended() {
        return Ok(());
    }
    end(act, id, Some(PAYMENT_FAILED))
}

fn turn(act: &mut Act<'_>, id: &str, from: State, to: State) -> Result<(), ApiError> {
    let subscription = act.world.subscriptions.find(id)?;
    if subscription.state != from {
        return Ok(());
    }
    let before = subscription.json(act.world);
    act.world.subscriptions.find_mut(id)?.state = to;
    tell_change(act, id, before);
    Ok(())
}

/// The payer has never paid its first invoice.
pub fn expire(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let subscription = act.world.subscriptions.find(id)?;
    if subscription.state != State::Incomplete {
        return Ok(());
    }
    let (before, invoice) = (
        subscription.json(act.world),
        subscription.first_invoice.clone(),
    );
    let state = State::IncompleteExpired { at: act.now };
    act.world.subscriptions.find_mut(id)?.state = state;
    tell_change(act, id, before);
    invoice::flow::void(act, &invoice)
}

/// Ends it now, as its customer or its merchant asks.
pub fn cancel(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let subscription = act.world.subscriptions.find(id)?;
    if subscription.state == State::Incomplete {
        return expire(act, id);
    }
    if subscription.state.has_ended() {
        return Err(ApiError::not_found(
            Subscription::NOUN,
            id,
            Subscription::PARAM,
        ));
    }
    act.world.subscriptions.find_mut(id)?.cancellation.planned = None;
    end(act, id, Some(REQUESTED))
}

/// Plans its end, or takes the plan back.
pub fn plan(act: &mut Act<'_>, id: &str, planned: Option<Planned>) -> Result<(), ApiError> {
    let subscription = act.world.subscriptions.find(id)?;
    if subscription.state.has_ended() {
        return Err(has_ended());
    }
    let before = subscription.json(act.world);
    let now = act.now;
    let subscription = act.world.subscriptions.find_mut(id)?;
    let cancellation = &mut subscription.cancellation;
    if cancellation.planned != planned {
        cancellation.planned = planned;
        cancellation.asked_at = planned.map(|_| now);
        cancellation.reason = planned.map(|_| REQUESTED);
    }
    if let Some(end) = subscription.ends_at() {
        act.world.clock.put(end, id);
    }
    tell_change(act, id, before);
    Ok(())
}

pub fn has_ended() -> ApiError {
    ApiError::invalid(
        "A canceled subscription can only update its cancellation_details and metadata.",
    )
}

fn end(act: &mut Act<'_>, id: &str, reason: Option<&'static str>) -> Result<(), ApiError> {
    let now = act.now;
    let subscription = act.world.subscriptions.find_mut(id)?;
    subscription.state = State::Canceled { at: now };
    let cancellation = &mut subscription.cancellation;
    cancellation.asked_at.get_or_insert(now);
    cancellation.reason = reason.or(cancellation.reason);
    invoice::flow::stop_collecting(act, id);
    act.emit(
        "customer.subscription.deleted",
        |world| &world.subscriptions,
        id,
    );
    Ok(())
}

/// Tells what has changed since then; nothing, where nothing has.
pub fn tell_change(act: &mut Act<'_>, id: &str, before: Value) {
    let Some(subscription) = act.world.subscriptions.get(id) else {
        return;
    };
    let after = subscription.json(act.world);
    event::record_change(act, "customer.subscription.updated", &after, before);
}
