//! Answers as they are stored beside their keys.
//!
//! Keys live as long as entries, so the form must be readable for ever: protobuf, whose fields are
//! added and never renumbered.

use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

use super::decide::{Answer, Besides, Decision, HoldView, Limits};
use super::state::{Balance, HoldState};
use crate::id::{EntrySeq, HoldId};
use crate::money::Micros;

/// Only what was allowed is stored, so there is no decision in it.
#[derive(Clone, PartialEq, Message)]
struct StoredAnswer {
    #[prost(int64, tag = "1")]
    required: i64,
    #[prost(int64, optional, tag = "2")]
    price_version: Option<i64>,
    #[prost(sint64, tag = "3")]
    settled: i64,
    #[prost(int64, tag = "4")]
    held: i64,
    #[prost(int64, optional, tag = "5")]
    daily_limit: Option<i64>,
    #[prost(int64, tag = "6")]
    day_used: i64,
    /// Seconds since the epoch: a day and a month end on a whole second.
    #[prost(int64, tag = "7")]
    day_ends_at: i64,
    #[prost(int64, optional, tag = "8")]
    monthly_limit: Option<i64>,
    #[prost(int64, tag = "9")]
    month_used: i64,
    #[prost(int64, tag = "10")]
    month_ends_at: i64,
    #[prost(bool, tag = "11")]
    billing_disabled: bool,
    #[prost(sint64, tag = "12")]
    moved: i64,
    #[prost(int64, tag = "13")]
    released: i64,
    #[prost(int64, optional, tag = "14")]
    entry: Option<i64>,
    #[prost(message, optional, tag = "15")]
    hold: Option<StoredHold>,
    #[prost(bool, tag = "16")]
    unenforced: bool,
}

#[derive(Clone, PartialEq, Message)]
struct StoredHold {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(int64, tag = "2")]
    amount: i64,
    /// Microseconds since the epoch.
    #[prost(int64, tag = "3")]
    expires_at: i64,
    #[prost(string, tag = "4")]
    state: String,
}

pub fn write(answer: &Answer) -> Vec<u8> {
    let limits = &answer.limits;
    StoredAnswer {
        required: answer.required.get(),
        price_version: answer.price_version,
        settled: answer.balance.settled.get(),
        held: answer.balance.held.get(),
        daily_limit: limits.daily_limit.map(Micros::get),
        day_used: limits.day_used.get(),
        day_ends_at: limits.day_ends_at.as_second(),
        monthly_limit: limits.monthly_limit.map(Micros::get),
        month_used: limits.month_used.get(),
        month_ends_at: limits.month_ends_at.as_second(),
        billing_disabled: !answer.billing_enabled,
        unenforced: !answer.enforced,
        moved: answer.moved.get(),
        released: answer.released.get(),
        entry: answer.entry.map(EntrySeq::get),
        hold: answer.hold.map(|hold| StoredHold {
            id: hold.id.uuid().as_bytes().to_vec(),
            amount: hold.amount.get(),
            expires_at: hold.expires_at.as_microsecond(),
            state: hold.state.name().to_owned(),
        }),
    }
    .encode_to_vec()
}

/// The answer, marked as not replayed; `None` where the bytes are no answer of ours.
pub fn read(bytes: &[u8]) -> Option<Answer> {
    let stored = StoredAnswer::decode(bytes).ok()?;
    let hold = match stored.hold {
        None => None,
        Some(hold) => Some(HoldView {
            id: HoldId::from_uuid(Uuid::from_slice(&hold.id).ok()?),
            amount: Micros::new(hold.amount),
            expires_at: Timestamp::from_microsecond(hold.expires_at).ok()?,
            state: HoldState::named(&hold.state)?,
        }),
    };
    Some(Answer {
        decision: Decision::Allowed,
        required: Micros::new(stored.required),
        price_version: stored.price_version,
        balance: Balance {
            settled: Micros::new(stored.settled),
            held: Micros::new(stored.held),
        },
        limits: Limits {
            daily_limit: stored.daily_limit.map(Micros::new),
            day_used: Micros::new(stored.day_used),
            day_ends_at: Timestamp::from_second(stored.day_ends_at).ok()?,
            monthly_limit: stored.monthly_limit.map(Micros::new),
            month_used: Micros::new(stored.month_used),
            month_ends_at: Timestamp::from_second(stored.month_ends_at).ok()?,
        },
        billing_enabled: !stored.billing_disabled,
        enforced: !stored.unenforced,
        moved: Micros::new(stored.moved),
        released: Micros::new(stored.released),
        entry: stored.entry.map(EntrySeq::new),
        hold,
        replayed: false,
        // Only denials, which are not stored, say when to come back.
        decided_at: None,
        retry: None,
        account: None,
        besides: Besides::default(),
    })
}
