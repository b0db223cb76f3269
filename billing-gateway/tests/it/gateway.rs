//! A gateway in this process, on a port of its own.

use std::net::{IpAddr, SocketAddr};

use billing_gateway::config::{Config, Settings};
use billing_proto::v1::{AccountRef, Cost, cost};
use billing_telemetry::admin::Readiness;
use billing_testkit::{TestCore, TestDatabase};
use clap::{Args, FromArgMatches};
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) const JWT_SECRET: &str = "a secret of the tests, of 32 bytes or more";

pub(crate) const TENANT: &str = "demo";

/// Stops when it is dropped.
pub(crate) struct Gateway {
    pub(crate) addr: SocketAddr,
    pub(crate) readiness: Readiness,
    pub(crate) served: JoinHandle<()>,
    pub(crate) shutdown: DropGuard,
    client: Client,
}

/// The real core on a database of its own, and a gateway before it.
pub(crate) struct System {
    pub(crate) database: TestDatabase,
    pub(crate) core: TestCore,
    pub(crate) gateway: Gateway,
}

impl System {
    pub(crate) async fn start() -> Self {
        Self::on(TestDatabase::new().await).await
    }

    /// On a database that holds something already.
    pub(crate) async fn on(database: TestDatabase) -> Self {
        let core = TestCore::start(&database).await;
        let gateway = Gateway::start(config(&core.url(), &core.gateway_token, &[])).await;
        Self {
            database,
            core,
            gateway,
        }
    }

    /// The text of a successful answer to `user`.
    pub(crate) async fn text(&self, user: &str, path: &str) -> String {
        let response = sent(self.gateway.get(path).bearer_auth(token(&json!(user)))).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, 200, "{text}");
        text
    }

    pub(crate) async fn json(&self, user: &str, path: &str) -> Value {
        serde_json::from_str(&self.text(user, path).await).unwrap()
    }
}

pub(crate) fn account(user: &str) -> AccountRef {
    AccountRef {
        tenant_id: TENANT.to_owned(),
        user_id: user.to_owned(),
    }
}

pub(crate) fn micros(amount: i64) -> Cost {
    Cost {
        cost: Some(cost::Cost::AmountMicros(amount)),
    }
}

/// A configuration for the core at `core_url`, with further flags.
pub(crate) fn config(core_url: &str, core_token: &str, flags: &[&str]) -> Config {
    let command = Settings::augment_args(clap::Command::new("gateway"));
    let given = [
        "gateway",
        "--core-url",
        core_url,
        "--core-token",
        core_token,
        "--jwt-secret",
        JWT_SECRET,
        "--default-tenant",
        TENANT,
    ];
    let matches = command
        .try_get_matches_from(given.iter().chain(flags))
        .unwrap();
    Config::try_from(Settings::from_arg_matches(&matches).unwrap()).unwrap()
}

/// An address of loopback where nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

pub(crate) fn token(user: &Value) -> String {
    token_of(&json!({ "userId": user }))
}

/// A token with these claims, and an end.
pub(crate) fn token_of(claims: &Value) -> String {
    let mut claims = claims.clone();
    claims["exp"] = json!(get_current_timestamp() + 600);
    let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
    encode(&Header::default(), &claims, &key).unwrap()
}

impl Gateway {
    pub(crate) async fn start(config: Config) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), config)
    }

    pub(crate) fn start_on(listener: TcpListener, config: Config) -> Self {
        let client = client();
        let addr = listener.local_addr().unwrap();
        let readiness = Readiness::new();
        let shutdown = CancellationToken::new();
        let served = {
            let (readiness, shutdown) = (readiness.clone(), shutdown.clone());
            tokio::spawn(async move {
                billing_gateway::serve(config, listener, readiness, shutdown)
                    .await
                    .unwrap();
            })
        };
        Self {
            addr,
            readiness,
            served,
            shutdown: shutdown.drop_guard(),
            client,
        }
    }

    /// One whose core is not there.
    pub(crate) async fn without_core(flags: &[&str]) -> Self {
        Self::start(config(&nobody().await, "unused", flags)).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.addr))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// The settings of user `u`, with `body` as it is.
    pub(crate) fn put_settings(&self, body: &str) -> RequestBuilder {
        self.put_settings_of("u", body)
    }

    pub(crate) fn put_settings_of(&self, user: &str, body: &str) -> RequestBuilder {
        self.request(Method::PUT, "/api/billing/settings")
            .bearer_auth(token(&json!(user)))
            .header("content-type", "application/json")
            .body(body.to_owned())
    }
}

pub(crate) fn client() -> Client {
    // Only the first test of the process succeeds in this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

/// One that comes from another of loopback's addresses.
pub(crate) fn client_from(address: IpAddr) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().no_proxy().local_address(address);
    builder.build().unwrap()
}

pub(crate) async fn sent(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

/// Sends what is to be refused, and checks that the refusal is a whole problem body.
pub(crate) async fn problem(request: RequestBuilder) -> Value {
    let response = sent(request).await;
    let status = response.status().as_u16();
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-request-id"].len(), 32);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status);
    for member in ["type", "title", "error", "message", "code"] {
        assert!(problem[member].is_string(), "{member} in {problem}");
    }
    problem
}
