//! Every route of `/v1`.

use http::Method;
use serde_json::Value;

use super::error::ApiError;
use super::params::Params;
use crate::fault::RequestKind;
use crate::stripe::world::Act;
use crate::stripe::{
    balance_transaction, charge, checkout, customer, dispute, event, payment_intent,
    payment_method, refund, webhook_endpoint,
};

const CREATE_PAYMENT_INTENT: RequestKind = RequestKind("create_payment_intent");
const CREATE_CUSTOMER: RequestKind = RequestKind("create_customer");
const CREATE_CHECKOUT_SESSION: RequestKind = RequestKind("create_checkout_session");
const EXPIRE_CHECKOUT_SESSION: RequestKind = RequestKind("expire_checkout_session");
const RETRIEVE: RequestKind = RequestKind("retrieve");
const REFUND: RequestKind = RequestKind("refund");
const OTHER: RequestKind = RequestKind("other");

/// Every kind of request to Stripe.
pub const REQUEST_KINDS: [RequestKind; 7] = [
    CREATE_PAYMENT_INTENT,
    CREATE_CUSTOMER,
    CREATE_CHECKOUT_SESSION,
    EXPIRE_CHECKOUT_SESSION,
    RETRIEVE,
    REFUND,
    OTHER,
];

/// Lets the endpoint answer that the method and path name.
pub fn answer(
    act: &mut Act<'_>,
    method: &Method,
    path: &str,
    params: Params,
) -> Result<Value, ApiError> {
    use checkout::endpoints as sessions;
    use payment_intent::endpoints as intents;
    use refund::endpoints as refunds;

    let names: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    let names = names.as_slice();
    if *method == Method::POST {
        return match names {
            ["checkout", "sessions"] => sessions::create(act, params),
            ["checkout", "sessions", id, "expire"] => sessions::expire(act, id, params),
            ["customers"] => customer::create(act, params),
            ["customers", id] => customer::update(act, id, params),
            ["payment_intents"] => intents::create(act, params),
            ["payment_intents", id] => intents::update(act, id, params),
            ["payment_intents", id, "confirm"] => intents::confirm(act, id, params),
            ["payment_intents", id, "cancel"] => intents::cancel(act, id, params),
            ["payment_methods"] => payment_method::create(act, params),
            ["refunds"] => refunds::create(act, params),
            ["refunds", id] => refunds::update(act, id, params),
            ["refunds", id, "cancel"] => refunds::cancel(act, id, params),
            _ => Err(unrecognized(method, path)),
        };
    }
    if *method != Method::GET {
        return Err(unrecognized(method, path));
    }
    match names {
        ["checkout", "sessions"] => return sessions::list(act, params),
        ["checkout", "sessions", id] => return sessions::retrieve(act, id, params),
        ["webhook_endpoints"] => return webhook_endpoint::list(act, params),
        _ => {}
    }
    let world = &*act.world;
    match names {
        ["checkout", "sessions", id, "line_items"] => sessions::line_items(world, id, params),
        ["customers"] => customer::list(world, params),
        ["payment_intents"] => intents::list(world, params),
        ["charges"] => charge::list(world, params),
        ["refunds"] => refunds::list(world, params),
        ["disputes"] => dispute::list(world, params),
        ["events"] => event::list(world, params),
        ["customers", id] => params.finish().and_then(|()| customer::retrieve(world, id)),
        ["payment_intents", id] => {
            let mut params = params;
            params.ignore(&["client_secret"]);
            params.finish().and_then(|()| intents::retrieve(world, id))
        }
        ["payment_methods", id] => params
            .finish()
            .and_then(|()| payment_method::retrieve(world, id)),
        ["charges", id] => params.finish().and_then(|()| charge::retrieve(world, id)),
        ["refunds", id] => params.finish().and_then(|()| refunds::retrieve(world, id)),
        ["disputes", id] => params.finish().and_then(|()| dispute::retrieve(world, id)),
        ["events", id] => params.finish().and_then(|()| event::retrieve(world, id)),
        ["balance_transactions", id] => params
            .finish()
            .and_then(|()| balance_transaction::retrieve(world, id)),
        _ => Err(unrecognized(method, path)),
    }
}

/// What the request is for, as far as faults tell requests apart.
pub fn kind(method: &Method, path: &str) -> RequestKind {
    match (method.as_str(), path) {
        ("POST", "/v1/payment_intents") => CREATE_PAYMENT_INTENT,
        ("POST", "/v1/customers") => CREATE_CUSTOMER,
        ("POST", "/v1/refunds") => REFUND,
        ("POST", "/v1/checkout/sessions") => CREATE_CHECKOUT_SESSION,
        ("POST", path) if path.starts_with("/v1/checkout/") && path.ends_with("/expire") => {
            EXPIRE_CHECKOUT_SESSION
        }
        ("GET", _) => RETRIEVE,
        _ => OTHER,
    }
}

fn unrecognized(method: &Method, path: &str) -> ApiError {
    ApiError::unrecognized(format!(
        "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we \
         can help at https://support.stripe.com/."
    ))
}
