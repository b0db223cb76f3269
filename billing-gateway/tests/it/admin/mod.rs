//! What administrators see and do, over the real core.

mod access;
mod accounts;
mod givers;
mod money;
mod prices;
mod switches;

use billing_proto::v1::{Decision, PlaceHoldRequest};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::gateway::{Gateway, account, micros, token_of};
use crate::payments::Stripe;
use crate::stage::{Stage, good};

/// An administrator of the tenant.
fn administrator() -> String {
    token_of(&json!({"userId": "root", "role": "admin"}))
}

/// A request of an administrator's to a path under `/api/admin/`.
fn asked(gateway: &Gateway, method: Method, path: &str) -> RequestBuilder {
    gateway
        .request(method, &format!("/api/admin/{path}"))
        .bearer_auth(administrator())
}

impl Stage<Stripe> {
    fn admin(&self, method: Method, path: &str) -> RequestBuilder {
        asked(&self.gateway, method, path)
    }

    async fn read(&self, path: &str) -> Value {
        good(self.admin(Method::GET, path)).await
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.admin(Method::POST, path).json(body)
    }

    fn put(&self, path: &str, body: &Value) -> RequestBuilder {
        self.admin(Method::PUT, path).json(body)
    }

    async fn holds(&self, user: &str, key: &str, amount: i64) -> Decision {
        let request = PlaceHoldRequest {
            account: Some(account(user)),
            idempotency_key: key.to_owned(),
            cost: Some(micros(amount)),
            ..PlaceHoldRequest::default()
        };
        let answer = self.core.balance().place_hold(request).await.unwrap();
        answer.into_inner().decision()
    }
}

/// Every route for administrators that the OpenAPI document has, with something in the place of names.
fn routes() -> Vec<(Method, String)> {
    let document: Value = serde_json::from_str(&billing_gateway::openapi_json().unwrap()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/admin") {
            continue;
        }
        let path = path.replace("{id}", "u").replace("{tool}", "search");
        let path = path.replace("{name}", "payments");
        for method in item.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
            routes.push((method, path.clone()));
        }
    }
    routes
}
