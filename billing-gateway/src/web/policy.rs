//! What a browser may do for a page: nothing but what the page needs.

use axum::http::{HeaderMap, HeaderValue, header};

use super::settings::WebConfig;

/// The hosts of Stripe.js, as Stripe's security guide names them: its frames come from varying names.
const STRIPE_SCRIPTS: &str = " https://js.stripe.com https://*.js.stripe.com";
const STRIPE_FRAMES: &str =
    "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com";
const STRIPE_API: &str = " https://api.stripe.com";

/// The headers of the pages.
#[derive(Debug)]
pub(super) struct Policies {
    app: HeaderValue,
    app_referrer: HeaderValue,
    support: HeaderValue,
}

impl Policies {
    /// Stripe's script runs in the dashboard alone: contributions are paid on Stripe's own pages.
    pub(super) fn new(has_stripe: bool, config: &WebConfig) -> Self {
        let (scripts, frames, api) = if has_stripe {
            (STRIPE_SCRIPTS, STRIPE_FRAMES, STRIPE_API)
        } else {
            ("", "'none'", "")
        };
        Self {
            app: policy(scripts, frames, api, "'none'"),
            // Stripe learns from whose page a card comes, and nothing of the page's address.
            app_referrer: HeaderValue::from_static(if has_stripe {
                "strict-origin"
            } else {
                "no-referrer"
            }),
            support: policy("", "'none'", "", &config.frame_ancestors),
        }
    }

    pub(super) fn app(&self, headers: &mut HeaderMap) {
        if is_page(headers) {
            headers.insert(header::CONTENT_SECURITY_POLICY, self.app.clone());
            headers.insert(header::REFERRER_POLICY, self.app_referrer.clone());
        }
    }

    /// Its referrer policy is everybody's: an address of these pages names a contribution.
    pub(super) fn support(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_SECURITY_POLICY, self.support.clone());
    }
}

/// Whether a browser goes there; 304 stands for a page that it has.
fn is_page(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_none_or(|value| value.as_bytes().starts_with(b"text/html"))
}

fn policy(scripts: &str, frames: &str, api: &str, ancestors: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'{api}; frame-src {frames}; form-action 'self'; \
         base-uri 'none'; frame-ancestors {ancestors}"
    );
    // Origins were checked to be ASCII; what is not would be refused by every browser.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
