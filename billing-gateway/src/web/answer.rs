//! One file as an answer: in the coding that the browser takes, or 304 where it has it.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::folder::{self, Coding, File};
use crate::entity_tag;

/// For how long a browser keeps a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// What is in it is in its name.
    ForEver,
    AskedEachTime,
}

impl Kept {
    pub(super) fn of(name: &str) -> Self {
        if folder::is_asset(name) {
            Self::ForEver
        } else {
            Self::AskedEachTime
        }
    }

    const fn cache_control(self) -> &'static str {
        match self {
            Self::ForEver => "public, max-age=31536000, immutable",
            Self::AskedEachTime => entity_tag::ASKED_EACH_TIME,
        }
    }
}

pub(super) fn file(file: &File, asked: &HeaderMap, kept: Kept) -> Response {
    let (coding, body) = file.body(|coding| takes(asked, coding));
    let mut response = if entity_tag::has(asked, &body.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = body.bytes.clone().into_response();
        let headers = response.headers_mut();
        let content_type = HeaderValue::from_static(file.content_type);
        headers.insert(header::CONTENT_TYPE, content_type);
        if let Some(coding) = coding {
            let coding = HeaderValue::from_static(coding.name());
            headers.insert(header::CONTENT_ENCODING, coding);
        }
        response
    };
    let headers = response.headers_mut();
    // A tag is hexadecimal digits between quotes.
    if let Ok(tag) = HeaderValue::from_str(&body.tag) {
        headers.insert(header::ETAG, tag);
    }
    let cache_control = HeaderValue::from_static(kept.cache_control());
    headers.insert(header::CACHE_CONTROL, cache_control);
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Whether the browser names the coding and does not refuse it by a weight of nothing.
fn takes(asked: &HeaderMap, coding: Coding) -> bool {
    let named = |entry: &str| {
        let mut parts = entry.split(';').map(str::trim);
        let is_it = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(coding.name()));
        let refused = parts.any(|weight| {
            let weight = weight.strip_prefix("q=").or(weight.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.bytes().all(|byte| matches!(byte, b'0' | b'.')))
        });
        is_it && !refused
    };
    asked
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(named)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::takes;
    use crate::web::folder::Coding;

    #[test]
    fn a_coding_is_taken_where_it_is_named_and_not_refused() {
        for (given, brotli, gzip) in [
            ("gzip, deflate, br, zstd", true, true),
            ("GZIP;q=0.5", false, true),
            ("br;q=0, gzip; q=0.000", false, false),
            ("br;q=0.001", true, false),
            ("brotli, x-gzip, *", false, false),
            ("", false, false),
        ] {
            let value = HeaderValue::from_static(given);
            let asked = HeaderMap::from_iter([(header::ACCEPT_ENCODING, value)]);
            assert_eq!(takes(&asked, Coding::Brotli), brotli, "{given}");
            assert_eq!(takes(&asked, Coding::Gzip), gzip, "{given}");
        }
    }
}
