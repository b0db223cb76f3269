//! What bad input gets: INVALID_ARGUMENT that names the field, and a core that goes on serving.

use std::fmt::Debug;
use std::future::Future;

use billing_core::id::AccountId;
use billing_proto::v1;
use billing_testkit::TestCore;
use tonic::{Code, Response, Status};

use crate::support::{
    USD, account, amount, charge, core, fields, hold, reason, seconds, set, tool, tool_usage,
};
use crate::user::User;

const TOO_MUCH: [i64; 3] = [1_000_000_000_000_001, i64::MAX, i64::MIN];

async fn refused<T: Debug>(
    field: &str,
    what: &str,
    call: impl Future<Output = Result<Response<T>, Status>>,
) {
    let status = call.await.expect_err(what);
    assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status:?}");
    assert_eq!(fields(&status), [field], "{what}");
    assert_eq!(reason(&status), "INVALID_FIELD", "{what}");
    assert!(
        status.message().starts_with(field),
        "{what}: {}",
        status.message()
    );
}

fn named(tenant_id: &str, user_id: &str) -> Option<v1::AccountRef> {
    Some(v1::AccountRef {
        tenant_id: tenant_id.to_owned(),
        user_id: user_id.to_owned(),
    })
}

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

/// Texts that a field which may be empty refuses.
fn bad_optional_texts(most: usize) -> [String; 2] {
    ["x".repeat(most + 1), "a\0b".to_owned()]
}

async fn assert_serving(core: &TestCore) {
    let alice = User::with(core, "alice", USD).await;
    let charge = alice.charge("still-there", amount(USD)).await;
    assert_eq!(charge.decision(), v1::Decision::Allowed);
    assert_eq!(alice.balance().await, (0, 0, 0, 0));
}

#[tokio::test]
async fn an_account_that_cannot_be_one_is_refused_by_every_rpc_that_takes_one() {
    let (_database, core) = core().await;
    let mut cases = vec![(None, "account")];
    cases.extend(bad_texts(128).map(|text| (named(&text, "u"), "account.tenant_id")));
    cases.extend(bad_texts(255).map(|text| (named("acme", &text), "account.user_id")));
    for (account, field) in cases {
        refused(
            field,
            "CheckBalance",
            core.balance().check_balance(v1::CheckBalanceRequest {
                account: account.clone(),
                cost: amount(1),
            }),
        )
        .await;
        refused(
            field,
            "PlaceHold",
            core.balance().place_hold(v1::PlaceHoldRequest {
                account: account.clone(),
                ..hold("", "k", 1)
            }),
        )
        .await;
        refused(
            field,
            "CaptureHold",
            core.balance().capture_hold(v1::CaptureHoldRequest {
                account: account.clone(),
                ..capture(1)
            }),
        )
        .await;
        refused(
            field,
            "ReleaseHold",
            core.balance().release_hold(v1::ReleaseHoldRequest {
                account: account.clone(),
                hold_id: HOLD.to_owned(),
            }),
        )
        .await;
        refused(
            field,
            "ExtendHold",
            core.balance().extend_hold(v1::ExtendHoldRequest {
                account: account.clone(),
                hold_id: HOLD.to_owned(),
                ttl: None,
            }),
        )
        .await;
        refused(
            field,
            "Charge",
            core.balance().charge(v1::ChargeRequest {
                account: account.clone(),
                ..charge("", "k", 1)
            }),
        )
        .await;
        refused(
            field,
            "RefundCharge",
            core.balance().refund_charge(v1::RefundChargeRequest {
                account: account.clone(),
                ..refund()
            }),
        )
        .await;
        refused(
            field,
            "GetBalance",
            core.balance().get_balance(v1::GetBalanceRequest {
                account: account.clone(),
            }),
        )
        .await;
        refused(
            field,
            "ListEntries",
            core.balance().list_entries(v1::ListEntriesRequest {
                account: account.clone(),
                ..Default::default()
            }),
        )
        .await;
        refused(
            field,
            "GetUsage",
            core.balance().get_usage(v1::GetUsageRequest {
                account: account.clone(),
                ..Default::default()
            }),
        )
        .await;
        refused(
            field,
            "GetAccount",
            core.accounts().get_account(v1::GetAccountRequest {
                account: account.clone(),
            }),
        )
        .await;
        refused(
            field,
            "UpdateSettings",
            core.accounts().update_settings(v1::UpdateSettingsRequest {
                account: account.clone(),
                ..Default::default()
            }),
        )
        .await;
        refused(
            field,
            "SuspendAccount",
            core.accounts().suspend_account(v1::SuspendAccountRequest {
                account: account.clone(),
            }),
        )
        .await;
        refused(
            field,
            "ResumeAccount",
            core.accounts().resume_account(v1::ResumeAccountRequest {
                account: account.clone(),
            }),
        )
        .await;
        refused(
            field,
            "SetBillingEnabled",
            core.accounts()
                .set_billing_enabled(v1::SetBillingEnabledRequest {
                    account: account.clone(),
                    billing_enabled: true,
                }),
        )
        .await;
        refused(
            field,
            "GrantCredit",
            core.accounts().grant_credit(v1::GrantCreditRequest {
                account: account.clone(),
                ..grant()
            }),
        )
        .await;
        refused(
            field,
            "AdjustBalance",
            core.accounts().adjust_balance(v1::AdjustBalanceRequest {
                account,
                ..adjustment()
            }),
        )
        .await;
    }
    // The longest that may be, and letters of every kind.
    let longest = named(&"t".repeat(128), &"ї".repeat(127));
    core.balance()
        .get_balance(v1::GetBalanceRequest { account: longest })
        .await
        .unwrap();
    assert_serving(&core).await;
    core.stop().await;
}

const HOLD: &str = "0190c8a7-0000-7000-8000-000000000000";

fn capture(micros: i64) -> v1::CaptureHoldRequest {
    v1::CaptureHoldRequest {
        account: Some(account("alice")),
        hold_id: HOLD.to_owned(),
        cost: amount(micros),
        ..Default::default()
    }
}

/// An id as the core writes it, of an entry that does not exist.
fn entry_of_alice() -> String {
    let account = AccountId::of("acme", "alice");
    format!("{}-99", account.uuid().simple())
}

fn refund() -> v1::RefundChargeRequest {
    v1::RefundChargeRequest {
        account: Some(account("alice")),
        idempotency_key: "k".to_owned(),
        entry_id: entry_of_alice(),
        ..Default::default()
    }
}

fn grant() -> v1::GrantCreditRequest {
    v1::GrantCreditRequest {
        account: Some(account("alice")),
        idempotency_key: "k".to_owned(),
        amount_micros: 1,
        reason: "r".to_owned(),
        actor: "a".to_owned(),
    }
}

fn adjustment() -> v1::AdjustBalanceRequest {
    v1::AdjustBalanceRequest {
        account: Some(account("alice")),
        idempotency_key: "k".to_owned(),
        amount_micros: 1,
        reason: "r".to_owned(),
        actor: "a".to_owned(),
    }
}

#[tokio::test]
async fn an_amount_that_cannot_be_one_is_refused() {
    let (_database, core) = core().await;
    let field = "cost.amount_micros";
    let check = |cost| v1::CheckBalanceRequest {
        account: Some(account("alice")),
        cost,
    };
    for micros in [0, -1, -USD].into_iter().chain(TOO_MUCH) {
        let what = format!("{micros} micros");
        refused(
            field,
            &what,
            core.balance().check_balance(check(amount(micros))),
        )
        .await;
        refused(
            field,
            &what,
            core.balance().place_hold(hold("alice", "k", micros)),
        )
        .await;
        refused(
            field,
            &what,
            core.balance().place_hold(v1::PlaceHoldRequest {
                dry_run: true,
                ..hold("alice", "k", micros)
            }),
        )
        .await;
        refused(
            field,
            &what,
            core.balance().charge(charge("alice", "k", micros)),
        )
        .await;
        refused(
            "amount_micros",
            &what,
            core.balance().refund_charge(v1::RefundChargeRequest {
                amount_micros: Some(micros),
                ..refund()
            }),
        )
        .await;
        refused(
            "amount_micros",
            &what,
            core.accounts().grant_credit(v1::GrantCreditRequest {
                amount_micros: micros,
                ..grant()
            }),
        )
        .await;
    }
    // 0 releases a hold; an adjustment is signed.
    for micros in [-1].into_iter().chain(TOO_MUCH) {
        let what = format!("a capture of {micros}");
        refused(field, &what, core.balance().capture_hold(capture(micros))).await;
    }
    for micros in [0, -1_000_000_000_000_001].into_iter().chain(TOO_MUCH) {
        let what = format!("an adjustment of {micros}");
        refused(
            "amount_micros",
            &what,
            core.accounts().adjust_balance(v1::AdjustBalanceRequest {
                amount_micros: micros,
                ..adjustment()
            }),
        )
        .await;
    }
    for cost in [None, Some(v1::Cost { cost: None })] {
        refused(
            "cost",
            "no cost",
            core.balance().check_balance(check(cost.clone())),
        )
        .await;
        refused(
            "cost",
            "no cost",
            core.balance().place_hold(v1::PlaceHoldRequest {
                cost: cost.clone(),
                ..hold("alice", "k", 1)
            }),
        )
        .await;
        refused(
            "cost",
            "no cost",
            core.balance().capture_hold(v1::CaptureHoldRequest {
                cost: cost.clone(),
                ..capture(1)
            }),
        )
        .await;
        refused(
            "cost",
            "no cost",
            core.balance().charge(v1::ChargeRequest {
                cost,
                ..charge("alice", "k", 1)
            }),
        )
        .await;
    }
    assert_serving(&core).await;
    // The largest amount is one.
    let rich = User::with(&core, "rich", 1_000_000_000_000_000)
        .await
        .without_limits()
        .await;
    assert_eq!(
        rich.charge("k", amount(1_000_000_000_000_000))
            .await
            .decision(),
        v1::Decision::Allowed
    );
    core.stop().await;
}

#[tokio::test]
async fn limits_and_tenants_settings_are_amounts_too() {
    let (_database, core) = core().await;
    let settings = || v1::UpdateSettingsRequest {
        account: Some(account("alice")),
        ..Default::default()
    };
    let tenant = || v1::Tenant {
        tenant_id: "acme".to_owned(),
        ..Default::default()
    };
    let set_tenant = |tenant| v1::SetTenantRequest {
        tenant: Some(tenant),
    };
    for micros in [-1].into_iter().chain(TOO_MUCH) {
        let what = format!("{micros} micros");
        refused(
            "daily_limit.amount_micros",
            &what,
            core.accounts().update_settings(v1::UpdateSettingsRequest {
                daily_limit: set(micros),
                ..settings()
            }),
        )
        .await;
        refused(
            "monthly_limit.amount_micros",
            &what,
            core.accounts().update_settings(v1::UpdateSettingsRequest {
                monthly_limit: set(micros),
                ..settings()
            }),
        )
        .await;
        refused(
            "low_balance_threshold.amount_micros",
            &what,
            core.accounts().update_settings(v1::UpdateSettingsRequest {
                low_balance_threshold: set(micros),
                ..settings()
            }),
        )
        .await;
        refused(
            "tenant.welcome_grant_micros",
            &what,
            core.accounts().set_tenant(set_tenant(v1::Tenant {
                welcome_grant_micros: micros,
                ..tenant()
            })),
        )
        .await;
        refused(
            "tenant.default_daily_limit_micros",
            &what,
            core.accounts().set_tenant(set_tenant(v1::Tenant {
                default_daily_limit_micros: Some(micros),
                ..tenant()
            })),
        )
        .await;
        refused(
            "tenant.default_monthly_limit_micros",
            &what,
            core.accounts().set_tenant(set_tenant(v1::Tenant {
                default_monthly_limit_micros: Some(micros),
                ..tenant()
            })),
        )
        .await;
    }
    for zone in [
        "",
        "Europe/Atlantis",
        "../etc/passwd",
        "+02:00",
        "Mars",
        "UTC\0",
        "local",
        &"x".repeat(65),
    ] {
        refused(
            "time_zone",
            zone,
            core.accounts().update_settings(v1::UpdateSettingsRequest {
                time_zone: Some(zone.to_owned()),
                ..settings()
            }),
        )
        .await;
    }
    refused(
        "tenant",
        "no tenant",
        core.accounts()
            .set_tenant(v1::SetTenantRequest { tenant: None }),
    )
    .await;
    refused(
        "tenant.unpriced_tools",
        "9",
        core.accounts().set_tenant(set_tenant(v1::Tenant {
            unpriced_tools: 9,
            ..tenant()
        })),
    )
    .await;
    for text in bad_texts(128) {
        refused(
            "tenant.tenant_id",
            "SetTenant",
            core.accounts().set_tenant(set_tenant(v1::Tenant {
                tenant_id: text.clone(),
                ..tenant()
            })),
        )
        .await;
        refused(
            "tenant_id",
            "GetTenant",
            core.accounts()
                .get_tenant(v1::GetTenantRequest { tenant_id: text }),
        )
        .await;
    }
    for text in bad_optional_texts(2000) {
        refused(
            "tenant.topup_url",
            "a URL",
            core.accounts().set_tenant(set_tenant(v1::Tenant {
                topup_url: text,
                ..tenant()
            })),
        )
        .await;
    }
    assert_serving(&core).await;
    core.stop().await;
}

#[tokio::test]
async fn a_text_that_is_empty_too_long_or_holds_u_0000_is_refused() {
    let (_database, core) = core().await;
    for text in bad_texts(255) {
        let key = || text.clone();
        refused(
            "idempotency_key",
            "PlaceHold",
            core.balance().place_hold(hold("alice", &text, 1)),
        )
        .await;
        refused(
            "idempotency_key",
            "Charge",
            core.balance().charge(charge("alice", &text, 1)),
        )
        .await;
        refused(
            "idempotency_key",
            "RefundCharge",
            core.balance().refund_charge(v1::RefundChargeRequest {
                idempotency_key: key(),
                ..refund()
            }),
        )
        .await;
        refused(
            "idempotency_key",
            "GrantCredit",
            core.accounts().grant_credit(v1::GrantCreditRequest {
                idempotency_key: key(),
                ..grant()
            }),
        )
        .await;
        refused(
            "idempotency_key",
            "AdjustBalance",
            core.accounts().adjust_balance(v1::AdjustBalanceRequest {
                idempotency_key: key(),
                ..adjustment()
            }),
        )
        .await;
        refused(
            "actor",
            "GrantCredit",
            core.accounts().grant_credit(v1::GrantCreditRequest {
                actor: key(),
                ..grant()
            }),
        )
        .await;
        refused(
            "actor",
            "AdjustBalance",
            core.accounts().adjust_balance(v1::AdjustBalanceRequest {
                actor: key(),
                ..adjustment()
            }),
        )
        .await;
    }
    for text in bad_texts(500) {
        refused(
            "reason",
            "GrantCredit",
            core.accounts().grant_credit(v1::GrantCreditRequest {
                reason: text.clone(),
                ..grant()
            }),
        )
        .await;
        refused(
            "reason",
            "AdjustBalance",
            core.accounts().adjust_balance(v1::AdjustBalanceRequest {
                reason: text,
                ..adjustment()
            }),
        )
        .await;
    }
    for text in bad_texts(64) {
        refused(
            "hold_id",
            "CaptureHold",
            core.balance().capture_hold(v1::CaptureHoldRequest {
                hold_id: text.clone(),
                ..capture(1)
            }),
        )
        .await;
        refused(
            "hold_id",
            "ReleaseHold",
            core.balance().release_hold(v1::ReleaseHoldRequest {
                account: Some(account("alice")),
                hold_id: text.clone(),
            }),
        )
        .await;
        refused(
            "hold_id",
            "ExtendHold",
            core.balance().extend_hold(v1::ExtendHoldRequest {
                account: Some(account("alice")),
                hold_id: text.clone(),
                ttl: None,
            }),
        )
        .await;
        refused(
            "entry_id",
            "RefundCharge",
            core.balance().refund_charge(v1::RefundChargeRequest {
                entry_id: text,
                ..refund()
            }),
        )
        .await;
    }
    for text in bad_optional_texts(255) {
        refused(
            "request_id",
            "PlaceHold",
            core.balance().place_hold(v1::PlaceHoldRequest {
                request_id: text.clone(),
                ..hold("alice", "k", 1)
            }),
        )
        .await;
        refused(
            "request_id",
            "Charge",
            core.balance().charge(v1::ChargeRequest {
                request_id: text,
                ..charge("alice", "k", 1)
            }),
        )
        .await;
    }
    for text in bad_optional_texts(500) {
        refused(
            "description",
            "CaptureHold",
            core.balance().capture_hold(v1::CaptureHoldRequest {
                description: text.clone(),
                ..capture(1)
            }),
        )
        .await;
        refused(
            "description",
            "Charge",
            core.balance().charge(v1::ChargeRequest {
                description: text.clone(),
                ..charge("alice", "k", 1)
            }),
        )
        .await;
        refused(
            "reason",
            "RefundCharge",
            core.balance().refund_charge(v1::RefundChargeRequest {
                reason: text,
                ..refund()
            }),
        )
        .await;
    }
    assert_serving(&core).await;
    core.stop().await;
}

#[tokio::test]
async fn metadata_has_bounds() {
    let (_database, core) = core().await;
    let many: Vec<(String, String)> = (0..51).map(|n| (n.to_string(), String::new())).collect();
    let mut cases = vec![many.clone()];
    for key in bad_texts(40) {
        cases.push(vec![(key, "v".to_owned())]);
    }
    for value in bad_optional_texts(500) {
        cases.push(vec![("k".to_owned(), value)]);
    }
    for metadata in cases {
        let charging = v1::ChargeRequest {
            metadata: metadata.clone().into_iter().collect(),
            ..charge("alice", "k", 1)
        };
        refused("metadata", "Charge", core.balance().charge(charging)).await;
        let capturing = v1::CaptureHoldRequest {
            metadata: metadata.into_iter().collect(),
            ..capture(1)
        };
        refused(
            "metadata",
            "CaptureHold",
            core.balance().capture_hold(capturing),
        )
        .await;
    }
    let alice = User::with(&core, "alice", USD).await;
    let most = v1::ChargeRequest {
        metadata: many
            .into_iter()
            .take(50)
            .map(|(key, _)| (format!("{key:0>40}"), "ї".repeat(250)))
            .collect(),
        ..charge("alice", "most", 1)
    };
    assert_eq!(
        alice.try_charge(most).await.unwrap().decision(),
        v1::Decision::Allowed
    );
    assert_eq!(alice.entries().await[0].metadata.len(), 50);
    core.stop().await;
}

#[tokio::test]
async fn a_time_to_live_is_one_second_to_a_day() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", USD).await;
    let odd = |seconds, nanos| Some(prost_types::Duration { seconds, nanos });
    let bad = [
        seconds(0),
        seconds(-1),
        seconds(86_401),
        seconds(i64::MAX),
        seconds(i64::MIN),
        odd(0, 999_999_999),
        odd(86_400, 1),
        odd(1, -1),
        odd(1, 1_000_000_000),
        odd(1, i32::MAX),
        odd(1, i32::MIN),
        odd(2, -999_999_999),
    ];
    for ttl in bad {
        let what = format!("{ttl:?}");
        refused(
            "ttl",
            &what,
            core.balance().place_hold(v1::PlaceHoldRequest {
                ttl,
                ..hold("alice", "k", 1)
            }),
        )
        .await;
        refused(
            "ttl",
            &what,
            core.balance().extend_hold(v1::ExtendHoldRequest {
                account: alice.account(),
                hold_id: HOLD.to_owned(),
                ttl,
            }),
        )
        .await;
    }
    for (key, ttl) in [
        ("1 s", odd(1, 0)),
        ("24 h", odd(86_400, 0)),
        ("between", odd(1, 1)),
    ] {
        let placed = alice
            .place(v1::PlaceHoldRequest {
                ttl,
                ..hold("alice", key, 1)
            })
            .await
            .unwrap();
        assert_eq!(placed.decision(), v1::Decision::Allowed, "{key}");
    }
    core.stop().await;
}

#[tokio::test]
async fn a_use_of_a_tool_that_cannot_be_one_is_refused() {
    let (_database, core) = core().await;
    let check = |cost| v1::CheckBalanceRequest {
        account: Some(account("alice")),
        cost,
    };
    for name in bad_texts(128) {
        refused(
            "cost.tool.name",
            "a tool",
            core.balance().check_balance(check(tool(&name, &[]))),
        )
        .await;
        refused(
            "tool.name",
            "a tool",
            core.prices().estimate_cost(v1::EstimateCostRequest {
                tenant_id: "acme".to_owned(),
                tool: Some(tool_usage(&name, &[])),
            }),
        )
        .await;
        refused(
            "tool",
            "a tool",
            core.prices().set_price(v1::SetPriceRequest {
                tool: name,
                ..price_request()
            }),
        )
        .await;
    }
    for unit in bad_texts(64) {
        refused(
            "cost.tool.quantities",
            "a unit",
            core.balance()
                .check_balance(check(tool("t", &[(&unit, 1)]))),
        )
        .await;
    }
    for quantity in [-1, i64::MIN] {
        refused(
            "cost.tool.quantities",
            "a quantity",
            core.balance().charge(v1::ChargeRequest {
                cost: tool("t", &[("u", quantity)]),
                ..charge("alice", "k", 1)
            }),
        )
        .await;
    }
    let names: Vec<String> = (0..17).map(|n| n.to_string()).collect();
    let units: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    refused(
        "cost.tool.quantities",
        "17 units",
        core.balance().place_hold(v1::PlaceHoldRequest {
            cost: tool("t", &units),
            ..hold("alice", "k", 1)
        }),
    )
    .await;
    refused(
        "tool",
        "no tool",
        core.prices().estimate_cost(v1::EstimateCostRequest {
            tenant_id: "acme".to_owned(),
            tool: None,
        }),
    )
    .await;
    assert_serving(&core).await;
    core.stop().await;
}

fn price_request() -> v1::SetPriceRequest {
    v1::SetPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: "search".to_owned(),
        ..Default::default()
    }
}

fn unit(unit: &str, amount_micros: i64, per_units: i64) -> v1::UnitPrice {
    v1::UnitPrice {
        unit: unit.to_owned(),
        amount_micros,
        per_units,
    }
}

#[tokio::test]
async fn a_price_that_cannot_be_one_is_refused() {
    let (_database, core) = core().await;
    let with = |unit_prices| v1::SetPriceRequest {
        unit_prices,
        ..price_request()
    };
    for micros in [-1].into_iter().chain(TOO_MUCH) {
        refused(
            "per_call_micros",
            "a call",
            core.prices().set_price(v1::SetPriceRequest {
                per_call_micros: micros,
                ..price_request()
            }),
        )
        .await;
        refused(
            "unit_prices.amount_micros",
            "a unit",
            core.prices().set_price(with(vec![unit("u", micros, 1)])),
        )
        .await;
    }
    for per_units in [0, -1, 1_000_000_000_001, i64::MAX, i64::MIN] {
        refused(
            "unit_prices.per_units",
            "per units",
            core.prices().set_price(with(vec![unit("u", 1, per_units)])),
        )
        .await;
    }
    // Their least common multiple is beyond 10^12.
    let coprime = vec![unit("a", 1, 999_999_999_989), unit("b", 1, 7)];
    refused(
        "unit_prices.per_units",
        "multiple",
        core.prices().set_price(with(coprime)),
    )
    .await;
    for text in bad_texts(64) {
        refused(
            "unit_prices.unit",
            "a unit",
            core.prices().set_price(with(vec![unit(&text, 1, 1)])),
        )
        .await;
    }
    refused(
        "unit_prices.unit",
        "twice",
        core.prices()
            .set_price(with(vec![unit("u", 1, 1), unit("u", 2, 1)])),
    )
    .await;
    let many = (0..17).map(|n| unit(&n.to_string(), 1, 1)).collect();
    refused("unit_prices", "17", core.prices().set_price(with(many))).await;
    for calls in [-1, 1_000_001, i64::MAX] {
        refused(
            "free_calls_per_day",
            "calls",
            core.prices().set_price(v1::SetPriceRequest {
                free_calls_per_day: calls,
                ..price_request()
            }),
        )
        .await;
    }
    for text in bad_texts(128) {
        refused(
            "tenant_id",
            "SetPrice",
            core.prices().set_price(v1::SetPriceRequest {
                tenant_id: text.clone(),
                ..price_request()
            }),
        )
        .await;
        refused(
            "tenant_id",
            "ListPrices",
            core.prices().list_prices(v1::ListPricesRequest {
                tenant_id: text.clone(),
                ..Default::default()
            }),
        )
        .await;
        refused(
            "tenant_id",
            "EstimateCost",
            core.prices().estimate_cost(v1::EstimateCostRequest {
                tenant_id: text,
                tool: Some(tool_usage("t", &[])),
            }),
        )
        .await;
    }
    for text in bad_optional_texts(128) {
        refused(
            "tool",
            "ListPrices",
            core.prices().list_prices(v1::ListPricesRequest {
                tenant_id: "acme".to_owned(),
                tool: text,
                ..Default::default()
            }),
        )
        .await;
    }
    for at in bad_times() {
        refused(
            "effective_at",
            &format!("{at:?}"),
            core.prices().set_price(v1::SetPriceRequest {
                effective_at: Some(at),
                ..price_request()
            }),
        )
        .await;
    }
    assert_serving(&core).await;
    core.stop().await;
}

/// Outside the years 1 to 9999, or with nanoseconds that are none.
fn bad_times() -> Vec<prost_types::Timestamp> {
    let time = |seconds, nanos| prost_types::Timestamp { seconds, nanos };
    vec![
        time(i64::MAX, 0),
        time(i64::MIN, 0),
        time(253_402_300_800, 0),
        time(-62_135_596_801, 0),
        time(-300_000_000_000, 0),
        time(-377_705_023_201, 0),
        time(0, -1),
        time(0, 1_000_000_000),
        time(0, i32::MIN),
    ]
}

#[tokio::test]
async fn a_question_about_the_history_that_makes_no_sense_is_refused() {
    let (_database, core) = core().await;
    let carol = User::with(&core, "carol", USD).await;
    let bob = User::with(&core, "bob", USD).await;
    let list = || v1::ListEntriesRequest {
        account: carol.account(),
        ..Default::default()
    };
    let usage = || v1::GetUsageRequest {
        account: carol.account(),
        ..Default::default()
    };
    for page_size in [-1, 501, i32::MAX, i32::MIN] {
        refused(
            "page_size",
            "a size",
            core.balance().list_entries(v1::ListEntriesRequest {
                page_size,
                ..list()
            }),
        )
        .await;
    }
    for skip in [-1, 1_000_001, i32::MIN] {
        refused(
            "skip",
            "skip",
            core.balance()
                .list_entries(v1::ListEntriesRequest { skip, ..list() }),
        )
        .await;
    }
    for kind in [9, -1, i32::MAX] {
        refused(
            "kind",
            "a kind",
            core.balance()
                .list_entries(v1::ListEntriesRequest { kind, ..list() }),
        )
        .await;
    }
    let anothers = bob.entries().await[0].entry_id.clone();
    for page_token in [
        "nonsense".to_owned(),
        "x".repeat(65),
        "a\0b".to_owned(),
        anothers,
    ] {
        refused(
            "page_token",
            &page_token,
            core.balance().list_entries(v1::ListEntriesRequest {
                page_token: page_token.clone(),
                ..list()
            }),
        )
        .await;
    }
    for tool in bad_optional_texts(128) {
        refused(
            "tool",
            "a tool",
            core.balance()
                .list_entries(v1::ListEntriesRequest { tool, ..list() }),
        )
        .await;
    }
    for at in bad_times() {
        let what = format!("{at:?}");
        refused(
            "from",
            &what,
            core.balance().list_entries(v1::ListEntriesRequest {
                from: Some(at),
                ..list()
            }),
        )
        .await;
        refused(
            "to",
            &what,
            core.balance().list_entries(v1::ListEntriesRequest {
                to: Some(at),
                ..list()
            }),
        )
        .await;
        refused(
            "from",
            &what,
            core.balance().get_usage(v1::GetUsageRequest {
                from: Some(at),
                ..usage()
            }),
        )
        .await;
        refused(
            "to",
            &what,
            core.balance().get_usage(v1::GetUsageRequest {
                to: Some(at),
                ..usage()
            }),
        )
        .await;
    }
    let day = 86_400;
    let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    for (from, to) in [(0, 0), (day, 0), (0, 366 * day + 1)] {
        refused(
            "from",
            "a span",
            core.balance().get_usage(v1::GetUsageRequest {
                from: time(from),
                to: time(to),
                ..usage()
            }),
        )
        .await;
    }
    core.balance()
        .get_usage(v1::GetUsageRequest {
            from: time(0),
            to: time(366 * day),
            ..usage()
        })
        .await
        .unwrap();
    assert_serving(&core).await;
    core.stop().await;
}

#[tokio::test]
async fn a_number_that_no_enum_has_is_refused() {
    let (_database, core) = core().await;
    for policy in [4, -1, i32::MAX] {
        refused(
            "overage_policy",
            "Charge",
            core.balance().charge(v1::ChargeRequest {
                overage_policy: policy,
                ..charge("alice", "k", 1)
            }),
        )
        .await;
        refused(
            "overage_policy",
            "CaptureHold",
            core.balance().capture_hold(v1::CaptureHoldRequest {
                overage_policy: policy,
                ..capture(1)
            }),
        )
        .await;
    }
    assert_serving(&core).await;
    core.stop().await;
}

#[tokio::test]
async fn a_balance_that_would_overflow_is_refused_and_stays() {
    let (database, core) = core().await;
    let rich = User::with(&core, "rich", 1).await;
    let almost = i64::MAX - 5;
    crate::support::as_owner(
        &database,
        &format!("update account set settled_micros = {almost}"),
    )
    .await;
    refused(
        "amount_micros",
        "a grant",
        core.accounts().grant_credit(v1::GrantCreditRequest {
            account: rich.account(),
            amount_micros: 6,
            ..grant()
        }),
    )
    .await;
    refused(
        "amount_micros",
        "an adjustment",
        core.accounts().adjust_balance(v1::AdjustBalanceRequest {
            account: rich.account(),
            amount_micros: 6,
            ..adjustment()
        }),
    )
    .await;
    assert_eq!(rich.available().await, almost);
    rich.grant(5).await;
    assert_eq!(rich.available().await, i64::MAX);
    core.stop().await;
}

#[tokio::test]
async fn a_message_beyond_the_bound_is_refused_and_the_connection_goes_on() {
    let (_database, core) = core().await;
    let huge = v1::ChargeRequest {
        description: "x".repeat(1 << 20),
        ..charge("alice", "k", 1)
    };
    let status = core.balance().charge(huge).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    assert_serving(&core).await;
    core.stop().await;
}
