//! One payment, and what its payer and the bank can do.

use std::fmt::Write;

use crate::currency::Currency;
use crate::html::{ago, button, escape, page as whole_page, state};
use crate::stripe::card::CARDS;
use crate::stripe::charge::Charge;
use crate::stripe::dispute::{Dispute, Status};
use crate::stripe::payment_intent::{PaymentIntent, State};
use crate::stripe::refund::{self, Refund};
use crate::stripe::world::World;

pub fn page(world: &World, id: &str) -> Option<String> {
    let intent = world.payment_intents.get(id)?;
    let currency = intent.currency;
    let mut body = format!(
        "<h1>{} {}</h1>\n{}",
        currency.show(intent.amount),
        state(intent.state.name()),
        facts(world, intent),
    );
    body.push_str(&payer_actions(intent));
    if let Some(return_url) = intent.return_url.as_deref().filter(|url| leads_away(url)) {
        let _ = writeln!(
            body,
            "<p><a href=\"{}\" rel=\"noreferrer\">Back to where the payer came from</a></p>",
            escape(return_url)
        );
    }
    if let Some(charge) = latest_charge(world, intent).filter(|charge| charge.is_paid()) {
        body.push_str(&reversal_actions(intent, charge));
        body.push_str(&refunds(world, intent));
        body.push_str(&disputes(world, intent));
    }
    Some(whole_page(&intent.id, &body))
}

fn latest_charge<'a>(world: &'a World, intent: &PaymentIntent) -> Option<&'a Charge> {
    world.charges.get(intent.latest_charge.as_ref()?)
}

/// A page must not offer a link that runs a script.
pub fn leads_away(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn facts(world: &World, intent: &PaymentIntent) -> String {
    let mut rows = vec![
        ("Payment".to_owned(), intent.id.clone()),
        ("Made".to_owned(), ago(intent.created)),
    ];
    let texts = [
        ("Customer", &intent.customer),
        ("Description", &intent.details.description),
        ("Receipt to", &intent.details.receipt_email),
        ("Latest charge", &intent.latest_charge),
        ("Invoice", &intent.invoice),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            rows.push((name.to_owned(), text.clone()));
        }
    }
    if let Some(charge) = latest_charge(world, intent).filter(|charge| charge.amount_refunded > 0) {
        let refunded = charge.currency.show(charge.amount_refunded);
        rows.push(("Given back".to_owned(), refunded));
    }
    let message = intent
        .last_payment_error
        .as_ref()
        .and_then(|error| error.get("message")?.as_str());
    if let Some(message) = message {
        rows.push(("Last error".to_owned(), message.to_owned()));
    }
    for (key, value) in &intent.metadata {
        rows.push((format!("metadata: {key}"), value.clone()));
    }
    let mut list = String::from("<dl>\n");
    for (name, text) in rows {
        let _ = writeln!(list, "<dt>{}</dt><dd>{}</dd>", escape(&name), escape(&text));
    }
    if let Some(session) = &intent.checkout_session {
        let _ = writeln!(
            list,
            "<dt>Checkout Session</dt><dd><a href=\"/c/pay/{id}\"><code>{id}</code></a></dd>",
            id = escape(session)
        );
    }
    list.push_str("</dl>\n");
    list
}

fn payer_actions(intent: &PaymentIntent) -> String {
    let id = &intent.id;
    let press = |action: &str, fields: &str, label: &str| {
        button(&format!("payments/{id}/{action}"), fields, label, id)
    };
    let mut forms = String::from("<h2>The payer and the bank</h2>\n");
    let is_open = !matches!(intent.state, State::Succeeded | State::Canceled { .. });
    if intent.checkout_session.is_some() && is_open {
        forms.push_str("<p>It is paid on the page of its Checkout Session.</p>\n");
        return forms;
    }
    // What an invoice asks for ends with the invoice.
    let cancel = match intent.invoice {
        None => press("cancel", "", "Cancel"),
        Some(_) => String::new(),
    };
    match intent.state {
        State::RequiresPaymentMethod | State::RequiresConfirmation => {
            forms.push_str(&press("pay", &cards(), "Pay"));
            forms.push_str(&press("decline", "", "Decline"));
            forms.push_str(&press("delay", "", "Delay (processing)"));
            forms.push_str(&cancel);
        }
        State::RequiresAction => {
            forms.push_str(&press("authenticate", "", "Authenticate"));
            forms.push_str(&press("fail_authentication", "", "Fail 3-D Secure"));
            forms.push_str(&cancel);
        }
        State::Processing => {
            forms.push_str(&press("complete", "", "Complete"));
            forms.push_str(&press("fail", "", "Fail"));
            forms.push_str(&cancel);
        }
        State::Succeeded | State::Canceled { .. } => {
            forms.push_str("<p class=\"empty\">Nothing is left to be done.</p>\n");
        }
    }
    forms
}

pub fn cards() -> String {
    let mut options = String::from("<label>Card <select name=\"card\">");
    for card in &CARDS {
        let (number, caption) = (card.number, escape(card.caption));
        let _ = write!(
            options,
            "<option value=\"{number}\">{number} {caption}</option>"
        );
    }
    options.push_str("</select></label>");
    options
}

fn reversal_actions(intent: &PaymentIntent, charge: &Charge) -> String {
    let id = &intent.id;
    let amount = |most: i64| {
        format!(
            "<label>Minor units <input type=\"number\" name=\"amount\" min=\"1\" max=\"{most}\" \
             value=\"{most}\"></label>"
        )
    };
    let mut forms = String::from("<h2>Taking it back</h2>\n");
    if charge.refundable() > 0 {
        let action = format!("payments/{id}/refund");
        forms.push_str(&button(&action, &amount(charge.refundable()), "Refund", id));
        if charge.dispute.is_none() {
            let action = format!("payments/{id}/dispute");
            forms.push_str(&button(
                &action,
                &amount(charge.refundable()),
                "Dispute",
                id,
            ));
            forms.push_str(&button(
                &format!("payments/{id}/inquire"),
                "",
                "Inquire",
                id,
            ));
        }
    } else {
        forms.push_str("<p class=\"empty\">Everything was given back.</p>\n");
    }
    forms
}

fn refunds(world: &World, intent: &PaymentIntent) -> String {
    let of_this = |refund: &&Refund| refund.payment_intent == intent.id;
    let mut rows = String::new();
    for refund in world.refunds.newest_first().filter(of_this) {
        let actions: &[(&str, &str)] = match refund.state {
            refund::State::Pending => &[
                ("complete", "Complete"),
                ("fail", "Fail"),
                ("cancel", "Cancel"),
            ],
            refund::State::Succeeded => &[("fail", "Fail after all")],
            refund::State::Failed { .. } | refund::State::Canceled { .. } => &[],
        };
        let row = Row {
            kind: "refunds",
            id: &refund.id,
            amount: refund.amount,
            currency: refund.currency,
            state: refund.state.name(),
        };
        rows.push_str(&row.html(actions, &intent.id));
    }
    table("Refunds", &rows)
}

fn disputes(world: &World, intent: &PaymentIntent) -> String {
    let of_this = |dispute: &&Dispute| dispute.payment_intent == intent.id;
    let mut rows = String::new();
    for dispute in world.disputes.newest_first().filter(of_this) {
        let actions: &[(&str, &str)] = match dispute.status {
            Status::WarningNeedsResponse => &[("escalate", "Escalate"), ("close", "Close")],
            Status::NeedsResponse => &[("win", "Win"), ("lose", "Lose")],
            Status::Won => &[("overturn", "Overturn")],
            Status::WarningClosed | Status::Lost => &[],
        };
        let row = Row {
            kind: "disputes",
            id: &dispute.id,
            amount: dispute.amount,
            currency: dispute.currency,
            state: dispute.status.name(),
        };
        rows.push_str(&row.html(actions, &intent.id));
    }
    table("Disputes", &rows)
}

/// A refund or a dispute in a table.
struct Row<'a> {
    kind: &'static str,
    id: &'a str,
    amount: i64,
    currency: Currency,
    state: &'static str,
}

impl Row<'_> {
    fn html(&self, actions: &[(&str, &str)], back: &str) -> String {
        let mut buttons = String::new();
        for (action, label) in actions {
            let action = format!("{}/{}/{action}", self.kind, self.id);
            buttons.push_str(&button(&action, "", label, back));
        }
        format!(
            "<tr><td><code>{}</code></td><td class=\"amount\">{}</td><td>{}</td>\
             <td>{buttons}</td></tr>\n",
            escape(self.id),
            self.currency.show(self.amount),
            state(self.state),
        )
    }
}

fn table(title: &str, rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("<h2>{title}</h2>\n<div class=\"wide\"><table>\n{rows}</table></div>\n")
}
