//! `PlaceHold`, `CaptureHold`, `ReleaseHold`, `ExtendHold`, `ListHolds`.

use billing_proto::v1;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Placed, queries};
use crate::Core;
use crate::field;
use crate::id::HoldId;
use crate::ledger::grpc::{
    Zero, above_limit, balance, decision, entry_id, hold as shown, limits, parse_account,
    parse_cost, parse_note, parse_opening, parse_overage, retry_after, shortfall,
};
use crate::ledger::{
    Action, Answer, Capture, Command, CommandHash, Extend, Keyed, Overage, PlaceHold, Refusal,
    Release,
};
use crate::preflight;
use crate::rpc::{
    KEY_BYTES, PAGE_DEFAULT, PAGE_MAX, Paged, call_of, no_page, page_size, timestamp,
};

pub async fn place_hold(
    core: &Core,
    request: Request<v1::PlaceHoldRequest>,
) -> Result<Response<v1::PlaceHoldResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_opening(&call, request.account)?;
    let key = field::identifier("idempotency_key", request.idempotency_key, KEY_BYTES)?;
    let cost = parse_cost(request.cost, &name.tenant_id, Zero::Refused)?;
    let ttl = field::ttl("ttl", request.ttl)?;
    let request_id = field::optional_text("request_id", request.request_id, 255)?;
    let topup_url = core
        .catalogue
        .latest()
        .topup_url(&name.tenant_id)
        .to_owned();
    if request.dry_run {
        let answer = preflight::check(
            &core.reader,
            &core.catalogue,
            account,
            &name.tenant_id,
            &cost,
            call.deadline,
        )
        .await?;
        return Ok(Response::new(placed(&answer, topup_url)));
    }
    let hash = CommandHash::of("PlaceHold")
        .cost(&cost)
        .duration(ttl)
        .finish();
    let action = Action::PlaceHold(PlaceHold {
        opening: name,
        keyed: Keyed::by_caller(&key, hash),
        hold: HoldId::random(),
        cost,
        ttl,
        request_id,
    });
    let answer = core
        .batcher
        .submit(Command { account, action }, call.deadline)
        .await?;
    core.decisions.count("PlaceHold", answer.decision);
    Ok(Response::new(placed(&answer, topup_url)))
}

fn placed(answer: &Answer, topup_url: String) -> v1::PlaceHoldResponse {
    v1::PlaceHoldResponse {
        decision: decision(answer.decision).into(),
        enforced: answer.enforced,
        required_micros: answer.required.get(),
        balance: Some(balance(answer.balance)),
        shortfall_micros: shortfall(answer),
        limits: limits(&answer.limits),
        billing_enabled: answer.billing_enabled,
        price_version: answer.price_version,
        topup_url,
        retry_after: retry_after(answer),
        above_limit: above_limit(answer),
        hold: answer.hold.map(shown),
        replayed: answer.replayed,
    }
}

pub async fn capture_hold(
    core: &Core,
    request: Request<v1::CaptureHoldRequest>,
) -> Result<Response<v1::CaptureHoldResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_account(&call, request.account)?;
    let cost = parse_cost(request.cost, &name.tenant_id, Zero::Allowed)?;
    let overage = parse_overage(request.overage_policy, Overage::AllowDebt)?;
    let note = parse_note(request.description, request.metadata)?;
    let hold = parse_hold_id(request.hold_id)?;
    let hash = CommandHash::of("CaptureHold")
        .cost(&cost)
        .overage(overage)
        .note(note.as_ref())
        .finish();
    let action = Action::Capture(Capture {
        hold,
        hash,
        cost,
        overage,
        note,
        settles_expired: request.settle_expired,
    });
    let answer = core
        .batcher
        .submit(Command { account, action }, call.deadline)
        .await?;
    Ok(Response::new(v1::CaptureHoldResponse {
        charged_micros: answer.moved.get(),
        released_micros: answer.released.get(),
        debt_micros: answer.balance.debt().get(),
        entry_id: entry_id(account, answer.entry),
        balance: Some(balance(answer.balance)),
        hold: answer.hold.map(shown),
    }))
}

pub async fn release_hold(
    core: &Core,
    request: Request<v1::ReleaseHoldRequest>,
) -> Result<Response<v1::ReleaseHoldResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account)?;
    let hold_id = parse_hold_id(request.hold_id)?;
    let action = Action::Release(Release {
        hold: hold_id,
        hash: CommandHash::of("ReleaseHold").finish(),
    });
    let answer = core
        .batcher
        .submit(Command { account, action }, call.deadline)
        .await?;
    Ok(Response::new(v1::ReleaseHoldResponse {
        hold: answer.hold.map(shown),
        balance: Some(balance(answer.balance)),
    }))
}

pub async fn extend_hold(
    core: &Core,
    request: Request<v1::ExtendHoldRequest>,
) -> Result<Response<v1::ExtendHoldResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account)?;
    let ttl = field::ttl("ttl", request.ttl)?;
    let action = Action::Extend(Extend {
        hold: parse_hold_id(request.hold_id)?,
        ttl,
    });
    let answer = core
        .batcher
        .submit(Command { account, action }, call.deadline)
        .await?;
    Ok(Response::new(v1::ExtendHoldResponse {
        hold: answer.hold.map(shown),
        balance: Some(balance(answer.balance)),
    }))
}

pub async fn list_holds(
    core: &Core,
    request: Request<v1::ListHoldsRequest>,
) -> Result<Response<v1::ListHoldsResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account)?;
    let page = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let before = match field::optional_text("page_token", request.page_token, 64)? {
        None => None,
        Some(token) => Some(HoldId::from_uuid(
            Uuid::try_parse(&token).map_err(|_| no_page())?,
        )),
    };
    let listing = queries::placed(core.histories.pool(), account, before, page + 1);
    let holds = core.histories.read(&call, account, listing).await?;
    let Paged { rows, next } = Paged::of(holds, page, |last| last.hold.id.to_string());
    let entry = |placed: Placed| v1::PlacedHold {
        hold: Some(shown(placed.hold)),
        placed_at: Some(timestamp(placed.at)),
        tool: placed.tool.unwrap_or_default(),
        price_version: placed.price_version,
        request_id: placed.request_id.unwrap_or_default(),
    };
    Ok(Response::new(v1::ListHoldsResponse {
        holds: rows.into_iter().map(entry).collect(),
        next_page_token: next,
    }))
}

/// A text that is no id of a hold names a hold that does not exist.
fn parse_hold_id(text: String) -> Result<HoldId, Status> {
    let text = field::text("hold_id", text, 64)?;
    Uuid::try_parse(&text)
        .map(HoldId::from_uuid)
        .map_err(|_| Refusal::HoldNotFound.into())
}
