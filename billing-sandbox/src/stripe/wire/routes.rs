//! Every route of `/v1`.

use http::Method;
use serde_json::Value;

use super::error::ApiError;
use super::params::Params;
use crate::fault::RequestKind;
use crate::stripe::invoice::payment;
use crate::stripe::world::{Act, World};
use crate::stripe::{
    balance_transaction, charge, checkout, customer, dispute, event, invoice, payment_intent,
    payment_method, portal, refund, subscription, test_clock, webhook_endpoint,
};

const CREATE_PAYMENT_INTENT: RequestKind = RequestKind("create_payment_intent");
const CREATE_CUSTOMER: RequestKind = RequestKind("create_customer");
const CREATE_CHECKOUT_SESSION: RequestKind = RequestKind("create_checkout_session");
const EXPIRE_CHECKOUT_SESSION: RequestKind = RequestKind("expire_checkout_session");
const UPDATE_SUBSCRIPTION: RequestKind = RequestKind("update_subscription");
const CANCEL_SUBSCRIPTION: RequestKind = RequestKind("cancel_subscription");
const CREATE_PORTAL_SESSION: RequestKind = RequestKind("create_portal_session");
const RETRIEVE: RequestKind = RequestKind("retrieve");
const REFUND: RequestKind = RequestKind("refund");
const OTHER: RequestKind = RequestKind("other");

/// Every kind of request to Stripe.
pub const REQUEST_KINDS: [RequestKind; 10] = [
    CREATE_PAYMENT_INTENT,
    CREATE_CUSTOMER,
    CREATE_CHECKOUT_SESSION,
    EXPIRE_CHECKOUT_SESSION,
    UPDATE_SUBSCRIPTION,
    CANCEL_SUBSCRIPTION,
    CREATE_PORTAL_SESSION,
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
    let names: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    let names = names.as_slice();
    let answered = match (method.as_str(), names.first()) {
        (_, Some(&("subscriptions" | "invoices"))) => {
            act.on_the_clock(|act| subscriptions_answer(act, method, names, params))
        }
        (_, Some(&"test_helpers")) => clock_answer(act, method, names, params),
        ("POST", _) => post(act, names, params),
        ("GET", _) => get(act, names, params),
        _ => None,
    };
    answered.unwrap_or_else(|| Err(unrecognized(method, path)))
}

/// What an endpoint answers; none where there is no such endpoint.
type Answered = Option<Result<Value, ApiError>>;

fn post(act: &mut Act<'_>, names: &[&str], params: Params) -> Answered {
    use checkout::endpoints as sessions;
    use payment_intent::endpoints as intents;
    use refund::endpoints as refunds;

    Some(match names {
        ["billing_portal", "sessions"] => portal::create(act, params),
        ["checkout", "sessions"] => sessions::create(act, params),
        ["checkout", "sessions", id, "expire"] => sessions::expire(act, id, params),
        ["customers"] => customer::create(act, params),
        ["customers", id] => customer::update(act, id, params),
        ["payment_intents"] => intents::create(act, params),
        ["payment_intents", id] => intents::update(act, id, params),
        ["payment_intents", id, "confirm"] => intents::confirm(act, id, params),
        ["payment_intents", id, "cancel"] => intents::cancel(act, id, params),
        ["payment_methods"] => payment_method::create(act, params),
        ["payment_methods", id, "attach"] => payment_method::attach_by_request(act, id, params),
        ["refunds"] => refunds::create(act, params),
        ["refunds", id] => refunds::update(act, id, params),
        ["refunds", id, "cancel"] => refunds::cancel(act, id, params),
        _ => return None,
    })
}

fn get(act: &mut Act<'_>, names: &[&str], params: Params) -> Answered {
    use checkout::endpoints as sessions;
    use payment_intent::endpoints as intents;
    use refund::endpoints as refunds;

    match names {
        ["checkout", "sessions"] => return Some(sessions::list(act, params)),
        ["checkout", "sessions", id] => return Some(sessions::retrieve(act, id, params)),
        ["webhook_endpoints"] => return Some(webhook_endpoint::list(act, params)),
        _ => {}
    }
    let world = &*act.world;
    let plain =
        |retrieve: fn(&World, &str) -> Result<Value, ApiError>, id: &str, params: Params| {
            params.finish().and_then(|()| retrieve(world, id))
        };
    Some(match names {
        ["checkout", "sessions", id, "line_items"] => sessions::line_items(world, id, params),
        ["customers"] => customer::list(world, params),
        ["customers", id, "subscriptions"] => {
            subscription::endpoints::list_of_customer(world, id, params)
        }
        ["customers", id, "payment_methods"] => payment_method::list_of_customer(world, id, params),
        ["invoice_payments"] => payment::list(world, params),
        ["payment_intents"] => intents::list(world, params),
        ["payment_methods"] => payment_method::list(world, params),
        ["charges"] => charge::list(world, params),
        ["refunds"] => refunds::list(world, params),
        ["disputes"] => dispute::list(world, params),
        ["events"] => event::list(world, params),
        ["customers", id] => plain(customer::retrieve, id, params),
        ["payment_intents", id] => {
            let mut params = params;
            params.ignore(&["client_secret"]);
            plain(intents::retrieve, id, params)
        }
        ["payment_methods", id] => plain(payment_method::retrieve, id, params),
        ["invoice_payments", id] => plain(payment::retrieve, id, params),
        ["charges", id] => plain(charge::retrieve, id, params),
        ["refunds", id] => plain(refunds::retrieve, id, params),
        ["disputes", id] => plain(dispute::retrieve, id, params),
        ["events", id] => plain(event::retrieve, id, params),
        ["balance_transactions", id] => plain(balance_transaction::retrieve, id, params),
        _ => return None,
    })
}

fn subscriptions_answer(
    act: &mut Act<'_>,
    method: &Method,
    names: &[&str],
    params: Params,
) -> Answered {
    use invoice::endpoints as invoices;
    use subscription::endpoints as subscriptions;

    Some(match (method.as_str(), names) {
        ("GET", ["subscriptions"]) => subscriptions::list(act.world, params),
        ("GET", ["subscriptions", id]) => params
            .finish()
            .and_then(|()| subscriptions::retrieve(act.world, id)),
        ("POST", ["subscriptions", id]) => subscriptions::update(act, id, params),
        ("DELETE", ["subscriptions", id]) => subscriptions::cancel(act, id, params),
        ("GET", ["invoices"]) => invoices::list(act.world, params),
        ("GET", ["invoices", id]) => params
            .finish()
            .and_then(|()| invoices::retrieve(act.world, id)),
        ("GET", ["invoices", id, "lines"]) => invoices::lines(act.world, id, params),
        ("POST", ["invoices", id, "pay"]) => invoices::pay(act, id, params),
        ("POST", ["invoices", id, "finalize"]) => invoices::finalize(act, id, params),
        ("POST", ["invoices", id, "void"]) => invoices::void(act, id, params),
        ("POST", ["invoices", id, "mark_uncollectible"]) => {
            invoices::mark_uncollectible(act, id, params)
        }
        _ => return None,
    })
}

fn clock_answer(act: &mut Act<'_>, method: &Method, names: &[&str], params: Params) -> Answered {
    Some(match (method.as_str(), names) {
        ("GET", ["test_helpers", "test_clocks"]) => test_clock::list(act, params),
        ("GET", ["test_helpers", "test_clocks", id]) => test_clock::retrieve(act, id, params),
        ("POST", ["test_helpers", "test_clocks"]) => test_clock::create(act, params),
        ("POST", ["test_helpers", "test_clocks", id, "advance"]) => {
            test_clock::advance(act, id, params)
        }
        ("DELETE", ["test_helpers", "test_clocks", id]) => test_clock::delete(act, id, params),
        _ => return None,
    })
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
        ("POST", "/v1/billing_portal/sessions") => CREATE_PORTAL_SESSION,
        ("POST", path) if path.starts_with("/v1/subscriptions/") => UPDATE_SUBSCRIPTION,
        ("DELETE", path) if path.starts_with("/v1/subscriptions/") => CANCEL_SUBSCRIPTION,
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
