//! What a customer does in the portal.

use crate::stripe::card::Behaviour;
use crate::stripe::customer;
use crate::stripe::payment_method;
use crate::stripe::subscription::{Planned, flow};
use crate::stripe::wire::error::ApiError;
use crate::stripe::world::{Act, Object};

/// Pays with another card from now on: the customer, and each of their subscriptions. A card that its bank
/// refuses at once is not taken.
pub fn change_card(act: &mut Act<'_>, customer: &str, number: &str) -> Result<(), ApiError> {
    act.world.customers.find(customer)?;
    let method = payment_method::of_number(act, number)?;
    let taken = act.world.payment_methods.find(&method)?;
    if let Behaviour::Declines(decline) = taken.behaviour() {
        return Err(decline.error());
    }
    payment_method::attach(act, &method, customer)?;
    customer::set_default_payment_method(act, customer, &method)?;
    let live = act
        .world
        .subscriptions
        .newest_first()
        .filter(|subscription| {
            subscription.customer == customer && !subscription.state.has_ended()
        });
    let ids: Vec<String> = live.map(|subscription| subscription.id.clone()).collect();
    for id in ids {
        let before = act.world.subscriptions.find(&id)?.json(act.world);
        let subscription = act.world.subscriptions.find_mut(&id)?;
        subscription.default_payment_method = Some(method.clone());
        flow::tell_change(act, &id, before);
    }
    Ok(())
}

/// Ends it with its period, as the portal does it: by `cancel_at`.
pub fn cancel(act: &mut Act<'_>, subscription: &str) -> Result<(), ApiError> {
    let end = act.world.subscriptions.find(subscription)?.period().1;
    flow::plan(act, subscription, Some(Planned::At(end)))
}

pub fn resume(act: &mut Act<'_>, subscription: &str) -> Result<(), ApiError> {
    flow::plan(act, subscription, None)
}
