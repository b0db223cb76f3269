//! All payments, the webhooks, and what is to go wrong.

use std::fmt::Write;

use crate::fault::{RequestFault, RequestKind};
use crate::fondy::{self, callback};
use crate::html::{ago, button, escape, page as whole_page, state};
use crate::network::Network;
use crate::providers::{Providers, request_kinds};
use crate::stripe::event::oddity::Oddity;
use crate::stripe::world::World;
use crate::stripe::{checkout, portal};
use crate::webhook::{Delivery, DeliveryState};

/// How much of each table is shown.
const ROWS_MAX: usize = 50;

pub fn page(providers: &Providers) -> String {
    let faults_left = providers.faults_left();
    // The providers before the network, as acts lock them.
    let (payments, sessions, subscriptions) = {
        let world = providers.stripe.lock();
        (
            payments(&world),
            checkout::page::table(&world),
            portal::page::table(&world),
        )
    };
    let orders = fondy::page::table(&providers.fondy.lock());
    let network = providers.running.network();
    let body = [
        payments,
        sessions,
        subscriptions,
        orders,
        deliveries(&network),
        mode(&network),
        faults(faults_left),
    ]
    .concat();
    drop(network);
    whole_page("Payments", &body)
}

fn payments(world: &World) -> String {
    let mut html = String::from("<h1>Payments</h1>\n");
    let mut rows = String::new();
    for intent in world.payment_intents.newest_first().take(ROWS_MAX) {
        let _ = writeln!(
            rows,
            "<tr><td><a href=\"/?payment_intent={id}\"><code>{id}</code></a></td>\
             <td class=\"amount\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            intent.currency.show(intent.amount),
            state(intent.state.name()),
            escape(intent.details.description.as_deref().unwrap_or_default()),
            ago(intent.created),
            id = escape(&intent.id),
        );
    }
    if rows.is_empty() {
        html.push_str("<p class=\"empty\">None yet: make one by the API.</p>\n");
    } else {
        let _ = write!(
            html,
            "<div class=\"wide\"><table>\n<tr><th>Payment</th><th>Amount</th><th>State</th>\
             <th>Description</th><th>Made</th></tr>\n{rows}</table></div>\n"
        );
    }
    html.push_str(&button("foreign", "", "A payment that is not ours", ""));
    html
}

fn deliveries(network: &Network) -> String {
    let webhooks = &network.webhooks;
    let urls = escape(&webhooks.urls().join(" "));
    let field = format!(
        "<label>Told of Stripe's events <input name=\"urls\" size=\"60\" value=\"{urls}\" \
         placeholder=\"http://127.0.0.1:8080/webhooks/stripe\"></label>"
    );
    let mut html = String::from("<h2>Webhooks</h2>\n");
    html.push_str(&button("webhooks", &field, "Set", ""));
    let withheld = |delivery: &&Delivery| delivery.state == DeliveryState::Withheld;
    let count = webhooks.newest_first().filter(withheld).count();
    if count > 0 {
        html.push_str(&button(
            "release",
            "",
            &format!("Release {count} withheld"),
            "",
        ));
    }
    let mut rows = String::new();
    for delivery in webhooks.newest_first().take(ROWS_MAX) {
        let answer = delivery
            .attempts
            .last()
            .map_or_else(String::new, |attempt| attempt.answer.show());
        let again = button(
            &format!("deliveries/{}/redeliver", delivery.id),
            "",
            "Send again",
            "",
        );
        let _ = writeln!(
            rows,
            "<tr><td>{}<br><code>{}</code></td><td><code>{}</code></td><td>{}</td><td>{}</td>\
             <td>{}</td><td>{again}</td></tr>",
            escape(&delivery.message.event_type),
            escape(&delivery.message.event_id),
            escape(&delivery.url),
            state(delivery.state.name()),
            delivery.attempts.len(),
            escape(&answer),
        );
    }
    if !rows.is_empty() {
        let _ = write!(
            html,
            "<div class=\"wide\"><table>\n<tr><th>Event</th><th>To</th><th>State</th><th>Tries</th>\
             <th>Last answer</th><th></th></tr>\n{rows}</table></div>\n"
        );
    }
    html
}

fn mode(network: &Network) -> String {
    let mode = network.webhooks.mode;
    let tick = |name: &str, label: &str, on: bool| {
        let checked = if on { " checked" } else { "" };
        format!("<label><input type=\"checkbox\" name=\"{name}\"{checked}> {label}</label>")
    };
    let fields = format!(
        "{}{}{}<label>Copies <input type=\"number\" name=\"copies\" min=\"1\" max=\"100\" \
         value=\"{}\"></label><label>Delay in ms <input type=\"number\" name=\"delay_ms\" min=\"0\" \
         value=\"{}\"></label>",
        tick("withhold", "Withhold", mode.withhold),
        tick("reverse", "Release in reverse", mode.reverse),
        tick("form", "Fondy's as forms", mode.form),
        mode.copies.max(1),
        mode.delay.as_millis(),
    );
    format!(
        "<h2>How events are delivered from now on</h2>\n{}",
        button("mode", &fields, "Set", "")
    )
}

fn faults(left: u64) -> String {
    let options = |names: &mut dyn Iterator<Item = &str>| {
        names.fold(String::new(), |mut options, name| {
            let _ = write!(
                options,
                "<option value=\"{name}\">{}</option>",
                name.replace('_', " ")
            );
            options
        })
    };
    let times = "<label>Times <input type=\"number\" name=\"times\" min=\"1\" value=\"1\"></label>";
    let requests = format!(
        "<label>The next <select name=\"request\"><option value=\"any\">any</option>{}</select> \
         request</label> <label>goes wrong: <select name=\"fault\">{}</select></label>{times}",
        options(&mut request_kinds().map(|RequestKind(name)| name)),
        options(&mut RequestFault::NAMES.iter().copied()),
    );
    let events = format!(
        "<label>The next event <input name=\"event\" value=\"payment_intent.succeeded\" \
         size=\"28\"></label> <label>is told oddly: <select name=\"fault\">{}</select></label>{times}",
        options(&mut Oddity::ALL.iter().map(|(name, _)| *name)),
    );
    let callbacks = format!(
        "<label>Fondy's next <select name=\"event\">{}</select></label> <label>is told oddly: \
         <select name=\"fault\">{}</select></label>{times}",
        options(&mut callback::TYPES.into_iter()),
        options(&mut callback::Oddity::ALL.iter().map(|(name, _)| *name)),
    );
    let forget = if left == 0 {
        String::new()
    } else {
        button("faults/forget", "", &format!("Forget {left} planned"), "")
    };
    format!(
        "<h2>What goes wrong</h2>\n<div>{}</div>\n<div>{}</div>\n<div>{}</div>\n{forget}",
        button("faults", &requests, "Plan", ""),
        button("faults", &callbacks, "Plan", ""),
        button("faults", &events, "Plan", ""),
    )
}
