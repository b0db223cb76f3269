//! What an answer says, in words of its own.

/// An account as an answer shows it: available and debt follow from these two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    pub settled: i64,
    pub held: i64,
}

impl Balance {
    pub fn available(self) -> i64 {
        self.settled.saturating_sub(self.held)
    }
}

/// A hold as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldShown {
    pub hold_id: String,
    pub amount_micros: i64,
    /// Microseconds since the epoch.
    pub expires_at: i64,
    /// In lower case.
    pub state: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Money moved, by this entry.
    Moved {
        entry_id: String,
        moved_micros: i64,
        /// What of a captured hold was given back.
        released_micros: i64,
        /// None for a capture: the contract does not tell.
        replayed: Option<bool>,
        balance: Balance,
    },
    /// The amount is held.
    Held {
        hold: HoldShown,
        replayed: bool,
        balance: Balance,
    },
    /// The hold was given back.
    Freed {
        released_micros: i64,
        balance: Balance,
    },
    Extended {
        hold: HoldShown,
        balance: Balance,
    },
    /// What a read found; a check that allowed among them.
    Stands {
        balance: Balance,
        totals: Option<Totals>,
    },
    /// For want of money.
    Denied {
        required_micros: i64,
        shortfall_micros: i64,
        balance: Balance,
    },
    Refused(Refusal),
    /// Something that no caller should ever be told.
    Astray(String),
}

/// What an account has spent since it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    pub spent: i64,
    pub requests: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The hold has ended in this state, in lower case.
    HoldEnded(String),
    OverageRejected {
        over_micros: i64,
    },
    RefundTooMuch {
        left_micros: i64,
    },
    KeyReused,
    HoldNotFound,
    EntryNotFound,
    BadField,
    /// The database refused it.
    Internal,
}

impl Told {
    /// Whether it says that the request was carried out, once and for all.
    pub fn is_effect(&self) -> bool {
        matches!(
            self,
            Self::Moved { .. } | Self::Held { .. } | Self::Freed { .. }
        )
    }

    pub fn is_too_much_back(&self) -> bool {
        matches!(self, Self::Refused(Refusal::RefundTooMuch { .. }))
    }

    pub fn balance(&self) -> Option<Balance> {
        match self {
            Self::Moved { balance, .. }
            | Self::Held { balance, .. }
            | Self::Freed { balance, .. }
            | Self::Extended { balance, .. }
            | Self::Stands { balance, .. }
            | Self::Denied { balance, .. } => Some(*balance),
            Self::Refused(_) | Self::Astray(_) => None,
        }
    }

    /// Whether another try had the effect; none where the contract does not tell.
    pub fn is_replayed(&self) -> Option<bool> {
        match self {
            Self::Held { replayed, .. } => Some(*replayed),
            Self::Moved { replayed, .. } => *replayed,
            _ => None,
        }
    }
}
