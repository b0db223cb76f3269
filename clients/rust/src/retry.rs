//! Which errors are worth another try, and how long to wait before it.

use std::error::Error as _;
use std::time::Duration;

use billing_proto::reason::DOMAIN;
use billing_proto::retry;
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::StatusExt as _;

const FIRST: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_millis(400);

/// Whether the core itself says so. Else a connection broke, or a proxy gave up.
pub(crate) fn is_cores_word(status: &Status) -> bool {
    let info = status.get_details_error_info();
    info.is_some_and(|info| info.domain == DOMAIN)
}

/// Whether the core has answered for good, though with an error. If not, nobody knows what became of
/// the request, or a fault of the core's kept it from an answer: the same one with the same key will tell.
pub(crate) fn is_answer(status: &Status) -> bool {
    let is_later = matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Internal
    );
    !is_later && is_cores_word(status)
}

/// Whether the same request may be answered if it is made again. Every request of this client reads, has
/// a key, or names a hold, so each may be.
pub(crate) fn may_repeat(status: &Status) -> bool {
    let broke = matches!(
        status.code(),
        Code::Cancelled | Code::Internal | Code::Unknown
    );
    retry::may_help(status) || broke && !is_cores_word(status) && !is_own_patience(status)
}

/// The deadline has passed on this side, which tonic calls CANCELLED.
fn is_own_patience(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The pauses between repeats: 25, 50, … 400 ms, each varied, so that backends that lost the core
/// together do not come back together.
#[derive(Debug)]
pub(crate) struct Pauses {
    next: Duration,
    /// How much of the time may still be paused.
    left: Duration,
}

impl Pauses {
    /// Together at most half of the time, so that the last try has time for its answer.
    pub(crate) fn within(deadline: Duration) -> Self {
        Self {
            next: FIRST,
            left: deadline / 2,
        }
    }

    /// One try.
    pub(crate) fn none() -> Self {
        Self::within(Duration::ZERO)
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = varied(self.next);
        self.left = self.left.checked_sub(pause)?;
        self.next = LONGEST.min(self.next * 2);
        Some(pause)
    }
}

/// Between half of it and all of it.
pub(crate) fn varied(pause: Duration) -> Duration {
    let half = pause / 2;
    half + rand::random_range(Duration::ZERO..=half)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use tonic::{Code, Status};
    use tonic_types::{ErrorDetails, StatusExt as _};

    use super::{Pauses, is_answer, may_repeat};

    fn of_core(code: Code, reason: &str) -> Status {
        let none = HashMap::<String, String>::new();
        let details = ErrorDetails::with_error_info(reason, "billing", none);
        Status::with_error_details(code, "why", details)
    }

    #[test]
    fn what_is_lost_on_the_way_is_repeated_and_what_the_core_says_is_not() {
        for (status, repeated, answer) in [
            (of_core(Code::Unavailable, "OUTCOME_UNKNOWN"), true, false),
            (Status::unavailable("connect"), true, false),
            (Status::cancelled("reset"), true, false),
            (Status::internal("h2"), true, false),
            (Status::unknown("broken pipe"), true, false),
            (of_core(Code::Internal, "INTERNAL"), false, false),
            (of_core(Code::ResourceExhausted, "OVERLOADED"), false, false),
            (
                of_core(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
                false,
                false,
            ),
            (of_core(Code::FailedPrecondition, "HOLD_ENDED"), false, true),
            (Status::unimplemented("a proxy's page"), false, false),
        ] {
            assert_eq!(may_repeat(&status), repeated, "{status:?}");
            assert_eq!(is_answer(&status), answer, "{status:?}");
        }
    }

    #[test]
    fn pauses_double_up_to_400_ms_and_take_at_most_half_of_the_time() {
        let pauses: Vec<_> = Pauses::within(Duration::from_secs(5)).collect();
        let longest = [25, 50, 100, 200, 400, 400, 400].map(Duration::from_millis);
        for (pause, longest) in pauses.iter().zip(longest) {
            assert!((longest / 2..=longest).contains(pause), "{pauses:?}");
        }
        assert!(pauses.iter().sum::<Duration>() <= Duration::from_millis(2500));
        assert!(pauses.len() >= 9, "{pauses:?}");
        assert_eq!(Pauses::none().count(), 0);
    }
}
