//! The portal's page, and the table of all subscriptions.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{self, Path};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;

use super::PortalSession;
use crate::html::{button, escape, page as whole_page, respond, state, unknown};
use crate::stripe::Stripe;
use crate::stripe::invoice::{Invoice, State as InvoiceState};
use crate::stripe::page::{cards, leads_away};
use crate::stripe::subscription::Subscription;
use crate::stripe::world::World;

/// How much of the table is shown.
const ROWS_MAX: usize = 50;

pub async fn serve(
    extract::State(stripe): extract::State<Arc<Stripe>>,
    Path(id): Path<String>,
) -> Response {
    let world = stripe.lock();
    match world.portal_sessions.get(&id) {
        Some(session) => respond(StatusCode::OK, page(&world, session), "'self'"),
        None => respond(StatusCode::NOT_FOUND, unknown(&id), "'self'"),
    }
}

/// All subscriptions, newest first, and their clock.
pub fn table(world: &World) -> String {
    let mut rows = String::new();
    for subscription in world.subscriptions.newest_first().take(ROWS_MAX) {
        let _ = writeln!(
            rows,
            "<tr><td><code>{}</code></td><td class=\"amount\">{}</td><td>{}</td><td>{}</td>\
             <td>{}</td></tr>",
            escape(&subscription.id),
            subscription.currency.show(subscription.amount()),
            state(subscription.state.name()),
            escape(&subscription.name()),
            whereto(subscription),
        );
    }
    if rows.is_empty() {
        return String::new();
    }
    let clock = world.clock.next_due().map_or_else(String::new, |next| {
        let label = format!("Advance the clock to {}", day(next));
        button("clock/advance", "", &label, "")
    });
    format!(
        "<h2>Subscriptions</h2>\n{clock}<div class=\"wide\"><table>\n<tr><th>Subscription</th>\
         <th>A month</th><th>State</th><th>For</th><th></th></tr>\n{rows}</table></div>\n"
    )
}

fn page(world: &World, session: &PortalSession) -> String {
    let mut body = String::from("<h1>Billing portal</h1>\n");
    let of_customer = |subscription: &&Subscription| subscription.customer == session.customer;
    let mut any = false;
    for subscription in world.subscriptions.newest_first().filter(of_customer) {
        any = true;
        body.push_str(&one(subscription, &session.id));
    }
    if !any {
        body.push_str("<p class=\"empty\">No subscription was begun yet.</p>\n");
    }
    body.push_str("<h2>The card</h2>\n");
    let action = format!("customers/{}/card", session.customer);
    body.push_str(&button(
        &action,
        &cards(),
        "Pay with this card",
        &session.id,
    ));
    body.push_str(&invoices(world, session));
    if let Some(url) = session.return_url.as_deref().filter(|url| leads_away(url)) {
        let url = escape(url);
        let _ = writeln!(
            body,
            "<p><a href=\"{url}\" rel=\"noreferrer\">Back to the shop</a></p>"
        );
    }
    whole_page("Billing portal", &body)
}

fn one(subscription: &Subscription, session: &str) -> String {
    let id = &subscription.id;
    let press = |action: &str, label: &str| {
        button(&format!("subscriptions/{id}/{action}"), "", label, session)
    };
    let mut html = format!(
        "<h2>{}</h2>\n<p>{} a month {} {}</p>\n",
        escape(&subscription.name()),
        subscription.currency.show(subscription.amount()),
        state(subscription.state.name()),
        whereto(subscription),
    );
    if subscription.state.has_ended() {
        return html;
    }
    if subscription.ends_at().is_some() {
        html.push_str(&press("resume", "Keep it"));
    } else {
        html.push_str(&press("cancel", "Cancel at the end of the month"));
    }
    html.push_str(&press("cancel_now", "Cancel now"));
    html
}

fn whereto(subscription: &Subscription) -> String {
    if subscription.state.has_ended() {
        return String::new();
    }
    match subscription.ends_at() {
        Some(end) => format!("ends on {}", day(end)),
        None => format!("next on {}", day(subscription.period().1)),
    }
}

fn invoices(world: &World, session: &PortalSession) -> String {
    let mut rows = String::new();
    let of_customer = |invoice: &&Invoice| invoice.customer == session.customer;
    for invoice in world
        .invoices
        .newest_first()
        .filter(of_customer)
        .take(ROWS_MAX)
    {
        let pay = if invoice.state == InvoiceState::Open {
            let action = format!("invoices/{}/pay", invoice.id);
            button(&action, "", "Pay now", &session.id)
        } else {
            String::new()
        };
        let _ = writeln!(
            rows,
            "<tr><td>{}</td><td>{}</td><td class=\"amount\">{}</td><td>{}</td><td>{pay}</td></tr>",
            escape(invoice.number.as_deref().unwrap_or("draft")),
            day(invoice.created),
            invoice.currency.show(invoice.total()),
            state(invoice.state.name()),
        );
    }
    if rows.is_empty() {
        return String::new();
    }
    format!("<h2>Invoices</h2>\n<div class=\"wide\"><table>\n{rows}</table></div>\n")
}

/// A day of the clock, in UTC.
fn day(second: i64) -> String {
    let at = Timestamp::from_second(second);
    at.map_or_else(|_| "never".to_owned(), |at| at.strftime("%F").to_string())
}
