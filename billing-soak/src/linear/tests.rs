//! Histories by hand, and by chance against every order there is.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Event, NEVER, Searched, State, Stuck, Verdict, linearize};
use crate::journal::Balance;

const START: State = State {
    settled: 100,
    held: 0,
    spent: 0,
    requests: 0,
};

const PLENTY: u64 = 1_000_000;

const fn balance(settled: i64, held: i64) -> Balance {
    Balance { settled, held }
}

/// A charge, by the entry of this number; the balance after it.
fn charge(begun: u64, ended: u64, amount: i64, seq: i64, settled: i64) -> Event {
    Event {
        begun,
        ended,
        change: State {
            settled: -amount,
            spent: amount,
            requests: 1,
            ..State::default()
        },
        seq: Some(seq),
        shown: Some(balance(settled, 0)),
        ..Event::default()
    }
}

fn read(begun: u64, ended: u64, settled: i64, held: i64) -> Event {
    Event {
        begun,
        ended,
        shown: Some(balance(settled, held)),
        ..Event::default()
    }
}

fn hold(begun: u64, ended: u64, amount: i64, shown: Option<Balance>) -> Event {
    Event {
        begun,
        ended,
        change: State {
            held: amount,
            ..State::default()
        },
        shown,
        ..Event::default()
    }
}

fn search(events: &[Event]) -> Searched {
    linearize(START, 2, events, PLENTY)
}

fn linearizable(events: &[Event]) -> bool {
    search(events).verdict == Verdict::Linearizable
}

#[test]
fn operations_one_after_the_other_have_their_order() {
    assert!(linearizable(&[
        charge(0, 1, 10, 2, 90),
        read(2, 3, 90, 0),
        charge(4, 5, 20, 3, 70),
        read(6, 7, 70, 0),
    ]));
}

#[test]
fn operations_at_the_same_time_may_come_in_either_order() {
    let second_first = [charge(0, 10, 10, 3, 70), charge(1, 9, 20, 2, 80)];
    assert!(linearizable(&second_first));
    for seen in [100, 80, 70] {
        let seen = [&second_first[..], &[read(0, 10, seen, 0)]].concat();
        assert!(linearizable(&seen));
    }
    let never = [&second_first[..], &[read(0, 10, 90, 0)]].concat();
    assert!(!linearizable(&never));
}

#[test]
fn a_stale_read_is_seen() {
    let charged = charge(0, 1, 10, 2, 90);
    assert!(linearizable(&[charged.clone(), read(1, 3, 100, 0)]));
    assert!(!linearizable(&[charged, read(2, 3, 100, 0)]));
}

#[test]
fn a_read_from_the_future_is_seen() {
    let charged = charge(5, 6, 10, 2, 90);
    assert!(linearizable(&[read(0, 5, 90, 0), charged.clone()]));
    assert!(!linearizable(&[read(0, 4, 90, 0), charged]));
}

#[test]
fn two_reads_that_go_back_in_time_are_seen() {
    let charged = charge(0, 10, 10, 2, 90);
    let forward = [charged.clone(), read(1, 2, 100, 0), read(3, 4, 90, 0)];
    assert!(linearizable(&forward));
    let back = [charged, read(1, 2, 90, 0), read(3, 4, 100, 0)];
    assert!(!linearizable(&back));
}

#[test]
fn a_lost_update_is_seen() {
    // The second does not know of the first.
    let lost = [charge(0, 10, 10, 2, 90), charge(0, 10, 20, 3, 80)];
    assert!(!linearizable(&lost));
}

#[test]
fn a_double_effect_is_seen() {
    let once = charge(0, 1, 10, 2, 90);
    assert!(!linearizable(&[once.clone(), read(2, 3, 80, 0)]));
    // The entry that nobody was told of is missing in the sequence.
    assert!(!linearizable(&[once, charge(2, 3, 5, 4, 75)]));
}

#[test]
fn an_order_against_the_clock_is_seen() {
    let against = [charge(0, 1, 10, 3, 70), charge(2, 3, 20, 2, 80)];
    assert!(!linearizable(&against));
    // Without numbers, by the balances alone.
    let against = [
        hold(0, 1, 10, Some(balance(100, 30))),
        hold(2, 3, 20, Some(balance(100, 20))),
    ];
    assert!(!linearizable(&against));
}

#[test]
fn an_unknown_outcome_may_come_at_any_time_after_its_begin_and_not_before() {
    let mut unknown = charge(5, NEVER, 10, 2, 90);
    unknown.shown = None;
    for (begun, settled) in [(0, 100), (6, 100), (6, 90), (1_000, 90), (1_000, 100)] {
        let events = [unknown.clone(), read(begun, begun + 1, settled, 0)];
        assert!(linearizable(&events), "{begun} {settled}");
    }
    assert!(!linearizable(&[unknown, read(0, 4, 90, 0)]));
}

#[test]
fn an_expiry_comes_when_its_time_is_up_and_what_needs_it_comes_later() {
    let placed = hold(0, 1, 30, Some(balance(100, 30)));
    let mut expired = hold(10, NEVER, -30, None);
    expired.after = vec![0];
    let history = |last: Event| vec![placed.clone(), expired.clone(), last];
    assert!(linearizable(&history(read(11, 12, 100, 30))));
    assert!(linearizable(&history(read(11, 12, 100, 0))));
    assert!(!linearizable(&history(read(8, 9, 100, 0))));
    // Two reads that differ, the one with the hold later.
    let mut back = history(read(11, 12, 100, 0));
    back.push(read(13, 14, 100, 30));
    assert!(!linearizable(&back));
}

#[test]
fn what_came_before_is_kept_whatever_the_clock_says() {
    let mut denied = read(0, 10, 100, 0);
    let mut charged = charge(0, 10, 10, 2, 90);
    charged.after = vec![1];
    assert!(linearizable(&[charged.clone(), denied.clone()]));
    denied.shown = Some(balance(90, 0));
    assert!(!linearizable(&[charged, denied]));
}

#[test]
fn a_failure_says_how_far_it_came() {
    let events = [
        charge(0, 1, 10, 2, 90),
        charge(2, 3, 10, 3, 80),
        read(4, 5, 90, 0),
        charge(6, 7, 10, 4, 70),
    ];
    let Verdict::Impossible(stuck) = search(&events).verdict else {
        panic!("not seen");
    };
    let state = State {
        settled: 80,
        spent: 20,
        requests: 2,
        ..State::default()
    };
    assert_eq!(
        stuck,
        Stuck {
            explained: 2,
            state,
            next_seq: 4,
            pending: vec![2]
        }
    );
}

#[test]
fn a_search_that_is_given_up_is_no_proof() {
    let events: Vec<Event> = (0..20).map(|_| hold(0, 100, 1, None)).collect();
    let given_up = linearize(START, 2, &events, 5);
    assert!(matches!(given_up.verdict, Verdict::Undecided(_)));
}

#[test]
fn a_long_history_takes_about_a_state_for_each_change() {
    // Ten at a time, each window in an order that only its answers tell, with misleading hints.
    let mut events = Vec::new();
    let mut settled = 1_000_000_000;
    let start = State { settled, ..START };
    for window in 0..5_000_u64 {
        for place in 0..10_u64 {
            let amount = i64::try_from(place).unwrap() + 1;
            settled -= amount;
            let seq = i64::try_from(events.len()).unwrap() + 2;
            let mut event = charge(window * 10, window * 10 + 9, amount, seq, settled);
            event.hint = -seq;
            events.push(event);
        }
    }
    let searched = linearize(start, 2, &events, PLENTY);
    assert_eq!(searched.verdict, Verdict::Linearizable);
    assert!(searched.states <= 50_001, "{}", searched.states);
    // One amount that is another in the end: every order fails, and soon.
    events.last_mut().unwrap().shown = Some(balance(settled + 1, 0));
    let searched = linearize(start, 2, &events, PLENTY);
    assert!(matches!(searched.verdict, Verdict::Impossible(_)));
}

/// Tries every order.
fn by_force(events: &[Event], taken: &mut Vec<usize>, state: State, next_seq: i64) -> bool {
    if taken.len() == events.len() {
        return true;
    }
    (0..events.len()).any(|number| {
        let event = &events[number];
        let open = (0..events.len()).filter(|other| !taken.contains(other));
        let in_time = open.clone().all(|other| events[other].ended >= event.begun);
        let after = state + event.change;
        let possible = !taken.contains(&number)
            && in_time
            && event.after.iter().all(|before| taken.contains(before))
            && event.seq.is_none_or(|seq| seq == next_seq)
            && after.held >= 0
            && event
                .shown
                .is_none_or(|shown| (shown.settled, shown.held) == (after.settled, after.held));
        if !possible {
            return false;
        }
        taken.push(number);
        let next_seq = next_seq + i64::from(event.seq.is_some());
        let found = by_force(events, taken, after, next_seq);
        taken.pop();
        found
    })
}

/// A history that happened, told with mistakes now and then.
fn by_chance(random: &mut StdRng) -> Vec<Event> {
    let mut state = START;
    let mut seq = 1;
    let mut events = Vec::new();
    for moment in 0..random.random_range(1..7_u64) {
        let amount = random.random_range(1..3);
        let at = moment * 4 + 8;
        let mut event = match random.random_range(0..4) {
            0 => {
                seq += 1;
                charge(at, at, amount, seq, 0)
            }
            1 => hold(at, at, amount, None),
            2 if state.held >= amount => hold(at, at, -amount, None),
            _ => read(at, at, 0, 0),
        };
        state = state + event.change;
        event.shown = Some(balance(state.settled, state.held));
        event.begun -= random.random_range(0..9);
        event.ended += random.random_range(0..9);
        event.hint = random.random_range(0..9);
        if random.random_bool(0.2) {
            event.shown = None;
        }
        if random.random_bool(0.1) {
            event.shown = Some(balance(state.settled + 1, state.held));
        }
        if random.random_bool(0.1) {
            event.ended = NEVER;
        }
        if random.random_bool(0.1) && moment > 0 {
            event.after = vec![random.random_range(0..events.len())];
        }
        events.push(event);
    }
    if random.random_bool(0.3) && events.len() > 1 {
        let (one, other) = (0, random.random_range(1..events.len()));
        let begun = events[one].begun;
        events[one].begun = events[other].begun.min(events[one].ended);
        events[other].begun = begun.min(events[other].ended);
    }
    events
}

#[test]
fn the_search_agrees_with_every_order_by_force() {
    let mut random = StdRng::seed_from_u64(7);
    let mut possible = 0;
    for round in 0..20_000 {
        let events = by_chance(&mut random);
        let by_force = by_force(&events, &mut Vec::new(), START, 2);
        assert_eq!(linearizable(&events), by_force, "{round}: {events:#?}");
        possible += usize::from(by_force);
    }
    // Else it would prove little.
    assert!((4_000..16_000).contains(&possible), "{possible}");
}
