//! What Fondy tells of an order, in its answers and its callbacks.

use serde_json::{Value, json};

use super::Merchant;
use super::order::{Order, State};
use super::wire::Params;

/// Amounts are texts; what there is none of is empty.
pub fn of(order: &Order, merchant: &Merchant) -> Params {
    let tran_type = if order.reversals.is_empty() {
        "purchase"
    } else {
        "reverse"
    };
    let order_fields = [
        (
            "additional_info",
            "{\"capture_status\": null, \"client_fee\": 0.0}".into(),
        ),
        ("amount", order.amount.to_string().into()),
        ("currency", order.currency_code().into()),
        ("merchant_data", order.details.merchant_data.clone().into()),
        ("merchant_id", merchant.id.into()),
        ("order_id", order.id.clone().into()),
        ("order_status", order.status().into()),
        ("order_time", made_at(order).into()),
        ("payment_id", order.payment_id.into()),
        ("product_id", order.details.product_id.clone().into()),
        ("response_status", "success".into()),
        ("reversal_amount", order.reversed().to_string().into()),
        ("sender_email", order.details.sender_email.clone().into()),
        ("settlement_amount", "0".into()),
        ("tran_type", tran_type.into()),
    ];
    let mut params: Params = UNUSED
        .iter()
        .map(|name| ((*name).to_owned(), "".into()))
        .collect();
    for (name, value) in order_fields.into_iter().chain(attempt(order)) {
        params.insert(name.to_owned(), value);
    }
    params
}

/// What the sandbox has nothing to say in.
const UNUSED: [&str; 9] = [
    "fee",
    "parent_order_id",
    "rectoken",
    "rectoken_lifetime",
    "sender_account",
    "sender_cell_phone",
    "settlement_currency",
    "settlement_date",
    "verification_status",
];

/// How the payer's last attempt went.
fn attempt(order: &Order) -> [(&'static str, Value); 11] {
    let paid = order.state == State::Approved;
    let declined = order.state == State::Declined;
    let if_paid = |text: &str| Value::from(if paid { text } else { "" });
    let of_card = |if_paid: &str, if_declined: &str| {
        Value::from(match order.state {
            State::Approved => if_paid,
            State::Declined => if_declined,
            State::Created | State::Processing | State::Expired => "",
        })
    };
    [
        ("actual_amount", if_paid(&order.paid.to_string())),
        ("actual_currency", if_paid(&order.currency_code())),
        ("approval_code", if_paid("123456")),
        ("card_bin", of_card("444455", "444411")),
        ("card_type", of_card("VISA", "VISA")),
        ("eci", if_paid("5")),
        (
            "masked_card",
            of_card("444455XXXXXX1111", "444411XXXXXX5555"),
        ),
        ("payment_system", of_card("card", "card")),
        (
            "response_code",
            if declined { json!(1000) } else { json!("") },
        ),
        ("response_description", of_card("", "General decline")),
        ("rrn", if_paid("111111111111")),
    ]
}

/// `20.11.2026 10:00:00`, UTC.
fn made_at(order: &Order) -> String {
    jiff::Timestamp::from_second(order.made_at)
        .map(|made| made.strftime("%d.%m.%Y %H:%M:%S").to_string())
        .unwrap_or_default()
}
