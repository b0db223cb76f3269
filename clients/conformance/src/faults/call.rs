//! The calls of the load. A number says all of a call, so that each run makes the same ones.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::scenario::{Body, Work};

/// Fewer than callers, so that calls of one account are under way at once.
pub const USERS: u32 = 40;
/// The text of what handlers throw.
pub const THROWN: &str = "the tool broke";

/// How the handler and the caller end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Ends well, with a report.
    Report,
    /// Ends well, after an explicit capture.
    Capture,
    CaptureThenThrow,
    /// Throws after a report.
    Throw,
    /// Answers 418 after a report.
    Status,
    /// As `Report`; but the caller closes the connection, mostly before the answer.
    Leave,
}

#[derive(Clone, Debug)]
pub struct Call {
    number: u32,
    /// Half of the callers send it as `Idempotency-Key`.
    pub key: String,
    pub user: String,
    pub kind: Kind,
    /// Of its `traceparent`, and so the `request_id` of its charge.
    pub trace_id: String,
    /// The cost of what its handler reports or captures.
    pub micros: i64,
}

impl Call {
    pub fn numbered(number: u32) -> Self {
        let kind = match number % 9 {
            0 | 4 => Kind::Capture,
            1 => Kind::CaptureThenThrow,
            2 => Kind::Throw,
            3 => Kind::Status,
            5 => Kind::Leave,
            _ => Kind::Report,
        };
        Self {
            number,
            key: format!("call-{number}"),
            user: user(number % USERS),
            kind,
            trace_id: format!("{:032x}", u64::from(number) + 1),
            micros: cost(number).3,
        }
    }

    /// When the caller closes the connection, counted from the call's beginning.
    pub fn leaves_after(&self) -> Option<Duration> {
        let after = Duration::from_millis(1 + u64::from(self.number) * 331 % 1_500);
        (self.kind == Kind::Leave).then_some(after)
    }

    pub fn request(&self) -> Result<Request<Full<Bytes>>> {
        let (tool, estimate, report, _) = cost(self.number);
        let body = Body {
            query: format!("land law {}", self.number),
            estimate: Some(estimate),
            steps: self.steps(report),
        };
        let traceparent = format!("00-{}-00f067aa0ba902b7-01", self.trace_id);
        let mut request = Request::post(format!("/api/tools/{tool}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-user", &self.user)
            .header("traceparent", traceparent);
        if self.number % 4 < 2 {
            request = request.header("Idempotency-Key", &self.key);
        }
        Ok(request.body(Full::from(serde_json::to_vec(&body)?))?)
    }

    fn steps(&self, report: Value) -> Vec<Work> {
        // With a hold of one second, some outlive it.
        let wait = Work::WaitMs(u64::from(self.number) * 769 % 2_001);
        let throw = Work::Throw(THROWN.to_owned());
        match self.kind {
            Kind::Report | Kind::Leave => vec![Work::Report(report), wait],
            Kind::Throw => vec![Work::Report(report), wait, throw],
            Kind::Status => vec![Work::Report(report), wait, Work::Status(418)],
            Kind::Capture => vec![wait, Work::Capture(report)],
            Kind::CaptureThenThrow => vec![wait, Work::Capture(report), throw],
        }
    }
}

pub fn user(number: u32) -> String {
    format!("caller-{number}")
}

/// Tool, estimate, report, and the micros of the report: one in a thousand calls has the same of its tool.
fn cost(number: u32) -> (&'static str, Value, Value, i64) {
    let step = i64::from(number % 1_000);
    if number.is_multiple_of(2) {
        // Some cost more than they hold.
        let micros = 20_000 + 37 * step;
        let amount = |micros: i64| json!({"amount_micros": micros});
        return ("search", amount(30_000), amount(micros), micros);
    }
    let units = |tokens: i64| {
        json!({
            "query_tokens": tokens, "budget_quick": 1, "budget_standard": 0, "budget_deep": 0
        })
    };
    // 20 tokens are 3 micros, and a quick budget a cent.
    let micros = 10_000 + 3 * (step + 1);
    ("summarize", units(1_000), units(20 * (step + 1)), micros)
}
