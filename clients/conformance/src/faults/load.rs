//! Many callers at once, each with one call after another.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::call::Call;
use crate::subject::send;

const CALLERS: usize = 64;
/// Before a caller goes on whom the subject has not answered.
const AFTER_SILENCE: Duration = Duration::from_secs(1);

pub struct Load {
    subject: SocketAddr,
    begun: AtomicU32,
    stopping: AtomicBool,
}

/// A call that is over for its caller.
#[derive(Clone, Debug)]
pub struct Made {
    pub call: Call,
    pub outcome: Outcome,
}

#[derive(Clone, Debug)]
pub enum Outcome {
    Answered(u16, String),
    /// The caller has closed the connection before an answer.
    Left,
    /// The subject broke off, or was silent for long: why.
    Unanswered(String),
}

impl Load {
    pub fn start(subject: SocketAddr) -> (Arc<Self>, JoinSet<Vec<Made>>) {
        let load = Arc::new(Self {
            subject,
            begun: AtomicU32::new(0),
            stopping: AtomicBool::new(false),
        });
        let callers = (0..CALLERS).map(|_| caller(Arc::clone(&load))).collect();
        (load, callers)
    }

    /// How many calls have been begun.
    pub fn begun(&self) -> u32 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Callers begin no other call.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

async fn caller(load: Arc<Load>) -> Vec<Made> {
    let mut all = Vec::new();
    while !load.stopping.load(Ordering::Relaxed) {
        let call = Call::numbered(load.begun.fetch_add(1, Ordering::Relaxed));
        let outcome = match made(load.subject, &call).await {
            Ok(outcome) => outcome,
            Err(error) => {
                sleep(AFTER_SILENCE).await;
                Outcome::Unanswered(format!("{error:#}"))
            }
        };
        all.push(Made { call, outcome });
    }
    all
}

async fn made(subject: SocketAddr, call: &Call) -> Result<Outcome> {
    let answer = send(subject, call.request()?);
    let answer = match call.leaves_after() {
        None => answer.await?,
        // The connection closes with the future.
        Some(after) => match timeout(after, answer).await {
            Ok(answer) => answer?,
            Err(_) => return Ok(Outcome::Left),
        },
    };
    Ok(Outcome::Answered(answer.status, answer.text))
}
