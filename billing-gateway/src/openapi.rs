//! The frame of the OpenAPI document; the routes fill it.

use utoipa::openapi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Billing",
        description = "Balance, history, usage, settings and payments of the signed-in user.\n\n\
            Amounts named `*_usd` are JSON numbers with up to six decimals, to be read and \
            written as text; exponents, strings and further decimals are refused with 400 and \
            nothing is ever rounded. `*_uah` in answers are for display, at the current rate, and null \
            where none is known.\n\n\
            Whatever is not a success is `application/problem+json` with the members `error`, \
            `message` and `code`; `code` is stable. Every answer carries `x-request-id`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "billing", description = "For the signed-in user"),
        (name = "sponsorship", description = "Contributions, and what follows from them"),
        (name = "payments", description = "Money that comes in by a payment provider"),
        (name = "admin", description = "For administrators, about the tenant of their token"),
        (name = "mail", description = "For readers of mail, by the link in it"),
        (name = "health", description = "For probes"),
    ),
    modifiers(&Bearer),
)]
struct Frame;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let bearer = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

pub(crate) fn base() -> openapi::OpenApi {
    Frame::openapi()
}

/// The document as it is served, printed and committed.
pub(crate) fn printed(document: &openapi::OpenApi) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(document).map(|json| json + "\n")
}

#[cfg(test)]
mod tests {
    use super::printed;
    use crate::router;

    #[test]
    fn the_committed_document_is_the_one_that_is_served() {
        let committed = include_str!("../openapi.json");
        let served = printed(&router::openapi()).unwrap();
        let remedy = "run `cargo run -p billing-gateway -- openapi > billing-gateway/openapi.json`";
        assert!(committed == served, "openapi.json is out of date: {remedy}");
    }
}
