//! How much one client may ask: so many requests in a minute for each user, and for each client
//! address. Answers carry the draft headers `RateLimit-Policy` and `RateLimit`.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::Quota;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};

use crate::problem::{ApiError, whole_secs};

const WINDOW: Duration = Duration::from_mins(1);
/// How many users, or addresses, are remembered. An entry is 150 bytes and its name.
const REMEMBERED_MAX: usize = 100_000;
/// Making room looks at every entry, so it is not done for each newcomer.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

type Bucket =
    governor::RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// One bucket for each `K`, in bounded memory.
#[derive(Debug)]
pub(crate) struct RateLimit<K> {
    /// The name of the policy in the headers.
    name: &'static str,
    per_window: NonZeroU32,
    remembered_max: usize,
    buckets: Mutex<Buckets<K>>,
}

#[derive(Debug)]
struct Buckets<K> {
    by_key: HashMap<K, Remembered>,
    /// For newcomers while there is no room for them: they share one.
    overflow: Arc<Bucket>,
    swept: Option<Instant>,
}

#[derive(Debug)]
struct Remembered {
    bucket: Arc<Bucket>,
    seen: Instant,
}

/// What is left after a request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    remaining: u32,
    /// Until everything is allowed again, or, after a refusal, until one request is.
    reset: Duration,
    pub(crate) refused: bool,
}

impl<K: Eq + Hash> RateLimit<K> {
    pub(crate) fn new(name: &'static str, per_minute: NonZeroU32) -> Self {
        // From 0 on, so that the first refusal is seen to be one.
        metrics::counter!("http.server.rate_limited", "policy" => name).increment(0);
        Self::remembering(name, per_minute, REMEMBERED_MAX)
    }

    fn remembering(name: &'static str, per_window: NonZeroU32, remembered_max: usize) -> Self {
        Self {
            name,
            per_window,
            remembered_max,
            buckets: Mutex::new(Buckets {
                by_key: HashMap::new(),
                overflow: Arc::new(bucket(per_window)),
                swept: None,
            }),
        }
    }

    /// Counts one request of `key`.
    pub(crate) fn count(&self, key: K) -> Allowance {
        let bucket = self.bucket_of(key, Instant::now());
        match bucket.check() {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let used = self.per_window.get().saturating_sub(remaining);
                let each = state.quota().replenish_interval();
                Allowance {
                    remaining,
                    reset: each.saturating_mul(used),
                    refused: false,
                }
            }
            Err(until) => Allowance {
                remaining: 0,
                reset: until.wait_time_from(DefaultClock::default().now()),
                refused: true,
            },
        }
    }

    fn bucket_of(&self, key: K, now: Instant) -> Arc<Bucket> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remembered) = buckets.by_key.get_mut(&key) {
            remembered.seen = now;
            return Arc::clone(&remembered.bucket);
        }
        if buckets.by_key.len() >= self.remembered_max {
            buckets.sweep(now);
        }
        if buckets.by_key.len() >= self.remembered_max {
            return Arc::clone(&buckets.overflow);
        }
        let bucket = Arc::new(bucket(self.per_window));
        let remembered = Remembered {
            bucket: Arc::clone(&bucket),
            seen: now,
        };
        buckets.by_key.insert(key, remembered);
        bucket
    }

    /// Lets the request pass, or refuses it; either way the answer says what is left.
    pub(crate) async fn pass(&self, key: K, request: Request, next: Next) -> Response {
        let allowance = self.count(key);
        let mut response = if allowance.refused {
            metrics::counter!("http.server.rate_limited", "policy" => self.name).increment(1);
            ApiError::RateLimited {
                retry_after: allowance.reset,
            }
            .into_response()
        } else {
            next.run(request).await
        };
        let (name, quota, window) = (self.name, self.per_window, WINDOW.as_secs());
        let policy = format!("\"{name}\";q={quota};w={window}");
        let reset = whole_secs(allowance.reset);
        let state = format!("\"{name}\";r={};t={reset}", allowance.remaining);
        for (header, value) in [(POLICY, policy), (STATE, state)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().append(header, value);
            }
        }
        response
    }
}

impl<K: Eq + Hash> Buckets<K> {
    /// Forgets whoever did not ask for a whole window: their buckets are full again.
    fn sweep(&mut self, now: Instant) {
        let recent = |at: Instant, pause| now.saturating_duration_since(at) < pause;
        if self.swept.is_some_and(|at| recent(at, SWEEP_PAUSE)) {
            return;
        }
        self.swept = Some(now);
        self.by_key
            .retain(|_, remembered| recent(remembered.seen, WINDOW));
    }
}

fn bucket(per_minute: NonZeroU32) -> Bucket {
    governor::RateLimiter::direct(Quota::per_minute(per_minute))
        .with_middleware::<StateInformationMiddleware>()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::{Duration, Instant};

    use super::RateLimit;

    fn limit(per_minute: u32, remembered_max: usize) -> RateLimit<u32> {
        RateLimit::remembering("user", NonZeroU32::new(per_minute).unwrap(), remembered_max)
    }

    #[test]
    fn each_key_has_its_own_allowance_and_is_told_what_is_left() {
        let limit = limit(3, 100);
        let remaining: Vec<_> = (0..3).map(|_| limit.count(1).remaining).collect();
        assert_eq!(remaining, [2, 1, 0]);
        let refused = limit.count(1);
        assert!(refused.refused);
        assert!(
            refused.reset > Duration::from_secs(15),
            "{:?}",
            refused.reset
        );
        assert!(
            refused.reset <= Duration::from_secs(20),
            "{:?}",
            refused.reset
        );
        assert!(!limit.count(2).refused);
    }

    #[test]
    fn memory_stays_bounded_and_newcomers_share_what_is_left() {
        let limit = limit(3, 10);
        for key in 0..1000 {
            limit.count(key);
        }
        assert_eq!(limit.buckets.lock().unwrap().by_key.len(), 10);
        // Newcomers 10 to 1000 used up the shared bucket; whoever is remembered kept his own.
        assert!(limit.count(5000).refused);
        assert!(!limit.count(0).refused);
    }

    #[test]
    fn who_did_not_ask_for_a_window_is_forgotten_when_room_is_needed() {
        let limit = limit(3, 10);
        let start = Instant::now();
        for key in 0..10 {
            limit.bucket_of(key, start);
        }
        let later = start + Duration::from_secs(61);
        limit.bucket_of(0, later);
        limit.bucket_of(99, later);
        let buckets = limit.buckets.lock().unwrap();
        let mut keys: Vec<_> = buckets.by_key.keys().copied().collect();
        keys.sort_unstable();
        assert_eq!(keys, [0, 99]);
    }
}
