//! Stripe: `PaymentIntent`s for the Elements of the browser, Checkout Sessions on its own pages, subscriptions that
//! are begun there, refunds and disputes of all of them.
//!
//! Requests are the typed ones of async-stripe; they travel by our own transport ([`client`]), and
//! answers and events are read by structs of our own that hold what we use and no more.

mod checkout;
mod client;
mod doctor;
mod events;
mod id;
mod invoice;
mod list;
mod objects;
mod pages;
mod renewals;
mod session;
mod settings;
mod subscription;
#[cfg(test)]
mod tests;
mod told;
mod webhook;

pub(super) use settings::{Config, Settings};

use std::collections::HashMap;

use async_trait::async_trait;
use axum::http::HeaderMap;
use billing_proto::v1::{Payment, PaymentPurpose, PaymentState};
use billing_telemetry::doctor::Finding;
use jiff::Timestamp;
use secrecy::SecretString;
use stripe_client_core::StripeRequest;
use stripe_core::customer::CreateCustomer;
use stripe_core::dispute::ListDispute;
use stripe_core::payment_intent::{
    CancelPaymentIntent, CancelPaymentIntentCancellationReason, CreatePaymentIntent,
    CreatePaymentIntentAutomaticPaymentMethods, ListPaymentIntent, RetrievePaymentIntent,
};
use stripe_core::refund::{CreateRefund, ListRefund};
use stripe_types::{Currency as StripeCurrency, RangeQueryTs};
use tokio::sync::Semaphore;

use self::client::Client;
use self::events::Origin;
use self::id::{checked, is_id};
use self::list::PAGE;
use self::objects::{Customer, Dispute, PaymentIntent, Refund};
use self::pages::Pages;
use self::told::{ASKED_AT_ONCE, Subject, Told};
use super::self_test::SelfTest;
use super::{
    BrowserMembers, Customers, Disputes, Event, HostedPages, Intents, Opened, Order, Provider,
    ProviderError, RefundOrder, Refunds, Subscriptions, WebhookRefusal,
};

use crate::currency::{Currency, USD};

const NAME: &str = "stripe";

/// Cards are tested with small amounts, and fees eat them.
const LEAST_MINOR: i64 = 100;

const CLIENT_SECRET: &str = "clientSecret";
const PAYMENT_INTENT_ID: &str = "paymentIntentId";
const PAYMENT_URL: &str = "paymentUrl";

pub(super) const BROWSER_MEMBERS: &[(&str, &str)] = &[
    (
        CLIENT_SECRET,
        "Stripe: what Elements is started with. Whoever has it can pay.",
    ),
    (PAYMENT_INTENT_ID, "Stripe: what Stripe calls the payment."),
    (
        PAYMENT_URL,
        "Stripe: the page where it is paid, where `hosted` asks for one.",
    ),
];

/// What our clock may be ahead of Stripe's.
const CLOCKS_DIFFER_SECS: i64 = 600;

#[derive(Debug)]
pub(super) struct Stripe {
    client: Client,
    webhook_secrets: Vec<SecretString>,
    livemode: bool,
    publishable_key: Option<String>,
    pages: Pages,
    /// Of events that are asked about.
    turns: Semaphore,
}

pub(super) fn open(config: &Config) -> Result<Stripe, reqwest::Error> {
    Ok(Stripe {
        client: Client::new(config)?,
        webhook_secrets: config.webhook_secrets.clone(),
        livemode: config.livemode(),
        publishable_key: config.publishable_key.clone(),
        pages: config.pages.clone(),
        turns: Semaphore::new(ASKED_AT_ONCE),
    })
}

#[async_trait]
impl Provider for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn protocol(&self) -> &'static str {
        NAME
    }

    fn livemode(&self) -> bool {
        self.livemode
    }

    fn currency(&self) -> Currency {
        USD
    }

    fn least_minor(&self) -> i64 {
        LEAST_MINOR
    }

    fn is_reference(&self, text: &str) -> bool {
        ["pi_", checkout::PREFIX, invoice::PREFIX]
            .into_iter()
            .any(|prefix| is_id(prefix, text))
    }

    fn publishable_key(&self) -> Option<&str> {
        self.publishable_key.as_deref()
    }

    fn intents(&self) -> Option<&dyn Intents> {
        Some(self)
    }

    fn hosted_pages(&self, purpose: PaymentPurpose) -> Option<&dyn HostedPages> {
        let is_set = match purpose {
            PaymentPurpose::Contribution => self.pages.contributions.is_some(),
            PaymentPurpose::Unspecified | PaymentPurpose::TopUp => self.pages.top_ups.is_some(),
        };
        is_set.then_some(self)
    }

    fn refunds(&self) -> &dyn Refunds {
        self
    }

    fn customers(&self) -> Option<&dyn Customers> {
        Some(self)
    }

    fn disputes(&self) -> Option<&dyn Disputes> {
        Some(self)
    }

    /// Also where nothing is given any more: what was begun goes on.
    fn subscriptions(&self) -> Option<&dyn Subscriptions> {
        Some(self)
    }

    fn known(&self, reference: &str, page_url: Option<&str>) -> BrowserMembers {
        let intent = is_id("pi_", reference).then_some((PAYMENT_INTENT_ID, reference));
        let page = page_url.map(|url| (PAYMENT_URL, url));
        [intent, page]
            .into_iter()
            .flatten()
            .map(|(name, text)| (name, text.to_owned()))
            .collect()
    }

    async fn retrieve(&self, reference: &str) -> Result<Vec<Event>, ProviderError> {
        if is_id(checkout::PREFIX, reference) {
            return self.page_standing(&self.session(reference).await?).await;
        }
        if is_id(invoice::PREFIX, reference) {
            let told = self.told(&Subject::Invoice(reference.to_owned())).await?;
            return Ok(told.map(Told::events).unwrap_or_default());
        }
        let intent = self.intent(reference).await?;
        // Of a page, whether somebody has done their part, and whether the money did not come, only the page says.
        let names = intent.metadata.as_ref();
        let made_on = names.and_then(|names| names.made_on.as_deref());
        if made_on == Some(checkout::MADE_ON_PAGE)
            && !matches!(
                intent.state(),
                PaymentState::Succeeded | PaymentState::Canceled
            )
            && let Some(page) = self.session_of(reference).await?
        {
            return self.page_standing(&self.session(&page).await?).await;
        }
        Ok(self.standing(Origin::Retrieved, &intent))
    }

    fn read_webhook(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Event, WebhookRefusal> {
        webhook::verify(headers, body, &self.webhook_secrets, now)?;
        Ok(self.read_event(body, now))
    }

    fn read_event(&self, body: &[u8], received_at: Timestamp) -> Event {
        events::read(body, self.livemode, received_at)
    }

    async fn confirm(&self, event: Event) -> Result<Vec<Event>, ProviderError> {
        let subject = Subject::of(&event);
        self.confirmed(event, subject).await
    }

    async fn confirm_again(&self, event: Event) -> Result<Vec<Event>, ProviderError> {
        // A payment that pays no invoice never will.
        let subject = Subject::of(&event).filter(|subject| !matches!(subject, Subject::Intent(_)));
        self.confirmed(event, subject).await
    }

    fn self_tests(&self, nonce: &str, now: Timestamp) -> Vec<SelfTest> {
        self.own_webhooks(nonce, now)
    }

    async fn look(&self, webhooks: &[String]) -> Vec<Finding> {
        self.looked_at(webhooks).await
    }
}

#[async_trait]
impl Intents for Stripe {
    async fn create(&self, order: &Order<'_>, customer: &str) -> Result<Opened, ProviderError> {
        let payment = order.payment;
        let currency = payment.currency.to_ascii_lowercase();
        // An unknown code is kept as it is.
        let Ok(currency) = currency.parse::<StripeCurrency>();
        let mut request = CreatePaymentIntent::new(payment.amount_minor, currency)
            .automatic_payment_methods(CreatePaymentIntentAutomaticPaymentMethods::new(true))
            .metadata(metadata([
                ("payment_id", payment.payment_id.as_str()),
                ("account_id", account_part(payment)),
            ]));
        if !customer.is_empty() {
            request = request.customer(customer);
        }
        if let Some(email) = order.receipt_email {
            request = request.receipt_email(email);
        }
        let created = self
            .client
            .send("create_payment", request.build(), Some(&payment.payment_id))
            .await;
        let intent: PaymentIntent = match created {
            // The only thing that the request refers to is its customer.
            Err(ProviderError::Refused { code, .. })
                if code == "resource_missing" && !customer.is_empty() =>
            {
                return Err(ProviderError::CustomerLost);
            }
            created => created?,
        };
        Ok(Opened {
            browser: browser(&intent),
            reference: intent.id,
            page_url: None,
        })
    }

    async fn resume(&self, reference: &str) -> Result<BrowserMembers, ProviderError> {
        Ok(browser(&self.intent(reference).await?))
    }

    async fn find(
        &self,
        payment: &Payment,
        customer: &str,
    ) -> Result<Option<String>, ProviderError> {
        if customer.is_empty() {
            // Every payment of ours has a customer, who is attached before it is made.
            return Ok(None);
        }
        let since = payment.created_at.as_ref().map_or(0, |time| time.seconds);
        let page = |after: Option<&str>| {
            let request = ListPaymentIntent::new()
                .customer(customer)
                .created(RangeQueryTs::gte(since.saturating_sub(CLOCKS_DIFFER_SECS)))
                .limit(PAGE);
            after
                .map_or(request.clone(), |id| request.starting_after(id))
                .build()
        };
        let intents: Vec<PaymentIntent> = self
            .client
            .list("list_payments", page, |intent: &PaymentIntent| &intent.id)
            .await?;
        let ours = Some(payment.payment_id.as_str());
        let found = intents
            .into_iter()
            .find(|intent| intent.payment_id() == ours);
        Ok(found.map(|intent| intent.id))
    }

    async fn cancel(&self, reference: &str) -> Result<Vec<Event>, ProviderError> {
        if is_id(checkout::PREFIX, reference) {
            return self.expire(reference).await;
        }
        let request = CancelPaymentIntent::new(checked("pi_", reference)?)
            .cancellation_reason(CancelPaymentIntentCancellationReason::Abandoned);
        // Without a key, which would keep a refusal for a day: a second cancellation is refused.
        let canceled = self
            .client
            .send("cancel_payment", request.build(), None)
            .await;
        match canceled {
            Ok(intent) => Ok(self.standing(Origin::Answer, &intent)),
            // It cannot be canceled as it stands: it may have been paid, or be on its way.
            Err(ProviderError::Refused { .. }) => self.retrieve(reference).await,
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Customers for Stripe {
    async fn open(&self, payment: &Payment) -> Result<String, ProviderError> {
        let account = account_part(payment);
        let request = CreateCustomer::new().metadata(metadata([("account_id", account)]));
        let key = format!("customer-{account}");
        let customer: Result<Customer, _> = self
            .client
            .send("create_customer", request.build(), Some(&key))
            .await;
        match customer {
            Ok(customer) => Ok(customer.id),
            // A key keeps a fault for a day: the account must not wait for it.
            Err(ProviderError::Away(_)) => self.replace(payment).await,
            Err(error) => Err(error),
        }
    }

    async fn replace(&self, payment: &Payment) -> Result<String, ProviderError> {
        let account = account_part(payment);
        let request = CreateCustomer::new().metadata(metadata([("account_id", account)]));
        let key = format!("customer-{}", payment.payment_id);
        let customer: Customer = self
            .client
            .send("create_customer", request.build(), Some(&key))
            .await?;
        Ok(customer.id)
    }
}

#[async_trait]
impl Refunds for Stripe {
    async fn refund(&self, order: &RefundOrder<'_>) -> Result<Event, ProviderError> {
        let Some(intent) = self.intent_of(order.reference).await? else {
            return Err(ProviderError::Away("nothing was paid on its page".into()));
        };
        let request = CreateRefund::new()
            .payment_intent(intent)
            .amount(order.amount_minor)
            .metadata(metadata([
                ("refund_id", order.refund_id),
                ("payment_id", order.payment_id),
            ]));
        let refund: Refund = self
            .client
            .send("create_refund", request.build(), Some(order.refund_id))
            .await?;
        Ok(events::of_answered_refund(
            Origin::Answer,
            &refund,
            self.livemode,
        ))
    }

    async fn list_refunds(&self, reference: &str) -> Result<Vec<Event>, ProviderError> {
        let Some(intent) = self.intent_of(reference).await? else {
            return Ok(Vec::new());
        };
        let page = |after: Option<&str>| {
            let request = ListRefund::new()
                .payment_intent(intent.as_str())
                .limit(PAGE);
            after
                .map_or(request.clone(), |id| request.starting_after(id))
                .build()
        };
        let refunds: Vec<Refund> = self
            .client
            .list("list_refunds", page, |refund: &Refund| &refund.id)
            .await?;
        let event = |refund| events::of_answered_refund(Origin::Retrieved, refund, self.livemode);
        Ok(refunds.iter().map(event).collect())
    }
}

#[async_trait]
impl Disputes for Stripe {
    async fn list_disputes(&self, reference: &str) -> Result<Vec<Event>, ProviderError> {
        let Some(intent) = self.intent_of(reference).await? else {
            return Ok(Vec::new());
        };
        let page = |after: Option<&str>| {
            let request = ListDispute::new()
                .payment_intent(intent.as_str())
                .limit(PAGE);
            after
                .map_or(request.clone(), |id| request.starting_after(id))
                .build()
        };
        let disputes: Vec<Dispute> = self
            .client
            .list("list_disputes", page, |dispute: &Dispute| &dispute.id)
            .await?;
        let events = |dispute| events::of_answered_dispute(dispute, self.livemode);
        Ok(disputes.iter().flat_map(events).collect())
    }
}

impl Stripe {
    async fn intent(&self, reference: &str) -> Result<PaymentIntent, ProviderError> {
        let request = RetrievePaymentIntent::new(checked("pi_", reference)?);
        self.client
            .send("retrieve_payment", request.build(), None)
            .await
    }

    fn standing(&self, origin: Origin, intent: &PaymentIntent) -> Vec<Event> {
        let livemode = intent.livemode.unwrap_or(self.livemode);
        vec![events::of_answered_payment(origin, intent, livemode)]
    }
}

fn browser(intent: &PaymentIntent) -> BrowserMembers {
    let secret = intent.client_secret.as_ref();
    let secret = secret.map(|secret| (CLIENT_SECRET, secret.0.clone()));
    [(PAYMENT_INTENT_ID, intent.id.clone())]
        .into_iter()
        .chain(secret)
        .collect()
}

/// The payment's id begins with its account's.
fn account_part(payment: &Payment) -> &str {
    let id = payment.payment_id.as_str();
    id.split_once('-').map_or(id, |(account, _)| account)
}

fn metadata<const N: usize>(members: [(&str, &str); N]) -> HashMap<String, String> {
    members
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}
