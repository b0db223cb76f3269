//! `/v1/payment_intents`

use serde_json::Value;

use super::flow::{self, Payer};
use super::{AutomaticPaymentMethods, Details, PaymentIntent, State};
use crate::random::random_text;
use crate::stripe::amount::{check_charge, parse_currency};
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Act, Metadata, Object, World, new_id};
use crate::stripe::{metadata, payment_method};

const CANCELLATION_REASONS: [&str; 4] = [
    "abandoned",
    "duplicate",
    "fraudulent",
    "requested_by_customer",
];

pub fn create(act: &mut Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    let mut intent = read_new(act, &mut params)?;
    let confirmed = params.boolean("confirm")?.unwrap_or(false);
    let payer = payer(&mut params)?;
    intent.return_url = params.text("return_url")?;
    intent.payment_method = payment_method::take(act, &mut params)?;
    params.finish()?;
    if confirmed {
        must_be_able_to_return(&intent)?;
    }
    let payment_method = intent.payment_method.clone();
    if payment_method.is_some() {
        intent.state = State::RequiresConfirmation;
    }
    if confirmed && payment_method.is_none() {
        return Err(without_method());
    }
    let id = intent.id.clone();
    act.world.payment_intents.put(intent);
    flow::tell(act, "payment_intent.created", &id);
    if let Some(payment_method) = payment_method.filter(|_| confirmed) {
        flow::confirm(act, &id, &payment_method, payer)?;
    }
    retrieve(act.world, &id)
}

pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let payment_method = payment_method::take(act, &mut params)?;
    let intent = act.world.payment_intents.find(id)?;
    let mut metadata = intent.metadata.clone();
    let mut details = intent.details.clone();
    metadata::update(&mut metadata, &mut params)?;
    read_details(&mut details, &mut params)?;
    let amount = params.integer("amount")?;
    params.finish()?;
    let is_open = matches!(
        intent.state,
        State::RequiresPaymentMethod | State::RequiresConfirmation
    );
    if !is_open && (amount.is_some() || payment_method.is_some()) {
        return Err(flow::not_now(act.world, intent, "update"));
    }
    if let Some(amount) = amount {
        check_charge(intent.currency, amount)?;
    }
    let intent = act.world.payment_intents.find_mut(id)?;
    intent.metadata = metadata;
    intent.details = details;
    intent.amount = amount.unwrap_or(intent.amount);
    if payment_method.is_some() {
        intent.payment_method = payment_method;
        intent.state = State::RequiresConfirmation;
    }
    retrieve(act.world, id)
}

pub fn confirm(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let payer = payer(&mut params)?;
    let return_url = params.text("return_url")?;
    let receipt_email = params.text("receipt_email")?;
    let given = payment_method::take(act, &mut params)?;
    params.finish()?;
    let intent = act.world.payment_intents.find_mut(id)?;
    if return_url.is_some() {
        intent.return_url = return_url;
    }
    if receipt_email.is_some() {
        intent.details.receipt_email = receipt_email;
    }
    let intent = act.world.payment_intents.find(id)?;
    must_be_able_to_return(intent)?;
    let Some(payment_method) = given.or_else(|| intent.payment_method.clone()) else {
        return Err(without_method().with("payment_intent", intent.json(act.world)));
    };
    flow::confirm(act, id, &payment_method, payer)?;
    retrieve(act.world, id)
}

pub fn cancel(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let reason = params.text("cancellation_reason")?;
    params.finish()?;
    if let Some(reason) = &reason
        && !CANCELLATION_REASONS.contains(&reason.as_str())
    {
        let message = format!(
            "Invalid cancellation_reason: must be one of {}",
            CANCELLATION_REASONS.join(", ")
        );
        return Err(ApiError::invalid(message).param("cancellation_reason"));
    }
    let intent = act.world.payment_intents.find(id)?;
    if intent.checkout_session.is_some() {
        let message = "You cannot cancel this PaymentIntent because it was created by a Checkout \
                       Session. Expire the Checkout Session instead.";
        return Err(ApiError::forbidden_now(
            "payment_intent_unexpected_state",
            message,
        ));
    }
    if intent.invoice.is_some() {
        let message = "You cannot cancel this PaymentIntent because it was created by an Invoice. \
                       Void the Invoice instead.";
        return Err(ApiError::forbidden_now(
            "payment_intent_unexpected_state",
            message,
        ));
    }
    flow::cancel(act, id, reason)?;
    retrieve(act.world, id)
}

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.payment_intents.find(id)?.json(world))
}

pub fn list(world: &World, mut params: Params) -> Result<Value, ApiError> {
    let page = Page::take(&mut params)?;
    let created = Created::take(&mut params)?;
    let customer = params.text("customer")?;
    params.finish()?;
    let url = "/v1/payment_intents";
    page.of(world, &world.payment_intents, url, |intent| {
        created.holds(intent.created) && (customer.is_none() || intent.customer == customer)
    })
}

fn read_new(act: &Act<'_>, params: &mut Params) -> Result<PaymentIntent, ApiError> {
    let Some(amount) = params.integer("amount")? else {
        let error = ApiError::invalid("Missing required param: amount.");
        return Err(error.code("parameter_missing").param("amount"));
    };
    let currency = parse_currency(&params.required_text("currency")?)?;
    check_charge(currency, amount)?;
    let customer = params.text("customer")?;
    if let Some(id) = &customer
        && act.world.customers.get(id).is_none()
    {
        return Err(ApiError::missing("customer", id, "customer"));
    }
    let mut details = Details::default();
    read_details(&mut details, params)?;
    let mut metadata = Metadata::new();
    metadata::update(&mut metadata, params)?;
    let id = new_id("pi_");
    Ok(PaymentIntent {
        client_secret: format!("{id}_secret_{}", random_text(25)),
        page_url: act.world.page_url(&id),
        id,
        created: act.now,
        amount,
        currency,
        customer,
        details,
        metadata,
        automatic_payment_methods: read_methods(params)?,
        state: State::RequiresPaymentMethod,
        payment_method: None,
        latest_charge: None,
        last_payment_error: None,
        return_url: None,
        checkout_session: None,
        invoice: None,
    })
}

pub fn read_details(details: &mut Details, params: &mut Params) -> Result<(), ApiError> {
    for (name, field) in [
        ("description", &mut details.description),
        ("receipt_email", &mut details.receipt_email),
        ("statement_descriptor", &mut details.statement_descriptor),
        (
            "statement_descriptor_suffix",
            &mut details.statement_descriptor_suffix,
        ),
        ("setup_future_usage", &mut details.setup_future_usage),
    ] {
        if let Some(text) = params.text(name)? {
            *field = Some(text);
        }
    }
    if let Some(email) = &details.receipt_email
        && !email.contains('@')
    {
        let error = ApiError::invalid(format!("Invalid email address: {email}"));
        return Err(error.code("email_invalid").param("receipt_email"));
    }
    Ok(())
}

/// Which methods of paying are offered; without a word about it, those of the dashboard.
fn read_methods(params: &mut Params) -> Result<Option<AutomaticPaymentMethods>, ApiError> {
    if let Some(method) = params.text("capture_method")?
        && !method.starts_with("automatic")
    {
        let message = "The sandbox has no capture_method but automatic and automatic_async.";
        return Err(ApiError::invalid(message).param("capture_method"));
    }
    let listed = params.texts("allowed_payment_method_types")?;
    if listed.iter().any(|kind| kind != "card") {
        let message = "The sandbox has no payment method type but card.";
        return Err(ApiError::invalid(message).param("allowed_payment_method_types"));
    }
    let Some(mut automatic) = params.object("automatic_payment_methods")? else {
        let by_default = AutomaticPaymentMethods::WithRedirects;
        return Ok(listed.is_empty().then_some(by_default));
    };
    let enabled = automatic.boolean("enabled")?.unwrap_or(false);
    let redirects = automatic.text("allow_redirects")?;
    automatic.finish()?;
    if enabled && !listed.is_empty() {
        let message = "You may only specify one of these parameters: automatic_payment_methods, \
                       allowed_payment_method_types.";
        return Err(ApiError::invalid(message));
    }
    match redirects.as_deref() {
        None | Some("always") => Ok(enabled.then_some(AutomaticPaymentMethods::WithRedirects)),
        Some("never") => Ok(enabled.then_some(AutomaticPaymentMethods::WithoutRedirects)),
        Some(_) => {
            let message = "Invalid allow_redirects: must be one of always or never";
            let error = ApiError::invalid(message);
            Err(error.param("automatic_payment_methods[allow_redirects]"))
        }
    }
}

fn payer(params: &mut Params) -> Result<Payer, ApiError> {
    let off_session = params.boolean("off_session")?.unwrap_or(false);
    let no_action = params.boolean("error_on_requires_action")?.unwrap_or(false);
    Ok(if off_session || no_action {
        Payer::Absent
    } else {
        Payer::Present
    })
}

/// A payment that may lead the payer away must know where to send him back.
fn must_be_able_to_return(intent: &PaymentIntent) -> Result<(), ApiError> {
    let may_redirect =
        intent.automatic_payment_methods == Some(AutomaticPaymentMethods::WithRedirects);
    if !may_redirect || intent.return_url.is_some() {
        return Ok(());
    }
    let message = "This PaymentIntent is configured to accept payment methods enabled in your \
                   Dashboard. Because some of these payment methods might redirect your customer \
                   off of your page, you must provide a `return_url`. If you don't want to accept \
                   redirect-based payment methods, set \
                   `automatic_payment_methods[enabled]` to `true` and \
                   `automatic_payment_methods[allow_redirects]` to `never` when creating Setup \
                   Intents and Payment Intents.";
    Err(ApiError::invalid(message))
}

fn without_method() -> ApiError {
    let message = "You cannot confirm this PaymentIntent because it's missing a payment method. \
                   You can either update the PaymentIntent with a payment method and then confirm \
                   it again, or confirm it again directly with a payment method or \
                   ConfirmationToken.";
    ApiError::forbidden_now("payment_intent_unexpected_state", message)
}
