//! Disputes: what a payer's bank takes back, gives back, and may take again.
//!
//! A movement of money is known by the provider's name for it. One that has no name is known by its event,
//! and stands in the row of movements by its time: one that follows its like is the same one reported
//! again, and one that follows its opposite is another. Where its like has a name, that one's amount counts:
//! one without a name has the dispute's. So the sums depend on what was reported, and not on the order in
//! which it came.

use jiff::Timestamp;

use super::MINOR_MAX;
use crate::seeded::{self, Bug};

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
        let place = disputes
            .iter()
            .position(|dispute| dispute.reference == self.reference);
        let mut dispute = match place {
            Some(place) => disputes.swap_remove(place),
            None => Dispute {
                reference: self.reference.clone(),
                withdrawn_minor: 0,
                reinstated_minor: 0,
                status: String::new(),
            },
        };
        let mut all = known;
        let mut news = dispute.unexplained(&all);
        all.extend(news.iter().cloned());
        let was_doubtful = is_doubtful(&all);
        for moved in self.moved.iter().cloned().chain(self.unnamed(event)) {
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
        let doubt = (is_doubtful(&all) && !was_doubtful).then(|| {
            format!(
                "dispute {}: reports of one second do not say how often money moved",
                self.reference
            )
        });
        Ok(DisputeChange {
            dispute,
            news,
            doubt,
        })
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
            if moved.is_named && !seeded::is(Bug::DisputeMovesOnce) {
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
        *sum = if seeded::is(Bug::DisputeMovesOnce) {
            amount.max(*sum)
        } else {
            sum.saturating_add(amount)
        };
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moved(name: Option<&str>, movement: Movement, second: i64) -> Moved {
        Moved {
            is_named: name.is_some(),
            name: name.map_or_else(|| format!("evt_{second}_{movement:?}"), str::to_owned),
            movement,
            amount_minor: 10,
            occurred_at: Timestamp::from_second(second).unwrap(),
        }
    }

    #[test]
    fn what_follows_its_like_is_the_same_again_unless_it_has_a_name_of_its_own() {
        use Movement::{Reinstated, Withdrawn};
        for (all, expected) in [
            (vec![(None, Withdrawn, 1), (None, Withdrawn, 2)], (10, 0)),
            (
                vec![(Some("t1"), Withdrawn, 1), (Some("t2"), Withdrawn, 1)],
                (20, 0),
            ),
            (
                vec![(Some("t1"), Withdrawn, 1), (None, Withdrawn, 2)],
                (10, 0),
            ),
            // As they come, not as they happened.
            (
                vec![
                    (None, Withdrawn, 3),
                    (None, Reinstated, 2),
                    (None, Withdrawn, 1),
                ],
                (20, 10),
            ),
            (
                vec![
                    (Some("t3"), Withdrawn, 1),
                    (Some("t2"), Reinstated, 1),
                    (Some("t1"), Withdrawn, 1),
                ],
                (20, 10),
            ),
        ] {
            let mut moved: Vec<Moved> = all
                .iter()
                .map(|(name, movement, second)| moved(*name, *movement, *second))
                .collect();
            assert_eq!(sums(&mut moved), expected, "{all:?}");
        }
    }

    #[test]
    fn what_a_version_without_movements_has_summed_up_comes_first() {
        let mut disputes = vec![Dispute {
            reference: "dp_1".to_owned(),
            withdrawn_minor: 10,
            reinstated_minor: 10,
            status: "won".to_owned(),
        }];
        let again = DisputeReport {
            reference: "dp_1".to_owned(),
            movement: Some(Movement::Withdrawn),
            amount_minor: 10,
            currency: "USD".to_owned(),
            status: "lost".to_owned(),
            moved: Vec::new(),
        };
        let at = Timestamp::from_second(5).unwrap();
        let change = again.change(&mut disputes, Vec::new(), ("evt_9", at));
        let change = change.unwrap();
        let dispute = &change.dispute;
        assert_eq!(
            (dispute.withdrawn_minor, dispute.reinstated_minor),
            (20, 10)
        );
        assert_eq!(change.news.len(), 3);
        assert!(change.doubt.is_none());
        // Reported again by the same event: nothing more.
        let known = change.news;
        let change = again.change(&mut disputes, known, ("evt_9", at)).unwrap();
        assert_eq!(change.dispute.withdrawn_minor, 20);
        assert!(change.news.is_empty());
    }

    /// What the dispute is about; what moves of it may be less.
    const DISPUTED: i64 = 100;

    /// Taken, given back, taken and so on: every ten seconds so much of the dispute.
    fn moves(amounts: &[i64]) -> Vec<Moved> {
        let movements = [Movement::Withdrawn, Movement::Reinstated];
        let all = amounts.iter().zip(movements.into_iter().cycle());
        (1..)
            .zip(all)
            .map(|(n, (amount, movement))| Moved {
                amount_minor: *amount,
                ..moved(Some(&format!("t{n}")), movement, n * 10)
            })
            .collect()
    }

    /// A report of a movement or of none, which names so many.
    type Said = (Option<usize>, usize, i64);

    fn reported(moves: &[Moved], (about, names, later): Said) -> (DisputeReport, Timestamp) {
        let moved = about
            .map_or(moves.last(), |about| moves.get(about))
            .unwrap();
        let report = DisputeReport {
            reference: "dp_1".to_owned(),
            movement: about.map(|_| moved.movement),
            amount_minor: DISPUTED,
            currency: "USD".to_owned(),
            status: String::new(),
            moved: moves.iter().take(names).cloned().collect(),
        };
        let second = moved.occurred_at.as_second() + later;
        (report, Timestamp::from_second(second).unwrap())
    }

    /// How it all ends: reports in this order, each with the number of its event.
    fn end(moves: &[Moved], reports: &[(usize, Said)]) -> (i64, i64) {
        let (mut disputes, mut known) = (Vec::new(), Vec::new());
        for (number, said) in reports {
            let (report, at) = reported(moves, *said);
            let event = format!("evt_{number}");
            let change = report.change(&mut disputes, known.clone(), (&event, at));
            let change = change.unwrap();
            assert!(change.doubt.is_none(), "{:?}", change.doubt);
            known.extend(change.news);
        }
        let dispute = disputes.first().unwrap();
        (dispute.withdrawn_minor, dispute.reinstated_minor)
    }

    /// Moves, and reports of each of them: of some more than one, in any order. One that does not name its
    /// movement may name those before it.
    fn disputes() -> impl Strategy<Value = (Vec<i64>, Vec<(usize, Said)>)> {
        proptest::collection::vec(1..DISPUTED, 1..5).prop_flat_map(|amounts| {
            let count = amounts.len();
            let about = move |place: usize| {
                let names = prop_oneof![Just(0), Just(place), Just(place + 1)];
                (Just(Some(place)), names, 0..10_i64)
            };
            let each: Vec<_> = (0..count).map(about).collect();
            let more = prop_oneof![
                (0..count).prop_flat_map(about),
                (Just(None), 1..=count, 0..10_i64),
            ];
            let reports = (each, proptest::collection::vec(more, 0..6)).prop_flat_map(
                |(mut reports, more)| {
                    reports.extend(more);
                    let mut sent: Vec<_> = reports.into_iter().enumerate().collect();
                    sent.extend(sent.clone());
                    Just(sent).prop_shuffle()
                },
            );
            (Just(amounts), reports)
        })
    }

    proptest! {
        #[test]
        fn whatever_comes_first_what_has_a_name_counts_by_that_and_what_has_none_counts_once(
            (amounts, reports) in disputes(),
        ) {
            let moves = moves(&amounts);
            let is_named = |place| reports.iter().any(|(_, (_, names, _))| *names > place);
            let mut expected = (0, 0);
            for (place, moved) in moves.iter().enumerate() {
                let amount = if is_named(place) { moved.amount_minor } else { DISPUTED };
                match moved.movement {
                    Movement::Withdrawn => expected.0 += amount,
                    Movement::Reinstated => expected.1 += amount,
                }
            }
            prop_assert_eq!(end(&moves, &reports), expected);
        }
    }

    #[test]
    fn what_may_have_come_between_two_others_of_its_second_is_doubtful() {
        use Movement::{Reinstated, Withdrawn};
        for (all, expected) in [
            (vec![(None, Withdrawn, 1), (None, Reinstated, 1)], false),
            (
                vec![
                    (None, Withdrawn, 1),
                    (None, Reinstated, 2),
                    (None, Withdrawn, 2),
                ],
                true,
            ),
            (
                vec![
                    (None, Withdrawn, 1),
                    (None, Reinstated, 2),
                    (None, Withdrawn, 3),
                ],
                false,
            ),
            (
                vec![
                    (Some("t1"), Withdrawn, 1),
                    (Some("t2"), Reinstated, 1),
                    (Some("t3"), Withdrawn, 1),
                ],
                false,
            ),
        ] {
            let all: Vec<Moved> = all
                .iter()
                .map(|(name, movement, second)| moved(*name, *movement, *second))
                .collect();
            assert_eq!(is_doubtful(&all), expected, "{all:?}");
        }
    }
}
