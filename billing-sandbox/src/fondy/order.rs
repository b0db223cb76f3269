//! An order: what is to be paid, and what became of it.

use super::wire::Protocol;
use crate::currency::Currency;

/// How long a checkout's token is.
pub const TOKEN_LENGTH: usize = 40;

#[derive(Debug)]
pub struct Order {
    /// The merchant's.
    pub id: String,
    /// Whoever has it may pay: it is part of the checkout's URL.
    pub token: String,
    pub payment_id: u64,
    /// In minor units.
    pub amount: i64,
    /// What the payer has paid of it, once it is approved.
    pub paid: i64,
    pub currency: Currency,
    /// Callbacks speak as the request did.
    pub protocol: Protocol,
    pub details: Details,
    /// Unix seconds.
    pub made_at: i64,
    /// Unix seconds; until then it can be paid.
    pub expires_at: i64,
    pub state: State,
    pub reversals: Vec<Reversal>,
}

/// What the merchant says about an order, and gets back.
#[derive(Clone, Debug, Default)]
pub struct Details {
    pub description: String,
    pub callback_url: Option<String>,
    pub return_url: Option<String>,
    pub sender_email: String,
    pub merchant_data: String,
    pub product_id: String,
}

/// A request for a new order, understood.
#[derive(Debug)]
pub struct NewOrder {
    pub id: String,
    pub amount: i64,
    pub currency: Currency,
    pub protocol: Protocol,
    pub details: Details,
    pub lifetime_secs: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Created,
    /// The bank answers later.
    Processing,
    /// The last attempt failed; within its lifetime there may be another.
    Declined,
    Approved,
    Expired,
}

/// Money that went back.
#[derive(Clone, Debug)]
pub struct Reversal {
    /// The merchant's key, under which it is made once.
    pub reverse_id: Option<String>,
    pub amount: i64,
    pub transaction_id: u64,
}

impl Order {
    pub fn reversed(&self) -> i64 {
        self.reversals
            .iter()
            .fold(0, |sum, reversal| sum.saturating_add(reversal.amount))
    }

    /// How much of it can still go back.
    pub fn reversible(&self) -> i64 {
        match self.state {
            State::Approved => self.paid.saturating_sub(self.reversed()),
            _ => 0,
        }
    }

    pub const fn is_payable(&self) -> bool {
        matches!(self.state, State::Created | State::Declined)
    }

    pub fn status(&self) -> &'static str {
        match self.state {
            State::Created => "created",
            State::Processing => "processing",
            State::Declined => "declined",
            State::Approved if self.reversible() == 0 => "reversed",
            State::Approved => "approved",
            State::Expired => "expired",
        }
    }

    /// ISO 4217 as Fondy writes it.
    pub fn currency_code(&self) -> String {
        self.currency.code.to_uppercase()
    }

    /// As a person reads it: `₴125.50 UAH`.
    pub fn show(&self, amount: i64) -> String {
        let code = self.currency_code();
        format!("{} {code}", self.currency.show_short(amount))
    }
}
