//! Sends events, again and again until they are taken.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, USER_AGENT};

use super::{Answer, Attempt, Batch, signature};
use crate::shared::{Shared, unix_now};

/// How much of an answer is kept for people to read.
const SHOWN_CHARACTERS: usize = 200;

/// Sends what an act has queued.
pub fn send(shared: &Arc<Shared>, batches: Vec<Batch>) {
    for batch in batches {
        let sender = Arc::clone(shared);
        shared.tasks.spawn(async move {
            let stop = sender.stop.clone();
            // What is not sent when the sandbox ends was never sent: it forgets everything.
            stop.run_until_cancelled(deliver(sender, batch)).await;
        });
    }
}

async fn deliver(shared: Arc<Shared>, batch: Batch) {
    if !batch.delay.is_zero() {
        tokio::time::sleep(batch.delay).await;
    }
    for id in batch.deliveries {
        if !attempt(&shared, id).await {
            let sender = Arc::clone(&shared);
            shared.tasks.spawn(async move {
                let stop = sender.stop.clone();
                stop.run_until_cancelled(repeat(sender, id)).await;
            });
        }
    }
}

/// With growing pauses, until it is taken or nobody believes in it any more.
async fn repeat(shared: Arc<Shared>, id: usize) {
    for pause in &shared.retry_pauses {
        tokio::time::sleep(*pause).await;
        if attempt(&shared, id).await {
            return;
        }
    }
    shared.lock().webhooks.give_up(id);
}

/// Each attempt is signed anew, at its own time. Whether it was taken.
async fn attempt(shared: &Shared, id: usize) -> bool {
    let Some((url, body)) = shared.lock().webhooks.letter(id) else {
        return true;
    };
    let at = unix_now();
    let signature = signature::header(&shared.webhook_secret, at, &body);
    let answer = post(&shared.http, &url, signature, body.as_bytes().to_vec()).await;
    let taken = answer.is_good();
    if !taken {
        tracing::info!(%url, answer = answer.show(), "a webhook was not taken");
    }
    shared.lock().webhooks.note(id, Attempt { at, answer });
    taken
}

async fn post(http: &reqwest::Client, url: &str, signature: String, body: Vec<u8>) -> Answer {
    let sent = http
        .post(url)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .header(USER_AGENT, "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("Stripe-Signature", signature)
        .body(body)
        .send()
        .await;
    match sent {
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
