//! `/api`: a checkout for an order, its status, and the way back of its money.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;
use serde_json::Value;

use super::order::{Details, NewOrder};
use super::refusal::Refusal;
use super::wire::{self, Call, Encoding, Params, optional, positive, required};
use super::{flow, outcome};
use crate::currency::Currency;
use crate::fault::{self, RequestFault, RequestKind};
use crate::fondy::Fondy;
use crate::fondy::world::Act;
use crate::html;

const BODY_BYTES_MAX: usize = 1 << 20;
/// How long an order can be paid, where its merchant does not say.
const LIFETIME_SECS: i64 = 36_000;
/// What a merchant of Fondy's can be paid in.
const CURRENCIES: [&str; 6] = ["UAH", "USD", "EUR", "GBP", "CZK", "PLN"];
const ORDER_ID_LENGTH_MAX: usize = 1024;
const REVERSE_ID_LENGTH_MAX: usize = 50;

const CHECKOUT: RequestKind = RequestKind("fondy_checkout");
const STATUS: RequestKind = RequestKind("fondy_status");
const REVERSE: RequestKind = RequestKind("fondy_reverse");

/// Every kind of request to Fondy.
pub const REQUEST_KINDS: [RequestKind; 3] = [CHECKOUT, STATUS, REVERSE];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    CheckoutUrl,
    /// The payer's browser asks itself, and is led on.
    CheckoutRedirect,
    Status,
    Reverse,
}

impl Endpoint {
    fn at(path: &str) -> Option<Self> {
        match path.trim_end_matches('/') {
            "/api/checkout/url" => Some(Self::CheckoutUrl),
            "/api/checkout/redirect" => Some(Self::CheckoutRedirect),
            "/api/status/order_id" => Some(Self::Status),
            "/api/reverse/order_id" => Some(Self::Reverse),
            _ => None,
        }
    }

    const fn kind(self) -> RequestKind {
        match self {
            Self::CheckoutUrl | Self::CheckoutRedirect => CHECKOUT,
            Self::Status => STATUS,
            Self::Reverse => REVERSE,
        }
    }

    fn answer(self, act: &mut Act<'_>, call: &Call) -> Result<Params, Refusal> {
        flow::expire_due(act);
        match self {
            Self::CheckoutUrl | Self::CheckoutRedirect => checkout(act, call),
            Self::Status => status(act, &call.params),
            Self::Reverse => reverse(act, &call.params),
        }
    }
}

pub async fn serve(State(fondy): State<Arc<Fondy>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let endpoint = match Endpoint::at(head.uri.path()) {
        Some(endpoint) if head.method == http::Method::POST => endpoint,
        Some(_) => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
        None => return StatusCode::NOT_FOUND.into_response(),
    };
    let encoding = Encoding::of(&head.headers);
    let read = match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => wire::read(&fondy.merchant, encoding, &body),
        Err(_) => Err(Refusal::no_request()),
    };
    let call = match read {
        Ok(call) => call,
        Err(refusal) => return refused(endpoint, encoding, &refusal),
    };
    let fault = fondy.running.network().faults.take(endpoint.kind());
    match fault {
        Some(RequestFault::BadGateway) => return fault::bad_gateway(),
        Some(RequestFault::TooManyRequests) => {
            return StatusCode::TOO_MANY_REQUESTS.into_response();
        }
        Some(RequestFault::FailureBody) => {
            return refused(endpoint, encoding, &Refusal::application_error());
        }
        Some(RequestFault::Slow(pause)) => fondy.running.wait(pause).await,
        _ => {}
    }
    let answered = {
        let (acted, call) = (Arc::clone(&fondy), call.clone());
        // Fondy acts on what it has read, also where the caller has gone meanwhile.
        let acting = fondy.running.tasks.clone();
        acting.spawn(async move { acted.act(|act| endpoint.answer(act, &call)) })
    };
    let answered = answered.await;
    match fault {
        Some(RequestFault::FailAfterCommit) => {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        Some(RequestFault::BadGatewayAfterCommit) => return fault::bad_gateway(),
        Some(RequestFault::TimeOut(pause)) => fondy.running.wait(pause).await,
        _ => {}
    }
    match answered {
        Ok(Ok(params)) if endpoint == Endpoint::CheckoutRedirect => led_on(&params),
        Ok(Ok(params)) => wire::success(&fondy.merchant, call.protocol, encoding, params),
        Ok(Err(refusal)) => refused(endpoint, encoding, &refusal),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn led_on(params: &Params) -> Response {
    let url = params.get("checkout_url").and_then(Value::as_str);
    Redirect::to(url.unwrap_or("/")).into_response()
}

fn refused(endpoint: Endpoint, encoding: Encoding, refusal: &Refusal) -> Response {
    if endpoint == Endpoint::CheckoutRedirect {
        return Html(html::refusal(&refusal.message, "/")).into_response();
    }
    wire::failure(encoding, refusal)
}

fn checkout(act: &mut Act<'_>, call: &Call) -> Result<Params, Refusal> {
    let params = &call.params;
    let order_id = required(params, "order_id")?;
    let description = required(params, "order_desc")?;
    let amount = positive(params, "amount")?;
    let code = required(params, "currency")?;
    let currency = Some(code.as_str())
        .filter(|code| CURRENCIES.contains(code))
        .and_then(Currency::of)
        .ok_or_else(|| Refusal::currency(&code, act.merchant.id))?;
    if order_id.len() > ORDER_ID_LENGTH_MAX {
        return Err(Refusal::incorrect("order_id"));
    }
    let lifetime_secs = match optional(params, "lifetime") {
        None => LIFETIME_SECS,
        Some(_) => positive(params, "lifetime")?,
    };
    let details = Details {
        description,
        callback_url: url(params, "server_callback_url")?,
        return_url: url(params, "response_url")?,
        sender_email: optional(params, "sender_email").unwrap_or_default(),
        merchant_data: optional(params, "merchant_data").unwrap_or_default(),
        product_id: optional(params, "product_id").unwrap_or_default(),
    };
    if act.world.orders.get(&order_id).is_some() {
        return Err(Refusal::duplicate(&order_id, act.merchant.id));
    }
    let new = NewOrder {
        id: order_id,
        amount,
        currency,
        protocol: call.protocol,
        details,
        lifetime_secs,
    };
    let token = act.world.orders.put(new, act.now);
    let order = act.world.orders.find(&token)?;
    Ok(Params::from([
        (
            "checkout_url".to_owned(),
            act.world.checkout_url(&token).into(),
        ),
        ("payment_id".to_owned(), order.payment_id.to_string().into()),
    ]))
}

/// A parameter that is a URL of the web, where it is there.
fn url(params: &Params, name: &str) -> Result<Option<String>, Refusal> {
    let Some(text) = optional(params, name) else {
        return Ok(None);
    };
    let is_web = reqwest::Url::parse(&text)
        .is_ok_and(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    if is_web {
        Ok(Some(text))
    } else {
        Err(Refusal::incorrect(name))
    }
}

fn status(act: &Act<'_>, params: &Params) -> Result<Params, Refusal> {
    let order = act.world.orders.find(&required(params, "order_id")?)?;
    Ok(outcome::of(order, act.merchant))
}

fn reverse(act: &mut Act<'_>, params: &Params) -> Result<Params, Refusal> {
    let order_id = required(params, "order_id")?;
    let amount = positive(params, "amount")?;
    let currency = required(params, "currency")?;
    if act.world.orders.find(&order_id)?.currency_code() != currency {
        return Err(Refusal::incorrect("currency"));
    }
    let reverse_id = optional(params, "reverse_id");
    if reverse_id
        .as_ref()
        .is_some_and(|id| id.len() > REVERSE_ID_LENGTH_MAX)
    {
        return Err(Refusal::incorrect("reverse_id"));
    }
    let reversal = flow::reverse(act, &order_id, amount, reverse_id)?;
    let order = act.world.orders.find(&order_id)?;
    let texts = [
        ("order_id", order_id),
        ("response_code", String::new()),
        ("response_description", String::new()),
        ("reversal_amount", order.reversed().to_string()),
        ("reverse_id", reversal.reverse_id.unwrap_or_default()),
        ("reverse_status", "approved".to_owned()),
        ("transaction_id", reversal.transaction_id.to_string()),
    ];
    let mut answer: Params = texts
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text.into()))
        .collect();
    answer.insert("merchant_id".to_owned(), act.merchant.id.into());
    Ok(answer)
}
