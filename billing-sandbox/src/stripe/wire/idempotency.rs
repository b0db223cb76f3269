//! What an `Idempotency-Key` remembers.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::Value;

use super::error::ApiError;
use super::params::Params;

/// How long Stripe keeps a key.
const KEPT_SECS: i64 = 24 * 60 * 60;

/// How often the old ones are thrown away.
const SWEEP_SECS: i64 = 60;

const KEY_LENGTH_MAX: usize = 255;

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
    /// The request that made it.
    pub request_id: String,
}

/// The keys of the last day.
#[derive(Debug, Default)]
pub struct Keys {
    uses: HashMap<String, Use>,
    /// When the old ones were last thrown away.
    swept_at: i64,
}

#[derive(Debug)]
struct Use {
    since: i64,
    path: String,
    params: Params,
    answer: Option<Answer>,
}

impl Use {
    fn is_kept(&self, now: i64) -> bool {
        self.since.saturating_add(KEPT_SECS) > now
    }
}

impl Keys {
    /// Takes the key for a request. `Some` is the answer that it had; an error where the key was
    /// used for something else, or its request has no answer yet.
    pub fn begin(
        &mut self,
        key: &str,
        path: &str,
        params: &Params,
        now: i64,
    ) -> Result<Option<Answer>, ApiError> {
        if key.len() > KEY_LENGTH_MAX {
            let message = format!("Idempotency keys can have up to {KEY_LENGTH_MAX} characters.");
            return Err(ApiError::idempotency(StatusCode::BAD_REQUEST, message));
        }
        if now >= self.swept_at.saturating_add(SWEEP_SECS) {
            self.uses.retain(|_, used| used.is_kept(now));
            self.swept_at = now;
        }
        let Some(used) = self.uses.get(key).filter(|used| used.is_kept(now)) else {
            let fresh = Use {
                since: now,
                path: path.to_owned(),
                params: params.clone(),
                answer: None,
            };
            self.uses.insert(key.to_owned(), fresh);
            return Ok(None);
        };
        let differs = |what: &str| {
            let message = format!(
                "Keys for idempotent requests can only be used {what}. Try using a key other \
                 than '{key}' if you meant to execute a different request."
            );
            ApiError::idempotency(StatusCode::BAD_REQUEST, message)
        };
        if used.path != path {
            let what = format!(
                "for the same endpoint they were first used for ('{}')",
                used.path
            );
            return Err(differs(&what));
        }
        if used.params != *params {
            return Err(differs(
                "with the same parameters they were first used with",
            ));
        }
        match &used.answer {
            Some(answer) => Ok(Some(answer.clone())),
            None => Err(in_use(key)),
        }
    }

    /// Gives the key its answer.
    pub fn keep(&mut self, key: &str, answer: Answer) {
        if let Some(used) = self.uses.get_mut(key) {
            used.answer = Some(answer);
        }
    }

    /// Lets the key be used again, since its request was not accepted.
    pub fn forget(&mut self, key: &str) {
        self.uses.remove(key);
    }
}

fn in_use(key: &str) -> ApiError {
    let message = format!(
        "There is currently another in-progress request using this Idempotent Key (that probably \
         means you submitted twice, and the other request is still going through): {key}. Please \
         try again later."
    );
    ApiError::idempotency(StatusCode::CONFLICT, message).code("idempotency_key_in_use")
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::{Answer, KEPT_SECS, Keys};
    use crate::stripe::wire::params::Params;

    #[test]
    fn a_key_answers_again_for_a_day_and_is_then_new() {
        let params = Params::parse(b"amount=1").unwrap();
        let mut keys = Keys::default();
        assert!(
            keys.begin("k", "/v1/refunds", &params, 0)
                .unwrap()
                .is_none()
        );
        let busy = keys.begin("k", "/v1/refunds", &params, 0).unwrap_err();
        assert_eq!(busy.status_code(), StatusCode::CONFLICT);
        keys.keep(
            "k",
            Answer {
                status: StatusCode::OK,
                body: json!({}),
                request_id: "req_1".to_owned(),
            },
        );
        let last = KEPT_SECS - 1;
        assert!(
            keys.begin("k", "/v1/refunds", &params, last)
                .unwrap()
                .is_some()
        );
        let elsewhere = keys.begin("k", "/v1/customers", &params, last).unwrap_err();
        assert_eq!(elsewhere.status_code(), StatusCode::BAD_REQUEST);
        let other = Params::parse(b"amount=2").unwrap();
        assert!(keys.begin("k", "/v1/refunds", &other, last).is_err());
        assert!(
            keys.begin("k", "/v1/refunds", &other, KEPT_SECS)
                .unwrap()
                .is_none()
        );
    }
}
