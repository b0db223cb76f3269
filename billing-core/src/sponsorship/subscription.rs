//! Monthly support: how a subscription stands, copied from what its provider says when it is asked.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{queries, told, ulid};
use crate::id::PaymentId;
use crate::ledger::Opening;
use crate::outbox::{Channel, Notice};

/// A provider draws up a month's invoice when the month ends, and takes the money an hour later.
const RENEWED_WITHIN: SignedDuration = SignedDuration::from_hours(2);
/// How often the provider is asked at most, though nothing is reported.
const ASKED_EACH: SignedDuration = SignedDuration::from_hours(6);
/// And at least while a payment is past due: it is tried again on days of the provider's own.
const ASKED_WHILE_PAST_DUE: SignedDuration = SignedDuration::from_hours(12);
/// How far clocks may be ahead that are right.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(10);

/// Where a subscription stands. Of one whose first payment has not come nothing is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionState {
    Active,
    /// The provider could not take the newest payment, and tries again.
    PastDue,
    /// Final.
    Cancelled,
}

impl SubscriptionState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Active, Self::PastDue, Self::Cancelled]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// What a provider says of a subscription when it is asked.
#[derive(Clone, Debug)]
pub struct SubscriptionReport {
    pub reference: String,
    /// None: its first payment has not come.
    pub state: Option<SubscriptionState>,
    /// 0: it has ended, and that is not known.
    pub amount_minor: i64,
    pub currency: String,
    pub period_end: Option<Timestamp>,
    pub cancel_at: Option<Timestamp>,
    /// When the asking began.
    pub as_of: Timestamp,
}

/// A report, and whose subscription it is about.
#[derive(Clone, Debug)]
pub struct Reported {
    /// Its first payment, whose row the caller has locked.
    pub first: PaymentId,
    pub giver: Opening,
    pub provider: Arc<str>,
    pub livemode: bool,
    pub begun_at: Timestamp,
    pub report: SubscriptionReport,
    /// What is told of the first payment whatever follows from it.
    pub described: Value,
}

/// A subscription's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub first: PaymentId,
    pub tenant_id: String,
    pub provider: String,
    pub livemode: bool,
    pub reference: String,
    pub state: SubscriptionState,
    pub amount_minor: i64,
    pub currency: String,
    pub period_end: Option<Timestamp>,
    pub cancel_at: Option<Timestamp>,
    pub as_of: Timestamp,
    /// When the provider is asked though nothing was reported; none once it has ended.
    pub check_at: Option<Timestamp>,
    /// Another of the same giver had not ended when it came.
    pub needs_review: bool,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl Subscription {
    /// As a report leaves it; none where it brings nothing newer. What has ended stays so, whenever that was asked, and
    /// another answer whose asking began before that of the one that is known says nothing that is true still.
    fn after(
        before: Option<&Self>,
        reported: &Reported,
        is_second: bool,
        now: Timestamp,
    ) -> Option<Self> {
        let report = &reported.report;
        let state = report.state?;
        let has_ended = state == SubscriptionState::Cancelled;
        // By a clock that is far ahead everything that comes later would be old.
        let latest = now.saturating_add(CLOCKS_DIFFER).unwrap_or(now);
        let as_of = report.as_of.min(latest);
        let is_old = |known: &Self| {
            known.state == SubscriptionState::Cancelled || known.as_of >= as_of && !has_ended
        };
        if before.is_some_and(is_old) {
            return None;
        }
        let amount_minor = match report.amount_minor {
            0 => before?.amount_minor,
            told => told,
        };
        Some(Self {
            first: reported.first,
            tenant_id: reported.giver.tenant_id.clone(),
            provider: reported.provider.to_string(),
            livemode: reported.livemode,
            reference: report.reference.clone(),
            state,
            amount_minor,
            currency: report.currency.clone(),
            period_end: report.period_end,
            cancel_at: report.cancel_at.filter(|_| !has_ended),
            as_of,
            check_at: (!has_ended).then(|| {
                let is_renewed = before.is_some_and(|known| known.period_end < report.period_end);
                check_at(state, report.period_end, is_renewed, now)
            }),
            needs_review: before.map_or(is_second && !has_ended, |before| before.needs_review),
            created_at: before.map_or(reported.begun_at, |before| before.created_at),
            ended_at: has_ended.then_some(now),
        })
    }

    pub fn lives(&self) -> bool {
        self.state != SubscriptionState::Cancelled
    }
}

/// Once the next payment must be known, and never too often. `is_renewed`: that another month has begun is reported
/// before it is paid.
fn check_at(
    state: SubscriptionState,
    period_end: Option<Timestamp>,
    is_renewed: bool,
    now: Timestamp,
) -> Timestamp {
    let within = |time: SignedDuration| now.saturating_add(time).unwrap_or(now);
    if is_renewed {
        return within(RENEWED_WITHIN);
    }
    let soonest = within(ASKED_EACH);
    let renewed = period_end.and_then(|end| end.saturating_add(RENEWED_WITHIN).ok());
    let next = renewed.map_or(soonest, |renewed| renewed.max(soonest));
    if state == SubscriptionState::PastDue {
        // Of a payment that is late, the time that it is for has begun already.
        next.min(within(ASKED_WHILE_PAST_DUE))
    } else {
        next
    }
}

/// A subscription that a report has changed, as it was and as it is.
pub struct Change {
    pub before: Option<Subscription>,
    pub after: Subscription,
    described: Value,
}

/// Notes what is reported of subscriptions, whose givers' rows the caller has locked; answers report by report.
/// Joins the caller's transaction.
pub async fn note(
    conn: &mut PgConnection,
    reported: &[Reported],
    now: Timestamp,
) -> Result<Vec<Option<Change>>, sqlx::Error> {
    let mut changes = Vec::with_capacity(reported.len());
    for one in reported {
        let of_giver = queries::find_subscriptions(&mut *conn, one.first.account).await?;
        let before = of_giver.iter().find(|known| known.first == one.first);
        if let Some(known) = before.filter(|known| known.reference != one.report.reference) {
            tracing::error!(
                subscription = ulid::of(known.first.number),
                known = known.reference,
                other = one.report.reference,
                "two subscriptions at the provider bear the names of one: cancel the other one there"
            );
            changes.push(None);
            continue;
        }
        let is_second = of_giver
            .iter()
            .any(|other| other.first != one.first && other.lives());
        let Some(after) = Subscription::after(before, one, is_second, now) else {
            changes.push(None);
            continue;
        };
        if after.needs_review && before.is_none() {
            tracing::error!(
                subscription = ulid::of(after.first.number),
                tenant = after.tenant_id,
                "a second subscription of one supporter is paid: cancel one of them at the provider"
            );
        }
        queries::upsert_subscription(&mut *conn, &after).await?;
        changes.push(Some(Change {
            before: before.cloned(),
            after,
            described: one.described.clone(),
        }));
    }
    Ok(changes)
}

/// What is told of a change: an event, and mail to its giver about what they did not do themselves. `is_public`:
/// anybody could see that they support monthly, or can.
pub fn news(change: &Change, is_public: bool) -> Vec<Notice> {
    let Change {
        before,
        after,
        described,
    } = change;
    let was = before.as_ref();
    let stands = |one: &Subscription| (one.state, one.cancel_at, one.period_end, one.amount_minor);
    if was.is_some_and(|was| stands(was) == stands(after)) {
        return Vec::new();
    }
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let said = json!({
        "subscription_id": ulid::of(after.first.number),
        "status": after.state.name(),
        "status_before": was.map(|was| was.state.name()),
        "amount_minor": after.amount_minor,
        "currency": after.currency,
        "interval": "month",
        "period_end": text(after.period_end),
        "cancel_at": text(after.cancel_at),
        "provider": after.provider,
    });
    let mut event = said.clone();
    if let Value::Object(members) = &mut event {
        members.insert("public".to_owned(), is_public.into());
    }
    let mut notices = vec![Notice {
        channel: Channel::Event,
        kind: "subscription.updated",
        payload: event,
    }];
    let kind = match (was.map(|was| was.state), after.state) {
        (Some(SubscriptionState::PastDue), SubscriptionState::PastDue) => None,
        (_, SubscriptionState::PastDue) => Some("subscription_past_due"),
        (Some(_), SubscriptionState::Cancelled) => Some("subscription_ended"),
        _ => None,
    };
    notices.extend(kind.map(|kind| Notice {
        channel: Channel::Mail,
        kind,
        payload: told::with(described, said),
    }));
    notices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AccountId;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn reported(state: Option<SubscriptionState>, as_of: i64) -> Reported {
        let account = AccountId::of("acme", "alice");
        Reported {
            first: PaymentId {
                account,
                number: uuid::Uuid::from_u128(1),
            },
            giver: Opening {
                tenant_id: "acme".to_owned(),
                user_id: "alice".to_owned(),
            },
            provider: "stripe".into(),
            livemode: false,
            begun_at: at(0),
            report: SubscriptionReport {
                reference: "sub_1".to_owned(),
                state,
                amount_minor: 1_000,
                currency: "USD".to_owned(),
                period_end: Some(at(2_592_000)),
                cancel_at: None,
                as_of: at(as_of),
            },
            described: Value::Null,
        }
    }

    #[test]
    fn an_older_answer_changes_nothing_and_an_end_is_final() {
        use SubscriptionState::{Active, Cancelled, PastDue};
        let after = |before: Option<&Subscription>, state, as_of| {
            Subscription::after(before, &reported(state, as_of), false, at(as_of))
        };
        assert!(after(None, None, 1).is_none(), "nothing is paid");
        let active = after(None, Some(Active), 5).unwrap();
        assert!(after(Some(&active), Some(PastDue), 5).is_none());
        assert!(after(Some(&active), Some(PastDue), 4).is_none());
        let late = after(Some(&active), Some(PastDue), 6).unwrap();
        assert_eq!(after(Some(&late), Some(Active), 7).unwrap().state, Active);
        let ended = after(Some(&late), Some(Cancelled), 8).unwrap();
        assert_eq!((ended.ended_at, ended.check_at), (Some(at(8)), None));
        assert!(after(Some(&ended), Some(Active), 9).is_none());
        assert!(after(Some(&ended), Some(Cancelled), 9).is_none());
        let mut priceless = reported(Some(Cancelled), 8);
        priceless.report.amount_minor = 0;
        let ended = Subscription::after(Some(&late), &priceless, false, at(8)).unwrap();
        assert_eq!((ended.state, ended.amount_minor), (Cancelled, 1_000));
        assert!(Subscription::after(None, &priceless, false, at(8)).is_none());
        // An end is one whenever that was asked: by a clock that is behind nobody would hear of it.
        let behind = after(Some(&late), Some(Cancelled), 3).unwrap();
        assert_eq!(behind.state, Cancelled);
    }

    #[test]
    fn a_clock_that_is_far_ahead_does_not_make_all_that_follows_old() {
        use SubscriptionState::{Active, PastDue};
        let year = 365 * 86_400;
        let ahead = reported(Some(Active), year);
        let ahead = Subscription::after(None, &ahead, false, at(0)).unwrap();
        assert_eq!(ahead.as_of, at(600));
        let right = reported(Some(PastDue), 601);
        let right = Subscription::after(Some(&ahead), &right, false, at(601));
        assert_eq!(right.unwrap().state, PastDue);
    }

    #[test]
    fn what_has_ended_before_it_was_known_is_no_second_one_that_takes_money() {
        use SubscriptionState::{Active, Cancelled};
        for (state, is_marked) in [(Active, true), (Cancelled, false)] {
            let known = Subscription::after(None, &reported(Some(state), 1), true, at(1)).unwrap();
            assert_eq!(known.needs_review, is_marked, "{state:?}");
        }
    }

    #[test]
    fn the_provider_is_asked_once_the_next_payment_must_be_known() {
        use SubscriptionState::{Active, PastDue};
        let now = at(0);
        let hours = SignedDuration::from_hours;
        let month = now + hours(720);
        let check_at = |state, end, is_renewed| check_at(state, end, is_renewed, now);
        assert_eq!(check_at(Active, Some(month), false), month + hours(2));
        for state in [Active, PastDue] {
            assert_eq!(check_at(state, Some(now), false), now + hours(6));
            assert_eq!(check_at(state, None, false), now + hours(6));
            assert_eq!(check_at(state, Some(month), true), now + hours(2));
        }
        assert_eq!(check_at(PastDue, Some(month), false), now + hours(12));
    }
}
