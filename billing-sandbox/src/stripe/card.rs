//! Stripe's test cards.
//!
//! From <https://docs.stripe.com/testing>: what a card does is known by its number.

use serde_json::{Value, json};

use crate::stripe::wire::error::ApiError;

/// What a card does when it is to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Pays,
    /// Pays; a refund of it waits until it is completed or fails.
    PaysWithPendingRefunds,
    /// Pays, and the payer disputes it at once.
    PaysAndIsDisputed,
    /// Pays, and the payer's bank asks about it at once.
    PaysAndIsInquired,
    /// Asks for 3-D Secure first.
    Authenticates,
    /// Asks for 3-D Secure, and not again once its owner has agreed to later payments.
    AuthenticatesOnce,
    Declines(Decline),
    /// Can be left for later payments, and then is declined.
    DeclinesLater(Decline),
}

/// How a card's bank says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decline {
    pub code: &'static str,
    /// The bank's own word, where it gave one.
    pub reason: Option<&'static str>,
    pub message: &'static str,
}

#[derive(Debug, PartialEq, Eq)]
pub struct TestCard {
    pub number: &'static str,
    /// What stands for it where a payment method is asked for.
    pub names: &'static [&'static str],
    pub brand: &'static str,
    pub behaviour: Behaviour,
    /// What a person reads beside it.
    pub caption: &'static str,
}

const fn declined(reason: &'static str, message: &'static str) -> Behaviour {
    Behaviour::Declines(Decline {
        code: "card_declined",
        reason: Some(reason),
        message,
    })
}

const fn failed(code: &'static str, message: &'static str) -> Behaviour {
    Behaviour::Declines(Decline {
        code,
        reason: None,
        message,
    })
}

const fn visa(
    number: &'static str,
    names: &'static [&'static str],
    behaviour: Behaviour,
    caption: &'static str,
) -> TestCard {
    TestCard {
        number,
        names,
        brand: "visa",
        behaviour,
        caption,
    }
}

pub const DECLINED: Decline = Decline {
    code: "card_declined",
    reason: Some("generic_decline"),
    message: "Your card was declined.",
};

/// What is said where the payer could not be authenticated.
pub const AUTHENTICATION_FAILED: Decline = Decline {
    code: "payment_intent_authentication_failure",
    reason: None,
    message: "The provided PaymentMethod has failed authentication. You can provide \
              payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent \
              again.",
};

/// What is said where the card asks for its owner, who is not there.
pub const AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    reason: Some("authentication_required"),
    message: "Your card was declined. This transaction requires authentication.",
};

pub const LIVE_CARD: Decline = Decline {
    code: "card_declined",
    reason: Some("test_mode_live_card"),
    message: "Your card was declined. Your request was in test mode, but used a non test card. \
              For a list of valid test cards, visit: https://stripe.com/docs/testing.",
};

/// Every card that the sandbox knows; the first one pays.
pub static CARDS: [TestCard; 16] = [
    visa(
        "4242424242424242",
        &["pm_card_visa"],
        Behaviour::Pays,
        "pays",
    ),
    TestCard {
        brand: "mastercard",
        ..visa(
            "5555555555554444",
            &["pm_card_mastercard"],
            Behaviour::Pays,
            "pays (Mastercard)",
        )
    },
    visa(
        "4000000000000002",
        &["pm_card_chargeDeclined", "pm_card_visa_chargeDeclined"],
        Behaviour::Declines(DECLINED),
        "is declined",
    ),
    visa(
        "4000000000000341",
        &["pm_card_chargeCustomerFail"],
        Behaviour::DeclinesLater(DECLINED),
        "can be left for renewals, and is declined then",
    ),
    visa(
        "4000002500003155",
        &[
            "pm_card_authenticationRequired",
            "pm_card_authenticationRequiredOnSetup",
        ],
        Behaviour::AuthenticatesOnce,
        "asks for authentication, once for all renewals",
    ),
    visa(
        "4000000000003220",
        &["pm_card_threeDSecure2Required"],
        Behaviour::Authenticates,
        "asks for 3-D Secure",
    ),
    visa(
        "4000000000009995",
        &["pm_card_chargeDeclinedInsufficientFunds"],
        declined("insufficient_funds", "Your card has insufficient funds."),
        "is declined: insufficient funds",
    ),
    visa(
        "4000000000009987",
        &["pm_card_chargeDeclinedLostCard"],
        declined("lost_card", "Your card was declined."),
        "is declined: lost",
    ),
    visa(
        "4000000000009979",
        &["pm_card_chargeDeclinedStolenCard"],
        declined("stolen_card", "Your card was declined."),
        "is declined: stolen",
    ),
    visa(
        "4100000000000019",
        &["pm_card_radarBlock"],
        declined("fraudulent", "Your card was declined."),
        "is declined: fraudulent",
    ),
    visa(
        "4000000000000069",
        &["pm_card_chargeDeclinedExpiredCard"],
        failed("expired_card", "Your card has expired."),
        "has expired",
    ),
    visa(
        "4000000000000127",
        &["pm_card_chargeDeclinedIncorrectCvc"],
        failed("incorrect_cvc", "Your card's security code is incorrect."),
        "has another security code",
    ),
    visa(
        "4000000000000119",
        &["pm_card_chargeDeclinedProcessingError"],
        failed(
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
        ),
        "meets a processing error",
    ),
    visa(
        "4000000000007726",
        &["pm_card_pendingRefund"],
        Behaviour::PaysWithPendingRefunds,
        "pays; its refunds wait",
    ),
    visa(
        "4000000000000259",
        &["pm_card_createDispute"],
        Behaviour::PaysAndIsDisputed,
        "pays and is disputed",
    ),
    visa(
        "4000000000001976",
        &["pm_card_createDisputeInquiry"],
        Behaviour::PaysAndIsInquired,
        "pays and is inquired about",
    ),
];

impl Decline {
    /// As an error answer has it.
    pub fn error(&self) -> ApiError {
        let error = ApiError::card(self.code, self.message);
        match self.reason {
            Some(reason) => error.with("decline_code", reason),
            None => error,
        }
    }

    /// As a payment's `last_payment_error` has it.
    pub fn json(&self, payment_method: &Value) -> Value {
        json!({
            "code": self.code,
            "decline_code": self.reason,
            "doc_url": format!(
                "https://stripe.com/docs/error-codes/{}",
                self.code.replace('_', "-")
            ),
            "message": self.message,
            "payment_method": payment_method,
            "type": "card_error",
        })
    }
}
