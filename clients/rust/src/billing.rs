//! The client itself: whether a call may be made, and an orderly end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use billing_proto::v1::{CheckBalanceResponse, ErrorReason, HoldState, PlaceHoldResponse};
use tokio::runtime::Handle;
use tonic::Status;
use tracing::Instrument as _;

use crate::answer::Refused;
use crate::backlog::Backlog;
use crate::call::{Call, Facts, Standing};
use crate::cost::{Cost, IntoCost as _};
use crate::denial::{self, Denial, Unclear};
use crate::heartbeat::{Beating, Heartbeat};
use crate::key::Key;
use crate::open::OpenCalls;
use crate::quiet::Quiet;
use crate::retry;
use crate::rpc::Rpc;
use crate::settings::{Repeats, Settings, SettingsError, WithoutUser};
use crate::trace::Trace;
use crate::under_way::{Entered, UnderWay};

/// One reason for the log, however the way to the core fails.
const NO_ANSWER: &str = "NO_ANSWER";

/// How long [`Billing::close`] is usually given.
pub const CLOSE_WITHIN: Duration = Duration::from_secs(10);

/// The way to the billing core. Clones share one connection, one backlog, and what passes without a
/// decision: make one for each backend.
#[derive(Clone)]
pub struct Billing {
    pub(crate) inner: Arc<Inner>,
}

/// A call that is to be made: who pays, for which tool, and how much it will take.
#[derive(Clone, Debug)]
pub struct Begin {
    /// None, or an empty name: nobody pays (`without_user`).
    pub user: Option<String>,
    pub tool: String,
    /// Of a tool that is priced by the call: [`Cost::per_call`], as it is unless set.
    pub estimate: Cost,
    /// None: the caller cannot repeat this call.
    pub key: Option<Key>,
    /// None: a new one.
    pub trace: Option<Trace>,
}

impl Begin {
    pub fn new(user: Option<String>, tool: impl Into<String>) -> Self {
        Self {
            user,
            tool: tool.into(),
            estimate: Cost::per_call(),
            key: None,
            trace: None,
        }
    }

    #[must_use]
    pub fn estimate(self, estimate: Cost) -> Self {
        Self { estimate, ..self }
    }

    /// The caller's own key ([`Key::of_caller`]), where it has sent one.
    #[must_use]
    pub fn key(self, key: Option<Key>) -> Self {
        Self { key, ..self }
    }

    #[must_use]
    pub fn trace(self, trace: Trace) -> Self {
        let trace = Some(trace);
        Self { trace, ..self }
    }
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) rpc: Rpc,
    pub(crate) backlog: Backlog,
    pub(crate) open: Arc<OpenCalls>,
    pub(crate) quiet: Quiet,
    pub(crate) under_way: Arc<UnderWay>,
    pub(crate) heartbeat: Arc<Heartbeat>,
    /// A call can be dropped anywhere; its end is delivered there.
    pub(crate) runtime: Handle,
    _beating: Beating,
}

/// Why a call may not be made, as the core's answer has it.
enum No {
    Refused(Refused),
    /// The core refuses the request itself.
    Wrong(Status),
    /// The core gives no decision.
    Silent(Status),
    Unclear(Unclear),
}

impl From<Unclear> for No {
    fn from(unclear: Unclear) -> Self {
        Self::Unclear(unclear)
    }
}

impl From<Status> for No {
    /// The reason, not the text, says what a refusal means.
    fn from(status: Status) -> Self {
        match ErrorReason::of(&status) {
            Some(ErrorReason::IdempotencyKeyReused) => Self::Refused(Refused::KeyReused),
            Some(ErrorReason::HoldEnded) => Self::Refused(Refused::HoldEnded),
            _ if retry::is_answer(&status) => Self::Wrong(status),
            _ => Self::Silent(status),
        }
    }
}

impl Billing {
    /// Connects with the first call, not here, so that backend and core start in any order. Must be
    /// called within a Tokio runtime.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let runtime = Handle::try_current().map_err(|_none| SettingsError::NoRuntime)?;
        let heartbeat = Heartbeat::new(settings.hold_ttl);
        let inner = Arc::new(Inner {
            rpc: Rpc::new(&settings)?,
            backlog: Backlog::default(),
            open: OpenCalls::new(settings.allow_up_to_micros),
            quiet: Quiet::default(),
            under_way: Arc::default(),
            _beating: heartbeat.start(),
            heartbeat,
            runtime,
            settings,
        });
        if inner.settings.store.is_some() {
            inner.runtime.spawn(Arc::clone(&inner).take_up());
        }
        Ok(Self { inner })
    }

    /// Whether the call may be made; then its estimated cost is held. Work, report, and
    /// [end](Call::end) it, or drop it and the hold is given back.
    pub async fn begin(&self, begin: Begin) -> Result<Call, Refused> {
        let inner = &self.inner;
        let Some(under_way) = inner.under_way.enter() else {
            return Err(Refused::Unavailable);
        };
        let Begin {
            user,
            tool,
            estimate,
            key,
            trace,
        } = begin;
        let user = user.filter(|user| !user.is_empty());
        if user.is_none() && inner.settings.without_user == WithoutUser::Refuse {
            return Err(Refused::Nobody);
        }
        let is_unbilled = user.is_none();
        let estimate = estimate.into_cost().map_err(|inexact| {
            let detail = inexact.to_string();
            inner.quiet.refused(&tool, "INEXACT_ESTIMATE", &detail);
            Refused::Unavailable
        })?;
        let has_key = key.is_some();
        let facts = Facts {
            user: user.unwrap_or_default(),
            tool,
            estimate,
            key: key.unwrap_or_else(Key::random).into_text(),
            trace: trace.unwrap_or_else(Trace::random),
        };
        if is_unbilled {
            let inner = Arc::clone(inner);
            return Ok(Call::new(inner, facts, Standing::Unbilled, None, under_way));
        }
        // A call that was made before was paid before, and must not be denied now for lack of money. Only
        // the placement knows, by the key.
        if !has_key && let Err(no) = inner.check(&facts).await {
            return inner.pass_or_refuse(facts, under_way, no);
        }
        // In a task of its own: where the caller goes meanwhile, nobody takes the call that comes of it, and
        // dropped it gives its hold back.
        let placing = Arc::clone(inner).place(facts, under_way);
        let placing = inner.runtime.spawn(placing.in_current_span());
        placing.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a placement has broken off");
            Err(Refused::Unavailable)
        })
    }

    /// Calls whose end was neither delivered nor kept yet.
    pub fn calls(&self) -> usize {
        self.inner.under_way.calls()
    }

    /// Ends that were not delivered, and are sent again.
    pub fn backlog(&self) -> usize {
        self.inner.backlog.len()
    }

    /// Takes no new calls, and waits for those under way and for the backlog, at most so long
    /// ([`CLOSE_WITHIN`]). How many ends are left: they are lost with this process, unless there is a
    /// store, and their holds expire.
    pub async fn close(&self, within: Duration) -> usize {
        let inner = &self.inner;
        inner.under_way.close();
        inner.backlog.hurry();
        let left = || inner.under_way.calls() + inner.backlog.len();
        let all_gone = async {
            loop {
                // Listens before it looks, so that no change is missed.
                let changed = inner.under_way.changed.notified();
                if left() == 0 {
                    return;
                }
                changed.await;
            }
        };
        let _ = tokio::time::timeout(within, all_gone).await;
        left()
    }
}

impl Inner {
    /// Most denials end here, having written nothing.
    async fn check(&self, facts: &Facts) -> Result<(), No> {
        let answer = self.rpc.check(facts).await?;
        self.allowed(facts, &answer)
    }

    /// A check has promised nothing, since others spend meanwhile. This decides.
    async fn place(self: Arc<Self>, facts: Facts, under_way: Entered) -> Result<Call, Refused> {
        let standing = match self.rpc.place(&facts).await {
            Ok(placed) => self.placed(&facts, placed),
            Err(status) => Err(No::from(status)),
        };
        match standing {
            Ok(standing) => Ok(Call::new(self, facts, standing, None, under_way)),
            Err(no) => self.pass_or_refuse(facts, under_way, no),
        }
    }

    /// There is no yes. Without any decision the call may pass all the same.
    fn pass_or_refuse(
        self: &Arc<Self>,
        facts: Facts,
        under_way: Entered,
        no: No,
    ) -> Result<Call, Refused> {
        let tool = &facts.tool;
        let status = match no {
            No::Refused(refused) => return Err(refused),
            No::Unclear(unclear) => {
                self.quiet
                    .refused(tool, "NOT_UNDERSTOOD", &unclear.to_string());
                return Err(Refused::Unavailable);
            }
            No::Wrong(status) => {
                let reason = billing_proto::code::name(status.code());
                self.quiet.refused(tool, reason, status.message());
                return Err(Refused::Unavailable);
            }
            No::Silent(status) => status,
        };
        let code = billing_proto::code::name(status.code());
        let detail = format!("{code}: {}", status.message());
        let Some(open) = self.open.pass(tool, &facts.estimate) else {
            self.quiet.refused(tool, NO_ANSWER, &detail);
            return Err(Refused::Unavailable);
        };
        self.quiet.passed(tool, NO_ANSWER, &detail);
        let (inner, open) = (Arc::clone(self), Some(open));
        Ok(Call::new(inner, facts, Standing::Open, open, under_way))
    }

    fn allowed(&self, facts: &Facts, answer: &CheckBalanceResponse) -> Result<(), No> {
        let allowed = denial::read(answer, &self.settings)?;
        // A tool without a price was asked nothing for. Known by 0, it would pass while the core is away.
        if !matches!(allowed, Err(Denial::ToolNotPriced(_))) {
            self.open.asked(&facts.tool, answer.required_micros);
        }
        allowed.map_err(|denial| No::Refused(Refused::Denied(denial)))
    }

    fn placed(&self, facts: &Facts, mut placed: PlaceHoldResponse) -> Result<Standing, No> {
        let hold = placed.hold.take();
        self.allowed(facts, &denial::decision_of(placed))?;
        let hold = hold.ok_or(Unclear("a hold"))?;
        let state = hold.state();
        let hold_id = hold.hold_id;
        match state {
            HoldState::Placed => Ok(Standing::Held { hold_id }),
            // This call was made and charged before. Capturing again charges nothing more and gives the
            // first answer.
            HoldState::Captured => match self.settings.repeats {
                Repeats::Work => Ok(Standing::Charged { hold_id }),
                Repeats::Refuse => Err(No::Refused(Refused::Repeated)),
            },
            HoldState::Released | HoldState::Expired => Err(No::Refused(Refused::HoldEnded)),
            HoldState::Unspecified => Err(Unclear("the state of a hold").into()),
        }
    }
}

impl fmt::Debug for Billing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Billing")
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use billing_proto::v1::{CheckBalanceResponse, Decision};

    use super::{Billing, Cost, Facts, Key, Settings, Trace};

    #[tokio::test]
    async fn a_tool_without_a_price_does_not_pass_while_the_core_is_away() {
        // Nothing listens there.
        let settings = Settings::new("http://127.0.0.1:1", "token", "tenant").unwrap();
        let billing = Billing::new(settings.allow_up_to_micros(1_000_000)).unwrap();
        let facts = Facts {
            user: "user-1".to_owned(),
            tool: "search".to_owned(),
            estimate: Cost::per_call(),
            key: Key::random().into_text(),
            trace: Trace::random(),
        };
        let passes = || billing.inner.open.pass("search", &facts.estimate);
        let mut answer = CheckBalanceResponse {
            decision: Decision::ToolNotPriced.into(),
            ..CheckBalanceResponse::default()
        };
        assert!(billing.inner.allowed(&facts, &answer).is_err());
        assert!(passes().is_none());
        answer.decision = Decision::Allowed.into();
        answer.required_micros = 20_000;
        assert!(billing.inner.allowed(&facts, &answer).is_ok());
        assert_eq!(passes().unwrap().micros, 20_000);
    }
}
