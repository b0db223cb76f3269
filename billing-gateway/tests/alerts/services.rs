//! Core and gateway as processes, with what they export.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use billing_proto::v1::{AccountRef, Cost, cost};
use billing_stage::service::Service;
use billing_stage::{beside, core_beside, free_address};
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::json;
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

use crate::scrape::Scrape;

/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const JWT_SECRET: &str = "a secret of the tests, of 32 bytes or more";
pub const TENANT: &str = "demo";

pub struct Process {
    pub address: SocketAddr,
    _folder: TempDir,
    name: &'static str,
    admin: SocketAddr,
    client: Client,
    /// Ends with this.
    _service: Service,
}

impl Process {
    pub async fn core(database_url: &str, settings: &[(&'static str, &str)]) -> Self {
        let (address, admin) = addresses();
        let usual = [
            ("DATABASE_URL", database_url.to_owned()),
            ("BILLING_GRPC_ADDR", address.to_string()),
            ("BILLING_ADMIN_ADDR", admin.to_string()),
        ];
        let program = core_beside().unwrap();
        Self::start("billing-core", &program, (address, admin), &usual, settings).await
    }

    pub async fn gateway(core: &Self, settings: &[(&'static str, &str)]) -> Self {
        let (address, admin) = addresses();
        let usual = [
            ("BILLING_GATEWAY_ADDR", address.to_string()),
            ("BILLING_GATEWAY_ADMIN_ADDR", admin.to_string()),
            ("BILLING_CORE_URL", format!("http://{}", core.address)),
            ("BILLING_CORE_TOKEN", "of-no-matter-on-loopback".to_owned()),
            ("BILLING_DEFAULT_TENANT", TENANT.to_owned()),
            ("JWT_SECRET", JWT_SECRET.to_owned()),
            ("STRIPE_SECRET_KEY", "sk_test_of_the_tests".to_owned()),
            ("STRIPE_WEBHOOK_SECRET", "whsec_of_the_tests".to_owned()),
        ];
        let program = beside("billing-gateway").unwrap();
        Self::start(
            "billing-gateway",
            &program,
            (address, admin),
            &usual,
            settings,
        )
        .await
    }

    async fn start(
        name: &'static str,
        program: &std::path::Path,
        (address, admin): (SocketAddr, SocketAddr),
        usual: &[(&'static str, String)],
        settings: &[(&'static str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut environment = usual.to_vec();
        // The later of two settings of one name holds.
        let own = settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        environment.extend(own);
        let log = folder.path().join("log");
        let mut service = Service::start(name, program, &environment, log).unwrap();
        service.await_readiness(admin).await.unwrap();
        Self {
            address,
            _folder: folder,
            name,
            admin,
            client: client(),
            _service: service,
        }
    }

    pub fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address));
        endpoint.unwrap().connect_lazy()
    }

    pub async fn scrape(&self) -> Scrape {
        let url = format!("http://{}/metrics", self.admin);
        let answer = self.client.get(url).send().await.unwrap();
        Scrape::of(self.name, &answer.text().await.unwrap())
    }

    /// Waits until what it exports is so, and answers with that.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Scrape) -> bool) -> Scrape {
        let since = Instant::now();
        loop {
            let scrape = self.scrape().await;
            if is_so(&scrape) {
                return scrape;
            }
            assert!(since.elapsed() < PATIENCE, "{what}: {scrape:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A request of a user's to a gateway.
    pub fn request(&self, method: Method, path: &str, user: &str) -> RequestBuilder {
        let claims = json!({"userId": user, "exp": get_current_timestamp() + 600});
        let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
        let token = encode(&Header::default(), &claims, &key).unwrap();
        let url = format!("http://{}{path}", self.address);
        self.client.request(method, url).bearer_auth(token)
    }
}

fn addresses() -> (SocketAddr, SocketAddr) {
    (free_address().unwrap(), free_address().unwrap())
}

pub fn client() -> Client {
    // Only the first succeeds in this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "as messages have it")]
pub fn account(user: &str) -> Option<AccountRef> {
    Some(AccountRef {
        tenant_id: TENANT.to_owned(),
        user_id: user.to_owned(),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "as messages have it")]
pub fn micros(amount: i64) -> Option<Cost> {
    Some(Cost {
        cost: Some(cost::Cost::AmountMicros(amount)),
    })
}
