//! `PaymentService`.

mod parse;
mod shown;
pub mod tenant;

use std::sync::Arc;
use std::time::Duration;

use billing_proto::v1::{self, ErrorReason};
use tokio::time::timeout_at;
use tonic::{Request, Response, Status};

use super::event::queries::list_open;
use super::{Payment, PaymentError, Payments, Purpose, counted, create, queries, refund, stale};
use crate::auth::Role;
use crate::contact::grpc::parse_contact;
use crate::contact::upsert_contact;
use crate::database::clock;
use crate::field::{self, FieldError};
use crate::id::PaymentId;
use crate::ledger::ApplyError;
use crate::ledger::grpc::{parse_account, parse_opening};
use crate::rpc::{
    Call, KEY_BYTES, PAGE_DEFAULT, PAGE_MAX, Paged, TENANT_BYTES, call_of, page_size,
};
use crate::sponsorship;
use crate::status::{Doubt, deadline_exceeded, of_change, of_query, outcome_unknown, with_reason};

/// Most events on a page.
const EVENTS_MAX: i64 = 100;
const PAGE_URL_BYTES: usize = 2048;
/// How far the clock of whoever fetched a rate may be ahead.
const RATE_SKEW: Duration = Duration::from_mins(5);

pub async fn create_payment(
    payments: &Payments,
    request: Request<v1::CreatePaymentRequest>,
) -> Result<Response<v1::CreatePaymentResponse>, Status> {
    let (call, mut request) = call_of(request)?;
    let (account, name) = parse_opening(&call, request.account.take())?;
    let contact = parse_contact(request.contact.take());
    let called = contact
        .reached
        .as_ref()
        .and_then(|reached| reached.name.clone());
    let new = parse::new_payment(account, name, called, request)?;
    let reading = payments.catalogue.reading();
    let creating = async {
        if !contact.is_empty() {
            upsert_contact(&payments.pool, account, &new.name, &contact).await?;
        }
        create::create(&payments.pool, &new, &reading, &payments.limits).await
    };
    let created = by_deadline(&call, creating).await?;
    Ok(Response::new(v1::CreatePaymentResponse {
        payment: Some(shown::payment(&created.payment)),
        replayed: created.replayed,
        customer_reference: created.customer.unwrap_or_default(),
        page_url: created.page_url.unwrap_or_default(),
        open_before: created.open_before.iter().map(shown::payment).collect(),
        contribution_ulid: match created.payment.purpose {
            Purpose::Contribution => sponsorship::ulid_of(created.payment.id),
            Purpose::TopUp => String::new(),
        },
    }))
}

pub async fn attach_provider_reference(
    payments: &Payments,
    request: Request<v1::AttachProviderReferenceRequest>,
) -> Result<Response<v1::AttachProviderReferenceResponse>, Status> {
    let (call, request) = call_of(request)?;
    let id = parse::payment_id(request.payment_id)?;
    let reference = field::optional_text("provider_reference", request.provider_reference, 255)?;
    let customer = field::optional_text("customer_reference", request.customer_reference, 255)?;
    let lost = request.lost_customer_reference;
    let names = create::Names {
        reference,
        customer,
        lost_customer: field::optional_text("lost_customer_reference", lost, 255)?,
        page_url: field::optional_text("page_url", request.page_url, PAGE_URL_BYTES)?,
    };
    require_tenant(payments, &call, id).await?;
    let attaching = create::attach(&payments.pool, id, &names);
    let (payment, customer) = by_deadline(&call, attaching).await?;
    Ok(Response::new(v1::AttachProviderReferenceResponse {
        payment: Some(shown::payment(&payment)),
        customer_reference: customer.unwrap_or_default(),
    }))
}

pub async fn apply_provider_event(
    payments: &Payments,
    request: Request<v1::ApplyProviderEventRequest>,
) -> Result<Response<v1::ApplyProviderEventResponse>, Status> {
    let (call, mut request) = call_of(request)?;
    name_renewed(payments, &call, &mut request).await?;
    let event = parse::event(request)?;
    let applying = payments.events.apply(event, Arc::clone(&call.caller));
    let applied = by_deadline(&call, applying).await?;
    Ok(Response::new(shown::applied(&applied)))
}

/// Writes whose a renewal is, which the provider is not told: its subscription's giver. Where there is none it opens
/// nothing.
async fn name_renewed(
    payments: &Payments,
    call: &Call,
    request: &mut v1::ApplyProviderEventRequest,
) -> Result<(), Status> {
    let Some(opens) = request
        .opens
        .as_mut()
        .filter(|opens| opens.account.is_none())
    else {
        return Ok(());
    };
    let Some(first) = parse::renewed(opens)? else {
        return Ok(());
    };
    let found = look_up(call, queries::find_payment(&payments.reads, first)).await?;
    let is_known = |payment: &Payment| {
        payment.subscription == Some(payment.id.number)
            && call.caller.may_act_for(&payment.tenant_id)
    };
    match found.filter(is_known) {
        None => request.opens = None,
        Some(payment) => {
            opens.account = Some(v1::AccountRef {
                tenant_id: payment.tenant_id,
                user_id: payment.user_id,
            });
        }
    }
    Ok(())
}

pub async fn get_customer(
    payments: &Payments,
    request: Request<v1::GetCustomerRequest>,
) -> Result<Response<v1::GetCustomerResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account)?;
    let provider = parse::provider(request.provider)?;
    let finding = queries::find_customer(&payments.reads, account, &provider, request.livemode);
    let customer = call.query(finding).await?;
    Ok(Response::new(v1::GetCustomerResponse {
        customer_reference: customer.unwrap_or_default(),
    }))
}

pub async fn get_payment(
    payments: &Payments,
    request: Request<v1::GetPaymentRequest>,
) -> Result<Response<v1::GetPaymentResponse>, Status> {
    let (call, request) = call_of(request)?;
    let owner = request
        .account
        .ok_or_else(|| FieldError::new("account", "must be given"))?;
    let tenant = field::text("account.tenant_id", owner.tenant_id, TENANT_BYTES)?;
    let user = field::optional_text("account.user_id", owner.user_id, 255)?;
    call.tenant(&tenant)?;
    let name = parse::payment_name(request.name)?;
    let found = async {
        let id = match name {
            parse::PaymentName::Ours(id) => Some(id),
            parse::PaymentName::Theirs(provider, reference) => {
                queries::find_by_reference(&payments.reads, &provider, &reference).await?
            }
        };
        let Some(id) = id else {
            return Err(PaymentError::NotFound);
        };
        let payment = queries::find_payment(&payments.reads, id)
            .await?
            .filter(|payment| payment.tenant_id == tenant)
            .filter(|payment| user.as_ref().is_none_or(|user| payment.user_id == *user))
            .ok_or(PaymentError::NotFound)?;
        let refunds = queries::find_refunds(&payments.reads, id).await?;
        Ok((payment, refunds))
    };
    let (payment, refunds) = look_up(&call, found).await?;
    Ok(Response::new(v1::GetPaymentResponse {
        refunds: refunds
            .iter()
            .map(|refund| shown::refund(payment.id, refund))
            .collect(),
        payment: Some(shown::payment(&payment)),
    }))
}

pub async fn list_payments(
    payments: &Payments,
    request: Request<v1::ListPaymentsRequest>,
) -> Result<Response<v1::ListPaymentsResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account)?;
    let page = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let before = match field::optional_text("page_token", request.page_token, 80)? {
        None => None,
        Some(token) => Some(
            token
                .parse::<PaymentId>()
                .ok()
                .filter(|id| id.account == account)
                .ok_or_else(|| {
                    let problem = "must be the next_page_token of a page, or the id of a payment of the account";
                    FieldError::new("page_token", problem)
                })?
                .number,
        ),
    };
    let listed = async {
        // One more than the page, to know whether there is another.
        let ids = queries::list_payments(&payments.reads, account, before, page + 1).await?;
        queries::find_payments(&payments.reads, &ids).await
    };
    let payments = look_up(&call, listed).await?;
    let Paged { rows, next } = Paged::of(payments, page, |last| last.id.to_string());
    Ok(Response::new(v1::ListPaymentsResponse {
        payments: rows.iter().map(shown::payment).collect(),
        next_page_token: next,
    }))
}

pub async fn start_refund(
    payments: &Payments,
    request: Request<v1::StartRefundRequest>,
) -> Result<Response<v1::StartRefundResponse>, Status> {
    let (call, request) = call_of(request)?;
    let new = parse::new_refund(request)?;
    call.tenant(&new.tenant_id)?;
    let starting = refund::start(&payments.pool, &new, payments.refund_terms);
    let started = by_deadline(&call, starting).await?;
    Ok(Response::new(v1::StartRefundResponse {
        refund: Some(shown::refund(started.payment.id, &started.refund)),
        payment: Some(shown::payment(&started.payment)),
        replayed: started.replayed,
    }))
}

pub async fn reject_refund(
    payments: &Payments,
    request: Request<v1::RejectRefundRequest>,
) -> Result<Response<v1::RejectRefundResponse>, Status> {
    let (call, request) = call_of(request)?;
    let id = parse::payment_id(request.payment_id)?;
    let refund_id = parse::refund_id(&request.refund_id)?;
    let why = field::text("code", request.code, 64)?;
    let rejecting = refund::reject(&payments.pool, &call.caller, id, refund_id, &why);
    let (refund, payment) = by_deadline(&call, rejecting).await?;
    Ok(Response::new(v1::RejectRefundResponse {
        refund: Some(shown::refund(id, &refund)),
        payment: Some(shown::payment(&payment)),
    }))
}

pub async fn claim_stale_payments(
    payments: &Payments,
    request: Request<v1::ClaimStalePaymentsRequest>,
) -> Result<Response<v1::ClaimStalePaymentsResponse>, Status> {
    let (call, request) = call_of(request)?;
    let claim = stale::Claim {
        provider: parse::provider(request.provider)?,
        owner: field::text("owner", request.owner, 255)?,
        limit: field::number("limit", request.limit.into(), 1, 100)?,
        lease_secs: field::number("lease_secs", request.lease_secs.into(), 1, 600)?,
        since: field::timestamp("since", request.since)?,
    };
    counted::begin(&claim.provider);
    let claiming = async {
        let claimed = stale::claim(&payments.pool, &call.caller, &claim).await?;
        let open = queries::count_open(&payments.pool, &claim.provider).await?;
        Ok((claimed, open))
    };
    let (claimed, open) = by_deadline(&call, claiming).await?;
    Ok(Response::new(v1::ClaimStalePaymentsResponse {
        payments: claimed.iter().map(shown::stale).collect(),
        open,
    }))
}

pub async fn replay_events(
    payments: &Payments,
    request: Request<v1::ReplayEventsRequest>,
) -> Result<Response<v1::ReplayEventsResponse>, Status> {
    let (call, request) = call_of(request)?;
    let provider = parse::provider(request.provider)?;
    let since = field::timestamp("since", request.since)?;
    let page = page_size(request.page_size, PAGE_DEFAULT, EVENTS_MAX)?;
    let token = field::optional_text("page_token", request.page_token, KEY_BYTES + 64)?;
    let after = token.as_deref().map(parse::event_token).transpose()?;
    let listing = list_open(&payments.reads, &provider, since, after, page + 1);
    let events = call.query(listing).await?;
    let Paged { rows, next } = Paged::of(events, page, shown::event_token);
    Ok(Response::new(v1::ReplayEventsResponse {
        events: rows.into_iter().map(shown::stored_event).collect(),
        next_page_token: next,
    }))
}

pub async fn record_rate(
    payments: &Payments,
    request: Request<v1::RecordRateRequest>,
) -> Result<Response<v1::RecordRateResponse>, Status> {
    let (call, request) = call_of(request)?;
    let currency = parse::foreign(&request.currency)?;
    let rate = parse::rate(request.rate)?;
    let source = field::text("source", request.source, 32)?;
    let fetched_at = field::timestamp("fetched_at", request.fetched_at)?
        .ok_or_else(|| FieldError::new("fetched_at", "must be given"))?;
    let now = call.query(clock(&payments.reads)).await?;
    if fetched_at > now.saturating_add(RATE_SKEW).unwrap_or(now) {
        return Err(FieldError::new("fetched_at", "must not be in the future").into());
    }
    let known = call
        .query(queries::newest_rate(&payments.reads, currency))
        .await?;
    if call.caller.role != Role::Admin && known.is_some_and(|known| known.is_far_from(&rate)) {
        let problem = "is more than twice the newest rate, or less than half of it: an administrator \
                       may record it";
        return Err(FieldError::new("rate", problem).into());
    }
    let recording = queries::insert_rate(&payments.reads, currency, &rate, &source, fetched_at);
    call.change(recording).await?;
    let newest = call
        .query(queries::newest_rate(&payments.reads, currency))
        .await?;
    let age_max = payments.limits.rate_age_max;
    Ok(Response::new(v1::RecordRateResponse {
        rate: newest.map(|newest| shown::rate(currency, newest, age_max)),
    }))
}

pub async fn get_rate(
    payments: &Payments,
    request: Request<v1::GetRateRequest>,
) -> Result<Response<v1::GetRateResponse>, Status> {
    let (call, request) = call_of(request)?;
    let currency = parse::foreign(&request.currency)?;
    let newest = call
        .query(queries::newest_rate(&payments.reads, currency))
        .await?;
    let age_max = payments.limits.rate_age_max;
    Ok(Response::new(v1::GetRateResponse {
        rate: newest.map(|newest| shown::rate(currency, newest, age_max)),
    }))
}

/// Another tenant's payment does not exist.
async fn require_tenant(payments: &Payments, call: &Call, id: PaymentId) -> Result<(), Status> {
    let found = async {
        queries::find_payment(&payments.reads, id)
            .await?
            .filter(|payment| call.caller.may_act_for(&payment.tenant_id))
            .ok_or(PaymentError::NotFound)
    };
    look_up(call, found).await.map(|_payment| ())
}

/// What is done about payments, by the call's deadline. What is dropped half-way is rolled back, but for
/// an event, which may be stored all the same.
async fn by_deadline<T>(
    call: &Call,
    work: impl Future<Output = Result<T, PaymentError>>,
) -> Result<T, Status> {
    match timeout_at(call.deadline, work).await {
        Ok(done) => done.map_err(Status::from),
        Err(_) => Err(deadline_exceeded()),
    }
}

/// The same for what only looks something up.
async fn look_up<T>(
    call: &Call,
    work: impl Future<Output = Result<T, PaymentError>>,
) -> Result<T, Status> {
    match timeout_at(call.deadline, work).await {
        Ok(Err(PaymentError::Sql(error))) => Err(of_query(&error)),
        Ok(done) => done.map_err(Status::from),
        Err(_) => Err(deadline_exceeded()),
    }
}

impl From<PaymentError> for Status {
    fn from(error: PaymentError) -> Self {
        let message = error.to_string();
        match error {
            PaymentError::NotFound => with_reason(ErrorReason::PaymentNotFound, message, []),
            PaymentError::RefundNotFound => with_reason(ErrorReason::RefundNotFound, message, []),
            PaymentError::KeyReused => with_reason(ErrorReason::IdempotencyKeyReused, message, []),
            PaymentError::ReferenceTaken => with_reason(ErrorReason::ReferenceTaken, message, []),
            PaymentError::RateTooOld(_) => with_reason(ErrorReason::RateTooOld, message, []),
            PaymentError::SwitchedOff(_) => {
                with_reason(ErrorReason::PaymentsSwitchedOff, message, [])
            }
            PaymentError::Suspended => with_reason(ErrorReason::AccountSuspended, message, []),
            PaymentError::Stale(stale) => stale.into(),
            PaymentError::AmountOutOfRange => FieldError::new("amount_minor", message).into(),
            PaymentError::Paused => with_reason(ErrorReason::PaymentsPaused, message, []),
            PaymentError::TooManyOpen { most } => with_reason(
                ErrorReason::TooManyOpen,
                message,
                [("open_max", most.to_string())],
            ),
            PaymentError::SubscriptionExists { ulid } => {
                with_reason(ErrorReason::SubscriptionExists, message, [("ulid", ulid)])
            }
            PaymentError::NotRefundable(state) => with_reason(
                ErrorReason::PaymentNotRefundable,
                message,
                [("state", state.name().to_ascii_uppercase())],
            ),
            PaymentError::RefundExceedsPayment {
                left_minor,
                currency,
            } => with_reason(
                ErrorReason::RefundExceedsPayment,
                message,
                [
                    ("refundable_minor", left_minor.to_string()),
                    ("currency", currency),
                ],
            ),
            PaymentError::RefundTooLate { days } => with_reason(
                ErrorReason::RefundTooLate,
                message,
                [("days", days.to_string())],
            ),
            PaymentError::OutcomeUnknown => outcome_unknown(Doubt::LostAtCommit),
            PaymentError::Unavailable => outcome_unknown(Doubt::Unreachable),
            PaymentError::Overloaded => crate::status::overloaded(),
            PaymentError::Sql(error) | PaymentError::Apply(ApplyError::Sql(error)) => {
                of_change(&error)
            }
            PaymentError::Ledger(_) | PaymentError::Row(_) | PaymentError::Apply(_) => {
                tracing::error!("payments: {message}");
                crate::status::internal()
            }
        }
    }
}
