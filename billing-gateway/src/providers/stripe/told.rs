//! What Stripe says of a subscription where it is asked because something of it was reported. No report of one is
//! believed: reports overtake each other, and of the payment of an invoice none says whose it is.

use billing_proto::v1::apply_provider_event_request::Report;
use jiff::Timestamp;
use serde::Deserialize;

use super::Stripe;
use super::events::{self, Origin};
use super::id::is_id;
use super::invoice::{self, Invoice};
use super::objects::{Id, Metadata, lenient};
use super::session::Session;
use super::subscription::{self, Subscription};
use crate::providers::{Event, ProviderError};

/// Of an invoice, what tells that it was paid, or that it was not.
const OF_INVOICES: [&str; 5] = [
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.payment_failed",
    "invoice.marked_uncollectible",
    "invoice.voided",
];

/// What is asked about, by its id.
pub(super) enum Subject {
    Subscription(String),
    Invoice(String),
    /// What pays an invoice, perhaps.
    Intent(String),
    /// A page on which a subscription was begun.
    Page {
        subscription: String,
        invoice: Option<String>,
    },
}

/// A subscription of ours, and an invoice of it.
pub(super) struct Told {
    subscription: Subscription,
    names: Metadata,
    /// When the asking began.
    as_of: Timestamp,
    invoice: Option<Invoice>,
    livemode: bool,
}

/// So much of an event's object.
#[derive(Deserialize)]
struct Mentioned {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
}

impl Subject {
    pub(super) fn of_page(session: &Session) -> Option<Self> {
        let id = |prefix: &str, named: Option<&Id>| {
            let named = named.map(Id::text);
            named.filter(|id| is_id(prefix, id)).map(str::to_owned)
        };
        Some(Self::Page {
            subscription: id(subscription::PREFIX, session.subscription.as_ref())?,
            invoice: id(invoice::PREFIX, session.invoice.as_ref()),
        })
    }

    /// None: the event's own word is enough, or nothing is to be done about it.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let named = |prefix: &str| {
            let Mentioned { id } = events::object_of(event)?;
            id.filter(|id| is_id(prefix, id))
        };
        match event.r#type.as_str() {
            "retrieved.customer.subscription" | "answer.customer.subscription" => {
                named(subscription::PREFIX).map(Self::Subscription)
            }
            kind if kind.starts_with("customer.subscription.") => {
                named(subscription::PREFIX).map(Self::Subscription)
            }
            kind if OF_INVOICES.contains(&kind) => named(invoice::PREFIX).map(Self::Invoice),
            kind if kind.starts_with("checkout.session.") => {
                Self::of_page(&events::object_of(event)?)
            }
            kind if kind.starts_with("payment_intent.") => {
                let is_ours = !event.payment_id.is_empty();
                (!is_ours && is_id("pi_", &event.reference))
                    .then(|| Self::Intent(event.reference.clone()))
            }
            _ => None,
        }
    }
}

impl Stripe {
    /// What is to be applied of an event, as Stripe answers about the subject of it.
    pub(super) async fn confirmed(
        &self,
        event: Event,
        subject: Option<Subject>,
    ) -> Result<Vec<Event>, ProviderError> {
        let subject = subject.filter(|subject| match subject {
            // Where nothing is given, nothing is given monthly.
            Subject::Intent(_) => self.pages.contributions.is_some(),
            Subject::Subscription(_) | Subject::Invoice(_) | Subject::Page { .. } => true,
        });
        match subject {
            Some(subject) if self.may_ask_about(&event) => Ok(match self.told(&subject).await? {
                Some(told) => told.before(event),
                None => vec![event],
            }),
            _ => Ok(vec![event]),
        }
    }

    /// The objects of another account or mode are not ours to ask for.
    pub(super) fn may_ask_about(&self, event: &Event) -> bool {
        event.provider_account.is_empty() && event.livemode == self.livemode
    }

    /// None: it is nothing of a subscription of ours.
    pub(super) async fn told(&self, subject: &Subject) -> Result<Option<Told>, ProviderError> {
        match self.asked(subject).await {
            // It does not know it.
            Err(ProviderError::Refused { .. }) => Ok(None),
            answered => answered,
        }
    }

    async fn asked(&self, subject: &Subject) -> Result<Option<Told>, ProviderError> {
        let as_of = Timestamp::now();
        let invoice = match subject {
            Subject::Subscription(_) => None,
            Subject::Invoice(id) => Some(id.clone()),
            Subject::Page { invoice, .. } => invoice.clone(),
            Subject::Intent(id) => match self.invoice_of(id).await? {
                Some(invoice) => Some(invoice),
                None => return Ok(None),
            },
        };
        let invoice = match invoice {
            Some(id) => Some(self.invoice(&id).await?),
            None => None,
        };
        let named = match subject {
            Subject::Subscription(id) => Some(id.as_str()),
            Subject::Page { subscription, .. } => Some(subscription.as_str()),
            Subject::Invoice(_) | Subject::Intent(_) => {
                invoice.as_ref().and_then(Invoice::subscription)
            }
        };
        let Some(id) = named else {
            return Ok(None);
        };
        let subscription = self.subscription(id).await?;
        let names = subscription.names().cloned();
        Ok(names.map(|names| Told {
            livemode: subscription.livemode.unwrap_or(self.livemode),
            subscription,
            names,
            as_of,
            invoice,
        }))
    }
}

impl Told {
    pub(super) fn new(
        subscription: Subscription,
        names: Metadata,
        as_of: Timestamp,
        livemode: bool,
    ) -> Self {
        Self {
            livemode: subscription.livemode.unwrap_or(livemode),
            subscription,
            names,
            as_of,
            invoice: None,
        }
    }

    /// That an invoice of it was paid. None: it was not.
    pub(super) fn paid(&self, invoice: Invoice) -> Option<Event> {
        invoice.is_paid().then(|| {
            let invoice = invoice.named(&self.subscription.id, &self.names);
            events::of_paid_invoice(&invoice, self.livemode)
        })
    }

    /// How it stands.
    pub(super) fn standing(&self, origin: Origin) -> Event {
        let event =
            events::of_answered_subscription(origin, &self.subscription, self.as_of, self.livemode);
        self.carried_by(event)
    }

    /// All of it.
    pub(super) fn events(mut self) -> Vec<Event> {
        let paid = self.invoice.take().and_then(|invoice| self.paid(invoice));
        paid.into_iter()
            .chain([self.standing(Origin::Retrieved)])
            .collect()
    }

    /// All of it with the event that had it asked for, last.
    fn before(mut self, event: Event) -> Vec<Event> {
        let invoice = self.invoice.take();
        let is_first = invoice.as_ref().is_some_and(Invoice::is_first);
        let mut all: Vec<Event> = invoice
            .and_then(|invoice| self.paid(invoice))
            .into_iter()
            .collect();
        // A page says what became of its payment where that is not paid, and an attempt that was declined counts.
        let says_more = event.r#type.starts_with("checkout.session.") && event.report.is_some()
            || is_first && is_declined(&event);
        if says_more {
            all.push(self.standing(Origin::Retrieved));
            all.push(Event {
                payment_id: text(self.names.payment_id.as_ref()),
                account_id: text(self.names.account_id.as_ref()),
                ..event
            });
        } else {
            all.push(self.carried_by(event));
        }
        all
    }

    /// The event, which says how the subscription stands and is about the first payment of it.
    fn carried_by(&self, event: Event) -> Event {
        let report = self.subscription.report(self.as_of);
        Event {
            reference: String::new(),
            further_references: Vec::new(),
            payment_id: text(self.names.payment_id.as_ref()),
            account_id: text(self.names.account_id.as_ref()),
            report: Some(report.unwrap_or_else(|why| Report::Unreadable(why.to_owned()))),
            opens: None,
            ..event
        }
    }
}

fn is_declined(event: &Event) -> bool {
    matches!(&event.report, Some(Report::Payment(payment)) if !payment.decline_code.is_empty())
}

fn text(name: Option<&String>) -> String {
    name.cloned().unwrap_or_default()
}

impl Stripe {
    /// How a page stands on which a subscription may have been begun.
    pub(super) async fn page_standing(
        &self,
        session: &Session,
    ) -> Result<Vec<Event>, ProviderError> {
        let told = match Subject::of_page(session) {
            Some(subject) => self.told(&subject).await?,
            None => None,
        };
        let mut events = told.map(Told::events).unwrap_or_default();
        if session.tells(session.state()) {
            events.extend(self.session_standing(Origin::Retrieved, session));
        }
        Ok(events)
    }

    /// What pays the first invoice of the subscription that was begun on a page, or what was paid on it.
    pub(super) async fn intent_of_page(
        &self,
        session: Session,
    ) -> Result<Option<String>, ProviderError> {
        if let Some(paid_by) = session.payment_intent {
            return Ok(Some(paid_by.id));
        }
        match &session.invoice {
            Some(id) => self.intent_of_invoice(id.text()).await,
            None => Ok(None),
        }
    }

    pub(super) async fn intent_of_invoice(
        &self,
        id: &str,
    ) -> Result<Option<String>, ProviderError> {
        Ok(self.invoice(id).await?.intent().map(str::to_owned))
    }
}
