//! Commands for tests, and sequences of them.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::super::command::{
    Action, Capture, ChangeSettings, Charge, Command, CommandHash, Cost, EntryKind, Extend, Keyed,
    Opening, Overage, PlaceHold, Post, RefundCharge, Release, Setting, SettingsChange,
};
use crate::id::{AccountId, EntrySeq, HoldId};
use crate::money::Micros;
use crate::price::{Catalogue, Price, Reading, Terms, ToolUse};

/// A price list with one tool: 10 micros a call, five calls a day free.
pub fn prices() -> Reading {
    Reading::now(Catalogue::new(
        HashMap::new(),
        vec![Price {
            tenant_id: "acme".to_owned(),
            tool: "five-free".to_owned(),
            version: 1,
            terms: Terms {
                per_call: Micros::new(10),
                unit_prices: Vec::new(),
                exempt: false,
                free_calls_per_day: 5,
            },
            effective_at: Timestamp::UNIX_EPOCH,
            created_at: Timestamp::UNIX_EPOCH,
            cancelled_at: None,
        }],
    ))
}

pub fn opening(user: &str) -> Opening {
    Opening {
        tenant_id: "acme".to_owned(),
        user_id: user.to_owned(),
    }
}

pub fn id(user: &str) -> AccountId {
    AccountId::of("acme", user)
}

/// The hold of a number, the same in every run.
pub fn hold_id(number: u8) -> HoldId {
    HoldId::from_uuid(Uuid::from_u128(0x1000 + u128::from(number)))
}

fn keyed(key: &str, rpc: &str, cost: i64) -> Keyed {
    Keyed::by_caller(key, CommandHash::of(rpc).number(cost).finish())
}

pub fn command(user: &str, action: Action) -> Command {
    Command {
        account: id(user),
        action,
    }
}

pub fn charge(user: &str, key: &str, micros: i64, overage: Overage) -> Command {
    command(
        user,
        Action::Charge(Charge {
            opening: opening(user),
            keyed: keyed(key, "Charge", micros),
            cost: Cost::Amount(Micros::new(micros)),
            overage,
            request_id: None,
            note: None,
        }),
    )
}

/// A charge of one use of `tool`, which has no units.
pub fn charge_tool(user: &str, key: &str, tool: &str) -> Command {
    let cost = one_use(tool);
    command(
        user,
        Action::Charge(Charge {
            opening: opening(user),
            keyed: Keyed::by_caller(key, CommandHash::of("Charge").cost(&cost).finish()),
            cost,
            overage: Overage::Reject,
            request_id: None,
            note: None,
        }),
    )
}

/// One use of a tool that has no units.
fn one_use(tool: &str) -> Cost {
    Cost::Tool(ToolUse {
        tenant_id: "acme".to_owned(),
        name: tool.to_owned(),
        quantities: BTreeMap::new(),
    })
}

pub fn place_tool(user: &str, key: &str, hold: HoldId, tool: &str, ttl_secs: i64) -> Command {
    let mut command = place(user, key, hold, 0, ttl_secs);
    if let Action::PlaceHold(place) = &mut command.action {
        place.cost = one_use(tool);
    }
    command
}

pub fn place(user: &str, key: &str, hold: HoldId, micros: i64, ttl_secs: i64) -> Command {
    command(
        user,
        Action::PlaceHold(PlaceHold {
            opening: opening(user),
            keyed: keyed(key, "PlaceHold", micros),
            hold,
            cost: Cost::Amount(Micros::new(micros)),
            ttl: SignedDuration::from_secs(ttl_secs),
            request_id: None,
        }),
    )
}

pub fn capture(user: &str, hold: HoldId, micros: i64, overage: Overage) -> Command {
    command(
        user,
        Action::Capture(Capture {
            hold,
            hash: CommandHash::of("CaptureHold")
                .number(micros)
                .overage(overage)
                .finish(),
            cost: Cost::Amount(Micros::new(micros)),
            overage,
            note: None,
            settles_expired: false,
        }),
    )
}

/// A capture of work that was done, though the hold may have expired.
pub fn settle(user: &str, hold: HoldId, micros: i64) -> Command {
    settling(capture(user, hold, micros, Overage::AllowDebt))
}

pub fn settle_tool(user: &str, hold: HoldId, tool: &str) -> Command {
    let mut command = settle(user, hold, 1);
    if let Action::Capture(capture) = &mut command.action {
        capture.cost = one_use(tool);
    }
    command
}

fn settling(mut command: Command) -> Command {
    if let Action::Capture(capture) = &mut command.action {
        capture.settles_expired = true;
    }
    command
}

pub fn release(user: &str, hold: HoldId) -> Command {
    let hash = CommandHash::of("ReleaseHold").finish();
    command(user, Action::Release(Release { hold, hash }))
}

pub fn refund(user: &str, key: &str, charge: i64, micros: Option<i64>) -> Command {
    command(
        user,
        Action::RefundCharge(RefundCharge {
            keyed: keyed(key, "RefundCharge", charge),
            charge: EntrySeq::new(charge),
            amount: micros.map(Micros::new),
            note: None,
        }),
    )
}

pub fn post(user: &str, key: &str, micros: i64) -> Command {
    command(
        user,
        Action::Post(Post {
            opening: opening(user),
            keyed: keyed(key, "AdjustBalance", micros),
            kind: EntryKind::Adjustment,
            amount: Micros::new(micros),
            counterparty: None,
            note: None,
        }),
    )
}

pub fn settings(user: &str, change: SettingsChange) -> Command {
    command(
        user,
        Action::ChangeSettings(ChangeSettings {
            opening: opening(user),
            change,
            by: None,
        }),
    )
}

fn overage() -> impl Strategy<Value = Overage> {
    prop_oneof![
        Just(Overage::Reject),
        Just(Overage::UpToAvailable),
        Just(Overage::AllowDebt)
    ]
}

/// A limit that these amounts meet now and then.
fn limit() -> impl Strategy<Value = Setting> {
    prop_oneof![
        Just(Setting::Unchanged),
        Just(Setting::Cleared),
        (0..200_i64).prop_map(|micros| Setting::Set(Micros::new(micros)))
    ]
}

/// A command on one of `users`. Keys, holds and charges are few, so that commands meet: replays,
/// reused keys, ended holds, refunds of one charge.
pub fn any_command(users: Vec<String>) -> impl Strategy<Value = Command> {
    let user = proptest::sample::select(users);
    let key = (0..12_u8).prop_map(|key| format!("key-{key}"));
    // A hold's key carries its number: a hold is placed once, whoever asks.
    let holds = 0..8_u8;
    (
        user,
        key,
        holds,
        1..60_i64,
        overage(),
        limit(),
        1..20_i64,
        0..17_u8,
    )
        .prop_map(
            |(user, key, hold, micros, overage, limit, seq, kind)| match kind {
                0..=3 => charge(&user, &key, micros, overage),
                4..=6 => place(&user, &format!("hold-{hold}"), hold_id(hold), micros, 900),
                7..=8 => capture(&user, hold_id(hold), micros - 1, overage),
                9 => settling(capture(&user, hold_id(hold), micros - 1, overage)),
                10 => release(&user, hold_id(hold)),
                11 => command(
                    &user,
                    Action::Extend(Extend {
                        hold: hold_id(hold),
                        ttl: SignedDuration::from_secs(1000),
                    }),
                ),
                12 => command(&user, Action::Expire(hold_id(hold))),
                13 => refund(&user, &key, seq, (micros % 3 > 0).then_some(micros / 2 + 1)),
                14 => post(&user, &key, micros * 3),
                15 => post(&user, &key, -micros),
                _ => settings(
                    &user,
                    SettingsChange {
                        daily_limit: limit,
                        time_zone: (micros % 2 == 0).then(|| "Europe/Kyiv".to_owned()),
                        ..SettingsChange::default()
                    },
                ),
            },
        )
}
