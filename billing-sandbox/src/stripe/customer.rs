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

    fn json(&self, _: &World) -> Value {
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
            "invoice_prefix": self.id.to_uppercase().get(4..12),
            "invoice_settings": {
                "custom_fields": null,
                "default_payment_method": null,
                "footer": null,
                "rendering_options": null,
            },
            "livemode": false,
            "metadata": self.metadata,
            "name": self.details.name,
            "next_invoice_sequence": 1,
            "phone": self.details.phone,
            "preferred_locales": [],
            "shipping": null,
            "tax_exempt": "none",
            "test_clock": null,
        })
    }
}

pub fn create(act: &mut Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    let mut customer = Customer {
        id: new_id("cus_"),
        created: act.now,
        details: Details::default(),
        metadata: Metadata::new(),
    };
    customer.take(&mut params)?;
    params.finish()?;
    let id = customer.id.clone();
    act.world.customers.put(customer);
    act.emit("customer.created", |world| &world.customers, &id);
    retrieve(act.world, &id)
}

pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    // What is refused half-way must not have changed anything.
    let mut after = act.world.customers.find(id)?.clone();
    after.take(&mut params)?;
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
