//! A call that is under way: its reports, and its one end.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use billing_proto::v1::ErrorReason;

use crate::backlog::Ending;
use crate::billing::Inner;
use crate::cost::{Cost, Inexact, IntoCost};
use crate::end::{Charged, End, How};
use crate::open::OpenCost;
use crate::trace::Trace;
use crate::under_way::Entered;

/// What is known of a call from its beginning.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) user: String,
    pub(crate) tool: String,
    pub(crate) estimate: Cost,
    pub(crate) key: String,
    pub(crate) trace: Trace,
}

/// What the call may be made by.
#[derive(Debug)]
pub(crate) enum Standing {
    /// Nobody pays.
    Unbilled,
    Held {
        hold_id: String,
    },
    /// A repeat of a call whose hold was captured.
    Charged {
        hold_id: String,
    },
    /// Passed without a decision.
    Open,
}

/// A call under way. [End](Self::end) it once its answer is complete; [abandoned](Self::abandon) or
/// dropped, which is what a panic and a caller that went away come to, it gives its hold back. Neither
/// waits for the core. It derefs to [`BillingCall`], which its handler reports to.
#[derive(Debug)]
pub struct Call {
    call: BillingCall,
    /// None: ended.
    under_way: Option<Arc<Entered>>,
}

/// The side of a [`Call`] that its handler sees: it reports what the call takes. A clone is the same
/// call.
#[derive(Clone)]
pub struct BillingCall(Arc<Shared>);

/// Why a report is not taken. The text names the tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    #[error("the report of a call of {tool} is not exact: {inexact}")]
    Inexact { tool: String, inexact: Inexact },
    #[error("the call of {tool} was captured already, at another cost")]
    Captured { tool: String },
    #[error("the call of {tool} has ended")]
    Ended { tool: String },
}

#[derive(Debug)]
pub(crate) struct Shared {
    billing: Arc<Inner>,
    facts: Facts,
    standing: Standing,
    /// Of the call, until it has ended.
    under_way: Weak<Entered>,
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    reported: Option<Cost>,
    captured: Option<Captured>,
    has_ended: bool,
    open: Option<OpenCost>,
}

#[derive(Debug)]
struct Captured {
    cost: Cost,
    /// None: not answered.
    charged: Option<Charged>,
}

impl Call {
    pub(crate) fn new(
        billing: Arc<Inner>,
        facts: Facts,
        standing: Standing,
        open: Option<OpenCost>,
        under_way: Entered,
    ) -> Self {
        let progress = Progress {
            open,
            ..Progress::default()
        };
        let under_way = Arc::new(under_way);
        let shared = Arc::new(Shared {
            billing,
            facts,
            standing,
            under_way: Arc::downgrade(&under_way),
            progress: Mutex::new(progress),
        });
        if let Standing::Held { .. } = shared.standing {
            shared.billing.heartbeat.add(Arc::downgrade(&shared));
        }
        Self {
            call: BillingCall(shared),
            under_way: Some(under_way),
        }
    }

    /// What a handler reports to.
    pub fn handle(&self) -> BillingCall {
        self.call.clone()
    }

    /// The call ended well: what was reported is captured, or else what was estimated.
    pub fn end(mut self) {
        self.finish(true);
    }

    /// The call failed: its hold is given back, unless it was captured.
    pub fn abandon(mut self) {
        self.finish(false);
    }

    fn finish(&mut self, is_well: bool) {
        let Some(under_way) = self.under_way.take() else {
            return;
        };
        let shared = &self.call.0;
        let Some(ending) = shared.ending(is_well) else {
            return;
        };
        let billing = Arc::clone(&shared.billing);
        shared.billing.runtime.spawn(async move {
            billing.finish(ending).await;
            drop(under_way);
        });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.finish(false);
    }
}

impl Deref for Call {
    type Target = BillingCall;

    fn deref(&self) -> &BillingCall {
        &self.call
    }
}

impl BillingCall {
    /// What the call has taken so far. The last report is captured when the call ends well; more than
    /// was held is charged too.
    pub fn report(&self, cost: impl IntoCost) -> Result<(), ReportError> {
        let cost = self.exact(cost)?;
        let mut progress = self.0.progress();
        self.0.is_open(&progress, &cost)?;
        progress.reported = Some(cost);
        Ok(())
    }

    /// Captures at once. None: the call is not billed, was charged before at another cost, or the core
    /// did not answer, and what is captured is sent again until it does.
    pub async fn capture(&self, cost: impl IntoCost) -> Result<Option<Charged>, ReportError> {
        let cost = self.exact(cost)?;
        let (ending, under_way) = {
            let mut progress = self.0.progress();
            self.0.is_open(&progress, &cost)?;
            if let Some(captured) = &progress.captured {
                return Ok(captured.charged);
            }
            let Some(how) = self.0.charges(&progress, &cost) else {
                return Ok(None);
            };
            let charged = None;
            progress.captured = Some(Captured { cost, charged });
            let open = progress.open.take();
            (self.0.ending_of(how, open), self.0.under_way.upgrade())
        };
        let unsent = Unsent {
            billing: &self.0.billing,
            ending: Some(ending),
            _under_way: under_way,
        };
        let charged = unsent.send().await;
        if let Some(captured) = &mut self.0.progress().captured {
            captured.charged = charged;
        }
        Ok(charged)
    }

    /// False: nobody pays for this call.
    pub fn is_billed(&self) -> bool {
        self.0.is_billed()
    }

    pub fn tool(&self) -> &str {
        &self.0.facts.tool
    }

    /// The trace that the call belongs to; its id is the hold's `request_id`.
    pub fn trace(&self) -> &Trace {
        &self.0.facts.trace
    }

    fn exact(&self, cost: impl IntoCost) -> Result<Cost, ReportError> {
        cost.into_cost().map_err(|inexact| ReportError::Inexact {
            tool: self.0.facts.tool.clone(),
            inexact,
        })
    }
}

impl Shared {
    /// Whether the call can still be reported to cost so much.
    fn is_open(&self, progress: &Progress, cost: &Cost) -> Result<(), ReportError> {
        let tool = || self.facts.tool.clone();
        match &progress.captured {
            Some(captured) if captured.cost == *cost => Ok(()),
            Some(_) => Err(ReportError::Captured { tool: tool() }),
            None if progress.has_ended => Err(ReportError::Ended { tool: tool() }),
            None => Ok(()),
        }
    }

    pub(crate) fn is_working(&self) -> bool {
        let progress = self.progress();
        !progress.has_ended && progress.captured.is_none()
    }

    /// Lets the hold live longer. Where that fails, the capture still charges the work.
    pub(crate) async fn extend(&self) {
        let Standing::Held { hold_id } = &self.standing else {
            return;
        };
        let extended = self.billing.rpc.extend(&self.facts, hold_id).await;
        if let Err(status) = extended
            && ErrorReason::of(&status) != Some(ErrorReason::HoldEnded)
        {
            let reason = billing_proto::code::name(status.code());
            let quiet = &self.billing.quiet;
            quiet.not_extended(&self.facts.tool, reason, status.message());
        }
    }

    /// None: there is nothing to tell the core.
    fn ending(&self, is_well: bool) -> Option<Ending> {
        let mut progress = self.progress();
        progress.has_ended = true;
        let open = progress.open.take();
        if progress.captured.is_some() {
            return None;
        }
        if !is_well {
            let hold_id = self.hold_id()?.to_owned();
            return Some(self.ending_of(How::Release { hold_id }, None));
        }
        let cost = progress.reported.take();
        if cost.is_none() && self.facts.estimate.has_quantities() && self.is_billed() {
            self.billing.quiet.unreported(&self.facts.tool);
        }
        let cost = cost.unwrap_or_else(|| self.facts.estimate.clone());
        progress.open = open;
        let how = self.charges(&progress, &cost)?;
        Some(self.ending_of(how, progress.open.take()))
    }

    /// How the core is told that the call has cost so much. None: the call is not billed.
    fn charges(&self, progress: &Progress, cost: &Cost) -> Option<How> {
        let cost = cost.clone();
        match &self.standing {
            Standing::Unbilled => None,
            Standing::Held { hold_id } | Standing::Charged { hold_id } => Some(How::Capture {
                hold_id: hold_id.clone(),
                cost,
            }),
            Standing::Open => Some(How::Open {
                estimate: self.facts.estimate.clone(),
                hold_ttl: self.billing.settings.hold_ttl,
                cost,
                open_micros: progress.open.as_ref().map_or(0, |open| open.micros),
            }),
        }
    }

    fn ending_of(&self, how: How, open: Option<OpenCost>) -> Ending {
        let facts = &self.facts;
        let end = End {
            tenant: self.billing.settings.tenant.clone(),
            user: facts.user.clone(),
            tool: facts.tool.clone(),
            key: facts.key.clone(),
            traceparent: facts.trace.text().to_owned(),
            how,
        };
        Ending { end, open }
    }

    /// What there is to give back.
    fn hold_id(&self) -> Option<&str> {
        match &self.standing {
            Standing::Held { hold_id } => Some(hold_id),
            Standing::Charged { .. } | Standing::Unbilled | Standing::Open => None,
        }
    }

    fn is_billed(&self) -> bool {
        !matches!(self.standing, Standing::Unbilled)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A capture that is being sent. Dropped on the way, since its handler was, it is kept: the work was
/// done.
struct Unsent<'a> {
    billing: &'a Arc<Inner>,
    /// None: sent.
    ending: Option<Ending>,
    /// The call may end before it is sent, and is under way until then.
    _under_way: Option<Arc<Entered>>,
}

impl Unsent<'_> {
    async fn send(mut self) -> Option<Charged> {
        let outcome = self.billing.deliver(&mut self.ending.as_mut()?.end).await;
        let ending = self.ending.take()?;
        self.billing.settle(ending, outcome)
    }
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        if let Some(ending) = self.ending.take() {
            self.billing.keep(ending);
        }
    }
}

impl fmt::Debug for BillingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillingCall")
            .field("tool", &self.0.facts.tool)
            .field("standing", &self.0.standing)
            .finish_non_exhaustive()
    }
}
