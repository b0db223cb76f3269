//! Answers that a client need not be sent again where it has them (RFC 9110, section 13.1.2): the tag is made
//! of the bytes, so that one byte that changes makes another.

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::problem::ApiError;

/// It is kept, and asked about each time: a change is seen at once.
pub(crate) const ASKED_EACH_TIME: &str = "no-cache";
/// The same for what is one user's.
pub(crate) const ASKED_BY_ITS_OWNER: &str = "private, no-cache";

/// Enough of the digest that no two answers share it.
const TAG_BYTES: usize = 16;

/// An answer with its tag, or 304 where the client has it.
pub(crate) fn answer(
    asked: &HeaderMap,
    content_type: &'static str,
    cache_control: &'static str,
    body: Vec<u8>,
) -> Result<Response, ApiError> {
    let tag = tag(&body);
    let mut response = if has(asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type)], body).into_response()
    };
    let headers = response.headers_mut();
    let tag = HeaderValue::try_from(tag).map_err(ApiError::fault)?;
    headers.insert(header::ETAG, tag);
    let cache_control = HeaderValue::from_static(cache_control);
    headers.insert(header::CACHE_CONTROL, cache_control);
    // Whose token it is, and which tenant is named, may change what is answered.
    let vary = HeaderValue::from_static("authorization, x-tenant-id");
    headers.append(header::VARY, vary);
    Ok(response)
}

pub(crate) fn json(
    asked: &HeaderMap,
    cache_control: &'static str,
    body: &impl Serialize,
) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(body).map_err(ApiError::fault)?;
    answer(asked, "application/json", cache_control, body)
}

pub(crate) fn tag(body: &[u8]) -> String {
    let mut tag = String::from("\"");
    for byte in Sha256::digest(body).into_iter().take(TAG_BYTES) {
        // A String takes whatever is written.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Compared weakly, since proxies that compress an answer weaken its tag.
pub(crate) fn has(asked: &HeaderMap, tag: &str) -> bool {
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{answer, tag};

    fn status(given: &str) -> u16 {
        let mut asked = HeaderMap::new();
        asked.insert(header::IF_NONE_MATCH, HeaderValue::from_str(given).unwrap());
        let answer = answer(&asked, "text/plain", "no-cache", b"x".to_vec()).unwrap();
        answer.status().as_u16()
    }

    #[test]
    fn who_has_the_answer_is_not_sent_it_again() {
        let (same, other) = (tag(b"x"), tag(b"y"));
        for given in [
            same.clone(),
            format!("W/{same}"),
            format!("{other}, {same}"),
            "*".to_owned(),
        ] {
            assert_eq!(status(&given), 304, "{given}");
        }
        for given in [other.clone(), format!("W/{other}"), String::new()] {
            assert_eq!(status(&given), 200, "{given}");
        }
    }
}
