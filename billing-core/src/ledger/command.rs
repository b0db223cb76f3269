//! What can be asked of the ledger. A command names one account.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::admin_change::{Deed, Said};
use crate::id::{AccountId, EntrySeq, HoldId};
use crate::money::Micros;
use crate::price::ToolUse;

/// One change of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub account: AccountId,
    pub action: Action,
}

/// Who the account is: a command that may be the account's first carries it, and opens the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub tenant_id: String,
    pub user_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    PlaceHold(PlaceHold),
    Capture(Capture),
    Release(Release),
    Extend(Extend),
    /// Ends a hold whose time is up; does nothing to another.
    Expire(HoldId),
    Charge(Charge),
    RefundCharge(RefundCharge),
    Post(Post),
    ChangeSettings(ChangeSettings),
    RepairClock(RepairClock),
    /// Tells the user what they could not be told for its time.
    WarnAgain,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceHold {
    pub opening: Opening,
    pub keyed: Keyed,
    pub hold: HoldId,
    pub cost: Cost,
    pub ttl: SignedDuration,
    pub request_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    pub hold: HoldId,
    /// Without `settles_expired`: that is no content of the charge.
    pub hash: CommandHash,
    pub cost: Cost,
    pub overage: Overage,
    pub note: Option<Note>,
    /// The work was done although the hold may have expired: it is charged all the same.
    pub settles_expired: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub hold: HoldId,
    pub hash: CommandHash,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extend {
    pub hold: HoldId,
    pub ttl: SignedDuration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub opening: Opening,
    pub keyed: Keyed,
    pub cost: Cost,
    pub overage: Overage,
    pub request_id: Option<String>,
    pub note: Option<Note>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundCharge {
    pub keyed: Keyed,
    pub charge: EntrySeq,
    /// None: all that is left of the charge.
    pub amount: Option<Micros>,
    pub note: Option<Note>,
}

/// Money in (more than 0) or out (less than 0) that is no charge: grants, adjustments, payments and
/// what is taken back of them. It may take the account into debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    pub opening: Opening,
    pub keyed: Keyed,
    pub kind: EntryKind,
    pub amount: Micros,
    /// The other side of the books, where the kind does not say it: a payment's provider.
    pub counterparty: Option<Arc<str>>,
    pub note: Option<Note>,
}

/// Brings an account back that a wrong clock had brought into the future.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairClock {
    pub keyed: Keyed,
    pub reason: String,
    pub actor: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSettings {
    pub opening: Opening,
    pub change: SettingsChange,
    /// Of an administrator's change; none: the person's own, of which nothing is kept.
    pub by: Option<(Deed, Said)>,
}

impl Action {
    /// Who the account is, for the commands that open one that does not exist. The others refer to
    /// something in the account, and open none.
    pub fn opening(&self) -> Option<&Opening> {
        match self {
            Self::PlaceHold(place) => Some(&place.opening),
            Self::Charge(charge) => Some(&charge.opening),
            Self::Post(post) => Some(&post.opening),
            Self::ChangeSettings(settings) => Some(&settings.opening),
            Self::Capture(_)
            | Self::Release(_)
            | Self::Extend(_)
            | Self::Expire(_)
            | Self::RefundCharge(_)
            | Self::RepairClock(_)
            | Self::WarnAgain => None,
        }
    }

    pub fn key(&self) -> Option<&Keyed> {
        match self {
            Self::PlaceHold(place) => Some(&place.keyed),
            Self::Charge(charge) => Some(&charge.keyed),
            Self::RefundCharge(refund) => Some(&refund.keyed),
            Self::Post(post) => Some(&post.keyed),
            Self::RepairClock(repair) => Some(&repair.keyed),
            Self::Capture(_)
            | Self::Release(_)
            | Self::Extend(_)
            | Self::Expire(_)
            | Self::ChangeSettings(_)
            | Self::WarnAgain => None,
        }
    }

    /// The hold that the command is about and that must be read; not one that it places.
    pub fn hold(&self) -> Option<HoldId> {
        match self {
            Self::Capture(capture) => Some(capture.hold),
            Self::Release(release) => Some(release.hold),
            Self::Extend(extend) => Some(extend.hold),
            Self::Expire(hold) => Some(*hold),
            Self::PlaceHold(_)
            | Self::Charge(_)
            | Self::RefundCharge(_)
            | Self::Post(_)
            | Self::ChangeSettings(_)
            | Self::RepairClock(_)
            | Self::WarnAgain => None,
        }
    }

    /// The tool whose free calls the command may take.
    pub fn tool(&self) -> Option<&ToolUse> {
        let cost = match self {
            Self::PlaceHold(place) => &place.cost,
            Self::Charge(charge) => &charge.cost,
            _ => return None,
        };
        match cost {
            Cost::Tool(tool) => Some(tool),
            Cost::Amount(_) => None,
        }
    }
}

/// A command's key, unique within its account, and what it was used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// With its namespace in front: see [`Keyed::by_caller`].
    pub key: String,
    pub hash: CommandHash,
}

impl Keyed {
    /// A key that a caller chose.
    pub fn by_caller(key: &str, hash: CommandHash) -> Self {
        Self {
            key: format!("c:{key}"),
            hash,
        }
    }

    /// A key of our own, which no caller can write.
    pub fn by_system(key: &str, hash: CommandHash) -> Self {
        Self {
            key: format!("s:{key}"),
            hash,
        }
    }
}

/// What a call costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    Amount(Micros),
    Tool(ToolUse),
}

/// What happens to the part of a charge that is more than there is for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overage {
    Reject,
    UpToAvailable,
    AllowDebt,
}

/// What people write about an entry. It is kept apart from the ledger: it may be personal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    pub description: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub reason: Option<String>,
    pub actor: Option<String>,
}

/// What becomes of an optional amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Setting {
    #[default]
    Unchanged,
    /// There is no such limit any more.
    Cleared,
    Set(Micros),
}

impl Setting {
    pub fn over(self, current: Option<Micros>) -> Option<Micros> {
        match self {
            Self::Unchanged => current,
            Self::Cleared => None,
            Self::Set(amount) => Some(amount),
        }
    }
}

/// New settings; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    pub daily_limit: Setting,
    pub monthly_limit: Setting,
    pub low_balance_threshold: Setting,
    pub time_zone: Option<String>,
    pub suspended: Option<bool>,
    pub billing_enabled: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    Charge,
    Refund,
    Grant,
    Adjustment,
    TopUp,
    /// A refund of a payment; more than 0 where that refund failed after all.
    PaymentReversal,
    Dispute,
    DisputeWon,
}

impl EntryKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Grant => "grant",
            Self::Adjustment => "adjustment",
            Self::TopUp => "top_up",
            Self::PaymentReversal => "payment_reversal",
            Self::Dispute => "dispute",
            Self::DisputeWon => "dispute_won",
        }
    }

    /// The other side of the books, but for what a payment moves: that is its provider.
    pub const fn counterparty(self) -> &'static str {
        match self {
            Self::Charge | Self::Refund => "usage",
            Self::Grant => "grants",
            Self::Adjustment => "adjustments",
            Self::TopUp | Self::PaymentReversal | Self::Dispute | Self::DisputeWon => "payments",
        }
    }
}

/// SHA-256 of an RPC's name and its parsed content: what a key was used for. Prices are not part
/// of it, a tool's use is; request id and trace are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandHash(pub [u8; 32]);

impl CommandHash {
    pub fn of(rpc: &str) -> CommandHasher {
        let mut hasher = CommandHasher(Sha256::new());
        hasher.text(rpc);
        hasher
    }
}

/// Takes a command's content, field by field in a fixed order; each with its length in front.
pub struct CommandHasher(Sha256);

impl CommandHasher {
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.0.update(text.len().to_be_bytes());
        self.0.update(text);
        self
    }

    pub fn number(&mut self, number: i64) -> &mut Self {
        self.0.update(number.to_be_bytes());
        self
    }

    pub fn optional_number(&mut self, number: Option<i64>) -> &mut Self {
        match number {
            None => self.number(0),
            Some(number) => self.number(1).number(number),
        }
    }

    pub fn cost(&mut self, cost: &Cost) -> &mut Self {
        match cost {
            Cost::Amount(amount) => self.text("amount").number(amount.get()),
            Cost::Tool(tool) => {
                self.text("tool")
                    .text(&tool.name)
                    .text(&tool.quantities.len().to_string());
                for (unit, quantity) in &tool.quantities {
                    self.text(unit).number(*quantity);
                }
                self
            }
        }
    }

    pub fn overage(&mut self, overage: Overage) -> &mut Self {
        self.text(match overage {
            Overage::Reject => "reject",
            Overage::UpToAvailable => "up_to_available",
            Overage::AllowDebt => "allow_debt",
        })
    }

    pub fn duration(&mut self, duration: SignedDuration) -> &mut Self {
        self.number(duration.as_secs())
            .number(duration.subsec_nanos().into())
    }

    pub fn note(&mut self, note: Option<&Note>) -> &mut Self {
        let Some(note) = note else {
            return self.text("");
        };
        for text in [&note.description, &note.reason, &note.actor] {
            self.text(text.as_deref().unwrap_or_default());
        }
        self.text(&note.metadata.len().to_string());
        for (key, value) in &note.metadata {
            self.text(key).text(value);
        }
        self
    }

    pub fn finish(&mut self) -> CommandHash {
        CommandHash(self.0.finalize_reset().into())
    }
}
