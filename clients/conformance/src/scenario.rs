//! A scenario as its file has it. A member that nobody knows is an error, so that a misspelt
//! expectation cannot pass in silence.

mod load;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::load::{Named, all};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The sentence that it proves.
    pub name: String,
    /// The subject's settings.
    #[serde(default)]
    pub options: Options,
    /// The caller's account at the beginning.
    #[serde(default)]
    pub account: Account,
    #[serde(default)]
    pub tenant: Tenant,
    pub steps: Vec<Step>,
}

/// `SUBJECT_OPTIONS`; what is absent has the client's default.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_deadline_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending_deadline_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_up_to_micros: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unpriced: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog_max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topup_url: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// 0: nothing is granted.
    #[serde(default)]
    pub grant_micros: i64,
    /// Absent: the tenant's, 10 USD.
    pub daily_limit_micros: Option<Limit>,
    /// Absent: the tenant's, 100 USD.
    pub monthly_limit_micros: Option<Limit>,
    /// Absent: it is.
    pub billing_enabled: Option<bool>,
    #[serde(default)]
    pub suspended: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub enum Limit {
    Micros(i64),
    No(NoLimit),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoLimit {
    None,
}

/// Whose user calls. Both have the same prices, and deny tools without one.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tenant {
    /// Never set.
    #[default]
    Plain,
    /// Its users top up at <https://pay.example/topup>.
    Topup,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Does something to the subject's next requests.
    Fault(Fault),
    ClearFaults(All),
    Core(CoreStep),
    Call(Box<Call>),
    /// Waits for the answer to a call in the background, and compares it.
    Join(String),
    /// Waits until the subject's requests are as expected.
    AwaitCalls(Box<Requests>),
    /// They are as expected now.
    ExpectCalls(Box<Requests>),
    /// Waits until the core's books are.
    AwaitBooks(Books),
    /// Waits until `/state` is.
    AwaitState(State),
    /// Waits until the subject has logged at least so much, which then must not be more.
    ExpectLog(Log),
    Close(Close),
    /// Somebody else gives the newest hold back.
    ReleaseHold(Newest),
    /// Somebody else charges 1 micro by the key of the newest placement.
    UseKey(Newest),
    /// A second subject, with another environment, ends at once with 1 and says why.
    RefusedStart(RefusedStart),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum All {
    All,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Newest {
    Newest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Rpc {
    CheckBalance,
    PlaceHold,
    CaptureHold,
    ReleaseHold,
    ExtendHold,
    Charge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Not forwarded: UNAVAILABLE, without `ErrorInfo`.
    Unavailable,
    /// Forwarded, and answered with UNAVAILABLE, `OUTCOME_UNKNOWN`.
    OutcomeUnknown,
    /// Forwarded; the stream is reset instead of an answer.
    LoseAnswer,
    /// Forwarded; the connection is closed instead of an answer.
    Cut,
    /// Not forwarded, and never answered.
    Hang,
    /// Forwarded so much later.
    Delay,
    /// Not forwarded: INTERNAL, as the core says it.
    Internal,
    /// Not forwarded: `RESOURCE_EXHAUSTED`, `OVERLOADED`.
    Overloaded,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub rpc: Rpc,
    pub kind: FaultKind,
    /// Of how many requests; absent: of one.
    #[serde(default = "once")]
    pub times: usize,
    /// For `delay` only.
    #[serde(default)]
    pub delay_ms: u64,
}

fn once() -> usize {
    1
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoreStep {
    /// SIGKILL.
    Kill,
    /// And waits until it is ready.
    Start,
    /// SIGSTOP.
    Freeze,
    /// SIGCONT.
    Thaw,
}

/// `POST /api/tools/{tool}`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub tool: String,
    /// Absent: the scenario's own.
    #[serde(default)]
    pub user: User,
    #[serde(default)]
    pub headers: BTreeMap<String, Header>,
    pub body: Body,
    /// One after another; absent: one.
    #[serde(default = "once")]
    pub times: usize,
    pub expect: Option<Expect>,
    /// The name by which it is joined.
    pub background: Option<String>,
    /// The caller closes the connection once this was answered.
    pub abandon_when: Option<Rpc>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum User {
    #[default]
    Caller,
    None,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Header {
    One(String),
    Several(Vec<String>),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub query: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Value>,
    #[serde(default, rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Work>,
}

/// One step of the handler.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    Report(Value),
    Capture(Value),
    WaitMs(u64),
    Throw(String),
    Status(u16),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub status: Value,
    /// All of it.
    pub body: Option<Value>,
    /// A part of it.
    pub body_has: Option<Value>,
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The answer came by then.
    pub within_ms: Option<u64>,
}

/// The requests that the core's side has seen since the scenario began.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// In this order; others may come between.
    #[serde(default)]
    pub calls: Vec<Pattern>,
    /// None is like one of these.
    #[serde(default)]
    pub not: Vec<Pattern>,
    /// Each is like this, and there is one.
    pub every: Option<Pattern>,
    /// There are no others than `calls`.
    #[serde(default)]
    pub all: bool,
}

/// A request is like this; a member that is absent may be anything.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[serde(default)]
pub struct Pattern {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc: Option<Rpc>,
    /// A name for its idempotency key: the same name, the same key; another name, another key. `a:late` is the
    /// key of `a` with `:late` behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_key: Option<String>,
    /// A name for the hold that it names, or that it placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_hold: Option<String>,
    /// A part of it: `{"amount_micros": 1}` or `{"tool": "search", "quantities": {}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle_expired: Option<bool>,
    /// More than there is, or is held, is charged too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allows_debt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc_timeout_ms: Option<Value>,
    /// Of its `traceparent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<Value>,
    /// Its `request_id` is its trace id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_is_trace: Option<bool>,
    /// The fault that it met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultKind>,
    /// As the subject was told: `OK`, `UNAVAILABLE`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// So many are like this, no more and no less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<usize>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Books {
    pub settled_micros: Option<i64>,
    pub held_micros: Option<i64>,
    /// Newest first, each more than 0.
    pub charges: Option<Vec<i64>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub backlog: Option<u64>,
    pub calls: Option<u64>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// All of them in one line, in whatever case; `${user}` is the caller.
    pub contains: Vec<String>,
    /// Absent: whichever.
    pub level: Option<String>,
    /// Absent: at least once.
    pub times: Option<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    pub within_ms: u64,
    pub left: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedStart {
    #[serde(default)]
    pub unset: Vec<String>,
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    pub stderr_has: String,
    /// A secret, for example.
    pub stderr_lacks: Option<String>,
}

impl Step {
    pub fn label(&self) -> &'static str {
        match self {
            Self::Fault(_) => "fault",
            Self::ClearFaults(_) => "clear_faults",
            Self::Core(_) => "core",
            Self::Call(_) => "call",
            Self::Join(_) => "join",
            Self::AwaitCalls(_) => "await_calls",
            Self::ExpectCalls(_) => "expect_calls",
            Self::AwaitBooks(_) => "await_books",
            Self::AwaitState(_) => "await_state",
            Self::ExpectLog(_) => "expect_log",
            Self::Close(_) => "close",
            Self::ReleaseHold(_) => "release_hold",
            Self::UseKey(_) => "use_key",
            Self::RefusedStart(_) => "refused_start",
        }
    }
}

impl Rpc {
    /// None: another than those that clients call.
    pub fn of(name: &str) -> Option<Self> {
        [
            (Self::CheckBalance, "CheckBalance"),
            (Self::PlaceHold, "PlaceHold"),
            (Self::CaptureHold, "CaptureHold"),
            (Self::ReleaseHold, "ReleaseHold"),
            (Self::ExtendHold, "ExtendHold"),
            (Self::Charge, "Charge"),
        ]
        .into_iter()
        .find_map(|(rpc, known)| (known == name).then_some(rpc))
    }
}
