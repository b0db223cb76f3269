//! The end of a call: what the core is told, and how often it may be told.

use std::time::Duration;

use billing_proto::v1::{Decision, ErrorReason, HoldState};
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
    /// Of the trace that the call belongs to; the trace's id is the `request_id` of hold and charge.
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
    /// The work was done without a decision of the core. Its placement is sent, of `estimate` for
    /// `hold_ttl` as it would have been before the work, and `cost` is captured from its hold.
    /// `open_micros` is what it counts for in `allow_up_to_micros`.
    Open {
        estimate: Cost,
        hold_ttl: Duration,
        cost: Cost,
        open_micros: i64,
    },
    /// As `Open`, and the core has denied or refused the placement: charged without a hold.
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

/// The core gives no hold for a call that was made without its decision.
pub(crate) struct NotPlaced;

impl End {
    /// Differs from that of any other call's end: keys are unique within an account only.
    pub fn id(&self) -> String {
        match &self.how {
            How::Capture { hold_id, .. } | How::Release { hold_id } => hold_id.clone(),
            How::Open { .. } | How::Charge { .. } => format!("{}:{}", self.user, self.key),
        }
    }

    pub(crate) fn is_release(&self) -> bool {
        matches!(self.how, How::Release { .. })
    }

    pub(crate) fn trace(&self) -> Trace {
        Trace::parse(self.traceparent.as_bytes()).unwrap_or_else(Trace::random)
    }

    /// What the call counts for in `allow_up_to_micros`. None: the core had decided about it.
    pub(crate) fn open_micros(&self) -> Option<i64> {
        match &self.how {
            How::Open { open_micros, .. } | How::Charge { open_micros, .. } => Some(*open_micros),
            How::Capture { .. } | How::Release { .. } => None,
        }
    }

    /// Of an end that is [`NotPlaced`]: it is to be charged without a hold, and never placed again. The
    /// charge may be booked though its answer is lost, and a later placement may be allowed: captured as
    /// well, the call would be charged twice.
    pub(crate) fn give_up_hold(&mut self) {
        if let How::Open {
            cost, open_micros, ..
        } = &self.how
        {
            self.how = How::Charge {
                cost: cost.clone(),
                open_micros: *open_micros,
            };
        }
    }
}

impl Inner {
    /// Tells the core, with pauses between repeats. An end that is not placed is charged at once.
    pub(crate) async fn deliver(&self, end: &mut End) -> Outcome {
        loop {
            match self.tell(end).await {
                Ok(outcome) => return outcome,
                // It is a charge then, which needs no placement.
                Err(NotPlaced) => end.give_up_hold(),
            }
        }
    }

    /// Tells the core what the end says, and no more.
    pub(crate) async fn tell(&self, end: &End) -> Result<Outcome, NotPlaced> {
        let pauses = self.ending_pauses();
        Ok(match &end.how {
            How::Capture { hold_id, cost } => self.capture(end, hold_id, cost, pauses).await,
            How::Release { hold_id } => self.release(end, hold_id, pauses).await,
            How::Open {
                estimate,
                hold_ttl,
                cost,
                ..
            } => self.settle_open(end, estimate, *hold_ttl, cost).await?,
            How::Charge { cost, .. } => self.charge(end, cost, "", pauses).await,
        })
    }

    /// Captures from the hold of the call's key: that of the placement whose answer was lost, of an
    /// earlier or a later try of the same call, or one that is placed now.
    async fn settle_open(
        &self,
        end: &End,
        estimate: &Cost,
        hold_ttl: Duration,
        cost: &Cost,
    ) -> Result<Outcome, NotPlaced> {
        let pauses = self.ending_pauses();
        let placed = match self.rpc.place_late(end, estimate, hold_ttl, pauses).await {
            Ok(placed) => placed,
            Err(status) => match settled(status) {
                Outcome::Refused(_why) => return Err(NotPlaced),
                outcome => return Ok(outcome),
            },
        };
        if placed.decision() != Decision::Allowed {
            return Err(NotPlaced);
        }
        self.open.asked(&end.tool, placed.required_micros);
        let hold = placed.hold.ok_or(NotPlaced)?;
        if hold.state() == HoldState::Captured {
            // Another try of the same call was charged, and that charge stands.
            return Ok(Outcome::Done(None));
        }
        let pauses = self.ending_pauses();
        Ok(self.capture(end, &hold.hold_id, cost, pauses).await)
    }

    fn ending_pauses(&self) -> Pauses {
        Pauses::within(self.settings.ending_deadline)
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
                self.charge(end, cost, ":late", Pauses::none()).await
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
    use std::time::Duration;

    use super::{End, How, Outcome};
    use crate::cost::Cost;
    use crate::{Billing, Settings};

    const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn end(how: How) -> End {
        End {
            tenant: "t".to_owned(),
            user: "u".to_owned(),
            tool: "search".to_owned(),
            key: "k".to_owned(),
            traceparent: TRACEPARENT.to_owned(),
            how,
        }
    }

    fn open() -> End {
        end(How::Open {
            estimate: Cost::per_call(),
            hold_ttl: Duration::from_mins(1),
            cost: Cost::AmountMicros(7),
            open_micros: 5,
        })
    }

    /// As a store would.
    fn stored_as(end: &End, how: &str) {
        let text = serde_json::to_string(end).unwrap();
        let stored = format!(
            r#"{{"tenant":"t","user":"u","tool":"search","key":"k","traceparent":"{TRACEPARENT}","how":{how}}}"#
        );
        assert_eq!(text, stored);
        assert_eq!(&serde_json::from_str::<End>(&text).unwrap(), end);
    }

    #[test]
    fn an_end_that_is_stored_is_the_same_when_it_is_loaded() {
        let cost = Cost::Quantities([("query_tokens".to_owned(), 3)].into());
        let hold_id = "h1".to_owned();
        let capture = end(How::Capture { hold_id, cost });
        stored_as(
            &capture,
            r#"{"capture":{"hold_id":"h1","cost":{"quantities":{"query_tokens":3}}}}"#,
        );
        assert_eq!((capture.id().as_str(), capture.is_release()), ("h1", false));
        assert_eq!(capture.trace().text(), capture.traceparent);
        assert_eq!(capture.open_micros(), None);
        stored_as(
            &open(),
            concat!(
                r#"{"open":{"estimate":{"quantities":{}},"hold_ttl":{"secs":60,"nanos":0},"#,
                r#""cost":{"amount_micros":7},"open_micros":5}}"#,
            ),
        );
    }

    #[test]
    fn an_open_call_that_got_no_hold_stays_a_charge_under_the_same_id() {
        let mut end = open();
        let id = end.id();
        for _ in 0..2 {
            end.give_up_hold();
            stored_as(
                &end,
                r#"{"charge":{"cost":{"amount_micros":7},"open_micros":5}}"#,
            );
        }
        assert_eq!((end.id(), end.open_micros()), (id, Some(5)));
    }

    #[tokio::test]
    async fn an_open_call_waits_for_an_answer_to_its_placement() {
        // Nothing listens there.
        let settings = Settings::new("http://127.0.0.1:1", "token", "t").unwrap();
        let settings = settings.ending_deadline(Duration::from_millis(100));
        let billing = Billing::new(settings).unwrap();
        let mut end = open();
        let outcome = billing.inner.deliver(&mut end).await;
        assert!(matches!(outcome, Outcome::Undelivered(_)));
        assert_eq!(end, open());
    }
}
