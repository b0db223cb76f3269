//! Who may call what, for which tenants.

use std::collections::BTreeMap;
use std::fmt::Debug;

use billing_core::auth::Role;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::price_service_client::PriceServiceClient;
use billing_proto::{FILE_DESCRIPTOR_SET, v1};
use billing_testkit::TestCore;
use prost::Message;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::{Code, Response, Status};

use crate::support::{USD, amount, charge, core, hold, reason, rows, tool_usage};
use crate::user::User;

/// Who may call each RPC of the contract. A new RPC must be listed here.
const ROLES: [(&str, &[Role]); 64] = [
    ("AccountService/AdjustBalance", &[Role::Admin]),
    ("AccountService/GetAccount", &[Role::Admin, Role::Gateway]),
    ("AccountService/GetTenant", &[Role::Admin]),
    ("AccountService/GrantCredit", &[Role::Admin]),
    ("AccountService/ResumeAccount", &[Role::Admin]),
    ("AccountService/SendTestMail", &[Role::Admin, Role::Gateway]),
    ("AccountService/SetBillingEnabled", &[Role::Admin]),
    ("AccountService/SetTenant", &[Role::Admin]),
    ("AccountService/SuspendAccount", &[Role::Admin]),
    ("AccountService/Unsubscribe", &[Role::Admin, Role::Gateway]),
    (
        "AccountService/UpdateSettings",
        &[Role::Admin, Role::Gateway],
    ),
    ("AdminService/GetRevenue", &[Role::Admin]),
    ("AdminService/GetTenantOverview", &[Role::Admin]),
    ("AdminService/GetTenantUsage", &[Role::Admin]),
    ("AdminService/ListAccounts", &[Role::Admin]),
    ("AdminService/ListAdminChanges", &[Role::Admin]),
    ("AdminService/ListTenantPayments", &[Role::Admin]),
    ("AdminService/ListUndelivered", &[Role::Admin]),
    ("BalanceService/CaptureHold", &[Role::Admin, Role::Tools]),
    ("BalanceService/Charge", &[Role::Admin, Role::Tools]),
    ("BalanceService/CheckBalance", &[Role::Admin, Role::Tools]),
    ("BalanceService/ExtendHold", &[Role::Admin, Role::Tools]),
    (
        "BalanceService/GetBalance",
        &[Role::Admin, Role::Tools, Role::Gateway],
    ),
    (
        "BalanceService/GetUsage",
        &[Role::Admin, Role::Tools, Role::Gateway],
    ),
    (
        "BalanceService/ListEntries",
        &[Role::Admin, Role::Tools, Role::Gateway],
    ),
    (
        "BalanceService/ListHolds",
        &[Role::Admin, Role::Tools, Role::Gateway],
    ),
    ("BalanceService/PlaceHold", &[Role::Admin, Role::Tools]),
    ("BalanceService/RefundCharge", &[Role::Admin, Role::Tools]),
    ("BalanceService/ReleaseHold", &[Role::Admin, Role::Tools]),
    ("OperatorService/ListSwitchChanges", &[Role::Admin]),
    ("OperatorService/ListSwitches", &[Role::Admin]),
    ("OperatorService/SetSwitch", &[Role::Admin]),
    (
        "PaymentService/ApplyProviderEvent",
        &[Role::Admin, Role::Gateway],
    ),
    (
        "PaymentService/AttachProviderReference",
        &[Role::Admin, Role::Gateway],
    ),
    (
        "PaymentService/ClaimStalePayments",
        &[Role::Admin, Role::Gateway],
    ),
    (
        "PaymentService/CreatePayment",
        &[Role::Admin, Role::Gateway],
    ),
    ("PaymentService/GetPayment", &[Role::Admin, Role::Gateway]),
    ("PaymentService/GetCustomer", &[Role::Admin, Role::Gateway]),
    ("PaymentService/GetRate", &[Role::Admin, Role::Gateway]),
    ("PaymentService/ListPayments", &[Role::Admin, Role::Gateway]),
    ("PaymentService/RecordRate", &[Role::Admin, Role::Gateway]),
    ("PaymentService/RejectRefund", &[Role::Admin, Role::Gateway]),
    ("PaymentService/ReplayEvents", &[Role::Admin, Role::Gateway]),
    ("PaymentService/StartRefund", &[Role::Admin, Role::Gateway]),
    ("PriceService/EstimateCost", &[Role::Admin, Role::Tools]),
    ("PriceService/ListPrices", &[Role::Admin, Role::Gateway]),
    ("PriceService/SetPrice", &[Role::Admin]),
    ("PriceService/CancelPrice", &[Role::Admin]),
    ("SponsorshipService/ErasePerson", &[Role::Admin]),
    (
        "SponsorshipService/ExportPerson",
        &[Role::Admin, Role::Gateway],
    ),
    (
        "SponsorshipService/GetBadges",
        &[Role::Admin, Role::Tools, Role::Gateway],
    ),
    (
        "SponsorshipService/GetContribution",
        &[Role::Admin, Role::Gateway],
    ),
    (
        "SponsorshipService/GetProgress",
        &[Role::Admin, Role::Gateway],
    ),
    (
        "SponsorshipService/GetSponsorship",
        &[Role::Admin, Role::Gateway],
    ),
    (
        "SponsorshipService/GetSubscription",
        &[Role::Admin, Role::Gateway],
    ),
    (
        "SponsorshipService/GetSupporter",
        &[Role::Admin, Role::Gateway],
    ),
    (
        "SponsorshipService/ListContributions",
        &[Role::Admin, Role::Gateway],
    ),
    ("SponsorshipService/ListMessages", &[Role::Admin]),
    (
        "SponsorshipService/ListSupporters",
        &[Role::Admin, Role::Gateway],
    ),
    ("SponsorshipService/ModerateMessage", &[Role::Admin]),
    ("SponsorshipService/ModerateSupporter", &[Role::Admin]),
    (
        "SponsorshipService/SetContributionAnonymous",
        &[Role::Admin, Role::Gateway],
    ),
    ("SponsorshipService/SetSponsorship", &[Role::Admin]),
    (
        "SponsorshipService/UpdateSupporter",
        &[Role::Admin, Role::Gateway],
    ),
];

/// Every RPC that the contract has.
fn rpcs_of_the_contract() -> Vec<String> {
    let files = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let mut rpcs = Vec::new();
    for file in files
        .file
        .iter()
        .filter(|file| file.package() == "billing.v1")
    {
        for service in &file.service {
            for method in &service.method {
                rpcs.push(format!("{}/{}", service.name(), method.name()));
            }
        }
    }
    rpcs.sort();
    rpcs
}

/// Calls an RPC of the contract with an empty message.
async fn call(core: &TestCore, rpc: &str, authorization: Option<&str>) -> Status {
    let mut request = http::Request::post(format!("/billing.v1.{rpc}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    // One frame: not compressed, of length 0.
    let request = request.body(Body::new("\0\0\0\0\0".to_owned())).unwrap();
    let mut channel = core.channel();
    std::future::poll_fn(|context| GrpcService::<Body>::poll_ready(&mut channel, context))
        .await
        .unwrap();
    let response = GrpcService::<Body>::call(&mut channel, request)
        .await
        .unwrap();
    // An answer has its status behind its message.
    Status::from_header_map(response.headers()).unwrap_or_else(|| Status::ok(""))
}

#[tokio::test]
async fn every_rpc_of_the_contract_is_open_to_its_roles_only() {
    let (_database, core) = core().await;
    let listed: BTreeMap<&str, &[Role]> = ROLES.into_iter().collect();
    assert_eq!(
        rpcs_of_the_contract(),
        listed.keys().copied().collect::<Vec<_>>()
    );
    for (rpc, roles) in listed {
        for (role, token) in [
            (Role::Tools, &core.tools_token),
            (Role::Gateway, &core.gateway_token),
            (Role::Admin, &core.admin_token),
        ] {
            let status = call(&core, rpc, Some(&format!("Bearer {token}"))).await;
            if roles.contains(&role) {
                // Let in: its handler misses the account, tenant or key, where it needs one.
                let needs_nothing = rpc.starts_with("OperatorService/List");
                let expected = if needs_nothing {
                    Code::Ok
                } else {
                    Code::InvalidArgument
                };
                assert_eq!(status.code(), expected, "{rpc} as {role:?}: {status:?}");
            } else {
                assert_eq!(status.code(), Code::PermissionDenied, "{rpc} as {role:?}");
                assert_eq!(reason(&status), "ROLE_NOT_ALLOWED");
            }
        }
        let admin = &core.admin_token;
        let forged = format!("Bearer {}x", &admin[..admin.len() - 1]);
        let almost = format!("Bearer {admin}x");
        let bare = admin.clone();
        let basic = format!("Basic {admin}");
        for authorization in [
            None,
            Some(""),
            Some("Bearer"),
            Some("Bearer "),
            Some(&forged),
            Some(&almost),
            Some(&bare),
            Some(&basic),
        ] {
            let status = call(&core, rpc, authorization).await;
            assert_eq!(status.code(), Code::Unauthenticated, "{rpc}");
            assert_eq!(reason(&status), "SERVICE_TOKEN_REQUIRED");
            assert!(!status.message().contains(admin.as_str()));
        }
    }
    core.stop().await;
}

fn holds_of(user: &User<'_>) -> v1::ListHoldsRequest {
    v1::ListHoldsRequest {
        account: user.account(),
        ..Default::default()
    }
}

fn assert_not_found<T: Debug>(answer: Result<Response<T>, Status>) {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "{status:?}");
    assert_eq!(reason(&status), "TENANT_NOT_FOUND");
}

#[tokio::test]
async fn a_token_of_another_tenant_finds_nothing_and_changes_nothing() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let entry_id = alice.charge("k", amount(USD)).await.entry_id;
    let held = alice.hold("h", amount(USD)).await;
    let before = rows(&database).await;
    let caller = TestCore::caller(&core.other_tenants_token);
    let mut backend = BalanceServiceClient::with_interceptor(core.channel(), caller.clone());
    let (account, cost, hold_id) = (alice.account(), amount(1), held.hold_id.clone());

    assert_not_found(backend.place_hold(hold("alice", "h2", 1)).await);
    assert_not_found(backend.charge(charge("alice", "c", 1)).await);
    let request = alice.capture_request(&held, amount(1));
    assert_not_found(backend.capture_hold(request).await);
    let request = v1::CheckBalanceRequest { account, cost };
    assert_not_found(backend.check_balance(request).await);
    let account = alice.account();
    let request = v1::ReleaseHoldRequest { account, hold_id };
    assert_not_found(backend.release_hold(request).await);
    let request = v1::ExtendHoldRequest {
        account: alice.account(),
        hold_id: held.hold_id,
        ttl: None,
    };
    assert_not_found(backend.extend_hold(request).await);
    let request = v1::RefundChargeRequest {
        account: alice.account(),
        idempotency_key: "r".to_owned(),
        entry_id,
        ..Default::default()
    };
    assert_not_found(backend.refund_charge(request).await);
    let account = alice.account();
    assert_not_found(backend.get_balance(v1::GetBalanceRequest { account }).await);
    let request = v1::ListEntriesRequest {
        account: alice.account(),
        ..Default::default()
    };
    assert_not_found(backend.list_entries(request).await);
    let request = v1::GetUsageRequest {
        account: alice.account(),
        ..Default::default()
    };
    assert_not_found(backend.get_usage(request).await);
    assert_not_found(backend.list_holds(holds_of(&alice)).await);
    let mut prices = PriceServiceClient::with_interceptor(core.channel(), caller);
    let request = v1::EstimateCostRequest {
        tenant_id: "acme".to_owned(),
        tool: Some(tool_usage("t", &[])),
    };
    assert_not_found(prices.estimate_cost(request).await);

    assert_eq!(rows(&database).await, before);
    // Its own tenant it serves.
    let own = v1::AccountRef {
        tenant_id: "other".to_owned(),
        user_id: "alice".to_owned(),
    };
    let request = v1::GetBalanceRequest { account: Some(own) };
    backend.get_balance(request).await.unwrap();
    core.stop().await;
}
