//! What is to go wrong, how often, and for whom.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

/// What a request is for, as far as faults tell requests apart; each provider has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKind(pub &'static str);

/// How a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestFault {
    /// It takes effect, and the answer is 500. Its idempotency key keeps the 500, as Stripe's does.
    FailAfterCommit,
    /// It takes effect, and the answer comes after this time.
    TimeOut(Duration),
    /// A proxy answers 502 in HTML; nothing happened.
    BadGateway,
    /// A proxy answers 502 in HTML; it took effect.
    BadGatewayAfterCommit,
    /// 429; nothing happened.
    TooManyRequests,
    /// It takes effect only after this time, and its idempotency key is in use until then.
    Slow(Duration),
    /// Fondy's alone: HTTP 200 that says failure; nothing happened.
    FailureBody,
}

/// What is to go wrong with requests.
#[derive(Debug, Default)]
pub struct Faults(Vec<PlannedRequest>);

/// What is to be told oddly, of events or of callbacks.
#[derive(Debug)]
pub struct Oddities<O>(Vec<PlannedOddity<O>>);

impl<O> Default for Oddities<O> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A fault that waits for its requests.
#[derive(Clone, Copy, Debug)]
pub struct PlannedRequest {
    /// Any request, where it is not said.
    pub kind: Option<RequestKind>,
    pub fault: RequestFault,
    pub times: u64,
}

/// An oddity that waits for its events, or for its callbacks.
#[derive(Clone, Debug)]
pub struct PlannedOddity<O> {
    pub event_type: String,
    pub oddity: O,
    pub times: u64,
}

impl RequestFault {
    /// The fault of that name; its pause is this long, if it has one.
    pub fn named(name: &str, pause: Duration) -> Option<Self> {
        match name {
            "fail_after_commit" => Some(Self::FailAfterCommit),
            "time_out" => Some(Self::TimeOut(pause)),
            "bad_gateway" => Some(Self::BadGateway),
            "bad_gateway_after_commit" => Some(Self::BadGatewayAfterCommit),
            "too_many_requests" => Some(Self::TooManyRequests),
            "slow" => Some(Self::Slow(pause)),
            "failure_body" => Some(Self::FailureBody),
            _ => None,
        }
    }

    pub const NAMES: [&'static str; 7] = [
        "fail_after_commit",
        "time_out",
        "bad_gateway",
        "bad_gateway_after_commit",
        "too_many_requests",
        "slow",
        "failure_body",
    ];
}

impl Faults {
    pub fn plan(&mut self, planned: PlannedRequest) {
        self.0.push(planned);
    }

    /// The fault of this request, if it has one. The one that was asked for first comes first.
    pub fn take(&mut self, kind: RequestKind) -> Option<RequestFault> {
        let hits = |planned: &&mut PlannedRequest| planned.kind.is_none_or(|of| of == kind);
        let planned = self.0.iter_mut().find(hits)?;
        planned.times = planned.times.saturating_sub(1);
        let fault = planned.fault;
        self.0.retain(|planned| planned.times > 0);
        Some(fault)
    }

    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// How many requests are yet to go wrong.
    pub fn left(&self) -> u64 {
        let times = self.0.iter().map(|planned| planned.times);
        times.fold(0, u64::saturating_add)
    }
}

impl<O: Copy> Oddities<O> {
    pub fn plan(&mut self, planned: PlannedOddity<O>) {
        self.0.push(planned);
    }

    /// The oddity of an event of this type, if it has one.
    pub fn take(&mut self, event_type: &str) -> Option<O> {
        let hit = self
            .0
            .iter_mut()
            .find(|planned| planned.event_type == event_type)?;
        hit.times = hit.times.saturating_sub(1);
        let oddity = hit.oddity;
        self.0.retain(|planned| planned.times > 0);
        Some(oddity)
    }

    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// How many are yet to be told oddly.
    pub fn left(&self) -> u64 {
        let times = self.0.iter().map(|planned| planned.times);
        times.fold(0, u64::saturating_add)
    }
}

/// What stands before a provider answers for it.
pub fn bad_gateway() -> Response {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n\
                </body>\r\n</html>\r\n";
    (StatusCode::BAD_GATEWAY, [(CONTENT_TYPE, "text/html")], page).into_response()
}
