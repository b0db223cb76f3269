//! Accounts and tenants: who they are, and what they are set to. The account's own row is written
//! by the ledger alone.

pub mod grpc;
mod queries;
mod tenant_grpc;

pub use tenant_grpc::{get_tenant, set_tenant};

use sqlx::PgPool;

use crate::admin_change::{self, Deed, Fields, NewChange, Said};
use crate::database::clock;
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

    /// For who reads what was changed.
    fn fields(&self) -> Fields {
        let amount = |limit: Option<Micros>| limit.map(|limit| limit.get().to_string());
        let url = Some(self.topup_url.clone()).filter(|url| !url.is_empty());
        let fields = [
            ("welcome_grant_micros", amount(Some(self.welcome_grant))),
            (
                "unpriced_tools",
                Some(self.unpriced_tools.name().to_owned()),
            ),
            (
                "default_daily_limit_micros",
                amount(self.default_daily_limit),
            ),
            (
                "default_monthly_limit_micros",
                amount(self.default_monthly_limit),
            ),
            ("topup_url", url),
        ];
        let fields = fields.into_iter();
        fields
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

/// Replaces what holds for all accounts of a tenant, and keeps who did, where something changes. May be repeated.
pub async fn set(pool: &PgPool, tenant: &Tenant, said: Said) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    queries::lock_tenant(&mut transaction, &tenant.tenant_id).await?;
    // A statement of its own after the lock: whoever held it before has committed.
    let before = queries::find_tenant(&mut *transaction, &tenant.tenant_id)
        .await?
        .unwrap_or_else(|| Tenant::unset(tenant.tenant_id.clone()));
    queries::upsert_tenant(&mut transaction, tenant).await?;
    let deed = (Deed::Tenant, said);
    let change = NewChange::of_fields(None, deed, before.fields(), tenant.fields());
    let now = clock(&mut *transaction).await?;
    let changes = change.into_iter().collect();
    admin_change::insert(&mut transaction, Some(&tenant.tenant_id), now, changes).await?;
    transaction.commit().await
}
