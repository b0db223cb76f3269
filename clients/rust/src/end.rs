//! The end of a call: what the core is told, and how often it may be told.

use billing_proto::v1::{Decision, ErrorReason};
use serde::{Deserialize, Serialize};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::billing::Inner;
use crate::cost::Cost;
use crate::retry::{self, Pauses};
use crate::trace::Trace;
use crate::usd::Usd;

/// How a call ended, as the core is to learn it. May be delivered as often as it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub tenant: String,
    pub user: String,
    pub tool: String,
    /// The call's idempotency key.
    pub key: String,
    /// Of the trace that the call belongs to.
    pub traceparent: String,
    pub how: How,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The work was done.
    Capture { hold_id: String, cost: Cost },
    /// There is nothing to charge.
    Release { hold_id: String },
    /// The work was done without a decision of the core. `open_micros` is what it counts for in
    /// `allow_up_to_micros`.
    Charge { cost: Cost, open_micros: i64 },
}

/// What a call has cost, and the balance after it. What other calls hold is still in that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    pub charged: Usd,
    pub balance: Usd,
}

/// What became of an end.
pub(crate) enum Outcome {
    /// None: released, or charged before with another cost.
    Done(Option<Charged>),
    /// Nobody knows; the same end will be answered later.
    Undelivered(Status),
    /// Lost for good, and why.
    Refused(String),
}

impl End {
    /// Differs from that of any other call's end: keys are unique within an account only.
    pub fn id(&self) -> String {
        match &self.how {
            How::Capture { hold_id, .. } | How::Release { hold_id } => hold_id.clone(),
            How::Charge { .. } => format!("{}:{}", self.user, self.key),
        }
    }

    pub(crate) fn is_release(&self) -> bool {
        matches!(self.how, How::Release { .. })
    }

    pub(crate) fn trace(&self) -> Trace {
        Trace::parse(self.traceparent.as_bytes()).unwrap_or_else(Trace::random)
    }
}

impl Inner {
    /// Tells the core, with pauses between repeats.
    pub(crate) async fn deliver(&self, end: &End, pauses: Pauses) -> Outcome {
        match &end.how {
            How::Capture { hold_id, cost } => self.capture(end, hold_id, cost, pauses).await,
            How::Release { hold_id } => self.release(end, hold_id, pauses).await,
            How::Charge { cost, .. } => self.charge(end, cost, "open", pauses).await,
        }
    }

    async fn capture(&self, end: &End, hold_id: &str, cost: &Cost, pauses: Pauses) -> Outcome {
        let status = match self.rpc.capture(end, hold_id, cost, pauses).await {
            Ok(captured) => {
                let charged = captured.balance.map(|balance| Charged {
                    charged: Usd(captured.charged_micros),
                    balance: Usd(balance.settled_micros),
                });
                return Outcome::Done(charged);
            }
            Err(status) => status,
        };
        match ErrorReason::of(&status) {
            // An earlier try of the same call was charged, at what it cost then.
            Some(ErrorReason::HoldEnded) if is_captured(&status) => Outcome::Done(None),
            // The hold is lost, and the work was done.
            Some(ErrorReason::HoldEnded | ErrorReason::HoldNotFound) => {
                self.charge(end, cost, "late", Pauses::none()).await
            }
            _ => settled(status),
        }
    }

    async fn release(&self, end: &End, hold_id: &str, pauses: Pauses) -> Outcome {
        match self.rpc.release(end, hold_id, pauses).await {
            Ok(_released) => Outcome::Done(None),
            Err(status) => match ErrorReason::of(&status) {
                // It holds nothing any more, or an earlier try of the same call was charged.
                Some(ErrorReason::HoldEnded | ErrorReason::HoldNotFound) => Outcome::Done(None),
                _ => settled(status),
            },
        }
    }

    async fn charge(&self, end: &End, cost: &Cost, suffix: &str, pauses: Pauses) -> Outcome {
        if *cost == Cost::AmountMicros(0) {
            return Outcome::Done(None);
        }
        let answer = match self.rpc.charge(end, cost, suffix, pauses).await {
            Ok(answer) => answer,
            // A repeat of the call was charged before, at what it had cost then.
            Err(status) if ErrorReason::of(&status) == Some(ErrorReason::IdempotencyKeyReused) => {
                return Outcome::Done(None);
            }
            Err(status) => return settled(status),
        };
        if answer.decision() != Decision::Allowed {
            return Outcome::Refused(answer.decision().as_str_name().to_owned());
        }
        let charged = answer.balance.map(|balance| Charged {
            charged: Usd(answer.charged_micros),
            balance: Usd(balance.settled_micros),
        });
        Outcome::Done(charged)
    }
}

/// A refused token says nothing of the end: with a valid one it may be taken.
fn settled(status: Status) -> Outcome {
    let is_token = matches!(
        status.code(),
        Code::Unauthenticated | Code::PermissionDenied
    );
    if retry::is_answer(&status) && !is_token {
        let code = billing_proto::code::name(status.code());
        return Outcome::Refused(format!("{code}: {}", status.message()));
    }
    Outcome::Undelivered(status)
}

fn is_captured(status: &Status) -> bool {
    let info = status.get_details_error_info();
    info.is_some_and(|info| info.metadata.get("state").is_some_and(|s| s == "CAPTURED"))
}

#[cfg(test)]
mod tests {
    use super::{End, How};
    use crate::cost::Cost;

    #[test]
    fn an_end_that_is_stored_is_the_same_when_it_is_loaded() {
        let how = How::Capture {
            hold_id: "h1".to_owned(),
            cost: Cost::Quantities([("query_tokens".to_owned(), 3)].into()),
        };
        let end = End {
            tenant: "t".to_owned(),
            user: "u".to_owned(),
            tool: "search".to_owned(),
            key: "k".to_owned(),
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
            how,
        };
        let text = serde_json::to_string(&end).unwrap();
        let stored = concat!(
            r#"{"tenant":"t","user":"u","tool":"search","key":"k","#,
            r#""traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","#,
            r#""how":{"capture":{"hold_id":"h1","cost":{"quantities":{"query_tokens":3}}}}}"#,
        );
        assert_eq!(text, stored);
        assert_eq!(serde_json::from_str::<End>(&text).unwrap(), end);
        assert_eq!((end.id().as_str(), end.is_release()), ("h1", false));
        assert_eq!(end.trace().text(), end.traceparent);
    }
}
