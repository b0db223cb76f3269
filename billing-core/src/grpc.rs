//! The table of contents: every RPC, one line each.

use billing_proto::v1;
use billing_proto::v1::account_service_server::AccountService;
use billing_proto::v1::admin_service_server::AdminService;
use billing_proto::v1::balance_service_server::BalanceService;
use billing_proto::v1::operator_service_server::OperatorService;
use billing_proto::v1::payment_service_server::PaymentService;
use billing_proto::v1::price_service_server::PriceService;
use billing_proto::v1::sponsorship_service_server::SponsorshipService;
use tonic::{Request, Response, Status};

use crate::{
    Core, account, admin, charge, contact, entry, hold, payment, person, preflight, price,
    sponsorship, switch, usage,
};

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
#[rustfmt::skip] // One line each.
impl BalanceService for Core {
    async fn check_balance(&self, request: Request<v1::CheckBalanceRequest>) -> Answer<v1::CheckBalanceResponse> { preflight::grpc::check_balance(self, request).await }
    async fn place_hold(&self, request: Request<v1::PlaceHoldRequest>) -> Answer<v1::PlaceHoldResponse> { hold::grpc::place_hold(self, request).await }
    async fn capture_hold(&self, request: Request<v1::CaptureHoldRequest>) -> Answer<v1::CaptureHoldResponse> { hold::grpc::capture_hold(self, request).await }
    async fn release_hold(&self, request: Request<v1::ReleaseHoldRequest>) -> Answer<v1::ReleaseHoldResponse> { hold::grpc::release_hold(self, request).await }
    async fn extend_hold(&self, request: Request<v1::ExtendHoldRequest>) -> Answer<v1::ExtendHoldResponse> { hold::grpc::extend_hold(self, request).await }
    async fn charge(&self, request: Request<v1::ChargeRequest>) -> Answer<v1::ChargeResponse> { charge::grpc::charge(self, request).await }
    async fn refund_charge(&self, request: Request<v1::RefundChargeRequest>) -> Answer<v1::RefundChargeResponse> { charge::grpc::refund_charge(self, request).await }
    async fn get_balance(&self, request: Request<v1::GetBalanceRequest>) -> Answer<v1::GetBalanceResponse> { account::grpc::get_balance(self, request).await }
    async fn list_entries(&self, request: Request<v1::ListEntriesRequest>) -> Answer<v1::ListEntriesResponse> { entry::grpc::list_entries(&self.histories, request).await }
    async fn list_holds(&self, request: Request<v1::ListHoldsRequest>) -> Answer<v1::ListHoldsResponse> { hold::grpc::list_holds(self, request).await }
    async fn get_usage(&self, request: Request<v1::GetUsageRequest>) -> Answer<v1::GetUsageResponse> { usage::grpc::get_usage(&self.reader, &self.histories, request).await }
}

#[tonic::async_trait]
#[rustfmt::skip] // One line each.
impl PriceService for Core {
    async fn set_price(&self, request: Request<v1::SetPriceRequest>) -> Answer<v1::SetPriceResponse> { price::grpc::set_price(&self.turns, &self.pool, request).await }
    async fn cancel_price(&self, request: Request<v1::CancelPriceRequest>) -> Answer<v1::CancelPriceResponse> { price::grpc::cancel_price(&self.turns, &self.pool, request).await }
    async fn list_prices(&self, request: Request<v1::ListPricesRequest>) -> Answer<v1::ListPricesResponse> { price::grpc::list_prices(&self.pool, request).await }
    async fn estimate_cost(&self, request: Request<v1::EstimateCostRequest>) -> Answer<v1::EstimateCostResponse> { price::grpc::estimate_cost(&self.catalogue, &self.pool, request).await }
}

#[tonic::async_trait]
#[rustfmt::skip] // One line each.
impl PaymentService for Core {
    async fn create_payment(&self, request: Request<v1::CreatePaymentRequest>) -> Answer<v1::CreatePaymentResponse> { payment::grpc::create_payment(&self.payments, request).await }
    async fn attach_provider_reference(&self, request: Request<v1::AttachProviderReferenceRequest>) -> Answer<v1::AttachProviderReferenceResponse> { payment::grpc::attach_provider_reference(&self.payments, request).await }
    async fn apply_provider_event(&self, request: Request<v1::ApplyProviderEventRequest>) -> Answer<v1::ApplyProviderEventResponse> { payment::grpc::apply_provider_event(&self.payments, request).await }
    async fn get_customer(&self, request: Request<v1::GetCustomerRequest>) -> Answer<v1::GetCustomerResponse> { payment::grpc::get_customer(&self.payments, request).await }
    async fn get_payment(&self, request: Request<v1::GetPaymentRequest>) -> Answer<v1::GetPaymentResponse> { payment::grpc::get_payment(&self.payments, request).await }
    async fn list_payments(&self, request: Request<v1::ListPaymentsRequest>) -> Answer<v1::ListPaymentsResponse> { payment::grpc::list_payments(&self.payments, request).await }
    async fn start_refund(&self, request: Request<v1::StartRefundRequest>) -> Answer<v1::StartRefundResponse> { payment::grpc::start_refund(&self.payments, request).await }
    async fn reject_refund(&self, request: Request<v1::RejectRefundRequest>) -> Answer<v1::RejectRefundResponse> { payment::grpc::reject_refund(&self.payments, request).await }
    async fn claim_stale_payments(&self, request: Request<v1::ClaimStalePaymentsRequest>) -> Answer<v1::ClaimStalePaymentsResponse> { payment::grpc::claim_stale_payments(&self.payments, request).await }
    async fn record_rate(&self, request: Request<v1::RecordRateRequest>) -> Answer<v1::RecordRateResponse> { payment::grpc::record_rate(&self.payments, request).await }
    async fn get_rate(&self, request: Request<v1::GetRateRequest>) -> Answer<v1::GetRateResponse> { payment::grpc::get_rate(&self.payments, request).await }
    async fn replay_events(&self, request: Request<v1::ReplayEventsRequest>) -> Answer<v1::ReplayEventsResponse> { payment::grpc::replay_events(&self.payments, request).await }
}

#[tonic::async_trait]
#[rustfmt::skip] // One line each.
impl SponsorshipService for Core {
    async fn get_contribution(&self, request: Request<v1::GetContributionRequest>) -> Answer<v1::GetContributionResponse> { sponsorship::grpc::get_contribution(&self.sponsorship, &self.payments.reads, request).await }
    async fn list_contributions(&self, request: Request<v1::ListContributionsRequest>) -> Answer<v1::ListContributionsResponse> { sponsorship::grpc::list_contributions(&self.payments.reads, request).await }
    async fn get_subscription(&self, request: Request<v1::GetSubscriptionRequest>) -> Answer<v1::GetSubscriptionResponse> { sponsorship::grpc::get_subscription(&self.payments.reads, request).await }
    async fn set_contribution_anonymous(&self, request: Request<v1::SetContributionAnonymousRequest>) -> Answer<v1::SetContributionAnonymousResponse> { sponsorship::grpc::set_contribution_anonymous(&self.payments.pool, request).await }
    async fn get_badges(&self, request: Request<v1::GetBadgesRequest>) -> Answer<v1::GetBadgesResponse> { sponsorship::grpc::get_badges(&self.sponsorship, request).await }
    async fn list_supporters(&self, request: Request<v1::ListSupportersRequest>) -> Answer<v1::ListSupportersResponse> { sponsorship::grpc::list_supporters(&self.sponsorship, &self.payments.reads, request).await }
    async fn get_progress(&self, request: Request<v1::GetProgressRequest>) -> Answer<v1::GetProgressResponse> { sponsorship::grpc::get_progress(&self.sponsorship, request).await }
    async fn get_supporter(&self, request: Request<v1::GetSupporterRequest>) -> Answer<v1::GetSupporterResponse> { sponsorship::grpc::get_supporter(&self.payments.reads, request).await }
    async fn update_supporter(&self, request: Request<v1::UpdateSupporterRequest>) -> Answer<v1::UpdateSupporterResponse> { sponsorship::grpc::update_supporter(&self.payments.pool, request).await }
    async fn get_sponsorship(&self, request: Request<v1::GetSponsorshipRequest>) -> Answer<v1::GetSponsorshipResponse> { sponsorship::grpc::admin::get_sponsorship(&self.catalogue, &self.payments.reads, request).await }
    async fn set_sponsorship(&self, request: Request<v1::SetSponsorshipRequest>) -> Answer<v1::SetSponsorshipResponse> { sponsorship::grpc::admin::set_sponsorship(&self.turns, &self.payments.pool, request).await }
    async fn list_messages(&self, request: Request<v1::ListMessagesRequest>) -> Answer<v1::ListMessagesResponse> { sponsorship::grpc::admin::list_messages(&self.payments.reads, request).await }
    async fn moderate_message(&self, request: Request<v1::ModerateMessageRequest>) -> Answer<v1::ModerateMessageResponse> { sponsorship::grpc::admin::moderate_message(&self.turns, &self.payments.pool, request).await }
    async fn moderate_supporter(&self, request: Request<v1::ModerateSupporterRequest>) -> Answer<v1::ModerateSupporterResponse> { sponsorship::grpc::admin::moderate_supporter(&self.turns, &self.payments.pool, request).await }
    async fn export_person(&self, request: Request<v1::ExportPersonRequest>) -> Answer<v1::ExportPersonResponse> { person::grpc::export_person(self, request).await }
    async fn erase_person(&self, request: Request<v1::ErasePersonRequest>) -> Answer<v1::ErasePersonResponse> { person::grpc::erase_person(self, request).await }
}

#[tonic::async_trait]
#[rustfmt::skip] // One line each.
impl AccountService for Core {
    async fn get_account(&self, request: Request<v1::GetAccountRequest>) -> Answer<v1::GetAccountResponse> { account::grpc::get_account(self, request).await }
    async fn update_settings(&self, request: Request<v1::UpdateSettingsRequest>) -> Answer<v1::UpdateSettingsResponse> { account::grpc::update_settings(self, request).await }
    async fn send_test_mail(&self, request: Request<v1::SendTestMailRequest>) -> Answer<v1::SendTestMailResponse> { contact::grpc::send_test_mail(&self.payments.pool, request).await }
    async fn unsubscribe(&self, request: Request<v1::UnsubscribeRequest>) -> Answer<v1::UnsubscribeResponse> { contact::grpc::unsubscribe(&self.links, &self.payments.pool, request).await }
    async fn suspend_account(&self, request: Request<v1::SuspendAccountRequest>) -> Answer<v1::SuspendAccountResponse> { account::grpc::suspend_account(self, request).await }
    async fn resume_account(&self, request: Request<v1::ResumeAccountRequest>) -> Answer<v1::ResumeAccountResponse> { account::grpc::resume_account(self, request).await }
    async fn set_billing_enabled(&self, request: Request<v1::SetBillingEnabledRequest>) -> Answer<v1::SetBillingEnabledResponse> { account::grpc::set_billing_enabled(self, request).await }
    async fn grant_credit(&self, request: Request<v1::GrantCreditRequest>) -> Answer<v1::GrantCreditResponse> { account::grpc::grant_credit(self, request).await }
    async fn adjust_balance(&self, request: Request<v1::AdjustBalanceRequest>) -> Answer<v1::AdjustBalanceResponse> { account::grpc::adjust_balance(self, request).await }
    async fn get_tenant(&self, request: Request<v1::GetTenantRequest>) -> Answer<v1::GetTenantResponse> { account::get_tenant(self, request).await }
    async fn set_tenant(&self, request: Request<v1::SetTenantRequest>) -> Answer<v1::SetTenantResponse> { account::set_tenant(self, request).await }
}

#[tonic::async_trait]
#[rustfmt::skip] // One line each.
impl AdminService for Core {
    async fn list_accounts(&self, request: Request<v1::ListAccountsRequest>) -> Answer<v1::ListAccountsResponse> { admin::grpc::list_accounts(&self.reader, &self.histories, request).await }
    async fn list_tenant_payments(&self, request: Request<v1::ListTenantPaymentsRequest>) -> Answer<v1::ListTenantPaymentsResponse> { payment::grpc::tenant::list_tenant_payments(&self.histories, &self.payments, request).await }
    async fn get_revenue(&self, request: Request<v1::GetRevenueRequest>) -> Answer<v1::GetRevenueResponse> { payment::grpc::tenant::get_revenue(&self.histories, request).await }
    async fn get_tenant_usage(&self, request: Request<v1::GetTenantUsageRequest>) -> Answer<v1::GetTenantUsageResponse> { admin::grpc::get_tenant_usage(&self.histories, request).await }
    async fn get_tenant_overview(&self, request: Request<v1::GetTenantOverviewRequest>) -> Answer<v1::GetTenantOverviewResponse> { admin::grpc::get_tenant_overview(&self.overviews, &self.histories, request).await }
    async fn list_undelivered(&self, request: Request<v1::ListUndeliveredRequest>) -> Answer<v1::ListUndeliveredResponse> { admin::grpc::list_undelivered(&self.histories, request).await }
    async fn list_admin_changes(&self, request: Request<v1::ListAdminChangesRequest>) -> Answer<v1::ListAdminChangesResponse> { admin::changes::grpc::list_admin_changes(&self.histories, request).await }
}

#[tonic::async_trait]
#[rustfmt::skip] // One line each.
impl OperatorService for Core {
    async fn list_switches(&self, request: Request<v1::ListSwitchesRequest>) -> Answer<v1::ListSwitchesResponse> { switch::grpc::list_switches(&self.pool, request).await }
    async fn set_switch(&self, request: Request<v1::SetSwitchRequest>) -> Answer<v1::SetSwitchResponse> { switch::grpc::set_switch(&self.turns, &self.pool, request).await }
    async fn list_switch_changes(&self, request: Request<v1::ListSwitchChangesRequest>) -> Answer<v1::ListSwitchChangesResponse> { switch::grpc::list_switch_changes(&self.pool, request).await }
}
