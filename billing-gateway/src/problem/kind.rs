//! The kinds of problems: what stands in the table of codes in the documentation.

use axum::http::StatusCode;

/// A kind of problem: one row of the table in the documentation.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub status: StatusCode,
    pub code: &'static str,
    pub title: &'static str,
}

const fn kind(status: StatusCode, code: &'static str, title: &'static str) -> Kind {
    Kind {
        status,
        code,
        title,
    }
}

pub const INVALID: Kind = kind(
    StatusCode::BAD_REQUEST,
    "INVALID_REQUEST",
    "Invalid request",
);
pub const UNAUTHENTICATED: Kind =
    kind(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "Sign in first");
pub const TENANT_MISMATCH: Kind = kind(StatusCode::FORBIDDEN, "TENANT_MISMATCH", "Another tenant");
pub const NOT_FOUND: Kind = kind(StatusCode::NOT_FOUND, "NOT_FOUND", "Not found");
pub const ADMINISTRATOR_REQUIRED: Kind = kind(
    StatusCode::FORBIDDEN,
    "ADMINISTRATOR_REQUIRED",
    "Administrators only",
);
pub const OPERATOR_REQUIRED: Kind =
    kind(StatusCode::FORBIDDEN, "OPERATOR_REQUIRED", "Operators only");
pub const METHOD_NOT_ALLOWED: Kind = kind(
    StatusCode::METHOD_NOT_ALLOWED,
    "METHOD_NOT_ALLOWED",
    "Method not allowed",
);
pub const BODY_LATE: Kind = kind(
    StatusCode::REQUEST_TIMEOUT,
    "REQUEST_TIMEOUT",
    "Request timeout",
);
pub const BODY_TOO_LARGE: Kind = kind(
    StatusCode::PAYLOAD_TOO_LARGE,
    "BODY_TOO_LARGE",
    "Body too large",
);
pub const NOT_JSON: Kind = kind(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "UNSUPPORTED_MEDIA_TYPE",
    "Unsupported media type",
);
pub const RATE_LIMITED: Kind = kind(
    StatusCode::TOO_MANY_REQUESTS,
    "RATE_LIMITED",
    "Too many requests",
);
pub const UNAVAILABLE: Kind = kind(
    StatusCode::SERVICE_UNAVAILABLE,
    "BILLING_UNAVAILABLE",
    "Billing unavailable",
);
pub const FAULT: Kind = kind(
    StatusCode::INTERNAL_SERVER_ERROR,
    "INTERNAL_ERROR",
    "Internal error",
);

pub const KEY_REUSED: Kind = kind(
    StatusCode::CONFLICT,
    "IDEMPOTENCY_KEY_REUSED",
    "Idempotency key reused",
);
pub const NOT_REFUNDABLE: Kind = kind(
    StatusCode::CONFLICT,
    "PAYMENT_NOT_REFUNDABLE",
    "Payment not refundable",
);
pub const REFUND_EXCEEDS: Kind = kind(
    StatusCode::CONFLICT,
    "REFUND_EXCEEDS_PAYMENT",
    "Refund exceeds payment",
);
pub const REFUND_EXCEEDS_CHARGE: Kind = kind(
    StatusCode::CONFLICT,
    "REFUND_EXCEEDS_CHARGE",
    "Refund exceeds charge",
);
pub const PRICE_HOLDS: Kind = kind(StatusCode::CONFLICT, "PRICE_HOLDS", "Price holds already");
pub const REFUND_TOO_LATE: Kind = kind(StatusCode::CONFLICT, "REFUND_TOO_LATE", "Refund too late");
pub const REFUND_REFUSED: Kind = kind(StatusCode::CONFLICT, "REFUND_REFUSED", "Refund refused");
pub const WEBHOOK_SIGNATURE: Kind = kind(
    StatusCode::BAD_REQUEST,
    "WEBHOOK_SIGNATURE_INVALID",
    "Webhook not authentic",
);
pub const WEBHOOK_TIME: Kind = kind(
    StatusCode::BAD_REQUEST,
    "WEBHOOK_TIMESTAMP_OUT_OF_RANGE",
    "Webhook too old",
);
pub const PROVIDER_REFUSED: Kind = kind(
    StatusCode::BAD_GATEWAY,
    "PAYMENT_PROVIDER_REFUSED",
    "Payment refused by the provider",
);
pub const PROVIDER_UNAVAILABLE: Kind = kind(
    StatusCode::BAD_GATEWAY,
    "PAYMENT_PROVIDER_UNAVAILABLE",
    "Payment provider unavailable",
);
pub const PROVIDER_TIMEOUT: Kind = kind(
    StatusCode::GATEWAY_TIMEOUT,
    "PAYMENT_PROVIDER_TIMEOUT",
    "Payment provider too slow",
);
pub const PAYMENTS_PAUSED: Kind = kind(
    StatusCode::SERVICE_UNAVAILABLE,
    "PAYMENTS_PAUSED",
    "Payments paused",
);

pub const TOO_MANY_OPEN: Kind = kind(
    StatusCode::TOO_MANY_REQUESTS,
    "TOO_MANY_OPEN",
    "Too many open payments",
);
pub const PAYMENTS_OFF: Kind = kind(
    StatusCode::SERVICE_UNAVAILABLE,
    "PAYMENTS_OFF",
    "Payments switched off",
);
pub const RATE_UNAVAILABLE: Kind = kind(
    StatusCode::SERVICE_UNAVAILABLE,
    "RATE_UNAVAILABLE",
    "No exchange rate",
);
pub const CONTRIBUTION_ENDED: Kind = kind(
    StatusCode::CONFLICT,
    "CONTRIBUTION_ENDED",
    "Contribution ended",
);
pub const SUBSCRIPTION_EXISTS: Kind = kind(
    StatusCode::CONFLICT,
    "SUBSCRIPTION_EXISTS",
    "Subscription exists",
);
pub const PAYMENT_BEGUN: Kind = kind(
    StatusCode::CONFLICT,
    "PAYMENT_BEGUN",
    "Payment begun already",
);
pub const ACCOUNT_SUSPENDED: Kind = kind(
    StatusCode::FORBIDDEN,
    "ACCOUNT_SUSPENDED",
    "Account suspended",
);
pub const NO_EMAIL: Kind = kind(StatusCode::CONFLICT, "NO_EMAIL", "No e-mail address");
pub const TEST_MAIL_TOO_SOON: Kind = kind(
    StatusCode::TOO_MANY_REQUESTS,
    "TEST_MAIL_TOO_SOON",
    "Test mail too soon",
);

/// Every kind, for the documentation.
pub const KINDS: [Kind; 35] = [
    INVALID,
    WEBHOOK_SIGNATURE,
    WEBHOOK_TIME,
    UNAUTHENTICATED,
    TENANT_MISMATCH,
    ADMINISTRATOR_REQUIRED,
    OPERATOR_REQUIRED,
    ACCOUNT_SUSPENDED,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    BODY_LATE,
    KEY_REUSED,
    PAYMENT_BEGUN,
    CONTRIBUTION_ENDED,
    SUBSCRIPTION_EXISTS,
    NO_EMAIL,
    NOT_REFUNDABLE,
    REFUND_EXCEEDS,
    REFUND_EXCEEDS_CHARGE,
    PRICE_HOLDS,
    REFUND_TOO_LATE,
    REFUND_REFUSED,
    BODY_TOO_LARGE,
    NOT_JSON,
    RATE_LIMITED,
    TEST_MAIL_TOO_SOON,
    TOO_MANY_OPEN,
    FAULT,
    PROVIDER_REFUSED,
    PROVIDER_UNAVAILABLE,
    UNAVAILABLE,
    PAYMENTS_PAUSED,
    PAYMENTS_OFF,
    RATE_UNAVAILABLE,
    PROVIDER_TIMEOUT,
];

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn every_code_is_listed_once() {
        let codes: std::collections::BTreeSet<_> = KINDS.iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), KINDS.len());
    }
}
