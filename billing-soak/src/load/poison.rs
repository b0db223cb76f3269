//! Requests that the product must refuse, and that must change nothing.

use std::collections::VecDeque;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::Load;
use crate::journal::{Asked, Overage, Poison, User};

/// Most charges and holds that are remembered.
const REMEMBERED: usize = 20;
/// The most that a request may name.
const MOST_MICROS: i64 = 1_000_000_000_000_000;

/// What was done, for poison to refer to.
#[derive(Default)]
pub struct Seen {
    charges: VecDeque<Charge>,
    holds: VecDeque<(User, String)>,
}

struct Charge {
    user: User,
    key: String,
    entry_id: String,
    amount_micros: i64,
}

impl Seen {
    pub fn charge(&mut self, user: &User, key: &str, entry_id: &str, amount_micros: i64) {
        self.charges.truncate(REMEMBERED - 1);
        self.charges.push_front(Charge {
            user: user.clone(),
            key: key.to_owned(),
            entry_id: entry_id.to_owned(),
            amount_micros,
        });
    }

    pub fn hold(&mut self, user: &User, hold_id: &str) {
        self.holds.truncate(REMEMBERED - 1);
        self.holds.push_front((user.clone(), hold_id.to_owned()));
    }

    /// One of each kind with the same chance; none where there is nothing to make it of yet.
    pub fn draw(&self, load: &Load, random: &mut StdRng) -> Option<(User, Asked, Poison)> {
        let rich: Vec<&User> = load.cast.rich().collect();
        let user = (*rich.choose(random)?).clone();
        let charge = random
            .random_range(0..self.charges.len().max(1))
            .min(REMEMBERED);
        let charge = || self.charges.get(charge);
        let another = |owner: &User| rich.iter().copied().find(|user| *user != owner).cloned();
        Some(match random.random_range(0..9) {
            0 => {
                let charge = charge()?;
                let asked = reject(charge.key.clone(), charge.amount_micros + 1);
                (charge.user.clone(), asked, Poison::KeyReused)
            }
            1 => (user, reject(load.key(), MOST_MICROS), Poison::TooDear),
            2 => {
                let charge = charge()?;
                let asked = refund(load, &charge.entry_id, charge.amount_micros + 1);
                (charge.user.clone(), asked, Poison::TooMuchBack)
            }
            3 => {
                let hold_id = "6ba7b810-9dad-41d1-80b4-00c04fd430c8".to_owned();
                (user, Asked::Release { hold_id }, Poison::NoSuchHold)
            }
            4 => {
                let (owner, hold_id) = self.holds.front()?;
                let asked = Asked::Capture {
                    hold_id: hold_id.clone(),
                    placed_by: String::new(),
                    amount_micros: 1,
                    overage: Overage::AllowDebt,
                };
                (another(owner)?, asked, Poison::HoldOfAnother)
            }
            5 => {
                // The welcome is an entry, and no charge.
                let welcome = format!("{}-1", charge()?.entry_id.split_once('-')?.0);
                let asked = refund(load, &welcome, 1);
                (charge()?.user.clone(), asked, Poison::NoSuchCharge)
            }
            6 => {
                let charge = charge()?;
                let asked = refund(load, &charge.entry_id, 1);
                (another(&charge.user)?, asked, Poison::ChargeOfAnother)
            }
            7 => (user, bad_field(load, random), Poison::BadField),
            _ => (user, reject(load.key(), 1), Poison::RefusedByDatabase),
        })
    }
}

fn reject(key: String, amount_micros: i64) -> Asked {
    Asked::Charge {
        key,
        amount_micros,
        overage: Overage::Reject,
    }
}

fn refund(load: &Load, charge: &str, amount_micros: i64) -> Asked {
    Asked::Refund {
        key: load.key(),
        charge: charge.to_owned(),
        amount_micros: Some(amount_micros),
    }
}

fn bad_field(load: &Load, random: &mut StdRng) -> Asked {
    match random.random_range(0..5) {
        0 => reject(load.key(), 0),
        1 => reject(load.key(), MOST_MICROS + 1),
        2 => reject("k".repeat(256), 1),
        3 => reject("with\0zero".to_owned(), 1),
        _ => Asked::Place {
            key: load.key(),
            amount_micros: 1,
            ttl_secs: 0,
        },
    }
}
