//! What bad input gets: `INVALID_ARGUMENT` that names the field, and a core that goes on serving.

mod amounts;
mod history;
mod texts;
mod tools;

use billing_core::id::AccountId;
use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use tonic::{Code, Status};

use crate::support::{USD, account, amount, charge, core, fields, hold, reason, tool_usage};
use crate::user::User;

/// Amounts beyond 10^15, either way.
const TOO_MUCH: [i64; 3] = [1_000_000_000_000_001, i64::MAX, i64::MIN];

/// An id as the core writes it, of a hold that does not exist.
const HOLD: &str = "0190c8a7-0000-7000-8000-000000000000";

/// Texts that a field of 1 to `most` bytes refuses.
fn bad_texts(most: usize) -> [String; 4] {
    [
        String::new(),
        "x".repeat(most + 1),
        // Bytes count, not letters.
        "ї".repeat(most / 2 + 1),
        "a\0b".to_owned(),
    ]
}

/// Texts in which nothing can be seen.
const BLANKS: [&str; 4] = [" ", "\u{a0} \t", "\u{200b}", "\u{feff}\u{2060}\u{3164}"];

/// Texts that a field which may be empty refuses.
fn bad_optional_texts(most: usize) -> [String; 2] {
    ["x".repeat(most + 1), "a\0b".to_owned()]
}

/// Outside the years 1 to 9999, or with nanoseconds that are none.
fn bad_times() -> Vec<Option<prost_types::Timestamp>> {
    [
        (i64::MAX, 0),
        (i64::MIN, 0),
        (253_402_300_800, 0),
        (-62_135_596_801, 0),
        (-300_000_000_000, 0),
        (-377_705_023_201, 0),
        (0, -1),
        (0, 1_000_000_000),
        (0, i32::MIN),
    ]
    .map(|(seconds, nanos)| Some(prost_types::Timestamp { seconds, nanos }))
    .into()
}

/// A core that is sent requests which are good but for one field.
struct Refusing {
    core: TestCore,
    database: TestDatabase,
}

/// A method for each RPC: spoils a good request, sends it, and sees the field refused.
macro_rules! refusing {
    ($($client:ident . $rpc:ident ($request:ident) of $good:expr;)*) => {
        impl Refusing {
            $(async fn $rpc(&self, field: &str, spoil: impl FnOnce(&mut v1::$request)) {
                let mut request: v1::$request = $good;
                spoil(&mut request);
                let sent = format!("{request:.200?}");
                let answer = self.core.$client().$rpc(request).await;
                assert_refused(field, &sent, &answer.expect_err(&sent));
            })*
        }
    };
}

refusing! {
    balance.check_balance(CheckBalanceRequest) of
        v1::CheckBalanceRequest { account: alice(), cost: amount(1) };
    balance.place_hold(PlaceHoldRequest) of hold("alice", "k", 1);
    balance.capture_hold(CaptureHoldRequest) of v1::CaptureHoldRequest {
        account: alice(), hold_id: HOLD.to_owned(), cost: amount(1), ..Default::default()
    };
    balance.release_hold(ReleaseHoldRequest) of
        v1::ReleaseHoldRequest { account: alice(), hold_id: HOLD.to_owned() };
    balance.extend_hold(ExtendHoldRequest) of
        v1::ExtendHoldRequest { account: alice(), hold_id: HOLD.to_owned(), ttl: None };
    balance.charge(ChargeRequest) of charge("alice", "k", 1);
    balance.refund_charge(RefundChargeRequest) of v1::RefundChargeRequest {
        account: alice(), idempotency_key: "k".to_owned(), entry_id: entry_of_alice(),
        ..Default::default()
    };
    balance.get_balance(GetBalanceRequest) of v1::GetBalanceRequest { account: alice() };
    balance.list_entries(ListEntriesRequest) of
        v1::ListEntriesRequest { account: alice(), ..Default::default() };
    balance.get_usage(GetUsageRequest) of
        v1::GetUsageRequest { account: alice(), ..Default::default() };
    accounts.get_account(GetAccountRequest) of v1::GetAccountRequest { account: alice() };
    accounts.update_settings(UpdateSettingsRequest) of
        v1::UpdateSettingsRequest { account: alice(), ..Default::default() };
    accounts.suspend_account(SuspendAccountRequest) of
        v1::SuspendAccountRequest { account: alice(), ..Default::default() };
    accounts.resume_account(ResumeAccountRequest) of
        v1::ResumeAccountRequest { account: alice(), ..Default::default() };
    accounts.set_billing_enabled(SetBillingEnabledRequest) of
        v1::SetBillingEnabledRequest { account: alice(), billing_enabled: true, ..Default::default() };
    accounts.grant_credit(GrantCreditRequest) of v1::GrantCreditRequest {
        account: alice(), idempotency_key: "k".to_owned(), amount_micros: 1,
        reason: "r".to_owned(), actor: "a".to_owned(),
    };
    accounts.adjust_balance(AdjustBalanceRequest) of v1::AdjustBalanceRequest {
        account: alice(), idempotency_key: "k".to_owned(), amount_micros: 1,
        reason: "r".to_owned(), actor: "a".to_owned(),
    };
    accounts.get_tenant(GetTenantRequest) of v1::GetTenantRequest { tenant_id: "acme".to_owned() };
    accounts.set_tenant(SetTenantRequest) of v1::SetTenantRequest {
        tenant: Some(v1::Tenant { tenant_id: "acme".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    prices.set_price(SetPriceRequest) of v1::SetPriceRequest {
        tenant_id: "acme".to_owned(), tool: "search".to_owned(), ..Default::default()
    };
    prices.list_prices(ListPricesRequest) of
        v1::ListPricesRequest { tenant_id: "acme".to_owned(), ..Default::default() };
    prices.estimate_cost(EstimateCostRequest) of v1::EstimateCostRequest {
        tenant_id: "acme".to_owned(), tool: Some(tool_usage("search", &[])),
    };
}

fn alice() -> Option<v1::AccountRef> {
    Some(account("alice"))
}

/// An id as the core writes it, of an entry that does not exist.
fn entry_of_alice() -> String {
    let account = AccountId::of("acme", "alice");
    format!("{}-99", account.uuid().simple())
}

fn assert_refused(field: &str, sent: &str, status: &Status) {
    assert_eq!(status.code(), Code::InvalidArgument, "{sent}: {status:?}");
    assert_eq!(fields(status), [field], "{sent}");
    assert_eq!(reason(status), "INVALID_FIELD", "{sent}");
    assert!(status.message().starts_with(field), "{sent}: {status:?}");
}

impl Refusing {
    async fn start() -> Self {
        let (database, core) = core().await;
        Self { core, database }
    }

    fn user<'a>(&'a self, name: &'a str) -> User<'a> {
        User::new(&self.core, name)
    }

    /// As tenant settings, spoilt in one of them.
    async fn tenant(&self, field: &str, spoil: impl FnOnce(&mut v1::Tenant)) {
        self.set_tenant(field, |request| spoil(request.tenant.as_mut().unwrap()))
            .await;
    }

    /// Whatever was refused, the core serves on, and none of it has left a trace.
    async fn serves_on(self) {
        let alice = self.user("alice");
        assert!(!alice.get().await.exists);
        alice.grant(USD).await;
        let charge = alice.charge("k", amount(USD)).await;
        assert_eq!(charge.decision(), v1::Decision::Allowed);
        assert!(!charge.replayed);
        assert_eq!(alice.balance().await, (0, 0, 0, 0));
        self.core.stop().await;
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_one_is_refused_by_every_rpc_that_takes_one() {
    let core = Refusing::start().await;
    let named = |tenant_id: &str, user_id: &str| {
        Some(v1::AccountRef {
            tenant_id: tenant_id.to_owned(),
            user_id: user_id.to_owned(),
        })
    };
    let mut cases = vec![(None, "account")];
    cases.extend(bad_texts(128).map(|text| (named(&text, "u"), "account.tenant_id")));
    cases.extend(bad_texts(255).map(|text| (named("acme", &text), "account.user_id")));
    for (bad, field) in cases {
        let account = || bad.clone();
        core.check_balance(field, |r| r.account = account()).await;
        core.place_hold(field, |r| r.account = account()).await;
        core.capture_hold(field, |r| r.account = account()).await;
        core.release_hold(field, |r| r.account = account()).await;
        core.extend_hold(field, |r| r.account = account()).await;
        core.charge(field, |r| r.account = account()).await;
        core.refund_charge(field, |r| r.account = account()).await;
        core.get_balance(field, |r| r.account = account()).await;
        core.list_entries(field, |r| r.account = account()).await;
        core.get_usage(field, |r| r.account = account()).await;
        core.get_account(field, |r| r.account = account()).await;
        core.update_settings(field, |r| r.account = account()).await;
        core.suspend_account(field, |r| r.account = account()).await;
        core.resume_account(field, |r| r.account = account()).await;
        core.set_billing_enabled(field, |r| r.account = account())
            .await;
        core.grant_credit(field, |r| r.account = account()).await;
        core.adjust_balance(field, |r| r.account = account()).await;
    }
    // An account of a blank name is not opened, and one that is there is read and settled.
    for (bad, field) in [
        (named(" ", "u"), "account.tenant_id"),
        (named("acme", "\u{a0} \t"), "account.user_id"),
        (named("\u{200b}", "u"), "account.tenant_id"),
        (named("acme", "\u{200b}"), "account.user_id"),
    ] {
        let account = || bad.clone();
        core.place_hold(field, |r| r.account = account()).await;
        core.charge(field, |r| r.account = account()).await;
        core.update_settings(field, |r| r.account = account()).await;
        core.grant_credit(field, |r| r.account = account()).await;
        core.core
            .balance()
            .get_balance(v1::GetBalanceRequest { account: account() })
            .await
            .unwrap();
        core.core
            .accounts()
            .get_account(v1::GetAccountRequest { account: account() })
            .await
            .unwrap();
    }
    // The longest that may be, and letters of every kind.
    let account = named(&"t".repeat(128), &"ї".repeat(127));
    let request = v1::GetBalanceRequest { account };
    core.core.balance().get_balance(request).await.unwrap();
    core.serves_on().await;
}

#[tokio::test]
async fn a_number_that_no_enum_has_is_refused() {
    let core = Refusing::start().await;
    for number in [9, -1, i32::MAX, i32::MIN] {
        core.charge("overage_policy", |r| r.overage_policy = number)
            .await;
        core.capture_hold("overage_policy", |r| r.overage_policy = number)
            .await;
        core.list_entries("kind", |r| r.kind = number).await;
        core.tenant("tenant.unpriced_tools", |t| t.unpriced_tools = number)
            .await;
    }
    core.serves_on().await;
}

#[tokio::test]
async fn a_message_beyond_the_bound_is_refused_and_the_connection_goes_on() {
    let core = Refusing::start().await;
    let huge = v1::ChargeRequest {
        description: "x".repeat(1 << 20),
        ..charge("alice", "k", 1)
    };
    let status = core.core.balance().charge(huge).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    core.serves_on().await;
}
