//! One user, and the calls that are made for him.

use billing_proto::v1;
use billing_testkit::TestCore;
use tonic::Status;

use crate::support::{account, charge, hold};

/// A user of the tenant `acme`.
#[derive(Clone, Copy)]
pub struct User<'a> {
    core: &'a TestCore,
    name: &'a str,
}

impl<'a> User<'a> {
    pub fn new(core: &'a TestCore, name: &'a str) -> Self {
        Self { core, name }
    }

    /// With an amount in his account.
    pub async fn with(core: &'a TestCore, name: &'a str, micros: i64) -> Self {
        let user = Self::new(core, name);
        user.grant(micros).await;
        user
    }

    pub fn account(&self) -> Option<v1::AccountRef> {
        Some(account(self.name))
    }

    pub async fn grant(&self, micros: i64) {
        self.core.grant(&account(self.name), micros).await;
    }

    pub async fn adjust(&self, key: &str, micros: i64) -> v1::AdjustBalanceResponse {
        let request = v1::AdjustBalanceRequest {
            account: self.account(),
            idempotency_key: key.to_owned(),
            amount_micros: micros,
            reason: "put right".to_owned(),
            actor: "root@acme".to_owned(),
        };
        let answer = self.core.accounts().adjust_balance(request).await;
        answer.unwrap().into_inner()
    }

    pub async fn check(&self, cost: Option<v1::Cost>) -> v1::CheckBalanceResponse {
        let request = v1::CheckBalanceRequest {
            account: self.account(),
            cost,
        };
        let answer = self.core.balance().check_balance(request).await;
        answer.unwrap().into_inner()
    }

    pub async fn place(
        &self,
        request: v1::PlaceHoldRequest,
    ) -> Result<v1::PlaceHoldResponse, Status> {
        let answer = self.core.balance().place_hold(request).await;
        answer.map(tonic::Response::into_inner)
    }

    pub async fn place_cost(&self, key: &str, cost: Option<v1::Cost>) -> v1::PlaceHoldResponse {
        let request = v1::PlaceHoldRequest {
            cost,
            ..hold(self.name, key, 0)
        };
        self.place(request).await.unwrap()
    }

    /// A hold that must be allowed.
    pub async fn hold(&self, key: &str, cost: Option<v1::Cost>) -> v1::Hold {
        let answer = self.place_cost(key, cost).await;
        assert_eq!(answer.decision(), v1::Decision::Allowed);
        answer.hold.unwrap()
    }

    /// A hold that must be allowed, and lives for a second.
    pub async fn brief_hold(&self, key: &str, micros: i64) -> v1::Hold {
        let request = v1::PlaceHoldRequest {
            ttl: Some(prost_types::Duration {
                seconds: 1,
                nanos: 0,
            }),
            ..hold(self.name, key, micros)
        };
        self.place(request).await.unwrap().hold.unwrap()
    }

    pub fn capture_request(
        &self,
        hold: &v1::Hold,
        cost: Option<v1::Cost>,
    ) -> v1::CaptureHoldRequest {
        v1::CaptureHoldRequest {
            account: self.account(),
            hold_id: hold.hold_id.clone(),
            cost,
            ..Default::default()
        }
    }

    pub async fn capture(
        &self,
        hold: &v1::Hold,
        cost: Option<v1::Cost>,
    ) -> Result<v1::CaptureHoldResponse, Status> {
        self.capture_by(hold, cost, v1::OveragePolicy::Unspecified)
            .await
    }

    pub async fn capture_by(
        &self,
        hold: &v1::Hold,
        cost: Option<v1::Cost>,
        policy: v1::OveragePolicy,
    ) -> Result<v1::CaptureHoldResponse, Status> {
        let request = v1::CaptureHoldRequest {
            overage_policy: policy.into(),
            ..self.capture_request(hold, cost)
        };
        let answer = self.core.balance().capture_hold(request).await;
        answer.map(tonic::Response::into_inner)
    }

    pub async fn release(&self, hold: &v1::Hold) -> Result<v1::ReleaseHoldResponse, Status> {
        let request = v1::ReleaseHoldRequest {
            account: self.account(),
            hold_id: hold.hold_id.clone(),
        };
        let answer = self.core.balance().release_hold(request).await;
        answer.map(tonic::Response::into_inner)
    }

    pub async fn extend(
        &self,
        hold: &v1::Hold,
        ttl: Option<prost_types::Duration>,
    ) -> Result<v1::ExtendHoldResponse, Status> {
        let request = v1::ExtendHoldRequest {
            account: self.account(),
            hold_id: hold.hold_id.clone(),
            ttl,
        };
        let answer = self.core.balance().extend_hold(request).await;
        answer.map(tonic::Response::into_inner)
    }

    pub async fn try_charge(
        &self,
        request: v1::ChargeRequest,
    ) -> Result<v1::ChargeResponse, Status> {
        let answer = self.core.balance().charge(request).await;
        answer.map(tonic::Response::into_inner)
    }

    pub async fn charge(&self, key: &str, cost: Option<v1::Cost>) -> v1::ChargeResponse {
        self.charge_by(key, cost, v1::OveragePolicy::Unspecified)
            .await
    }

    pub async fn charge_by(
        &self,
        key: &str,
        cost: Option<v1::Cost>,
        policy: v1::OveragePolicy,
    ) -> v1::ChargeResponse {
        let request = v1::ChargeRequest {
            cost,
            overage_policy: policy.into(),
            ..charge(self.name, key, 0)
        };
        self.try_charge(request).await.unwrap()
    }

    /// Refunds an amount of a charge; none: the rest.
    pub async fn refund(
        &self,
        key: &str,
        entry_id: &str,
        amount_micros: Option<i64>,
    ) -> Result<v1::RefundChargeResponse, Status> {
        let request = v1::RefundChargeRequest {
            account: self.account(),
            idempotency_key: key.to_owned(),
            entry_id: entry_id.to_owned(),
            amount_micros,
            reason: "it failed".to_owned(),
            ..Default::default()
        };
        let answer = self.core.balance().refund_charge(request).await;
        answer.map(tonic::Response::into_inner)
    }

    pub async fn standing(&self) -> v1::GetBalanceResponse {
        let request = v1::GetBalanceRequest {
            account: self.account(),
        };
        let answer = self.core.balance().get_balance(request).await;
        answer.unwrap().into_inner()
    }

    /// (settled, held, available, debt)
    pub async fn balance(&self) -> (i64, i64, i64, i64) {
        let balance = self.standing().await.balance.unwrap();
        assert_eq!(balance.currency, "USD");
        (
            balance.settled_micros,
            balance.held_micros,
            balance.available_micros,
            balance.debt_micros,
        )
    }

    pub async fn available(&self) -> i64 {
        self.balance().await.2
    }

    /// What of the limits of the day and of the month is used.
    pub async fn used(&self) -> (i64, i64) {
        let limits = self.standing().await.limits;
        (limits[0].used_micros, limits[1].used_micros)
    }

    pub async fn get(&self) -> v1::Account {
        let request = v1::GetAccountRequest {
            account: self.account(),
        };
        let answer = self.core.accounts().get_account(request).await;
        answer.unwrap().into_inner().account.unwrap()
    }

    pub async fn settings(&self, settings: v1::UpdateSettingsRequest) -> v1::Account {
        let request = v1::UpdateSettingsRequest {
            account: self.account(),
            ..settings
        };
        let answer = self.core.accounts().update_settings(request).await;
        answer.unwrap().into_inner().account.unwrap()
    }

    /// Neither a daily nor a monthly limit.
    pub async fn without_limits(self) -> Self {
        let none = Some(v1::AmountSetting {
            amount_micros: None,
        });
        self.settings(v1::UpdateSettingsRequest {
            daily_limit: none,
            monthly_limit: none,
            ..Default::default()
        })
        .await;
        self
    }

    pub async fn suspend(&self) {
        let request = v1::SuspendAccountRequest {
            account: self.account(),
            ..Default::default()
        };
        self.core.accounts().suspend_account(request).await.unwrap();
    }

    pub async fn resume(&self) {
        let request = v1::ResumeAccountRequest {
            account: self.account(),
            ..Default::default()
        };
        self.core.accounts().resume_account(request).await.unwrap();
    }

    pub async fn enable_billing(&self, billing_enabled: bool) {
        let request = v1::SetBillingEnabledRequest {
            account: self.account(),
            billing_enabled,
            ..Default::default()
        };
        let answer = self.core.accounts().set_billing_enabled(request).await;
        let account = answer.unwrap().into_inner().account.unwrap();
        assert_eq!(account.billing_enabled, billing_enabled);
    }

    pub async fn page(&self, request: v1::ListEntriesRequest) -> v1::ListEntriesResponse {
        let request = v1::ListEntriesRequest {
            account: self.account(),
            ..request
        };
        let answer = self.core.balance().list_entries(request).await;
        answer.unwrap().into_inner()
    }

    /// All entries, newest first.
    pub async fn entries(&self) -> Vec<v1::Entry> {
        let page = self
            .page(v1::ListEntriesRequest {
                page_size: 500,
                ..Default::default()
            })
            .await;
        assert_eq!(page.next_page_token, "");
        page.entries
    }
}
