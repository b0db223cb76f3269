//! The core as administrators use it: by a token of its own, which the gateway may not have. The everyday
//! token opens no call that gives or takes money by hand.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use super::client::{Core, CoreClient};
use super::settings::CoreConfig;
use crate::config_check::ConfigError;
use crate::problem::ApiError;

/// The way to the core for administrators, where there is one.
#[derive(Clone, Debug)]
pub(crate) struct AdminClient(Option<CoreClient>);

/// The core for an administrator, within the trace of one request.
#[derive(Debug)]
pub(crate) struct AdminCore(Core);

impl AdminClient {
    pub(crate) fn new(core: &CoreClient, config: &CoreConfig) -> Result<Self, ConfigError> {
        core.administering(config).map(Self)
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// For what nobody has asked for.
    pub(crate) fn unasked(&self) -> Option<AdminCore> {
        self.0.as_ref().map(|client| AdminCore(client.unasked()))
    }
}

impl AdminCore {
    pub(super) fn core(&self) -> &Core {
        &self.0
    }
}

impl<S> FromRequestParts<S> for AdminCore
where
    S: Sync,
    AdminClient: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let AdminClient(client) = AdminClient::from_ref(state);
        let client = client.ok_or(ApiError::NotFound)?;
        Ok(Self(client.asked(parts)))
    }
}
