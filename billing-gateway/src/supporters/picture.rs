//! `GET /api/v1/supporters/{tenant_id}/{user_id}/badge.svg`: the badge as a picture.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;

use super::Person;
use super::level::Level;
use crate::core::Core;
use crate::entity_tag;
use crate::problem::{ApiError, Problem};

/// Pictures are in pages that do not ask again while they are shown; a change is seen soon.
pub(super) const KEPT_A_MINUTE: &str = "public, max-age=60";
/// In place of a level.
pub(super) const NO_BADGE: &str = "not yet";

/// Opened by itself it is a document: it may have its own style, and do nothing.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
);
/// Pages of other origins may show it, also those that want to be isolated.
const SHOWN_ANYWHERE: (HeaderName, HeaderValue) = (
    HeaderName::from_static("cross-origin-resource-policy"),
    HeaderValue::from_static("cross-origin"),
);

/// Where the left half ends.
const LEFT: u32 = 82;
const PADDING: u32 = 8;
/// Every renderer fits the text into its width, whatever fonts it has.
const TEXT: &str = "y=\"14\" lengthAdjust=\"spacingAndGlyphs\"";
/// What follows the page's colours. The metals are light on both.
const STYLE: &str = "\
.l{fill:#f3f4f6}.t{fill:#1f2328}.e{fill:none;stroke:#c9d1d9}.n{fill:#e4e7eb}.m{fill:#57606a}\
@media(prefers-color-scheme:dark){.l{fill:#22272e}.t{fill:#e6edf3}.e{stroke:#444c56}.n{fill:#373e47}\
.m{fill:#adbac7}}";

/// The badge of a supporter, as a picture
///
/// As strangers see it, whatever token is sent. Light or dark as the page is.
#[utoipa::path(
    get,
    path = "/api/v1/supporters/{tenant_id}/{user_id}/badge.svg",
    operation_id = "getBadgePicture",
    tag = "sponsorship",
    params(
        ("tenant_id" = String, Path, example = "demo"),
        ("user_id" = String, Path, example = "42"),
    ),
    responses(
        (status = 200, description = "The picture", content_type = "image/svg+xml"),
        (status = 304, description = "The client has it: `If-None-Match` names its `ETag`"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    core: Core,
    person: Person,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let badge = person.badge(&core, None).await?;
    let picture = svg(Level::of(badge.level())?).into_bytes();
    let mut response = entity_tag::answer(&headers, "image/svg+xml", KEPT_A_MINUTE, picture)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    let (name, value) = SHOWN_ANYWHERE;
    headers.insert(name, value);
    Ok(response)
}

/// Nothing of it is from a request.
fn svg(level: Option<Level>) -> String {
    let message = level.map_or(NO_BADGE, Level::name);
    let said = level.map_or("none yet", Level::name);
    let text_width = width(message);
    let width = LEFT + PADDING + text_width + PADDING;
    let (right, text) = match level {
        Some(level) => (format!("fill=\"{}\"", level.color()), "fill=\"#111\""),
        None => ("class=\"n\"".to_owned(), "class=\"m\""),
    };
    let (inner, rest, at) = (width - 1, width - LEFT - 4, LEFT + PADDING);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"20\" \
         viewBox=\"0 0 {width} 20\" role=\"img\" aria-label=\"Supporter badge: {said}\">\
         <title>Supporter badge: {said}</title><style>{STYLE}</style>\
         <rect class=\"l\" width=\"{width}\" height=\"20\" rx=\"4\"/>\
         <path {right} d=\"M{LEFT} 0h{rest}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4h-{rest}z\"/>\
         <rect class=\"e\" x=\".5\" y=\".5\" width=\"{inner}\" height=\"19\" rx=\"3.5\"/>\
         {medal}\
         <g font-family=\"Verdana,Geneva,DejaVu Sans,sans-serif\" font-size=\"11\">\
         <text class=\"t\" x=\"22\" {TEXT} textLength=\"54\">supporter</text>\
         <text {text} x=\"{at}\" {TEXT} textLength=\"{text_width}\" font-weight=\"bold\">{message}</text>\
         </g></svg>\n",
        medal = medal(&right),
    )
}

/// A disc on two ribbons; it has its metal's colour.
fn medal(metal: &str) -> String {
    format!(
        "<path d=\"M8 10l-2.2 7 2.7-1 1.7 2.2 1.3-4.7zM15 10l2.2 7-2.7-1-1.7 2.2-1.3-4.7z\" fill=\"#4b7bd1\"/>\
         <circle cx=\"11.5\" cy=\"8\" r=\"5.5\" {metal} stroke=\"#57606a\"/>\
         <circle cx=\"11.5\" cy=\"8\" r=\"3\" fill=\"none\" stroke=\"#57606a\" stroke-opacity=\".6\"/>"
    )
}

/// Of a word in bold Verdana of 11 pixels.
fn width(message: &str) -> u32 {
    match message {
        "bronze" => 45,
        "silver" => 35,
        "gold" => 28,
        "platinum" => 57,
        _ => 45,
    }
}

#[cfg(test)]
mod tests {
    use super::svg;
    use crate::supporters::level::Level;

    #[test]
    fn every_level_has_a_picture_that_says_what_it_shows() {
        let levels = Level::ALL.map(Some).into_iter().chain([None]);
        for level in levels {
            let picture = svg(level);
            let said = level.map_or("none yet", Level::name);
            let title = format!("<title>Supporter badge: {said}</title>");
            assert!(picture.contains(&title), "{picture}");
            assert!(picture.contains("role=\"img\" aria-label="), "{picture}");
            assert!(picture.contains("prefers-color-scheme:dark"), "{picture}");
            let opened = picture.matches('<').count() - picture.matches("</").count();
            let closed = picture.matches("/>").count() + picture.matches("</").count();
            assert_eq!(opened, closed, "{picture}");
        }
    }
}
