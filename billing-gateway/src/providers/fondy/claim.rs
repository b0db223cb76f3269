//! What must be confirmed before it is believed.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{PaymentReport, PaymentState};

use crate::providers::Event;

/// What an event says of money that moved.
pub(super) enum Claim {
    Paid { amount_minor: i64, currency: String },
    GivenBack { total_minor: i64, currency: String },
}

impl Claim {
    /// None: it says nothing that needs to be confirmed.
    pub(super) fn of(event: &Event) -> Option<Self> {
        match event.report.as_ref()? {
            Report::Payment(payment) if is_paid(payment) => Some(Self::Paid {
                amount_minor: payment.amount_minor,
                currency: payment.currency.clone(),
            }),
            Report::GivenBack(given_back) => Some(Self::GivenBack {
                total_minor: given_back.total_minor,
                currency: given_back.currency.clone(),
            }),
            _ => None,
        }
    }

    /// Whether Fondy, asked, says the same: as much was paid, or no less was given back.
    pub(super) fn is_confirmed_by(&self, said: &[Event]) -> bool {
        said.iter()
            .filter_map(Self::of)
            .any(|fact| match (self, fact) {
                (
                    Self::Paid {
                        amount_minor,
                        currency,
                    },
                    Self::Paid {
                        amount_minor: paid_minor,
                        currency: paid_in,
                    },
                ) => *amount_minor == paid_minor && *currency == paid_in,
                (
                    Self::GivenBack {
                        total_minor,
                        currency,
                    },
                    Self::GivenBack {
                        total_minor: back_minor,
                        currency: back_in,
                    },
                ) => *total_minor <= back_minor && *currency == back_in,
                _ => false,
            })
    }
}

fn is_paid(payment: &PaymentReport) -> bool {
    payment.state() == PaymentState::Succeeded
}
