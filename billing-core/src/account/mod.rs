//! Accounts and tenants: who they are, and what they are set to. The account's own row is written
//! by the ledger alone.

pub mod grpc;
mod queries;
mod tenant_grpc;

pub use tenant_grpc::{get_tenant, set_tenant};

use crate::money::Micros;
use crate::price::UnpricedTools;

/// What holds for all accounts of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub tenant_id: String,
    pub welcome_grant: Micros,
    pub unpriced_tools: UnpricedTools,
    pub default_daily_limit: Option<Micros>,
    pub default_monthly_limit: Option<Micros>,
    pub topup_url: String,
}

impl Tenant {
    /// A tenant that was never set.
    pub fn unset(tenant_id: String) -> Self {
        Self {
            tenant_id,
            welcome_grant: Micros::ZERO,
            unpriced_tools: UnpricedTools::default(),
            default_daily_limit: Some(crate::ledger::DEFAULT_DAILY_LIMIT),
            default_monthly_limit: Some(crate::ledger::DEFAULT_MONTHLY_LIMIT),
            topup_url: String::new(),
        }
    }
}
