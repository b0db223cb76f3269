//! The billing portal: a page of Stripe's where a customer changes the card, ends a subscription, or keeps
//! it after all.

pub mod flow;
pub mod page;

use serde_json::{Value, json};

use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::params::{Params, web_url};
use crate::stripe::world::{Act, Object, World, new_id};

#[derive(Debug)]
pub struct PortalSession {
    pub id: String,
    created: i64,
    pub customer: String,
    return_url: Option<String>,
    url: String,
}

impl Object for PortalSession {
    const NOUN: &'static str = "billing_portal.session";

    fn id(&self) -> &str {
        &self.id
    }

    fn json(&self, _: &World) -> Value {
        json!({
            "id": self.id,
            "object": "billing_portal.session",
            "after_expiration": null,
            "configuration": "bpc_sandbox",
            "created": self.created,
            "customer": self.customer,
            "customer_account": null,
            "flow": null,
            "livemode": false,
            "locale": null,
            "on_behalf_of": null,
            "return_url": self.return_url,
            "url": self.url,
        })
    }
}

pub fn create(act: &mut Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    let customer = params.required_text("customer")?;
    if act.world.customers.get(&customer).is_none() {
        return Err(ApiError::missing("customer", &customer, "customer"));
    }
    let return_url = web_url(&mut params, "return_url")?;
    params.ignore(&["configuration", "locale"]);
    params.finish()?;
    let id = new_id("bps_");
    let session = PortalSession {
        id: id.clone(),
        created: act.now,
        customer,
        return_url,
        url: format!("{}/p/session/{id}", act.world.base_url),
    };
    let answer = session.json(act.world);
    act.world.portal_sessions.put(session);
    Ok(answer)
}
