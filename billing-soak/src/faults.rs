//! What breaks while callers are at work: cores, PostgreSQL, and the way between them.

mod deck;
mod injure;

pub use self::deck::Deck;
pub use self::injure::{Injurer, kill_backend};

use serde::{Serialize, Serializer};

/// The kinds. Each is over, and everything serves again, before the next one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A core by SIGKILL, started again.
    CoreKilled,
    /// A core by SIGSTOP, for a while.
    CoreHalted,
    /// The postmaster by SIGKILL, started again.
    PostmasterKilled,
    /// One backend of a core's by SIGKILL: the server ends all others and recovers by itself.
    BackendKilled,
    /// All cores and the postmaster.
    EverythingKilled,
    /// All of PostgreSQL by SIGSTOP, for a while.
    ServerHalted,
    /// A core's connections to PostgreSQL end, and new ones are ended for a while.
    ConnectionsCut,
    ConnectionsReset,
    ConnectionsDelayed,
    ConnectionsStalled,
    /// A COMMIT is lost before the server sees it.
    LostBeforeCommit,
    /// The server carries it out; the core never hears of it.
    LostBeforeAnswer,
    LostAfterAnswer,
    /// The server sees it when the core has long lost it.
    CommitLate,
    /// The same, when its callers have given up, and have asked another core, which found the account
    /// locked.
    CommitOverdue,
    /// A core is killed at its COMMIT, which is then lost or carried out.
    CoreKilledAtCommit,
    /// A session of the soak's holds an account's row for longer than a core waits.
    AccountLocked,
    /// The synchronous standby is dead: no COMMIT ends, for longer than any caller waits, and each
    /// keeps its locks.
    CommitsStalled,
}

impl Fault {
    pub const ALL: [Self; 18] = [
        Self::CoreKilled,
        Self::CoreHalted,
        Self::PostmasterKilled,
        Self::BackendKilled,
        Self::EverythingKilled,
        Self::ServerHalted,
        Self::ConnectionsCut,
        Self::ConnectionsReset,
        Self::ConnectionsDelayed,
        Self::ConnectionsStalled,
        Self::LostBeforeCommit,
        Self::LostBeforeAnswer,
        Self::LostAfterAnswer,
        Self::CommitLate,
        Self::CommitOverdue,
        Self::CoreKilledAtCommit,
        Self::AccountLocked,
        Self::CommitsStalled,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::CoreKilled => "core killed",
            Self::CoreHalted => "core halted",
            Self::PostmasterKilled => "postmaster killed",
            Self::BackendKilled => "backend killed",
            Self::EverythingKilled => "everything killed",
            Self::ServerHalted => "PostgreSQL halted",
            Self::ConnectionsCut => "connections cut",
            Self::ConnectionsReset => "connections reset",
            Self::ConnectionsDelayed => "connections delayed",
            Self::ConnectionsStalled => "connections stalled",
            Self::LostBeforeCommit => "lost before COMMIT",
            Self::LostBeforeAnswer => "lost before COMMIT's answer",
            Self::LostAfterAnswer => "lost after COMMIT's answer",
            Self::CommitLate => "COMMIT late",
            Self::CommitOverdue => "COMMIT overdue",
            Self::CoreKilledAtCommit => "core killed at COMMIT",
            Self::AccountLocked => "account locked",
            Self::CommitsStalled => "commits stalled",
        }
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
