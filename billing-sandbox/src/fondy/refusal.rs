//! What Fondy answers where it does not do what was asked: HTTP 200, a code and a text.

/// The codes are those of <https://docs.fondy.io/gateway/direct-integration/response-codes>.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: u16,
    pub message: String,
}

impl Refusal {
    fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Fondy's own fault.
    pub fn application_error() -> Self {
        Self::new(1002, "Application error")
    }

    pub fn incorrect(param: &str) -> Self {
        Self::new(1007, format!("Parameter `{param}` is incorrect"))
    }

    pub fn empty(param: &str) -> Self {
        Self::new(1009, format!("Parameter `{param}` is empty"))
    }

    pub fn no_request() -> Self {
        Self::new(1010, "Request is empty")
    }

    pub fn missing(param: &str) -> Self {
        Self::new(1011, format!("Parameter `{param}` is missing"))
    }

    pub fn currency(currency: &str, merchant_id: u64) -> Self {
        Self::new(
            1012,
            format!("Currency `{currency}` is not available for this merchant `{merchant_id}`"),
        )
    }

    pub fn duplicate(order_id: &str, merchant_id: u64) -> Self {
        Self::new(
            1013,
            format!("Duplicate order `{order_id}` for merchant `{merchant_id}`"),
        )
    }

    pub fn signature() -> Self {
        Self::new(1014, "Invalid signature")
    }

    pub fn merchant(merchant_id: &str) -> Self {
        Self::new(1016, format!("Merchant `{merchant_id}` not found"))
    }

    pub fn unknown_order(order_id: &str) -> Self {
        Self::new(1018, format!("Order `{order_id}` not found"))
    }

    /// The order is in no state for that.
    pub fn completed(order_id: &str) -> Self {
        Self::new(
            1019,
            format!("Order `{order_id}` already has been completed"),
        )
    }
}
