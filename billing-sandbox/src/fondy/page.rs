//! An order at Fondy: the page on which it is paid, and all of them in a table.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{self, Path};
use axum::response::Response;
use http::StatusCode;

use super::order::{Order, State};
use super::wire;
use super::world::World;
use super::{Fondy, Merchant, callback, flow};
use crate::html::{ago, button, escape, page as whole_page, respond, state, unknown};
use crate::running::unix_now;

/// How much of the table is shown.
const ROWS_MAX: usize = 50;

/// The checkout of an order.
pub async fn serve(
    extract::State(fondy): extract::State<Arc<Fondy>>,
    Path(token): Path<String>,
) -> Response {
    fondy.act(flow::expire_due);
    let world = fondy.lock();
    // The order's id is no secret; only the token opens its checkout.
    let Some(order) = world
        .orders
        .get(&token)
        .filter(|order| order.token == token)
    else {
        return respond(StatusCode::NOT_FOUND, unknown(&token), "'self'");
    };
    let page = checkout(&fondy.merchant, order);
    let targets = format!("'self' {}", origin(order.details.return_url.as_deref()));
    drop(world);
    respond(StatusCode::OK, page, &targets)
}

/// The site of a URL, as policies name it.
fn origin(url: Option<&str>) -> String {
    url.and_then(|url| reqwest::Url::parse(url).ok())
        .map(|url| url.origin().ascii_serialization())
        .unwrap_or_default()
}

/// All orders, with what can be done to each.
pub fn table(world: &World) -> String {
    let mut rows = String::new();
    for order in world.orders.newest_first().take(ROWS_MAX) {
        let _ = writeln!(
            rows,
            "<tr><td><a href=\"/checkout/{token}\"><code>{}</code></a></td>\
             <td class=\"amount\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&order.id),
            order.show(order.amount),
            state(order.status()),
            escape(&order.details.description),
            reverse(order, ""),
            token = order.token,
        );
    }
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "<h2>Fondy's orders</h2>\n<div class=\"wide\"><table>\n<tr><th>Order</th><th>Amount</th>\
         <th>State</th><th>Description</th><th>Give back</th></tr>\n{rows}</table></div>\n"
    )
}

/// The checkout of an order, and what the sandbox's user may do to it besides.
pub fn checkout(merchant: &Merchant, order: &Order) -> String {
    let body = format!(
        "<h1>{} {}</h1>\n{}{}{}{}",
        order.show(order.amount),
        state(order.status()),
        facts(order),
        payer(order),
        way_back(merchant, order),
        giving_back(order),
    );
    whole_page(&order.details.description, &body)
}

fn facts(order: &Order) -> String {
    let mut rows = vec![
        ("Order", order.id.clone()),
        ("For", order.details.description.clone()),
        ("Made", ago(order.made_at)),
    ];
    if order.is_payable() {
        let secs = order.expires_at.saturating_sub(unix_now()).max(0);
        rows.push(("Can be paid for", format!("{secs} s")));
    }
    if order.state == State::Declined {
        rows.push(("Last attempt", "the bank has declined it".to_owned()));
    }
    if order.reversed() > 0 {
        rows.push(("Given back", order.show(order.reversed())));
    }
    let texts = [
        ("Receipt to", &order.details.sender_email),
        ("Merchant's data", &order.details.merchant_data),
    ];
    for (name, text) in texts {
        if !text.is_empty() {
            rows.push((name, text.clone()));
        }
    }
    let mut list = String::from("<dl>\n");
    for (name, text) in rows {
        let _ = writeln!(list, "<dt>{name}</dt><dd>{}</dd>", escape(&text));
    }
    list.push_str("</dl>\n");
    list
}

fn payer(order: &Order) -> String {
    let actions: &[(&str, &str)] = match order.state {
        State::Created | State::Declined => &[
            ("pay", "Pay"),
            ("decline", "Decline"),
            ("expire", "Expire"),
            ("delay", "Delay (processing)"),
        ],
        State::Processing => &[("complete", "Complete"), ("fail", "Fail")],
        State::Approved | State::Expired => &[],
    };
    actions
        .iter()
        .fold(String::new(), |mut forms, (action, label)| {
            let action = format!("orders/{}/{action}", order.token);
            forms.push_str(&button(&action, "", label, &order.token));
            forms
        })
}

/// The browser carries the signed outcome to the merchant, as it does at Fondy; without a script it
/// takes a press.
fn way_back(merchant: &Merchant, order: &Order) -> String {
    let Some(return_url) = &order.details.return_url else {
        return String::new();
    };
    if order.state == State::Created {
        return String::new();
    }
    let params = callback::of_browser(merchant, order);
    let mut fields = String::new();
    for (name, value) in wire::pairs(&params) {
        let _ = write!(
            fields,
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            escape(name),
            escape(&value)
        );
    }
    format!(
        "<h2>Done here</h2>\n<form method=\"post\" action=\"{}\">{fields}<button>Back to the \
         shop</button></form>\n",
        escape(return_url)
    )
}

fn giving_back(order: &Order) -> String {
    let forms = reverse(order, &order.token);
    if forms.is_empty() {
        return forms;
    }
    format!("<h2>Giving it back</h2>\n{forms}")
}

/// All or a part of what was paid.
fn reverse(order: &Order, back: &str) -> String {
    let most = order.reversible();
    if most == 0 {
        return String::new();
    }
    let amount = format!(
        "<label>Minor units <input type=\"number\" name=\"amount\" min=\"1\" max=\"{most}\" \
         value=\"{most}\"></label>"
    );
    let action = format!("orders/{}/reverse", order.token);
    button(&action, &amount, "Reverse", back)
}
