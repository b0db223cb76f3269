//! Administrators' reads of all payments of a tenant.

use std::collections::HashMap;

use billing_proto::v1;
use tonic::{Request, Response, Status};

use super::super::Payments;
use super::super::queries::{self, DayRevenue, Wanted};
use super::{look_up, parse, shown};
use crate::entry::Histories;
use crate::field;
use crate::id::AccountId;
use crate::rpc::{PAGE_DEFAULT, PAGE_MAX, Paged, TENANT_BYTES, call_of, page_size, timestamp};

const REVENUE_DAYS_DEFAULT: i64 = 30;
const REVENUE_DAYS_MAX: i64 = 366;

pub async fn list_tenant_payments(
    histories: &Histories,
    payments: &Payments,
    request: Request<v1::ListTenantPaymentsRequest>,
) -> Result<Response<v1::ListTenantPaymentsResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant_id = field::text("tenant_id", request.tenant_id, TENANT_BYTES)?;
    call.tenant(&tenant_id)?;
    let page = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let user_id = field::optional_text("user_id", request.user_id, 255)?;
    let wanted = Wanted {
        account: user_id.map(|user_id| AccountId::of(&tenant_id, &user_id)),
        tenant_id,
        state: parse::state_filter(request.state)?,
        needs_review: request.needs_review,
        behind: parse::payment_token(request.page_token)?,
        most: page + 1,
    };
    let listing = queries::list_of_tenant(histories.pool(), &wanted);
    let ids = histories.read_apart(&call, listing).await?;
    let Paged { rows, next } = Paged::of(ids, page, ToString::to_string);
    let reads = &payments.reads;
    let payments = look_up(&call, queries::find_payments(reads, &rows)).await?;
    let marked = payments.iter().any(|payment| payment.needs_review);
    let mut reasons = if marked {
        call.query(queries::find_contradictions(reads, &rows))
            .await?
    } else {
        HashMap::new()
    };
    let payments = payments.iter().map(|payment| {
        let reason = reasons.remove(&payment.id.number);
        let (detail, received_at) = reason
            .map(|reason| (reason.detail, timestamp(reason.received_at)))
            .unzip();
        v1::TenantPayment {
            payment: Some(shown::payment(payment)),
            review_reason: detail.unwrap_or_default(),
            review_received_at: received_at,
        }
    });
    Ok(Response::new(v1::ListTenantPaymentsResponse {
        payments: payments.collect(),
        next_page_token: next,
    }))
}

pub async fn get_revenue(
    histories: &Histories,
    request: Request<v1::GetRevenueRequest>,
) -> Result<Response<v1::GetRevenueResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant_id = field::text("tenant_id", request.tenant_id, TENANT_BYTES)?;
    call.tenant(&tenant_id)?;
    let days = match request.days {
        0 => REVENUE_DAYS_DEFAULT,
        days => field::number("days", days.into(), 1, REVENUE_DAYS_MAX)?,
    };
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let asking = queries::revenue(histories.pool(), &tenant_id, days);
    let revenue = histories.read_apart(&call, asking).await?;
    Ok(Response::new(v1::GetRevenueResponse {
        days: revenue.into_iter().map(day).collect(),
    }))
}

fn day(revenue: DayRevenue) -> v1::DayRevenue {
    v1::DayRevenue {
        date: revenue.date,
        provider: revenue.provider,
        currency: revenue.currency,
        received_minor: revenue.received_minor,
        refunded_minor: revenue.refunded_minor,
        disputed_minor: revenue.disputed_minor,
        credited_micros: revenue.credited_micros,
        net_micros: revenue.net_micros,
        payment_count: revenue.payments,
    }
}
