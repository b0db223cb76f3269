//! One attempt: an event, signed, to a URL.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use rustls::crypto::ring;
use tokio::time::timeout;

use super::address::{Guard, Networks, Refused, parse};
use super::signature::{Secret, sign};
use crate::outbox::{Waiting, cloud_event};

/// For the whole exchange.
const EXCHANGE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(5);
/// For the body of an answer, of which nothing is wanted but that the connection can be used again.
const DRAIN: Duration = Duration::from_secs(1);
const ANSWER_BYTES: usize = 4 * 1024;
const IDLE: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS: usize = 8;
const GONE: u16 = 410;
/// Of what is told of an error.
const ERROR_CHARS: usize = 300;

/// Calls endpoints.
#[derive(Clone, Debug)]
pub struct Sender {
    encrypted: Client,
    /// Only to networks that are allowed.
    plain: Client,
    networks: Arc<Networks>,
}

/// Why an event was not taken, as far as we know.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("answered 410: it is gone")]
    Gone,
    #[error("answered {0}: redirects are not followed")]
    Redirect(u16),
    #[error("answered {0}")]
    Status(u16),
    #[error("no answer within {} s", EXCHANGE.as_secs())]
    Late,
    #[error("not called: the URL {0}")]
    Refused(Refused),
    #[error("not reached: {0}")]
    Unreached(String),
    #[error("not called: it has no secret to sign by")]
    Unsigned,
}

impl Failure {
    /// In metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Redirect(_) => "redirect",
            Self::Status(_) => "status",
            Self::Late => "late",
            Self::Refused(_) => "refused",
            Self::Unreached(_) => "unreached",
            Self::Unsigned => "unsigned",
        }
    }

    /// Of the answer, where there was one.
    pub fn status(&self) -> Option<i16> {
        let status = match self {
            Self::Gone => GONE,
            Self::Redirect(status) | Self::Status(status) => *status,
            Self::Late | Self::Refused(_) | Self::Unreached(_) | Self::Unsigned => return None,
        };
        i16::try_from(status).ok()
    }

    fn of(status: u16) -> Self {
        match status {
            GONE => Self::Gone,
            300..=399 => Self::Redirect(status),
            _ => Self::Status(status),
        }
    }
}

impl From<reqwest::Error> for Failure {
    /// Without the URL: it may have a password of the receiver's in its query.
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() && !error.is_connect() {
            return Self::Late;
        }
        let error = error.without_url();
        let mut cause: &(dyn Error + 'static) = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
            if let Some(refused) = cause.downcast_ref::<Refused>() {
                return Self::Refused(refused.clone());
            }
        }
        Self::Unreached(brief(&cause.to_string()))
    }
}

/// One line that is not long: the names in a receiver's certificate are the receiver's words, and may be thousands.
fn brief(error: &str) -> String {
    let seen = |c: char| if c.is_control() { ' ' } else { c };
    error.chars().map(seen).take(ERROR_CHARS).collect()
}

impl Sender {
    pub fn new(networks: &Networks) -> anyhow::Result<Self> {
        // `main` has done so; a test has not.
        let _ = ring::default_provider().install_default();
        let networks = Arc::new(networks.clone());
        let client = |allowed_only| {
            Client::builder()
                .user_agent(concat!("billing-core/", env!("CARGO_PKG_VERSION")))
                // A proxy would look names up, and connect, in our place.
                .no_proxy()
                .redirect(Policy::none())
                .referer(false)
                .dns_resolver(Guard::new(Arc::clone(&networks), allowed_only))
                .connect_timeout(CONNECT)
                .timeout(EXCHANGE)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .https_only(!allowed_only)
                .build()
                .context("HTTP to endpoints cannot be set up")
        };
        Ok(Self {
            encrypted: client(false)?,
            plain: client(true)?,
            networks,
        })
    }

    /// Sends an event, signed by each of the secrets, and answers with the status by which it was taken.
    pub async fn send(
        &self,
        url: &str,
        secrets: &[Secret],
        event: &Waiting,
    ) -> Result<u16, Failure> {
        let url = parse(url, &self.networks).map_err(Failure::Refused)?;
        let (id, now) = (cloud_event::id(event), Timestamp::now());
        let body = cloud_event::write(event).to_string();
        let signature = sign(secrets, &id, now, &body);
        if signature.is_empty() {
            return Err(Failure::Unsigned);
        }
        let client = match url.scheme() {
            "https" => &self.encrypted,
            _ => &self.plain,
        };
        let sent = client
            .post(url)
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static(cloud_event::CONTENT_TYPE),
            )
            .header("webhook-id", id)
            .header("webhook-timestamp", now.as_second().to_string())
            .header("webhook-signature", signature)
            .body(body)
            .send();
        let response = sent.await?;
        let status = response.status();
        // Taken or not, it has answered: however long the rest takes, and whatever it is.
        let _ = timeout(DRAIN, drain(response)).await;
        if status.is_success() {
            Ok(status.as_u16())
        } else {
            Err(Failure::of(status.as_u16()))
        }
    }
}

async fn drain(mut response: Response) {
    let mut bytes: usize = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes = bytes.saturating_add(chunk.len());
        if bytes > ANSWER_BYTES {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_an_error_is_one_line_that_is_not_long() {
        assert_eq!(brief("no\r\nname\0"), "no  name ");
        assert_eq!(brief(&"є".repeat(100_000)).chars().count(), ERROR_CHARS);
    }
}
