//! What is compared.

use clap::ValueEnum;
use serde::Serialize;

use crate::lean::pgbench::Script;
use crate::load::{Accounts, Plan, Work};

/// One way to answer a check or to move money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[value(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Contender {
    /// An RPC that does nothing: what gRPC alone costs.
    Empty,
    /// `CheckBalance` of the core.
    Check,
    /// `CheckBalance` with one SELECT for each request.
    Select,
    /// Charge of the core, all on one account.
    ChargeHot,
    /// Charge of the core, on 100,000 accounts.
    ChargeUniform,
    /// `PlaceHold` and `CaptureHold` of the core, all on one account; a pair is one operation.
    HoldHot,
    /// `PlaceHold` and `CaptureHold` of the core, on 100,000 accounts.
    HoldUniform,
    /// The lean statement by pgbench on one account, as many clients as are in flight elsewhere.
    LeanHot,
    /// The lean statement by pgbench on 100,000 accounts, as many clients.
    LeanUniform,
    /// The lean statement by pgbench on one account, at its best number of clients.
    LeanHotBest,
    /// The lean statement by pgbench on 100,000 accounts, at its best number of clients.
    LeanUniformBest,
    /// The lean statement behind an RPC, on one account.
    LeanRpcHot,
    /// The lean statement behind an RPC, on 100,000 accounts.
    LeanRpcUniform,
    /// A batch as a loop of savepoints behind an RPC, on one account.
    SavepointsHot,
    /// A batch as a loop of savepoints behind an RPC, on 100,000 accounts.
    SavepointsUniform,
    /// The same checks in one plain transaction, statement by statement, behind an RPC; alone.
    Sqlx,
}

/// Accounts that take part in a uniform load.
pub const UNIFORM: u64 = 100_000;

/// Each contender on one account has one of its own, behind the uniform ones.
const HOT: u64 = UNIFORM;

/// All that are opened.
pub const ACCOUNTS: u64 = HOT + 4;

/// What drives a contender.
#[derive(Clone, Copy, Debug)]
pub enum Drive {
    Core(Plan),
    Reference(Reference, Plan),
    Lean(Script, Clients),
}

/// What the reference process answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    Empty,
    Select,
    Lean(Script),
    Savepoints,
    Careful,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    AsInFlight,
    Best,
}

/// As options and JSON have it.
pub fn name_of(value: &impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

impl Contender {
    pub fn name(self) -> String {
        name_of(&self)
    }

    pub fn drive(self) -> Drive {
        let uniform = Accounts::Uniform(UNIFORM);
        let plan = |accounts| Plan::new(Work::Charge, accounts);
        let hot = |number| Accounts::One(HOT + number);
        match self {
            Self::Empty => Drive::Reference(Reference::Empty, Plan::new(Work::Check, uniform)),
            Self::Check => Drive::Core(Plan::new(Work::Check, uniform)),
            Self::Select => Drive::Reference(Reference::Select, Plan::new(Work::Check, uniform)),
            Self::ChargeHot => Drive::Core(plan(hot(0))),
            Self::ChargeUniform => Drive::Core(plan(uniform)),
            Self::HoldHot => Drive::Core(Plan::new(Work::HoldCapture, hot(1))),
            Self::HoldUniform => Drive::Core(Plan::new(Work::HoldCapture, uniform)),
            Self::LeanHot => Drive::Lean(Script::Hot, Clients::AsInFlight),
            Self::LeanUniform => Drive::Lean(Script::Uniform, Clients::AsInFlight),
            Self::LeanHotBest => Drive::Lean(Script::Hot, Clients::Best),
            Self::LeanUniformBest => Drive::Lean(Script::Uniform, Clients::Best),
            Self::LeanRpcHot => Drive::Reference(Reference::Lean(Script::Hot), plan(hot(2))),
            Self::LeanRpcUniform => {
                Drive::Reference(Reference::Lean(Script::Uniform), plan(uniform))
            }
            Self::SavepointsHot => Drive::Reference(Reference::Savepoints, plan(hot(3))),
            Self::SavepointsUniform => Drive::Reference(Reference::Savepoints, plan(uniform)),
            Self::Sqlx => Drive::Reference(Reference::Careful, plan(uniform)),
        }
    }

    /// Whether it writes, so that there are books to check.
    pub fn moves_money(self) -> bool {
        !matches!(self, Self::Empty | Self::Check | Self::Select)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contender_has_one_name_everywhere() {
        for contender in Contender::value_variants() {
            let json = serde_json::to_string(contender).unwrap();
            assert_eq!(json, format!("{:?}", contender.name()));
        }
    }

    #[test]
    fn no_two_contenders_share_a_hot_account() {
        let mut hot: Vec<u64> = Contender::value_variants()
            .iter()
            .filter_map(|contender| match contender.drive() {
                Drive::Core(plan) | Drive::Reference(_, plan) => Some(plan.accounts),
                Drive::Lean(..) => None,
            })
            .filter_map(|accounts| match accounts {
                Accounts::One(account) => Some(account),
                Accounts::Uniform(_) | Accounts::Between(..) => None,
            })
            .collect();
        let count = hot.len();
        hot.sort_unstable();
        hot.dedup();
        assert_eq!(hot.len(), count);
        assert!(
            hot.iter()
                .all(|account| (UNIFORM..ACCOUNTS).contains(account)),
            "{hot:?}"
        );
    }
}
