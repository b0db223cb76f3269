//! What a provider's reports make of contributions: on their way, in any order, many at once.

mod asked;
pub mod monthly;
mod notices;
mod order;
mod pending;
mod revenue;
mod storm;

use billing_proto::v1;
use billing_proto::v1::PaymentState;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_testkit::TestCore;

use crate::sponsorship::gift;

/// What is reported of a payment of so much.
fn standing(state: PaymentState, minor: i64, processing: bool) -> Report {
    Report::Payment(v1::PaymentReport {
        state: state.into(),
        amount_minor: minor,
        currency: "USD".to_owned(),
        processing,
        ..Default::default()
    })
}

/// A gift of so much, which is no other one.
fn of(user: &str, key: &str, minor: i64) -> v1::CreatePaymentRequest {
    v1::CreatePaymentRequest {
        amount_minor: minor,
        content: key.to_owned(),
        ..gift(user, key)
    }
}

async fn begun(core: &TestCore, request: v1::CreatePaymentRequest) -> v1::CreatePaymentResponse {
    let answer = core.payments().create_payment(request).await.unwrap();
    answer.into_inner()
}
