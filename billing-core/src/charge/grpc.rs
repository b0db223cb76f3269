//! Charge, `RefundCharge`.

use billing_proto::v1;
use tonic::{Request, Response, Status};

use crate::Core;
use crate::admin_change::Said;
use crate::field;
use crate::id::{AccountId, EntryId, EntrySeq};
use crate::ledger::grpc::{
    Zero, above_limit, balance, decision, entry_id, limits, parse_account, parse_cost, parse_note,
    parse_opening, parse_overage, retry_after, shortfall,
};
use crate::ledger::{
    Action, Charge, Command, CommandHash, Keyed, Note, Overage, RefundCharge, Refusal,
};
use crate::money::Micros;
use crate::rpc::{KEY_BYTES, call_of};

pub async fn charge(
    core: &Core,
    request: Request<v1::ChargeRequest>,
) -> Result<Response<v1::ChargeResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_opening(&call, request.account)?;
    let key = field::identifier("idempotency_key", request.idempotency_key, KEY_BYTES)?;
    let cost = parse_cost(request.cost, &name.tenant_id, Zero::Refused)?;
    let overage = parse_overage(request.overage_policy, Overage::Reject)?;
    let request_id = field::optional_text("request_id", request.request_id, 255)?;
    let note = parse_note(request.description, request.metadata)?;
    let topup_url = core
        .catalogue
        .latest()
        .topup_url(&name.tenant_id)
        .to_owned();
    let hash = CommandHash::of("Charge")
        .cost(&cost)
        .overage(overage)
        .note(note.as_ref())
        .finish();
    let action = Action::Charge(Charge {
        opening: name,
        keyed: Keyed::by_caller(&key, hash),
        cost,
        overage,
        request_id,
        note,
    });
    let answer = core
        .batcher
        .submit(Command { account, action }, call.deadline)
        .await?;
    core.decisions.count("Charge", answer.decision);
    Ok(Response::new(v1::ChargeResponse {
        decision: decision(answer.decision).into(),
        enforced: answer.enforced,
        required_micros: answer.required.get(),
        balance: Some(balance(answer.balance)),
        shortfall_micros: shortfall(&answer),
        limits: limits(&answer.limits),
        billing_enabled: answer.billing_enabled,
        price_version: answer.price_version,
        topup_url,
        retry_after: retry_after(&answer),
        above_limit: above_limit(&answer),
        charged_micros: answer.moved.get(),
        entry_id: entry_id(account, answer.entry),
        replayed: answer.replayed,
    }))
}

pub async fn refund_charge(
    core: &Core,
    request: Request<v1::RefundChargeRequest>,
) -> Result<Response<v1::RefundChargeResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, _) = parse_account(&call, request.account)?;
    let key = field::identifier("idempotency_key", request.idempotency_key, KEY_BYTES)?;
    let amount = request
        .amount_micros
        .map(|micros| field::positive_amount("amount_micros", micros))
        .transpose()?;
    let Said { actor, reason } = Said::parse(request.actor, request.reason)?;
    let note = (actor.is_some() || reason.is_some()).then(|| Note {
        reason,
        actor,
        ..Note::default()
    });
    let charge = parse_entry_id(account, request.entry_id)?;
    let hash = CommandHash::of("RefundCharge")
        .number(charge.get())
        .optional_number(amount.map(Micros::get))
        .note(note.as_ref())
        .finish();
    let action = Action::RefundCharge(RefundCharge {
        keyed: Keyed::by_caller(&key, hash),
        charge,
        amount,
        note,
    });
    let answer = core
        .batcher
        .submit(Command { account, action }, call.deadline)
        .await?;
    Ok(Response::new(v1::RefundChargeResponse {
        entry_id: entry_id(account, answer.entry),
        refunded_micros: answer.moved.get(),
        balance: Some(balance(answer.balance)),
        replayed: answer.replayed,
    }))
}

/// An entry of another account, or a text that is none, names an entry that does not exist here.
fn parse_entry_id(account: AccountId, text: String) -> Result<EntrySeq, Status> {
    let text = field::text("entry_id", text, 64)?;
    text.parse::<EntryId>()
        .ok()
        .filter(|id| id.account == account)
        .map(|id| id.seq)
        .ok_or_else(|| Refusal::ChargeNotFound.into())
}
