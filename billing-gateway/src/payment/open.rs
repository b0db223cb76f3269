//! Making a recorded payment at its provider, and noting what that calls it.

use billing_proto::v1::{AttachProviderReferenceRequest, Payment};

use crate::core::Core;
use crate::payment::present;
use crate::problem::{ApiError, PaymentError};
use crate::providers::{Customers, Opened, Order, Payable, Provider, ProviderError};

const PAGE_URL_BYTES_MAX: usize = 2048;

/// May be repeated: neither the customer nor the payment is made twice. `customer` is empty where
/// the account has none yet. Answers also with the payment as it then stands.
pub(crate) async fn open(
    core: &Core,
    provider: &dyn Provider,
    payable: Payable<'_>,
    order: &Order<'_>,
    customer: String,
) -> Result<(Payment, Opened), ApiError> {
    let payment = order.payment;
    let opened = match provider.customers() {
        None => payable.create(order, "").await,
        Some(customers) => of_customer(core, payable, customers, order, customer).await?,
    };
    let opened = opened.map_err(PaymentError::from)?;
    let payment = note(core, payment, &opened).await?;
    Ok((payment, opened))
}

/// Notes what the provider calls the payment, and its page; answers with the payment as it then stands.
pub(crate) async fn note(
    core: &Core,
    payment: &Payment,
    opened: &Opened,
) -> Result<Payment, ApiError> {
    // What the contract does not take is told once: whoever pays now needs no more.
    let page_url = opened.page_url.clone();
    let page_url = page_url.filter(|url| url.len() <= PAGE_URL_BYTES_MAX);
    let request = AttachProviderReferenceRequest {
        payment_id: payment.payment_id.clone(),
        provider_reference: opened.reference.clone(),
        page_url: page_url.unwrap_or_default(),
        ..AttachProviderReferenceRequest::default()
    };
    let attached = core.attach_provider_reference(request).await;
    let attached = attached.map_err(|error| error.into_api(&[]))?;
    present(attached.payment)
}

async fn of_customer(
    core: &Core,
    payable: Payable<'_>,
    customers: &dyn Customers,
    order: &Order<'_>,
    known: String,
) -> Result<Result<Opened, ProviderError>, ApiError> {
    let payment = order.payment;
    let mut customer = known;
    if customer.is_empty() {
        let made = customers.open(payment).await.map_err(PaymentError::from)?;
        // Another request may have been faster with another customer: the first one stays.
        customer = attach(core, payment, String::new(), made).await?;
    }
    Ok(match payable.create(order, &customer).await {
        Err(ProviderError::CustomerLost) => {
            let customer = replace_customer(core, customers, payment, customer).await?;
            payable.create(order, &customer).await
        }
        opened => opened,
    })
}

/// The provider does not know the account's customer any more: it gets another one.
async fn replace_customer(
    core: &Core,
    customers: &dyn Customers,
    payment: &Payment,
    lost: String,
) -> Result<String, ApiError> {
    tracing::warn!(
        provider = payment.provider,
        payment_id = payment.payment_id,
        "the provider has lost the account's customer, it gets another one"
    );
    let made = customers
        .replace(payment)
        .await
        .map_err(PaymentError::from)?;
    let request = AttachProviderReferenceRequest {
        payment_id: payment.payment_id.clone(),
        customer_reference: made,
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
