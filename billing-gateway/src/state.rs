//! What requests share, and which part of it each slice asks for.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use billing_telemetry::admin::Readiness;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::auth::{Caller, PublicTenants, Verifier};
use crate::config::Config;
use crate::core::{AdminClient, CoreClient, CoreHealth};
use crate::downloads::Downloads;
use crate::payment::settings::PaymentConfig;
use crate::problem::{ApiError, Outage};
use crate::providers::Providers;
use crate::rate_limit::RateLimit;
use crate::server::request_body::Bodies;
use crate::server::turned_away;
use crate::server::waiting_room::WaitingRoom;
use crate::start_error::StartError;

/// What requests share. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct AppState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    core: CoreClient,
    admin_core: AdminClient,
    core_health: CoreHealth,
    verifier: Verifier,
    public_tenants: PublicTenants,
    user_limit: RateLimit<Caller>,
    address_limit: RateLimit<IpAddr>,
    creation_limits: CreationLimits,
    public_limits: PublicLimits,
    providers: Providers,
    payment: PaymentConfig,
    trusted_proxies: u8,
    request_timeout: Duration,
    in_flight: Semaphore,
    bodies: Bodies,
    downloads: Downloads,
    waiting_room: WaitingRoom,
    readiness: Readiness,
}

/// How many payments may be created: whoever tries stolen cards makes many.
#[derive(Debug)]
pub(crate) struct CreationLimits {
    pub user: RateLimit<Caller>,
    pub address: RateLimit<IpAddr>,
    pub tenant: RateLimit<String>,
}

/// How often the pages that anybody may read are asked for.
#[derive(Debug)]
pub(crate) struct PublicLimits {
    pub wall: RateLimit<IpAddr>,
    pub progress: RateLimit<IpAddr>,
}

impl AppState {
    pub(crate) fn new(config: &Config, readiness: Readiness) -> Result<Self, StartError> {
        let max_requests = usize::try_from(config.http.max_requests).unwrap_or(usize::MAX);
        let core = CoreClient::new(&config.core)?;
        Ok(Self(Arc::new(Shared {
            admin_core: AdminClient::new(&core, &config.core)?,
            core,
            core_health: CoreHealth::default(),
            verifier: Verifier::new(&config.jwt)?,
            public_tenants: PublicTenants::from(&config.jwt),
            user_limit: RateLimit::new("user", config.rate_limit_user),
            address_limit: RateLimit::new("address", config.rate_limit_ip),
            creation_limits: CreationLimits {
                user: RateLimit::new("payment-user", config.payment.limit_user),
                address: RateLimit::new("payment-address", config.payment.limit_ip),
                tenant: RateLimit::new("payment-tenant", config.payment.limit_tenant),
            },
            public_limits: PublicLimits {
                wall: RateLimit::new("supporters", config.rate_limit_public),
                progress: RateLimit::new("progress", config.rate_limit_public),
            },
            providers: Providers::new(&config.providers).map_err(StartError::Providers)?,
            payment: config.payment.clone(),
            trusted_proxies: config.trusted_proxies,
            request_timeout: config.http.request_timeout,
            in_flight: Semaphore::new(max_requests.min(Semaphore::MAX_PERMITS)),
            bodies: Bodies::new(config.http, config.trusted_proxies),
            downloads: Downloads::default(),
            waiting_room: WaitingRoom::new(config.http.webhooks_at_once),
            readiness,
        })))
    }

    pub(crate) fn core(&self) -> &CoreClient {
        &self.0.core
    }

    pub(crate) fn admin_core(&self) -> &AdminClient {
        &self.0.admin_core
    }

    pub(crate) fn core_health(&self) -> &CoreHealth {
        &self.0.core_health
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    pub(crate) fn public_tenants(&self) -> &PublicTenants {
        &self.0.public_tenants
    }

    pub(crate) fn user_limit(&self) -> &RateLimit<Caller> {
        &self.0.user_limit
    }

    pub(crate) fn address_limit(&self) -> &RateLimit<IpAddr> {
        &self.0.address_limit
    }

    pub(crate) fn creation_limits(&self) -> &CreationLimits {
        &self.0.creation_limits
    }

    pub(crate) fn public_limits(&self) -> &PublicLimits {
        &self.0.public_limits
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }

    pub(crate) fn trusted_proxies(&self) -> u8 {
        self.0.trusted_proxies
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.0.request_timeout
    }

    pub(crate) fn waiting_room(&self) -> &WaitingRoom {
        &self.0.waiting_room
    }

    pub(crate) fn bodies(&self) -> &Bodies {
        &self.0.bodies
    }

    /// A place among the requests that are answered at the same time, until it is dropped.
    pub(crate) fn place(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        self.0.in_flight.try_acquire().map_err(|_full| {
            turned_away::count("request");
            ApiError::Unavailable(Outage::Busy)
        })
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }
}

impl FromRef<AppState> for CoreClient {
    fn from_ref(state: &AppState) -> Self {
        state.0.core.clone()
    }
}

impl FromRef<AppState> for AdminClient {
    fn from_ref(state: &AppState) -> Self {
        state.0.admin_core.clone()
    }
}

impl FromRef<AppState> for PublicTenants {
    fn from_ref(state: &AppState) -> Self {
        state.0.public_tenants.clone()
    }
}

impl FromRef<AppState> for Providers {
    fn from_ref(state: &AppState) -> Self {
        state.0.providers.clone()
    }
}

impl FromRef<AppState> for PaymentConfig {
    fn from_ref(state: &AppState) -> Self {
        state.0.payment.clone()
    }
}

impl FromRef<AppState> for Downloads {
    fn from_ref(state: &AppState) -> Self {
        state.0.downloads.clone()
    }
}

impl FromRef<AppState> for Bodies {
    fn from_ref(state: &AppState) -> Self {
        state.0.bodies.clone()
    }
}
