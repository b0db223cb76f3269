//! May this be spent? The check itself, and the two commands that act on it.

use super::super::command::{Charge, Cost, EntryKind, Overage, PlaceHold};
use super::super::state::{
    AccountState, Book, EntryDraft, FreeCalls, Hold, HoldState, HoldWrite, Waiver,
};
use super::{Answer, Context, Decision, HoldView, Refusal, Retry, standing, store};
use crate::money::Micros;
use crate::price::{Price, UnpricedTools, cost_of};

/// What a check found: the decision, and what the call would take.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Assessment {
    decision: Decision,
    /// What the call costs after waivers.
    required: Micros,
    /// What would be taken: less than `required` only where the policy says so.
    taken: Micros,
    price_version: Option<i64>,
    waiver: Option<Waiver>,
    /// The allowance that a free call is taken from.
    free_calls_per_day: i32,
}

/// Answers 'may this user spend this much?' for an account as it was read; changes nothing.
pub fn assess_check(
    account: &mut AccountState,
    cost: &Cost,
    free_calls: Option<FreeCalls>,
    context: &mut Context<'_>,
) -> Result<Answer, Refusal> {
    account.roll(context.time.day_in(&account.time_zone).date);
    let found = assess(account, cost, free_calls, Overage::Reject, context)?;
    Ok(answer(&found, account, context))
}

pub(super) fn place_hold(
    book: &mut Book,
    context: &mut Context<'_>,
    place: &PlaceHold,
) -> Result<Answer, Refusal> {
    let cost = &place.cost;
    let found = assess(
        &book.account,
        cost,
        free_calls_of(book, cost),
        Overage::Reject,
        context,
    )?;
    if found.decision != Decision::Allowed {
        return Ok(answer(&found, &book.account, context));
    }
    let now = context.time.now();
    book.account.held = book.account.held.plus(found.required)?;
    book.account.count(found.required)?;
    if !context.enforced {
        book.account.authorise_overdraft();
    }
    book.changed = true;
    take_free_call(book, cost, &found);
    let hold = Hold {
        id: place.hold,
        amount: found.required,
        state: HoldState::Placed,
        placed_at: now,
        expires_at: now.saturating_add(place.ttl).unwrap_or(now),
        counted: book.account.period,
        tool: tool_name(cost),
        price_version: found.price_version,
        waiver: found.waiver,
        request_id: place.request_id.clone(),
        end: None,
    };
    let answer = Answer {
        hold: Some(HoldView::from(&hold)),
        ..answer(&found, &book.account, context)
    };
    book.holds.insert(hold.id, (hold, HoldWrite::Insert));
    store(book, &place.keyed, &answer);
    Ok(answer)
}

pub(super) fn charge(
    book: &mut Book,
    context: &mut Context<'_>,
    charge: &Charge,
) -> Result<Answer, Refusal> {
    let cost = &charge.cost;
    let found = assess(
        &book.account,
        cost,
        free_calls_of(book, cost),
        charge.overage,
        context,
    )?;
    if found.decision != Decision::Allowed {
        return Ok(answer(&found, &book.account, context));
    }
    book.account.count(found.taken)?;
    count_request(&mut book.account, found.taken, context)?;
    let entry = book.post(EntryDraft {
        kind: EntryKind::Charge,
        amount: found.taken.negated()?,
        request_id: charge.request_id.clone(),
        tool: tool_name(cost),
        price_version: found.price_version,
        hold: None,
        refunds: None,
        counterparty: None,
        note: charge.note.clone(),
    })?;
    if charge.overage == Overage::AllowDebt || !context.enforced {
        book.account.authorise_overdraft();
    }
    take_free_call(book, cost, &found);
    let answer = Answer {
        moved: found.taken,
        entry: Some(entry),
        ..answer(&found, &book.account, context)
    };
    store(book, &charge.keyed, &answer);
    Ok(answer)
}

/// Counts a charge of `amount` in the account's own figures.
pub(super) fn count_request(
    account: &mut AccountState,
    amount: Micros,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    account.total_spent = account.total_spent.plus(amount)?;
    account.request_count = account.request_count.saturating_add(1);
    account.last_request_at = Some(context.time.now());
    Ok(())
}

fn assess(
    account: &AccountState,
    cost: &Cost,
    free_calls: Option<FreeCalls>,
    overage: Overage,
    context: &Context<'_>,
) -> Result<Assessment, Refusal> {
    let mut found = Assessment {
        decision: Decision::Allowed,
        required: Micros::ZERO,
        taken: Micros::ZERO,
        price_version: None,
        waiver: None,
        free_calls_per_day: 0,
    };
    let enforced = context.enforcement()?;
    let mut unpriced = false;
    match cost {
        Cost::Amount(amount) => found.required = *amount,
        Cost::Tool(tool) => match context.catalogue.price(tool, context.time.now()) {
            Some(price) => {
                found.required = cost_of(&price.terms, &tool.quantities)?;
                found.price_version = Some(price.version);
                waive_free_call(&mut found, account, price, free_calls);
            }
            None => {
                unpriced = context.catalogue.unpriced_tools(&tool.tenant_id) == UnpricedTools::Deny;
            }
        },
    }
    if !account.billing_enabled {
        found.required = Micros::ZERO;
        found.waiver = Some(Waiver::BillingDisabled);
        if account.suspended && enforced {
            found.decision = Decision::AccountSuspended;
        }
        return Ok(found);
    }
    let available = account.balance().available();
    found.taken = match overage {
        Overage::Reject | Overage::AllowDebt => found.required,
        Overage::UpToAvailable => found.required.min(available.or_zero()),
    };
    if !enforced {
        // In full, whatever there is.
        found.taken = found.required;
        return Ok(found);
    }
    found.decision = if unpriced {
        Decision::ToolNotPriced
    } else {
        deny(account, &found, overage, available)?
    };
    Ok(found)
}

fn waive_free_call(
    found: &mut Assessment,
    account: &AccountState,
    price: &Price,
    free_calls: Option<FreeCalls>,
) {
    let used_today = free_calls
        .filter(|calls| calls.day_no == account.period.day_no)
        .map_or(0, |calls| calls.used);
    if found.required.is_positive() && used_today < price.terms.free_calls_per_day {
        found.required = Micros::ZERO;
        found.waiver = Some(Waiver::FreeCall);
        found.free_calls_per_day = price.terms.free_calls_per_day;
    }
}

fn deny(
    account: &AccountState,
    found: &Assessment,
    overage: Overage,
    available: Micros,
) -> Result<Decision, Refusal> {
    if account.suspended {
        return Ok(Decision::AccountSuspended);
    }
    // What costs nothing is within every balance and every limit.
    if !found.required.is_positive() {
        return Ok(Decision::Allowed);
    }
    let too_little = match overage {
        Overage::Reject => found.required > available,
        Overage::UpToAvailable => !available.is_positive(),
        Overage::AllowDebt => false,
    };
    if too_little {
        return Ok(Decision::InsufficientBalance);
    }
    if exceeds(account.day_spent, found.taken, account.daily_limit)? {
        return Ok(Decision::DailyLimitExceeded);
    }
    if exceeds(account.month_used(), found.taken, account.monthly_limit)? {
        return Ok(Decision::MonthlyLimitExceeded);
    }
    Ok(Decision::Allowed)
}

fn exceeds(used: Micros, more: Micros, limit: Option<Micros>) -> Result<bool, Refusal> {
    let after = used.plus(more)?;
    Ok(limit.is_some_and(|limit| after > limit))
}

fn answer(found: &Assessment, account: &AccountState, context: &mut Context<'_>) -> Answer {
    let standing = standing(account, &mut context.time);
    let starts_again = match found.decision {
        Decision::DailyLimitExceeded => Some(standing.limits.day_ends_at),
        // What counts in a month that a change of zone has brought ends with the day.
        Decision::MonthlyLimitExceeded if account.is_in_next_month() => {
            Some(standing.limits.day_ends_at)
        }
        Decision::MonthlyLimitExceeded => Some(standing.limits.month_ends_at),
        Decision::Allowed
        | Decision::ToolNotPriced
        | Decision::AccountSuspended
        | Decision::InsufficientBalance => None,
    };
    // Where one of the limits never lets it pass, no waiting for the other helps.
    let above = |limit: Option<Micros>| limit.is_some_and(|limit| found.taken > limit);
    let never = above(account.daily_limit) || above(account.monthly_limit);
    let retry = starts_again.map(|at| if never { Retry::Never } else { Retry::At(at) });
    Answer {
        decision: found.decision,
        required: found.required,
        price_version: found.price_version,
        enforced: context.enforced,
        retry,
        ..standing
    }
}

fn tool_name(cost: &Cost) -> Option<String> {
    match cost {
        Cost::Amount(_) => None,
        Cost::Tool(tool) => Some(tool.name.clone()),
    }
}

fn free_calls_of(book: &Book, cost: &Cost) -> Option<FreeCalls> {
    match cost {
        Cost::Amount(_) => None,
        Cost::Tool(tool) => book.free_calls.get(&tool.name).copied(),
    }
}

fn take_free_call(book: &mut Book, cost: &Cost, found: &Assessment) {
    let (Cost::Tool(tool), Some(Waiver::FreeCall)) = (cost, found.waiver) else {
        return;
    };
    take(book, &tool.name, found.free_calls_per_day);
}

/// How many free calls of a tool were taken on the account's day.
fn taken_today(book: &Book, tool: &str) -> i32 {
    let calls = book.free_calls.get(tool);
    let today = calls.filter(|calls| calls.day_no == book.account.period.day_no);
    today.map_or(0, |calls| calls.used)
}

fn take(book: &mut Book, tool: &str, allowed: i32) {
    let calls = FreeCalls {
        day_no: book.account.period.day_no,
        used: taken_today(book, tool).saturating_add(1),
        allowed,
    };
    book.free_calls.insert(tool.to_owned(), calls);
    book.changed_free_calls.push(tool.to_owned());
}

/// Whether a call of a hold that has given its own back can be free.
pub(super) fn has_free_call(book: &Book, tool: Option<&str>) -> bool {
    tool.is_some_and(|tool| {
        let calls = book.free_calls.get(tool);
        calls.is_some_and(|calls| taken_today(book, tool) < calls.allowed)
    })
}

/// Takes that call.
pub(super) fn take_again(book: &mut Book, tool: &str) {
    if let Some(allowed) = book.free_calls.get(tool).map(|calls| calls.allowed) {
        take(book, tool, allowed);
    }
}
