//! A call of a tool, from its request to its answer: who calls, may they, hold, work, charge.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use billing_telemetry::span::Span;
use billing_telemetry::trace::TraceContext;
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::Backend;
use crate::answer::{Answer, Bill, Refusal};
use crate::billing::{Billing, BillingError, Hold, Payer};
use crate::caller::Caller;
use crate::tools::{self, Question, Tool, Work};

/// How long a tool may work.
pub const WORK_DEADLINE: Duration = Duration::from_secs(30);

const QUERY_CHARS: usize = 50_000;
const KEY_BYTES: usize = 255;
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What a caller names a call by, so that sending it again is the same call.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    /// The caller's own: this call may have been made before.
    Callers(String),
    /// None was sent: this call is a new one.
    Fresh(String),
}

/// `POST /api/tools/{tool}`
pub async fn answer(
    State(backend): State<Backend>,
    Path(tool): Path<String>,
    headers: HeaderMap,
    body: Result<Json<Question>, JsonRejection>,
) -> Result<Answer, Refusal> {
    let caller = backend.credentials.caller(&headers)?;
    let tool = tools::find(&tool).ok_or(Refusal::UnknownTool)?;
    let question = question(body)?;
    let incoming = TraceContext::from_headers(&headers);
    let part = Span::server(incoming, || "POST /api/tools/{tool}".to_owned());
    let trace = part
        .context_or(incoming)
        .unwrap_or_else(TraceContext::random);
    let span = tracing::info_span!("call", tool = tool.name, trace_id = %trace.trace_id());

    let user_id = match caller {
        Caller::Service => {
            let result = work(tool, &question).instrument(span).await?.result;
            let billing = None;
            return Ok(Answer { result, billing });
        }
        Caller::User { user_id } => user_id,
    };
    let key = key(&headers, tool, &question)?;
    let payer = Payer { user_id, trace };
    let call = async move {
        let _until_done = part.end_on_drop();
        billed(&backend.billing, &payer, tool, &question, &key).await
    };
    // A task of its own: a caller that hangs up must not leave work behind that is done, but
    // neither charged nor given up.
    backend
        .calls
        .spawn(call.instrument(span))
        .await
        .map_err(Refusal::BrokeOff)?
}

/// The whole of billing: check, hold, work, then capture or release.
async fn billed(
    billing: &Billing,
    payer: &Payer,
    tool: &'static Tool,
    question: &Question,
    key: &Key,
) -> Result<Answer, Refusal> {
    let estimate = tool.estimate(question);
    let key = match key {
        Key::Fresh(key) => {
            // Most denials end here, having written nothing.
            billing.check(payer, estimate.clone()).await?;
            key
        }
        // A call that was made before was paid before, and must not be denied now for lack of
        // money. Only the placement knows, by the key.
        Key::Callers(key) => key,
    };
    // The check promised nothing: others spend meanwhile. This decides.
    let hold = billing.place(payer, estimate, key).await?;

    let Work {
        result,
        query_tokens,
    } = match work(tool, question).await {
        Ok(work) => work,
        Err(failed) => {
            give_up(billing, payer, &hold).await;
            return Err(failed);
        }
    };

    // If this fails, the result is withheld and the hold expires by itself: no charge without a
    // result. A caller that sends the call again with its key gets both.
    let usage = tool.usage(query_tokens, question.budget);
    let charged = billing.capture(payer, &hold, usage).await?;
    Ok(Answer {
        result,
        billing: Some(Bill::from(charged)),
    })
}

/// Releases a hold whose work failed. Where that fails too, the hold expires by itself.
async fn give_up(billing: &Billing, payer: &Payer, hold: &Hold) {
    match billing.release(payer, hold).await {
        // Ended: an earlier try of the same call captured it.
        Ok(()) | Err(BillingError::HoldEnded) => {}
        Err(error) => tracing::warn!(%error, "a hold is left to expire"),
    }
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
        return Err(bad_request(format!(
            "query must be 1 to {QUERY_CHARS} characters"
        )));
    }
    Ok(question)
}

/// The key under which the core knows this call.
///
/// A caller's key counts together with what is asked. Were it passed on as it is, a caller could
/// pay one question and ask a hundred others of the same cost by the same key. Hashed, it also
/// cannot meet a key that somebody else uses on the same account.
fn key(headers: &HeaderMap, tool: &Tool, question: &Question) -> Result<Key, Refusal> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(Key::Fresh(format!("tool-call:{}", Uuid::new_v4())));
    };
    let length = value.len();
    if values.next().is_some() || length == 0 || length > KEY_BYTES {
        return Err(bad_request(format!(
            "Idempotency-Key must be sent once, with 1 to {KEY_BYTES} bytes"
        )));
    }
    let mut hash = Sha256::new();
    let budget = format!("{:?}", question.budget);
    for part in [value.as_bytes(), tool.name.as_bytes(), budget.as_bytes()] {
        // With its length in front, so that no part runs into the next.
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.update(&question.query);
    Ok(Key::Callers(format!("tool-call:{:x}", hash.finalize())))
}

fn bad_request(message: String) -> Refusal {
    Refusal::BadRequest {
        status: StatusCode::BAD_REQUEST,
        message,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{IDEMPOTENCY_KEY, Key, key};
    use crate::tools::{Budget, Question, find};

    fn callers_key(sent: &str, tool: &str, query: &str, budget: Budget) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(sent).unwrap());
        let query = query.to_owned();
        match key(&headers, find(tool).unwrap(), &Question { query, budget }) {
            Ok(Key::Callers(key)) => key,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_callers_key_pays_for_one_question_only() {
        let paid = callers_key("k1", "search", "land law", Budget::Quick);
        assert_eq!(paid, callers_key("k1", "search", "land law", Budget::Quick));
        for other in [
            callers_key("k2", "search", "land law", Budget::Quick),
            callers_key("k1", "translate", "land law", Budget::Quick),
            callers_key("k1", "search", "tax laws", Budget::Quick),
            callers_key("k1", "search", "land law", Budget::Deep),
        ] {
            assert_ne!(paid, other);
        }
    }

    #[test]
    fn each_call_without_a_key_is_a_call_of_its_own() {
        let question = Question {
            query: "land law".to_owned(),
            budget: Budget::Quick,
        };
        let fresh = || key(&HeaderMap::new(), find("search").unwrap(), &question).unwrap();
        assert!(matches!(fresh(), Key::Fresh(_)));
        assert_ne!(fresh(), fresh());
    }
}
