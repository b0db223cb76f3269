//! Money that comes back or from elsewhere, and what an account is set to.

use super::super::command::{ChangeSettings, EntryKind, Note, Post, RefundCharge};
use super::super::state::{AccountState, Book, ChargeState, EntryDraft};
use super::{Answer, Context, Refusal, standing, store};
use crate::admin_change::{Deed, Fields, LeadsTo, NewChange, differing};
use crate::id::EntrySeq;
use crate::money::Micros;

pub(super) fn refund_charge(
    book: &mut Book,
    context: &mut Context<'_>,
    refund: &RefundCharge,
) -> Result<Answer, Refusal> {
    let seq = refund.charge;
    let charge = charge(book, seq).ok_or(Refusal::ChargeNotFound)?;
    let left = charge.charged.minus(charge.refunded)?;
    let amount = refund.amount.unwrap_or(left);
    if amount > left || !amount.is_positive() {
        return Err(Refusal::RefundExceedsCharge { left });
    }
    give_back(book, &charge, amount)?;
    book.account.total_spent = book.account.total_spent.minus(amount)?;
    let entry = book.post(EntryDraft {
        kind: EntryKind::Refund,
        amount,
        request_id: None,
        tool: charge.tool.clone(),
        price_version: None,
        hold: None,
        refunds: Some(seq),
        counterparty: None,
        note: refund.note.clone(),
    })?;
    let refunded = charge.refunded.plus(amount)?;
    book.charges.insert(seq, ChargeState { refunded, ..charge });
    book.refunded_charges.push(seq);
    let answer = Answer {
        moved: amount,
        entry: Some(entry),
        ..standing(&book.account, &mut context.time)
    };
    store(book, &refund.keyed, &answer);
    keep(book, Deed::ChargeRefund, entry, refund.note.as_ref());
    Ok(answer)
}

/// A charge as it was read, or as this batch has just made it.
fn charge(book: &Book, seq: EntrySeq) -> Option<ChargeState> {
    if let Some(charge) = book.charges.get(&seq) {
        return Some(charge.clone());
    }
    let entry = book
        .new_entries
        .iter()
        .find(|entry| entry.seq == seq && entry.kind == EntryKind::Charge)?;
    let charged = entry.amount.negated().ok()?;
    let held = entry
        .hold
        .and_then(|id| book.holds.get(&id))
        .map(|(hold, _)| (charged.min(hold.amount), hold.counted));
    Some(ChargeState {
        charged,
        refunded: Micros::ZERO,
        tool: entry.tool.clone(),
        counted: entry.period,
        held,
    })
}

/// Gives a refund back to the limits: first what was counted last, the overage of a capture, then
/// what its hold had counted.
fn give_back(book: &mut Book, charge: &ChargeState, amount: Micros) -> Result<(), Refusal> {
    let (by_hold, hold_period) = charge.held.unwrap_or((Micros::ZERO, charge.counted));
    let overage_left = charge
        .charged
        .minus(by_hold)?
        .minus(charge.refunded)?
        .or_zero();
    let of_overage = amount.min(overage_left);
    book.account.give_back(of_overage, charge.counted)?;
    book.account
        .give_back(amount.minus(of_overage)?, hold_period)?;
    Ok(())
}

pub(super) fn post(
    book: &mut Book,
    context: &mut Context<'_>,
    post: &Post,
) -> Result<Answer, Refusal> {
    let entry = book.post(EntryDraft {
        kind: post.kind,
        amount: post.amount,
        request_id: None,
        tool: None,
        price_version: None,
        hold: None,
        refunds: None,
        counterparty: post.counterparty.clone(),
        note: post.note.clone(),
    })?;
    if !post.amount.is_positive() {
        book.account.authorise_overdraft();
    }
    match post.kind {
        EntryKind::Grant => keep(book, Deed::Grant, entry, post.note.as_ref()),
        EntryKind::Adjustment => keep(book, Deed::Adjustment, entry, post.note.as_ref()),
        EntryKind::Charge
        | EntryKind::Refund
        | EntryKind::TopUp
        | EntryKind::PaymentReversal
        | EntryKind::Dispute
        | EntryKind::DisputeWon => {}
    }
    let answer = Answer {
        moved: post.amount,
        entry: Some(entry),
        ..standing(&book.account, &mut context.time)
    };
    store(book, &post.keyed, &answer);
    Ok(answer)
}

/// Keeps who moved the money, where somebody did.
fn keep(book: &mut Book, deed: Deed, entry: EntrySeq, note: Option<&Note>) {
    if note.is_some_and(|note| note.actor.is_some()) {
        let change = NewChange::of_entry(book.id, deed, entry);
        book.admin_changes.push(change);
    }
}

/// What an account is set to, for who reads what was changed.
fn settings(account: &AccountState) -> Fields {
    let amounts = [
        ("daily_limit_micros", account.daily_limit),
        ("monthly_limit_micros", account.monthly_limit),
        (
            "low_balance_threshold_micros",
            account.low_balance_threshold,
        ),
    ];
    let amounts = amounts
        .into_iter()
        .filter_map(|(name, amount)| Some((name, amount?.get().to_string())));
    let rest = [
        ("time_zone", account.time_zone.to_string()),
        ("suspended", account.suspended.to_string()),
        ("billing_enabled", account.billing_enabled.to_string()),
    ];
    amounts.chain(rest).collect()
}

/// A change that an administrator repeats changes nothing, and is not kept again.
pub(super) fn change_settings(
    book: &mut Book,
    context: &mut Context<'_>,
    settings: &ChangeSettings,
) -> Answer {
    let before = self::settings(&book.account);
    let change = &settings.change;
    let account = &mut book.account;
    account.daily_limit = change.daily_limit.over(account.daily_limit);
    account.monthly_limit = change.monthly_limit.over(account.monthly_limit);
    account.low_balance_threshold = change
        .low_balance_threshold
        .over(account.low_balance_threshold);
    if let Some(zone) = &change.time_zone
        && **zone != *account.time_zone
    {
        let here = context.time.day_in(&account.time_zone).date;
        account.change_zone(here, context.time.day_in(zone).date);
        account.time_zone = zone.as_str().into();
    }
    if let Some(suspended) = change.suspended {
        account.suspended = suspended;
    }
    if let Some(enabled) = change.billing_enabled {
        account.billing_enabled = enabled;
    }
    book.changed = true;
    book.settings_changed = true;
    let (before, after) = differing(before, self::settings(&book.account));
    if let Some((deed, said)) = settings.by.clone()
        && before != after
    {
        book.admin_changes.push(NewChange {
            account: Some(book.id),
            deed,
            said,
            before,
            after,
            leads_to: LeadsTo::Nothing,
        });
    }
    Answer {
        account: Some(Box::new(book.account.clone())),
        ..standing(&book.account, &mut context.time)
    }
}
