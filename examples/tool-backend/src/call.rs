//! A call of a tool, from its request to its answer: who calls, may they, work, charge.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use billing_client::{Begin, Key, Trace};
use billing_telemetry::span::Span;
use billing_telemetry::trace::TraceContext;
use tracing::Instrument as _;

use crate::Backend;
use crate::answer::{Answer, Bill, Refusal};
use crate::caller::Caller;
use crate::tools::{self, Question, Tool, Work};

/// How long a tool may work.
const WORK_DEADLINE: Duration = Duration::from_secs(30);

const QUERY_CHARS: usize = 50_000;

/// `POST /api/tools/{tool}`
pub async fn answer(
    State(backend): State<Backend>,
    Path(tool): Path<String>,
    headers: HeaderMap,
    body: Result<Json<Question>, JsonRejection>,
) -> Result<Answer, Refusal> {
    let user_id = match backend.credentials.caller(&headers)? {
        Caller::User { user_id } => Some(user_id),
        // Not billed: see the setting in `Backend::new`.
        Caller::Service => None,
    };
    let tool = tools::find(&tool).ok_or(Refusal::UnknownTool)?;
    let question = question(body)?;
    let incoming = TraceContext::from_headers(&headers);
    let part = Span::server(incoming, || "POST /api/tools/{tool}".to_owned());
    let trace = part
        .context_or(incoming)
        .and_then(|context| Trace::parse(context.traceparent().as_bytes()))
        .unwrap_or_else(Trace::random);
    let span = tracing::info_span!("call", tool = tool.name, trace_id = trace.trace_id());
    // All that is asked is hashed with the caller's key, or one paid question would buy others.
    let asked = format!("{:?} {}", question.budget, question.query);
    let begin = Begin::new(user_id, tool.name)
        .estimate(tool.estimate(&question))
        .key(Key::of_caller(&headers, tool.name, asked.as_bytes())?)
        .trace(trace);
    let _until_done = part.end_on_drop();
    billed(&backend, begin, tool, &question)
        .instrument(span)
        .await
}

/// The whole of billing. Wherever this returns early, or its caller goes away, the call is dropped and
/// its hold given back.
async fn billed(
    backend: &Backend,
    begin: Begin,
    tool: &'static Tool,
    question: &Question,
) -> Result<Answer, Refusal> {
    let call = backend.billing.begin(begin).await?;
    let Work {
        result,
        query_tokens,
    } = work(tool, question).await?;
    // At once, since the answer tells the price. A core that is away now is told later.
    let usage = tool.usage(query_tokens, question.budget);
    let billing = call.capture(usage).await?.map(Bill::from);
    call.end();
    Ok(Answer { result, billing })
}

async fn work(tool: &'static Tool, question: &Question) -> Result<Work, Refusal> {
    let working = async { tool.work(question) };
    match tokio::time::timeout(WORK_DEADLINE, working).await {
        Ok(done) => done.map_err(|failed| Refusal::WorkFailed(failed.to_string())),
        Err(_late) => Err(Refusal::WorkFailed("the tool took too long".to_owned())),
    }
}

fn question(body: Result<Json<Question>, JsonRejection>) -> Result<Question, Refusal> {
    let Json(question) = body.map_err(|rejection| Refusal::BadRequest {
        status: rejection.status(),
        message: rejection.body_text(),
    })?;
    if question.query.is_empty() || question.query.chars().count() > QUERY_CHARS {
        return Err(Refusal::BadRequest {
            status: StatusCode::BAD_REQUEST,
            message: format!("query must be 1 to {QUERY_CHARS} characters"),
        });
    }
    Ok(question)
}
