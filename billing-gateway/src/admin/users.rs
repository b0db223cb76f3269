//! `GET /api/admin/users`: who has an account of the tenant.

use axum::Json;
use billing_proto::v1::{Account, AccountStatus, ListAccountsRequest, ListedAccount};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Administrator, PAGE_FIELDS, Page, filled, word};
use crate::balance::{Limits, Used};
use crate::core::{AdminCore, written};
use crate::problem::{ApiError, Problem};
use crate::query::QueryText;
use crate::usd::Usd;

/// What the core passes over at most.
const OFFSET_MAX: i32 = 10_000;

const STATUSES: [(&str, AccountStatus); 5] = [
    ("all", AccountStatus::Unspecified),
    ("active", AccountStatus::Active),
    ("suspended", AccountStatus::Suspended),
    ("in_debt", AccountStatus::InDebt),
    ("disabled", AccountStatus::Disabled),
];

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminUsersResponse {
    /// Always true: what is not a success is a problem body.
    success: bool,
    users: Vec<AdminUser>,
    pagination: UsersPagination,
}

#[derive(Debug, Serialize, ToSchema)]
struct UsersPagination {
    limit: i32,
    offset: i32,
    /// Number of users in this answer.
    count: usize,
    /// `before` of the next page; null on the last one.
    #[schema(required = true)]
    next_before: Option<String>,
}

/// A user's account as an administrator sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminUser {
    user_id: String,
    /// Where their mail goes, by their own token's word; null where that is not known.
    #[schema(required = true)]
    email: Option<String>,
    /// Sum of everything booked.
    balance_usd: Usd,
    /// What may be spent: the balance less `held_usd`.
    available_usd: Usd,
    /// Set aside for calls that are under way.
    held_usd: Usd,
    /// How far the balance is below 0.
    debt_usd: Usd,
    suspended: bool,
    /// Where false, everything is allowed and costs nothing.
    billing_enabled: bool,
    limits: Limits,
    usage: Used,
    /// Charges less refunds of charges, since the beginning.
    total_spent_usd: Usd,
    /// Number of charges.
    total_requests: i64,
    /// Time of the last charge, RFC 3339; null before the first.
    #[schema(format = DateTime, required = true)]
    last_request_at: Option<String>,
    /// When the account was opened, RFC 3339; null where there is none yet.
    #[schema(format = DateTime, required = true)]
    created_at: Option<String>,
}

impl AdminUser {
    /// `listed`: the account as the list has it, where it does.
    pub(super) fn of(account: Account, listed: Option<ListedAccount>) -> Result<Self, ApiError> {
        let balance = account
            .balance
            .ok_or_else(|| ApiError::fault("the core's answer has no balance"))?;
        let name = account
            .account
            .ok_or_else(|| ApiError::fault("the core's answer names no account"))?;
        let (email, opened_at) = listed
            .map(|listed| (listed.email, listed.opened_at))
            .unwrap_or_default();
        Ok(Self {
            user_id: name.user_id,
            email: filled(email),
            balance_usd: Usd::from_micros(balance.settled_micros),
            available_usd: Usd::from_micros(balance.available_micros),
            held_usd: Usd::from_micros(balance.held_micros),
            debt_usd: Usd::from_micros(balance.debt_micros),
            suspended: account.suspended,
            billing_enabled: account.billing_enabled,
            limits: Limits::of(&account.limits)?,
            usage: Used::of(&account.limits)?,
            total_spent_usd: Usd::from_micros(account.total_spent_micros),
            total_requests: account.request_count,
            last_request_at: written(account.last_request_at.as_ref())?,
            created_at: written(opened_at.as_ref())?,
        })
    }
}

/// The users of the tenant
///
/// In the order of their ids. Somebody who paid or gave something and has no account yet is found by their whole
/// id or address, where no `status` is asked for.
#[utoipa::path(
    get,
    path = "/api/admin/users",
    operation_id = "adminListUsers",
    tag = "admin",
    security(("bearer" = [])),
    params(
        ("search" = Option<String>, Query, max_length = 255,
         description = "The beginning of a user id, or a whole e-mail address"),
        ("status" = Option<String>, Query,
         description = "all, active, suspended, in_debt or disabled; absent: all"),
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 200,
         description = "How many users; absent: 50"),
        ("offset" = Option<i32>, Query, minimum = 0, maximum = 10_000,
         description = "How many to pass over first"),
        ("before" = Option<String>, Query,
         description = "The `next_before` of the page before"),
    ),
    responses(
        (status = 200, body = AdminUsersResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    core: AdminCore,
    administrator: Administrator,
    query: QueryText,
) -> Result<Json<AdminUsersResponse>, ApiError> {
    let page = Page::of(&query)?;
    let offset = query.whole("offset", 0..=OFFSET_MAX, 0)?;
    let status = word(&query, "status", &STATUSES)?.unwrap_or_default();
    let request = ListAccountsRequest {
        tenant_id: administrator.tenant_id(),
        search: query.text("search").unwrap_or_default().to_owned(),
        status: status.into(),
        page_size: page.limit,
        page_token: page.before.clone(),
        skip: offset,
    };
    let answer = core
        .list_accounts(request)
        .await
        .map_err(|error| error.into_api(PAGE_FIELDS))?;
    let users = answer
        .accounts
        .into_iter()
        .map(|mut listed| AdminUser::of(present(&mut listed)?, Some(listed)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Json(AdminUsersResponse {
        success: true,
        pagination: UsersPagination {
            limit: page.limit,
            offset,
            count: users.len(),
            next_before: filled(answer.next_page_token),
        },
        users,
    }))
}

fn present(listed: &mut ListedAccount) -> Result<Account, ApiError> {
    let account = listed.account.take();
    account.ok_or_else(|| ApiError::fault("a listed account is none"))
}
