//! What cannot be true of a payment.

use super::super::{MINOR_MAX, Payment, State};
use super::{ProviderEvent, Report};

/// What an event says that the payment's record does not.
pub fn find(event: &ProviderEvent, payment: &Payment) -> Option<String> {
    if *payment.provider != *event.provider {
        return Some(format!("the payment is one of {}", payment.provider));
    }
    if payment.livemode != event.livemode {
        return Some(format!("livemode is {}", event.livemode));
    }
    if let Some(account) = &event.account
        && account.parse() != Ok(payment.id.account.uuid())
    {
        return Some(format!("it is of account {account}"));
    }
    if event.provider_account != payment.provider_account {
        let accounts = [&event.provider_account, &payment.provider_account];
        let [says, made_for] = accounts.map(|name| match name.as_str() {
            "" => "the platform's own account",
            name => name,
        });
        return Some(format!(
            "it is about {says}, the payment is made for {made_for}"
        ));
    }
    let opens = event.opens.as_ref();
    if let Some(why) = opens.and_then(|opens| opens.contradiction(payment)) {
        return Some(why);
    }
    if matches!(event.report, Report::Subscription(_)) {
        let is_first = payment.subscription == Some(payment.id.number);
        return (!is_first).then(|| "the payment begins no subscription".to_owned());
    }
    of_amounts(event, payment)
}

/// The same of what it says of money.
fn of_amounts(event: &ProviderEvent, payment: &Payment) -> Option<String> {
    let (largest, currency) = match &event.report {
        Report::Payment(report) => (report.amount_minor, &report.currency),
        Report::Refund(report) => (report.amount_minor, &report.currency),
        Report::Dispute(report) => (report.largest(), &report.currency),
        Report::GivenBack(report) => (report.total_minor, &report.currency),
        Report::None | Report::Unreadable(_) | Report::Unconfirmed(_) | Report::Subscription(_) => {
            return None;
        }
    };
    if *currency != payment.currency {
        return Some(format!("the currency is {currency}"));
    }
    if largest > MINOR_MAX {
        return Some(format!("the amount is {largest}"));
    }
    let Report::Payment(report) = &event.report else {
        return None;
    };
    if let Some(ordered) = report.ordered_minor
        && ordered != payment.amount_minor
    {
        return Some(format!("it was to be paid with {ordered}"));
    }
    let amount = report.amount_minor;
    let is_possible = match (report.state, payment.state) {
        (State::Succeeded, State::Succeeded) => amount == payment.received(),
        (State::Succeeded, _) => payment.is_paid_by(amount),
        _ => amount == payment.amount_minor,
    };
    if !is_possible {
        return Some(format!("the amount is {amount}"));
    }
    let is_paid = report.state == State::Succeeded && payment.state == State::Succeeded;
    (is_paid && is_named_otherwise(event, payment))
        .then(|| "the payment was paid under another name before".to_owned())
}

/// Somebody paid twice, under two names of one payment.
fn is_named_otherwise(event: &ProviderEvent, payment: &Payment) -> bool {
    let mut references = event.references();
    event.reference.is_some()
        && !references.any(|reference| Some(reference) == payment.reference.as_ref())
}
