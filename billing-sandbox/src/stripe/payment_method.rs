//! Payment methods: test cards as callers name or describe them.

use serde_json::{Value, json};

use crate::stripe::card::{Behaviour, CARDS, LIVE_CARD, TestCard};
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::Page;
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Act, Object, World, new_id};

#[derive(Debug)]
pub struct PaymentMethod {
    id: String,
    created: i64,
    card: &'static TestCard,
    /// Whose it is, once it can pay what comes later.
    pub customer: Option<String>,
    /// Whether its owner has agreed to payments in their absence, where the card asks for that.
    pub is_set_up: bool,
}

impl Object for PaymentMethod {
    const NOUN: &'static str = "PaymentMethod";
    const PARAM: &'static str = "payment_method";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, _: &World) -> Value {
        let mut card = self.card_json();
        if let Some(card) = card.as_object_mut() {
            card.insert(
                "networks".to_owned(),
                json!({ "available": [self.card.brand] }),
            );
        }
        json!({
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": billing_details(None),
            "card": card,
            "created": self.created,
            "customer": self.customer,
            "livemode": false,
            "metadata": {},
            "type": "card",
        })
    }
}

impl PaymentMethod {
    pub fn behaviour(&self) -> Behaviour {
        self.card.behaviour
    }

    /// As a charge shows it, and its own object.
    pub fn card_json(&self) -> Value {
        let number = self.card.number;
        json!({
            "brand": self.card.brand,
            "checks": {
                "address_line1_check": null,
                "address_postal_code_check": null,
                "cvc_check": "pass",
            },
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": format!("sandbox{}", number.get(6..).unwrap_or_default()),
            "funding": "credit",
            "last4": number.get(12..),
            "three_d_secure": null,
            "wallet": null,
        })
    }
}

pub fn billing_details(email: Option<&str>) -> Value {
    json!({
        "address": {
            "city": null, "country": null, "line1": null, "line2": null,
            "postal_code": null, "state": null,
        },
        "email": email,
        "name": null,
        "phone": null,
        "tax_id": null,
    })
}

/// The payment method that a request names or describes, and that is made of it now.
pub fn take(act: &mut Act<'_>, params: &mut Params) -> Result<Option<String>, ApiError> {
    let named = params.text("payment_method")?;
    let described = params.object("payment_method_data")?;
    match (named, described) {
        (None, None) => Ok(None),
        (Some(name), None) => named_method(act, &name).map(Some),
        (None, Some(data)) => described_method(act, data).map(Some),
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: payment_method, \
                           payment_method_data.";
            Err(ApiError::invalid(message))
        }
    }
}

/// A payment method of the card with this number.
pub fn of_number(act: &mut Act<'_>, number: &str) -> Result<String, ApiError> {
    let digits: String = number
        .chars()
        .filter(|sign| !sign.is_whitespace())
        .collect();
    let is_a_number =
        (12..=19).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_a_number {
        let error = ApiError::card("incorrect_number", "Your card number is incorrect.");
        return Err(error.param("number"));
    }
    match CARDS.iter().find(|card| card.number == digits) {
        Some(card) => Ok(put(act, card)),
        None => Err(LIVE_CARD.error()),
    }
}

/// Leaves it for what the customer is to pay later.
pub fn attach(act: &mut Act<'_>, id: &str, customer: &str) -> Result<(), ApiError> {
    let method = act.world.payment_methods.find_mut(id)?;
    match &method.customer {
        Some(owner) if owner == customer => return Ok(()),
        Some(_) => {
            let message = "This PaymentMethod is already attached to another Customer.";
            return Err(ApiError::invalid(message).param("customer"));
        }
        None => method.customer = Some(customer.to_owned()),
    }
    act.emit(
        "payment_method.attached",
        |world| &world.payment_methods,
        id,
    );
    Ok(())
}

/// `/v1/payment_methods/{id}/attach`: a card that its bank refuses at once cannot be left.
pub fn attach_by_request(
    act: &mut Act<'_>,
    name: &str,
    mut params: Params,
) -> Result<Value, ApiError> {
    let customer = params.required_text("customer")?;
    params.finish()?;
    if act.world.customers.get(&customer).is_none() {
        return Err(ApiError::missing("customer", &customer, "customer"));
    }
    let id = named_method(act, name)?;
    if let Behaviour::Declines(decline) = act.world.payment_methods.find(&id)?.behaviour() {
        return Err(decline.error());
    }
    attach(act, &id, &customer)?;
    retrieve(act.world, &id)
}

/// Those of one customer.
pub fn list(world: &World, mut params: Params) -> Result<Value, ApiError> {
    let customer = params.text("customer")?;
    list_of(world, customer.as_deref(), "/v1/payment_methods", params)
}

pub fn list_of_customer(world: &World, id: &str, params: Params) -> Result<Value, ApiError> {
    world.customers.find(id)?;
    let url = format!("/v1/customers/{id}/payment_methods");
    list_of(world, Some(id), &url, params)
}

fn list_of(
    world: &World,
    customer: Option<&str>,
    url: &str,
    mut params: Params,
) -> Result<Value, ApiError> {
    let page = Page::take(&mut params)?;
    params.ignore(&["allow_redisplay", "type"]);
    params.finish()?;
    page.of(world, &world.payment_methods, url, |method| {
        method.customer.is_some() && (customer.is_none() || method.customer.as_deref() == customer)
    })
}

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.payment_methods.find(id)?.json(world))
}

pub fn create(act: &mut Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    params.ignore(&["metadata"]);
    let id = described_method(act, params)?;
    retrieve(act.world, &id)
}

fn named_method(act: &mut Act<'_>, name: &str) -> Result<String, ApiError> {
    if act.world.payment_methods.get(name).is_some() {
        return Ok(name.to_owned());
    }
    match CARDS.iter().find(|card| card.names.contains(&name)) {
        Some(card) => Ok(put(act, card)),
        None => Err(ApiError::missing("PaymentMethod", name, "payment_method")),
    }
}

fn described_method(act: &mut Act<'_>, mut data: Params) -> Result<String, ApiError> {
    let kind = data.required_text("type")?;
    if kind != "card" {
        let message = format!("The payment method type provided: {kind} is invalid.");
        return Err(ApiError::invalid(message).param("payment_method_data[type]"));
    }
    data.ignore(&["allow_redisplay", "billing_details", "metadata"]);
    let Some(mut card) = data.object("card")? else {
        let error = ApiError::invalid("Missing required param: card.");
        return Err(error
            .code("parameter_missing")
            .param("payment_method_data[card]"));
    };
    let number = card.required_text("number")?;
    card.ignore(&["cvc", "exp_month", "exp_year", "networks"]);
    card.finish()?;
    data.finish()?;
    of_number(act, &number)
}

fn put(act: &mut Act<'_>, card: &'static TestCard) -> String {
    let id = new_id("pm_");
    act.world.payment_methods.put(PaymentMethod {
        id: id.clone(),
        created: act.now,
        card,
        customer: None,
        is_set_up: false,
    });
    id
}
