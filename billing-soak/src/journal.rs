//! What was asked of the product and what it answered, kept outside of it.

mod told;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

pub use self::told::{Balance, HoldShown, Refusal, Told, Totals};

/// Nanoseconds since the journal began, by a clock that only goes forward.
pub type Moment = u64;

/// An account's user; all are of one tenant.
pub type User = Arc<str>;

/// One request, all tries to get it answered, and its repetitions: at most one of them may have an
/// effect.
#[derive(Clone, Debug)]
pub struct Operation {
    pub user: User,
    pub asked: Asked,
    /// Set where the product must refuse it.
    pub poison: Option<Poison>,
    pub tries: Vec<Try>,
    /// The caller was told last that nothing was done, and believed it: they did not ask again.
    pub believed: bool,
}

/// The same request, sent once.
#[derive(Clone, Debug)]
pub struct Try {
    pub begun: Moment,
    pub ended: Moment,
    pub outcome: Outcome,
}

#[derive(Clone, Debug)]
pub enum Outcome {
    /// The product said so: of this request, however often it was sent.
    NothingDone,
    /// The product said that this try did nothing.
    NotBegun,
    /// No answer, or one that leaves it open: it may have been carried out, or be so later.
    InDoubt,
    Told(Told),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Grant {
        key: String,
        amount_micros: i64,
    },
    Charge {
        key: String,
        amount_micros: i64,
        overage: Overage,
    },
    Place {
        key: String,
        amount_micros: i64,
        ttl_secs: i64,
    },
    Capture {
        hold_id: String,
        /// The key of the hold's placement.
        placed_by: String,
        amount_micros: i64,
        overage: Overage,
    },
    Release {
        hold_id: String,
    },
    Extend {
        hold_id: String,
        ttl_secs: i64,
    },
    Refund {
        key: String,
        charge: String,
        /// None: all that is left.
        amount_micros: Option<i64>,
    },
    /// `CheckBalance`.
    Check {
        amount_micros: i64,
    },
    /// `GetBalance`.
    Balance,
}

/// What becomes of the part that there is no money for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overage {
    Reject,
    UpToAvailable,
    AllowDebt,
}

/// Why a request is one that the product must refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Poison {
    /// Its key was used for something else.
    KeyReused,
    /// It costs more than anybody has.
    TooDear,
    /// More is to be given back than was charged.
    TooMuchBack,
    NoSuchHold,
    HoldOfAnother,
    NoSuchCharge,
    ChargeOfAnother,
    /// A field is out of its range.
    BadField,
    /// It passes every check of the product's, and a constraint of the soak's own refuses it.
    RefusedByDatabase,
}

impl Asked {
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Grant { key, .. }
            | Self::Charge { key, .. }
            | Self::Place { key, .. }
            | Self::Refund { key, .. } => Some(key),
            Self::Capture { .. }
            | Self::Release { .. }
            | Self::Extend { .. }
            | Self::Check { .. }
            | Self::Balance => None,
        }
    }

    pub fn is_read(&self) -> bool {
        matches!(self, Self::Check { .. } | Self::Balance)
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Grant { .. } => "GrantCredit",
            Self::Charge { .. } => "Charge",
            Self::Place { .. } => "PlaceHold",
            Self::Capture { .. } => "CaptureHold",
            Self::Release { .. } => "ReleaseHold",
            Self::Extend { .. } => "ExtendHold",
            Self::Refund { .. } => "RefundCharge",
            Self::Check { .. } => "CheckBalance",
            Self::Balance => "GetBalance",
        }
    }
}

impl Operation {
    /// At least one try ended without saying whether it was carried out.
    pub fn is_doubtful(&self) -> bool {
        self.tries
            .iter()
            .any(|attempt| matches!(attempt.outcome, Outcome::InDoubt))
    }

    /// Every try that was answered, with its answer.
    pub fn answers(&self) -> impl Iterator<Item = (&Try, &Told)> {
        self.tries.iter().filter_map(|attempt| {
            let Outcome::Told(told) = &attempt.outcome else {
                return None;
            };
            Some((attempt, told))
        })
    }

    /// Every answer that says that it was carried out.
    pub fn effects(&self) -> impl Iterator<Item = (&Try, &Told)> {
        self.answers().filter(|(_, told)| told.is_effect())
    }

    /// The first of them.
    pub fn effect(&self) -> Option<&Told> {
        self.effects().next().map(|(_, told)| told)
    }

    /// What its story goes on with: that it was carried out, else the first answer.
    pub fn told(&self) -> Option<&Told> {
        self.effect()
            .or_else(|| self.answers().next().map(|(_, told)| told))
    }
}

/// Takes operations from many workers.
#[derive(Debug)]
pub struct Journal {
    began: Instant,
    began_micros: i64,
    operations: Mutex<Vec<Operation>>,
    count: watch::Sender<usize>,
}

impl Default for Journal {
    fn default() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = since_epoch.map_or(0, |time| time.as_micros());
        Self {
            began: Instant::now(),
            began_micros: i64::try_from(micros).unwrap_or(i64::MAX),
            operations: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }
}

impl Journal {
    pub fn now(&self) -> Moment {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// When the journal began, in microseconds since the epoch.
    pub fn began_micros(&self) -> i64 {
        self.began_micros
    }

    pub fn record(&self, operation: Operation) {
        let mut operations = self
            .operations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        operations.push(operation);
        self.count.send_replace(operations.len());
    }

    pub fn len(&self) -> usize {
        *self.count.borrow()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until so many more operations have been answered.
    pub async fn grown_by(&self, more: usize) {
        let mut count = self.count.subscribe();
        let wanted = *count.borrow() + more;
        // The sender lives in self.
        let _ = count.wait_for(|count| *count >= wanted).await;
    }

    /// Takes everything out.
    pub fn take(&self) -> Vec<Operation> {
        std::mem::take(
            &mut self
                .operations
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}
