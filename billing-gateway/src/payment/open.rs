//! Making a recorded payment at its provider, and noting what that calls it.

use billing_proto::v1::{AttachProviderReferenceRequest, Payment};

use crate::core::Core;
use crate::problem::{ApiError, PaymentError};
use crate::providers::{Opened, Order, Provider, ProviderError};

/// May be repeated: neither the customer nor the payment is made twice. `customer` is empty where
/// the account has none yet.
pub(crate) async fn open(
    core: &Core,
    provider: &dyn Provider,
    payment: &Payment,
    customer: String,
    receipt_email: Option<&str>,
) -> Result<Opened, ApiError> {
    let mut customer = customer;
    if customer.is_empty()
        && let Some(made) = provider
            .open_customer(payment)
            .await
            .map_err(PaymentError::from)?
    {
        // Another request may have been faster with another customer: the first one stays.
        customer = attach(core, payment, String::new(), made).await?;
    }
    let order = |customer| Order {
        payment,
        customer,
        receipt_email,
    };
    let opened = match provider.create(&order(&customer)).await {
        Err(ProviderError::CustomerLost) => {
            let customer = replace_customer(core, provider, payment, customer.clone()).await?;
            provider.create(&order(&customer)).await
        }
        opened => opened,
    };
    let opened = opened.map_err(PaymentError::from)?;
    attach(core, payment, opened.reference.clone(), String::new()).await?;
    Ok(opened)
}

/// The provider does not know the account's customer any more: it gets another one.
async fn replace_customer(
    core: &Core,
    provider: &dyn Provider,
    payment: &Payment,
    lost: String,
) -> Result<String, ApiError> {
    tracing::warn!(
        provider = provider.name(),
        payment_id = payment.payment_id,
        "the provider has lost the account's customer, it gets another one"
    );
    let made = provider
        .replace_customer(payment)
        .await
        .map_err(PaymentError::from)?;
    let request = AttachProviderReferenceRequest {
        payment_id: payment.payment_id.clone(),
        customer_reference: made.unwrap_or_default(),
        lost_customer_reference: lost,
        ..AttachProviderReferenceRequest::default()
    };
    let answer = core
        .attach_provider_reference(request)
        .await
        .map_err(|error| error.into_api(&[]))?;
    Ok(answer.customer_reference)
}

/// Notes what the provider calls the payment and the account's customer, where either is not empty;
/// answers with the customer.
pub(crate) async fn attach(
    core: &Core,
    payment: &Payment,
    reference: String,
    customer: String,
) -> Result<String, ApiError> {
    let request = AttachProviderReferenceRequest {
        payment_id: payment.payment_id.clone(),
        provider_reference: reference,
        customer_reference: customer,
        ..AttachProviderReferenceRequest::default()
    };
    let answer = core
        .attach_provider_reference(request)
        .await
        .map_err(|error| error.into_api(&[]))?;
    Ok(answer.customer_reference)
}
