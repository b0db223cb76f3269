//! The billing core: the ledger, its decisions, and the gRPC surface over them.

pub mod account;
pub mod admin;
pub mod admin_change;
pub mod auth;
pub mod charge;
pub mod command;
pub mod config;
pub mod contact;
pub mod database;
pub mod decisions;
pub mod doctor;
pub mod endpoint;
pub mod entry;
pub mod field;
pub mod grpc;
pub mod heartbeat;
pub mod hold;
pub mod id;
pub mod ledger;
pub mod migrate;
pub mod money;
pub mod operator;
pub mod outbox;
pub mod payment;
pub mod person;
pub mod port;
pub mod preflight;
pub mod price;
pub mod rpc;
pub mod serve;
pub mod sponsorship;
pub mod status;
pub mod switch;
mod top_up;
pub mod unsubscribe;
pub mod usage;
mod warnings;

use std::path::Path;
use std::sync::Arc;

use sqlx::PgPool;

use crate::admin::Overviews;
use crate::admin_change::Turns;
use crate::decisions::DecisionCounters;
use crate::entry::Histories;
use crate::ledger::{Batcher, Reader};
use crate::payment::Payments;
use crate::price::CataloguePulse;
use crate::sponsorship::SponsorshipReader;
use crate::unsubscribe::Links;

/// What the RPCs work with. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    pub batcher: Batcher,
    pub reader: Reader,
    pub catalogue: CataloguePulse,
    /// For prices and tenants; the hot path has connections of its own.
    pub pool: PgPool,
    /// Of whoever changes something by hand, with that pool or with that of payments.
    pub turns: Turns,
    /// For reads that are as long as an account's history.
    pub histories: Histories,
    pub decisions: Arc<DecisionCounters>,
    pub payments: Payments,
    pub sponsorship: SponsorshipReader,
    /// What of each tenant was read a moment ago.
    pub overviews: Overviews,
    /// By which mail is unsubscribed from.
    pub links: Arc<Links>,
    /// Where mail is written that is not sent.
    pub outbox_dir: Option<Arc<Path>>,
}
