//! What administrators say of a tenant's sponsorship, of messages and of people.

use billing_proto::v1;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::super::retold::recount_and_tell;
use super::super::{Sponsorship, Thresholds, message, queries, shown, terms, ulid};
use super::{no_contribution, page_size, parse_tenant, parse_ulid};
use crate::field::{self, FieldError};
use crate::ledger::grpc::parse_opening;
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
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let page = page_size(request.page_size, MESSAGES_DEFAULT, MESSAGES_MAX)?;
    let found = call.query(message::waiting(pool, &tenant, page)).await?;
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
    pool: &PgPool,
    request: Request<v1::ModerateMessageRequest>,
) -> Result<Response<v1::ModerateMessageResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let number = parse_ulid(request.ulid)?;
    let actor = field::text("actor", request.actor, 255)?;
    let judged = message::judge(pool, &tenant, number, request.approve, &actor);
    let judged = call.change(judged).await?.ok_or_else(no_contribution)?;
    Ok(Response::new(v1::ModerateMessageResponse {
        contribution: Some(shown::contribution(judged)),
    }))
}

pub async fn moderate_supporter(
    pool: &PgPool,
    request: Request<v1::ModerateSupporterRequest>,
) -> Result<Response<v1::ModerateSupporterResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_opening(&call, request.account)?;
    let changed = async {
        let mut transaction = pool.begin().await?;
        queries::insert_supporters(&mut transaction, &[(account, &name, None)]).await?;
        let before = queries::lock_supporters(&mut transaction, &[account]).await?;
        let mut after = before.clone();
        for supporter in &mut after {
            supporter.profile.hidden = request.hidden.unwrap_or(supporter.profile.hidden);
        }
        recount_and_tell(&mut transaction, &before, after).await?;
        if let Some(banned) = request.banned {
            queries::set_banned(&mut transaction, account, banned).await?;
        }
        transaction.commit().await
    };
    call.change(changed).await?;
    Ok(Response::new(v1::ModerateSupporterResponse {}))
}

pub async fn get_sponsorship(
    pool: &PgPool,
    request: Request<v1::GetSponsorshipRequest>,
) -> Result<Response<v1::GetSponsorshipResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let found = call.query(terms::find(pool, &tenant)).await?;
    Ok(Response::new(v1::GetSponsorshipResponse {
        sponsorship: Some(shown::sponsorship(found)),
    }))
}

pub async fn set_sponsorship(
    pool: &PgPool,
    request: Request<v1::SetSponsorshipRequest>,
) -> Result<Response<v1::SetSponsorshipResponse>, Status> {
    let (call, request) = call_of(request)?;
    let new = parse_sponsorship(request.sponsorship)?;
    call.tenant(&new.tenant_id)?;
    call.change(terms::set(pool, &new)).await?;
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
