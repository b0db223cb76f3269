//! Subscriptions: what they have paid so far, their end, and the portal.

use async_trait::async_trait;
use billing_proto::v1::apply_provider_event_request::Report;
use jiff::Timestamp;
use serde::Deserialize;
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::invoice::{ListInvoice, RetrieveInvoice};
use stripe_billing::invoice_payment::{
    ListInvoicePayment, ListInvoicePaymentPayment, ListInvoicePaymentPaymentType,
};
use stripe_billing::subscription::{CancelSubscription, RetrieveSubscription, UpdateSubscription};
use stripe_client_core::StripeRequest;

use super::Stripe;
use super::events::Origin;
use super::id::{checked, is_id};
use super::invoice::{self, Invoice, InvoicePayment};
use super::list::PAGE;
use super::objects::{Id, Metadata};
use super::subscription::{self, Subscription};
use super::told::{Subject, Told};
use crate::providers::{Event, ProviderError, Subscribed, SubscriptionEnd, Subscriptions};

/// A page on which a customer changes how they pay.
#[derive(Deserialize)]
struct Portal {
    url: String,
}

#[async_trait]
impl Subscriptions for Stripe {
    async fn standing(&self, subscribed: Subscribed<'_>) -> Result<Vec<Event>, ProviderError> {
        let as_of = Timestamp::now();
        let told = Told::new(
            self.subscription(subscribed.reference).await?,
            names(subscribed),
            as_of,
            self.livemode,
        );
        let page = |after: Option<&str>| {
            let request = ListInvoice::new()
                .subscription(subscribed.reference)
                .expand(["data.payments".to_owned()])
                .limit(PAGE);
            after
                .map_or(request.clone(), |id| request.starting_after(id))
                .build()
        };
        let mut invoices: Vec<Invoice> = self
            .client
            .list("list_invoices", page, |invoice: &Invoice| &invoice.id)
            .await?;
        // The oldest first, as they were paid.
        invoices.reverse();
        let paid = invoices
            .into_iter()
            .filter_map(|invoice| told.paid(invoice));
        let mut events: Vec<Event> = paid.collect();
        events.push(told.standing(Origin::Retrieved));
        Ok(events)
    }

    async fn cancel(
        &self,
        subscribed: Subscribed<'_>,
        end: SubscriptionEnd,
    ) -> Result<Vec<Event>, ProviderError> {
        let id = checked(subscription::PREFIX, subscribed.reference)?;
        let as_of = Timestamp::now();
        let request = match end {
            SubscriptionEnd::WithItsPeriod => UpdateSubscription::new(id)
                .cancel_at_period_end(true)
                .build(),
            SubscriptionEnd::Now => CancelSubscription::new(id).build(),
        };
        // Without a key, which would keep a refusal for a day: it may be said as often as one likes.
        let canceled = self.client.send("cancel_subscription", request, None).await;
        let (subscription, as_of, origin) = match canceled {
            Ok(subscription) => (subscription, as_of, Origin::Answer),
            // It has ended, or is to end, as somebody else has asked meanwhile.
            Err(refused @ ProviderError::Refused { .. }) => {
                let as_of = Timestamp::now();
                let subscription = self.subscription(id).await?;
                if !subscription.ends() {
                    return Err(refused);
                }
                (subscription, as_of, Origin::Retrieved)
            }
            Err(error) => return Err(error),
        };
        let told = Told::new(subscription, names(subscribed), as_of, self.livemode);
        Ok(vec![told.standing(origin)])
    }

    async fn portal(&self, customer: &str) -> Result<String, ProviderError> {
        let mut request = CreateBillingPortalSession::new().customer(customer);
        if let Some(pages) = &self.pages.contributions {
            request = request.return_url(pages.support_url());
        }
        let made = self
            .client
            .send("create_portal", request.build(), None)
            .await;
        match made {
            Ok(Portal { url }) => Ok(url),
            // The only thing that the request refers to is its customer.
            Err(ProviderError::Refused { code, .. }) if code == "resource_missing" => {
                Err(ProviderError::CustomerLost)
            }
            Err(error) => Err(error),
        }
    }

    async fn belongs_to(&self, event: &Event) -> Result<Vec<Event>, ProviderError> {
        let takes_back = matches!(event.report, Some(Report::Refund(_) | Report::Dispute(_)));
        // Where nothing is given, nothing is given monthly.
        let may_ask = self.pages.contributions.is_some() && self.may_ask_about(event);
        if !takes_back || !may_ask || !is_id("pi_", &event.reference) {
            return Ok(Vec::new());
        }
        let subject = Subject::Intent(event.reference.clone());
        let told = self.told_in_turn(&subject).await?;
        Ok(told.map(Told::events).unwrap_or_default())
    }
}

impl Stripe {
    pub(super) async fn subscription(&self, id: &str) -> Result<Subscription, ProviderError> {
        let request = RetrieveSubscription::new(checked(subscription::PREFIX, id)?);
        self.client
            .send("retrieve_subscription", request.build(), None)
            .await
    }

    /// With what pays it.
    pub(super) async fn invoice(&self, id: &str) -> Result<Invoice, ProviderError> {
        let request =
            RetrieveInvoice::new(checked(invoice::PREFIX, id)?).expand(["payments".to_owned()]);
        self.client
            .send("retrieve_invoice", request.build(), None)
            .await
    }

    /// The invoice that a payment pays. None: it pays none.
    pub(super) async fn invoice_of(&self, intent: &str) -> Result<Option<String>, ProviderError> {
        let mut payment =
            ListInvoicePaymentPayment::new(ListInvoicePaymentPaymentType::PaymentIntent);
        payment.payment_intent = Some(checked("pi_", intent)?.to_owned());
        let page = |_: Option<&str>| {
            ListInvoicePayment::new()
                .payment(payment.clone())
                .limit(PAGE)
                .build()
        };
        let payments: Vec<InvoicePayment> = self
            .client
            .list("list_invoice_payments", page, |payment: &InvoicePayment| {
                &payment.id
            })
            .await?;
        let invoice = payments.into_iter().find_map(|payment| payment.invoice);
        Ok(invoice.as_ref().map(|id: &Id| id.text().to_owned()))
    }
}

/// As its creation wrote them, whatever became of them there.
fn names(subscribed: Subscribed<'_>) -> Metadata {
    let payment_id = subscribed.payment_id;
    let account = payment_id.split_once('-').map(|(account, _)| account);
    Metadata {
        payment_id: Some(payment_id.to_owned()),
        account_id: account.map(str::to_owned),
        ..Metadata::default()
    }
}
