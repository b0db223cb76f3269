//! What is told of a contribution: events for other systems.

use serde_json::Value;

use super::{Badge, Thresholds};
use crate::outbox::{Channel, Notice};

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
}

/// What is told where a payment that is described so has come to something else; and of its giver's badge
/// where that is another one now.
pub fn settled(described: &Value, news: News, thresholds: &Thresholds) -> Vec<Notice> {
    let kind = if news.is_first {
        "contribution.completed"
    } else if news.moved_minor < 0 {
        "contribution.refunded"
    } else {
        "contribution.restored"
    };
    let (before, after) = (
        thresholds.earned(news.total_before),
        thresholds.earned(news.total_after),
    );
    let mut payload = described.clone();
    if let Value::Object(members) = &mut payload {
        members.insert("moved_minor".to_owned(), news.moved_minor.into());
        members.insert("total_minor".to_owned(), news.total_after.into());
        members.insert("badge_before".to_owned(), name(before));
        members.insert("badge".to_owned(), name(after));
    }
    let event = |kind| Notice {
        channel: Channel::Event,
        kind,
        payload: payload.clone(),
    };
    let mut notices = vec![event(kind)];
    if before != after {
        notices.push(event("badge.updated"));
    }
    notices
}

fn name(badge: Option<Badge>) -> Value {
    badge.map(Badge::name).into()
}
