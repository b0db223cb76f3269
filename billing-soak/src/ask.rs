//! One request to one core: made from what is asked, its answer read into what was told.

mod told;

use billing_proto::v1;
use billing_proto::v1::cost::Cost as CostKind;
use prost_types::Duration as ProtoDuration;
use tonic::Status;

pub use self::told::outcome_of;
use crate::books::TENANT;
use crate::callers::{Client, Door};
use crate::journal::{Asked, Operation, Overage, Poison, Told};

/// The request id that the soak's own constraint refuses.
pub const REFUSED_REQUEST_ID: &str = "refused by the database";

/// Sends the request once.
pub async fn ask(door: &Door, operation: &Operation) -> Result<Told, Status> {
    let mut backend = door.balance.clone();
    let account = account(&operation.user);
    match &operation.asked {
        Asked::Grant { key, amount_micros } => {
            let request = grant_request(account, key, *amount_micros);
            let answer = door.accounts.clone().grant_credit(request).await?;
            Ok(told::granted(*amount_micros, answer.into_inner()))
        }
        Asked::Charge { .. } | Asked::Place { .. } | Asked::Refund { .. } => {
            keyed(backend, operation).await
        }
        Asked::Capture { .. } | Asked::Release { .. } | Asked::Extend { .. } => {
            of_hold(backend, operation).await
        }
        Asked::Check { amount_micros } => {
            let request = v1::CheckBalanceRequest {
                account: Some(account),
                cost: Some(cost(*amount_micros)),
            };
            let answer = backend.check_balance(request).await?;
            Ok(told::checked(answer.into_inner()))
        }
        Asked::Balance => {
            let account = Some(account);
            let request = v1::GetBalanceRequest { account };
            let answer = backend.get_balance(request).await?;
            Ok(told::standing(answer.into_inner()))
        }
    }
}

async fn keyed(mut backend: Client, operation: &Operation) -> Result<Told, Status> {
    let account = Some(account(&operation.user));
    match &operation.asked {
        Asked::Charge {
            key,
            amount_micros,
            overage,
        } => {
            let request = v1::ChargeRequest {
                request_id: match operation.poison {
                    Some(Poison::RefusedByDatabase) => REFUSED_REQUEST_ID.to_owned(),
                    _ => key.clone(),
                },
                overage_policy: policy(*overage).into(),
                ..charge_request(&operation.user, key, *amount_micros)
            };
            Ok(told::charged(backend.charge(request).await?.into_inner()))
        }
        Asked::Place {
            key,
            amount_micros,
            ttl_secs,
        } => {
            let request = v1::PlaceHoldRequest {
                account,
                idempotency_key: key.clone(),
                cost: Some(cost(*amount_micros)),
                ttl: Some(seconds(*ttl_secs)),
                request_id: key.clone(),
                dry_run: false,
            };
            Ok(told::placed(
                backend.place_hold(request).await?.into_inner(),
            ))
        }
        Asked::Refund {
            key,
            charge,
            amount_micros,
        } => {
            let request = v1::RefundChargeRequest {
                account,
                idempotency_key: key.clone(),
                entry_id: charge.clone(),
                amount_micros: *amount_micros,
                reason: String::new(),
                ..Default::default()
            };
            let answer = backend.refund_charge(request).await?;
            Ok(told::refunded(answer.into_inner()))
        }
        other => Err(Status::invalid_argument(format!("has no key: {other:?}"))),
    }
}

async fn of_hold(mut backend: Client, operation: &Operation) -> Result<Told, Status> {
    let account = Some(account(&operation.user));
    match &operation.asked {
        Asked::Capture {
            hold_id,
            amount_micros,
            overage,
            ..
        } => {
            let request = v1::CaptureHoldRequest {
                account,
                hold_id: hold_id.clone(),
                cost: Some(cost(*amount_micros)),
                overage_policy: policy(*overage).into(),
                ..v1::CaptureHoldRequest::default()
            };
            let answer = backend.capture_hold(request).await?;
            Ok(told::captured(answer.into_inner()))
        }
        Asked::Release { hold_id } => {
            let request = v1::ReleaseHoldRequest {
                account,
                hold_id: hold_id.clone(),
            };
            let answer = backend.release_hold(request).await?;
            Ok(told::released(answer.into_inner()))
        }
        Asked::Extend { hold_id, ttl_secs } => {
            let request = v1::ExtendHoldRequest {
                account,
                hold_id: hold_id.clone(),
                ttl: Some(seconds(*ttl_secs)),
            };
            let answer = backend.extend_hold(request).await?;
            Ok(told::extended(answer.into_inner()))
        }
        other => Err(Status::invalid_argument(format!("has no hold: {other:?}"))),
    }
}

fn grant_request(account: v1::AccountRef, key: &str, amount_micros: i64) -> v1::GrantCreditRequest {
    v1::GrantCreditRequest {
        account: Some(account),
        idempotency_key: key.to_owned(),
        amount_micros,
        reason: "for the soak".to_owned(),
        actor: "the soak".to_owned(),
    }
}

/// An account of the tenant.
pub fn account(user: &str) -> v1::AccountRef {
    v1::AccountRef {
        tenant_id: TENANT.to_owned(),
        user_id: user.to_owned(),
    }
}

/// A charge that is denied where there is not enough.
pub fn charge_request(user: &str, key: &str, amount_micros: i64) -> v1::ChargeRequest {
    v1::ChargeRequest {
        account: Some(account(user)),
        idempotency_key: key.to_owned(),
        cost: Some(cost(amount_micros)),
        overage_policy: v1::OveragePolicy::Reject.into(),
        request_id: key.to_owned(),
        ..v1::ChargeRequest::default()
    }
}

pub fn cost(amount_micros: i64) -> v1::Cost {
    v1::Cost {
        cost: Some(CostKind::AmountMicros(amount_micros)),
    }
}

fn seconds(seconds: i64) -> ProtoDuration {
    ProtoDuration { seconds, nanos: 0 }
}

fn policy(overage: Overage) -> v1::OveragePolicy {
    match overage {
        Overage::Reject => v1::OveragePolicy::Reject,
        Overage::UpToAvailable => v1::OveragePolicy::UpToAvailable,
        Overage::AllowDebt => v1::OveragePolicy::AllowDebt,
    }
}
