//! Contributions and badges as answers show them.

use billing_proto::v1;
use jiff::Timestamp;

use super::queries::{BadgeTerms, ContributionRow, SupporterRow};
use super::subscription::{Subscription, SubscriptionState};
use super::{Badge, Profile, Sponsorship, Thresholds, Totals, ulid};
use crate::rpc::timestamp;

pub const fn level(badge: Option<Badge>) -> v1::BadgeLevel {
    match badge {
        None => v1::BadgeLevel::None,
        Some(Badge::Bronze) => v1::BadgeLevel::Bronze,
        Some(Badge::Silver) => v1::BadgeLevel::Silver,
        Some(Badge::Gold) => v1::BadgeLevel::Gold,
        Some(Badge::Platinum) => v1::BadgeLevel::Platinum,
    }
}

/// What a person's contributions have come to, as they themselves see it.
pub fn standing(totals: &Totals, thresholds: &Thresholds) -> v1::Standing {
    let total = totals.all.net_minor;
    let next = thresholds.next(total);
    v1::Standing {
        badge: level(thresholds.earned(total)).into(),
        total_minor: total,
        contributions: totals.contributions,
        first_at: totals.first_at.map(timestamp),
        next_badge: level(next.map(|next| next.0)).into(),
        next_badge_minor: next.map_or(0, |next| next.1),
    }
}

/// Of what somebody gave, what anybody may be shown: the sum, the number, and since when. What one says of
/// anonymous gifts, the others must not say otherwise.
pub fn public_given(profile: &Profile, totals: &Totals) -> (i64, i32, Option<Timestamp>) {
    if profile.show_badge {
        (totals.all.net_minor, totals.contributions, totals.first_at)
    } else if profile.is_anonymous || profile.hidden {
        (0, 0, None)
    } else {
        (
            totals.all.public_minor,
            totals.public_contributions,
            totals.public_since,
        )
    }
}

/// A badge as strangers see it, or as its owner does.
pub fn badge(
    user_id: String,
    supporter: Option<SupporterRow>,
    terms: &BadgeTerms,
    is_owner: bool,
) -> v1::Badge {
    let (profile, totals) = match supporter {
        Some(supporter) => (supporter.profile, supporter.totals),
        None => (Profile::default(), Totals::default()),
    };
    let (total, contributions, first_at) = if is_owner {
        (totals.all.net_minor, totals.contributions, totals.first_at)
    } else {
        public_given(&profile, &totals)
    };
    let is_told = is_owner || terms.shows_totals;
    v1::Badge {
        user_id,
        level: level(terms.thresholds.earned(total)).into(),
        total_minor: is_told.then_some(total),
        contributions: is_told.then_some(contributions),
        first_at: first_at.filter(|_| is_told).map(timestamp),
    }
}

pub fn supporter(found: Option<&SupporterRow>, thresholds: &Thresholds) -> v1::Supporter {
    let nothing = Totals::default();
    let totals = found.map_or(&nothing, |found| &found.totals);
    let profile = found.map(|found| found.profile.clone()).unwrap_or_default();
    v1::Supporter {
        display_name: profile.display_name.unwrap_or_default(),
        is_anonymous: profile.is_anonymous,
        show_badge: profile.show_badge,
        standing: Some(standing(totals, thresholds)),
    }
}

pub fn contribution(row: ContributionRow) -> v1::Contribution {
    let status = match row.payment_state.as_str() {
        "succeeded" if row.net_minor > 0 => v1::ContributionStatus::Completed,
        "succeeded" => v1::ContributionStatus::Refunded,
        "failed" | "canceled" | "expired" => v1::ContributionStatus::Failed,
        _ => v1::ContributionStatus::Pending,
    };
    let message_state = match row.message_state.as_str() {
        "waiting" => v1::MessageState::Waiting,
        "approved" => v1::MessageState::Approved,
        "refused" => v1::MessageState::Refused,
        _ => v1::MessageState::None,
    };
    v1::Contribution {
        ulid: ulid::of(row.id.number),
        payment_id: row.id.to_string(),
        status: status.into(),
        amount_minor: row.amount_minor,
        net_minor: row.net_minor,
        is_anonymous: row.is_anonymous,
        message: row.message.unwrap_or_default(),
        message_state: message_state.into(),
        created_at: Some(timestamp(row.created_at)),
        paid_at: row.paid_at.map(timestamp),
        subscription_ulid: row.subscription.map(ulid::of).unwrap_or_default(),
    }
}

pub fn subscription(one: Subscription) -> v1::Subscription {
    let state = match one.state {
        SubscriptionState::Active => v1::SubscriptionState::Active,
        SubscriptionState::PastDue => v1::SubscriptionState::PastDue,
        SubscriptionState::Cancelled => v1::SubscriptionState::Cancelled,
    };
    v1::Subscription {
        ulid: ulid::of(one.first.number),
        payment_id: one.first.to_string(),
        provider: one.provider,
        provider_reference: one.reference,
        state: state.into(),
        amount_minor: one.amount_minor,
        currency: one.currency,
        created_at: Some(timestamp(one.created_at)),
        period_end: one.period_end.map(timestamp),
        cancel_at: one.cancel_at.map(timestamp),
        ended_at: one.ended_at.map(timestamp),
        livemode: one.livemode,
    }
}

pub fn sponsorship(sponsorship: Sponsorship) -> v1::Sponsorship {
    v1::Sponsorship {
        tenant_id: sponsorship.tenant_id,
        goal_minor: sponsorship.goal_minor,
        bronze_minor: sponsorship.thresholds.bronze,
        silver_minor: sponsorship.thresholds.silver,
        gold_minor: sponsorship.thresholds.gold,
        platinum_minor: sponsorship.thresholds.platinum,
        time_zone: sponsorship.zone,
        presets_minor: sponsorship.presets_minor,
        shows_totals: sponsorship.shows_totals,
        wording: sponsorship.wording,
        wording_version: sponsorship.wording_version,
    }
}
