//! Answers that are sent while they are read from the core: of bounded memory, few at once, and never shorter than
//! they should be without being seen to be.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use billing_proto::v1::AccountRef;
use tokio::sync::mpsc;
use tokio_stream::Stream;

use crate::problem::{ApiError, Outage};
use crate::server::turned_away;

/// Of one user, as in two tabs.
const OF_ONE_MAX: usize = 2;
/// Of all users: each keeps two pages of the core's in memory.
const OF_ALL_MAX: usize = 32;
/// After this time without a byte taken, whoever reads is given up.
const PATIENCE: Duration = Duration::from_mins(1);
/// For each page of the core's: what has begun to be sent is not broken off for a moment's haste.
pub(crate) const PAGE_TIMEOUT: Duration = Duration::from_secs(10);
/// When to ask again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How many run, by account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Downloads(Arc<Mutex<HashMap<AccountRef, usize>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    downloads: Downloads,
    account: AccountRef,
}

impl Downloads {
    pub(crate) fn begin(&self, account: AccountRef) -> Result<Place, ApiError> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.get(&account).is_some_and(|own| *own >= OF_ONE_MAX) {
            return Err(ApiError::RateLimited {
                retry_after: RETRY_AFTER,
            });
        }
        if running.values().sum::<usize>() >= OF_ALL_MAX {
            turned_away::count("download");
            return Err(ApiError::Unavailable(Outage::Busy));
        }
        *running.entry(account.clone()).or_default() += 1;
        Ok(Place {
            downloads: self.clone(),
            account,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let running = self.downloads.0.lock();
        let mut running = running.unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = running.get_mut(&self.account) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                running.remove(&self.account);
            }
        }
    }
}

/// Where the parts go.
#[derive(Debug)]
pub(crate) struct Parts(mpsc::Sender<Part>);

#[derive(Debug)]
enum Part {
    More(Bytes),
    /// All of it was sent.
    End,
}

/// Whoever asked has gone, or reads no more.
#[derive(Debug)]
pub(crate) struct Gone;

/// One part waits at most: whoever reads slowly lets the core wait. Where the parts end without [`Parts::end`],
/// the connection breaks, so that nobody takes what has come for the whole.
pub(crate) fn channel() -> (Parts, Body) {
    let (sender, parts) = mpsc::channel(1);
    let whole = false;
    (Parts(sender), Body::from_stream(Reading { parts, whole }))
}

impl Parts {
    pub(crate) async fn send(&self, part: impl Into<Bytes>) -> Result<(), Gone> {
        self.put(Part::More(part.into())).await
    }

    pub(crate) async fn end(self) -> Result<(), Gone> {
        self.put(Part::End).await
    }

    async fn put(&self, part: Part) -> Result<(), Gone> {
        let put = tokio::time::timeout(PATIENCE, self.0.send(part)).await;
        put.map_err(|_elapsed| Gone)?.map_err(|_closed| Gone)
    }
}

struct Reading {
    parts: mpsc::Receiver<Part>,
    whole: bool,
}

impl Stream for Reading {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.whole {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.parts.poll_recv(cx)) {
            Some(Part::More(bytes)) => Some(Ok(bytes)),
            Some(Part::End) => {
                self.whole = true;
                None
            }
            None => Some(Err(io::Error::other("broken off"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use billing_proto::v1::AccountRef;
    use http_body_util::BodyExt;

    use super::{Downloads, channel};

    #[tokio::test]
    async fn parts_that_nobody_ended_are_no_whole() {
        let (parts, body) = channel();
        parts.send("a").await.unwrap();
        drop(parts);
        assert!(body.collect().await.is_err());
        let (parts, body) = channel();
        let sending = tokio::spawn(async move {
            parts.send("a").await.unwrap();
            parts.send("b").await.unwrap();
            parts.end().await.unwrap();
        });
        assert_eq!(body.collect().await.unwrap().to_bytes(), "ab");
        sending.await.unwrap();
        let (parts, body) = channel();
        drop(body);
        assert!(parts.send("a").await.is_err());
    }

    #[test]
    fn a_user_has_two_at_once_and_all_users_have_thirty_two() {
        let downloads = Downloads::default();
        let begin = |user: &str| {
            downloads.begin(AccountRef {
                tenant_id: "demo".to_owned(),
                user_id: user.to_owned(),
            })
        };
        let mut places = Vec::new();
        for number in 0..16 {
            let user = number.to_string();
            places.push(begin(&user).unwrap());
            places.push(begin(&user).unwrap());
            assert!(begin(&user).is_err());
        }
        assert!(begin("another").is_err());
        places.pop();
        drop(begin("another").unwrap());
        places.clear();
        assert!(downloads.0.lock().unwrap().is_empty());
    }
}
