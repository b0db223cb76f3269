//! Callbacks: what `server_callback_url` is told, signed, as it is or oddly.

use std::sync::Arc;

use serde_json::Value;

use super::order::{Order, State};
use super::wire::{self, Encoding, Params, Protocol};
use super::{Merchant, outcome, signature};
use crate::fondy::world::Act;
use crate::webhook::Message;

/// What a callback is about, as faults tell callbacks apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Status,
    Reversal,
}

/// How a callback differs from what happened. All but those of the signature are signed rightly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// It tells of another amount than was paid.
    OtherAmount,
    /// It tells of another currency.
    OtherCurrency,
    /// It is about another merchant's order.
    OtherMerchant,
    /// It is signed by MD5.
    Md5Signature,
    /// It is signed with another secret.
    WrongSignature,
    /// It is not signed.
    NoSignature,
    /// It tells of what has not happened: an approval, and the order is processing; a reversal, and
    /// there is none. Whoever asks hears the truth.
    Unconfirmed,
}

impl Oddity {
    pub const ALL: [(&'static str, Self); 7] = [
        ("other_amount", Self::OtherAmount),
        ("other_currency", Self::OtherCurrency),
        ("other_merchant", Self::OtherMerchant),
        ("md5_signature", Self::Md5Signature),
        ("wrong_signature", Self::WrongSignature),
        ("no_signature", Self::NoSignature),
        ("unconfirmed", Self::Unconfirmed),
    ];

    /// Whether a callback of this type can be told so.
    pub fn fits(self, event_type: &str) -> bool {
        TYPES.contains(&event_type)
            && (self != Self::Unconfirmed
                || matches!(event_type, "fondy.approved" | "fondy.reversed"))
    }
}

/// Every type of callback, as the sandbox calls them: by the status, and one for reversals in
/// whatever part.
pub const TYPES: [&str; 5] = [
    "fondy.approved",
    "fondy.declined",
    "fondy.processing",
    "fondy.expired",
    "fondy.reversed",
];

/// Has the order's callback told of what just happened.
pub fn tell(act: &mut Act<'_>, id: &str, news: News) {
    let Some(order) = act.world.orders.get(id) else {
        return;
    };
    let event_type = match news {
        News::Status => format!("fondy.{}", order.status()),
        News::Reversal => "fondy.reversed".to_owned(),
    };
    let Some(url) = order.details.callback_url.clone() else {
        return;
    };
    let oddity = act.world.oddities.take(&event_type);
    let encoding = if act.network.webhooks.mode.form {
        Encoding::Form
    } else {
        Encoding::Json
    };
    let message = Message {
        origin: Arc::clone(act.origin),
        event_id: order.id.clone(),
        event_type,
        content_type: encoding.content_type(),
        body: Arc::from(body(act.merchant, order, encoding, oddity)),
    };
    if oddity == Some(Oddity::Unconfirmed)
        && let Ok(order) = act.world.orders.find_mut(id)
    {
        match news {
            News::Status => order.state = State::Processing,
            News::Reversal => drop(order.reversals.pop()),
        }
    }
    act.network.webhooks.queue(&url, &message);
}

/// What the payer's browser carries back to the merchant: the same as a callback, as a form.
pub fn of_browser(merchant: &Merchant, order: &Order) -> Params {
    signed(merchant, order.protocol, outcome::of(order, merchant), None)
}

fn body(merchant: &Merchant, order: &Order, encoding: Encoding, oddity: Option<Oddity>) -> String {
    let mut params = outcome::of(order, merchant);
    if let Some(oddity) = oddity {
        distort(&mut params, order, oddity);
    }
    let params = signed(merchant, order.protocol, params, oddity);
    match encoding {
        Encoding::Form => wire::form(&params),
        Encoding::Json => Value::from_iter(params).to_string(),
    }
}

fn distort(params: &mut Params, order: &Order, oddity: Oddity) {
    match oddity {
        Oddity::OtherAmount => {
            for name in ["amount", "actual_amount"] {
                let other = order.amount.saturating_add(100).to_string();
                params.insert(name.to_owned(), other.into());
            }
        }
        Oddity::OtherCurrency => {
            let other = if order.currency.code == "usd" {
                "UAH"
            } else {
                "USD"
            };
            for name in ["currency", "actual_currency"] {
                params.insert(name.to_owned(), other.into());
            }
        }
        Oddity::OtherMerchant => {
            params.insert("merchant_id".to_owned(), 1_396_425.into());
        }
        Oddity::Md5Signature
        | Oddity::WrongSignature
        | Oddity::NoSignature
        | Oddity::Unconfirmed => {}
    }
}

fn signed(
    merchant: &Merchant,
    protocol: Protocol,
    mut params: Params,
    oddity: Option<Oddity>,
) -> Params {
    let other = format!("not {}", merchant.id).into();
    let secret = match oddity {
        Some(Oddity::WrongSignature) => &other,
        _ => &merchant.secret,
    };
    let md5 = oddity == Some(Oddity::Md5Signature);
    let mut sent = match protocol {
        Protocol::One => {
            let signature = if md5 {
                signature::md5_of_params(secret, &params)
            } else {
                signature::of_params(secret, &params)
            };
            let shown = signature::shown(&params);
            params.insert("signature".to_owned(), signature.into());
            params.insert("response_signature_string".to_owned(), shown.into());
            params
        }
        Protocol::Two if md5 => wire::sealed(&params, |data| signature::md5_of_data(secret, data)),
        Protocol::Two => wire::sealed(&params, |data| signature::of_data(secret, data)),
    };
    if oddity == Some(Oddity::NoSignature) {
        sent.remove("signature");
    }
    sent
}
