//! One operation: what it asks, and what its answer means.

use std::fmt::Write;

use billing_proto::v1::cost::Cost as CostKind;
use billing_proto::v1::{
    AccountRef, CaptureHoldRequest, ChargeRequest, CheckBalanceRequest, Cost, Decision,
    GetBadgesRequest, GetBalanceRequest, GetProgressRequest, GrantCreditRequest,
    ListSupportersRequest, OveragePolicy, PlaceHoldRequest, WallPeriod,
};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tonic::Status;
use tonic_types::StatusExt;

use super::seed::{TENANT, user};
use super::wire::{Rpc, Wire};
use super::{Accounts, Plan, Work};

/// The most that an operation costs.
pub const MOST_MICROS: i64 = 1_000;

/// As many as a page of the wall has where nobody says.
pub const WALL_PAGE: u16 = 100;

/// One operation before it is sent.
#[derive(Debug)]
pub struct Errand {
    work: Work,
    tenant: &'static str,
    account: u64,
    amount_micros: i64,
    key: String,
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
}

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
pub struct Charged {
    #[prost(enumeration = "Decision", tag = "1")]
    pub decision: i32,
    #[prost(bool, tag = "13")]
    pub replayed: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Granted {
    #[prost(bool, tag = "3")]
    replayed: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Placed {
    #[prost(string, tag = "1")]
    hold_id: String,
}

/// An answer whose first member is repeated, or a message: what is in it is passed over.
#[derive(Clone, PartialEq, prost::Message)]
struct Parts {
    #[prost(bytes = "vec", repeated, tag = "1")]
    all: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Progressed {
    #[prost(int64, tag = "2")]
    current_minor: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Captured {
    #[prost(int64, tag = "1")]
    charged_micros: i64,
}

impl Maker {
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            random: SmallRng::from_os_rng(),
        }
    }

    pub fn next_errand(&mut self) -> Errand {
        let account = match self.plan.accounts {
            Accounts::One(account) => account,
            Accounts::Uniform(accounts) => self.random.random_range(0..accounts.max(1)),
            Accounts::Between(from, to) => self.random.random_range(from..to.max(from + 1)),
        };
        Errand {
            work: self.plan.work,
            tenant: self.plan.tenant,
            account,
            amount_micros: self.random.random_range(1..=MOST_MICROS),
            key: key(self.random.random()),
        }
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
    /// Carries the operation out.
    pub async fn run(&self, wire: &mut Wire) -> Result<(), Failure> {
        match self.work {
            Work::Check => self.check(wire).await,
            Work::Charge => self.charge(wire).await,
            Work::HoldCapture => self.hold_and_capture(wire).await,
            Work::Balance => self.balance(wire).await,
            Work::Badges(people) => self.badges(wire, people).await,
            Work::Progress => self.progress(wire).await,
            Work::Wall => self.wall(wire).await,
            Work::Grant => self.grant(wire).await,
        }
    }

    async fn balance(&self, wire: &mut Wire) -> Result<(), Failure> {
        let request = GetBalanceRequest {
            account: Some(account(self.account)),
        };
        let answer: Parts = wire.call(Rpc::GetBalance, &request).await?;
        expect_parts(answer.all.len(), 1)
    }

    async fn badges(&self, wire: &mut Wire, people: u16) -> Result<(), Failure> {
        let numbers = (0..u64::from(people)).map(|further| self.account + further);
        let request = GetBadgesRequest {
            tenant_id: self.tenant.to_owned(),
            user_ids: numbers.map(user).collect(),
            viewer_user_id: String::new(),
        };
        let answer: Parts = wire.call(Rpc::GetBadges, &request).await?;
        expect_parts(answer.all.len(), people.into())
    }

    async fn progress(&self, wire: &mut Wire) -> Result<(), Failure> {
        let request = GetProgressRequest {
            tenant_id: self.tenant.to_owned(),
        };
        let answer: Progressed = wire.call(Rpc::GetProgress, &request).await?;
        if answer.current_minor > 0 {
            return Ok(());
        }
        Err(Failure::Answer("a month without money".to_owned()))
    }

    async fn wall(&self, wire: &mut Wire) -> Result<(), Failure> {
        let request = ListSupportersRequest {
            support: 0,
            tenant_id: self.tenant.to_owned(),
            period: WallPeriod::All.into(),
            page_size: WALL_PAGE.into(),
            page_token: String::new(),
        };
        let answer: Parts = wire.call(Rpc::ListSupporters, &request).await?;
        expect_parts(answer.all.len(), WALL_PAGE.into())
    }

    async fn check(&self, wire: &mut Wire) -> Result<(), Failure> {
        let request = CheckBalanceRequest {
            account: Some(account(self.account)),
            cost: Some(cost(self.amount_micros)),
        };
        let answer: Decided = wire.call(Rpc::CheckBalance, &request).await?;
        expect_allowed(answer.decision())
    }

    async fn charge(&self, wire: &mut Wire) -> Result<(), Failure> {
        let request = charge_request(self.account, self.key.clone(), self.amount_micros);
        let answer: Charged = wire.call(Rpc::Charge, &request).await?;
        expect_fresh(answer.replayed)?;
        expect_allowed(answer.decision())
    }

    async fn grant(&self, wire: &mut Wire) -> Result<(), Failure> {
        let request = GrantCreditRequest {
            account: Some(account(self.account)),
            idempotency_key: self.key.clone(),
            amount_micros: self.amount_micros,
            reason: "a load".to_owned(),
            actor: "bench".to_owned(),
        };
        let answer: Granted = wire.call(Rpc::GrantCredit, &request).await?;
        expect_fresh(answer.replayed)
    }

    async fn hold_and_capture(&self, wire: &mut Wire) -> Result<(), Failure> {
        let request = PlaceHoldRequest {
            account: Some(account(self.account)),
            idempotency_key: self.key.clone(),
            cost: Some(cost(self.amount_micros)),
            request_id: self.key.clone(),
            ..PlaceHoldRequest::default()
        };
        let answer: Decided = wire.call(Rpc::PlaceHold, &request).await?;
        expect_allowed(answer.decision())?;
        let hold = answer
            .hold
            .ok_or_else(|| Failure::Answer("a hold without an id".to_owned()))?;
        // Rounded up: an amount of 0 would release the hold.
        let spent_micros = (self.amount_micros + 1) / 2;
        let request = CaptureHoldRequest {
            account: Some(account(self.account)),
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
        Ok(())
    }
}

/// A charge of what its account has, under a key of its own.
pub fn charge_request(number: u64, key: String, amount_micros: i64) -> ChargeRequest {
    ChargeRequest {
        account: Some(account(number)),
        request_id: key.clone(),
        idempotency_key: key,
        cost: Some(cost(amount_micros)),
        overage_policy: OveragePolicy::Reject.into(),
        ..ChargeRequest::default()
    }
}

fn expect_parts(found: usize, wanted: usize) -> Result<(), Failure> {
    if found == wanted {
        return Ok(());
    }
    Err(Failure::Answer(format!("{found} parts for {wanted}")))
}

fn account(number: u64) -> AccountRef {
    AccountRef {
        tenant_id: TENANT.to_owned(),
        user_id: user(number),
    }
}

fn expect_fresh(replayed: bool) -> Result<(), Failure> {
    if replayed {
        return Err(Failure::Answer("a fresh key was replayed".to_owned()));
    }
    Ok(())
}

fn expect_allowed(decision: Decision) -> Result<(), Failure> {
    match decision {
        Decision::Allowed => Ok(()),
        other => Err(Failure::Answer(other.as_str_name().to_owned())),
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
