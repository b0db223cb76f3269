//! TLS, where it is configured.

use std::path::PathBuf;

use billing_proto::v1;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_testkit::{TestCore, TestDatabase};
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

use crate::support::{account, with_token};

/// A file of the certificates that the gateway's tests have, too: for `localhost`, by `ca.pem`.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../billing-gateway/tests/keys/tls")
        .join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap()
}

async fn start(database: &TestDatabase, more: &[&str]) -> TestCore {
    let (cert, key) = (file("core.pem"), file("core.key"));
    let mut arguments = vec!["--tls-cert", cert.to_str().unwrap()];
    arguments.extend(["--tls-key", key.to_str().unwrap()]);
    arguments.extend(more);
    TestCore::start_with(database, &arguments).await
}

/// Reads a balance over TLS.
async fn call(core: &TestCore, tls: ClientTlsConfig) -> Result<(), tonic::Status> {
    let endpoint = Channel::from_shared(format!("https://{}", core.address)).unwrap();
    let tls = tls.domain_name("localhost");
    let channel = endpoint.tls_config(tls).unwrap().connect_lazy();
    let request = v1::GetBalanceRequest {
        account: Some(account("alice")),
    };
    let request = with_token(request, &core.tools_token);
    BalanceServiceClient::new(channel)
        .get_balance(request)
        .await
        .map(drop)
}

fn trusting(authority: &str) -> ClientTlsConfig {
    ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(authority)))
}

#[tokio::test]
async fn a_core_with_a_certificate_speaks_tls_and_nothing_else() {
    let database = TestDatabase::new().await;
    let core = start(&database, &[]).await;
    call(&core, trusting("ca.pem")).await.unwrap();
    let distrusting = call(&core, trusting("other-ca.pem")).await.unwrap_err();
    assert_eq!(distrusting.code(), Code::Unavailable);
    let request = v1::GetBalanceRequest {
        account: Some(account("alice")),
    };
    let plain = core.balance().get_balance(request).await.unwrap_err();
    assert_ne!(
        plain.code(),
        Code::Unauthenticated,
        "the call was understood without TLS"
    );
    core.stop().await;
}

#[tokio::test]
async fn a_core_with_a_client_authority_lets_in_only_who_has_a_certificate_of_it() {
    let database = TestDatabase::new().await;
    let authority = file("ca.pem");
    let core = start(&database, &["--tls-client-ca", authority.to_str().unwrap()]).await;
    let known = Identity::from_pem(read("core.pem"), read("core.key"));
    call(&core, trusting("ca.pem").identity(known))
        .await
        .unwrap();
    let unknown = call(&core, trusting("ca.pem")).await.unwrap_err();
    assert_ne!(
        unknown.code(),
        Code::Unauthenticated,
        "the call was understood"
    );
    core.stop().await;
}
