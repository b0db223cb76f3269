//! What administrators say of a tenant's sponsorship, of messages and of people.

use billing_proto::v1;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::super::moderation::{self, Moderated};
use super::super::{Sponsorship, Thresholds, message, shown, terms, ulid};
use super::{no_contribution, page_size, parse_tenant, parse_ulid};
use crate::admin_change::{Said, Subject, Turns};
use crate::field::{self, FieldError};
use crate::id::AccountId;
use crate::ledger::grpc::parse_opening;
use crate::price::CataloguePulse;
use crate::rpc::{call_of, timestamp};

/// What says nothing of thresholds.
const NOTHING: Thresholds = Thresholds {
    bronze: 0,
    silver: 0,
    gold: 0,
    platinum: 0,
};
const MESSAGES_MAX: i64 = 200;
const MESSAGES_DEFAULT: i64 = 50;

pub async fn list_messages(
    pool: &PgPool,
    request: Request<v1::ListMessagesRequest>,
) -> Result<Response<v1::ListMessagesResponse>, Status> {
    let (call, request) = call_of(request)?;
    let state = request.state();
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let page = page_size(request.page_size, MESSAGES_DEFAULT, MESSAGES_MAX)?;
    let user_id = field::optional_text("user_id", request.user_id, 255)?;
    let account = user_id.map(|user_id| AccountId::of(&tenant, &user_id));
    let approved = match state {
        v1::MessageState::Approved => Some(true),
        v1::MessageState::Refused => Some(false),
        v1::MessageState::Unspecified | v1::MessageState::Waiting => None,
        v1::MessageState::None => {
            let problem = "must be waiting, approved or refused";
            return Err(FieldError::new("state", problem).into());
        }
    };
    let found = match approved {
        None => {
            call.query(message::waiting(pool, &tenant, account, page))
                .await?
        }
        Some(approved) => {
            let listing = message::judged(pool, &tenant, account, approved, page);
            call.query(listing).await?
        }
    };
    let messages = found.into_iter().map(|row| v1::WaitingMessage {
        ulid: ulid::of(row.payment_id),
        user_id: row.user_id,
        name: row.name.unwrap_or_default(),
        message: row.message,
        created_at: Some(timestamp(row.created_at.to_jiff())),
    });
    Ok(Response::new(v1::ListMessagesResponse {
        messages: messages.collect(),
    }))
}

pub async fn moderate_message(
    turns: &Turns,
    pool: &PgPool,
    request: Request<v1::ModerateMessageRequest>,
) -> Result<Response<v1::ModerateMessageResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let number = parse_ulid(request.ulid)?;
    let said = Said {
        actor: Some(field::text("actor", request.actor, 255)?),
        reason: field::optional_text("reason", request.reason, 500)?,
    };
    let judging = moderation::message(pool, &tenant, number, request.approve, said);
    let judged = turns
        .change(&call, Subject::Message(number), judging)
        .await?;
    let judged = judged.ok_or_else(no_contribution)?;
    Ok(Response::new(v1::ModerateMessageResponse {
        contribution: Some(shown::contribution(judged)),
    }))
}

pub async fn moderate_supporter(
    turns: &Turns,
    pool: &PgPool,
    request: Request<v1::ModerateSupporterRequest>,
) -> Result<Response<v1::ModerateSupporterResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_opening(&call, request.account)?;
    let wanted = moderation::Wanted {
        hidden: request.hidden,
        banned: request.banned,
    };
    let said = Said::parse(request.actor, request.reason)?;
    let changing = moderation::supporter(pool, (account, &name), wanted, said);
    let subject = Subject::Supporter(account);
    let Moderated { hidden, banned } = turns.change(&call, subject, changing).await?;
    Ok(Response::new(v1::ModerateSupporterResponse {
        hidden,
        banned,
    }))
}

pub async fn get_sponsorship(
    catalogue: &CataloguePulse,
    pool: &PgPool,
    request: Request<v1::GetSponsorshipRequest>,
) -> Result<Response<v1::GetSponsorshipResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let found = call.query(terms::find(pool, &tenant)).await?;
    let payments_off = catalogue.reading().switches.payments_off.clone();
    Ok(Response::new(v1::GetSponsorshipResponse {
        sponsorship: Some(shown::sponsorship(found)),
        payments_off: payments_off.is_some(),
        payments_off_reason: payments_off.unwrap_or_default(),
    }))
}

pub async fn set_sponsorship(
    turns: &Turns,
    pool: &PgPool,
    request: Request<v1::SetSponsorshipRequest>,
) -> Result<Response<v1::SetSponsorshipResponse>, Status> {
    let (call, request) = call_of(request)?;
    let new = parse_sponsorship(request.sponsorship)?;
    call.tenant(&new.tenant_id)?;
    let said = Said::parse(request.actor, request.reason)?;
    let subject = Subject::Sponsorship(new.tenant_id.clone());
    let setting = terms::set(pool, &new, said);
    turns.change(&call, subject, setting).await?;
    Ok(Response::new(v1::SetSponsorshipResponse {
        sponsorship: Some(shown::sponsorship(new)),
    }))
}

/// Of what is not given, the defaults.
fn parse_sponsorship(sponsorship: Option<v1::Sponsorship>) -> Result<Sponsorship, FieldError> {
    let new = sponsorship.ok_or_else(|| FieldError::new("sponsorship", "must be given"))?;
    let given = Thresholds {
        bronze: new.bronze_minor,
        silver: new.silver_minor,
        gold: new.gold_minor,
        platinum: new.platinum_minor,
    };
    let or = |text: String, unset: String| if text.is_empty() { unset } else { text };
    let unset = Sponsorship::unset(new.tenant_id);
    let new = Sponsorship {
        tenant_id: unset.tenant_id,
        goal_minor: new.goal_minor,
        thresholds: if given == NOTHING {
            unset.thresholds
        } else {
            given
        },
        zone: or(new.time_zone, unset.zone),
        presets_minor: if new.presets_minor.is_empty() {
            unset.presets_minor
        } else {
            new.presets_minor
        },
        shows_totals: new.shows_totals,
        wording: new.wording,
        wording_version: or(new.wording_version, unset.wording_version),
    };
    new.check().map_err(|refused| FieldError {
        field: format!("sponsorship.{}", refused.field),
        ..refused
    })?;
    Ok(new)
}
