//! `ExportPerson` and `ErasePerson`.

use std::time::Duration;

use billing_proto::v1;
use tonic::{Request, Response, Status};

use super::{Erasure, Named, OpenPayment, Page, erase as erase_all, part};
use crate::Core;
use crate::field::{self, FieldError};
use crate::ledger::grpc::parse_account;
use crate::rpc::{call_of, timestamp};

const ACTOR_BYTES: usize = 255;
const EMAILS_MAX: usize = 10;
const TOKEN_BYTES: usize = 100;
/// What is left of the time for an answer.
const TO_ANSWER: Duration = Duration::from_secs(1);

pub async fn export_person(
    core: &Core,
    request: Request<v1::ExportPersonRequest>,
) -> Result<Response<v1::ExportPersonResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account)?;
    let page = match field::optional_text("page_token", request.page_token, TOKEN_BYTES)? {
        None => Page::Head,
        Some(token) => token
            .parse()
            .map_err(|error: super::NoPage| FieldError::new("page_token", error.to_string()))?,
    };
    let part = call.query(part(&core.pool, account, &page)).await?;
    Ok(Response::new(v1::ExportPersonResponse {
        json: part.json,
        next_page_token: part.next.unwrap_or_default(),
    }))
}

pub async fn erase_person(
    core: &Core,
    request: Request<v1::ErasePersonRequest>,
) -> Result<Response<v1::ErasePersonResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account)?;
    let erasure = Erasure {
        account,
        actor: field::identifier("actor", request.actor, ACTOR_BYTES)?,
        emails: parse_emails("emails", request.emails)?,
    };
    let until = call.deadline.checked_sub(TO_ANSWER);
    let until = until.unwrap_or(call.deadline);
    let folder = core.outbox_dir.as_deref();
    let erased = erase_all(&core.payments.pool, &erasure, folder, until);
    let erased = call.change(erased).await?;
    Ok(Response::new(v1::ErasePersonResponse {
        asked_at: Some(timestamp(erased.asked_at)),
        finished_at: erased.finished_at.map(timestamp),
        settled_micros: erased.settled_micros,
        held_micros: erased.held_micros,
        open_payments: erased.open_payments.into_iter().map(open).collect(),
        customers: erased.customers.into_iter().map(named).collect(),
        events_to_send_again: erased.events_to_send_again.into_iter().map(named).collect(),
        events_to_apply: erased.events_to_apply.into_iter().map(named).collect(),
    }))
}

/// Addresses that bodies of events are searched for.
pub fn parse_emails(field: &str, emails: Vec<String>) -> Result<Vec<String>, FieldError> {
    if emails.len() > EMAILS_MAX {
        let problem = format!("must have at most {EMAILS_MAX} of them");
        return Err(FieldError::new(field, problem));
    }
    for email in &emails {
        if billing_proto::contact::address(email).is_none() {
            return Err(FieldError::new(field, "must be addresses"));
        }
    }
    Ok(emails)
}

fn named(named: Named) -> v1::ProviderName {
    v1::ProviderName {
        provider: named.provider,
        name: named.name,
    }
}

fn open(payment: OpenPayment) -> v1::OpenPayment {
    v1::OpenPayment {
        payment_id: payment.payment_id,
        provider: payment.provider,
        provider_reference: payment.reference.unwrap_or_default(),
    }
}
