//! Payments: money that users pay in by a provider, and get back.

mod apply;
pub(crate) mod available;
pub(crate) mod create;
pub(crate) mod list;
mod open;
pub(crate) mod refund;
pub(crate) mod returned;
pub(crate) mod settings;
pub(crate) mod shown;
pub(crate) mod status;
mod way;

pub(crate) use apply::{apply, expired};
pub(crate) use open::{attach, note, open};
pub(crate) use way::digest;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::HeaderMap;
use billing_proto::v1::{
    AccountRef, GetPaymentRequest, GetPaymentResponse, Payment, ProviderReference,
    get_payment_request,
};
use uuid::Uuid;

use crate::core::{Core, CoreError};
use crate::currency::Currency;
use crate::payment_id::is_payment_id;
use crate::problem::ApiError;
use crate::providers::Provider;

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const KEY_BYTES_MAX: usize = 255;

/// What a request about money of this currency calls the core's fields.
fn fields(currency: Currency) -> [(&'static str, &'static str); 2] {
    [
        ("amount_minor", currency.amount_field),
        ("idempotency_key", IDEMPOTENCY_KEY),
    ]
}

/// What a path names; one that is not even text names nothing.
pub(crate) fn named<T>(path: Result<Path<T>, PathRejection>) -> Result<T, ApiError> {
    path.map(|Path(named)| named)
        .map_err(|_not_text| ApiError::NotFound)
}

/// The caller's key, or a fresh one for a request that is not to be repeated.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<String, ApiError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(Uuid::new_v4().to_string());
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()))
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| {
            ApiError::invalid(IDEMPOTENCY_KEY, "must be 1 to 255 visible ASCII characters")
        })?;
    if values.next().is_some() {
        return Err(ApiError::invalid(IDEMPOTENCY_KEY, "must be given once"));
    }
    Ok(key.to_owned())
}

/// The payment of `account` that `id` names: our name of it, or the provider's. Whatever cannot be
/// either is not asked for. Ours comes first: there are providers that call a payment as we do.
pub(crate) async fn find(
    core: &Core,
    account: AccountRef,
    provider: Option<&dyn Provider>,
    id: &str,
) -> Result<(Payment, GetPaymentResponse), ApiError> {
    let name = match provider {
        _ if is_payment_id(id) => get_payment_request::Name::PaymentId(id.to_owned()),
        Some(provider) if provider.is_reference(id) => {
            get_payment_request::Name::Reference(ProviderReference {
                provider: provider.name().to_owned(),
                reference: id.to_owned(),
            })
        }
        _ => return Err(ApiError::NotFound),
    };
    let request = GetPaymentRequest {
        account: Some(account),
        name: Some(name),
    };
    let mut answer = core
        .get_payment(request)
        .await
        .map_err(|error| match error {
            // It looks like an id and is none of ours.
            CoreError::InvalidField { .. } => ApiError::NotFound,
            error => error.into_api(&[]),
        })?;
    let payment = present(answer.payment.take())?;
    Ok((payment, answer))
}

/// The core answers with the payment wherever there is one.
pub(crate) fn present(payment: Option<Payment>) -> Result<Payment, ApiError> {
    payment.ok_or_else(|| ApiError::fault("the core's answer has no payment"))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{IDEMPOTENCY_KEY, idempotency_key};

    fn key(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_static(value));
        }
        idempotency_key(&headers).ok()
    }

    #[test]
    fn a_key_is_visible_ascii_and_absent_is_fresh() {
        assert_eq!(key(&["order-1"]).unwrap(), "order-1");
        assert_ne!(key(&[]), key(&[]));
        for refused in [&[""][..], &["a b"], &["a", "a"], &["a\tb"]] {
            assert_eq!(key(refused), None, "{refused:?}");
        }
    }
}
