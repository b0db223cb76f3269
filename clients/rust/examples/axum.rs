//! A tool backend that bills its calls. `BILLING_CORE_URL`, `BILLING_TOOLS_TOKEN` and `BILLING_TENANT` say
//! where and for whom; `JWT_SECRET` is that of the users' tokens; services call by one of `API_KEYS`, and are
//! not billed; `PORT` is 3000.

use std::error::Error;
use std::fmt::Display;

use axum::http::{StatusCode, header, request::Parts};
use axum::{Json, Router, extract::Path, routing::post};
use billing_client::{
    Answer, Begin, Billing, BillingCall, GuardLayer, IntoCost as _, Refused, Settings, WithoutUser,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::signal::unix::{SignalKind, signal};

const TOOLS: [&str; 3] = ["search", "summarize", "translate"];

#[derive(serde::Deserialize)]
struct Question {
    query: String,
    #[serde(default)]
    budget: Budget,
}

#[derive(Clone, Copy, Default, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Budget {
    Quick,
    #[default]
    Standard,
    Deep,
}

/// Who pays: a user, by the claim `userId` of a JWT; nobody, where a service calls by its key.
fn payer(head: &Parts, secret: &[u8], api_keys: &str) -> Result<Option<String>, Refused> {
    let sent = head.headers.get(header::AUTHORIZATION);
    let sent = sent.and_then(|sent| sent.to_str().ok()?.split_once(' '));
    let (_scheme, bearer) = sent
        .filter(|(scheme, bearer)| scheme.eq_ignore_ascii_case("bearer") && !bearer.is_empty())
        .ok_or(Refused::Nobody)?;
    // Digests are compared, so that the time that it takes tells nothing about a key.
    let sent = Sha256::digest(bearer);
    if api_keys.split(',').any(|key| Sha256::digest(key) == sent) {
        return Ok(None);
    }
    let secret = DecodingKey::from_secret(secret);
    let token = jsonwebtoken::decode(bearer, &secret, &Validation::new(Algorithm::HS256));
    let claims: Value = token.map_err(|_not_valid| Refused::Nobody)?.claims;
    let user = claims.get("userId").and_then(Value::as_str);
    Ok(Some(user.ok_or(Refused::Nobody)?.to_owned()))
}

/// Exactly the units of the tool's price.
fn usage(tool: &str, tokens: usize, budget: Budget) -> Value {
    let [quick, standard, deep] =
        [Budget::Quick, Budget::Standard, Budget::Deep].map(|each| u8::from(each == budget));
    match tool {
        "summarize" => json!({"query_tokens": tokens,
            "budget_quick": quick, "budget_standard": standard, "budget_deep": deep}),
        _ => json!({}),
    }
}

/// The call that a request asks for, and how much it will take: four characters are about a token.
fn describe(payer: Option<String>, head: &Parts, body: &[u8]) -> Result<Begin, Answer> {
    let tool = head.uri.path().rsplit('/').next().unwrap_or_default();
    if !TOOLS.contains(&tool) {
        let (status, message) = (StatusCode::NOT_FOUND, "There is no such tool.");
        return Err(Answer::new(status, "Unknown tool", message, "UNKNOWN_TOOL"));
    }
    let invalid = "query must be text, and budget quick, standard or deep";
    let Ok(Question { query, budget }) = serde_json::from_slice(body) else {
        return Err(Answer::invalid_request(invalid));
    };
    let estimate = &usage(tool, query.chars().count().div_ceil(4), budget);
    let estimate = estimate.into_cost();
    let estimate = estimate.map_err(|inexact| Answer::invalid_request(inexact.to_string()))?;
    Ok(Begin::new(payer, tool).estimate(estimate))
}

/// The work, which is only pretended.
fn work(tool: &str, query: &str) -> Result<String, &'static str> {
    match tool {
        "search" => Ok(format!("A ruling on {query}")),
        "summarize" => Ok(query
            .split_whitespace()
            .take(6)
            .collect::<Vec<_>>()
            .join(" ")),
        _ if query.contains(char::is_alphabetic) => Ok(query.to_uppercase()),
        _ => Err("there is nothing to translate"),
    }
}

/// Works and reports. A status of 400 or above gives the hold back.
async fn answer(
    Path(tool): Path<String>,
    call: BillingCall,
    Json(Question { query, budget }): Json<Question>,
) -> Result<Json<Value>, Answer> {
    let result = work(&tool, &query).map_err(|why| failed(&why))?;
    let used = usage(&tool, query.split_whitespace().count(), budget);
    call.report(&used).map_err(|error| failed(&error))?;
    Ok(Json(json!({"result": result, "billed": call.is_billed()})))
}

fn failed(why: &dyn Display) -> Answer {
    tracing::error!(%why, "a tool failed");
    let (status, message) = (
        StatusCode::INTERNAL_SERVER_ERROR,
        "The tool failed; nothing was charged.",
    );
    Answer::new(status, "Tool failed", message, "TOOL_FAILED")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let setting = |name| std::env::var_os(name).and_then(|value| value.into_string().ok());
    let secret = setting("JWT_SECRET").ok_or("JWT_SECRET is not set")?;
    let api_keys = setting("API_KEYS").unwrap_or_default();
    let billing = Billing::new(Settings::from_env()?.without_user(WithoutUser::Pass))?;
    let guard = GuardLayer::http(billing.clone(), move |head, body| {
        describe(payer(head, secret.as_bytes(), &api_keys)?, head, body)
    });
    let tools = Router::new()
        .route("/api/tools/{tool}", post(answer))
        .route_layer(guard.read_body(256 * 1024));
    let port: u16 = setting("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("{}", json!({"port": listener.local_addr()?.port()}));
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        terminate.recv().await;
    };
    axum::serve(listener, tools)
        .with_graceful_shutdown(stop)
        .await?;
    match billing.close(billing_client::CLOSE_WITHIN).await {
        0 => Ok(()),
        left => Err(format!("{left} ends were not delivered").into()),
    }
}
