//! Spans: the parts of traces that go to the collector. They are apart from the log, so that no log
//! filter leaves a hole in a trace, and cost a branch where nothing is exported.
//!
//! Names and attributes are those of OpenTelemetry's semantic conventions, without what may tell who
//! somebody is: no path, no query, no address, no id of an account.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry::trace::{Link, Span as _, SpanBuilder, SpanKind, Status};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::Span as SdkSpan;

use crate::otlp::Export;
use crate::trace::TraceContext;

/// The most calls that a span of a batch names.
const LINKS_MAX: usize = 64;

tokio::task_local! {
    static CURRENT: Current;
}

/// What a task is working for.
struct Current {
    trace: TraceContext,
    span: Span,
}

/// A span that is recorded, or none. Clones are the same span, which lasts until it is told to end or the
/// last of them is dropped.
#[derive(Clone, Debug, Default)]
pub struct Span(Option<Arc<Recorded>>);

#[derive(Debug)]
struct Recorded {
    context: TraceContext,
    span: Mutex<SdkSpan>,
}

impl Span {
    pub const fn none() -> Self {
        Self(None)
    }

    /// Of a request that is answered, below its caller's, or the first of a trace where `incoming` is
    /// none.
    pub fn server(incoming: Option<TraceContext>, name: impl FnOnce() -> String) -> Self {
        Self::below(SpanKind::Server, incoming, name)
    }

    /// Of a request that is made, below `parent`, or the first of a trace.
    pub fn client(parent: Option<TraceContext>, name: impl FnOnce() -> String) -> Self {
        Self::below(SpanKind::Client, parent, name)
    }

    /// Of a query or a transaction that serves several calls: a trace of its own, recorded where one of
    /// theirs is. It names them, the first 64 at least, and each of them names it.
    pub fn shared<'a>(name: &'static str, calls: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let Some(export) = Export::get() else {
            return Self::none();
        };
        let recorded = calls.filter_map(|call| call.0.as_deref());
        let links: Vec<Link> = recorded
            .clone()
            .take(LINKS_MAX)
            .map(|call| Link::with_context(call.context.span_context()))
            .collect();
        if links.is_empty() {
            return Self::none();
        }
        let builder = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Client)
            .with_links(links);
        let span = Self::recorded(export.start(builder, None));
        if let Some(context) = span.context() {
            for call in recorded {
                call.lock().add_link(context.span_context(), Vec::new());
            }
        }
        span
    }

    fn below(kind: SpanKind, parent: Option<TraceContext>, name: impl FnOnce() -> String) -> Self {
        let Some(export) = Export::get() else {
            return Self::none();
        };
        if !export.wants(parent) {
            return Self::none();
        }
        let builder = SpanBuilder::from_name(name()).with_kind(kind);
        Self::recorded(export.start(builder, parent))
    }

    fn recorded(span: SdkSpan) -> Self {
        if !span.is_recording() {
            return Self::none();
        }
        let context = TraceContext::of_span(span.span_context());
        Self(context.map(|context| {
            let span = Mutex::new(span);
            Arc::new(Recorded { context, span })
        }))
    }

    /// The span that this task works for; none outside of [`within`].
    pub fn current() -> Self {
        if Export::get().is_none() {
            return Self::none();
        }
        CURRENT
            .try_with(|current| current.span.clone())
            .unwrap_or_default()
    }

    /// What the next service is told that it works for.
    pub fn context(&self) -> Option<TraceContext> {
        self.0.as_ref().map(|recorded| recorded.context)
    }

    /// The same; where there is none, that of the caller, who is not told of as recorded where this
    /// service would have.
    pub fn context_or(&self, incoming: Option<TraceContext>) -> Option<TraceContext> {
        self.context().or_else(|| match Export::get() {
            Some(_) => incoming.map(TraceContext::unsampled),
            None => incoming,
        })
    }

    pub fn is_recorded(&self) -> bool {
        self.0.is_some()
    }

    /// Says something more. Each name once: a second value stands beside the first.
    pub fn set(&self, name: &'static str, value: impl Into<Value>) {
        if let Some(recorded) = &self.0 {
            recorded.lock().set_attribute(KeyValue::new(name, value));
        }
    }

    /// Marks it as failed; `kind` is one of few.
    pub fn fail(&self, kind: impl Into<Value>) {
        if let Some(recorded) = &self.0 {
            let mut span = recorded.lock();
            span.set_attribute(KeyValue::new("error.type", kind));
            span.set_status(Status::error(""));
        }
    }

    /// Ends it now, whoever else may have it.
    pub fn end(&self) {
        if let Some(recorded) = &self.0 {
            recorded.lock().end();
        }
    }

    /// Ends it when what is answered is dropped: also where whoever waits for the work gives it up.
    pub fn end_on_drop(&self) -> EndOnDrop {
        EndOnDrop(self.clone())
    }
}

impl Recorded {
    fn lock(&self) -> MutexGuard<'_, SdkSpan> {
        self.span.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[must_use = "the span ends when this is dropped"]
#[derive(Debug)]
pub struct EndOnDrop(Span);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Works on `future` as a part of `trace`: its lines in the log say so.
pub fn within<F: Future>(
    trace: TraceContext,
    span: Span,
    future: F,
) -> impl Future<Output = F::Output> {
    CURRENT.scope(Current { trace, span }, future)
}

/// The trace that this task works for; none outside of [`within`].
pub fn current_trace() -> Option<TraceContext> {
    CURRENT.try_with(|current| current.trace).ok()
}

/// Whether the span of that trace is one of this service's.
pub(crate) fn current_is_recorded() -> bool {
    CURRENT
        .try_with(|current| current.span.is_recorded())
        .unwrap_or_default()
}
