//! `AdminService`, but for payments and for what administrators changed.

use std::collections::HashMap;
use std::str::FromStr;

use billing_proto::v1;
use jiff::Timestamp;
use tonic::{Request, Response, Status as Refused};
use uuid::Uuid;

use super::{Found, MailPlace, Mark, Overviews, Search, Status, Undelivered, overview, queries};
use crate::entry::Histories;
use crate::field::{self, FieldError};
use crate::id::AccountId;
use crate::ledger::grpc::{account as shown, standing_at};
use crate::ledger::{AccountState, Opening, Reader, find_accounts};
use crate::rpc::{
    Call, PAGE_DEFAULT, PAGE_MAX, Paged, TENANT_BYTES, call_of, no_page, page_size, timestamp,
};
use crate::usage::{self, Spent};

/// Most accounts that a page passes over.
const SKIP_MAX: i64 = 10_000;
const USAGE_DAYS_DEFAULT: i64 = 30;
const USAGE_DAYS_MAX: i64 = 92;

/// The tenant that an administrator asks about, if it is one of theirs.
fn parse_tenant(call: &Call, tenant_id: String) -> Result<String, Refused> {
    let tenant_id = field::text("tenant_id", tenant_id, TENANT_BYTES)?;
    call.tenant(&tenant_id)?;
    Ok(tenant_id)
}

pub async fn list_accounts(
    reader: &Reader,
    histories: &Histories,
    request: Request<v1::ListAccountsRequest>,
) -> Result<Response<v1::ListAccountsResponse>, Refused> {
    let (call, request) = call_of(request)?;
    let page = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let search = Search {
        status: parse_status(request.status)?,
        tenant_id: parse_tenant(&call, request.tenant_id)?,
        text: field::optional_text("search", request.search, 255)?.unwrap_or_default(),
        behind: field::optional_text("page_token", request.page_token, 255)?.unwrap_or_default(),
        skip: field::number("skip", request.skip.into(), 0, SKIP_MAX)?,
        most: page + 1,
    };
    let pool = histories.pool();
    let listing = async {
        let found = queries::accounts(pool, &search).await?;
        let ids: Vec<Uuid> = found.iter().map(|found| found.account.uuid()).collect();
        let accounts = find_accounts(&mut *pool.acquire().await?, &ids).await?;
        Ok((found, accounts))
    };
    let (found, accounts) = histories.read_apart(&call, listing).await?;
    let Paged { rows, next } = Paged::of(found, page, |last| last.user_id.clone());
    let mut accounts: HashMap<_, _> = accounts
        .into_iter()
        .map(|(id, account, now)| (id, (account, now)))
        .collect();
    let mut listed = Vec::with_capacity(rows.len());
    for found in rows {
        let name = Opening {
            tenant_id: search.tenant_id.clone(),
            user_id: found.user_id.clone(),
        };
        let known = accounts.remove(&found.account);
        let exists = known.is_some();
        let (mut account, now) = match known {
            Some(known) => known,
            None => to_be(reader, &call, found.account, &name).await?,
        };
        let standing = standing_at(&mut account, now);
        let account = shown(found.account, name, &account, &standing, exists);
        listed.push(listed_as(found, account));
    }
    Ok(Response::new(v1::ListAccountsResponse {
        accounts: listed,
        next_page_token: next,
    }))
}

/// The account of somebody who has none, as it would begin.
async fn to_be(
    reader: &Reader,
    call: &Call,
    account: AccountId,
    name: &Opening,
) -> Result<(AccountState, Timestamp), Refused> {
    let reading = reader.read(account, &name.tenant_id, None, call.deadline);
    let snapshot = reading.await?;
    Ok((snapshot.account, snapshot.now))
}

fn listed_as(found: Found, account: v1::Account) -> v1::ListedAccount {
    v1::ListedAccount {
        account: Some(v1::Account {
            has_email: found.email.is_some(),
            ..account
        }),
        email: found.email.unwrap_or_default(),
        opened_at: found.opened_at.map(timestamp),
    }
}

fn parse_status(status: i32) -> Result<Status, FieldError> {
    match v1::AccountStatus::try_from(status) {
        Ok(v1::AccountStatus::Unspecified) => Ok(Status::All),
        Ok(v1::AccountStatus::Active) => Ok(Status::Active),
        Ok(v1::AccountStatus::Suspended) => Ok(Status::Marked(Mark::Suspended)),
        Ok(v1::AccountStatus::InDebt) => Ok(Status::Marked(Mark::InDebt)),
        Ok(v1::AccountStatus::Disabled) => Ok(Status::Marked(Mark::Disabled)),
        Err(_) => Err(FieldError::new(
            "status",
            "must be a status that the contract names",
        )),
    }
}

pub async fn get_tenant_usage(
    histories: &Histories,
    request: Request<v1::GetTenantUsageRequest>,
) -> Result<Response<v1::GetTenantUsageResponse>, Refused> {
    let (call, request) = call_of(request)?;
    let tenant_id = parse_tenant(&call, request.tenant_id)?;
    let days = match request.days {
        0 => USAGE_DAYS_DEFAULT,
        days => field::number("days", days.into(), 1, USAGE_DAYS_MAX)?,
    };
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let users_max = match request.users_max {
        0 => PAGE_DEFAULT,
        most => field::number("users_max", most.into(), 1, PAGE_MAX)?,
    };
    let asking = usage::of_tenant(histories.pool(), &tenant_id, days, users_max);
    let usage = histories.read_apart(&call, asking).await?;
    let day = |spent: Spent| v1::DayUsage {
        date: spent.of,
        spent_micros: spent.spent.get(),
        charge_count: spent.charges,
    };
    let tool = |spent: Spent| v1::ToolUsageSum {
        tool: spent.of,
        spent_micros: spent.spent.get(),
        charge_count: spent.charges,
    };
    let user = |spent: Spent| v1::UserUsageSum {
        user_id: spent.of,
        spent_micros: spent.spent.get(),
        charge_count: spent.charges,
    };
    Ok(Response::new(v1::GetTenantUsageResponse {
        days: usage.days.into_iter().map(day).collect(),
        tools: usage.tools.into_iter().map(tool).collect(),
        users: usage.users.into_iter().map(user).collect(),
    }))
}

pub async fn get_tenant_overview(
    overviews: &Overviews,
    histories: &Histories,
    request: Request<v1::GetTenantOverviewRequest>,
) -> Result<Response<v1::GetTenantOverviewResponse>, Refused> {
    let (call, request) = call_of(request)?;
    let tenant_id = parse_tenant(&call, request.tenant_id)?;
    let overview = if let Some(overview) = overviews.find(&tenant_id) {
        overview
    } else {
        let asking = overview(histories.pool(), &tenant_id);
        let overview = histories.read_apart(&call, asking).await?;
        overviews.keep(tenant_id, overview);
        overview
    };
    Ok(Response::new(v1::GetTenantOverviewResponse {
        account_count: overview.accounts,
        revenue_today_micros: overview.revenue_today.get(),
        revenue_month_micros: overview.revenue_month.get(),
        spent_today_micros: overview.spent_today.get(),
        spent_month_micros: overview.spent_month.get(),
        payments_in_review: overview.payments_in_review,
        undelivered_mail: overview.undelivered_mail,
        as_of: Some(timestamp(overview.as_of)),
    }))
}

pub async fn list_undelivered(
    histories: &Histories,
    request: Request<v1::ListUndeliveredRequest>,
) -> Result<Response<v1::ListUndeliveredResponse>, Refused> {
    let (call, request) = call_of(request)?;
    let tenant_id = parse_tenant(&call, request.tenant_id)?;
    let page = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let behind = parse_mail_token(request.page_token)?;
    let listing = queries::undelivered(histories.pool(), &tenant_id, behind, page + 1);
    let mail = histories.read_apart(&call, listing).await?;
    let Paged { rows, next } = Paged::of(mail, page, |last| mail_token(last.place));
    Ok(Response::new(v1::ListUndeliveredResponse {
        mail: rows
            .into_iter()
            .map(|mail| undelivered(&tenant_id, mail))
            .collect(),
        next_page_token: next,
    }))
}

fn mail_token(place: MailPlace) -> String {
    let MailPlace {
        created_at,
        account,
        seq,
    } = place;
    format!("{}.{}.{seq}", created_at.as_microsecond(), account.simple())
}

fn parse_mail_token(token: String) -> Result<Option<MailPlace>, FieldError> {
    let Some(token) = field::optional_text("page_token", token, 128)? else {
        return Ok(None);
    };
    let read = || {
        let (created_at, rest) = token.split_once('.')?;
        let (account, seq) = rest.split_once('.')?;
        Some(MailPlace {
            created_at: Timestamp::from_microsecond(i64::from_str(created_at).ok()?).ok()?,
            account: Uuid::try_parse(account).ok()?,
            seq: seq.parse().ok()?,
        })
    };
    read().map(Some).ok_or_else(no_page)
}

fn undelivered(tenant_id: &str, mail: Undelivered) -> v1::UndeliveredMail {
    let account = AccountId::from_uuid(mail.place.account);
    v1::UndeliveredMail {
        mail_id: format!("{account}/{}", mail.place.seq),
        kind: mail.kind,
        account: Some(v1::AccountRef {
            tenant_id: tenant_id.to_owned(),
            user_id: mail.user_id,
        }),
        recipient_hint: mail.email.as_deref().map(hint).unwrap_or_default(),
        attempts: mail.attempts,
        last_error: mail.last_error.unwrap_or_default(),
        created_at: Some(timestamp(mail.place.created_at)),
        next_attempt_at: mail.next_attempt_at.map(timestamp),
    }
}

/// Enough of an address to know it again.
fn hint(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((name, domain)) => {
            let first = name.chars().next().map(String::from).unwrap_or_default();
            format!("{first}***@{domain}")
        }
        None => String::new(),
    }
}
