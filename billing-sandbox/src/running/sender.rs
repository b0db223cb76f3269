//! Sends events, again and again until they are taken.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;

use super::{Running, unix_now};
use crate::webhook::{Answer, Attempt, Batch, Message, Origin};

/// How much of an answer is kept for people to read.
const SHOWN_CHARACTERS: usize = 200;

/// Sends what an act has queued.
pub fn send(running: &Arc<Running>, batches: Vec<Batch>) {
    for batch in batches {
        let sender = Arc::clone(running);
        running.tasks.spawn(async move {
            let stop = sender.stop.clone();
            // What is not sent when the sandbox ends was never sent: it forgets everything.
            stop.run_until_cancelled(deliver(sender, batch)).await;
        });
    }
}

async fn deliver(running: Arc<Running>, batch: Batch) {
    if !batch.delay.is_zero() {
        tokio::time::sleep(batch.delay).await;
    }
    for id in batch.deliveries {
        let Outcome::Refused(origin) = attempt(&running, id).await else {
            continue;
        };
        let sender = Arc::clone(&running);
        running.tasks.spawn(async move {
            let stop = sender.stop.clone();
            stop.run_until_cancelled(repeat(sender, id, origin)).await;
        });
    }
}

/// What became of an attempt.
enum Outcome {
    Taken,
    /// Its sender will try again.
    Refused(Arc<dyn Origin>),
}

/// With growing pauses, until it is taken or nobody believes in it any more.
async fn repeat(running: Arc<Running>, id: usize, origin: Arc<dyn Origin>) {
    for pause in origin.retry_pauses() {
        tokio::time::sleep(*pause).await;
        if let Outcome::Taken = attempt(&running, id).await {
            return;
        }
    }
    running.network().webhooks.give_up(id);
}

async fn attempt(running: &Running, id: usize) -> Outcome {
    let Some((url, message)) = running.network().webhooks.letter(id) else {
        return Outcome::Taken;
    };
    let at = unix_now();
    let answer = post(running, &url, &message, at).await;
    let taken = message.is_taken_by(&answer);
    if !taken {
        tracing::info!(%url, answer = answer.show(), "a webhook was not taken");
    }
    running.network().webhooks.note(id, Attempt { at, answer });
    if taken {
        Outcome::Taken
    } else {
        Outcome::Refused(message.origin)
    }
}

async fn post(running: &Running, url: &str, message: &Message, at: i64) -> Answer {
    let request = running
        .http
        .post(url)
        .header(CONTENT_TYPE, message.content_type)
        .body(message.body.as_bytes().to_vec());
    let head = message.origin.headers(at, &message.body);
    let request = head.into_iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    match request.send().await {
        Ok(response) => {
            let code = response.status().as_u16();
            let text = response.text().await.unwrap_or_default();
            let text = text.chars().take(SHOWN_CHARACTERS).collect();
            Answer::Status { code, text }
        }
        Err(error) => Answer::None {
            why: if error.is_timeout() {
                "no answer in time".to_owned()
            } else {
                format!("not reached: {}", root_cause(&error))
            },
        },
    }
}

/// reqwest's own text says only that it could not send.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// The client of webhooks: bounded in time, and never led elsewhere by an answer.
pub fn client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}
