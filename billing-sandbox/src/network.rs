//! What lies between the providers and whoever calls them: webhooks on their way, and what goes wrong.

use crate::fault::Faults;
use crate::webhook::Webhooks;

#[derive(Debug, Default)]
pub struct Network {
    pub faults: Faults,
    pub webhooks: Webhooks,
}
