//! `/api/billing/unsubscribe/{token}`: the link in a mail by which its reader ends mail of its kind,
//! without signing in. Following it shows a page and changes nothing, since scanners of mail follow
//! links; the button, or the reader's mail program (RFC 8058), posts to it.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use billing_proto::v1::{ErrorReason, UnsubscribeRequest};

use crate::core::{Core, CoreError};
use crate::problem::{ApiError, Problem};

const PAGE_POLICY: (HeaderName, &str) = (
    header::CONTENT_SECURITY_POLICY,
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
);
const NO_INDEX: (HeaderName, &str) = (HeaderName::from_static("x-robots-tag"), "noindex");

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;\
    padding:0 1rem}button{font:inherit;padding:.5rem 1rem}:root{color-scheme:light dark}";

/// The language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Ukrainian,
}

/// How it stands with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Asks,
    Ended,
    Expired,
    Unknown,
}

/// The page behind a link of `List-Unsubscribe`
///
/// Asks; nothing is changed by it.
#[utoipa::path(
    get,
    path = "/api/billing/unsubscribe/{token}",
    operation_id = "askToUnsubscribe",
    tag = "mail",
    params(("token" = String, Path, description = "As the mail had it")),
    responses(
        (status = 200, description = "A page with a button", content_type = "text/html"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(language: Language) -> Response {
    Page::Asks.response(language)
}

/// Ends the mail that a link is about
///
/// As mail programs do it for their readers (RFC 8058), and the page's button. May be repeated.
#[utoipa::path(
    post,
    path = "/api/billing/unsubscribe/{token}",
    operation_id = "unsubscribe",
    tag = "mail",
    params(("token" = String, Path, description = "As the mail had it")),
    responses(
        (status = 200, description = "Ended; a page says so", content_type = "text/html"),
        (status = 404, description = "The link is none of ours", content_type = "text/html"),
        (status = 410, description = "The link has ended", content_type = "text/html"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn post(
    core: Core,
    language: Language,
    token: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Ok(Path(token)) = token else {
        return Ok(Page::Unknown.response(language));
    };
    let page = match core.unsubscribe(UnsubscribeRequest { token }).await {
        Ok(_) => Page::Ended,
        Err(CoreError::InvalidField { .. } | CoreError::NotFound) => Page::Unknown,
        Err(CoreError::Refused(refusal))
            if refusal.reason == ErrorReason::UnsubscribeLinkExpired =>
        {
            Page::Expired
        }
        Err(error) => return Err(error.into_api(&[])),
    };
    Ok(page.response(language))
}

impl Page {
    fn response(self, language: Language) -> Response {
        let status = match self {
            Self::Asks | Self::Ended => StatusCode::OK,
            Self::Expired => StatusCode::GONE,
            Self::Unknown => StatusCode::NOT_FOUND,
        };
        let page = Html(self.html(language));
        (status, [PAGE_POLICY, NO_INDEX], page).into_response()
    }

    fn html(self, language: Language) -> String {
        let code = language.code();
        let [title, text] = self.words(language);
        let form = match (self, language) {
            (Self::Asks, Language::English) => form("Stop these mails"),
            (Self::Asks, Language::Ukrainian) => form("Більше не надсилати"),
            _ => String::new(),
        };
        format!(
            "<!doctype html><html lang=\"{code}\"><meta charset=\"utf-8\"><title>{title}</title>\
             <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style>\
             <h1>{title}</h1><p>{text}</p>{form}</html>\n"
        )
    }

    /// Title and text.
    const fn words(self, language: Language) -> [&'static str; 2] {
        match (self, language) {
            (Self::Asks, Language::English) => [
                "Stop warnings of a low balance?",
                "You will get no more mail when your balance is low. Receipts still come.",
            ],
            (Self::Asks, Language::Ukrainian) => [
                "Не попереджати про низький баланс?",
                "Ви більше не отримуватимете листів про низький баланс. Квитанції надходитимуть і далі.",
            ],
            (Self::Ended, Language::English) => [
                "These mails have ended",
                "You will get no more mail when your balance is low. You can turn it on again in your settings.",
            ],
            (Self::Ended, Language::Ukrainian) => [
                "Цих листів більше не буде",
                "Ви більше не отримуватимете листів про низький баланс. Увімкнути їх знову можна в налаштуваннях.",
            ],
            (Self::Expired, Language::English) => [
                "This link has ended",
                "Nothing was changed. Please use the link in a newer mail, or your settings.",
            ],
            (Self::Expired, Language::Ukrainian) => [
                "Термін дії посилання минув",
                "Нічого не змінено. Скористайтеся посиланням у новішому листі або налаштуваннями.",
            ],
            (Self::Unknown, Language::English) => [
                "This link does not work",
                "Nothing was changed. Please use the whole link of the mail, or your settings.",
            ],
            (Self::Unknown, Language::Ukrainian) => [
                "Це посилання не працює",
                "Нічого не змінено. Скористайтеся повним посиланням із листа або налаштуваннями.",
            ],
        }
    }
}

/// Posts to where the page is, what a mail program posts.
fn form(label: &str) -> String {
    format!(
        "<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
         <button>{label}</button></form>"
    )
}

impl Language {
    const fn code(self) -> &'static str {
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

    use super::{Language, Page};

    #[test]
    fn a_page_speaks_the_first_of_our_languages_that_the_reader_names() {
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

    #[test]
    fn only_the_page_that_asks_has_a_button_and_none_runs_or_loads_anything() {
        for language in [Language::English, Language::Ukrainian] {
            for page in [Page::Asks, Page::Ended, Page::Expired, Page::Unknown] {
                let html = page.html(language);
                assert_eq!(html.contains("<form"), page == Page::Asks, "{html}");
                for loading in ["<script", "src=", "href=", "url("] {
                    assert!(!html.contains(loading), "{html}");
                }
            }
        }
    }
}
