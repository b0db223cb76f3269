//! What operators switch off, and on again, while everything runs. Cores follow within a second: the
//! switches are read with the price list.

pub mod grpc;
pub mod queries;

use jiff::Timestamp;
use uuid::Uuid;

/// What can be switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Off: everything is allowed, and booked in full.
    Enforcement,
    /// Off: what providers report is stored, and not applied.
    Webhooks,
    /// Off: no new payment begins.
    Payments,
}

impl Switch {
    pub const ALL: [Self; 3] = [Self::Enforcement, Self::Webhooks, Self::Payments];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforcement => "enforcement",
            Self::Webhooks => "webhooks",
            Self::Payments => "payments",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|switch| switch.name() == name)
    }
}

/// How a switch stands, and who left it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub switch: Switch,
    pub on: bool,
    pub reason: String,
    pub actor: String,
    /// None: it was never touched.
    pub changed_at: Option<Timestamp>,
}

impl Position {
    /// On, as everything is that nobody has switched off.
    pub const fn untouched(switch: Switch) -> Self {
        Self {
            switch,
            on: true,
            reason: String::new(),
            actor: String::new(),
            changed_at: None,
        }
    }
}

/// A change of a switch, for who reads it among other changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switched {
    pub at: Timestamp,
    /// Always the same for the same change.
    pub id: Uuid,
    pub was_on: bool,
    pub position: Position,
}

/// All of them, as they were read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    pub enforcement: bool,
    pub webhooks: bool,
    /// Why no new payment begins; none where they do.
    pub payments_off: Option<String>,
}

impl Default for Switches {
    /// Everything is on.
    fn default() -> Self {
        Self {
            enforcement: true,
            webhooks: true,
            payments_off: None,
        }
    }
}

impl Switches {
    pub fn of(positions: Vec<Position>) -> Self {
        let mut switches = Self::default();
        for position in positions.into_iter().filter(|position| !position.on) {
            match position.switch {
                Switch::Enforcement => switches.enforcement = false,
                Switch::Webhooks => switches.webhooks = false,
                Switch::Payments => switches.payments_off = Some(position.reason),
            }
        }
        switches
    }
}
