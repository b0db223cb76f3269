//! What a payment is for. What follows from its success, and from what is taken back of it, the slice of its
//! purpose says; here stands which slice that is, and nowhere else in `payment/`.

use std::sync::Arc;

use sqlx::PgConnection;

use super::books::Standing;
use super::{Payment, PaymentError, State, told};
use crate::id::{AccountId, EntrySeq};
use crate::ledger::{Balance, EntryKind, Opening, Refusal};
use crate::money::Micros;
use crate::outbox::Notice;
use crate::price::Reading;
use crate::sponsorship::{self, Reported, Settled, SubscriptionReport};
use crate::top_up::{self, BookError, Booked, Credit, Posting};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Credit for the payer's account.
    TopUp,
    /// Given to the tenant.
    Contribution,
}

impl Purpose {
    pub const ALL: [Self; 2] = [Self::TopUp, Self::Contribution];

    pub const fn name(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Contribution => "contribution",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// What a payment credits that is worth so much in the account's currency. None where there can be no
    /// such payment.
    pub fn credit(self, worth: Micros) -> Option<Micros> {
        match self {
            Self::TopUp => top_up::credit(worth),
            Self::Contribution => Some(sponsorship::credit()),
        }
    }
}

/// Why something of a payment is taken back, or given back again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Refund,
    Dispute,
}

/// What follows from a report, besides what it has changed of its payment.
#[derive(Debug)]
pub enum Effect {
    TopUp(Posting),
    Contribution(Settled),
    /// Of the subscription that it began.
    Subscription(Reported),
}

impl Payment {
    /// What follows now, so that the slice of the purpose says what the payment says: that it is paid, and
    /// how much of it refunds and disputes take back. Notes it as done. Each report makes the difference
    /// to what was done before, so that any order of reports ends at the same.
    pub fn effect(&mut self, cause: Cause) -> Option<Effect> {
        if self.state != State::Succeeded {
            return None;
        }
        let standing = self.standing();
        match self.purpose {
            Purpose::TopUp => self.top_up(standing, cause).map(Effect::TopUp),
            Purpose::Contribution => self.contribution(standing, cause).map(Effect::Contribution),
        }
    }

    /// What follows from a report of the subscription that it began.
    pub fn subscribed(&self, report: &SubscriptionReport) -> Effect {
        Effect::Subscription(Reported {
            first: self.id,
            giver: self.opening(),
            provider: Arc::clone(&self.provider),
            livemode: self.livemode,
            begun_at: self.created_at,
            report: report.clone(),
            described: told::described(self),
        })
    }

    /// Whether it is paid where so much is received. Less than was ordered is taken as far as it goes;
    /// nothing at all is no success.
    pub fn is_paid_by(&self, received_minor: i64) -> bool {
        match self.purpose {
            Purpose::TopUp => self
                .as_credit()
                .of_part(received_minor, self.amount_minor)
                .is_positive(),
            Purpose::Contribution => received_minor > 0,
        }
    }

    /// All that it has come to: its slice finds out what is new of it.
    fn contribution(&self, standing: Standing, cause: Cause) -> Option<Settled> {
        Some(Settled {
            payment: self.id,
            giver: self.opening(),
            subscription: self.subscription,
            paid_at: self.succeeded_at?,
            paid_minor: standing.paid_minor,
            net_minor: standing.paid_minor.saturating_sub(standing.taken_minor),
            cause: match cause {
                Cause::Refund => sponsorship::Cause::Refund,
                Cause::Dispute => sponsorship::Cause::Dispute,
            },
            described: told::described(self),
        })
    }

    /// What its payer is told where it has ended without money.
    pub fn told_as_failed(&self) -> Option<Notice> {
        let has_failed = self.state == State::Failed;
        match self.purpose {
            // Also who was declined, and left it at that.
            Purpose::TopUp => (has_failed || self.decline_code.is_some())
                .then(|| top_up::failed(told::described(self))),
            // A page of the provider's said of a decline, and whoever has left that page knows it.
            Purpose::Contribution => {
                has_failed.then(|| sponsorship::failed(self.id, &told::described(self)))
            }
        }
    }

    fn opening(&self) -> Opening {
        Opening {
            tenant_id: self.tenant_id.clone(),
            user_id: self.user_id.clone(),
        }
    }

    const fn as_credit(&self) -> Credit {
        Credit {
            due: self.credit,
            credited: self.credited,
            reversed: self.reversed,
        }
    }

    fn top_up(&mut self, standing: Standing, cause: Cause) -> Option<Posting> {
        let Standing {
            paid_minor,
            taken_minor,
        } = standing;
        let mut credit = self.as_credit();
        let cause = match cause {
            Cause::Refund => EntryKind::PaymentReversal,
            Cause::Dispute => EntryKind::Dispute,
        };
        let paid = credit.on_success(paid_minor, self.amount_minor);
        let taken = credit.on_reversal(taken_minor, paid_minor, cause);
        (self.credited, self.reversed) = (credit.credited, credit.reversed);
        let before = self.bookings;
        let bookings: Vec<_> = paid.into_iter().chain(taken).collect();
        for _ in &bookings {
            self.bookings = self.bookings.saturating_add(1);
        }
        (!bookings.is_empty()).then(|| Posting {
            payment: self.id,
            opening: self.opening(),
            provider: Arc::clone(&self.provider),
            before,
            bookings,
            described: told::described(self),
        })
    }
}

/// What was done because of one report.
#[derive(Debug, Default)]
pub struct Done {
    /// What the ledger has booked.
    pub entries: Vec<(EntrySeq, EntryKind)>,
    /// The sum of it, signed.
    pub moved: Micros,
    /// What more there is of a contribution, signed, in cents.
    pub given_minor: i64,
    /// The account after it; none where nothing was booked.
    pub balance: Option<Balance>,
    pub notices: Vec<Notice>,
}

/// Does what follows from the reports of a batch, all of one purpose together; answers report by report.
/// Joins the caller's transaction, which must be READ COMMITTED and must be rolled back on an error. What the
/// ledger tells is for the caller to write, before what is told of the payments.
pub async fn carry_out(
    conn: &mut PgConnection,
    told: &mut Vec<(AccountId, Notice)>,
    prices: &Reading,
    effects: Vec<Option<Effect>>,
) -> Result<Vec<Done>, PaymentError> {
    let mut all: Vec<Done> = effects.iter().map(|_| Done::default()).collect();
    let (mut places, mut postings) = (Vec::new(), Vec::new());
    let (mut given_places, mut given) = (Vec::new(), Vec::new());
    let (mut reported_places, mut reported) = (Vec::new(), Vec::new());
    for (done, effect) in all.iter_mut().zip(effects) {
        match effect {
            None => {}
            Some(Effect::TopUp(posting)) => {
                places.push(done);
                postings.push(posting);
            }
            Some(Effect::Contribution(settled)) => {
                given_places.push(done);
                given.push(settled);
            }
            Some(Effect::Subscription(report)) => {
                reported_places.push(done);
                reported.push(report);
            }
        }
    }
    let booked = top_up::book(conn, told, prices, &postings).await?;
    for (done, booked) in places.into_iter().zip(booked) {
        *done = of_booked(booked)?;
    }
    // Behind the ledger: its rows are locked after the accounts.
    let news = sponsorship::settle(conn, &given, &reported).await?;
    for (done, news) in given_places.into_iter().zip(news.gifts) {
        done.given_minor = news.moved_minor;
        done.notices = news.notices;
    }
    for (done, notices) in reported_places.into_iter().zip(news.subscriptions) {
        done.notices = notices;
    }
    Ok(all)
}

fn of_booked(booked: Vec<Booked>) -> Result<Done, PaymentError> {
    let mut done = Done::default();
    for one in booked {
        done.entries.push((one.seq, one.kind));
        done.moved = done.moved.plus(one.amount).map_err(Refusal::from)?;
        done.balance = Some(one.balance);
        done.notices.extend(one.notices);
    }
    Ok(done)
}

impl From<BookError> for PaymentError {
    fn from(error: BookError) -> Self {
        match error {
            BookError::Refused(refusal) => Self::Ledger(refusal),
            BookError::NoEntry => Self::Row("entry"),
            BookError::Apply(error) => Self::Apply(error),
        }
    }
}
