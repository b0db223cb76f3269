//! Disputes: what a payer's bank takes back, gives back, and may take again.
//!
//! A movement of money is known by the provider's name for it. One that has no name is known by its event,
//! and stands in the row of movements by its time: one that follows its like is the same one reported
//! again, and one that follows its opposite is another. Where its like has a name, that one's amount counts:
//! one without a name has the dispute's. So the sums depend on what was reported, and not on the order in
//! which it came.

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::MINOR_MAX;

/// A dispute's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    pub reference: String,
    /// All that was withdrawn, and all that was reinstated.
    pub withdrawn_minor: i64,
    pub reinstated_minor: i64,
    pub status: String,
}

/// Which way money moved. In this order where both have one time: what is given back was taken before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Movement {
    Withdrawn,
    Reinstated,
}

impl Movement {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Reinstated => "reinstated",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Withdrawn, Self::Reinstated]
            .into_iter()
            .find(|movement| movement.name() == name)
    }
}

/// Money that moved once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// False: the provider has no name for it, and `name` is that of its event.
    pub is_named: bool,
    pub name: String,
    pub movement: Movement,
    pub amount_minor: i64,
    pub occurred_at: Timestamp,
}

/// A dispute as a report names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeReport {
    pub reference: String,
    /// What the report is about; none: no money moved.
    pub movement: Option<Movement>,
    pub amount_minor: i64,
    pub currency: String,
    pub status: String,
    /// What has moved so far and has a name.
    pub moved: Vec<Moved>,
}

/// What a report changed of a dispute.
#[derive(Debug)]
pub struct DisputeChange {
    pub dispute: Dispute,
    /// What was not known to have moved.
    pub news: Vec<Moved>,
    /// Why somebody has to look at it.
    pub doubt: Option<String>,
}

impl DisputeReport {
    /// The dispute that the report is about, changed as it says; `known` are its movements so far. An error
    /// where a movement has another amount or direction than was reported before, and where more has moved
    /// than can be.
    pub fn change(
        &self,
        disputes: &mut Vec<Dispute>,
        known: Vec<Moved>,
        event: (&str, Timestamp),
    ) -> Result<DisputeChange, String> {
        let mut dispute = self.taken_from(disputes);
        let mut all = known;
        let mut news = dispute.unexplained(&all);
        all.extend(news.iter().cloned());
        let was_doubtful = is_doubtful(&all);
        let unnamed = self.unnamed(event);
        let is_whole = unnamed.is_none() && !self.moved.is_empty();
        for moved in self.moved.iter().cloned().chain(unnamed) {
            let known = all
                .iter()
                .find(|known| (known.is_named, &known.name) == (moved.is_named, &moved.name));
            match known {
                None => {
                    all.push(moved.clone());
                    news.push(moved);
                }
                Some(known) if known.movement != moved.movement => {
                    return Err(format!("movement {} goes the other way", moved.name));
                }
                Some(known) if known.amount_minor != moved.amount_minor => {
                    return Err(format!("movement {} has another amount", moved.name));
                }
                Some(_) => {}
            }
        }
        (dispute.withdrawn_minor, dispute.reinstated_minor) = sums(&mut all);
        let most = dispute.withdrawn_minor.max(dispute.reinstated_minor);
        if most > MINOR_MAX {
            return Err(format!("{most} have moved of dispute {}", self.reference));
        }
        dispute.status.clone_from(&self.status);
        disputes.push(dispute.clone());
        let why = if is_doubtful(&all) && !was_doubtful {
            Some("reports of one second do not say how often money moved")
        } else if is_whole && !news.is_empty() && is_unlisted(&all, event.1) {
            Some("something moved that is not among what its provider lists")
        } else {
            None
        };
        let doubt = why.map(|why| format!("dispute {}: {why}", self.reference));
        Ok(DisputeChange {
            dispute,
            news,
            doubt,
        })
    }

    /// The dispute that the report is about, as it was.
    fn taken_from(&self, disputes: &mut Vec<Dispute>) -> Dispute {
        let place = disputes
            .iter()
            .position(|dispute| dispute.reference == self.reference);
        match place {
            Some(place) => disputes.swap_remove(place),
            None => Dispute {
                reference: self.reference.clone(),
                withdrawn_minor: 0,
                reinstated_minor: 0,
                status: String::new(),
            },
        }
    }

    /// The largest amount that it names.
    pub fn largest(&self) -> i64 {
        let moved = self.moved.iter().map(|moved| moved.amount_minor);
        moved.fold(self.amount_minor, i64::max)
    }

    /// The movement that the report is about, where it is none of those that it names: the newest of these
    /// is.
    fn unnamed(&self, (event, occurred_at): (&str, Timestamp)) -> Option<Moved> {
        let movement = self.movement.filter(|_| self.amount_minor > 0)?;
        let newest = self.moved.iter().map(|moved| moved.occurred_at).max();
        let is_named = self
            .moved
            .iter()
            .any(|moved| moved.movement == movement && Some(moved.occurred_at) == newest);
        (!is_named).then(|| Moved {
            is_named: false,
            name: event.to_owned(),
            movement,
            amount_minor: self.amount_minor,
            occurred_at,
        })
    }
}

impl Dispute {
    /// What a version has summed up that kept no movements: before all of these.
    fn unexplained(&self, known: &[Moved]) -> Vec<Moved> {
        [
            (Movement::Withdrawn, self.withdrawn_minor),
            (Movement::Reinstated, self.reinstated_minor),
        ]
        .into_iter()
        .filter(|(movement, stored)| {
            *stored > 0 && known.iter().all(|known| known.movement != *movement)
        })
        .map(|(movement, amount_minor)| Moved {
            is_named: false,
            name: format!("before:{}", movement.name()),
            movement,
            amount_minor,
            occurred_at: Timestamp::UNIX_EPOCH,
        })
        .collect()
    }
}

/// All that was withdrawn, and all that was reinstated. What follows its like and has no name is no more
/// than that.
fn sums(moved: &mut [Moved]) -> (i64, i64) {
    moved.sort_by_key(|moved| (moved.occurred_at, moved.movement));
    let (mut withdrawn, mut reinstated) = (0_i64, 0_i64);
    for alike in moved.chunk_by(|a, b| a.movement == b.movement) {
        let (mut named, mut unnamed) = (0_i64, 0_i64);
        for moved in alike {
            if moved.is_named {
                named = named.saturating_add(moved.amount_minor);
            } else {
                unnamed = unnamed.max(moved.amount_minor);
            }
        }
        let sum = match alike.first().map(|moved| moved.movement) {
            Some(Movement::Withdrawn) => &mut withdrawn,
            _ => &mut reinstated,
        };
        let amount = if named > 0 { named } else { unnamed };
        *sum = sum.saturating_add(amount);
    }
    (withdrawn, reinstated)
}

/// Whether it cannot be told how often money moved: of those that follow their like, one has no name, and the
/// opposite of one has its second. So it may have come between them.
fn is_doubtful(all: &[Moved]) -> bool {
    let shares_its_second = |one: &Moved| {
        let second = one.occurred_at.as_second();
        all.iter()
            .any(|other| other.movement != one.movement && other.occurred_at.as_second() == second)
    };
    let mut all = all.to_vec();
    all.sort_by_key(|moved| (moved.occurred_at, moved.movement));
    all.chunk_by(|a, b| a.movement == b.movement).any(|alike| {
        alike.len() > 1
            && alike.iter().any(|moved| !moved.is_named)
            && alike.iter().any(shares_its_second)
    })
}

/// Whether something moved by then that has no name, and whose like has none: where a provider lists what has
/// moved, it was perhaps a late report of what is listed. What a version before has summed up is no report.
fn is_unlisted(sorted: &[Moved], by: Timestamp) -> bool {
    let reported = Timestamp::UNIX_EPOCH.as_second() + 1..=by.as_second();
    let is_listed =
        |moved: &Moved| moved.is_named || !reported.contains(&moved.occurred_at.as_second());
    sorted
        .chunk_by(|a, b| a.movement == b.movement)
        .any(|alike| !alike.iter().any(is_listed))
}
