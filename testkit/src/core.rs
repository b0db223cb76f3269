//! The real core, in process, on a loopback port.

use std::net::SocketAddr;

use billing_core::auth::{Role, new_token};
use billing_core::command::Cli;
use billing_core::serve;
use billing_proto::v1;
use billing_proto::v1::account_service_client::AccountServiceClient;
use billing_proto::v1::admin_service_client::AdminServiceClient;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_proto::v1::price_service_client::PriceServiceClient;
use billing_proto::v1::sponsorship_service_client::SponsorshipServiceClient;
use billing_telemetry::admin::Readiness;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::TestDatabase;

/// A running core. Its tokens admit to every tenant, but the one that [`TestCore::token`] makes.
pub struct TestCore {
    pub address: SocketAddr,
    pub tools_token: String,
    pub gateway_token: String,
    pub admin_token: String,
    /// Admits a tool backend to the tenant `other` only.
    pub other_tenants_token: String,
    /// An administrator of the tenant `other` alone.
    pub other_tenants_admin_token: String,
    /// Admits a gateway to that tenant only.
    pub other_gateways_token: String,
    pub readiness: Readiness,
    channel: Channel,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

/// Puts a token on each request.
#[derive(Clone)]
pub struct Caller(MetadataValue<Ascii>);

impl Interceptor for Caller {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

type Service = InterceptedService<Channel, Caller>;

impl TestCore {
    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, &[]).await
    }

    /// With settings of its own, as on the command line.
    pub async fn start_with(database: &TestDatabase, arguments: &[&str]) -> Self {
        let (tools_token, tools) = new_token(Role::Tools, "*").unwrap();
        let (gateway_token, gateway) = new_token(Role::Gateway, "*").unwrap();
        let (admin_token, admin) = new_token(Role::Admin, "*").unwrap();
        let (other_tenants_token, other) = new_token(Role::Tools, "other").unwrap();
        let (other_tenants_admin_token, other_admin) = new_token(Role::Admin, "other").unwrap();
        let (other_gateways_token, other_gateway) = new_token(Role::Gateway, "other").unwrap();
        let tokens = [tools, gateway, admin, other, other_admin, other_gateway].join(";");
        let mut command = vec![
            "billing-core",
            "--database-url",
            database.application_url(),
            "--service-tokens",
            &tokens,
        ];
        command.extend_from_slice(arguments);
        let options = Cli::try_parse_from(command).unwrap().serve;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let (stop, readiness) = (shutdown.clone(), Readiness::new());
        let of_core = readiness.clone();
        let serving = tokio::spawn(async move {
            serve::serve(&options, listener, of_core, stop)
                .await
                .unwrap();
        });
        // The listener exists: a call waits in its backlog until the core serves.
        let channel = Endpoint::from_shared(format!("http://{address}"))
            .unwrap()
            .connect_lazy();
        Self {
            address,
            tools_token,
            gateway_token,
            admin_token,
            other_tenants_token,
            other_tenants_admin_token,
            other_gateways_token,
            readiness,
            channel,
            shutdown,
            serving,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub fn caller(token: &str) -> Caller {
        Caller(format!("Bearer {token}").parse().unwrap())
    }

    /// As a tool backend.
    pub fn balance(&self) -> BalanceServiceClient<Service> {
        BalanceServiceClient::with_interceptor(self.channel(), Self::caller(&self.tools_token))
    }

    /// As an administrator.
    pub fn accounts(&self) -> AccountServiceClient<Service> {
        AccountServiceClient::with_interceptor(self.channel(), Self::caller(&self.admin_token))
    }

    /// As an administrator.
    pub fn admin(&self) -> AdminServiceClient<Service> {
        AdminServiceClient::with_interceptor(self.channel(), Self::caller(&self.admin_token))
    }

    /// As an administrator.
    pub fn prices(&self) -> PriceServiceClient<Service> {
        PriceServiceClient::with_interceptor(self.channel(), Self::caller(&self.admin_token))
    }

    /// As the gateway.
    pub fn payments(&self) -> PaymentServiceClient<Service> {
        PaymentServiceClient::with_interceptor(self.channel(), Self::caller(&self.gateway_token))
    }

    /// As the gateway.
    pub fn sponsorship(&self) -> SponsorshipServiceClient<Service> {
        SponsorshipServiceClient::with_interceptor(
            self.channel(),
            Self::caller(&self.gateway_token),
        )
    }

    /// As an administrator.
    pub fn sponsorship_admin(&self) -> SponsorshipServiceClient<Service> {
        SponsorshipServiceClient::with_interceptor(self.channel(), Self::caller(&self.admin_token))
    }

    /// Gives an account an amount, under a fresh key.
    pub async fn grant(&self, account: &v1::AccountRef, amount_micros: i64) {
        self.accounts()
            .grant_credit(v1::GrantCreditRequest {
                account: Some(account.clone()),
                idempotency_key: uuid::Uuid::now_v7().to_string(),
                amount_micros,
                reason: "for a test".to_owned(),
                actor: "test".to_owned(),
            })
            .await
            .unwrap();
    }

    /// Begins to stop as on SIGTERM: what has begun is still answered.
    pub fn begin_stop(&self) {
        self.shutdown.cancel();
    }

    /// Stops as on SIGTERM, and waits until everything has ended.
    pub async fn stop(self) {
        self.shutdown.cancel();
        drop(self.channel);
        self.serving.await.unwrap();
    }
}
