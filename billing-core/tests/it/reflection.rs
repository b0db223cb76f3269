//! What a core tells of itself: health to everybody, its services to whoever has a token.

use tokio_stream::iter;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

use crate::support::{core, with_token};

#[tokio::test]
async fn health_needs_no_token() {
    let (_database, core) = core().await;
    let mut health = HealthClient::new(core.channel());
    for service in [
        "",
        "billing.v1.BalanceService",
        "billing.v1.OperatorService",
        "billing.v1.AdminService",
        "billing.v1.PaymentService",
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

/// Asks for the list of services, by one of the protocol's versions, without and with a token.
macro_rules! services {
    ($version:ident, $core:expr, $token:expr) => {{
        use $version::server_reflection_client::ServerReflectionClient;
        use $version::server_reflection_request::MessageRequest;
        use $version::server_reflection_response::MessageResponse;
        let mut client = ServerReflectionClient::new($core.channel());
        let list = || {
            iter([$version::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::ListServices(String::new())),
            }])
        };
        let refused = client.server_reflection_info(list()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        let admitted = client
            .server_reflection_info(with_token(list(), $token))
            .await;
        let answer = admitted
            .unwrap()
            .into_inner()
            .message()
            .await
            .unwrap()
            .unwrap();
        let Some(MessageResponse::ListServicesResponse(services)) = answer.message_response else {
            panic!("{answer:?}");
        };
        let mut names: Vec<_> = services
            .service
            .into_iter()
            .map(|service| service.name)
            .collect();
        names.retain(|name| !name.starts_with("grpc.reflection."));
        names.sort();
        names
    }};
}

#[tokio::test]
async fn reflection_of_both_versions_names_every_service_to_whoever_has_a_token() {
    let (_database, core) = core().await;
    let expected = [
        "billing.v1.AccountService",
        "billing.v1.AdminService",
        "billing.v1.BalanceService",
        "billing.v1.OperatorService",
        "billing.v1.PaymentService",
        "billing.v1.PriceService",
        "billing.v1.SponsorshipService",
        "grpc.health.v1.Health",
    ];
    assert_eq!(services!(v1, core, &core.tools_token), expected);
    assert_eq!(services!(v1alpha, core, &core.gateway_token), expected);
    core.stop().await;
}
