//! Webhooks: who is told of events, how, and what they answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use serde_json::{Value, json};

/// What becomes of events that happen from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// They are kept until they are released.
    pub withhold: bool,
    /// What was withheld is released in reverse.
    pub reverse: bool,
    /// How often each is delivered at once; 0 is 1.
    pub copies: u64,
    /// How long each waits before it is delivered.
    pub delay: Duration,
    /// Fondy's callbacks are forms instead of JSON.
    pub form: bool,
}

/// Whose webhook it is: each provider signs, repeats and is satisfied in its own way.
pub trait Origin: fmt::Debug + Send + Sync {
    /// How long a delivery waits after its first, second, … failure.
    fn retry_pauses(&self) -> &[Duration];

    /// Whether it takes this status for a yes.
    fn is_satisfied_by(&self, status: u16) -> bool;

    /// What it says in the head of an attempt at this time (Unix seconds).
    fn headers(&self, at: i64, body: &str) -> Vec<(HeaderName, String)>;
}

/// What is told.
#[derive(Clone, Debug)]
pub struct Message {
    pub origin: Arc<dyn Origin>,
    /// What copies of it have in common: at Stripe the event's id, at Fondy the order's.
    pub event_id: String,
    pub event_type: String,
    pub content_type: &'static str,
    pub body: Arc<str>,
}

#[derive(Debug, Default)]
pub struct Webhooks {
    urls: Vec<String>,
    pub mode: Mode,
    deliveries: Vec<Delivery>,
    /// What waits for the end of the act that is under way.
    outgoing: Vec<usize>,
}

/// One event on its way to one URL.
#[derive(Debug)]
pub struct Delivery {
    /// Its place among all deliveries.
    pub id: usize,
    pub message: Message,
    pub url: String,
    /// Which of the copies of the event it is.
    copy: u64,
    pub state: DeliveryState,
    pub attempts: Vec<Attempt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    Withheld,
    /// Not answered well yet; another attempt is under way, or will come.
    Pending,
    Delivered,
    GivenUp,
}

/// One try to deliver.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Unix seconds; the time that was signed.
    pub at: i64,
    pub answer: Answer,
}

#[derive(Clone, Debug)]
pub enum Answer {
    Status { code: u16, text: String },
    None { why: String },
}

/// Deliveries whose first attempts are made one after the other.
#[derive(Debug)]
pub struct Batch {
    pub deliveries: Vec<usize>,
    pub delay: Duration,
}

impl DeliveryState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }
}

impl Message {
    pub fn is_taken_by(&self, answer: &Answer) -> bool {
        match answer {
            Answer::Status { code, .. } => self.origin.is_satisfied_by(*code),
            Answer::None { .. } => false,
        }
    }
}

impl Answer {
    pub fn show(&self) -> String {
        match self {
            Self::Status { code, text } => format!("{code} {text}"),
            Self::None { why } => why.clone(),
        }
    }
}

impl Delivery {
    pub fn json(&self) -> Value {
        let attempts: Vec<Value> = self
            .attempts
            .iter()
            .map(|attempt| match &attempt.answer {
                Answer::Status { code, text } => {
                    json!({ "at": attempt.at, "status": code, "text": text })
                }
                Answer::None { why } => json!({ "at": attempt.at, "status": null, "text": why }),
            })
            .collect();
        json!({
            "id": self.id,
            "event": self.message.event_id,
            "type": self.message.event_type,
            "url": self.url,
            "state": self.state.name(),
            "attempts": attempts,
        })
    }
}

impl Webhooks {
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    pub fn set_urls(&mut self, urls: Vec<String>) {
        self.urls = urls;
    }

    pub fn newest_first(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.iter().rev()
    }

    /// Has every URL that is told of events told of this one.
    pub fn queue_for_all(&mut self, message: &Message) {
        for url in self.urls.clone() {
            self.queue(&url, message);
        }
    }

    /// Has a URL told, when the act that the message belongs to is complete.
    pub fn queue(&mut self, url: &str, message: &Message) {
        for copy in 0..self.mode.copies.max(1) {
            let id = self.deliveries.len();
            let state = if self.mode.withhold {
                DeliveryState::Withheld
            } else {
                self.outgoing.push(id);
                DeliveryState::Pending
            };
            self.deliveries.push(Delivery {
                id,
                message: message.clone(),
                url: url.to_owned(),
                copy,
                state,
                attempts: Vec::new(),
            });
        }
    }

    /// Lets go of everything that is withheld, in the mode's order; how much that was.
    pub fn release(&mut self) -> usize {
        let mut released = Vec::new();
        for delivery in &mut self.deliveries {
            if delivery.state == DeliveryState::Withheld {
                delivery.state = DeliveryState::Pending;
                released.push(delivery.id);
            }
        }
        if self.mode.reverse {
            released.reverse();
        }
        let count = released.len();
        self.outgoing.extend(released);
        count
    }

    /// Sends one delivery now: one that is withheld for the first time, any other once more under
    /// the same event. None: there is no such delivery.
    pub fn redeliver(&mut self, id: usize) -> Option<()> {
        let next = self.deliveries.len();
        let delivery = self.deliveries.get_mut(id)?;
        if delivery.state == DeliveryState::Withheld {
            delivery.state = DeliveryState::Pending;
            self.outgoing.push(id);
            return Some(());
        }
        let again = Delivery {
            id: next,
            message: delivery.message.clone(),
            url: delivery.url.clone(),
            copy: 0,
            state: DeliveryState::Pending,
            attempts: Vec::new(),
        };
        self.outgoing.push(next);
        self.deliveries.push(again);
        Some(())
    }

    /// What is to be sent now. Each URL gets what one act caused in order, and each copy on its
    /// own; between changes nothing is promised, as at Stripe.
    pub fn take_outgoing(&mut self) -> Vec<Batch> {
        let mut batches: BTreeMap<(String, u64), Vec<usize>> = BTreeMap::new();
        for id in std::mem::take(&mut self.outgoing) {
            if let Some(delivery) = self.deliveries.get(id) {
                let to = (delivery.url.clone(), delivery.copy);
                batches.entry(to).or_default().push(id);
            }
        }
        batches
            .into_values()
            .map(|deliveries| Batch {
                deliveries,
                delay: self.mode.delay,
            })
            .collect()
    }

    /// Where the delivery goes, and what it says.
    pub fn letter(&self, id: usize) -> Option<(String, Message)> {
        let delivery = self.deliveries.get(id)?;
        Some((delivery.url.clone(), delivery.message.clone()))
    }

    pub fn note(&mut self, id: usize, attempt: Attempt) {
        if let Some(delivery) = self.deliveries.get_mut(id) {
            if delivery.message.is_taken_by(&attempt.answer) {
                delivery.state = DeliveryState::Delivered;
            }
            delivery.attempts.push(attempt);
        }
    }

    pub fn give_up(&mut self, id: usize) {
        if let Some(delivery) = self.deliveries.get_mut(id) {
            delivery.state = DeliveryState::GivenUp;
        }
    }
}
