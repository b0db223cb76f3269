//! What the tests play on: a database, a core with the tools' prices, and the example on a port.

use std::time::Duration;

use billing_proto::v1::{
    AccountRef, Entry, EntryKind, EstimateCostRequest, ListEntriesRequest, ListHoldsRequest,
    SetPriceRequest, ToolUsage, UnitPrice,
};
use billing_testkit::{Nginx, TestCore, TestDatabase};
use clap::Parser as _;
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tool_backend::Backend;
use tool_backend::config::Config;

pub(crate) const USD: i64 = 1_000_000;
pub(crate) const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

const TENANT: &str = "flow";
const JWT_SECRET: &str = "a secret for these tests only";

/// How long the core may take to be told the end of a call that was answered.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// How long a new price may take to hold.
const PRICES_WITHIN: Duration = Duration::from_secs(20);

/// `core` is a [`TestCore`], or () once it is lost.
pub(crate) struct Stage<Core = TestCore> {
    pub(crate) core: Core,
    base: String,
    tenant: &'static str,
    http: reqwest::Client,
    until_dropped: DropGuard,
}

/// An answer of the example.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()
            .get("code")
            .and_then(Value::as_str)
            .unwrap()
            .to_owned()
    }
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let database = TestDatabase::new().await;
        let core = TestCore::start(&database).await;
        set_prices(&core).await;
        Self::with_backend(core, TENANT).await
    }

    /// With nginx between the example and the core. None where there is no nginx.
    pub(crate) async fn set_behind_nginx() -> Option<(Self, Nginx)> {
        let stage = Self::set().await;
        let nginx = Nginx::before(stage.core.address).await?;
        let stage = Self::with_backend_at(nginx.url(), stage.core, TENANT).await;
        Some((stage, nginx))
    }

    /// The same core, with the example set up for another tenant.
    pub(crate) async fn of_tenant(self, tenant: &'static str) -> Self {
        Self::with_backend(self.core, tenant).await
    }

    /// Stops the core; the example stays.
    pub(crate) async fn lose_the_core(self) -> Stage<()> {
        self.core.stop().await;
        Stage {
            core: (),
            base: self.base,
            tenant: self.tenant,
            http: self.http,
            until_dropped: self.until_dropped,
        }
    }

    async fn with_backend(core: TestCore, tenant: &'static str) -> Self {
        Self::with_backend_at(core.url(), core, tenant).await
    }

    async fn with_backend_at(url: String, core: TestCore, tenant: &'static str) -> Self {
        // The HTTP client wants one, though it never leaves loopback. Another test may be first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let token = core.tools_token.clone();
        let config = Config::parse_from([
            "tool-backend",
            "--core-url",
            &url,
            "--tools-token",
            &token,
            "--tenant",
            tenant,
            "--jwt-secret",
            JWT_SECRET,
            "--api-keys",
            "key-of-a-service",
            "--topup-url",
            "https://pay.test/topup",
        ]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let backend = Backend::new(&config).unwrap();
        tokio::spawn(backend.serve(listener, shutdown.clone()));
        Self {
            core,
            base,
            tenant,
            http: reqwest::Client::new(),
            until_dropped: shutdown.drop_guard(),
        }
    }

    pub(crate) async fn charges(&self, user: &AccountRef) -> Vec<Entry> {
        let request = ListEntriesRequest {
            account: Some(user.clone()),
            kind: EntryKind::Charge.into(),
            ..ListEntriesRequest::default()
        };
        let answer = self.core.balance().list_entries(request).await.unwrap();
        answer.into_inner().entries
    }

    /// An answer does not wait for the end of its hold. Returns once none is placed any more.
    pub(crate) async fn wait_for_the_ends(&self, user: &AccountRef) {
        self.wait_for_holds(user, 0).await;
    }

    /// Returns once so many holds of the user's are placed.
    pub(crate) async fn wait_for_holds(&self, user: &AccountRef, number: usize) {
        let request = ListHoldsRequest {
            account: Some(user.clone()),
            ..ListHoldsRequest::default()
        };
        let reached = async {
            loop {
                let answer = self.core.balance().list_holds(request.clone()).await;
                if answer.unwrap().into_inner().holds.len() == number {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(ENDS_WITHIN, reached).await.unwrap();
    }
}

impl<Core> Stage<Core> {
    pub(crate) fn user(&self, user_id: &str) -> AccountRef {
        AccountRef {
            tenant_id: self.tenant.to_owned(),
            user_id: user_id.to_owned(),
        }
    }

    pub(crate) async fn call(&self, user: &AccountRef, tool: &str, query: &str) -> Reply {
        self.send(&jwt(user), tool, query, None).await
    }

    pub(crate) async fn call_with_key(
        &self,
        user: &AccountRef,
        tool: &str,
        query: &str,
        key: &str,
    ) -> Reply {
        self.send(&jwt(user), tool, query, Some(key)).await
    }

    pub(crate) async fn call_as_service(&self, tool: &str, query: &str) -> Reply {
        self.send("key-of-a-service", tool, query, None).await
    }

    async fn send(&self, bearer: &str, tool: &str, query: &str, key: Option<&str>) -> Reply {
        let mut request = self
            .http
            .post(format!("{}/api/tools/{tool}", self.base))
            .bearer_auth(bearer)
            .header("traceparent", format!("00-{TRACE_ID}-00f067aa0ba902b7-01"))
            .json(&json!({"query": query, "budget": "quick"}));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let response = request.send().await.unwrap();
        Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }
}

fn jwt(user: &AccountRef) -> String {
    let claims = json!({"userId": user.user_id, "exp": get_current_timestamp() + 600});
    let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
    encode(&Header::default(), &claims, &key).unwrap()
}

fn price(tool: &str, per_call_micros: i64, units: &[(&str, i64)]) -> SetPriceRequest {
    let unit_price = |(unit, amount_micros): &(&str, i64)| UnitPrice {
        unit: (*unit).to_owned(),
        amount_micros: *amount_micros,
        per_units: 1,
    };
    SetPriceRequest {
        tenant_id: TENANT.to_owned(),
        tool: tool.to_owned(),
        per_call_micros,
        unit_prices: units.iter().map(unit_price).collect(),
        ..SetPriceRequest::default()
    }
}

/// Sets the price of each tool of the example, and waits until they hold.
async fn set_prices(core: &TestCore) {
    let units = [
        ("query_tokens", 100),
        ("budget_quick", 20_000),
        ("budget_standard", 50_000),
        ("budget_deep", 200_000),
    ];
    for request in [
        price("search", 5 * USD / 2, &[]),
        price("summarize", 0, &units),
        SetPriceRequest {
            free_calls_per_day: 1,
            ..price("translate", 100_000, &[])
        },
        SetPriceRequest {
            exempt: true,
            ..price("ping", 0, &[])
        },
    ] {
        core.prices().set_price(request).await.unwrap();
    }
    // The last that was set holds last.
    let last = EstimateCostRequest {
        tenant_id: TENANT.to_owned(),
        tool: Some(ToolUsage {
            name: "ping".to_owned(),
            ..ToolUsage::default()
        }),
    };
    let holds = async {
        while !core
            .prices()
            .estimate_cost(last.clone())
            .await
            .unwrap()
            .into_inner()
            .priced
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PRICES_WITHIN, holds).await.unwrap();
}
