//! What one provider can and another cannot. Each has its own trait, and what a provider cannot do it has no
//! trait for.

use async_trait::async_trait;
use billing_proto::v1::Payment;

use super::{BrowserMembers, Event, ProviderError};

/// How a payment is made at a provider, and paid.
#[derive(Clone, Copy)]
pub(crate) enum Payable<'a> {
    Intents(&'a dyn Intents),
    HostedPages(&'a dyn HostedPages),
}

/// Payments that are paid in the shop's own page, which can be told again how, and that are open until
/// somebody gives them up.
#[async_trait]
pub(crate) trait Intents: Send + Sync {
    /// Makes the payment there. `customer` is empty where the provider has no customers.
    async fn create(&self, order: &Order<'_>, customer: &str) -> Result<Opened, ProviderError>;

    /// What the browser goes on with that has lost what it was given.
    async fn resume(&self, reference: &str) -> Result<BrowserMembers, ProviderError>;

    /// What it calls a payment of ours that it may know already. An answer to [`Intents::create`] may
    /// have been lost so long ago that its key is forgotten.
    async fn find(
        &self,
        payment: &Payment,
        customer: &str,
    ) -> Result<Option<String>, ProviderError>;

    /// Gives a payment up that nobody paid, and tells how it then stands: perhaps it was paid after all.
    async fn cancel(&self, reference: &str) -> Result<Vec<Event>, ProviderError>;
}

/// Payments that are paid on a page of the provider's, which it names once, and that end by themselves.
#[async_trait]
pub(crate) trait HostedPages: Send + Sync {
    /// Makes the payment there.
    async fn create(&self, order: &Order<'_>) -> Result<Opened, ProviderError>;

    /// What it calls a payment of ours that it may know already: see [`Intents::find`].
    async fn find(&self, payment: &Payment) -> Result<Option<String>, ProviderError>;
}

/// Accounts have a name at the provider, under which it keeps how they pay.
#[async_trait]
pub(crate) trait Customers: Send + Sync {
    /// What it calls the account's customer, made where there is none yet.
    async fn open(&self, payment: &Payment) -> Result<String, ProviderError>;

    /// Another customer for an account whose first one it does not know any more.
    async fn replace(&self, payment: &Payment) -> Result<String, ProviderError>;
}

#[async_trait]
pub(crate) trait Refunds: Send + Sync {
    /// Gives money back to the payer.
    async fn refund(&self, order: &RefundOrder<'_>) -> Result<Event, ProviderError>;

    /// The payment's refunds, whoever made them.
    async fn list_refunds(&self, reference: &str) -> Result<Vec<Event>, ProviderError>;
}

/// What a payer's bank takes back is told apart from refunds.
#[async_trait]
pub(crate) trait Disputes: Send + Sync {
    /// What the payment's disputes have moved.
    async fn list_disputes(&self, reference: &str) -> Result<Vec<Event>, ProviderError>;
}

/// A payment to be made at its provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order<'a> {
    pub payment: &'a Payment,
    /// Where the provider sends its receipt.
    pub receipt_email: Option<&'a str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RefundOrder<'a> {
    /// What the provider calls the payment.
    pub reference: &'a str,
    pub payment_id: &'a str,
    pub refund_id: &'a str,
    pub amount_minor: i64,
}

/// A payment that the provider knows.
#[derive(Debug)]
pub(crate) struct Opened {
    pub reference: String,
    pub browser: BrowserMembers,
    /// Where it is paid, where the provider does not tell that a second time.
    pub page_url: Option<String>,
}
