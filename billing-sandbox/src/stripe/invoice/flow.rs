//! How an invoice becomes final, is collected and given up, and whom it tells.

use super::draft::payment_of;
use super::payment::InvoicePayment;
use super::{BillingReason, By, Collection, Invoice, State};
use crate::stripe::payment_intent::State as IntentState;
use crate::stripe::payment_intent::flow::{self as intents, Payer};
use crate::stripe::subscription;
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::{Act, new_id};

const DAY_SECS: i64 = 24 * 60 * 60;

/// How many days pass between an attempt that failed and the next one. After the last one the
/// subscription ends.
const RETRY_DAYS: [i64; 3] = [3, 5, 7];

/// Makes a draft final, with the payment that pays it; the payment's id.
pub fn finalize(act: &mut Act<'_>, id: &str) -> Result<String, ApiError> {
    let invoice = act.world.invoices.find(id)?;
    if !matches!(invoice.state, State::Draft { .. }) {
        let message =
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.";
        return Err(ApiError::invalid(message));
    }
    let (customer, now) = (invoice.customer.clone(), act.now);
    let number = act
        .world
        .customers
        .find_mut(&customer)?
        .next_invoice_number();
    let intent = payment_of(act, id)?;
    let invoice = act.world.invoices.find_mut(id)?;
    invoice.number = Some(number);
    invoice.state = State::Open;
    invoice.finalized_at = Some(now);
    invoice.payment_intent = Some(intent.clone());
    act.world.invoice_payments.put(InvoicePayment {
        id: new_id("inpay_"),
        created: now,
        invoice: id.to_owned(),
        payment_intent: intent.clone(),
    });
    tell(act, "invoice.finalized", id);
    intents::tell(act, "payment_intent.created", &intent);
    Ok(intent)
}

/// Its time has come: to become final, or to be tried once more.
pub fn on_due(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let invoice = act.world.invoices.find(id)?;
    if !invoice.collection.is_automatic {
        return Ok(());
    }
    match invoice.state {
        State::Draft { finalizes_at } if finalizes_at <= act.now => {
            finalize(act, id)?;
            collect(act, id)
        }
        State::Open
            if invoice
                .collection
                .next_attempt
                .is_some_and(|at| at <= act.now) =>
        {
            collect(act, id)
        }
        _ => Ok(()),
    }
}

/// An attempt of Stripe's own, by what the customer left for it.
fn collect(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let invoice = act.world.invoices.find(id)?;
    let Some(intent) = invoice.payment_intent.clone() else {
        return Ok(());
    };
    if act.world.payment_intents.find(&intent)?.state == IntentState::Processing {
        // The outcome of the last attempt decides whether there is another one.
        return Ok(());
    }
    let subscription = act.world.subscriptions.find(&invoice.subscription)?;
    let customer = act.world.customers.find(&invoice.customer)?;
    let method = subscription
        .default_payment_method
        .clone()
        .or_else(|| customer.default_payment_method.clone());
    act.world.invoices.find_mut(id)?.collection.by = By::Schedule;
    match method {
        // A decline has changed the invoice, as it should.
        Some(method) => drop(intents::confirm(act, &intent, &method, Payer::Absent)),
        None => failed(act, id)?,
    }
    act.world.invoices.find_mut(id)?.collection.by = By::Person;
    Ok(())
}

/// An attempt that somebody asks for.
pub fn pay(act: &mut Act<'_>, id: &str, method: &str, payer: Payer) -> Result<(), ApiError> {
    let invoice = act.world.invoices.find(id)?;
    if matches!(invoice.state, State::Draft { .. }) {
        finalize(act, id)?;
    }
    let invoice = act.world.invoices.find(id)?;
    let (State::Open | State::Uncollectible { .. }, Some(intent)) =
        (invoice.state, invoice.payment_intent.clone())
    else {
        let message = format!("Invoice is already {}", invoice.state.name());
        return Err(ApiError::invalid(message));
    };
    intents::confirm(act, &intent, method, payer)
}

/// The payment has succeeded: its invoice's, if it has one.
pub fn on_paid(act: &mut Act<'_>, payment_intent: &str) -> Result<(), ApiError> {
    let intent = act.world.payment_intents.find(payment_intent)?;
    let (Some(id), method) = (intent.invoice.clone(), intent.payment_method.clone()) else {
        return Ok(());
    };
    act.on_the_clock(|act| {
        if let Some(id) = &method
            && let Some(method) = act.world.payment_methods.get_mut(id)
        {
            // Its owner has agreed to what comes later, if the card asked for it.
            method.is_set_up = true;
        }
        let now = act.now;
        let invoice = act.world.invoices.find_mut(&id)?;
        invoice.collection.count();
        invoice.collection.next_attempt = None;
        invoice.collection.is_automatic = false;
        invoice.state = State::Paid { at: now };
        let subscription = invoice.subscription.clone();
        for kind in ["invoice.paid", "invoice.payment_succeeded"] {
            tell(act, kind, &id);
        }
        tell_payment(act, &id);
        subscription::flow::on_paid(act, &subscription, method.as_deref())
    })
}

/// An attempt to pay has failed: its invoice's, if it has one.
pub fn on_failed(act: &mut Act<'_>, payment_intent: &str) -> Result<(), ApiError> {
    let intent = act.world.payment_intents.find(payment_intent)?;
    let Some(id) = intent.invoice.clone() else {
        return Ok(());
    };
    let wants_its_payer = intent
        .last_payment_error
        .as_ref()
        .and_then(|error| error.get("code"))
        .is_some_and(|code| code == "authentication_required");
    act.on_the_clock(|act| {
        if wants_its_payer {
            tell(act, "invoice.payment_action_required", &id);
        }
        failed(act, &id)
    })
}

/// Plans the next attempt, or ends the subscription after the last one.
fn failed(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let now = act.now;
    let invoice = act.world.invoices.find_mut(id)?;
    let is_renewal = invoice.reason == BillingReason::SubscriptionCycle;
    let collection = &mut invoice.collection;
    let mut is_over = false;
    if collection.count() && is_renewal && collection.is_automatic {
        let made = usize::try_from(collection.attempts).unwrap_or(usize::MAX);
        let pause = RETRY_DAYS.get(made.saturating_sub(1));
        collection.next_attempt = pause.map(|days| now.saturating_add(days * DAY_SECS));
        collection.is_automatic = pause.is_some();
        is_over = pause.is_none();
    }
    let (next, subscription) = (collection.next_attempt, invoice.subscription.clone());
    if let Some(next) = next {
        act.world.clock.put(next, id);
    }
    tell(act, "invoice.payment_failed", id);
    subscription::flow::on_failed(act, &subscription)?;
    if is_over {
        subscription::flow::on_retries_over(act, &subscription)?;
    }
    Ok(())
}

impl Collection {
    /// Counts an attempt, if the schedule does: the first one, and then its own ones.
    fn count(&mut self) -> bool {
        let counts = self.attempts == 0 || self.by == By::Schedule;
        if counts {
            self.attempts = self.attempts.saturating_add(1);
        }
        counts
    }
}

/// Nobody owes it any more.
pub fn void(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let now = act.now;
    let invoice = act.world.invoices.find_mut(id)?;
    let (State::Open | State::Uncollectible { .. }, Some(intent)) =
        (invoice.state, invoice.payment_intent.clone())
    else {
        return Err(not_now(invoice, "void"));
    };
    invoice.state = State::Void { at: now };
    invoice.collection.next_attempt = None;
    invoice.collection.is_automatic = false;
    let subscription = invoice.subscription.clone();
    // It is not paid, or the invoice were.
    let _ = intents::cancel(act, &intent, Some("void_invoice".to_owned()));
    tell(act, "invoice.voided", id);
    subscription::flow::on_given_up(act, &subscription)
}

/// It is owed, and nobody believes that it will be paid.
pub fn mark_uncollectible(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    let now = act.now;
    let invoice = act.world.invoices.find_mut(id)?;
    if invoice.state != State::Open {
        return Err(not_now(invoice, "mark as uncollectible"));
    }
    invoice.state = State::Uncollectible { at: now };
    invoice.collection.next_attempt = None;
    invoice.collection.is_automatic = false;
    let subscription = invoice.subscription.clone();
    tell(act, "invoice.marked_uncollectible", id);
    subscription::flow::on_given_up(act, &subscription)
}

/// The subscription has ended: nothing of it is sought any more.
pub fn stop_collecting(act: &mut Act<'_>, subscription: &str) {
    let unpaid = |invoice: &&Invoice| {
        invoice.subscription == subscription
            && matches!(invoice.state, State::Draft { .. } | State::Open)
    };
    let unpaid = act.world.invoices.newest_first().filter(unpaid);
    let ids: Vec<String> = unpaid.map(|invoice| invoice.id.clone()).collect();
    for id in ids {
        if let Some(invoice) = act.world.invoices.get_mut(&id) {
            invoice.collection.next_attempt = None;
            invoice.collection.is_automatic = false;
        }
    }
}

fn not_now(invoice: &Invoice, verb: &str) -> ApiError {
    let message = format!(
        "You cannot {verb} this invoice because it has a status of {}.",
        invoice.state.name()
    );
    ApiError::invalid(message)
}

pub fn tell(act: &mut Act<'_>, kind: &str, id: &str) {
    act.emit(kind, |world| &world.invoices, id);
}

fn tell_payment(act: &mut Act<'_>, invoice: &str) {
    let of_invoice = |payment: &&InvoicePayment| payment.invoice == invoice;
    let payment = act.world.invoice_payments.newest_first().find(of_invoice);
    if let Some(id) = payment.map(|payment| payment.id.clone()) {
        act.emit("invoice_payment.paid", |world| &world.invoice_payments, &id);
    }
}
