//! `GetTenant`, `SetTenant`.

use billing_proto::v1;
use tonic::{Request, Response, Status};

use super::{Tenant, queries};
use crate::Core;
use crate::admin_change::{Said, Subject};
use crate::field::{self, FieldError};
use crate::money::Micros;
use crate::price::UnpricedTools;
use crate::rpc::{TENANT_BYTES, call_of};

pub async fn get_tenant(
    core: &Core,
    request: Request<v1::GetTenantRequest>,
) -> Result<Response<v1::GetTenantResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant_id = field::text("tenant_id", request.tenant_id, TENANT_BYTES)?;
    call.tenant(&tenant_id)?;
    let tenant = call
        .query(queries::find_tenant(&core.pool, &tenant_id))
        .await?
        .unwrap_or_else(|| Tenant::unset(tenant_id));
    Ok(Response::new(v1::GetTenantResponse {
        tenant: Some(shown(tenant)),
    }))
}

pub async fn set_tenant(
    core: &Core,
    request: Request<v1::SetTenantRequest>,
) -> Result<Response<v1::SetTenantResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant = parse(request.tenant)?;
    call.tenant(&tenant.tenant_id)?;
    let said = Said::parse(request.actor, request.reason)?;
    let subject = Subject::Tenant(tenant.tenant_id.clone());
    let setting = super::set(&core.pool, &tenant, said);
    core.turns.change(&call, subject, setting).await?;
    Ok(Response::new(v1::SetTenantResponse {
        tenant: Some(shown(tenant)),
    }))
}

fn parse(tenant: Option<v1::Tenant>) -> Result<Tenant, FieldError> {
    let tenant = tenant.ok_or_else(|| FieldError::new("tenant", "must be given"))?;
    let limit =
        |field, limit: Option<i64>| limit.map(|micros| field::amount(field, micros)).transpose();
    Ok(Tenant {
        tenant_id: field::identifier("tenant.tenant_id", tenant.tenant_id, TENANT_BYTES)?,
        welcome_grant: field::amount("tenant.welcome_grant_micros", tenant.welcome_grant_micros)?,
        unpriced_tools: match v1::UnpricedToolPolicy::try_from(tenant.unpriced_tools) {
            Ok(v1::UnpricedToolPolicy::Unspecified | v1::UnpricedToolPolicy::Deny) => {
                UnpricedTools::Deny
            }
            Ok(v1::UnpricedToolPolicy::Free) => UnpricedTools::Free,
            Err(_) => {
                return Err(FieldError::new(
                    "tenant.unpriced_tools",
                    "must be a policy that the contract names",
                ));
            }
        },
        default_daily_limit: limit(
            "tenant.default_daily_limit_micros",
            tenant.default_daily_limit_micros,
        )?,
        default_monthly_limit: limit(
            "tenant.default_monthly_limit_micros",
            tenant.default_monthly_limit_micros,
        )?,
        topup_url: field::optional_text("tenant.topup_url", tenant.topup_url, 2000)?
            .unwrap_or_default(),
    })
}

fn shown(tenant: Tenant) -> v1::Tenant {
    let unpriced_tools = match tenant.unpriced_tools {
        UnpricedTools::Deny => v1::UnpricedToolPolicy::Deny,
        UnpricedTools::Free => v1::UnpricedToolPolicy::Free,
    };
    v1::Tenant {
        tenant_id: tenant.tenant_id,
        welcome_grant_micros: tenant.welcome_grant.get(),
        unpriced_tools: unpriced_tools.into(),
        default_daily_limit_micros: tenant.default_daily_limit.map(Micros::get),
        default_monthly_limit_micros: tenant.default_monthly_limit.map(Micros::get),
        topup_url: tenant.topup_url,
    }
}
