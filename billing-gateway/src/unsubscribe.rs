//! `/api/billing/unsubscribe/{token}`: the link in a mail by which its reader ends mail of its kind,
//! without signing in. Following it shows a page and changes nothing, since scanners of mail follow
//! links; the button, or the reader's mail program (RFC 8058), posts to it.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use billing_proto::v1::{ErrorReason, UnsubscribeRequest};
use sha2::{Digest, Sha256};

use crate::core::{Core, CoreError};
use crate::language::Language;
use crate::problem::{ApiError, Problem};

/// The page's own style and its own form, and nothing else.
static PAGE_POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});
const NO_INDEX: (HeaderName, &str) = (HeaderName::from_static("x-robots-tag"), "noindex");

const STYLE: &str = include_str!("unsubscribe.css");

/// How it stands with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Asks,
    Ended,
    Expired,
    Unknown,
    /// Nobody knows: it may be asked for again.
    Failed,
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
        (status = "5XX", description = "Not at present; a page says so", content_type = "text/html"),
    )
)]
pub(crate) async fn post(
    core: Core,
    language: Language,
    token: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(token)) = token else {
        return Page::Unknown.response(language);
    };
    let page = match core.unsubscribe(UnsubscribeRequest { token }).await {
        Ok(_) => Page::Ended,
        Err(CoreError::InvalidField { .. } | CoreError::NotFound) => Page::Unknown,
        Err(CoreError::Refused(refusal))
            if refusal.reason == ErrorReason::UnsubscribeLinkExpired =>
        {
            Page::Expired
        }
        Err(error) => return Page::Failed.in_place_of(error.into_api(&[]), language),
    };
    page.response(language)
}

impl Page {
    fn response(self, language: Language) -> Response {
        let status = match self {
            Self::Asks | Self::Ended => StatusCode::OK,
            Self::Expired => StatusCode::GONE,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Failed => StatusCode::SERVICE_UNAVAILABLE,
        };
        let policy = (header::CONTENT_SECURITY_POLICY, PAGE_POLICY.as_str());
        let page = Html(self.html(language));
        (status, [policy], [NO_INDEX], page).into_response()
    }

    /// With the status and the headers of an error, which only programs can read.
    fn in_place_of(self, error: ApiError, language: Language) -> Response {
        let mut response = self.response(language);
        let error = error.into_response();
        *response.status_mut() = error.status();
        if let Some(wait) = error.headers().get(header::RETRY_AFTER) {
            let wait = wait.clone();
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }

    fn html(self, language: Language) -> String {
        let code = language.code();
        let [title, text] = self.words(language);
        let form = match (self, language) {
            (Self::Asks, Language::English) => form("Stop these mails"),
            (Self::Asks, Language::Ukrainian) => form("Більше не надсилати"),
            (Self::Failed, Language::English) => form("Try again"),
            (Self::Failed, Language::Ukrainian) => form("Спробувати ще раз"),
            _ => String::new(),
        };
        format!(
            "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n{form}</main>\n</body>\n</html>\n"
        )
    }

    /// Title and text.
    const fn words(self, language: Language) -> [&'static str; 2] {
        match (self, language) {
            (Self::Asks, Language::English) => [
                "Stop warnings of a low balance?",
                "We will no longer write to you when your balance is low or used up. Receipts will still come.",
            ],
            (Self::Asks, Language::Ukrainian) => [
                "Не попереджати про низький баланс?",
                "Ми більше не писатимемо вам, коли баланс низький або вичерпаний. Квитанції надходитимуть і далі.",
            ],
            (Self::Ended, Language::English) => [
                "These mails have ended",
                "We will no longer write to you when your balance is low or used up. You can turn this on again in your settings.",
            ],
            (Self::Ended, Language::Ukrainian) => [
                "Цих листів більше не буде",
                "Ми більше не писатимемо вам, коли баланс низький або вичерпаний. Увімкнути ці листи знову можна в налаштуваннях.",
            ],
            (Self::Expired, Language::English) => [
                "This link has ended",
                "Nothing was changed. Please use the link in a newer mail, or turn these mails off in your settings.",
            ],
            (Self::Expired, Language::Ukrainian) => [
                "Термін дії посилання минув",
                "Нічого не змінено. Скористайтеся посиланням у новішому листі або вимкніть ці листи в налаштуваннях.",
            ],
            (Self::Unknown, Language::English) => [
                "This link does not work",
                "Nothing was changed. Please use the whole link of the mail, or turn these mails off in your settings.",
            ],
            (Self::Unknown, Language::Ukrainian) => [
                "Це посилання не працює",
                "Нічого не змінено. Скористайтеся повним посиланням із листа або вимкніть ці листи в налаштуваннях.",
            ],
            (Self::Failed, Language::English) => [
                "That did not work just now",
                "The fault is ours. Please try again in a minute; to ask twice does no harm.",
            ],
            (Self::Failed, Language::Ukrainian) => [
                "Зараз не вдалося",
                "Помилка на нашому боці. Спробуйте ще раз за хвилину: повторний запит не зашкодить.",
            ],
        }
    }
}

/// Posts to where the page is, what a mail program posts.
fn form(label: &str) -> String {
    format!(
        "<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
         <button>{label}</button></form>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::Page;
    use crate::language::Language;

    #[test]
    fn a_page_has_a_button_where_one_may_ask_and_runs_or_loads_nothing() {
        for language in [Language::English, Language::Ukrainian] {
            for page in [
                Page::Asks,
                Page::Ended,
                Page::Expired,
                Page::Unknown,
                Page::Failed,
            ] {
                let html = page.html(language);
                let asks = matches!(page, Page::Asks | Page::Failed);
                assert_eq!(html.contains("<form"), asks, "{html}");
                for loading in ["<script", "src=", "href=", "url(", "@import", " style="] {
                    assert!(!html.contains(loading), "{html}");
                }
            }
        }
    }
}
