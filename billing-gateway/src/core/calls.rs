//! Every call of the core.

use std::time::Duration;

use billing_proto::v1::account_service_client::AccountServiceClient;
use billing_proto::v1::admin_service_client::AdminServiceClient;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::operator_service_client::OperatorServiceClient;
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_proto::v1::price_service_client::PriceServiceClient;
use billing_proto::v1::sponsorship_service_client::SponsorshipServiceClient;
use billing_proto::v1::{
    ApplyProviderEventRequest, ApplyProviderEventResponse, AttachProviderReferenceRequest,
    AttachProviderReferenceResponse, ClaimStalePaymentsRequest, ClaimStalePaymentsResponse,
    CreatePaymentRequest, CreatePaymentResponse, ExportPersonRequest, ExportPersonResponse,
    GetAccountRequest, GetAccountResponse, GetBadgesRequest, GetBadgesResponse, GetBalanceRequest,
    GetBalanceResponse, GetContributionRequest, GetContributionResponse, GetCustomerRequest,
    GetCustomerResponse, GetPaymentRequest, GetPaymentResponse, GetProgressRequest,
    GetProgressResponse, GetRateRequest, GetRateResponse, GetSponsorshipRequest,
    GetSponsorshipResponse, GetSubscriptionRequest, GetSubscriptionResponse, GetSupporterRequest,
    GetSupporterResponse, GetUsageRequest, GetUsageResponse, ListContributionsRequest,
    ListContributionsResponse, ListEntriesRequest, ListEntriesResponse, ListHoldsRequest,
    ListHoldsResponse, ListPaymentsRequest, ListPaymentsResponse, ListPricesRequest,
    ListPricesResponse, ListSupportersRequest, ListSupportersResponse, RecordRateRequest,
    RecordRateResponse, RejectRefundRequest, RejectRefundResponse, ReplayEventsRequest,
    ReplayEventsResponse, SendTestMailRequest, SendTestMailResponse,
    SetContributionAnonymousRequest, SetContributionAnonymousResponse, StartRefundRequest,
    StartRefundResponse, UnsubscribeRequest, UnsubscribeResponse, UpdateSettingsRequest,
    UpdateSettingsResponse, UpdateSupporterRequest, UpdateSupporterResponse,
};

// Of administrators.
use billing_proto::v1::{
    AdjustBalanceRequest, AdjustBalanceResponse, CancelPriceRequest, CancelPriceResponse,
    GetRevenueRequest, GetRevenueResponse, GetTenantOverviewRequest, GetTenantOverviewResponse,
    GetTenantUsageRequest, GetTenantUsageResponse, GrantCreditRequest, GrantCreditResponse,
    ListAccountsRequest, ListAccountsResponse, ListAdminChangesRequest, ListAdminChangesResponse,
    ListMessagesRequest, ListMessagesResponse, ListSwitchChangesRequest, ListSwitchChangesResponse,
    ListSwitchesRequest, ListSwitchesResponse, ListTenantPaymentsRequest,
    ListTenantPaymentsResponse, ListUndeliveredRequest, ListUndeliveredResponse,
    ModerateMessageRequest, ModerateMessageResponse, ModerateSupporterRequest,
    ModerateSupporterResponse, RefundChargeRequest, RefundChargeResponse, ResumeAccountRequest,
    ResumeAccountResponse, SetPriceRequest, SetPriceResponse, SetSwitchRequest, SetSwitchResponse,
    SuspendAccountRequest, SuspendAccountResponse,
};

use super::administration::AdminCore;
use super::client::{Core, Rpc};
use super::error::CoreError;

/// What a provider reported is worth waiting for: it would else come again, later.
const APPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// Sums over what a whole tenant did: an administrator waits for them.
const SUMS_TIMEOUT: Duration = Duration::from_secs(10);

/// 100 events of 1 MiB; 500 entries with the metadata that the contract allows are about 14 MB.
const ANSWER_BYTES_MAX: usize = 110 * 1024 * 1024;

/// A call by its RPC: service, name, method, request, response, and its time where that is another than
/// others have.
macro_rules! calls {
    (of $caller:ident: $($service:ident $rpc:literal $call:ident($request:ty) -> $response:ty $(, $timeout:ident)?;)+) => {
        impl $caller {
            $(pub(crate) async fn $call(&self, request: $request) -> Result<$response, CoreError> {
                let call = |channel, request| async move {
                    $service::new(channel)
                        .max_decoding_message_size(ANSWER_BYTES_MAX)
                        .$call(request)
                        .await
                };
                let rpc = Rpc {
                    client: concat!("billing.v1.", stringify!($service)),
                    method: $rpc,
                };
                let core = self.core();
                core.call(timeout!(core $($timeout)?), rpc, request, call).await
            })+
        }
    };
}

macro_rules! timeout {
    ($core:ident) => {
        $core.timeout()
    };
    ($core:ident $timeout:ident) => {
        $timeout
    };
}

// Every one reads, sets absolute values or carries a key, so that all may be repeated. A test mail that is
// asked for again after a lost answer is refused as too soon: it is on its way.
calls! { of Core:
    BalanceServiceClient "GetBalance" get_balance(GetBalanceRequest) -> GetBalanceResponse;
    BalanceServiceClient "ListEntries" list_entries(ListEntriesRequest) -> ListEntriesResponse;
    BalanceServiceClient "ListHolds" list_holds(ListHoldsRequest) -> ListHoldsResponse;
    BalanceServiceClient "GetUsage" get_usage(GetUsageRequest) -> GetUsageResponse;

    AccountServiceClient "GetAccount" get_account(GetAccountRequest) -> GetAccountResponse;
    AccountServiceClient "UpdateSettings" update_settings(UpdateSettingsRequest)
        -> UpdateSettingsResponse;
    AccountServiceClient "SendTestMail" send_test_mail(SendTestMailRequest) -> SendTestMailResponse;
    AccountServiceClient "Unsubscribe" unsubscribe(UnsubscribeRequest) -> UnsubscribeResponse;

    PriceServiceClient "ListPrices" list_prices(ListPricesRequest) -> ListPricesResponse;

    PaymentServiceClient "CreatePayment" create_payment(CreatePaymentRequest)
        -> CreatePaymentResponse;
    PaymentServiceClient "AttachProviderReference"
        attach_provider_reference(AttachProviderReferenceRequest)
        -> AttachProviderReferenceResponse;
    PaymentServiceClient "GetCustomer" get_customer(GetCustomerRequest) -> GetCustomerResponse;
    PaymentServiceClient "GetPayment" get_payment(GetPaymentRequest) -> GetPaymentResponse;
    PaymentServiceClient "ListPayments" list_payments(ListPaymentsRequest) -> ListPaymentsResponse;
    PaymentServiceClient "StartRefund" start_refund(StartRefundRequest) -> StartRefundResponse;
    PaymentServiceClient "RejectRefund" reject_refund(RejectRefundRequest) -> RejectRefundResponse;
    PaymentServiceClient "ApplyProviderEvent" apply_provider_event(ApplyProviderEventRequest)
        -> ApplyProviderEventResponse, APPLY_TIMEOUT;
    PaymentServiceClient "ClaimStalePayments" claim_stale_payments(ClaimStalePaymentsRequest)
        -> ClaimStalePaymentsResponse;
    PaymentServiceClient "ReplayEvents" replay_events(ReplayEventsRequest) -> ReplayEventsResponse;
    PaymentServiceClient "RecordRate" record_rate(RecordRateRequest) -> RecordRateResponse;
    PaymentServiceClient "GetRate" get_rate(GetRateRequest) -> GetRateResponse;

    SponsorshipServiceClient "GetContribution" get_contribution(GetContributionRequest)
        -> GetContributionResponse;
    SponsorshipServiceClient "ListContributions" list_contributions(ListContributionsRequest)
        -> ListContributionsResponse;
    SponsorshipServiceClient "GetSubscription" get_subscription(GetSubscriptionRequest)
        -> GetSubscriptionResponse;
    SponsorshipServiceClient "SetContributionAnonymous"
        set_contribution_anonymous(SetContributionAnonymousRequest)
        -> SetContributionAnonymousResponse;
    SponsorshipServiceClient "GetBadges" get_badges(GetBadgesRequest) -> GetBadgesResponse;
    SponsorshipServiceClient "ListSupporters" list_supporters(ListSupportersRequest)
        -> ListSupportersResponse;
    SponsorshipServiceClient "GetProgress" get_progress(GetProgressRequest) -> GetProgressResponse;
    SponsorshipServiceClient "GetSupporter" get_supporter(GetSupporterRequest)
        -> GetSupporterResponse;
    SponsorshipServiceClient "UpdateSupporter" update_supporter(UpdateSupporterRequest)
        -> UpdateSupporterResponse;
    SponsorshipServiceClient "GetSponsorship" get_sponsorship(GetSponsorshipRequest)
        -> GetSponsorshipResponse;
    SponsorshipServiceClient "ExportPerson" export_person(ExportPersonRequest) -> ExportPersonResponse;
}

// Every one reads, sets absolute values or carries a key, as above.
calls! { of AdminCore:
    AdminServiceClient "ListAccounts" list_accounts(ListAccountsRequest) -> ListAccountsResponse;
    AdminServiceClient "ListTenantPayments" list_tenant_payments(ListTenantPaymentsRequest)
        -> ListTenantPaymentsResponse;
    AdminServiceClient "GetRevenue" get_revenue(GetRevenueRequest) -> GetRevenueResponse;
    AdminServiceClient "GetTenantUsage" get_tenant_usage(GetTenantUsageRequest)
        -> GetTenantUsageResponse, SUMS_TIMEOUT;
    AdminServiceClient "GetTenantOverview" get_tenant_overview(GetTenantOverviewRequest)
        -> GetTenantOverviewResponse, SUMS_TIMEOUT;
    AdminServiceClient "ListUndelivered" list_undelivered(ListUndeliveredRequest)
        -> ListUndeliveredResponse;
    AdminServiceClient "ListAdminChanges" list_admin_changes(ListAdminChangesRequest)
        -> ListAdminChangesResponse;

    AccountServiceClient "UpdateSettings" update_settings(UpdateSettingsRequest)
        -> UpdateSettingsResponse;
    AccountServiceClient "SuspendAccount" suspend_account(SuspendAccountRequest)
        -> SuspendAccountResponse;
    AccountServiceClient "ResumeAccount" resume_account(ResumeAccountRequest)
        -> ResumeAccountResponse;
    AccountServiceClient "GrantCredit" grant_credit(GrantCreditRequest) -> GrantCreditResponse;
    AccountServiceClient "AdjustBalance" adjust_balance(AdjustBalanceRequest)
        -> AdjustBalanceResponse;
    BalanceServiceClient "RefundCharge" refund_charge(RefundChargeRequest) -> RefundChargeResponse;

    PriceServiceClient "SetPrice" set_price(SetPriceRequest) -> SetPriceResponse;
    PriceServiceClient "CancelPrice" cancel_price(CancelPriceRequest) -> CancelPriceResponse;

    SponsorshipServiceClient "ListMessages" list_messages(ListMessagesRequest) -> ListMessagesResponse;
    SponsorshipServiceClient "ModerateMessage" moderate_message(ModerateMessageRequest)
        -> ModerateMessageResponse;
    SponsorshipServiceClient "ModerateSupporter" moderate_supporter(ModerateSupporterRequest)
        -> ModerateSupporterResponse;

    OperatorServiceClient "ListSwitches" list_switches(ListSwitchesRequest) -> ListSwitchesResponse;
    OperatorServiceClient "SetSwitch" set_switch(SetSwitchRequest) -> SetSwitchResponse;
    OperatorServiceClient "ListSwitchChanges" list_switch_changes(ListSwitchChangesRequest)
        -> ListSwitchChangesResponse;
}
