//! What Stripe says of a subscription where it is asked because something of it was reported. No report of one is
//! believed: reports overtake each other, and of the payment of an invoice none says whose it is.

use std::time::Duration;

use billing_proto::v1::apply_provider_event_request::Report;
use jiff::Timestamp;

use super::Stripe;
use super::events::{self, Origin};
use super::id::is_id;
use super::invoice::{self, Billed, Invoice};
use super::objects::{Id, Metadata};
use super::session::Session;
use super::subscription::{self, Mentioned, Subscription};
use crate::payment_id::is_payment_id;
use crate::providers::{Event, ProviderError};

/// Events that are asked about at the same time. Where a month begins for a thousand givers Stripe tells all of it
/// within a minute, and what it answers in a second is for those, too, who pay just now.
pub(super) const ASKED_AT_ONCE: usize = 8;
/// For all that is asked about one event, and the time that it waits for that: less than one request may take.
/// Stripe tells again what was not taken.
const ASKED_WITHIN: Duration = Duration::from_secs(10);

/// Of an invoice, what tells that it was paid, or that it was not.
const OF_INVOICES: [&str; 5] = [
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.payment_failed",
    "invoice.marked_uncollectible",
    "invoice.voided",
];

/// Of what pays an invoice, what follows something from.
const OF_INTENTS: [&str; 2] = ["payment_intent.succeeded", "payment_intent.payment_failed"];

/// What is asked about, by its id.
#[derive(Debug, PartialEq, Eq)]
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
        let of_subscription = || {
            let mentioned: Mentioned = events::object_of(event)?;
            let id = mentioned.id.as_ref().filter(|_| mentioned.may_be_ours())?;
            is_id(subscription::PREFIX, id).then(|| Self::Subscription(id.clone()))
        };
        match event.r#type.as_str() {
            "retrieved.customer.subscription" | "answer.customer.subscription" => of_subscription(),
            kind if kind.starts_with("customer.subscription.") => of_subscription(),
            kind if OF_INVOICES.contains(&kind) => {
                let billed: Billed = events::object_of(event)?;
                let id = billed.id.as_ref().filter(|_| billed.may_be_ours())?;
                is_id(invoice::PREFIX, id).then(|| Self::Invoice(id.clone()))
            }
            kind if kind.starts_with("checkout.session.") => {
                let session: Session = events::object_of(event)?;
                let is_ours = session.payment_id().is_some_and(is_payment_id);
                is_ours.then(|| Self::of_page(&session)).flatten()
            }
            kind if is_of_intent(event) && OF_INTENTS.contains(&kind) => {
                Some(Self::Intent(event.reference.clone()))
            }
            _ => None,
        }
    }
}

/// It is about what pays an invoice, or nothing of ours: into each other one our names are written.
fn is_of_intent(event: &Event) -> bool {
    event.r#type.starts_with("payment_intent.")
        && event.payment_id.is_empty()
        && is_id("pi_", &event.reference)
}

impl Stripe {
    /// What is to be applied of an event, as Stripe answers about the subject of it.
    pub(super) async fn confirmed(
        &self,
        event: Event,
        subject: Option<Subject>,
    ) -> Result<Vec<Event>, ProviderError> {
        // Where nothing is given, nothing is given monthly.
        let is_passed_by = self.pages.contributions.is_none() && is_of_intent(&event);
        if is_passed_by || !self.may_ask_about(&event) {
            return Ok(vec![event]);
        }
        let Some(subject) = subject else {
            // That somebody is about to pay an invoice says nothing that is not asked for when they have.
            let is_of_no_use = is_of_intent(&event) && !OF_INTENTS.contains(&event.r#type.as_str());
            let report = event.report.clone().filter(|_| !is_of_no_use);
            return Ok(vec![Event { report, ..event }]);
        };
        Ok(match self.told_in_turn(&subject).await? {
            Some(told) => told.before(event),
            None => vec![event],
        })
    }

    /// Of few at the same time; `Late` where it takes too long.
    pub(super) async fn told_in_turn(
        &self,
        subject: &Subject,
    ) -> Result<Option<Told>, ProviderError> {
        let asking = async {
            let turn = self.turns.acquire().await;
            let _turn = turn.map_err(|closed| ProviderError::Away(closed.into()))?;
            self.told(subject).await
        };
        let asked = tokio::time::timeout(ASKED_WITHIN, asking).await;
        asked.unwrap_or(Err(ProviderError::Late))
    }

    /// The objects of another account or mode are not ours to ask for.
    pub(super) fn may_ask_about(&self, event: &Event) -> bool {
        event.provider_account.is_empty() && event.livemode == self.livemode
    }

    /// None: it is nothing of a subscription of ours.
    pub(super) async fn told(&self, subject: &Subject) -> Result<Option<Told>, ProviderError> {
        match self.asked(subject).await {
            // It does not know it. What else it refuses says nothing of whose it is.
            Err(ProviderError::Refused { code, .. }) if code == "resource_missing" => Ok(None),
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
        let about = match subject {
            Subject::Subscription(id) => Some(id.as_str()),
            Subject::Page { subscription, .. } => Some(subscription.as_str()),
            Subject::Invoice(_) | Subject::Intent(_) => {
                invoice.as_ref().and_then(Invoice::subscription)
            }
        };
        let Some(id) = about else {
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
            // An attempt that was declined gives no name to its payment: the page keeps it, on which that can be
            // paid still, and which can be ended.
            let reference = if is_declined(&event) {
                String::new()
            } else {
                event.reference.clone()
            };
            all.push(Event {
                reference,
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::read;
    use super::Subject;

    fn of(kind: &str, object: &Value) -> Option<Subject> {
        Subject::of(&read(kind, object))
    }

    #[test]
    fn what_is_seen_to_be_somebody_elses_is_not_asked_about() {
        let part = "0123456789abcdef0123456789abcdef";
        let ours = json!({"payment_id": format!("{part}-{part}")});
        for (metadata, is_asked) in [
            (&ours, true),
            (&Value::Null, true),
            (&json!({}), false),
            (&json!({"payment_id": "of a shop"}), false),
        ] {
            let object = json!({"id": "sub_1", "metadata": metadata});
            let subject = of("customer.subscription.updated", &object);
            assert_eq!(subject.is_some(), is_asked, "{object}");
            let details = json!({"subscription": "sub_1", "metadata": metadata});
            let object = json!({"id": "in_1", "parent": {"subscription_details": details}});
            let subject = of("invoice.paid", &object);
            assert_eq!(subject.is_some(), is_asked, "{object}");
            let object = json!({"id": "cs_1", "subscription": "sub_1", "metadata": metadata});
            let subject = of("checkout.session.completed", &object);
            assert_eq!(subject.is_some(), *metadata == ours, "{object}");
        }
        let old = json!({"id": "in_1", "subscription": "sub_1"});
        let asked = Some(Subject::Invoice("in_1".to_owned()));
        assert_eq!(of("invoice.payment_failed", &old), asked);
        assert_eq!(
            of("invoice.paid", &json!({"id": "in_1", "parent": null})),
            None
        );
        for id in ["../in_1", "in_", "sub_1"] {
            assert_eq!(
                of("invoice.paid", &json!({"id": id, "subscription": "sub_1"})),
                None
            );
        }
    }

    #[test]
    fn of_what_pays_an_invoice_only_what_came_of_it_is_asked_about() {
        for (kind, is_asked) in [
            ("payment_intent.created", false),
            ("payment_intent.processing", false),
            ("payment_intent.payment_failed", true),
            ("payment_intent.succeeded", true),
        ] {
            for (metadata, is_ours) in [(json!({}), false), (json!({"payment_id": "0f-1"}), true)] {
                let object = json!({"id": "pi_1", "amount": 500, "amount_received": 500,
                    "currency": "usd", "status": "succeeded", "metadata": metadata});
                let subject = of(kind, &object);
                assert_eq!(subject.is_some(), is_asked && !is_ours, "{kind} {metadata}");
            }
        }
    }

    #[test]
    fn whose_an_invoice_is_that_nothing_is_done_about_is_known_all_the_same() {
        let part = "0123456789abcdef0123456789abcdef";
        let ours = format!("{part}-{part}");
        let details = json!({"subscription": "sub_1", "metadata": {"payment_id": ours}});
        let upcoming = json!({"parent": {"subscription_details": details}});
        for (kind, object) in [
            ("invoice.upcoming", &upcoming),
            (
                "customer.subscription.paused",
                &json!({"metadata": {"payment_id": ours}}),
            ),
        ] {
            let event = read(kind, object);
            assert_eq!(
                (event.payment_id.as_str(), event.report),
                (ours.as_str(), None)
            );
        }
        let foreign = json!({"metadata": {"payment_id": "of a shop"}});
        assert_eq!(
            read("customer.subscription.paused", &foreign).payment_id,
            ""
        );
    }
}
