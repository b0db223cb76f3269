//! `/v1/checkout/sessions`

use serde_json::Value;

use super::{Begun, LineItem, Mode, Session, State, flow};
use crate::currency::Currency;
use crate::stripe::amount::{check_charge, parse_currency};
use crate::stripe::metadata;
use crate::stripe::payment_intent::Details;
use crate::stripe::payment_intent::endpoints::read_details;
use crate::stripe::price::Price;
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::{Params, web_url};
use crate::stripe::world::{Act, Metadata, Object, World, new_id};

const EXPIRES_SECS_MIN: i64 = 30 * 60;
const EXPIRES_SECS_MAX: i64 = 24 * 60 * 60;
const ITEMS_MAX: usize = 100;
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

fn missing(param: &str) -> ApiError {
    ApiError::invalid(format!("Missing required param: {param}."))
        .code("parameter_missing")
        .param(param)
}

fn read_items(
    params: &mut Params,
    mode: &Mode,
    now: i64,
) -> Result<(Vec<LineItem>, Currency), ApiError> {
    let given = params.objects("line_items")?;
    if given.is_empty() {
        return Err(missing("line_items"));
    }
    if given.len() > ITEMS_MAX {
        let message = format!("There can be at most {ITEMS_MAX} line items.");
        return Err(ApiError::invalid(message).param("line_items"));
    }
    let mut items = Vec::with_capacity(given.len());
    let mut currency = params
        .text("currency")?
        .as_deref()
        .map(parse_currency)
        .transpose()?;
    for item in given {
        let (item, its) = read_item(item, mode, now)?;
        if currency.is_some_and(|known| known != its) {
            let message = "All line items of a Checkout Session must have the same currency.";
            return Err(ApiError::invalid(message).param("line_items"));
        }
        currency = Some(its);
        items.push(item);
    }
    Ok((items, currency.ok_or_else(|| missing("currency"))?))
}

fn read_item(mut params: Params, mode: &Mode, now: i64) -> Result<(LineItem, Currency), ApiError> {
    if let Some(price) = params.text("price")? {
        return Err(ApiError::missing("price", &price, "line_items[0][price]"));
    }
    let mut price = params
        .object("price_data")?
        .ok_or_else(|| missing("line_items[0][price_data]"))?;
    let currency = parse_currency(&price.required_text("currency")?)?;
    let unit_amount = match price.integer("unit_amount")? {
        Some(amount) => amount,
        None => price
            .integer("unit_amount_decimal")?
            .ok_or_else(|| missing("line_items[0][price_data][unit_amount]"))?,
    };
    let recurs = read_recurring(&mut price, mode)?;
    let mut product = price
        .object("product_data")?
        .ok_or_else(|| missing("line_items[0][price_data][product_data]"))?;
    let name = product.required_text("name")?;
    let description = product.text("description")?;
    product.ignore(&["images", "metadata", "tax_code", "unit_label"]);
    product.finish()?;
    price.ignore(&["tax_behavior"]);
    price.finish()?;
    let quantity = params.integer("quantity")?.unwrap_or(1);
    if unit_amount < 0 || quantity < 1 {
        let error = ApiError::invalid("This value must be greater than or equal to 1.");
        return Err(error.code("parameter_invalid_integer").param("line_items"));
    }
    let adjustable = read_adjustable(&mut params)?;
    params.ignore(&["metadata"]);
    params.finish()?;
    let item = LineItem {
        id: new_id("li_"),
        name,
        description,
        unit_amount,
        quantity,
        adjustable,
        price: recurs.then(|| Price::monthly(now, currency, unit_amount)),
    };
    Ok((item, currency))
}

/// Whether it is paid month after month, as everything of a subscription's session is, and nothing of
/// another one.
fn read_recurring(price: &mut Params, mode: &Mode) -> Result<bool, ApiError> {
    let recurring = price.object("recurring")?;
    match (recurring, mode) {
        (None, Mode::Payment) => Ok(false),
        (Some(_), Mode::Payment) => Err(ApiError::invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to \
             `subscription` mode or use only one-time prices.",
        )
        .param("line_items")),
        (None, Mode::Subscription(_)) => Err(ApiError::invalid(
            "You must provide at least one recurring price in `subscription` mode; the sandbox has \
             no others there.",
        )
        .param("line_items")),
        (Some(mut recurring), Mode::Subscription(_)) => {
            let interval = recurring.required_text("interval")?;
            let count = recurring.integer("interval_count")?.unwrap_or(1);
            recurring.ignore(&["usage_type"]);
            recurring.finish()?;
            if interval != "month" || count != 1 {
                let error = ApiError::invalid("The sandbox has no interval but one month.");
                return Err(error.param("line_items[0][price_data][recurring]"));
            }
            Ok(true)
        }
    }
}

/// How few and how many the payer may take, where they may change it.
fn read_adjustable(params: &mut Params) -> Result<Option<(i64, i64)>, ApiError> {
    let Some(mut range) = params.object("adjustable_quantity")? else {
        return Ok(None);
    };
    let enabled = range.boolean("enabled")?.unwrap_or(false);
    let least = range.integer("minimum")?.unwrap_or(0);
    let most = range.integer("maximum")?.unwrap_or(99);
    range.finish()?;
    Ok(enabled.then_some((least.max(0), most.clamp(least.max(0), 999_999))))
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
