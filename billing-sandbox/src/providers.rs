//! The providers that stand behind one address, and what goes wrong with them.

use std::sync::Arc;

use crate::fault::RequestKind;
use crate::fondy::{self, Fondy};
use crate::running::Running;
use crate::stripe::{self, Stripe};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Providers {
    pub stripe: Arc<Stripe>,
    pub fondy: Arc<Fondy>,
    pub running: Arc<Running>,
}

/// Every kind of request, whoever it is for.
pub fn request_kinds() -> impl Iterator<Item = RequestKind> {
    let of_stripe = stripe::wire::routes::REQUEST_KINDS;
    of_stripe.into_iter().chain(fondy::endpoints::REQUEST_KINDS)
}

impl Providers {
    /// How many requests, events and callbacks are yet to go wrong.
    pub fn faults_left(&self) -> u64 {
        let events = self.stripe.lock().oddities.left();
        let callbacks = self.fondy.lock().oddities.left();
        let requests = self.running.network().faults.left();
        requests.saturating_add(events).saturating_add(callbacks)
    }

    pub fn forget_faults(&self) {
        self.stripe.lock().oddities.forget();
        self.fondy.lock().oddities.forget();
        self.running.network().faults.forget();
    }
}
