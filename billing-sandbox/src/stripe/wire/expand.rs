//! `expand[]=latest_charge.balance_transaction`: objects in place of their ids.

use serde_json::{Value, json};

use super::error::ApiError;
use crate::stripe::world::{Object, Shelf, World};

/// Stripe's own limit. What is asked for wrongly is noticed when the request has taken effect: an
/// idempotency key keeps the error.
const DEPTH_MAX: usize = 4;

pub fn apply(world: &World, answer: &mut Value, paths: &[String]) -> Result<(), ApiError> {
    for path in paths {
        let names: Vec<&str> = path.split('.').collect();
        if names.len() > DEPTH_MAX {
            let message = format!("You cannot expand more than {DEPTH_MAX} levels of a property.");
            return Err(ApiError::invalid(message).param("expand").kept());
        }
        descend(world, answer, &names, path)?;
    }
    Ok(())
}

fn descend(world: &World, at: &mut Value, names: &[&str], path: &str) -> Result<(), ApiError> {
    let Some((name, rest)) = names.split_first() else {
        return Ok(());
    };
    if *name == "refunds" {
        add_refunds(world, at);
    }
    if *name == "line_items" {
        add_line_items(world, at);
    }
    if *name == "payments" {
        add_payments(world, at);
    }
    if *name == "subscriptions" {
        add_subscriptions(world, at);
    }
    let Some(field) = at.get_mut(*name) else {
        return Err(not_expandable(path));
    };
    match field {
        Value::Null => Ok(()),
        Value::String(id) => {
            *field = object(world, id).ok_or_else(|| not_expandable(path))?;
            descend(world, field, rest, path)
        }
        Value::Array(items) if *name == "data" => items
            .iter_mut()
            .try_for_each(|item| descend(world, item, rest, path)),
        Value::Object(_) => descend(world, field, rest, path),
        _ => Err(not_expandable(path)),
    }
}

fn not_expandable(path: &str) -> ApiError {
    ApiError::invalid(format!("This property cannot be expanded ({path}).")).kept()
}

/// A charge shows its refunds only when it is asked for them.
fn add_refunds(world: &World, charge: &mut Value) {
    let Some(fields) = charge.as_object_mut() else {
        return;
    };
    if fields.get("object").is_none_or(|kind| kind != "charge") {
        return;
    }
    let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
    let data: Vec<Value> = world
        .refunds
        .newest_first()
        .filter(|refund| refund.charge == id)
        .map(|refund| refund.json(world))
        .collect();
    let url = format!("/v1/charges/{id}/refunds");
    let refunds = json!({ "object": "list", "data": data, "has_more": false, "url": url });
    fields.insert("refunds".to_owned(), refunds);
}

/// A session shows what it is for only when it is asked for it.
fn add_line_items(world: &World, session: &mut Value) {
    let id = session.get("id").and_then(Value::as_str);
    let items = id.and_then(|id| Some(world.checkout_sessions.get(id)?.line_items()));
    if let (Some(items), Some(fields)) = (items, session.as_object_mut()) {
        fields.insert("line_items".to_owned(), items);
    }
}

/// An invoice shows how it is paid only when it is asked for it.
fn add_payments(world: &World, invoice: &mut Value) {
    let id = invoice
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_invoice = world.invoices.get(id).is_some();
    let payments = world.invoice_payments.newest_first();
    let payments = payments.filter(|payment| payment.invoice == id);
    let data: Vec<Value> = payments.map(|payment| payment.json(world)).collect();
    let url = format!("/v1/invoice_payments?invoice={id}");
    if let (true, Some(fields)) = (is_invoice, invoice.as_object_mut()) {
        let payments = json!({ "object": "list", "data": data, "has_more": false, "url": url });
        fields.insert("payments".to_owned(), payments);
    }
}

/// A customer shows the subscriptions that have not ended only when it is asked for them.
fn add_subscriptions(world: &World, customer: &mut Value) {
    let id = customer
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_customer = world.customers.get(id).is_some();
    let live = world
        .subscriptions
        .newest_first()
        .filter(|subscription| subscription.customer == id && !subscription.state.has_ended());
    let data: Vec<Value> = live.map(|subscription| subscription.json(world)).collect();
    let url = format!("/v1/customers/{id}/subscriptions");
    if let (true, Some(fields)) = (is_customer, customer.as_object_mut()) {
        let subscriptions =
            json!({ "object": "list", "data": data, "has_more": false, "url": url });
        fields.insert("subscriptions".to_owned(), subscriptions);
    }
}

fn object(world: &World, id: &str) -> Option<Value> {
    fn of<T: Object>(world: &World, shelf: &Shelf<T>, id: &str) -> Option<Value> {
        shelf.get(id).map(|object| object.json(world))
    }
    let (prefix, _) = id.split_once('_')?;
    match prefix {
        "cs" => of(world, &world.checkout_sessions, id),
        "cus" => of(world, &world.customers, id),
        "pi" => of(world, &world.payment_intents, id),
        "pm" => of(world, &world.payment_methods, id),
        "ch" => of(world, &world.charges, id),
        "re" => of(world, &world.refunds, id),
        "du" => of(world, &world.disputes, id),
        "sub" => of(world, &world.subscriptions, id),
        "in" => of(world, &world.invoices, id),
        "clock" => (world.clock.held_id() == Some(id)).then(|| world.clock.json()),
        "txn" => of(world, &world.balance_transactions, id),
        _ => None,
    }
}
