//! Contributions: what people give, on a page of the provider's.

pub(crate) mod checkout;
pub(crate) mod list;
pub(crate) mod naming;
mod shown;
pub(crate) mod thanks;

use crate::currency::USD;
use crate::problem::{ApiError, PaymentError};
use crate::providers::{HostedPages, Provider, Providers};

const IS_ANONYMOUS: &str = "is_anonymous";
const WORDING_VERSION: &str = "wording_version";

/// Who is paid, and on which pages: contributions are in dollars.
fn paid_to(providers: &Providers) -> Result<(&dyn Provider, &dyn HostedPages), ApiError> {
    let found = providers.iter().find_map(|provider| {
        let provider = provider.as_ref();
        let pages = provider.hosted_pages()?;
        (provider.currency() == USD).then_some((provider, pages))
    });
    let off = || PaymentError::Off {
        reason: "contributions are not set up here".to_owned(),
    };
    found.ok_or_else(|| off().into())
}
