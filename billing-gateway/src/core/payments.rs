//! The core's calls about payments.

use std::time::Duration;

use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_proto::v1::{
    ApplyProviderEventRequest, ApplyProviderEventResponse, AttachProviderReferenceRequest,
    AttachProviderReferenceResponse, ClaimStalePaymentsRequest, ClaimStalePaymentsResponse,
    CreatePaymentRequest, CreatePaymentResponse, GetPaymentRequest, GetPaymentResponse,
    GetRateRequest, GetRateResponse, ListPaymentsRequest, ListPaymentsResponse, RecordRateRequest,
    RecordRateResponse, RejectRefundRequest, RejectRefundResponse, ReplayEventsRequest,
    ReplayEventsResponse, StartRefundRequest, StartRefundResponse,
};

use super::client::Core;
use super::error::CoreError;

/// What a provider reported is worth waiting for: it would else come again, later.
const APPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// 100 events of 1 MiB.
const EVENTS_BYTES_MAX: usize = 110 * 1024 * 1024;

/// A call by its RPC: name, method, request, response.
macro_rules! calls {
    ($($rpc:literal $call:ident($request:ty) -> $response:ty;)+) => {
        impl Core {
            $(pub(crate) async fn $call(&self, request: $request) -> Result<$response, CoreError> {
                let call = |channel, request| async move {
                    PaymentServiceClient::new(channel)
                        .max_decoding_message_size(EVENTS_BYTES_MAX)
                        .$call(request)
                        .await
                };
                self.call($rpc, request, call).await
            })+
        }
    };
}

calls! {
    "CreatePayment" create_payment(CreatePaymentRequest) -> CreatePaymentResponse;
    "AttachProviderReference" attach_provider_reference(AttachProviderReferenceRequest)
        -> AttachProviderReferenceResponse;
    "GetPayment" get_payment(GetPaymentRequest) -> GetPaymentResponse;
    "ListPayments" list_payments(ListPaymentsRequest) -> ListPaymentsResponse;
    "StartRefund" start_refund(StartRefundRequest) -> StartRefundResponse;
    "RejectRefund" reject_refund(RejectRefundRequest) -> RejectRefundResponse;
    "ClaimStalePayments" claim_stale_payments(ClaimStalePaymentsRequest)
        -> ClaimStalePaymentsResponse;
    "ReplayEvents" replay_events(ReplayEventsRequest) -> ReplayEventsResponse;
    "RecordRate" record_rate(RecordRateRequest) -> RecordRateResponse;
    "GetRate" get_rate(GetRateRequest) -> GetRateResponse;
}

impl Core {
    pub(crate) async fn apply_provider_event(
        &self,
        request: ApplyProviderEventRequest,
    ) -> Result<ApplyProviderEventResponse, CoreError> {
        let call = |channel, request| async move {
            PaymentServiceClient::new(channel)
                .apply_provider_event(request)
                .await
        };
        self.call_for(APPLY_TIMEOUT, "ApplyProviderEvent", request, call)
            .await
    }
}
