//! What leaves the core: notices. They are rows of the transaction that caused them (of a table that has its
//! older name), and the relay delivers them afterwards; nothing is sent while a transaction is open.
//!
//! Within a channel, the notices of one account are delivered in order; one that cannot be delivered
//! holds back its own account only. A notice may be delivered twice (a core died before it could
//! note the delivery): its name is the same both times. What is refused for good, or for too long,
//! is given up: it stays, for `billing-core outbox`, and no longer holds back what follows.
//!
//! Events are written only where somebody reads them: a core that has somewhere to deliver them switches
//! them on, for every core, and so does the first endpoint; they are written from then on. Whoever takes an
//! event away as delivered hands it over to the endpoints of its tenant, in the same statement.

pub mod amqp;
pub mod cloud_event;
mod files;
mod handover;
pub mod mail;
mod queries;
pub mod relay;

pub use files::forget as forget_files;
pub use queries::events::{
    SwitchedOff, switch_off as switch_events_off,
    switch_off_without_endpoints as switch_events_off_without_endpoints,
    switch_on_for_endpoints as switch_events_on_for_endpoints, tells_events,
};
pub use queries::{MailLease, Undelivered, Waiting, forget_mail, mail_lease, retry, undelivered};

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::PgConnection;

use crate::id::AccountId;

/// How a notice leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// To the person.
    Mail,
    /// To other systems. Not to be mixed up with an event of a provider, which comes in.
    Event,
}

impl Channel {
    pub const ALL: [Self; 2] = [Self::Mail, Self::Event];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Event => "event",
        }
    }
}

/// Not the name of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be mail or event")]
pub struct NoChannel;

impl FromStr for Channel {
    type Err = NoChannel;

    fn from_str(name: &str) -> Result<Self, NoChannel> {
        let mut all = Self::ALL.into_iter();
        all.find(|channel| channel.name() == name).ok_or(NoChannel)
    }
}

/// What came of a notice's delivery.
enum Fate {
    /// Delivered, or nobody wants it.
    Done,
    /// Not now: it is tried again.
    Later(String),
    /// It will never be taken.
    Never(String),
    /// Nothing can be delivered now: not the notice's fault.
    Away(String),
}

/// Something that we tell.
#[derive(Clone, Debug)]
pub struct Notice {
    pub channel: Channel,
    pub kind: &'static str,
    pub payload: Value,
}

/// Writes notices, each account's in order; no events while nobody reads them. Joins the caller's
/// transaction; the accounts' counters stay locked until it ends, so that nobody comes between.
pub async fn enqueue(
    conn: &mut PgConnection,
    notices: &[(AccountId, Notice)],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    if notices.is_empty() {
        return Ok(());
    }
    queries::insert_notices(conn, notices, now).await
}
