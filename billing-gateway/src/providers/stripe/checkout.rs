//! Checkout Sessions: payments that are made on a page of Stripe's.

use async_trait::async_trait;
use billing_proto::v1::Payment;
use jiff::Timestamp;
use stripe_checkout::CheckoutSessionMode;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionLineItemsPriceData,
    CreateCheckoutSessionLineItemsPriceDataRecurring as Recurring,
    CreateCheckoutSessionLineItemsPriceDataRecurringInterval as Interval,
    CreateCheckoutSessionPaymentIntentData, CreateCheckoutSessionSubscriptionData,
    ExpireCheckoutSession, ListCheckoutSession, ProductData, RetrieveCheckoutSession,
};
use stripe_client_core::{RequestBuilder, StripeRequest};
use stripe_types::{Currency as StripeCurrency, RangeQueryTs};

use super::events::{self, Origin};
use super::id::{checked, is_id};
use super::invoice;
use super::list::PAGE;
use super::pages::Pages;
use super::session::Session;
use super::{CLOCKS_DIFFER_SECS, PAYMENT_URL, Stripe, account_part, metadata};
use crate::providers::{Event, HostedPages, Opened, Order, Provider, ProviderError};

pub(super) const PREFIX: &str = "cs_";
/// Written into payments that are made on a page.
pub(super) const MADE_ON_PAGE: &str = "page";

#[async_trait]
impl HostedPages for Stripe {
    async fn create(&self, order: &Order<'_>, customer: &str) -> Result<Opened, ProviderError> {
        let payment = order.payment;
        let led_to = self
            .pages
            .led_to(order)
            .ok_or_else(|| ProviderError::Away("no pages to come back to are configured".into()))?;
        let request = creation(&self.pages, led_to, order, customer);
        let created = self
            .client
            .send("create_session", request, Some(&payment.payment_id))
            .await;
        let session: Session = match created {
            // The only thing that the request refers to is its customer.
            Err(ProviderError::Refused { code, .. })
                if code == "resource_missing" && !customer.is_empty() =>
            {
                return Err(ProviderError::CustomerLost);
            }
            // Its key may stand for a page that was asked for a while ago, and that ended earlier.
            Err(ProviderError::Away(error)) => {
                let found = HostedPages::find(self, payment, customer).await?;
                return found.ok_or(ProviderError::Away(error));
            }
            created => created?,
        };
        Ok(opened(session))
    }

    async fn find(
        &self,
        payment: &Payment,
        customer: &str,
    ) -> Result<Option<Opened>, ProviderError> {
        let since = payment.created_at.as_ref().map_or(0, |time| time.seconds);
        let page = |after: Option<&str>| {
            let mut request = ListCheckoutSession::new()
                .created(RangeQueryTs::gte(since.saturating_sub(CLOCKS_DIFFER_SECS)))
                .limit(PAGE);
            if !customer.is_empty() {
                request = request.customer(customer);
            }
            after
                .map_or(request.clone(), |id| request.starting_after(id))
                .build()
        };
        let sessions: Vec<Session> = self
            .client
            .list("list_sessions", page, |session: &Session| &session.id)
            .await?;
        let ours = Some(payment.payment_id.as_str());
        let found = sessions
            .into_iter()
            .find(|session| session.payment_id() == ours);
        Ok(found.map(opened))
    }

    async fn expire(&self, reference: &str) -> Result<Vec<Event>, ProviderError> {
        let Some(session) = self.session_of(reference).await? else {
            return self.retrieve(reference).await;
        };
        let request = ExpireCheckoutSession::new(checked(PREFIX, &session)?);
        // Without a key, which would keep a refusal for a day: a second time is refused.
        let expired = self
            .client
            .send("expire_session", request.build(), None)
            .await;
        match expired {
            Ok(session) => Ok(self.session_standing(Origin::Answer, &session)),
            // It is not open any more: it may have been paid, or the payment be on its way.
            Err(ProviderError::Refused { .. }) => self.retrieve(&session).await,
            Err(error) => Err(error),
        }
    }
}

impl Stripe {
    /// With how its payment stands.
    pub(super) async fn session(&self, reference: &str) -> Result<Session, ProviderError> {
        let request = RetrieveCheckoutSession::new(checked(PREFIX, reference)?)
            .expand(["payment_intent".to_owned()]);
        self.client
            .send("retrieve_session", request.build(), None)
            .await
    }

    pub(super) fn session_standing(&self, origin: Origin, session: &Session) -> Vec<Event> {
        let livemode = session.livemode.unwrap_or(self.livemode);
        vec![events::of_answered_session(origin, session, livemode)]
    }

    /// What refunds and disputes call a payment. None: it has none of them, since nothing was paid.
    pub(super) async fn intent_of(&self, reference: &str) -> Result<Option<String>, ProviderError> {
        if is_id(invoice::PREFIX, reference) {
            return self.intent_of_invoice(reference).await;
        }
        if !is_id(PREFIX, reference) {
            return Ok(Some(checked("pi_", reference)?.to_owned()));
        }
        let session = self.session(reference).await?;
        self.intent_of_page(session).await
    }

    /// The page on which the payment is made, where it is made on one.
    pub(super) async fn session_of(
        &self,
        reference: &str,
    ) -> Result<Option<String>, ProviderError> {
        if is_id(PREFIX, reference) {
            return Ok(Some(reference.to_owned()));
        }
        let reference = checked("pi_", reference)?;
        let page = |_: Option<&str>| {
            ListCheckoutSession::new()
                .payment_intent(reference)
                .limit(1)
                .build()
        };
        let sessions: Vec<Session> = self
            .client
            .list("list_sessions", page, |session: &Session| &session.id)
            .await?;
        Ok(sessions.into_iter().next().map(|session| session.id))
    }
}

/// The request that makes a page. Said again, it is the same.
fn creation(
    pages: &Pages,
    (success_url, cancel_url): (String, String),
    order: &Order<'_>,
    customer: &str,
) -> RequestBuilder {
    let payment = order.payment;
    let names = metadata([
        ("payment_id", payment.payment_id.as_str()),
        ("account_id", account_part(payment)),
    ]);
    let created_at = payment.created_at.as_ref();
    let created_at = created_at.and_then(|at| Timestamp::from_second(at.seconds).ok());
    let now = Timestamp::now();
    let mut request = CreateCheckoutSession::new()
        .line_items(vec![item(order)])
        .metadata(names.clone())
        .client_reference_id(payment.payment_id.as_str())
        .success_url(success_url)
        .cancel_url(cancel_url)
        .expires_at(pages.expires_at(created_at.unwrap_or(now), now));
    request = if is_monthly(payment) {
        let mut subscription = CreateCheckoutSessionSubscriptionData::new();
        subscription.metadata = Some(names);
        request
            .mode(CheckoutSessionMode::Subscription)
            .subscription_data(subscription)
    } else {
        let mut intent = CreateCheckoutSessionPaymentIntentData::new();
        let mut of_intent = names;
        of_intent.insert("made_on".to_owned(), MADE_ON_PAGE.to_owned());
        intent.metadata = Some(of_intent);
        intent.receipt_email = order.receipt_email.map(str::to_owned);
        request
            .mode(CheckoutSessionMode::Payment)
            .payment_intent_data(intent)
    };
    if !customer.is_empty() {
        request = request.customer(customer);
    } else if let Some(email) = order.receipt_email {
        request = request.customer_email(email);
    }
    request.build()
}

/// Whether it is the first of a subscription.
fn is_monthly(payment: &Payment) -> bool {
    !payment.subscription_id.is_empty()
}

/// What is paid for.
fn item(order: &Order<'_>) -> CreateCheckoutSessionLineItems {
    let payment = order.payment;
    let currency = payment.currency.to_ascii_lowercase();
    // An unknown code is kept as it is.
    let Ok(currency) = currency.parse::<StripeCurrency>();
    let mut product = ProductData::new(order.page.product);
    product.description =
        (!order.page.description.is_empty()).then(|| order.page.description.to_owned());
    let mut price = CreateCheckoutSessionLineItemsPriceData::new(currency);
    price.unit_amount = Some(payment.amount_minor);
    price.product_data = Some(product);
    price.recurring = is_monthly(payment).then(|| Recurring::new(Interval::Month));
    let mut item = CreateCheckoutSessionLineItems::new();
    item.price_data = Some(price);
    item.quantity = Some(1);
    item
}

fn opened(session: Session) -> Opened {
    let page_url = session.is_open().then_some(session.url).flatten();
    Opened {
        browser: page_url
            .iter()
            .map(|url| (PAYMENT_URL, url.clone()))
            .collect(),
        page_url,
        reference: session.id,
    }
}

#[cfg(test)]
mod tests;
