//! Customers: who pays.

use serde_json::{Value, json};

use crate::stripe::metadata;
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::list::{Created, Page};
use crate::stripe::wire::params::Params;
use crate::stripe::world::{Act, Metadata, Object, World, new_id};

#[derive(Clone, Debug)]
pub struct Customer {
    id: String,
    created: i64,
    details: Details,
    metadata: Metadata,
    /// What pays a subscription that names nothing itself.
    pub default_payment_method: Option<String>,
    /// How many invoices have a number.
    invoices: u32,
}

#[derive(Clone, Debug, Default)]
struct Details {
    email: Option<String>,
    name: Option<String>,
    phone: Option<String>,
    description: Option<String>,
}

impl Object for Customer {
    const NOUN: &'static str = "customer";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, world: &World) -> Value {
        json!({
            "id": self.id,
            "object": "customer",
            "address": null,
            "balance": 0,
            "created": self.created,
            "currency": null,
            "default_source": null,
            "delinquent": false,
            "description": self.details.description,
            "email": self.details.email,
            "invoice_prefix": self.invoice_prefix(),
            "invoice_settings": {
                "custom_fields": null,
                "default_payment_method": self.default_payment_method,
                "footer": null,
                "rendering_options": null,
            },
            "livemode": false,
            "metadata": self.metadata,
            "name": self.details.name,
            "next_invoice_sequence": self.invoices.saturating_add(1),
            "phone": self.details.phone,
            "preferred_locales": [],
            "shipping": null,
            "tax_exempt": "none",
            "test_clock": world.clock.held_id(),
        })
    }
}

pub fn create(act: &mut Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    let mut customer = Customer::new(act.now);
    customer.take(&mut params)?;
    if let Some(clock) = params.text("test_clock")?
        && act.world.clock.held_id() != Some(clock.as_str())
    {
        return Err(ApiError::missing("test_clock", &clock, "test_clock"));
    }
    params.finish()?;
    let id = put(act, customer);
    retrieve(act.world, &id)
}

/// A customer for whoever pays on a page without being one; the id.
pub fn create_for(act: &mut Act<'_>, email: Option<String>) -> String {
    let mut customer = Customer::new(act.now);
    customer.details.email = email;
    put(act, customer)
}

fn put(act: &mut Act<'_>, customer: Customer) -> String {
    let id = customer.id.clone();
    act.world.customers.put(customer);
    act.emit("customer.created", |world| &world.customers, &id);
    id
}

/// Lets it pay subscriptions that name nothing themselves. The customer must have it.
pub fn set_default_payment_method(
    act: &mut Act<'_>,
    id: &str,
    method: &str,
) -> Result<(), ApiError> {
    act.world.customers.find_mut(id)?.default_payment_method = Some(method.to_owned());
    act.emit("customer.updated", |world| &world.customers, id);
    Ok(())
}

pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    // What is refused half-way must not have changed anything.
    let mut after = act.world.customers.find(id)?.clone();
    after.take(&mut params)?;
    if let Some(mut settings) = params.object("invoice_settings")? {
        if let Some(method) = settings.text("default_payment_method")? {
            let known = act.world.payment_methods.get(&method);
            if known.and_then(|known| known.customer.as_deref()) != Some(id) {
                let message = format!(
                    "The customer does not have a payment method with the ID {method}. The payment \
                     method must be attached to the customer."
                );
                let error = ApiError::invalid(message).code("resource_missing");
                return Err(error.param("invoice_settings[default_payment_method]"));
            }
            after.default_payment_method = Some(method);
        }
        settings.ignore(&["custom_fields", "footer", "rendering_options"]);
        settings.finish()?;
    }
    params.finish()?;
    *act.world.customers.find_mut(id)? = after;
    act.emit("customer.updated", |world| &world.customers, id);
    retrieve(act.world, id)
}

pub fn retrieve(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(world.customers.find(id)?.json(world))
}

pub fn list(world: &World, mut params: Params) -> Result<Value, ApiError> {
    let page = Page::take(&mut params)?;
    let created = Created::take(&mut params)?;
    let email = params.text("email")?;
    params.finish()?;
    page.of(world, &world.customers, "/v1/customers", |customer| {
        created.holds(customer.created) && (email.is_none() || customer.details.email == email)
    })
}

impl Customer {
    fn new(now: i64) -> Self {
        Self {
            id: new_id("cus_"),
            created: now,
            details: Details::default(),
            metadata: Metadata::new(),
            default_payment_method: None,
            invoices: 0,
        }
    }

    pub fn email(&self) -> Option<&str> {
        self.details.email.as_deref()
    }

    pub fn name(&self) -> Option<&str> {
        self.details.name.as_deref()
    }

    fn invoice_prefix(&self) -> String {
        let unprefixed = self.id.trim_start_matches("cus_");
        unprefixed
            .chars()
            .take(8)
            .collect::<String>()
            .to_uppercase()
    }

    pub fn next_invoice_number(&mut self) -> String {
        self.invoices = self.invoices.saturating_add(1);
        format!("{}-{:04}", self.invoice_prefix(), self.invoices)
    }

    fn take(&mut self, params: &mut Params) -> Result<(), ApiError> {
        let details = &mut self.details;
        for (name, field) in [
            ("email", &mut details.email),
            ("name", &mut details.name),
            ("phone", &mut details.phone),
            ("description", &mut details.description),
        ] {
            if let Some(text) = params.text(name)? {
                *field = Some(text);
            }
        }
        if let Some(email) = &self.details.email
            && !email.contains('@')
        {
            let message = format!("Invalid email address: {email}");
            return Err(ApiError::invalid(message)
                .code("email_invalid")
                .param("email"));
        }
        params.ignore(&["address", "preferred_locales", "shipping", "tax_exempt"]);
        metadata::update(&mut self.metadata, params)
    }
}
