//! What the payer, the bank and time do to a session, and whom it tells.

use http::StatusCode;

use super::{Mode, Session, State};
use crate::random::random_text;
use crate::stripe::card::CARDS;
use crate::stripe::payment_intent::flow::{self as intents, Payer};
use crate::stripe::payment_intent::{AutomaticPaymentMethods, PaymentIntent, State as IntentState};
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::{Act, new_id};
use crate::stripe::{payment_method, subscription};

/// The payer tries this card. A decline is no error here: the session stays open, and the payer may try
/// another one.
pub fn pay(
    act: &mut Act<'_>,
    id: &str,
    number: &str,
    quantity: Option<i64>,
) -> Result<(), ApiError> {
    let session = payable(act, id)?;
    if let Some(quantity) = quantity {
        adjust(session, quantity)?;
    }
    let session = act.world.checkout_sessions.find(id)?;
    super::endpoints::check_total(session)?;
    if session.amount_total() == 0 {
        complete(act, id);
        return Ok(());
    }
    let method = payment_method::of_number(act, number)?;
    let of_subscription = matches!(session_mode(act, id)?, Mode::Subscription(_));
    let paid = if of_subscription {
        act.on_the_clock(|act| {
            let intent = first_intent_of(act, id)?;
            intents::confirm(act, &intent, &method, Payer::Present)
        })
    } else {
        let intent = intent_of(act, id)?;
        intents::confirm(act, &intent, &method, Payer::Present)
    };
    match paid {
        Err(error) if error.status_code() == StatusCode::PAYMENT_REQUIRED => Ok(()),
        other => other,
    }
}

fn session_mode<'a>(act: &'a Act<'_>, id: &str) -> Result<&'a Mode, ApiError> {
    Ok(&act.world.checkout_sessions.find(id)?.mode)
}

/// The payment of the subscription's first invoice; both are made when the payer pays for the first time.
fn first_intent_of(act: &mut Act<'_>, id: &str) -> Result<String, ApiError> {
    let session = act.world.checkout_sessions.find(id)?;
    match session.intent(act.world) {
        Some(intent) => Ok(intent.id.clone()),
        None => subscription::flow::begin(act, id),
    }
}

/// The payer pays in a way whose outcome comes later: the session is complete, and not paid.
pub fn pay_later(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    if let Mode::Subscription(_) = payable(act, id)?.mode {
        let message = "The sandbox begins subscriptions with nothing but cards.";
        return Err(ApiError::invalid(message));
    }
    let first = CARDS.first().map(|card| card.number).unwrap_or_default();
    let method = payment_method::of_number(act, first)?;
    let intent = intent_of(act, id)?;
    if act.world.payment_intents.find(&intent)?.state == IntentState::RequiresAction {
        // The payer goes back and takes another way.
        intents::fail(act, &intent)?;
    }
    intents::delay(act, &intent, &method)?;
    complete(act, id);
    Ok(())
}

/// Ends a session that is open; by its payer's delay or by its merchant.
pub fn expire(act: &mut Act<'_>, id: &str) -> Result<(), ApiError> {
    expire_due(act);
    let session = act.world.checkout_sessions.find_mut(id)?;
    if session.state != State::Open {
        let message = format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout \
             Session has a status of `{}`.",
            session.state.name()
        );
        return Err(ApiError::invalid(message).kept());
    }
    session.state = State::Expired;
    if let Some(intent) = session.payment_intent.clone() {
        // One that was tried and not paid ends with it; it is not paid, or the session were complete.
        let _ = intents::cancel(act, &intent, Some("automatic".to_owned()));
    }
    let begun = session_mode(act, id)?.subscription().map(str::to_owned);
    if let Some(begun) = begun {
        act.on_the_clock(|act| subscription::flow::expire(act, &begun))?;
    }
    tell(act, "checkout.session.expired", id);
    Ok(())
}

/// Ends the sessions whose time is over.
pub fn expire_due(act: &mut Act<'_>) {
    for id in act.world.checkout_ends.take_due(act.now) {
        let session = act.world.checkout_sessions.get(&id);
        if session.is_some_and(|session| session.state == State::Open) {
            // It is there and open.
            let _ = expire(act, &id);
        }
    }
}

/// A payment has succeeded: its session's, if it has one.
pub fn on_paid(act: &mut Act<'_>, payment_intent: &str) {
    match of_intent(act, payment_intent) {
        Some((id, State::Open)) => complete(act, &id),
        Some((id, State::Complete)) => {
            tell(act, "checkout.session.async_payment_succeeded", &id);
        }
        Some((_, State::Expired)) | None => {}
    }
}

/// The session's subscription is paid for the first time.
pub fn on_subscribed(act: &mut Act<'_>, id: &str) {
    let session = act.world.checkout_sessions.get(id);
    if session.is_some_and(|session| session.state == State::Open) {
        complete(act, id);
    }
}

/// An attempt to pay has failed. Where the payer had done all there was to do, that was the end of it.
pub fn on_failed(act: &mut Act<'_>, payment_intent: &str) {
    if let Some((id, State::Complete)) = of_intent(act, payment_intent) {
        tell(act, "checkout.session.async_payment_failed", &id);
    }
}

fn of_intent(act: &Act<'_>, payment_intent: &str) -> Option<(String, State)> {
    let intent = act.world.payment_intents.get(payment_intent)?;
    let session = act
        .world
        .checkout_sessions
        .get(intent.checkout_session.as_ref()?)?;
    Some((session.id.clone(), session.state))
}

fn complete(act: &mut Act<'_>, id: &str) {
    if let Some(session) = act.world.checkout_sessions.get_mut(id) {
        session.state = State::Complete;
    }
    tell(act, "checkout.session.completed", id);
}

fn payable<'a>(act: &'a mut Act<'_>, id: &str) -> Result<&'a mut Session, ApiError> {
    expire_due(act);
    let session = act.world.checkout_sessions.find_mut(id)?;
    match session.state {
        State::Open => Ok(session),
        State::Complete | State::Expired => {
            let message = format!("This Checkout Session is {}.", session.state.name());
            Err(ApiError::invalid(message))
        }
    }
}

/// The payer takes more or fewer of what may be adjusted.
fn adjust(session: &mut Session, quantity: i64) -> Result<(), ApiError> {
    let is_open = !session.is_begun();
    let item = session.items.iter_mut().find(|item| {
        let allowed = item.adjustable;
        allowed.is_some_and(|(least, most)| (least..=most).contains(&quantity))
    });
    match item {
        Some(item) if is_open || item.quantity == quantity => {
            item.quantity = quantity;
            Ok(())
        }
        _ => Err(ApiError::invalid("that quantity cannot be taken")),
    }
}

/// The session's payment, which is made when the payer pays for the first time.
fn intent_of(act: &mut Act<'_>, id: &str) -> Result<String, ApiError> {
    let session = act.world.checkout_sessions.find_mut(id)?;
    if let Some(intent) = &session.payment_intent {
        return Ok(intent.clone());
    }
    let intent = new_id("pi_");
    session.payment_intent = Some(intent.clone());
    let mut details = session.intent_details.clone();
    if details.receipt_email.is_none() {
        details.receipt_email.clone_from(&session.customer_email);
    }
    let made = PaymentIntent {
        id: intent.clone(),
        created: act.now,
        amount: session.amount_total(),
        currency: session.currency,
        customer: session.customer.clone(),
        details,
        metadata: session.intent_metadata.clone(),
        client_secret: format!("{intent}_secret_{}", random_text(25)),
        automatic_payment_methods: Some(AutomaticPaymentMethods::WithRedirects),
        state: IntentState::RequiresPaymentMethod,
        payment_method: None,
        latest_charge: None,
        last_payment_error: None,
        page_url: session.page_url.clone(),
        return_url: Some(session.success_url()),
        checkout_session: Some(session.id.clone()),
        invoice: None,
    };
    act.world.payment_intents.put(made);
    intents::tell(act, "payment_intent.created", &intent);
    Ok(intent)
}

fn tell(act: &mut Act<'_>, kind: &str, id: &str) {
    act.emit(kind, |world| &world.checkout_sessions, id);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::network::Network;
    use crate::stripe::checkout::endpoints;
    use crate::stripe::webhook::StripeWebhooks;
    use crate::stripe::wire::params::Params;
    use crate::stripe::world::{Cause, World};
    use crate::webhook::Origin;

    #[test]
    fn a_session_ends_by_itself_at_its_time_and_not_before() {
        let origin: Arc<dyn Origin> = Arc::new(StripeWebhooks {
            secret: "whsec_1".into(),
            retry_pauses: Vec::new(),
        });
        let mut act = Act {
            world: &mut World::default(),
            network: &mut Network::default(),
            now: 1_000,
            cause: &Cause::default(),
            origin: &origin,
        };
        let request = b"mode=payment&success_url=https://a.example&expires_at=2800\
            &line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=500\
            &line_items[0][price_data][product_data][name]=a";
        for _ in 0..2 {
            endpoints::create(&mut act, Params::parse(request).unwrap()).unwrap();
        }
        let sessions = act.world.checkout_sessions.newest_first();
        let ids: Vec<String> = sessions.map(|session| session.id.clone()).collect();
        act.now = 2_799;
        pay_later(&mut act, &ids[0]).unwrap();
        expire_due(&mut act);
        assert!(!act.world.checkout_ends.has_due(act.now));
        act.now = 2_800;
        assert!(act.world.checkout_ends.has_due(act.now));
        assert!(pay(&mut act, &ids[1], "4242424242424242", None).is_err());
        let state = |act: &Act<'_>, id: &str| act.world.checkout_sessions.get(id).unwrap().state;
        assert_eq!(state(&act, &ids[0]), State::Complete);
        assert_eq!(state(&act, &ids[1]), State::Expired);
    }
}
