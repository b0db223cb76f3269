//! Addresses and headers that settings name.

use axum::http::{HeaderName, HeaderValue};
use reqwest::Url;

use super::ConfigError;

/// None for an address over whose connection anybody could answer: it must be https, or on loopback.
pub(crate) fn guarded_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let good = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    good.then_some(url)
}

/// Whether it says who signs in: `https://user:password@host`.
pub(crate) fn has_user(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
}

/// `url` with further parts of its path. Every http URL has a path.
pub(crate) fn extend(url: &mut Url, parts: &[&str]) {
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || literal
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

/// Only `scheme://host[:port]` is ever sent by a browser; anything else would never match.
pub(crate) fn origins(name: &'static str, list: &str) -> Result<Vec<HeaderValue>, ConfigError> {
    list.split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty())
        .map(|origin| {
            let exact = Url::parse(origin).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.origin().ascii_serialization() == origin
            });
            HeaderValue::from_str(origin)
                .ok()
                .filter(|_| exact)
                .ok_or_else(|| ConfigError::Origin(name, origin.to_owned()))
        })
        .collect()
}

/// `*` is none: with credentials a browser takes it for a name.
pub(crate) fn header_names(list: &str) -> Result<Vec<HeaderName>, ConfigError> {
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            HeaderName::try_from(name)
                .ok()
                .filter(|_| name != "*")
                .ok_or_else(|| ConfigError::Header(name.to_owned()))
        })
        .collect()
}
