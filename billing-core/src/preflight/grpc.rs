//! `CheckBalance`.

use billing_proto::v1;
use tonic::{Request, Response, Status};

use super::{CheckError, check};
use crate::Core;
use crate::ledger::grpc::{
    Zero, balance, decision, limits, parse_account, parse_cost, retry_after, shortfall,
};
use crate::rpc::call_of;

impl From<CheckError> for Status {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Read(error) => error.into(),
            CheckError::Refused(refusal) => refusal.into(),
            CheckError::Stale(stale) => stale.into(),
        }
    }
}

pub async fn check_balance(
    core: &Core,
    request: Request<v1::CheckBalanceRequest>,
) -> Result<Response<v1::CheckBalanceResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_account(&call, request.account)?;
    let cost = parse_cost(request.cost, &name.tenant_id, Zero::Refused)?;
    let answer = check(
        &core.reader,
        &core.catalogue,
        account,
        &name.tenant_id,
        &cost,
        call.deadline,
    )
    .await?;
    core.decisions.count("CheckBalance", answer.decision);
    Ok(Response::new(v1::CheckBalanceResponse {
        decision: decision(answer.decision).into(),
        enforced: answer.enforced,
        required_micros: answer.required.get(),
        balance: Some(balance(answer.balance)),
        shortfall_micros: shortfall(&answer),
        limits: limits(&answer.limits),
        billing_enabled: answer.billing_enabled,
        price_version: answer.price_version,
        topup_url: core
            .catalogue
            .latest()
            .topup_url(&name.tenant_id)
            .to_owned(),
        retry_after: retry_after(&answer),
        above_limit: answer.above_limit,
    }))
}
