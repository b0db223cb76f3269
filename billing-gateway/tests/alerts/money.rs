//! What the boards say of money is what was committed, each once.

use billing_proto::v1::account_service_client::AccountServiceClient;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_proto::v1::{
    AdjustBalanceRequest, CaptureHoldRequest, GrantCreditRequest, PlaceHoldResponse,
    RefundChargeRequest, ReleaseHoldRequest, SetTenantRequest, Tenant,
};
use billing_testkit::TestDatabase;

use crate::causes::{charge, hold, top_up};
use crate::scrape::Scrape;
use crate::services::{Process, account, micros};

const USD: i64 = 1_000_000;

#[tokio::test]
async fn what_moves_is_counted_once_however_often_it_is_asked_for() {
    let database = TestDatabase::new().await;
    let core = Process::core(database.application_url(), &[]).await;
    let other = Process::core(database.application_url(), &[]).await;
    for _ in 0..2 {
        move_money(&core).await;
    }
    let expired = "billing_holds_total{event=\"expired\"";
    let both = async || core.scrape().await.sum(expired) + other.scrape().await.sum(expired);
    while both().await < 3.0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // Whoever looks again finds nothing: each core sweeps twice a second.
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    let (core, other) = (core.scrape().await, other.scrape().await);
    let given_back = "hold_given_back";
    let of = |kind: &str, scrape: &Scrape| {
        scrape.sum(&format!("billing_ledger_micros_total{{kind=\"{kind}\""))
    };
    for (kind, expected) in [
        ("grant", 5e6),
        ("adjustment_up", 2e6),
        ("adjustment_down", 1e6),
        // 0.4 directly and 0.3 of a hold.
        ("charge", 0.7e6),
        ("charge_refund", 0.1e6),
        // Two of 0.5, three of a micro.
        ("hold", 1_000_003.0),
    ] {
        assert_eq!(of(kind, &core), expected, "{kind}");
        assert_eq!(of(kind, &other), 0.0, "{kind}");
    }
    assert_eq!(of(given_back, &core) + of(given_back, &other), 700_003.0);
    for (event, expected) in [("placed", 5.0), ("captured", 1.0), ("released", 1.0)] {
        let holds = core.sum(&format!("billing_holds_total{{event=\"{event}\""));
        assert_eq!(holds, expected, "{event}");
    }
    assert_eq!(core.sum(expired) + other.sum(expired), 3.0);
}

/// All kinds of movement, under keys.
async fn move_money(core: &Process) {
    let mut accounts = AccountServiceClient::new(core.channel());
    let grant = GrantCreditRequest {
        account: account("u"),
        idempotency_key: "grant".to_owned(),
        amount_micros: 5 * USD,
        reason: "for a test".to_owned(),
        actor: "test".to_owned(),
    };
    accounts.grant_credit(grant).await.unwrap();
    for (key, amount_micros) in [("up", 2 * USD), ("down", -USD)] {
        let adjustment = AdjustBalanceRequest {
            account: account("u"),
            idempotency_key: key.to_owned(),
            amount_micros,
            reason: "for a test".to_owned(),
            actor: "test".to_owned(),
        };
        accounts.adjust_balance(adjustment).await.unwrap();
    }
    let mut calls = BalanceServiceClient::new(core.channel());
    let charged = calls.charge(charge("u", "charge", 400_000)).await.unwrap();
    // What is denied moves nothing.
    calls
        .charge(charge("u", "denied", 100 * USD))
        .await
        .unwrap();
    let refund = RefundChargeRequest {
        account: account("u"),
        idempotency_key: "refund".to_owned(),
        entry_id: charged.into_inner().entry_id,
        amount_micros: Some(100_000),
        reason: "for a test".to_owned(),
        ..Default::default()
    };
    calls.refund_charge(refund).await.unwrap();
    move_holds(core).await;
}

async fn move_holds(core: &Process) {
    let mut calls = BalanceServiceClient::new(core.channel());
    let id = |placed: PlaceHoldResponse| placed.hold.unwrap().hold_id;
    let half = |key: &str| {
        let mut half = hold("u", key, 600);
        half.cost = micros(500_000);
        half
    };
    let captured = calls.place_hold(half("captured")).await.unwrap();
    let released = calls.place_hold(half("released")).await.unwrap();
    for n in 0..3 {
        calls
            .place_hold(hold("u", &n.to_string(), 1))
            .await
            .unwrap();
    }
    let capture = CaptureHoldRequest {
        account: account("u"),
        hold_id: id(captured.into_inner()),
        cost: micros(300_000),
        ..CaptureHoldRequest::default()
    };
    calls.capture_hold(capture).await.unwrap();
    let release = ReleaseHoldRequest {
        account: account("u"),
        hold_id: id(released.into_inner()),
    };
    calls.release_hold(release).await.unwrap();
}

#[tokio::test]
async fn a_welcome_and_work_that_outlived_its_hold_are_counted_once() {
    let database = TestDatabase::new().await;
    let core = Process::core(database.application_url(), &[]).await;
    let tenant = Tenant {
        tenant_id: account("u").unwrap().tenant_id,
        welcome_grant_micros: 2 * USD,
        ..Tenant::default()
    };
    let request = SetTenantRequest {
        tenant: Some(tenant),
        ..Default::default()
    };
    let mut accounts = AccountServiceClient::new(core.channel());
    accounts.set_tenant(request).await.unwrap();
    let mut calls = BalanceServiceClient::new(core.channel());
    let placed = calls.place_hold(hold("u", "late", 1)).await.unwrap();
    let events = async |event: &str| {
        let name = format!("billing_holds_total{{event=\"{event}\"");
        core.scrape().await.sum(&name)
    };
    while events("expired").await < 1.0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    for _ in 0..2 {
        let capture = CaptureHoldRequest {
            account: account("u"),
            hold_id: placed.get_ref().hold.clone().unwrap().hold_id,
            cost: micros(5),
            settle_expired: true,
            ..CaptureHoldRequest::default()
        };
        calls.capture_hold(capture).await.unwrap();
    }
    let scrape = core.scrape().await;
    // The hold of a micro is set aside anew, and all of it is charged.
    for (kind, expected) in [
        ("grant", 2e6),
        ("hold", 2.0),
        ("hold_given_back", 1.0),
        ("charge", 5.0),
    ] {
        let name = format!("billing_ledger_micros_total{{kind=\"{kind}\"");
        assert_eq!(scrape.sum(&name), expected, "{kind}");
    }
    for (event, expected) in [
        ("placed", 1.0),
        ("expired", 1.0),
        ("captured", 0.0),
        ("settled_late", 1.0),
    ] {
        assert_eq!(events(event).await, expected, "{event}");
    }
}

#[tokio::test]
async fn what_is_counted_of_a_provider_begins_at_nothing_in_each_core_that_starts() {
    let database = TestDatabase::new().await;
    let counted = "billing_payments_received_micros_total{provider=\"stripe\",purpose=\"top_up\"";
    let has = |scrape: &Scrape| scrape.0.keys().any(|name| name.starts_with(counted));
    let first = Process::core(database.application_url(), &[]).await;
    assert!(!has(&first.scrape().await), "nobody knows of the provider");
    let mut payments = PaymentServiceClient::new(first.channel());
    payments.create_payment(top_up("1")).await.unwrap();
    let second = Process::core(database.application_url(), &[]).await;
    for core in [&first, &second] {
        let scrape = core.scrape().await;
        assert!(has(&scrape), "{scrape:?}");
        assert_eq!(scrape.sum(counted), 0.0);
    }
}
