//! How a top-up is paid, as its request asks for it: in the shop's own page, or on the provider's.

use std::fmt::Write;

use billing_proto::v1::PaymentPurpose;
use sha2::{Digest, Sha256};

use super::settings::PaymentConfig;
use crate::json_object::JsonObject;
use crate::problem::ApiError;
use crate::providers::{Payable, Provider};
use crate::return_pages::ReturnPages;

const HOSTED: &str = "hosted";
const RETURN_URL: &str = "return_url";

pub(super) struct Way<'a> {
    pub payable: Payable<'a>,
    /// Another way than the provider's usual one.
    pub is_unusual: bool,
    /// Where the payer comes back to from the provider's page; none: as the settings have it.
    pub back: Option<ReturnPages>,
    return_url: Option<String>,
}

impl<'a> Way<'a> {
    pub(super) fn of(
        body: &JsonObject,
        provider: &'a dyn Provider,
        config: &PaymentConfig,
    ) -> Result<Self, ApiError> {
        let usual = || {
            Payable::of(provider, PaymentPurpose::TopUp)
                .ok_or_else(|| ApiError::fault("a provider that takes no top-ups"))
        };
        let pages = || provider.hosted_pages(PaymentPurpose::TopUp);
        let (payable, is_unusual) = match body.boolean(HOSTED)? {
            None => (usual()?, false),
            Some(true) => {
                let pages = pages().ok_or_else(|| {
                    ApiError::invalid(
                        HOSTED,
                        "must be left out: no page of this provider's is set up",
                    )
                })?;
                let is_unusual = provider.intents().is_some();
                (Payable::HostedPages(pages), is_unusual)
            }
            Some(false) => {
                let intents = provider.intents().ok_or_else(|| {
                    ApiError::invalid(
                        HOSTED,
                        "must be true: this provider is paid on its own page",
                    )
                })?;
                (Payable::Intents(intents), false)
            }
        };
        let return_url = body.text(RETURN_URL)?;
        if return_url.is_some() && matches!(payable, Payable::Intents(_)) {
            let goes_with =
                "goes with `hosted`: nobody leaves the page that this payment is made in";
            return Err(ApiError::invalid(RETURN_URL, goes_with));
        }
        let back = match &return_url {
            None => None,
            Some(url) => Some(config.return_page(url).ok_or_else(|| {
                let allowed =
                    "must be an address of the dashboard's origin, or of one in CORS_ORIGINS";
                ApiError::invalid(RETURN_URL, allowed)
            })?),
        };
        Ok(Self {
            payable,
            is_unusual,
            back,
            return_url,
        })
    }

    /// What of the request is compared where a key is used again, beside the amount.
    pub(super) fn content(&self, receipt_email: Option<&str>) -> String {
        if !self.is_unusual && self.return_url.is_none() {
            return receipt_email.map(digest).unwrap_or_default();
        }
        let return_url = self.return_url.as_deref().unwrap_or_default();
        // Neither holds a line feed.
        let said = format!("{}\n{return_url}", receipt_email.unwrap_or_default());
        format!("page:{}", digest(&said))
    }
}

/// The core compares it where a key is used again, and does not keep the address.
pub(crate) fn digest(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
