//! How a hold ends: captured, released or expired, and exactly once.

use jiff::Timestamp;

use super::super::command::{Capture, CommandHash, Cost, EntryKind, Extend, Overage, Release};
use super::super::state::{Book, EntryDraft, Event, Hold, HoldState, HoldWrite, Waiver};
use super::super::stored;
use super::spend::{count_request, has_free_call, take_again};
use super::{Answer, Besides, Context, HoldView, Refusal, standing};
use crate::id::HoldId;
use crate::money::Micros;
use crate::price::cost_of;

pub(super) fn capture(
    book: &mut Book,
    context: &mut Context<'_>,
    capture: &Capture,
) -> Result<Answer, Refusal> {
    // An amount of 0 says that there was no call to charge.
    if capture.cost == Cost::Amount(Micros::ZERO) {
        return match placed(book, capture.hold, Ending::Release)? {
            Found::Placed(hold) => give_up(book, context, hold, capture.hash),
            Found::Answered(answer) => Ok(*answer),
        };
    }
    let (hold, settles) = match placed(book, capture.hold, Ending::Capture(capture.hash)) {
        Ok(Found::Placed(hold)) => (hold, false),
        Ok(Found::Answered(answer)) => return Ok(*answer),
        // One that was released stays so: its caller has said that there was nothing to charge.
        Err(Refusal::HoldEnded(HoldState::Expired)) if capture.settles_expired => {
            (set_aside_anew(book, capture.hold)?, true)
        }
        Err(refusal) => return Err(refusal),
    };
    let cost = captured_cost(book, context, &hold, &capture.cost)?;
    let over = cost.minus(hold.amount)?.or_zero();
    // While enforcement is off, everything is booked in full. Within the hold nobody asks.
    let overage = if !over.is_positive() || context.enforcement()? {
        capture.overage
    } else {
        Overage::AllowDebt
    };
    let charged = charged(book, overage, &hold, cost)?;
    let released = hold.amount.minus(charged)?.or_zero();
    let account = &mut book.account;
    account.held = account.held.minus(hold.amount)?;
    // The hold has counted already; only what goes beyond it counts now.
    account.give_back(released, hold.counted)?;
    account.count(charged.minus(hold.amount)?.or_zero())?;
    count_request(account, charged, context)?;
    let entry = book.post(EntryDraft {
        kind: EntryKind::Charge,
        amount: charged.negated()?,
        request_id: hold.request_id.clone(),
        tool: hold.tool.clone(),
        price_version: hold.price_version,
        hold: Some(hold.id),
        refunds: None,
        counterparty: None,
        note: capture.note.clone(),
    })?;
    // What an expired hold had set aside may be spent by now; it is booked all the same.
    if overage == Overage::AllowDebt || settles {
        book.account.authorise_overdraft();
    }
    let answer = Answer {
        required: cost,
        price_version: hold.price_version,
        moved: charged,
        released,
        entry: Some(entry),
        besides: Besides::settled(settles.then_some(hold.amount)),
        ..standing(&book.account, &mut context.time)
    };
    if settles && let (Some(Waiver::FreeCall), Some(tool)) = (hold.waiver, &hold.tool) {
        take_again(book, tool);
    }
    Ok(end(book, hold, HoldState::Captured, capture.hash, answer))
}

/// What of a cost is charged, where it may be more than its hold.
fn charged(book: &Book, overage: Overage, hold: &Hold, cost: Micros) -> Result<Micros, Refusal> {
    let over = cost.minus(hold.amount)?.or_zero();
    match overage {
        Overage::Reject if over.is_positive() => Err(Refusal::OverageRejected(over)),
        Overage::Reject | Overage::AllowDebt => Ok(cost),
        Overage::UpToAvailable => {
            let available = book.account.balance().available().or_zero();
            Ok(cost.min(hold.amount.plus(available)?))
        }
    }
}

/// Sets an expired hold's amount aside anew, whatever there is and whatever the limits and the account's
/// suspension say: its work was done. It counts in the day on which it is captured. A free call that lapsed
/// with it is free again where the day has one left: else expiring holds would give any number of them.
fn set_aside_anew(book: &mut Book, id: HoldId) -> Result<Hold, Refusal> {
    let (hold, _) = book.holds.get(&id).ok_or(Refusal::HoldNotFound)?;
    let mut hold = hold.clone();
    book.account.held = book.account.held.plus(hold.amount)?;
    book.account.count(hold.amount)?;
    hold.counted = book.account.period;
    hold.state = HoldState::Placed;
    if hold.waiver == Some(Waiver::FreeCall) && !has_free_call(book, hold.tool.as_deref()) {
        hold.waiver = None;
    }
    Ok(hold)
}

pub(super) fn release(
    book: &mut Book,
    context: &mut Context<'_>,
    release: &Release,
) -> Result<Answer, Refusal> {
    match placed(book, release.hold, Ending::Release)? {
        Found::Placed(hold) => give_up(book, context, hold, release.hash),
        Found::Answered(answer) => Ok(*answer),
    }
}

/// A repeated extension extends again: callers renew a hold by the same request.
pub(super) fn extend(
    book: &mut Book,
    context: &mut Context<'_>,
    extend: &Extend,
) -> Result<Answer, Refusal> {
    let mut hold = match placed(book, extend.hold, Ending::None)? {
        Found::Placed(hold) => hold,
        Found::Answered(answer) => return Ok(*answer),
    };
    let until = context
        .time
        .now()
        .saturating_add(extend.ttl)
        .unwrap_or(hold.expires_at);
    hold.expires_at = hold.expires_at.max(until);
    let answer = Answer {
        hold: Some(HoldView::from(&hold)),
        ..standing(&book.account, &mut context.time)
    };
    put(book, hold);
    Ok(answer)
}

/// The hold has been expired already, if its time is up.
pub(super) fn expire(
    book: &mut Book,
    context: &mut Context<'_>,
    id: HoldId,
) -> Result<Answer, Refusal> {
    let (hold, _) = book.holds.get(&id).ok_or(Refusal::HoldNotFound)?;
    Ok(Answer {
        hold: Some(HoldView::from(hold)),
        ..standing(&book.account, &mut context.time)
    })
}

/// Expires the hold, if it is there, placed, and its time is up: `expires_at` decides, whoever
/// notices first. Answers with what that gave back.
pub(super) fn expire_if_due(
    book: &mut Book,
    id: HoldId,
    now: Timestamp,
) -> Result<Option<Micros>, Refusal> {
    let Some((hold, _)) = book.holds.get(&id) else {
        return Ok(None);
    };
    if hold.state != HoldState::Placed || now < hold.expires_at {
        return Ok(None);
    }
    let mut hold = hold.clone();
    return_amount(book, &hold)?;
    book.account.settle_overdraft();
    hold.state = HoldState::Expired;
    let amount = hold.amount;
    book.events.push(Event::HoldExpired {
        hold: hold.id,
        tool: hold.tool.clone(),
        request_id: hold.request_id.clone(),
        amount,
        expired_at: hold.expires_at,
    });
    put(book, hold);
    Ok(Some(amount))
}

enum Found {
    Placed(Hold),
    /// The hold was ended by the same command: its answer.
    Answered(Box<Answer>),
}

/// How a command wants a hold to end.
#[derive(Clone, Copy)]
enum Ending {
    /// Not at all.
    None,
    Capture(CommandHash),
    /// A release, or a capture of 0: they are one end, whichever of them it was.
    Release,
}

fn placed(book: &Book, id: HoldId, ending: Ending) -> Result<Found, Refusal> {
    let (hold, _) = book.holds.get(&id).ok_or(Refusal::HoldNotFound)?;
    if hold.state == HoldState::Placed {
        return Ok(Found::Placed(hold.clone()));
    }
    let same = |ended_by: CommandHash| match ending {
        Ending::None => false,
        Ending::Capture(hash) => hash == ended_by,
        Ending::Release => hold.state == HoldState::Released,
    };
    match &hold.end {
        Some((ended_by, stored)) if same(*ended_by) => {
            let mut answer = stored::read(stored).ok_or(Refusal::StoredAnswer)?;
            answer.replayed = true;
            Ok(Found::Answered(Box::new(answer)))
        }
        _ => Err(Refusal::HoldEnded(hold.state)),
    }
}

/// What the call cost, by the hold's own price.
fn captured_cost(
    book: &Book,
    context: &Context<'_>,
    hold: &Hold,
    cost: &Cost,
) -> Result<Micros, Refusal> {
    let cost = match cost {
        Cost::Amount(amount) => *amount,
        Cost::Tool(tool) if hold.tool.as_ref() != Some(&tool.name) => {
            return Err(Refusal::NotTheHoldsTool);
        }
        Cost::Tool(tool) => match hold.price_version {
            // The tenant let an unpriced tool pass.
            None => Micros::ZERO,
            Some(version) => {
                let price = context
                    .catalogue
                    .version(tool, version)
                    .ok_or(Refusal::PriceListStale)?;
                cost_of(&price.terms, &tool.quantities)?
            }
        },
    };
    let free = hold.waiver.is_some() || !book.account.billing_enabled;
    Ok(if free { Micros::ZERO } else { cost })
}

fn give_up(
    book: &mut Book,
    context: &mut Context<'_>,
    hold: Hold,
    hash: CommandHash,
) -> Result<Answer, Refusal> {
    return_amount(book, &hold)?;
    let answer = Answer {
        released: hold.amount,
        ..standing(&book.account, &mut context.time)
    };
    Ok(end(book, hold, HoldState::Released, hash, answer))
}

/// Gives a hold's amount back to the balance, to its period, and its free call to its day.
fn return_amount(book: &mut Book, hold: &Hold) -> Result<(), Refusal> {
    let account = &mut book.account;
    let still_held = account.held.minus(hold.amount)?;
    account.give_back(hold.amount, hold.counted)?;
    account.held = still_held;
    book.changed = true;
    if hold.waiver == Some(Waiver::FreeCall)
        && hold.counted.day_no == book.account.period.day_no
        && let Some(tool) = &hold.tool
        && let Some(calls) = book.free_calls.get_mut(tool)
        && calls.day_no == hold.counted.day_no
    {
        calls.used = calls.used.saturating_sub(1).max(0);
        book.changed_free_calls.push(tool.clone());
    }
    Ok(())
}

fn end(
    book: &mut Book,
    mut hold: Hold,
    state: HoldState,
    by: CommandHash,
    answer: Answer,
) -> Answer {
    hold.state = state;
    let answer = Answer {
        hold: Some(HoldView::from(&hold)),
        ..answer
    };
    hold.end = Some((by, stored::write(&answer)));
    put(book, hold);
    answer
}

fn put(book: &mut Book, hold: Hold) {
    let write = match book.holds.get(&hold.id) {
        Some((_, HoldWrite::Insert)) => HoldWrite::Insert,
        _ => HoldWrite::Update,
    };
    book.holds.insert(hold.id, (hold, write));
}
