//! `/v1/test_helpers/test_clocks`: the clock of subscriptions.
//!
//! Stripe has many, each for the customers that were made on it. Here is one, for every customer, and it is
//! listed without having been made: it goes with real time until somebody sets or advances it, and stands
//! still from then on. Only what belongs to subscriptions is dated by it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::event;
use super::subscription::period::months_after;
use super::wire::error::ApiError;
use super::wire::list::Page;
use super::wire::params::Params;
use super::world::{Act, new_id};
use super::{invoice, subscription};
use crate::running::unix_now;

const NOUN: &str = "test_helpers.test_clock";

/// How far one advance may lead: two intervals of the shortest subscription, or two years without one.
const MONTHS_MAX: i32 = 2;
const MONTHS_MAX_WITHOUT_SUBSCRIPTIONS: i32 = 24;

/// How long Stripe keeps a clock; here it stays.
const KEPT_SECS: i64 = 30 * 24 * 60 * 60;

#[derive(Debug)]
pub struct Clock {
    id: String,
    name: Option<String>,
    created: i64,
    /// Where it stands, once it does not go with real time any more.
    held_at: Option<i64>,
    /// What is to happen when, by ids. What has changed its plans meanwhile does nothing then.
    due: BTreeSet<(i64, String)>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            id: new_id("clock_"),
            name: None,
            created: unix_now(),
            held_at: None,
            due: BTreeSet::new(),
        }
    }
}

impl Clock {
    /// What it shows while real time is this.
    pub fn now(&self, real: i64) -> i64 {
        self.held_at.unwrap_or(real)
    }

    /// Its id, once it dates what happens.
    pub fn held_id(&self) -> Option<&str> {
        self.held_at.map(|_| self.id.as_str())
    }

    /// Lets an invoice or a subscription be asked at this time.
    pub fn put(&mut self, at: i64, id: &str) {
        self.due.insert((at, id.to_owned()));
    }

    /// Whether something is due in real time.
    pub fn has_due(&self, real: i64) -> bool {
        self.held_at.is_none() && self.next_due().is_some_and(|at| at <= real)
    }

    pub fn next_due(&self) -> Option<i64> {
        self.due.first().map(|(at, _)| *at)
    }

    fn take_due(&mut self, until: i64) -> Option<(i64, String)> {
        let is_due = self.next_due().is_some_and(|at| at <= until);
        is_due.then(|| self.due.pop_first()).flatten()
    }

    pub fn json(&self) -> Value {
        json!({
            "id": self.id,
            "object": NOUN,
            "created": self.created,
            "deletes_after": self.created.saturating_add(KEPT_SECS),
            "frozen_time": self.held_at.unwrap_or_else(unix_now),
            "livemode": false,
            "name": self.name,
            "status": "ready",
            "status_details": {},
        })
    }
}

pub fn retrieve(act: &Act<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    find(act, id).map(Clock::json)
}

pub fn list(act: &Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    Page::take(&mut params)?;
    params.finish()?;
    Ok(json!({
        "object": "list",
        "data": [act.world.clock.json()],
        "has_more": false,
        "url": "/v1/test_helpers/test_clocks",
    }))
}

/// Sets the clock that is there, once.
pub fn create(act: &mut Act<'_>, mut params: Params) -> Result<Value, ApiError> {
    let to = frozen_time(&mut params)?;
    let name = params.text("name")?;
    params.ignore(&["customer"]);
    params.finish()?;
    let (clock, real) = (&act.world.clock, act.now);
    if clock.held_at.is_some() {
        let message = format!(
            "The sandbox has one test clock, for every customer: {}. Advance it, or delete it first.",
            clock.id
        );
        return Err(ApiError::invalid(message));
    }
    if to < real && act.world.subscriptions.len() > 0 {
        let message = "The sandbox has subscriptions that are younger than this time.";
        return Err(ApiError::invalid(message).param("frozen_time"));
    }
    let clock = &mut act.world.clock;
    clock.name = name;
    clock.created = real;
    clock.held_at = Some(to.min(real));
    lead(act, to);
    tell(act, "test_helpers.test_clock.created");
    Ok(act.world.clock.json())
}

/// Leads the clock on, and lets everything happen that is due until then, in its order.
pub fn advance(act: &mut Act<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    find(act, id)?;
    let to = frozen_time(&mut params)?;
    params.finish()?;
    advance_to(act, to)
}

pub fn advance_to(act: &mut Act<'_>, to: i64) -> Result<Value, ApiError> {
    let now = act.world.clock.now(act.now);
    let is_live = act
        .world
        .subscriptions
        .newest_first()
        .any(|subscription| !subscription.state.has_ended());
    let months = if is_live {
        MONTHS_MAX
    } else {
        MONTHS_MAX_WITHOUT_SUBSCRIPTIONS
    };
    if to <= now || to > months_after(now, months) {
        let message = format!(
            "The frozen_time must be after the test clock's current frozen time ({now}), and cannot \
             be more than two intervals in the future from the shortest subscription in it, or two \
             years where there is none ({} here).",
            months_after(now, months)
        );
        return Err(ApiError::invalid(message).param("frozen_time"));
    }
    act.world.clock.held_at = Some(now);
    // Stripe works on it when it has answered; here nobody can ask before all has happened.
    let mut answer = act.world.clock.json();
    if let Some(fields) = answer.as_object_mut() {
        let details = json!({ "advancing": { "target_frozen_time": to } });
        fields.insert("status".to_owned(), "advancing".into());
        fields.insert("status_details".to_owned(), details);
    }
    event::record(act, "test_helpers.test_clock.advancing", &answer);
    lead(act, to);
    tell(act, "test_helpers.test_clock.ready");
    Ok(answer)
}

/// Lets real time go on. Stripe forgets the clock's customers; here they stay, and their subscriptions end.
pub fn delete(act: &mut Act<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    find(act, id)?;
    let live = act.world.subscriptions.newest_first();
    let live = live.filter(|subscription| !subscription.state.has_ended());
    let ids: Vec<String> = live.map(|subscription| subscription.id.clone()).collect();
    for subscription in ids {
        act.on_the_clock(|act| subscription::flow::cancel(act, &subscription))?;
    }
    tell(act, "test_helpers.test_clock.deleted");
    act.world.clock = Clock::default();
    Ok(json!({ "id": id, "object": NOUN, "deleted": true }))
}

/// What is due while the clock goes with real time.
pub fn catch_up(act: &mut Act<'_>) {
    let real = act.now;
    if act.world.clock.has_due(real) {
        run_until(act, real);
        act.now = real;
    }
}

/// Leads the clock that is held to this time.
fn lead(act: &mut Act<'_>, to: i64) {
    let real = act.now;
    run_until(act, to);
    act.world.clock.held_at = Some(to);
    act.now = real;
}

fn run_until(act: &mut Act<'_>, to: i64) {
    while let Some((at, id)) = act.world.clock.take_due(to) {
        act.now = at;
        if let Some(held_at) = &mut act.world.clock.held_at {
            *held_at = at;
        }
        let done = if id.starts_with("in_") {
            invoice::flow::on_due(act, &id)
        } else {
            subscription::flow::on_due(act, &id)
        };
        if let Err(error) = done {
            tracing::error!(%id, %error, "what was due could not be done");
        }
    }
}

fn find<'a>(act: &'a Act<'_>, id: &str) -> Result<&'a Clock, ApiError> {
    let clock = &act.world.clock;
    if clock.id == id {
        return Ok(clock);
    }
    Err(ApiError::not_found("test_clock", id, "test_clock"))
}

fn frozen_time(params: &mut Params) -> Result<i64, ApiError> {
    params.integer("frozen_time")?.ok_or_else(|| {
        ApiError::invalid("Missing required param: frozen_time.")
            .code("parameter_missing")
            .param("frozen_time")
    })
}

fn tell(act: &mut Act<'_>, kind: &str) {
    let clock = act.world.clock.json();
    event::record(act, kind, &clock);
}
