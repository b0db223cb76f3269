//! Whether another's clock is ours.

use jiff::{SignedDuration, Timestamp};

use super::Finding;

const WARN_FROM: SignedDuration = SignedDuration::from_secs(2);
/// Signatures of webhooks hold for five minutes, tokens of users often for as long.
const MEND_FROM: SignedDuration = SignedDuration::from_secs(60);

/// Another's clock, and by how much ours may be wrong about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// By how much the other is ahead of us.
    ahead: SignedDuration,
    uncertain: SignedDuration,
}

/// The other's clock, which was read at some time between `before` and `after` of ours, and tells no
/// less than `granularity`.
pub fn reading(
    before: Timestamp,
    theirs: Timestamp,
    after: Timestamp,
    granularity: SignedDuration,
) -> Reading {
    let between = after.duration_since(before) / 2;
    let ours = before.checked_add(between).unwrap_or(before);
    let theirs = theirs.checked_add(granularity / 2).unwrap_or(theirs);
    Reading {
        ahead: theirs.duration_since(ours),
        uncertain: between.abs().saturating_add(granularity / 2),
    }
}

/// `whose` clock it is.
pub fn judge(whose: &str, reading: Reading) -> Finding {
    let Reading { ahead, uncertain } = reading;
    let at_least = ahead.abs().saturating_sub(uncertain);
    let word = if ahead.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    let (millis, of_it) = (ahead.abs().as_millis(), uncertain.as_millis());
    let looked_at = format!("{whose} is {millis} ms {word} ours (within {of_it} ms)");
    let to_do = "let both machines keep their time by NTP";
    if at_least >= MEND_FROM {
        let wrong = "signatures and tokens that hold for minutes are refused, or hold for longer";
        Finding::mend("clock", looked_at, wrong, to_do)
    } else if at_least >= WARN_FROM {
        Finding::warn("clock", looked_at, "the clocks differ", to_do)
    } else {
        Finding::ok("clock", looked_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(ahead_ms: i64, trip_ms: i64, granularity: SignedDuration) -> &'static str {
        let before = Timestamp::from_second(1_764_000_000).unwrap();
        let half = SignedDuration::from_millis(trip_ms / 2);
        let theirs = before + half + SignedDuration::from_millis(ahead_ms) - granularity / 2;
        let after = before + half + half;
        judge(
            "the database's",
            reading(before, theirs, after, granularity),
        )
        .verdict
        .level()
    }

    #[test]
    fn a_clock_is_judged_by_what_is_certain_of_it() {
        let exact = SignedDuration::ZERO;
        for (ahead_ms, trip_ms, granularity, expected) in [
            (0, 10, exact, "ok"),
            (1_990, 0, exact, "ok"),
            (2_010, 0, exact, "warn"),
            (-2_010, 0, exact, "warn"),
            // It may have been read at the very end of a slow trip.
            (2_010, 1_000, exact, "ok"),
            (59_000, 0, exact, "warn"),
            (60_010, 0, exact, "mend"),
            (-3_600_000, 100, exact, "mend"),
            // The Date of HTTP tells whole seconds.
            (2_400, 0, SignedDuration::from_secs(1), "ok"),
            (2_510, 0, SignedDuration::from_secs(1), "warn"),
        ] {
            assert_eq!(
                level(ahead_ms, trip_ms, granularity),
                expected,
                "{ahead_ms} {trip_ms}"
            );
        }
    }

    #[test]
    fn it_says_which_way() {
        let at = |ms: i64| Timestamp::from_millisecond(1_764_000_000_000 + ms).unwrap();
        let ahead = judge(
            "the core's",
            reading(at(0), at(90_005), at(10), SignedDuration::ZERO),
        );
        assert_eq!(
            ahead.looked_at,
            "the core's is 90000 ms ahead of ours (within 5 ms)"
        );
        let behind = judge(
            "the core's",
            reading(at(0), at(-4_995), at(10), SignedDuration::ZERO),
        );
        assert_eq!(
            behind.looked_at,
            "the core's is 5000 ms behind ours (within 5 ms)"
        );
    }
}
