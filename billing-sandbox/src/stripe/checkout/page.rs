//! The page of a session: what its payer sees, and what else the sandbox's user may do to it.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{self, Path};
use axum::response::Response;
use http::StatusCode;

use super::{Mode, Session, State, flow};
use crate::html::{ago, button, escape, page as whole_page, respond, state, unknown};
use crate::running::unix_now;
use crate::stripe::Stripe;
use crate::stripe::page::{cards, leads_away};
use crate::stripe::payment_intent::State as IntentState;
use crate::stripe::world::{Cause, World};

/// How much of the table is shown.
const ROWS_MAX: usize = 50;

pub async fn serve(
    extract::State(stripe): extract::State<Arc<Stripe>>,
    Path(id): Path<String>,
) -> Response {
    stripe.act(&Cause::default(), flow::expire_due);
    let world = stripe.lock();
    match world.checkout_sessions.get(&id) {
        Some(session) => respond(StatusCode::OK, page(&world, session), "'self'"),
        None => respond(StatusCode::NOT_FOUND, unknown(&id), "'self'"),
    }
}

/// All sessions, newest first.
pub fn table(world: &World) -> String {
    let mut rows = String::new();
    for session in world.checkout_sessions.newest_first().take(ROWS_MAX) {
        let _ = writeln!(
            rows,
            "<tr><td><a href=\"/c/pay/{id}\"><code>{id}</code></a></td>\
             <td class=\"amount\">{}</td><td>{} {}</td><td>{}</td><td>{}</td></tr>",
            session.currency.show(session.amount_total()),
            state(session.state.name()),
            state(session.payment_status(world)),
            escape(&name(session)),
            ago(session.created),
            id = escape(&session.id),
        );
    }
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "<h2>Checkout Sessions</h2>\n<div class=\"wide\"><table>\n<tr><th>Session</th>\
         <th>Amount</th><th>State</th><th>For</th><th>Made</th></tr>\n{rows}</table></div>\n"
    )
}

fn page(world: &World, session: &Session) -> String {
    let body = format!(
        "<h1>{} {} {}</h1>\n{}{}{}",
        session.currency.show(session.amount_total()),
        state(session.state.name()),
        state(session.payment_status(world)),
        facts(world, session),
        payer(world, session),
        ways_out(session),
    );
    whole_page(&name(session), &body)
}

/// What is paid for.
fn name(session: &Session) -> String {
    let names: Vec<&str> = session
        .items
        .iter()
        .map(|item| item.name.as_str())
        .collect();
    names.join(", ")
}

fn facts(world: &World, session: &Session) -> String {
    let mut rows = Vec::new();
    for item in &session.items {
        let mut text = item.name.clone();
        if item.price.is_some() {
            text.push_str(", each month");
        }
        if let Some(description) = &item.description {
            let _ = write!(text, ": {description}");
        }
        if item.quantity != 1 || item.adjustable.is_some() {
            let each = session.currency.show_short(item.unit_amount);
            let _ = write!(text, " ({} × {each})", item.quantity);
        }
        rows.push(("For".to_owned(), text));
    }
    rows.push(("Session".to_owned(), session.id.clone()));
    rows.push(("Made".to_owned(), ago(session.created)));
    if session.state == State::Open {
        let secs = session.expires_at.saturating_sub(unix_now()).max(0);
        rows.push(("Can be paid for".to_owned(), format!("{} min", secs / 60)));
    }
    let texts = [
        ("Customer", &session.customer),
        ("E-mail", &session.customer_email),
        ("Client reference", &session.client_reference_id),
        (
            "Subscription",
            &session.mode.subscription().map(str::to_owned),
        ),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            rows.push((name.to_owned(), text.clone()));
        }
    }
    let error = session
        .intent(world)
        .and_then(|intent| intent.last_payment_error.as_ref()?.get("message")?.as_str());
    if let Some(message) = error {
        rows.push(("Last error".to_owned(), message.to_owned()));
    }
    for (key, value) in &session.metadata {
        rows.push((format!("metadata: {key}"), value.clone()));
    }
    let mut list = String::from("<dl>\n");
    for (name, text) in rows {
        let _ = writeln!(list, "<dt>{}</dt><dd>{}</dd>", escape(&name), escape(&text));
    }
    if let Some(intent) = session.intent(world).map(|intent| &intent.id) {
        let _ = writeln!(
            list,
            "<dt>Payment</dt><dd><a href=\"/?payment_intent={id}\"><code>{id}</code></a>, where it is \
             refunded and disputed</dd>",
            id = escape(intent)
        );
    }
    list.push_str("</dl>\n");
    list
}

fn payer(world: &World, session: &Session) -> String {
    let id = &session.id;
    let press = |action: &str, fields: &str, label: &str| {
        button(&format!("sessions/{id}/{action}"), fields, label, id)
    };
    let intent_state = session.intent(world).map(|intent| &intent.state);
    let mut forms = String::from("<h2>The payer and the bank</h2>\n");
    match (session.state, intent_state) {
        (State::Open, Some(IntentState::RequiresAction)) => {
            forms.push_str(&press("authenticate", "", "Authenticate"));
            forms.push_str(&press("fail_authentication", "", "Fail 3-D Secure"));
            forms.push_str(&press("expire", "", "Expire"));
        }
        (State::Open, _) => {
            let fields = format!("{}{}", cards(), quantity(session));
            forms.push_str(&press("pay", &fields, "Pay"));
            forms.push_str(&press("decline", "", "Decline"));
            if let Mode::Payment = session.mode {
                forms.push_str(&press("pay_later", "", "Pay later"));
            }
            forms.push_str(&press("expire", "", "Expire"));
        }
        (State::Complete, Some(IntentState::Processing)) => {
            forms.push_str("<p>The payer has paid in a way whose outcome comes later.</p>\n");
            forms.push_str(&press("succeed", "", "The money arrives"));
            forms.push_str(&press("fail", "", "It does not"));
        }
        (State::Complete | State::Expired, _) => {
            forms.push_str("<p class=\"empty\">Nothing is left to be done.</p>\n");
        }
    }
    forms
}

/// A number field where the payer may change how many he takes.
fn quantity(session: &Session) -> String {
    let adjustable = session
        .items
        .iter()
        .find_map(|item| Some((item, item.adjustable?)));
    adjustable.map_or_else(String::new, |(item, (least, most))| {
        format!(
            "<label>Quantity <input type=\"number\" name=\"quantity\" min=\"{least}\" max=\"{most}\" \
             value=\"{}\"></label>",
            item.quantity
        )
    })
}

fn ways_out(session: &Session) -> String {
    let (url, label) = match session.state {
        State::Complete => (Some(session.success_url()), "On to the shop"),
        State::Open | State::Expired => (session.cancel_url(), "Back"),
    };
    url.filter(|url| leads_away(url))
        .map_or_else(String::new, |url| {
            let url = escape(&url);
            format!("<p><a href=\"{url}\" rel=\"noreferrer\">{label}</a></p>\n")
        })
}
