//! `/v1/checkout/sessions`

use serde_json::Value;

use super::items::read_items;
use super::{Begun, Mode, Session, State, flow};
use crate::stripe::amount::check_charge;
use crate::stripe::metadata;
use crate::stripe::payment_intent::Details;
use crate::stripe::payment_intent::endpoints::read_details;
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::{Params, web_url};
use crate::stripe::world::{Act, Metadata, Object, World, new_id};

const EXPIRES_SECS_MIN: i64 = 30 * 60;
const EXPIRES_SECS_MAX: i64 = 24 * 60 * 60;
const CLIENT_REFERENCE_LENGTH_MAX: usize = 200;

/// What changes nothing here.
const IGNORED: [&str; 15] = [
    "adaptive_pricing",
    "after_expiration",
    "allow_promotion_codes",
    "billing_address_collection",
    "branding_settings",
    "custom_text",
    "customer_update",
    "integration_identifier",
    "locale",
    "name_collection",
    "origin_context",
    "payment_method_options",
    "payment_method_collection",
    "phone_number_collection",
    "saved_payment_method_options",
];

/// What only a session of this mode may have, and changes nothing here.
const OF_PAYMENTS: [&str; 2] = ["customer_creation", "submit_type"];

pub fn create(act: &mut Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    let session = read_new(act, &mut params)?;
    params.ignore(&IGNORED);
    params.finish()?;
    let id = session.id.clone();
    act.world.checkout_ends.put(&session);
    act.world.checkout_sessions.put(session);
    find(act.world, &id)
}

pub fn retrieve(act: &mut Act<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    flow::expire_due(act);
    find(act.world, id)
}

pub fn line_items(world: &World, id: &str, mut params: Params) -> Result<Value, ApiError> {
    params.ignore(&["limit"]);
    params.finish()?;
    Ok(world.checkout_sessions.find(id)?.line_items())
}

pub fn list(act: &mut Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    flow::expire_due(act);
    let page = Page::take(&mut params)?;
    let created = Created::take(&mut params)?;
    let customer = params.text("customer")?;
    let payment_intent = params.text("payment_intent")?;
    let subscription = params.text("subscription")?;
    let status = params.text("status")?;
    params.finish()?;
    let world = &*act.world;
    let is =
        |wanted: &Option<String>, of: Option<&str>| wanted.is_none() || wanted.as_deref() == of;
    let url = "/v1/checkout/sessions";
    page.of(world, &world.checkout_sessions, url, |session| {
        created.holds(session.created)
            && is(&customer, session.customer.as_deref())
            && is(&payment_intent, session.payment_intent.as_deref())
            && is(&subscription, session.mode.subscription())
            && is(&status, Some(session.state.name()))
    })
}

pub fn expire(act: &mut Act<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    flow::expire(act, id)?;
    find(act.world, id)
}

pub fn find(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.checkout_sessions.find(id)?.json(world))
}

fn read_new(act: &Act<'_>, params: &mut Params) -> Result<Session, ApiError> {
    let mode = read_mode(params)?;
    one_of(params, "ui_mode", "hosted_page")?;
    let success_url = web_url(params, "success_url")?.ok_or_else(|| missing("success_url"))?;
    let cancel_url = web_url(params, "cancel_url")?;
    let (items, currency) = read_items(params, &mode, act.now)?;
    let (customer, customer_email) = read_customer(act, params)?;
    let client_reference_id = params.text("client_reference_id")?;
    if let Some(text) = &client_reference_id
        && text.chars().count() > CLIENT_REFERENCE_LENGTH_MAX
    {
        let message =
            format!("Invalid string: must be at most {CLIENT_REFERENCE_LENGTH_MAX} characters");
        return Err(ApiError::invalid(message).param("client_reference_id"));
    }
    let mut metadata = Metadata::new();
    metadata::update(&mut metadata, params)?;
    let (intent_metadata, intent_details) = match mode {
        Mode::Payment => read_intent(params)?,
        Mode::Subscription(_) => (Metadata::new(), Details::default()),
    };
    let listed = params.texts("allowed_payment_method_types")?;
    if listed.iter().any(|kind| kind != "card") {
        let message = "The sandbox has no payment method type but card.";
        return Err(ApiError::invalid(message).param("allowed_payment_method_types"));
    }
    let id = new_id("cs_test_");
    let session = Session {
        created: act.now,
        expires_at: read_expiry(params, act.now)?,
        items,
        currency,
        customer,
        customer_email,
        client_reference_id,
        metadata,
        mode,
        intent_metadata,
        intent_details,
        success_url,
        cancel_url,
        page_url: format!("{}/c/pay/{id}", act.world.base_url),
        state: State::Open,
        payment_intent: None,
        id,
    };
    check_total(&session)?;
    Ok(session)
}

/// Nothing to pay at all is allowed, too little is not.
pub fn check_total(session: &Session) -> Result<(), ApiError> {
    let (total, currency) = (session.amount_total(), session.currency);
    if total == 0 && matches!(session.mode, Mode::Payment) {
        return Ok(());
    }
    if total < currency.minimum {
        let least = currency.show(currency.minimum);
        let message =
            format!("The Checkout Session's total amount due must add up to at least {least}");
        return Err(ApiError::invalid(message).code("amount_too_small"));
    }
    check_charge(currency, total)
}

fn one_of(params: &mut Params, name: &str, only: &str) -> Result<(), ApiError> {
    match params.text(name)? {
        Some(given) if given != only => {
            let message = format!("The sandbox has no {name} but {only}.");
            Err(ApiError::invalid(message).param(name))
        }
        Some(_) | None => Ok(()),
    }
}

fn read_mode(params: &mut Params) -> Result<Mode, ApiError> {
    let mode = params.text("mode")?.ok_or_else(|| missing("mode"))?;
    match mode.as_str() {
        "payment" => {
            params.ignore(&OF_PAYMENTS);
            Ok(Mode::Payment)
        }
        "subscription" => {
            let mut begun = Begun::default();
            if let Some(mut data) = params.object("subscription_data")? {
                metadata::update(&mut begun.metadata, &mut data)?;
                begun.description = data.text("description")?;
                data.finish()?;
            }
            Ok(Mode::Subscription(begun))
        }
        _ => {
            let message = "The sandbox has no mode but payment and subscription.";
            Err(ApiError::invalid(message).param("mode"))
        }
    }
}

pub fn missing(param: &str) -> ApiError {
    ApiError::invalid(format!("Missing required param: {param}."))
        .code("parameter_missing")
        .param(param)
}

fn read_customer(
    act: &Act<'_>,
    params: &mut Params,
) -> Result<(Option<String>, Option<String>), ApiError> {
    let customer = params.text("customer")?;
    let email = params.text("customer_email")?;
    if customer.is_some() && email.is_some() {
        let message = "You may only specify one of these parameters: customer, customer_email.";
        return Err(ApiError::invalid(message));
    }
    if let Some(id) = &customer
        && act.world.customers.get(id).is_none()
    {
        return Err(ApiError::missing("customer", id, "customer"));
    }
    if let Some(email) = &email
        && !email.contains('@')
    {
        let error = ApiError::invalid(format!("Invalid email address: {email}"));
        return Err(error.code("email_invalid").param("customer_email"));
    }
    Ok((customer, email))
}

fn read_intent(params: &mut Params) -> Result<(Metadata, Details), ApiError> {
    let (mut metadata, mut details) = (Metadata::new(), Details::default());
    if let Some(mut given) = params.object("payment_intent_data")? {
        metadata::update(&mut metadata, &mut given)?;
        read_details(&mut details, &mut given)?;
        given.ignore(&["capture_method"]);
        given.finish()?;
    }
    Ok((metadata, details))
}

fn read_expiry(params: &mut Params, now: i64) -> Result<i64, ApiError> {
    let latest = now.saturating_add(EXPIRES_SECS_MAX);
    let Some(at) = params.integer("expires_at")? else {
        return Ok(latest);
    };
    let bound = if at < now.saturating_add(EXPIRES_SECS_MIN) {
        "at least 30 minutes"
    } else if at > latest {
        "less than 24 hours"
    } else {
        return Ok(at);
    };
    let message =
        format!("The `expires_at` timestamp must be {bound} from Checkout Session creation.");
    Err(ApiError::invalid(message).param("expires_at"))
}
