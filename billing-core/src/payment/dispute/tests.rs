//! Sums of movements, whatever their names and times.

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

/// A report of a movement, or of none, which names so many; and how long after the last of these it comes.
type Said = (Option<usize>, usize, i64);

fn reported(moves: &[Moved], (about, names, later): Said) -> (DisputeReport, Timestamp) {
    let last = &moves[about.unwrap_or(names.saturating_sub(1))];
    let report = DisputeReport {
        reference: "dp_1".to_owned(),
        movement: about.map(|_| last.movement),
        amount_minor: DISPUTED,
        currency: "USD".to_owned(),
        status: String::new(),
        moved: moves.iter().take(names).cloned().collect(),
    };
    let second = last.occurred_at.as_second() + later;
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
        let reports =
            (each, proptest::collection::vec(more, 0..6)).prop_flat_map(|(mut reports, more)| {
                reports.extend(more);
                let mut sent: Vec<_> = reports.into_iter().enumerate().collect();
                sent.extend(sent.clone());
                Just(sent).prop_shuffle()
            });
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
