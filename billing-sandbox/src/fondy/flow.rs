//! What payers, banks and time do to an order.

use super::callback::{self, News};
use super::order::{Reversal, State};
use super::refusal::Refusal;
use crate::fondy::world::Act;

/// The payer pays, all of it or a part.
pub fn pay(act: &mut Act<'_>, id: &str, amount: i64) -> Result<(), Refusal> {
    let order = act.world.orders.find_mut(id)?;
    if !(1..=order.amount).contains(&amount) {
        return Err(Refusal::incorrect("amount"));
    }
    if order.is_payable() {
        order.paid = amount;
    }
    attempt(act, id, State::Approved)
}

/// The payer's bank says no; he may try again.
pub fn decline(act: &mut Act<'_>, id: &str) -> Result<(), Refusal> {
    attempt(act, id, State::Declined)
}

/// The payer pays, and the bank answers later.
pub fn delay(act: &mut Act<'_>, id: &str) -> Result<(), Refusal> {
    attempt(act, id, State::Processing)
}

/// Ends the order's lifetime now.
pub fn expire(act: &mut Act<'_>, id: &str) -> Result<(), Refusal> {
    attempt(act, id, State::Expired)
}

/// The bank says yes.
pub fn complete(act: &mut Act<'_>, id: &str) -> Result<(), Refusal> {
    end(act, id, State::Approved)
}

/// The bank says no.
pub fn fail(act: &mut Act<'_>, id: &str) -> Result<(), Refusal> {
    end(act, id, State::Declined)?;
    act.world.orders.await_end(id);
    Ok(())
}

/// Ends the lifetimes that are over.
pub fn expire_due(act: &mut Act<'_>) {
    for order_id in act.world.orders.take_ends(act.now) {
        // Each was payable a moment ago, and the world is locked.
        let _ = expire(act, &order_id);
    }
}

fn attempt(act: &mut Act<'_>, id: &str, then: State) -> Result<(), Refusal> {
    let order = act.world.orders.find_mut(id)?;
    if !order.is_payable() {
        return Err(Refusal::completed(&order.id));
    }
    order.state = then;
    callback::tell(act, id, News::Status);
    Ok(())
}

fn end(act: &mut Act<'_>, id: &str, then: State) -> Result<(), Refusal> {
    let order = act.world.orders.find_mut(id)?;
    if order.state != State::Processing {
        return Err(Refusal::completed(&order.id));
    }
    order.state = then;
    callback::tell(act, id, News::Status);
    Ok(())
}

/// Gives money back; the same key again is the same reversal.
pub fn reverse(
    act: &mut Act<'_>,
    id: &str,
    amount: i64,
    reverse_id: Option<String>,
) -> Result<Reversal, Refusal> {
    let order = act.world.orders.find(id)?;
    let known = reverse_id.as_ref().and_then(|key| {
        let has_key = |reversal: &&Reversal| reversal.reverse_id.as_ref() == Some(key);
        order.reversals.iter().find(has_key)
    });
    match known {
        Some(known) if known.amount == amount => return Ok(known.clone()),
        Some(_) => return Err(Refusal::incorrect("reverse_id")),
        None => {}
    }
    if amount < 1 || amount > order.reversible() {
        return Err(Refusal::incorrect("amount"));
    }
    let reversal = Reversal {
        reverse_id,
        amount,
        transaction_id: act.world.orders.next_transaction(),
    };
    let order = act.world.orders.find_mut(id)?;
    order.reversals.push(reversal.clone());
    callback::tell(act, id, News::Reversal);
    Ok(reversal)
}
