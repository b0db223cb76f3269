//! Top-ups: payments that credit the payer's account, and give back of that credit what refunds and disputes
//! take.
//!
//! `payment/` asks this slice, with plain values; nothing here knows how a payment comes in.

mod told;

use std::sync::Arc;

use serde_json::Value;
use sqlx::PgConnection;

pub use told::failed;

use crate::id::{AccountId, EntrySeq, PaymentId};
use crate::ledger::{
    self, Action, Answer, ApplyError, Balance, Command, CommandHash, EntryKind, Keyed, Opening,
    Post, Refusal,
};
use crate::money::Micros;
use crate::outbox::Notice;
use crate::price::Reading;

/// What a payment credits that is worth so much in the account's currency. None: nothing, or too much.
pub fn credit(worth: Micros) -> Option<Micros> {
    Some(worth).filter(|credit| credit.is_positive() && *credit <= Micros::MAX_AMOUNT)
}

/// The credit of one payment: what is due when it is paid, and what the ledger has booked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    pub due: Micros,
    pub credited: Micros,
    pub reversed: Micros,
}

/// Something that the ledger is to book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    pub kind: EntryKind,
    /// Signed.
    pub amount: Micros,
}

impl Credit {
    /// Of a payment that is paid, with so much of what was ordered: its part at the payment's rate. Notes it
    /// as booked.
    pub fn on_success(&mut self, paid_minor: i64, ordered_minor: i64) -> Option<Booking> {
        if self.credited != Micros::ZERO {
            return None;
        }
        self.credited = self.of_part(paid_minor, ordered_minor);
        Some(Booking {
            kind: EntryKind::TopUp,
            amount: self.credited,
        })
    }

    /// What is credited where so much is paid.
    pub fn of_part(&self, paid_minor: i64, ordered_minor: i64) -> Micros {
        share(self.due, paid_minor.clamp(0, ordered_minor), ordered_minor)
    }

    /// Where so much of what was paid is taken back: floor(credited × taken / paid). The difference to what
    /// was booked before, so that any order of reports ends at the same sum. `cause` is the kind of what
    /// takes. Notes it as booked.
    pub fn on_reversal(
        &mut self,
        taken_minor: i64,
        paid_minor: i64,
        cause: EntryKind,
    ) -> Option<Booking> {
        let target = share(self.credited, taken_minor, paid_minor);
        // Both lie between 0 and the credit.
        let change = self.reversed.minus(target).unwrap_or_default();
        if change == Micros::ZERO {
            return None;
        }
        self.reversed = target;
        Some(Booking {
            kind: reversal_kind(cause, change),
            amount: change,
        })
    }
}

/// floor(credit × part / whole). It fits: part is at most whole.
fn share(credit: Micros, part: i64, whole: i64) -> Micros {
    let product = i128::from(credit.get()) * i128::from(part);
    let share = product.checked_div(i128::from(whole)).unwrap_or_default();
    Micros::new(i64::try_from(share).unwrap_or_default())
}

/// A dispute takes; what it gives back is a dispute that was won. A refund takes, and gives back
/// where it failed.
fn reversal_kind(cause: EntryKind, change: Micros) -> EntryKind {
    match cause {
        EntryKind::Dispute if change.is_positive() => EntryKind::DisputeWon,
        EntryKind::Dispute => EntryKind::Dispute,
        _ => EntryKind::PaymentReversal,
    }
}

/// What is to be booked of one payment, in this order.
#[derive(Clone, Debug)]
pub struct Posting {
    pub payment: PaymentId,
    pub opening: Opening,
    pub provider: Arc<str>,
    /// How many bookings of the payment there were before: each has a key of its own.
    pub before: i32,
    pub bookings: Vec<Booking>,
    /// What is told of the payment whatever is booked of it.
    pub described: Value,
}

/// What was booked.
#[derive(Clone, Debug)]
pub struct Booked {
    pub seq: EntrySeq,
    pub kind: EntryKind,
    pub amount: Micros,
    pub balance: Balance,
    /// What is told of it.
    pub notices: [Notice; 2],
}

#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error("the ledger refused: {0}")]
    Refused(#[from] Refusal),
    #[error("the ledger booked nothing")]
    NoEntry,
    #[error(transparent)]
    Apply(#[from] ApplyError),
}

/// Books all of them in one go; answers posting by posting. Joins the caller's transaction, which must be
/// READ COMMITTED and must be rolled back on an error. What the ledger tells is for the caller to write.
pub async fn book(
    conn: &mut PgConnection,
    told: &mut Vec<(AccountId, Notice)>,
    prices: &Reading,
    postings: &[Posting],
) -> Result<Vec<Vec<Booked>>, BookError> {
    let commands: Vec<Command> = postings.iter().flat_map(commands).collect();
    if commands.is_empty() {
        return Ok(postings.iter().map(|_| Vec::new()).collect());
    }
    let answers = ledger::apply_untold(conn, told, prices, &commands).await?;
    let mut answers = answers.into_iter();
    postings
        .iter()
        .map(|posting| {
            let answered = posting.bookings.iter().zip(answers.by_ref());
            answered
                .map(|(booking, answer)| booked(posting, booking, &answer?))
                .collect()
        })
        .collect()
}

fn booked(posting: &Posting, booking: &Booking, answer: &Answer) -> Result<Booked, BookError> {
    Ok(Booked {
        seq: answer.entry.ok_or(BookError::NoEntry)?,
        kind: booking.kind,
        amount: booking.amount,
        balance: answer.balance,
        notices: told::booked(&posting.described, booking, answer.balance),
    })
}

/// The ledger's commands, each under a key of its own: callers cannot write these.
fn commands(posting: &Posting) -> impl Iterator<Item = Command> {
    let numbers = posting.before.saturating_add(1)..;
    posting
        .bookings
        .iter()
        .zip(numbers)
        .map(|(booking, number)| {
            let key = format!("payment:{}:{number}", posting.payment.number.simple());
            let hash = CommandHash::of(booking.kind.name())
                .number(booking.amount.get())
                .finish();
            Command {
                account: posting.payment.account,
                action: Action::Post(Post {
                    opening: posting.opening.clone(),
                    keyed: Keyed::by_system(&key, hash),
                    kind: booking.kind,
                    amount: booking.amount,
                    counterparty: Some(Arc::clone(&posting.provider)),
                    note: None,
                }),
            }
        })
}
