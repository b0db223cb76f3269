//! `/openapi.json`, and `/docs`: the same for people, one page without scripts.

use std::fmt::Write;
use std::future::{Ready, ready};

use axum::http::{HeaderName, header};
use axum::response::{Html, IntoResponse, Response};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;

use crate::openapi;
use crate::problem::kind::KINDS;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;\
    padding:0 1rem}code{background:#8882;padding:.1em .3em}td,th{text-align:left;\
    padding:.2rem 1rem .2rem 0}:root{color-scheme:light dark}:target{outline:2px solid}";

const PAGE_POLICY: (HeaderName, &str) = (
    header::CONTENT_SECURITY_POLICY,
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
);

/// Answers with the document.
pub(crate) fn json(document: &OpenApi) -> impl Fn() -> Ready<Response> + Clone + Send + use<> {
    let text = openapi::printed(document).unwrap_or_default();
    move || {
        let json = [(header::CONTENT_TYPE, "application/json")];
        ready((json, text.clone()).into_response())
    }
}

/// Answers with the page.
pub(crate) fn page(document: &OpenApi) -> impl Fn() -> Ready<Response> + Clone + Send + use<> {
    let html = html(document).unwrap_or_default();
    move || ready(([PAGE_POLICY], Html(html.clone())).into_response())
}

fn html(document: &OpenApi) -> Result<String, std::fmt::Error> {
    let mut html = String::new();
    let title = escaped(&document.info.title);
    write!(
        html,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style>\
         <h1>{title}</h1>"
    )?;
    let description = document.info.description.as_deref().unwrap_or_default();
    for paragraph in description.split("\n\n") {
        write!(html, "<p>{}</p>", escaped(paragraph))?;
    }
    html.push_str(
        "<p>The whole contract: <a href=\"/openapi.json\">openapi.json</a></p><h2>Operations</h2>",
    );
    for (path, item) in &document.paths.paths {
        for (method, operation) in [
            ("GET", &item.get),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("POST", &item.post),
        ] {
            if let Some(operation) = operation {
                write_operation(&mut html, method, path, operation)?;
            }
        }
    }
    html.push_str("<h2>Codes</h2><table><tr><th>code<th>status<th>title");
    for kind in KINDS {
        let (code, status) = (kind.code, kind.status.as_u16());
        write!(
            html,
            "<tr id=\"{code}\"><td><code>{code}</code><td>{status}<td>{}",
            escaped(kind.title)
        )?;
    }
    html.push_str("</table></html>\n");
    Ok(html)
}

fn write_operation(
    html: &mut String,
    method: &str,
    path: &str,
    operation: &Operation,
) -> std::fmt::Result {
    let summary = operation.summary.as_deref().unwrap_or_default();
    write!(
        html,
        "<h3><code>{method} {}</code></h3><p>{}",
        escaped(path),
        escaped(summary)
    )?;
    if operation.security.is_some() {
        html.push_str(" (needs a bearer token)");
    }
    html.push_str("</p>");
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
