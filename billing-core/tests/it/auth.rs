//! Who may call what, for which tenants.

use std::collections::BTreeMap;

use billing_core::auth::{Role, new_token, parse_tokens};
use billing_core::config::Cli;
use billing_proto::{FILE_DESCRIPTOR_SET, v1};
use billing_testkit::{TestCore, TestDatabase};
use clap::Parser;
use prost::Message;
use tokio_stream::iter;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1 as reflection_v1, v1alpha as reflection_v1alpha};

use crate::support::{USD, account, amount, charge, core, hold, reason, tool_usage};
use crate::user::User;

/// Who may call each RPC of the contract. A new RPC must be listed here.
const ROLES: [(&str, &[Role]); 22] = [
    ("AccountService/AdjustBalance", &[Role::Admin]),
    ("AccountService/GetAccount", &[Role::Admin, Role::Gateway]),
    ("AccountService/GetTenant", &[Role::Admin]),
    ("AccountService/GrantCredit", &[Role::Admin]),
    ("AccountService/ResumeAccount", &[Role::Admin]),
    ("AccountService/SetBillingEnabled", &[Role::Admin]),
    ("AccountService/SetTenant", &[Role::Admin]),
    ("AccountService/SuspendAccount", &[Role::Admin]),
    (
        "AccountService/UpdateSettings",
        &[Role::Admin, Role::Gateway],
    ),
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
    ("BalanceService/PlaceHold", &[Role::Admin, Role::Tools]),
    ("BalanceService/RefundCharge", &[Role::Admin, Role::Tools]),
    ("BalanceService/ReleaseHold", &[Role::Admin, Role::Tools]),
    ("PriceService/EstimateCost", &[Role::Admin, Role::Tools]),
    ("PriceService/ListPrices", &[Role::Admin]),
    ("PriceService/SetPrice", &[Role::Admin]),
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
    Status::from_header_map(response.headers()).unwrap()
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
                // Let in: its handler misses the account, tenant or key.
                assert_eq!(
                    status.code(),
                    Code::InvalidArgument,
                    "{rpc} as {role:?}: {status:?}"
                );
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

#[tokio::test]
async fn a_token_of_another_tenant_finds_nothing_and_changes_nothing() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let entry = alice.charge("k", amount(USD)).await.entry_id;
    let held = alice.hold("h", amount(USD)).await;
    let before = crate::support::rows(&database).await;
    let caller = TestCore::caller(&core.other_tenants_token);
    let mut backend = v1::balance_service_client::BalanceServiceClient::with_interceptor(
        core.channel(),
        caller.clone(),
    );
    let mut prices =
        v1::price_service_client::PriceServiceClient::with_interceptor(core.channel(), caller);
    let account = alice.account();
    let estimate = v1::EstimateCostRequest {
        tenant_id: "acme".to_owned(),
        tool: Some(tool_usage("t", &[])),
    };
    let refund = v1::RefundChargeRequest {
        account: account.clone(),
        idempotency_key: "r".to_owned(),
        entry_id: entry,
        ..Default::default()
    };
    let statuses = [
        backend
            .check_balance(v1::CheckBalanceRequest {
                account: account.clone(),
                cost: amount(1),
            })
            .await
            .unwrap_err(),
        backend
            .place_hold(hold("alice", "h2", 1))
            .await
            .unwrap_err(),
        backend
            .capture_hold(alice.capture_request(&held, amount(1)))
            .await
            .unwrap_err(),
        backend
            .release_hold(v1::ReleaseHoldRequest {
                account: account.clone(),
                hold_id: held.hold_id.clone(),
            })
            .await
            .unwrap_err(),
        backend
            .extend_hold(v1::ExtendHoldRequest {
                account: account.clone(),
                hold_id: held.hold_id.clone(),
                ttl: None,
            })
            .await
            .unwrap_err(),
        backend.charge(charge("alice", "c", 1)).await.unwrap_err(),
        backend.refund_charge(refund).await.unwrap_err(),
        backend
            .get_balance(v1::GetBalanceRequest {
                account: account.clone(),
            })
            .await
            .unwrap_err(),
        backend
            .list_entries(v1::ListEntriesRequest {
                account: account.clone(),
                ..Default::default()
            })
            .await
            .unwrap_err(),
        backend
            .get_usage(v1::GetUsageRequest {
                account,
                ..Default::default()
            })
            .await
            .unwrap_err(),
        prices.estimate_cost(estimate).await.unwrap_err(),
    ];
    for status in statuses {
        assert_eq!(status.code(), Code::NotFound, "{status:?}");
        assert_eq!(reason(&status), "TENANT_NOT_FOUND");
    }
    assert_eq!(crate::support::rows(&database).await, before);
    // Its own tenant it serves.
    let own = v1::AccountRef {
        tenant_id: "other".to_owned(),
        user_id: "alice".to_owned(),
    };
    let balance = backend
        .get_balance(v1::GetBalanceRequest { account: Some(own) })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(balance.balance.unwrap().settled_micros, 0);
    core.stop().await;
}

#[tokio::test]
async fn health_needs_no_token() {
    let (_database, core) = core().await;
    let mut health = HealthClient::new(core.channel());
    for service in [
        "",
        "billing.v1.BalanceService",
        "billing.v1.PriceService",
        "billing.v1.AccountService",
    ] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status.as_str_name(), "SERVING", "{service}");
    }
    let unknown = HealthCheckRequest {
        service: "billing.v1.Nothing".to_owned(),
    };
    assert_eq!(
        health.check(unknown).await.unwrap_err().code(),
        Code::NotFound
    );
    core.stop().await;
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

#[tokio::test]
async fn reflection_of_both_versions_names_every_service_to_whoever_has_a_token() {
    let (_database, core) = core().await;
    let wanted = [
        "billing.v1.AccountService",
        "billing.v1.BalanceService",
        "billing.v1.PriceService",
        "grpc.health.v1.Health",
    ];

    let mut v1 =
        reflection_v1::server_reflection_client::ServerReflectionClient::new(core.channel());
    let list = || {
        iter([reflection_v1::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(
                reflection_v1::server_reflection_request::MessageRequest::ListServices(
                    String::new(),
                ),
            ),
        }])
    };
    assert_eq!(
        v1.server_reflection_info(list()).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    let request = with_token(list(), &core.tools_token);
    let answer = v1
        .server_reflection_info(request)
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let Some(reflection_v1::server_reflection_response::MessageResponse::ListServicesResponse(
        services,
    )) = answer.message_response
    else {
        panic!("{answer:?}");
    };
    let names: Vec<_> = services
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(
        wanted
            .iter()
            .all(|wanted| names.iter().any(|name| name == wanted)),
        "{names:?}"
    );

    let mut v1alpha =
        reflection_v1alpha::server_reflection_client::ServerReflectionClient::new(core.channel());
    let list = || {
        iter([reflection_v1alpha::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(
                reflection_v1alpha::server_reflection_request::MessageRequest::ListServices(
                    String::new(),
                ),
            ),
        }])
    };
    assert_eq!(
        v1alpha
            .server_reflection_info(list())
            .await
            .unwrap_err()
            .code(),
        Code::Unauthenticated
    );
    let request = with_token(list(), &core.gateway_token);
    let answer = v1alpha
        .server_reflection_info(request)
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let Some(
        reflection_v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(
            services,
        ),
    ) = answer.message_response
    else {
        panic!("{answer:?}");
    };
    let names: Vec<_> = services
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(
        wanted
            .iter()
            .all(|wanted| names.iter().any(|name| name == wanted)),
        "{names:?}"
    );
    core.stop().await;
}

#[tokio::test]
async fn several_tokens_are_valid_at_once_from_the_list_and_from_the_file() {
    let database = TestDatabase::new().await;
    let (old, old_line) = new_token(Role::Tools, "acme").unwrap();
    let (new, new_line) = new_token(Role::Tools, "acme,beta").unwrap();
    let path = std::env::temp_dir().join(format!("billing-tokens-{}", database.name()));
    std::fs::write(&path, format!("{old_line}\n\n  {new_line}\n")).unwrap();
    let core = TestCore::start_with(
        &database,
        &["--service-tokens-file", path.to_str().unwrap()],
    )
    .await;
    for token in [&old, &new, &core.tools_token] {
        let request = with_token(
            v1::GetBalanceRequest {
                account: Some(account("alice")),
            },
            token,
        );
        v1::balance_service_client::BalanceServiceClient::new(core.channel())
            .get_balance(request)
            .await
            .unwrap();
    }
    std::fs::remove_file(path).unwrap();
    core.stop().await;
}

#[test]
fn a_core_without_tokens_refuses_every_address_but_loopback() {
    let tokens = |arguments: &[&str]| {
        let command = ["billing-core", "--database-url", "postgres://x"]
            .iter()
            .chain(arguments);
        Cli::try_parse_from(command).unwrap().serve.tokens()
    };
    for address in ["127.0.0.1:50051", "127.8.8.8:50051", "[::1]:50051"] {
        assert!(
            tokens(&["--grpc-addr", address]).unwrap().is_none(),
            "{address}"
        );
    }
    let (_, line) = new_token(Role::Admin, "*").unwrap();
    for address in [
        "0.0.0.0:50051",
        "[::]:50051",
        "192.168.1.1:50051",
        "[::ffff:192.168.1.1]:50051",
    ] {
        for nothing in ["", " ;; \n"] {
            let refused =
                tokens(&["--grpc-addr", address, "--service-tokens", nothing]).unwrap_err();
            assert!(
                refused.to_string().contains("BILLING_SERVICE_TOKENS"),
                "{refused}"
            );
        }
        assert!(
            tokens(&["--grpc-addr", address, "--service-tokens", &line])
                .unwrap()
                .is_some()
        );
    }
}

#[test]
fn a_token_list_is_taken_whole_or_not_at_all_and_never_repeated() {
    let (_, line) = new_token(Role::Tools, "acme").unwrap();
    let hash = line.rsplit(':').next().unwrap();
    for list in [
        line.clone(),
        format!("{line};{line}"),
        format!(" {line}\n{line}\t;"),
        line.to_uppercase().replace("TOOLS:ACME", "tools:acme"),
    ] {
        assert!(!parse_tokens(&list).unwrap().is_empty(), "{list}");
    }
    for wrong in [
        format!("tools:acme:{}", &hash[1..]),
        format!("tools:acme:{hash}0"),
        format!("tools:acme:{}g", &hash[1..]),
        format!("tools:acme:+{}", &hash[1..]),
        format!("tools:acme:{hash}:"),
        format!("tools:acme,:{hash}"),
        format!("tools:acme,*:{hash}"),
        format!("tools::{hash}"),
        format!("Tools:acme:{hash}"),
        format!("root:*:{hash}"),
        hash.to_owned(),
    ] {
        let list = format!("{line};{wrong}");
        let error = parse_tokens(&list).expect_err(&wrong).to_string();
        assert!(!error.contains(&hash[2..10]), "{error}");
    }
}
