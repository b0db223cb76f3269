//! What pages are made of. Whatever comes from a caller goes through [`escape`].

use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};

use crate::running::unix_now;

pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            sign => escaped.push(sign),
        }
    }
    escaped
}

/// A whole page around a body that is HTML already.
pub fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    let style = include_str!("style.css");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · billing-sandbox</title>\n<style>\n{style}</style>\n</head>\n<body>\n\
         <header><a href=\"/\">billing-sandbox</a> <span>stands in for Stripe and Fondy; no money \
         moves</span></header>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// A button, with fields that are HTML already. Whoever presses it comes back to this payment, or
/// to the overview.
pub fn button(action: &str, fields: &str, label: &str, back: &str) -> String {
    let (action, label, back) = (escape(action), escape(label), escape(back));
    format!(
        "<form method=\"post\" action=\"/sandbox/{action}\"><input type=\"hidden\" name=\"back\" \
         value=\"{back}\">{fields}<button>{label}</button></form>\n"
    )
}

pub fn state(name: &str) -> String {
    let name = escape(name);
    format!(
        "<span class=\"state {name}\">{}</span>",
        name.replace('_', " ")
    )
}

/// How long ago it was, as a person says it.
pub fn ago(second: i64) -> String {
    let secs = unix_now().saturating_sub(second).max(0);
    match secs {
        0..=59 => format!("{secs} s ago"),
        60..=3_599 => format!("{} min ago", secs / 60),
        3_600..=86_399 => format!("{} h ago", secs / 3_600),
        _ => format!("{} d ago", secs / 86_400),
    }
}

/// What a person reads whose button could not be obeyed, with the way back.
pub fn refusal(message: &str, back: &str) -> String {
    let (message, back) = (escape(message), escape(back));
    let body = format!(
        "<h1>That cannot be done</h1>\n<p>{message}</p>\n<p><a href=\"{back}\">Back</a></p>\n"
    );
    page("That cannot be done", &body)
}

pub fn unknown(id: &str) -> String {
    let id = escape(id);
    let body = format!(
        "<h1>No such payment</h1>\n<p><code>{id}</code> is not known here. The sandbox forgets \
         everything when it ends.</p>\n"
    );
    page("No such payment", &body)
}

/// No script, nothing from elsewhere, and forms lead to these places only.
pub fn respond(status: StatusCode, page: String, form_targets: &str) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action {form_targets}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (status, headers, Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::{button, escape};

    #[test]
    fn what_a_caller_wrote_cannot_become_markup() {
        let hostile = "\"><script>alert('x')</script>&";
        for html in [escape(hostile), button(hostile, "", hostile, hostile)] {
            assert!(!html.contains("<script"), "{html}");
            assert!(!html.contains("'x'"), "{html}");
        }
    }
}
