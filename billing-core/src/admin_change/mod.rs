//! What administrators and operators change: who, when, what, and why. A row is written in the transaction of the
//! change itself. Words that another table keeps (of an entry, a refund, a cancelled price, a switch) stay there,
//! and are read together with these: see `admin`.

mod queries;
mod turns;

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::field::{self, FieldError};
use crate::id::{AccountId, EntrySeq};

pub use queries::insert;
pub use turns::{Subject, Turns};

/// By whom something is changed and why, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub actor: Option<String>,
    pub reason: Option<String>,
}

impl Said {
    /// As requests and commands have it.
    pub fn parse(actor: String, reason: String) -> Result<Self, FieldError> {
        Ok(Self {
            actor: field::optional_text("actor", actor, 255)?,
            reason: field::optional_text("reason", reason, 500)?,
        })
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Settings,
    Suspend,
    Resume,
    BillingEnabled,
    Grant,
    Adjustment,
    ChargeRefund,
    PaymentRefund,
    PriceSet,
    PriceCancel,
    /// Of the tenant itself.
    Tenant,
    /// How the tenant is supported.
    Sponsorship,
    /// What is shown, or taken, of a supporter.
    Supporter,
    /// Whether a message is shown.
    Message,
}

impl Deed {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::BillingEnabled => "billing_enabled",
            Self::Grant => "grant",
            Self::Adjustment => "adjustment",
            Self::ChargeRefund => "charge_refund",
            Self::PaymentRefund => "payment_refund",
            Self::PriceSet => "price_set",
            Self::PriceCancel => "price_cancel",
            Self::Tenant => "tenant",
            Self::Sponsorship => "sponsorship",
            Self::Supporter => "supporter",
            Self::Message => "message",
        }
    }
}

/// Where the rest of a change stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeadsTo {
    Nothing,
    Entry(EntrySeq),
    Refund { payment: Uuid, refund: Uuid },
    Price { tool: String, version: i64 },
}

/// What was changed, by the contract's names; what has no value is left out.
pub type Fields = BTreeMap<&'static str, String>;

/// A change that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChange {
    /// None: of the tenant itself.
    pub account: Option<AccountId>,
    pub deed: Deed,
    pub said: Said,
    pub before: Fields,
    pub after: Fields,
    pub leads_to: LeadsTo,
}

impl NewChange {
    /// Money that an administrator moved: the entry and its note say all of it.
    pub fn of_entry(account: AccountId, deed: Deed, entry: EntrySeq) -> Self {
        Self {
            account: Some(account),
            deed,
            said: Said::default(),
            before: Fields::new(),
            after: Fields::new(),
            leads_to: LeadsTo::Entry(entry),
        }
    }

    /// Of what was set before and after, what differs: none where nothing does.
    pub fn of_fields(
        account: Option<AccountId>,
        (deed, said): (Deed, Said),
        before: Fields,
        after: Fields,
    ) -> Option<Self> {
        let (before, after) = differing(before, after);
        let differs = !before.is_empty() || !after.is_empty();
        differs.then_some(Self {
            account,
            deed,
            said,
            before,
            after,
            leads_to: LeadsTo::Nothing,
        })
    }
}

/// Of what was set before and after, what differs.
pub fn differing(mut before: Fields, mut after: Fields) -> (Fields, Fields) {
    let same: Vec<_> = before
        .iter()
        .filter(|(name, value)| after.get(*name) == Some(value))
        .map(|(name, _)| *name)
        .collect();
    for name in same {
        before.remove(name);
        after.remove(name);
    }
    (before, after)
}
