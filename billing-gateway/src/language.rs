//! In which of our languages a person is told something.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::problem::ApiError;

/// The languages that people are told something in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Ukrainian,
}

impl Language {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Ukrainian => "uk",
        }
    }

    /// The first of ours that is named; browsers name the preferred one first.
    fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        let primary = |tag: &str| {
            let tag = tag.trim().split([';', '-']).next().unwrap_or_default();
            tag.to_ascii_lowercase()
        };
        let mut tags = accepted.unwrap_or_default().split(',').map(primary);
        match tags.find(|tag| tag == "en" || tag == "uk").as_deref() {
            Some("uk") => Self::Ukrainian,
            _ => Self::English,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::Language;

    #[test]
    fn readers_are_told_in_the_first_of_our_languages_that_they_name() {
        for (named, language) in [
            ("uk-UA,uk;q=0.9,en;q=0.8", Language::Ukrainian),
            ("de, uk;q=0.5, en;q=0.3", Language::Ukrainian),
            ("en-GB,uk;q=0.5", Language::English),
            ("de", Language::English),
            ("", Language::English),
        ] {
            let value = HeaderValue::from_static(named);
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, value)]);
            assert_eq!(Language::of(&headers), language, "{named}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
