//! What administrators say of a tenant's sponsorship, of messages and of people.

use billing_proto::v1;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::super::{
    LEAST_MINOR, MOST_MINOR, Sponsorship, Thresholds, queries, recount, shown, ulid,
};
use super::{
    WORDING_VERSION_BYTES, no_contribution, page_size, parse_tenant, parse_ulid, sponsorship_of,
};
use crate::field::{self, FieldError};
use crate::ledger::grpc::parse_opening;
use crate::ledger::is_zone;
use crate::rpc::{TENANT_BYTES, call_of, timestamp};

/// The largest goal and threshold, as the schema has it.
const SUM_MAX: i64 = 1_000_000_000_000;
const MESSAGES_MAX: i64 = 200;
const MESSAGES_DEFAULT: i64 = 50;

pub async fn list_messages(
    pool: &PgPool,
    request: Request<v1::ListMessagesRequest>,
) -> Result<Response<v1::ListMessagesResponse>, Status> {
    let (call, request) = call_of(request)?;
    let tenant = parse_tenant(&call, request.tenant_id)?;
    let page = page_size(request.page_size, MESSAGES_DEFAULT, MESSAGES_MAX)?;
    let found = call
        .query(queries::list_messages(pool, &tenant, page))
        .await?;
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
    let judged = async {
        if !queries::judge_message(pool, &tenant, number, request.approve, &actor).await? {
            return Ok(None);
        }
        queries::find_contribution(pool, &tenant, number).await
    };
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
        recount(&mut transaction, &before, after).await?;
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
    let found = call.query(sponsorship_of(pool, &tenant)).await?;
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
    call.change(queries::upsert_sponsorship(pool, &new)).await?;
    Ok(Response::new(v1::SetSponsorshipResponse {
        sponsorship: Some(shown::sponsorship(new)),
    }))
}

fn parse_sponsorship(sponsorship: Option<v1::Sponsorship>) -> Result<Sponsorship, FieldError> {
    let new = sponsorship.ok_or_else(|| FieldError::new("sponsorship", "must be given"))?;
    let unset = Sponsorship::unset(field::text(
        "sponsorship.tenant_id",
        new.tenant_id,
        TENANT_BYTES,
    )?);
    field::name("sponsorship.tenant_id", &unset.tenant_id)?;
    let zone = field::optional_text("sponsorship.time_zone", new.time_zone, 64)?;
    let zone = zone.unwrap_or(unset.zone);
    if !is_zone(&zone) {
        let problem = "must be the name of an IANA time zone, such as Europe/Kyiv";
        return Err(FieldError::new("sponsorship.time_zone", problem));
    }
    let version = new.wording_version;
    let version = field::optional_text(
        "sponsorship.wording_version",
        version,
        WORDING_VERSION_BYTES,
    )?;
    Ok(Sponsorship {
        tenant_id: unset.tenant_id,
        goal_minor: field::number("sponsorship.goal_minor", new.goal_minor, 0, SUM_MAX)?,
        thresholds: parse_thresholds(Thresholds {
            bronze: new.bronze_minor,
            silver: new.silver_minor,
            gold: new.gold_minor,
            platinum: new.platinum_minor,
        })?,
        zone,
        presets_minor: parse_presets(new.presets_minor, unset.presets_minor)?,
        shows_totals: new.shows_totals,
        wording: field::optional_text("sponsorship.wording", new.wording, 4000)?
            .unwrap_or_default(),
        wording_version: version.unwrap_or(unset.wording_version),
    })
}

fn parse_thresholds(given: Thresholds) -> Result<Thresholds, FieldError> {
    let nothing = Thresholds {
        bronze: 0,
        silver: 0,
        gold: 0,
        platinum: 0,
    };
    if given == nothing {
        return Ok(Thresholds::DEFAULT);
    }
    if !given.rise() || given.platinum > SUM_MAX {
        let problem = format!(
            "must be more than that of bronze, silver and gold, which rise from 1 on, and at most {SUM_MAX}"
        );
        return Err(FieldError::new("sponsorship.platinum_minor", problem));
    }
    Ok(given)
}

fn parse_presets(given: Vec<i64>, default: Vec<i64>) -> Result<Vec<i64>, FieldError> {
    if given.is_empty() {
        return Ok(default);
    }
    if given.len() > 10 {
        return Err(FieldError::new(
            "sponsorship.presets_minor",
            "must have at most 10 amounts",
        ));
    }
    for preset in &given {
        field::number(
            "sponsorship.presets_minor",
            *preset,
            LEAST_MINOR,
            MOST_MINOR,
        )?;
    }
    Ok(given)
}
