//! Everything that Stripe knows, in memory, and the one way to change it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::balance_transaction::BalanceTransaction;
use super::charge::Charge;
use super::checkout::{Ends, Session};
use super::customer::Customer;
use super::dispute::Dispute;
use super::event::oddity::Oddity;
use super::event::{self, Event};
use super::invoice::Invoice;
use super::invoice::payment::InvoicePayment;
use super::payment_intent::PaymentIntent;
use super::payment_method::PaymentMethod;
use super::portal::PortalSession;
use super::refund::Refund;
use super::subscription::Subscription;
use super::test_clock::Clock;
use super::wire::error::ApiError;
use super::wire::idempotency::Keys;
use crate::fault::Oddities;
use crate::network::Network;
use crate::random::random_text;
use crate::webhook::Origin;

/// A text by name, as callers attach it to an object.
pub type Metadata = BTreeMap<String, String>;

#[derive(Debug, Default)]
pub struct World {
    /// Where the sandbox itself is reached, `http://127.0.0.1:4242`.
    pub base_url: String,
    pub customers: Shelf<Customer>,
    pub payment_intents: Shelf<PaymentIntent>,
    pub payment_methods: Shelf<PaymentMethod>,
    pub charges: Shelf<Charge>,
    pub checkout_sessions: Shelf<Session>,
    pub checkout_ends: Ends,
    pub subscriptions: Shelf<Subscription>,
    pub invoices: Shelf<Invoice>,
    pub invoice_payments: Shelf<InvoicePayment>,
    pub portal_sessions: Shelf<PortalSession>,
    pub clock: Clock,
    pub refunds: Shelf<Refund>,
    pub disputes: Shelf<Dispute>,
    pub balance_transactions: Shelf<BalanceTransaction>,
    pub events: Shelf<Event>,
    pub keys: Keys,
    pub oddities: Oddities<Oddity>,
}

impl World {
    /// Where a person acts for the payer of this payment.
    pub fn page_url(&self, payment_intent: &str) -> String {
        format!("{}/?payment_intent={payment_intent}", self.base_url)
    }
}

/// What Stripe's API shows as an object.
pub trait Object {
    /// What an error calls it: `No such {NOUN}`.
    const NOUN: &'static str;
    /// The parameter that an error names when the path's id is not there.
    const PARAM: &'static str = "id";

    fn id(&self) -> &str;
    fn json(&self, world: &World) -> Value;
}

/// The objects of one kind, in the order in which they were made.
#[derive(Debug)]
pub struct Shelf<T> {
    objects: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            objects: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T: Object> Shelf<T> {
    pub fn put(&mut self, object: T) {
        self.places
            .insert(object.id().to_owned(), self.objects.len());
        self.objects.push(object);
    }

    pub fn get(&self, id: &str) -> Option<&T> {
        self.objects.get(*self.places.get(id)?)
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.objects.get_mut(*self.places.get(id)?)
    }

    /// The object that the path names.
    pub fn find(&self, id: &str) -> Result<&T, ApiError> {
        self.get(id)
            .ok_or_else(|| ApiError::not_found(T::NOUN, id, T::PARAM))
    }

    /// The object that the path names, to be changed.
    pub fn find_mut(&mut self, id: &str) -> Result<&mut T, ApiError> {
        self.get_mut(id)
            .ok_or_else(|| ApiError::not_found(T::NOUN, id, T::PARAM))
    }

    pub fn newest_first(&self) -> impl Iterator<Item = &T> {
        self.objects.iter().rev()
    }

    pub fn len(&self) -> usize {
        self.objects.len()
    }
}

/// The request that caused an act; nothing where a person or a test did.
#[derive(Clone, Debug, Default)]
pub struct Cause {
    pub request_id: Option<String>,
    pub idempotency_key: Option<String>,
}

/// One act on the world. The events in it are delivered when it is complete.
#[derive(Debug)]
pub struct Act<'a> {
    pub world: &'a mut World,
    pub network: &'a mut Network,
    /// Unix seconds.
    pub now: i64,
    pub cause: &'a Cause,
    /// Who the events come from.
    pub origin: &'a Arc<dyn Origin>,
}

impl Act<'_> {
    /// Does what belongs to subscriptions: at their clock's time.
    pub fn on_the_clock<T>(&mut self, doing: impl FnOnce(&mut Self) -> T) -> T {
        let real = self.now;
        self.now = self.world.clock.now(real);
        let done = doing(self);
        self.now = real;
        done
    }

    /// Records that this happened to the object, and has every webhook told.
    pub fn emit<T: Object>(&mut self, kind: &str, of: fn(&World) -> &Shelf<T>, id: &str) {
        if let Some(object) = of(self.world).get(id) {
            let object = object.json(self.world);
            event::record(self, kind, &object);
        }
    }
}

/// A new id as Stripe's look: a prefix, then letters and digits.
pub fn new_id(prefix: &str) -> String {
    format!("{prefix}3{}", random_text(23))
}
