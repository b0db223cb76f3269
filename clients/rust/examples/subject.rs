//! What the conformance suite drives: a tool backend whose handler does as its caller says. It uses only
//! the public API.

use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use billing_client::{
    Answer, Begin, Billing, BillingCall, Cost, GuardLayer, IntoCost as _, Refused, Repeats,
    Settings, Unpriced, WithoutUser,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

const BODY_BYTES: usize = 256 * 1024;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    hold_ttl_ms: Option<u64>,
    decision_deadline_ms: Option<u64>,
    ending_deadline_ms: Option<u64>,
    allow_up_to_micros: Option<i64>,
    unpriced: Option<u16>,
    without_user: Option<String>,
    repeats: Option<String>,
    backlog_max: Option<usize>,
    topup_url: Option<String>,
}

impl Options {
    fn apply(self, mut settings: Settings) -> Settings {
        if let Some(ms) = self.hold_ttl_ms {
            settings = settings.hold_ttl(Duration::from_millis(ms));
        }
        if let Some(ms) = self.decision_deadline_ms {
            settings = settings.decision_deadline(Duration::from_millis(ms));
        }
        if let Some(ms) = self.ending_deadline_ms {
            settings = settings.ending_deadline(Duration::from_millis(ms));
        }
        if let Some(micros) = self.allow_up_to_micros {
            settings = settings.allow_up_to_micros(micros);
        }
        if self.unpriced == Some(402) {
            settings = settings.unpriced(Unpriced::PaymentRequired);
        }
        if self.without_user.as_deref() == Some("pass") {
            settings = settings.without_user(WithoutUser::Pass);
        }
        if self.repeats.as_deref() == Some("refuse") {
            settings = settings.repeats(Repeats::Refuse);
        }
        if let Some(ends) = self.backlog_max {
            settings = settings.backlog_max(ends);
        }
        if let Some(url) = self.topup_url {
            settings = settings.topup_url(url);
        }
        settings
    }
}

/// Every line that the package has logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Value>>>);

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        if !metadata.target().starts_with("billing_client") {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let level = metadata.level().as_str().to_lowercase();
        let message = text.message + &text.fields;
        eprintln!("{level}: {message}");
        let line = json!({"level": level, "message": message});
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
    }
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[derive(Clone)]
struct Subject {
    billing: Billing,
    log: Log,
}

/// What a handler has thrown, as the error handler of the backend answers it.
struct Thrown(String);

impl IntoResponse for Thrown {
    fn into_response(self) -> Response {
        let body = Json(json!({"error": self.0}));
        (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
    }
}

fn thrown(error: impl Into<Failure>) -> Thrown {
    Thrown(error.into().to_string())
}

fn describe(head: &Parts, body: &[u8]) -> Result<Begin, Answer> {
    let user = head
        .headers
        .get("x-user")
        .and_then(|user| user.to_str().ok());
    let tool = head.uri.path().rsplit('/').next().unwrap_or_default();
    let body: Value =
        serde_json::from_slice(body).map_err(|error| Answer::invalid_request(error.to_string()))?;
    let estimate = match body.get("estimate") {
        None => Cost::per_call(),
        Some(estimate) => estimate.into_cost().map_err(|_| Refused::Unavailable)?,
    };
    Ok(Begin::new(user.map(str::to_owned), tool).estimate(estimate))
}

async fn work(call: BillingCall, body: Bytes) -> Result<Response, Thrown> {
    let body: Value = serde_json::from_slice(&body).map_err(thrown)?;
    let mut billing = Value::Null;
    let steps = body.get("do").and_then(Value::as_array);
    for step in steps.into_iter().flatten() {
        if let Some(report) = step.get("report") {
            call.report(report).map_err(thrown)?;
        } else if let Some(report) = step.get("capture") {
            let charged = call.capture(report).await.map_err(thrown)?;
            billing = charged.map_or(Value::Null, |charged| {
                json!({
                    "charged_micros": charged.charged.0.to_string(),
                    "balance_micros": charged.balance.0.to_string(),
                })
            });
        } else if let Some(ms) = step.get("wait_ms").and_then(Value::as_u64) {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        } else if let Some(text) = step.get("throw").and_then(Value::as_str) {
            return Err(thrown(text));
        } else if let Some(status) = step.get("status").and_then(Value::as_u64) {
            let status = u16::try_from(status).map_err(thrown)?;
            let status = StatusCode::from_u16(status).map_err(thrown)?;
            return Ok((status, Json(json!({"result": "status"}))).into_response());
        }
    }
    let billed = call.is_billed();
    let body = json!({"result": "done", "billed": billed, "billing": billing});
    Ok(Json(body).into_response())
}

async fn state(State(subject): State<Subject>) -> Json<Value> {
    let log = subject.log.0.lock().unwrap_or_else(PoisonError::into_inner);
    Json(json!({
        "backlog": subject.billing.backlog(),
        "calls": subject.billing.calls(),
        "log": log.clone(),
    }))
}

#[derive(Deserialize)]
struct Close {
    within_ms: u64,
}

async fn close(State(subject): State<Subject>, body: Bytes) -> Result<Json<Value>, Thrown> {
    let Close { within_ms } = serde_json::from_slice(&body).map_err(thrown)?;
    let within = Duration::from_millis(within_ms);
    let left = subject.billing.close(within).await;
    Ok(Json(json!({"left": left})))
}

async fn run() -> Result<(), Failure> {
    let log = Log::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    tracing::subscriber::set_global_default(subscriber)?;
    let options = match std::env::var_os("SUBJECT_OPTIONS") {
        None => Options::default(),
        Some(options) => serde_json::from_slice(options.as_encoded_bytes())?,
    };
    let billing = Billing::new(options.apply(Settings::from_env()?))?;
    let guard = GuardLayer::http(billing.clone(), describe).read_body(BODY_BYTES);
    let router = Router::new()
        .route("/api/tools/{tool}", post(work))
        .route_layer(guard)
        .route("/state", get(state))
        .route("/close", post(close))
        .with_state(Subject { billing, log });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", json!({"port": listener.local_addr()?.port()}));
    axum::serve(listener, router).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
