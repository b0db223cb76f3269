//! Payments: credited once, taken back as the provider takes them back.

mod apart;
mod disputes;
mod events;
mod given_back;
mod impossible;
mod names;
mod opened;
mod order;
mod outbox;
mod purpose;
mod rates;
mod received;
mod refunds;
mod replays;
mod schema;
mod stale;
mod suspended;
mod together;

use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_testkit::{Caller, TestCore};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::support::{account, moment};

type Service = InterceptedService<Channel, Caller>;

const SECOND: i64 = 1_800_000_000;

/// Ten dollars are paid by default.
const CENTS: i64 = 1000;
const MICROS: i64 = 10_000_000;

pub(crate) fn new_payment(user: &str, key: &str) -> v1::CreatePaymentRequest {
    v1::CreatePaymentRequest {
        account: Some(account(user)),
        idempotency_key: key.to_owned(),
        provider: "stripe".to_owned(),
        purpose: v1::PaymentPurpose::TopUp.into(),
        amount_minor: CENTS,
        currency: "USD".to_owned(),
        ..Default::default()
    }
}

pub(crate) async fn create(core: &TestCore, user: &str, key: &str) -> v1::Payment {
    let answer = core.payments().create_payment(new_payment(user, key)).await;
    answer.unwrap().into_inner().payment.unwrap()
}

/// A payment that the provider knows as `pi_<user>_<key>`.
pub(crate) async fn attached(core: &TestCore, user: &str, key: &str) -> v1::Payment {
    let payment = create(core, user, key).await;
    let request = v1::AttachProviderReferenceRequest {
        payment_id: payment.payment_id,
        provider_reference: format!("pi_{user}_{key}"),
        ..Default::default()
    };
    let answer = core.payments().attach_provider_reference(request).await;
    answer.unwrap().into_inner().payment.unwrap()
}

/// An event about a payment, of no particular time.
pub(crate) fn event(
    id: &str,
    payment: &v1::Payment,
    report: Report,
) -> v1::ApplyProviderEventRequest {
    v1::ApplyProviderEventRequest {
        provider: "stripe".to_owned(),
        event_id: id.to_owned(),
        event_type: "a.report".to_owned(),
        occurred_at: Some(moment(jiff::Timestamp::from_second(SECOND).unwrap())),
        raw: br#"{"id": "evt"}"#.to_vec(),
        provider_reference: payment.provider_reference.clone(),
        report: Some(report),
        ..Default::default()
    }
}

pub(crate) fn state(state: v1::PaymentState) -> Report {
    Report::Payment(v1::PaymentReport {
        state: state.into(),
        amount_minor: CENTS,
        currency: "USD".to_owned(),
        ..Default::default()
    })
}

pub(crate) fn declined() -> Report {
    Report::Payment(v1::PaymentReport {
        state: v1::PaymentState::Pending.into(),
        amount_minor: CENTS,
        currency: "USD".to_owned(),
        decline_code: "generic_decline".to_owned(),
        ..Default::default()
    })
}

pub(crate) fn refund(reference: &str, cents: i64, state: v1::RefundState) -> Report {
    Report::Refund(v1::RefundReport {
        provider_reference: reference.to_owned(),
        amount_minor: cents,
        currency: "USD".to_owned(),
        state: state.into(),
        ..Default::default()
    })
}

pub(crate) fn dispute(
    reference: &str,
    cents: i64,
    movement: v1::dispute_report::Movement,
) -> Report {
    Report::Dispute(v1::DisputeReport {
        provider_reference: reference.to_owned(),
        movement: movement.into(),
        amount_minor: cents,
        currency: "USD".to_owned(),
        status: "needs_response".to_owned(),
        moved: Vec::new(),
    })
}

pub(crate) async fn apply(
    core: &TestCore,
    event: v1::ApplyProviderEventRequest,
) -> Result<v1::ApplyProviderEventResponse, Status> {
    let answer = core.payments().apply_provider_event(event).await;
    answer.map(tonic::Response::into_inner)
}

/// The answer to an event that is brought again, as providers do it, while the payment is kept locked.
pub(crate) async fn delivered(
    mut gateway: PaymentServiceClient<Service>,
    event: v1::ApplyProviderEventRequest,
) -> Result<v1::ApplyProviderEventResponse, Status> {
    loop {
        match gateway.apply_provider_event(event.clone()).await {
            Err(status) if status.code() == Code::Unavailable => {}
            answer => return answer.map(tonic::Response::into_inner),
        }
    }
}

/// A payment that is paid and credited.
pub(crate) async fn paid(core: &TestCore, user: &str, key: &str) -> v1::Payment {
    let payment = attached(core, user, key).await;
    let id = format!("evt_{user}_{key}_paid");
    let succeeded = event(&id, &payment, state(v1::PaymentState::Succeeded));
    apply(core, succeeded).await.unwrap().payment.unwrap()
}

pub(crate) async fn settled(core: &TestCore, user: &str) -> i64 {
    let request = v1::GetBalanceRequest {
        account: Some(account(user)),
    };
    let answer = core.balance().get_balance(request).await.unwrap();
    answer.into_inner().balance.unwrap().settled_micros
}

pub(crate) async fn entries(core: &TestCore, user: &str) -> Vec<v1::Entry> {
    let request = v1::ListEntriesRequest {
        account: Some(account(user)),
        ..Default::default()
    };
    let answer = core.balance().list_entries(request).await.unwrap();
    answer.into_inner().entries
}
