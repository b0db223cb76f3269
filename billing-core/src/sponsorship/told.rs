//! What is told of a contribution: events for other systems, and mail to its giver.

use serde_json::{Value, json};

use super::{Badge, Settled, Thresholds, ulid};
use crate::id::PaymentId;
use crate::outbox::{Channel, Notice};

/// Why something of a contribution is taken back, or given back again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Refund,
    Dispute,
}

/// What is new of a contribution, in cents.
#[derive(Clone, Copy, Debug)]
pub struct News {
    /// It is paid, and was not before.
    pub is_first: bool,
    /// What more there is of it, or less.
    pub moved_minor: i64,
    /// What its giver's contributions came to, and come to.
    pub total_before: i64,
    pub total_after: i64,
    /// It may be shown to anybody, with its giver.
    pub is_public: bool,
}

/// What is told where a contribution has come to something else. Of a badge that is another one now, see
/// `retold`.
pub fn settled(one: &Settled, news: News, thresholds: &Thresholds) -> Vec<Notice> {
    let kind = if news.is_first {
        "contribution.completed"
    } else if news.moved_minor < 0 {
        "contribution.refunded"
    } else {
        "contribution.restored"
    };
    // What all that they gave comes to is nobody's business here: some of it may be anonymous.
    let mut event = Notice {
        channel: Channel::Event,
        kind,
        payload: json!({
            "public": news.is_public,
            "contribution_id": ulid::of(one.payment.number),
            "payment_id": one.payment.to_string(),
            "paid_at": one.paid_at.to_string(),
            "paid_minor": one.paid_minor,
            "net_minor": one.net_minor,
            "moved_minor": news.moved_minor,
            "recurring": one.subscription.is_some(),
            "currency": one.described.get("currency"),
            "provider": one.described.get("provider"),
        }),
    };
    if let (Value::Object(members), false) = (&mut event.payload, news.is_first) {
        members.insert("cause".to_owned(), cause(one.cause).into());
    }
    let mut notices = vec![event];
    notices.extend(mails(one, news, thresholds));
    notices
}

/// To its giver, a badge with the contribution that changes it. Of what is taken back before it is known to be
/// paid, the thanks are told first: the same letters in any order of reports.
fn mails(one: &Settled, news: News, thresholds: &Thresholds) -> Vec<Notice> {
    if !news.is_first {
        return vec![mail(one, news, thresholds)];
    }
    let taken_minor = one.paid_minor.saturating_sub(one.net_minor);
    let given = News {
        moved_minor: one.paid_minor,
        total_after: news.total_after.saturating_add(taken_minor),
        ..news
    };
    let taken = News {
        is_first: false,
        moved_minor: taken_minor.saturating_neg(),
        total_before: given.total_after,
        ..news
    };
    let taken = (taken_minor > 0).then(|| mail(one, taken, thresholds));
    [mail(one, given, thresholds)]
        .into_iter()
        .chain(taken)
        .collect()
}

/// Why it is more or less than before.
const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Refund => "refund",
        Cause::Dispute => "dispute",
    }
}

fn mail(one: &Settled, news: News, thresholds: &Thresholds) -> Notice {
    let kind = match (news.is_first, one.cause) {
        (true, _) => "contribution_received",
        (false, _) if news.moved_minor > 0 => "contribution_restored",
        (false, Cause::Refund) => "contribution_refunded",
        (false, Cause::Dispute) => "contribution_disputed",
    };
    let next = thresholds.next(news.total_after);
    let receipt = json!({
        "ulid": ulid::of(one.payment.number),
        "paid_at": one.paid_at.to_string(),
        "paid_minor": one.paid_minor,
        "cause": cause(one.cause),
        "next_badge": name(next.map(|next| next.0)),
        "missing_minor": next.map(|next| next.1.saturating_sub(news.total_after)),
    });
    Notice {
        channel: Channel::Mail,
        kind,
        payload: with(&with(&one.described, moved(news, thresholds)), receipt),
    }
}

/// To whoever wanted to give something, and whose payment was refused after they had done their part.
pub fn failed(payment: PaymentId, described: &Value) -> Notice {
    Notice {
        channel: Channel::Mail,
        kind: "contribution_failed",
        payload: with(described, json!({ "ulid": ulid::of(payment.number) })),
    }
}

fn moved(news: News, thresholds: &Thresholds) -> Value {
    json!({
        "moved_minor": news.moved_minor,
        "total_minor": news.total_after,
        "badge_before": name(thresholds.earned(news.total_before)),
        "badge": name(thresholds.earned(news.total_after)),
    })
}

pub(super) fn with(described: &Value, more: Value) -> Value {
    let mut payload = described.clone();
    if let (Value::Object(members), Value::Object(more)) = (&mut payload, more) {
        members.extend(more);
    }
    payload
}

fn name(badge: Option<Badge>) -> Value {
    badge.map(Badge::name).into()
}
