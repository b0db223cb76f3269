//! The gateway over real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it expects"
)]

mod accounts;
mod admin;
mod between;
mod binary;
mod core_calls;
mod crowds;
mod dashboard;
mod doctor;
mod downloads;
mod entries;
mod export;
mod fondy;
mod gateway;
mod heads_and_bodies;
mod mail;
mod outage;
mod payments;
mod rates;
mod signing_keys;
mod slow_clients;
mod stage;
mod subscriptions;
mod supporters;
mod surface;
mod traces;
mod unsubscribe;
mod web;
