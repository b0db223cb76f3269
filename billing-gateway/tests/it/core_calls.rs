//! What the gateway sends with each call to the core, seen by a gRPC server of the standard
//! health service in its place.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tonic::metadata::MetadataMap;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::health_reporter;

use crate::gateway::{Gateway, config, problem, sent};

/// Serves until the runtime of the test ends; `see` looks at each call first.
async fn health_server<H: Health>(
    health: HealthServer<H>,
    see: impl Fn(&MetadataMap) -> Result<(), Status> + Clone + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = move |request: Request<()>| see(request.metadata()).map(|()| request);
    let served: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(
        Server::builder()
            .add_service(InterceptedService::new(health, seen))
            .serve_with_incoming(TcpIncoming::from(listener)),
    );
    tokio::spawn(served);
    url
}

#[tokio::test]
async fn a_call_carries_the_token_the_deadline_and_the_trace() {
    let (_reporter, health) = health_reporter();
    let calls: Arc<Mutex<Vec<MetadataMap>>> = Arc::default();
    let seen = Arc::clone(&calls);
    let url = health_server(health, move |metadata| {
        seen.lock().unwrap().push(metadata.clone());
        Ok(())
    })
    .await;
    let gateway = Gateway::start(config(&url, "the-core-token", &[])).await;
    let incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let ready = sent(gateway.get("/ready").header("traceparent", incoming)).await;
    assert_eq!(ready.status(), 200);

    let calls = calls.lock().unwrap();
    let [call] = calls.as_slice() else {
        unreachable!("one call: {calls:?}");
    };
    let header = |name| call.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("authorization"), "Bearer the-core-token");
    assert!(
        header("grpc-timeout").ends_with(['m', 'u', 'n']),
        "{}",
        header("grpc-timeout")
    );
    // As it came: this gateway records nothing that could stand between.
    assert_eq!(header("traceparent"), incoming);
}

#[tokio::test]
async fn a_call_that_finds_nobody_there_is_made_three_times_more() {
    for (refusals, status) in [(1, 200), (3, 200), (4, 503)] {
        let (_reporter, health) = health_reporter();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let url = health_server(health, move |_| {
            if counted.fetch_add(1, Ordering::SeqCst) < refusals {
                return Err(Status::unavailable("starting"));
            }
            Ok(())
        })
        .await;
        let gateway = Gateway::start(config(&url, "unused", &[])).await;
        assert_eq!(sent(gateway.get("/ready")).await.status(), status);
        assert_eq!(calls.load(Ordering::SeqCst), 4.min(refusals + 1));
    }
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let (_reporter, health) = health_reporter();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let url = health_server(health, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Err(Status::unauthenticated("no such token"))
    })
    .await;
    let gateway = Gateway::start(config(&url, "unused", &[])).await;
    assert_eq!(
        problem(gateway.get("/ready")).await["code"],
        "BILLING_UNAVAILABLE"
    );
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_core_that_says_it_does_not_serve_makes_the_gateway_not_ready() {
    let (reporter, health) = health_reporter();
    reporter
        .set_service_status("", ServingStatus::NotServing)
        .await;
    let url = health_server(health, |_| Ok(())).await;
    let gateway = Gateway::start(config(&url, "unused", &[])).await;
    assert_eq!(
        problem(gateway.get("/ready")).await["code"],
        "BILLING_UNAVAILABLE"
    );
    assert_eq!(sent(gateway.get("/health")).await.status(), 200);
}

#[tokio::test]
async fn a_core_behind_tls_is_believed_by_its_authority_only() {
    // Also the server side of this test needs a provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (_reporter, health) = health_reporter();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let identity = Identity::from_pem(
        include_str!("../keys/tls/core.pem"),
        include_str!("../keys/tls/core.key"),
    );
    let server = Server::builder()
        .tls_config(ServerTlsConfig::new().identity(identity))
        .unwrap()
        .add_service(health);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    for (authority, status) in [("ca.pem", 200), ("other-ca.pem", 503)] {
        let path = format!("{}/tests/keys/tls/{authority}", env!("CARGO_MANIFEST_DIR"));
        let gateway = Gateway::start(config(&url, "unused", &["--core-ca", &path])).await;
        assert_eq!(
            sent(gateway.get("/ready")).await.status(),
            status,
            "{authority}"
        );
    }
}
