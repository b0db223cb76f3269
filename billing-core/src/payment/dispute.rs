//! Disputes: what a payer's bank takes back, gives back, and may take again.
//!
//! A movement of money is known by the provider's name for it. One that has no name is known by its event,
//! and stands in the row of movements by its time: one that follows its like is the same one reported
//! again, and one that follows its opposite is another. So the sums depend on what was reported, and not on
//! the order in which it came.

use jiff::Timestamp;

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
    /// where a movement has another amount than was reported before.
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
                Some(known) if known.amount_minor == moved.amount_minor => {}
                Some(_) => return Err(format!("movement {} has another amount", moved.name)),
            }
        }
        (dispute.withdrawn_minor, dispute.reinstated_minor) = sums(&mut all);
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
        let (withdrawn, reinstated) = sums(&mut known.to_vec());
        [
            (Movement::Withdrawn, self.withdrawn_minor, withdrawn),
            (Movement::Reinstated, self.reinstated_minor, reinstated),
        ]
        .into_iter()
        .filter(|(_, stored, explained)| stored > explained)
        .map(|(movement, amount_minor, _)| Moved {
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
        *sum = sum.saturating_add(named.max(unnamed));
    }
    (withdrawn, reinstated)
}

/// Whether two movements of one second are alike, one of them without a name, and its opposite has the same
/// second: it may have been the same one reported again, or have come after that.
fn is_doubtful(all: &[Moved]) -> bool {
    let at = |of: &Moved| of.occurred_at.as_second();
    all.iter().filter(|moved| !moved.is_named).any(|moved| {
        let then = || all.iter().filter(|other| at(other) == at(moved));
        let alike = then()
            .filter(|other| other.movement == moved.movement)
            .count();
        alike > 1 && then().any(|other| other.movement != moved.movement)
    })
}

#[cfg(test)]
mod tests {
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
}
