//! What one provider can and another cannot. Each has its own trait, and what a provider cannot do it has no
//! trait for.

use async_trait::async_trait;
use billing_proto::v1::{Payment, PaymentPurpose};

use super::{BrowserMembers, Event, Provider, ProviderError};
use crate::return_pages::ReturnPages;

/// How a payment is made at a provider, and paid.
#[derive(Clone, Copy)]
pub(crate) enum Payable<'a> {
    Intents(&'a dyn Intents),
    HostedPages(&'a dyn HostedPages),
}

impl<'a> Payable<'a> {
    /// How payments of this purpose are: a top-up in the shop's own page, where the provider can do that, a
    /// contribution on the provider's. None: they are not.
    pub(crate) fn of(provider: &'a dyn Provider, purpose: PaymentPurpose) -> Option<Self> {
        let intents = provider.intents().map(Self::Intents);
        let pages = provider.hosted_pages(purpose).map(Self::HostedPages);
        match purpose {
            PaymentPurpose::Unspecified | PaymentPurpose::TopUp => intents.or(pages),
            PaymentPurpose::Contribution => pages,
        }
    }

    /// Every way in which a payment of this purpose may have been made, the usual one first: a top-up also on the
    /// provider's page, where its payer asked for that.
    pub(crate) fn every(
        provider: &'a dyn Provider,
        purpose: PaymentPurpose,
    ) -> impl Iterator<Item = Self> {
        let usual = Self::of(provider, purpose);
        let pages = provider.hosted_pages(purpose).map(Self::HostedPages);
        let other = pages.filter(|_| matches!(usual, Some(Self::Intents(_))));
        usual.into_iter().chain(other)
    }

    /// Makes the payment there.
    pub(crate) async fn create(
        self,
        order: &Order<'_>,
        customer: &str,
    ) -> Result<Opened, ProviderError> {
        match self {
            Self::Intents(intents) => intents.create(order, customer).await,
            Self::HostedPages(pages) => pages.create(order, customer).await,
        }
    }
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

/// Payments that are paid on a page of the provider's, and that end by themselves.
#[async_trait]
pub(crate) trait HostedPages: Send + Sync {
    /// Makes the payment there. `customer` is empty where the provider has no customers.
    async fn create(&self, order: &Order<'_>, customer: &str) -> Result<Opened, ProviderError>;

    /// A payment of ours that it may know already: see [`Intents::find`]. With its page, where the provider
    /// tells that again.
    async fn find(
        &self,
        payment: &Payment,
        customer: &str,
    ) -> Result<Option<Opened>, ProviderError>;

    /// Ends a page that nobody paid on, where that can be asked for, and tells how the payment then stands:
    /// perhaps it was paid after all.
    async fn expire(&self, reference: &str) -> Result<Vec<Event>, ProviderError>;
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

/// Payments that the provider takes by itself, month after month. No report of them is believed: it is asked.
#[async_trait]
pub(crate) trait Subscriptions: Send + Sync {
    /// All that was paid for it, and how it stands, in events in the order in which they are to be applied.
    async fn standing(&self, subscribed: Subscribed<'_>) -> Result<Vec<Event>, ProviderError>;

    /// Lets it end, and tells how it then stands. One that has ended, or is to end, stays so.
    async fn cancel(
        &self,
        subscribed: Subscribed<'_>,
        end: SubscriptionEnd,
    ) -> Result<Vec<Event>, ProviderError>;

    /// A page of the provider's where its customer changes how they pay, and ends what they pay. Unknown to it:
    /// `CustomerLost`.
    async fn portal(&self, customer: &str) -> Result<String, ProviderError>;

    /// What is to be applied before an event whose payment nobody knows, where that is one of a subscription:
    /// a refund may come before what tells of its payment.
    async fn belongs_to(&self, event: &Event) -> Result<Vec<Event>, ProviderError>;
}

/// A subscription, by its two names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subscribed<'a> {
    /// What the provider calls it.
    pub reference: &'a str,
    /// Its first payment.
    pub payment_id: &'a str,
}

/// When a subscription is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscriptionEnd {
    WithItsPeriod,
    Now,
}

/// A payment to be made at its provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order<'a> {
    /// One that names a subscription is the first of it.
    pub payment: &'a Payment,
    /// Where the provider sends its receipt.
    pub receipt_email: Option<&'a str>,
    pub page: Page<'a>,
}

/// What a page of the provider's says, and leads back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'a> {
    /// What is paid for.
    pub product: &'a str,
    /// More of that; may be empty.
    pub description: &'a str,
    /// What our own pages call it, in the addresses that the payer comes back to; may be empty.
    pub ulid: &'a str,
    /// Where the payer of a top-up comes back to; none: where the settings lead them.
    pub back: Option<&'a ReturnPages>,
}

impl<'a> Page<'a> {
    pub(crate) const TOP_UP: Self = Self::top_up(None);

    pub(crate) const fn top_up(back: Option<&'a ReturnPages>) -> Self {
        Self {
            product: "Balance top-up",
            description: "",
            ulid: "",
            back,
        }
    }
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
