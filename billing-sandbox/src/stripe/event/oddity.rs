//! Events that are authentic and not what one expects.

use serde_json::{Map, Value, json};

use crate::stripe::world::{Object, World, new_id};

/// How an event differs from what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// It tells of another amount than was paid.
    OtherAmount,
    /// It tells of another currency.
    OtherCurrency,
    /// It claims to be about real money.
    Livemode,
    /// It has the shape that an old version of the API had.
    OldShape,
    /// It names its object and does not show it.
    Thin,
    /// Nobody has heard of its type.
    UnknownType,
    /// It has no object where one belongs.
    NullObject,
    /// It is about a payment that nobody here made.
    Foreign,
}

impl Oddity {
    pub const ALL: [(&'static str, Self); 8] = [
        ("other_amount", Self::OtherAmount),
        ("other_currency", Self::OtherCurrency),
        ("livemode", Self::Livemode),
        ("old_shape", Self::OldShape),
        ("thin", Self::Thin),
        ("unknown_type", Self::UnknownType),
        ("null_object", Self::NullObject),
        ("foreign", Self::Foreign),
    ];
}

pub fn apply(oddity: Oddity, mut event: Value, world: &World) -> Value {
    match oddity {
        Oddity::OtherAmount => with_object(&mut event, |object| {
            for name in [
                "amount",
                "amount_received",
                "amount_total",
                "amount_due",
                "amount_paid",
                "total",
            ] {
                if let Some(amount) = object.get(name).and_then(Value::as_i64) {
                    object.insert(name.to_owned(), amount.saturating_add(100).into());
                }
            }
        }),
        Oddity::OtherCurrency => with_object(&mut event, |object| {
            let other = if object.get("currency").is_some_and(|code| code == "eur") {
                "usd"
            } else {
                "eur"
            };
            object.insert("currency".to_owned(), other.into());
        }),
        Oddity::Livemode => {
            set(&mut event, "livemode", true.into());
            with_object(&mut event, |object| {
                object.insert("livemode".to_owned(), true.into());
            });
        }
        Oddity::OldShape => make_old(&mut event, world),
        Oddity::Thin => return thin(&event),
        Oddity::UnknownType => set(&mut event, "type", "payment_intent.teleported".into()),
        Oddity::NullObject => set(&mut event, "data", json!({ "object": null })),
        Oddity::Foreign => with_object(&mut event, |object| {
            let kind = object.get("object").and_then(Value::as_str);
            let is_session = kind == Some("checkout.session");
            let prefix = match kind {
                Some("checkout.session") => "cs_test_",
                Some("invoice") => "in_",
                Some("subscription") => "sub_",
                _ => "pi_",
            };
            object.insert("id".to_owned(), new_id(prefix).into());
            if object.contains_key("parent") {
                object.insert("parent".to_owned(), Value::Null);
            }
            object.insert("metadata".to_owned(), json!({}));
            if is_session {
                object.insert("client_reference_id".to_owned(), Value::Null);
                object.insert("payment_intent".to_owned(), Value::Null);
            }
            object.insert("customer".to_owned(), Value::Null);
        }),
    }
    event
}

fn set(event: &mut Value, name: &str, value: Value) {
    if let Some(fields) = event.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn with_object(event: &mut Value, edit: impl FnOnce(&mut Map<String, Value>)) {
    if let Some(object) = event
        .pointer_mut("/data/object")
        .and_then(Value::as_object_mut)
    {
        edit(object);
    }
}

/// Before 2022-11-15 a payment intent carried its charges, and did not name the latest. Before 2025-03-31
/// an invoice named its subscription, and a subscription the period of its items.
fn make_old(event: &mut Value, world: &World) {
    set(event, "api_version", "2019-12-03".into());
    with_object(event, |object| {
        match object.get("object").and_then(Value::as_str) {
            Some("invoice") => make_old_invoice(object, world),
            Some("subscription") => make_old_subscription(object),
            _ => make_old_payment(object, world),
        }
    });
}

fn make_old_invoice(invoice: &mut Map<String, Value>, world: &World) {
    let text = |name: &str| invoice.get(name).and_then(Value::as_str);
    let known = text("id").and_then(|id| world.invoices.get(id));
    let intent = known.and_then(|known| known.payment_intent.clone());
    let charge = intent.as_ref().and_then(|id| world.payment_intents.get(id));
    let charge = charge.and_then(|intent| intent.latest_charge.clone());
    let subscription = known.map(|known| known.subscription.clone());
    invoice.remove("parent");
    invoice.insert("subscription".to_owned(), subscription.into());
    invoice.insert("payment_intent".to_owned(), intent.into());
    invoice.insert("charge".to_owned(), charge.into());
}

fn make_old_subscription(subscription: &mut Map<String, Value>) {
    for name in ["current_period_start", "current_period_end"] {
        let items = subscription.get_mut("items");
        let item = items.and_then(|items| items.pointer_mut("/data/0")?.as_object_mut());
        let at = item.and_then(|item| item.remove(name));
        subscription.insert(name.to_owned(), at.into());
    }
}

fn make_old_payment(object: &mut Map<String, Value>, world: &World) {
    let charge = object.remove("latest_charge");
    let charge = charge
        .as_ref()
        .and_then(Value::as_str)
        .and_then(|id| world.charges.get(id));
    let data: Vec<Value> = charge
        .map(|charge| charge.json(world))
        .into_iter()
        .collect();
    let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
    let charges = json!({
        "object": "list",
        "has_more": false,
        "total_count": data.len(),
        "url": format!("/v1/charges?payment_intent={id}"),
        "data": data,
    });
    object.insert("charges".to_owned(), charges);
}

/// As `/v2/core/events` tells it.
fn thin(event: &Value) -> Value {
    let text = |pointer: &str| {
        event
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (id, kind) = (text("/data/object/id"), text("/data/object/object"));
    let created = event.get("created").and_then(Value::as_i64);
    let created = created.and_then(|second| jiff::Timestamp::from_second(second).ok());
    json!({
        "id": event.get("id"),
        "object": "v2.core.event",
        "context": null,
        "created": created.map(|created| created.to_string()),
        "livemode": false,
        "reason": null,
        "related_object": { "id": id, "type": kind, "url": format!("/v1/{kind}s/{id}") },
        "type": format!("v1.{}", text("/type")),
    })
}
