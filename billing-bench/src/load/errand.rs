//! One operation: what it asks, and what its answer means.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use billing_proto::v1::cost::Cost as CostKind;
use billing_proto::v1::{
    AccountRef, CaptureHoldRequest, ChargeRequest, CheckBalanceRequest, Cost, Decision,
    OveragePolicy, PlaceHoldRequest,
};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::seed::{TENANT, user};
use super::wire::{Rpc, Wire};
use super::{Accounts, Plan, Work};

/// The most that an operation costs.
pub const MOST_MICROS: i64 = 1_000;

/// More than any account has; the most that a request may say.
const TOO_MUCH_MICROS: i64 = 1_000_000_000_000_000;

/// One operation before it is sent.
#[derive(Debug)]
pub struct Errand {
    work: Work,
    account: u64,
    amount_micros: i64,
    key: String,
    poison: Option<Poison>,
}

/// Why an operation must be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Poison {
    /// It costs more than anybody has.
    TooMuch,
    /// Its key was used before, with another content.
    UsedKey,
}

/// How an operation ended that ended as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Done,
    Refused,
}

/// How an operation ended that should not have.
#[derive(Debug)]
pub enum Failure {
    Status(Box<Status>),
    Answer(String),
    Silence,
}

/// Makes operations by a plan.
pub struct Maker {
    plan: Plan,
    random: SmallRng,
    used: Used,
}

/// Account and key of an operation that was carried out, for poison.
#[derive(Clone, Default)]
pub struct Used(Arc<Mutex<Option<(u64, String)>>>);

/// What the generator reads of an answer; it passes over the rest.
#[derive(Clone, PartialEq, prost::Message)]
struct Decided {
    #[prost(enumeration = "Decision", tag = "1")]
    decision: i32,
    /// Of `PlaceHold`.
    #[prost(message, optional, tag = "11")]
    hold: Option<Placed>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Charged {
    #[prost(enumeration = "Decision", tag = "1")]
    decision: i32,
    #[prost(bool, tag = "13")]
    replayed: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Placed {
    #[prost(string, tag = "1")]
    hold_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Captured {
    #[prost(int64, tag = "1")]
    charged_micros: i64,
}

impl Maker {
    pub fn new(plan: Plan, used: Used) -> Self {
        Self {
            plan,
            random: SmallRng::from_os_rng(),
            used,
        }
    }

    pub fn next_errand(&mut self) -> Errand {
        let account = match self.plan.accounts {
            Accounts::One(account) => account,
            Accounts::Uniform(accounts) => self.random.random_range(0..accounts.max(1)),
        };
        let errand = Errand {
            work: self.plan.work,
            account,
            amount_micros: self.random.random_range(1..=MOST_MICROS),
            key: key(self.random.random()),
            poison: None,
        };
        // Without poison no chance is taken: it would cost each operation a little.
        if self.plan.poison_per_mille > 0
            && self.random.random_range(0..1_000) < self.plan.poison_per_mille
        {
            return self.poisoned(errand);
        }
        errand
    }

    fn poisoned(&mut self, errand: Errand) -> Errand {
        let used = self.used.last();
        match used.filter(|_| errand.work != Work::Check && self.random.random()) {
            Some((account, key)) => Errand {
                account,
                key,
                amount_micros: MOST_MICROS + 1,
                poison: Some(Poison::UsedKey),
                ..errand
            },
            None => Errand {
                amount_micros: TOO_MUCH_MICROS,
                poison: Some(Poison::TooMuch),
                ..errand
            },
        }
    }
}

impl Used {
    fn last(&self) -> Option<(u64, String)> {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.clone()
    }

    pub fn remember(&self, errand: &Errand) {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *used = Some((errand.account, errand.key.clone()));
    }
}

/// A key as callers make them: 128 random bits.
fn key(bits: u128) -> String {
    let mut key = String::with_capacity(32);
    // Writing to a string does not fail.
    let _ = write!(key, "{bits:032x}");
    key
}

impl Errand {
    /// Carries the operation out; says how it ended.
    pub async fn run(&self, wire: &mut Wire) -> Result<End, Failure> {
        let ended = match self.work {
            Work::Check => self.check(wire).await,
            Work::Charge => self.charge(wire).await,
            Work::HoldCapture => self.hold_and_capture(wire).await,
        };
        match (ended, self.poison) {
            (Err(Failure::Status(status)), Some(Poison::UsedKey))
                if status.code() == Code::AlreadyExists =>
            {
                Ok(End::Refused)
            }
            (Ok(End::Done), Some(poison)) => {
                Err(Failure::Answer(format!("{poison:?} was carried out")))
            }
            (ended, _) => ended,
        }
    }

    async fn check(&self, wire: &mut Wire) -> Result<End, Failure> {
        let request = CheckBalanceRequest {
            account: Some(self.account()),
            cost: Some(cost(self.amount_micros)),
        };
        let answer: Decided = wire.call(Rpc::CheckBalance, &request).await?;
        self.judge(answer.decision())
    }

    async fn charge(&self, wire: &mut Wire) -> Result<End, Failure> {
        let request = ChargeRequest {
            account: Some(self.account()),
            idempotency_key: self.key.clone(),
            cost: Some(cost(self.amount_micros)),
            overage_policy: OveragePolicy::Reject.into(),
            request_id: self.key.clone(),
            ..ChargeRequest::default()
        };
        let answer: Charged = wire.call(Rpc::Charge, &request).await?;
        if answer.replayed {
            return Err(Failure::Answer("a fresh key was replayed".to_owned()));
        }
        self.judge(answer.decision())
    }

    async fn hold_and_capture(&self, wire: &mut Wire) -> Result<End, Failure> {
        let request = PlaceHoldRequest {
            account: Some(self.account()),
            idempotency_key: self.key.clone(),
            cost: Some(cost(self.amount_micros)),
            request_id: self.key.clone(),
            ..PlaceHoldRequest::default()
        };
        let answer: Decided = wire.call(Rpc::PlaceHold, &request).await?;
        if self.judge(answer.decision())? == End::Refused {
            return Ok(End::Refused);
        }
        let hold = answer
            .hold
            .ok_or_else(|| Failure::Answer("a hold without an id".to_owned()))?;
        // Rounded up: an amount of 0 would release the hold.
        let spent_micros = (self.amount_micros + 1) / 2;
        let request = CaptureHoldRequest {
            account: Some(self.account()),
            hold_id: hold.hold_id,
            cost: Some(cost(spent_micros)),
            ..CaptureHoldRequest::default()
        };
        let answer: Captured = wire.call(Rpc::CaptureHold, &request).await?;
        if answer.charged_micros != spent_micros {
            return Err(Failure::Answer(
                "a capture charged another amount".to_owned(),
            ));
        }
        Ok(End::Done)
    }

    fn account(&self) -> AccountRef {
        AccountRef {
            tenant_id: TENANT.to_owned(),
            user_id: user(self.account),
        }
    }

    fn judge(&self, decision: Decision) -> Result<End, Failure> {
        match (decision, self.poison) {
            (Decision::Allowed, _) => Ok(End::Done),
            (Decision::InsufficientBalance, Some(Poison::TooMuch)) => Ok(End::Refused),
            (other, _) => Err(Failure::Answer(other.as_str_name().to_owned())),
        }
    }

    pub fn is_clean(&self) -> bool {
        self.poison.is_none()
    }
}

fn cost(amount_micros: i64) -> Cost {
    Cost {
        cost: Some(CostKind::AmountMicros(amount_micros)),
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

impl Failure {
    /// Code and reason, as an operator knows them.
    pub fn label(&self) -> String {
        match self {
            Self::Silence => "NO_ANSWER".to_owned(),
            Self::Answer(what) => format!("OK, but {what}"),
            Self::Status(status) => match status.get_details_error_info() {
                Some(info) => format!("{:?} {}", status.code(), info.reason),
                None => format!("{:?}", status.code()),
            },
        }
    }
}
