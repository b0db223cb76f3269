//! Sends events, again and again until they are taken.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, USER_AGENT};

use super::{Answer, Attempt, Batch, Message, Origin, signature};
use crate::running::{Running, unix_now};

/// As Fondy's callbacks come (<https://docs.fondy.io/docs/callbacks>).
const FONDY_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; Twisted) AppleWebKit/537.36 (KHTML, like \
                           Gecko) Chrome/63.0.3239.108 Safari/537.36";
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
    Refused(Origin),
}

/// With growing pauses, until it is taken or nobody believes in it any more.
async fn repeat(running: Arc<Running>, id: usize, origin: Origin) {
    for pause in running.retry_pauses(origin) {
        tokio::time::sleep(*pause).await;
        if let Outcome::Taken = attempt(&running, id).await {
            return;
        }
    }
    running.lock().webhooks.give_up(id);
}

/// Stripe signs each attempt anew, at its own time; Fondy's signature is in the body.
async fn attempt(running: &Running, id: usize) -> Outcome {
    let Some((url, message)) = running.lock().webhooks.letter(id) else {
        return Outcome::Taken;
    };
    let at = unix_now();
    let answer = post(running, &url, &message, at).await;
    let taken = message.origin.is_satisfied_by(&answer);
    if !taken {
        tracing::info!(%url, answer = answer.show(), "a webhook was not taken");
    }
    running.lock().webhooks.note(id, Attempt { at, answer });
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
    let request = match message.origin {
        Origin::Fondy => request.header(USER_AGENT, FONDY_AGENT),
        Origin::Stripe => {
            let signature = signature::header(&running.webhook_secret, at, &message.body);
            request
                .header(USER_AGENT, "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
                .header("Stripe-Signature", signature)
        }
    };
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
