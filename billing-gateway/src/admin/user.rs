//! `GET /api/admin/users/{id}`: one user, with what an administrator asks about first.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use billing_proto::v1::{
    Account, AccountRef, GetAccountRequest, ListAccountsRequest, ListEntriesRequest,
    ListHoldsRequest, ListTenantPaymentsRequest, ListedAccount, Preferences, TenantPayment,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::users::AdminUser;
use super::{Administrator, filled, named_user};
use crate::core::{AdminCore, Core, written};
use crate::history::{Transaction, transaction};
use crate::holds::ShownHold;
use crate::language::Language;
use crate::payment::present;
use crate::payment::shown::ShownPayment;
use crate::problem::{ApiError, Problem};
use crate::rates;
use crate::usd::Usd;

/// How many of each are shown beside the account.
const RECENT: i32 = 10;
const HOLDS_MAX: i32 = 50;
/// Those whose id begins like this user's, and those with their address.
const FOUND_MAX: i32 = 200;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminUserResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    user: AdminUserDetails,
    /// The newest ten.
    recent_transactions: Vec<Transaction>,
    /// The newest ten.
    payments: Vec<AdminPayment>,
    /// What is set aside now, the newest first; at most fifty.
    holds: Vec<ShownHold>,
}

/// An account as a change has left it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminChangedUser {
    /// Always true: what is not a success is a problem body.
    pub success: bool,
    pub user: AdminUserDetails,
}

/// All that is set of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminUserDetails {
    #[serde(flatten)]
    user: AdminUser,
    /// IANA name of the zone whose days and months the limits follow.
    time_zone: String,
    /// Null: never warned.
    #[schema(required = true)]
    low_balance_threshold_usd: Option<Usd>,
    preferences: AdminPreferences,
}

/// What the user wants to be told.
#[derive(Debug, Serialize, ToSchema)]
struct AdminPreferences {
    /// The language of mail: `en` or `uk`.
    locale: String,
    mail_payments: bool,
    mail_payment_failures: bool,
    mail_low_balance: bool,
}

/// A payment, and whether somebody is to look at it.
#[derive(Debug, Serialize, ToSchema)]
struct AdminPayment {
    #[serde(flatten)]
    payment: ShownPayment,
    needs_review: bool,
    /// Null where no report says why.
    #[schema(required = true)]
    review_reason: Option<String>,
    /// When the report came that says so, RFC 3339; null where none does.
    #[schema(format = DateTime, required = true)]
    received_at: Option<String>,
}

/// One user of the tenant
///
/// Somebody who paid or gave something and has no account yet is shown with the account as it would begin;
/// their `created_at` is null.
#[utoipa::path(
    get,
    path = "/api/admin/users/{id}",
    operation_id = "adminGetUser",
    tag = "admin",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The user as the tenant names them")),
    responses(
        (status = 200, body = AdminUserResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    admin_core: AdminCore,
    administrator: Administrator,
    language: Language,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<AdminUserResponse>, ApiError> {
    let account = administrator.account(named_user(path)?);
    let (user, transactions, payments, holds) = tokio::try_join!(
        details(&core, &admin_core, &account),
        recent_transactions(&core, &account, language),
        recent_payments(&admin_core, &account),
        holds(&core, &account),
    )?;
    Ok(Json(AdminUserResponse {
        success: true,
        user,
        recent_transactions: transactions,
        payments,
        holds,
    }))
}

/// The account as it now is, or as it would begin where somebody paid or gave something and has none yet.
async fn details(
    core: &Core,
    admin_core: &AdminCore,
    name: &AccountRef,
) -> Result<AdminUserDetails, ApiError> {
    let (account, listed) = read(core, admin_core, name).await?;
    let account = account.filter(|account| account.exists || listed.is_some());
    AdminUserDetails::of(account.ok_or(ApiError::NotFound)?, listed)
}

/// An account as a change has left it, which may be another by now. What no administrator changes is read.
pub(super) async fn changed(
    core: &Core,
    admin_core: &AdminCore,
    account: Option<Account>,
) -> Result<Json<AdminChangedUser>, ApiError> {
    let account = account.ok_or_else(|| ApiError::fault("the core's answer has no account"))?;
    let name = account.account.clone().unwrap_or_default();
    let (read, listed) = read(core, admin_core, &name).await?;
    let account = Account {
        preferences: read.and_then(|account| account.preferences),
        ..account
    };
    Ok(Json(AdminChangedUser {
        success: true,
        user: AdminUserDetails::of(account, listed)?,
    }))
}

async fn read(
    core: &Core,
    admin_core: &AdminCore,
    name: &AccountRef,
) -> Result<(Option<Account>, Option<ListedAccount>), ApiError> {
    let request = GetAccountRequest {
        account: Some(name.clone()),
    };
    let (answer, listed) = tokio::join!(core.get_account(request), listed(admin_core, name));
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    Ok((answer.account, listed?))
}

impl AdminUserDetails {
    /// `listed`: the account as the list has it, where it does.
    fn of(account: Account, listed: Option<ListedAccount>) -> Result<Self, ApiError> {
        let Preferences {
            locale,
            mail_payments,
            mail_payment_failures,
            mail_low_balance,
        } = account
            .preferences
            .clone()
            .ok_or_else(|| ApiError::fault("the core's answer has no preferences"))?;
        Ok(Self {
            time_zone: account.time_zone.clone(),
            low_balance_threshold_usd: account.low_balance_threshold_micros.map(Usd::from_micros),
            preferences: AdminPreferences {
                locale,
                mail_payments,
                mail_payment_failures,
                mail_low_balance,
            },
            user: AdminUser::of(account, listed)?,
        })
    }
}

/// The same account in the list, which alone tells its address.
async fn listed(core: &AdminCore, name: &AccountRef) -> Result<Option<ListedAccount>, ApiError> {
    let request = ListAccountsRequest {
        tenant_id: name.tenant_id.clone(),
        search: name.user_id.clone(),
        page_size: FOUND_MAX,
        ..ListAccountsRequest::default()
    };
    let answer = core.list_accounts(request).await;
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    let is_theirs = |listed: &ListedAccount| {
        let account = listed.account.as_ref();
        account.and_then(|account| account.account.as_ref()) == Some(name)
    };
    Ok(answer.accounts.into_iter().find(is_theirs))
}

async fn recent_transactions(
    core: &Core,
    name: &AccountRef,
    language: Language,
) -> Result<Vec<Transaction>, ApiError> {
    let request = ListEntriesRequest {
        account: Some(name.clone()),
        page_size: RECENT,
        ..ListEntriesRequest::default()
    };
    let (answer, rate) = tokio::join!(core.list_entries(request), rates::shown(core));
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    let rate = rate?.map(|(rate, _)| rate);
    let entries = answer.entries.into_iter();
    entries
        .map(|entry| transaction(entry, &name.user_id, rate.as_ref(), language))
        .collect()
}

async fn recent_payments(
    core: &AdminCore,
    name: &AccountRef,
) -> Result<Vec<AdminPayment>, ApiError> {
    let request = ListTenantPaymentsRequest {
        tenant_id: name.tenant_id.clone(),
        user_id: name.user_id.clone(),
        page_size: RECENT,
        ..ListTenantPaymentsRequest::default()
    };
    let answer = core.list_tenant_payments(request).await;
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    let payments = answer.payments.into_iter();
    payments.map(AdminPayment::try_from).collect()
}

impl TryFrom<TenantPayment> for AdminPayment {
    type Error = ApiError;

    fn try_from(listed: TenantPayment) -> Result<Self, ApiError> {
        let payment = present(listed.payment)?;
        Ok(Self {
            needs_review: payment.needs_review,
            review_reason: filled(listed.review_reason),
            received_at: written(listed.review_received_at.as_ref())?,
            payment: payment.try_into()?,
        })
    }
}

async fn holds(core: &Core, name: &AccountRef) -> Result<Vec<ShownHold>, ApiError> {
    let request = ListHoldsRequest {
        account: Some(name.clone()),
        page_size: HOLDS_MAX,
        ..ListHoldsRequest::default()
    };
    let answer = core.list_holds(request).await;
    let answer = answer.map_err(|error| error.into_api(&[]))?;
    answer.holds.into_iter().map(ShownHold::try_from).collect()
}
