//! Webhooks on their way, over plain HTTP/1.1: one after the other, or as a storm.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::gateway::Gateway;
use super::payments::Made;

/// A whole request.
pub struct Report(pub Vec<u8>);

/// For one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Before what was put off is sent again, where the answer does not say.
const PAUSE: Duration = Duration::from_secs(1);
const BUFFER_BYTES: usize = 16 * 1024;

/// A connection that is kept.
struct Line(TcpStream);

impl Line {
    async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    async fn send(&mut self, report: &Report) -> Result<Answer> {
        timeout(PATIENCE, self.exchange(report))
            .await
            .context("a webhook was not answered")?
    }

    async fn exchange(&mut self, report: &Report) -> Result<Answer> {
        self.write(report).await?;
        self.read().await
    }

    async fn write(&mut self, report: &Report) -> Result<()> {
        Ok(self.0.write_all(&report.0).await?)
    }

    async fn read(&mut self) -> Result<Answer> {
        let mut answer = Vec::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = self.0.read(&mut buffer).await?;
            ensure!(read > 0, "the gateway has closed the connection");
            answer.extend(buffer.iter().take(read));
            if let Some(answer) = Answer::whole(&answer) {
                return Ok(answer);
            }
        }
    }
}

/// What is read of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    retry_after: Option<Duration>,
}

impl Answer {
    /// One that has come as a whole.
    fn whole(answer: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(answer).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let number = |name: &str| {
            let value = head.lines().find_map(|line| {
                let (header, value) = line.split_once(':')?;
                header.eq_ignore_ascii_case(name).then_some(value)
            })?;
            value.trim().parse::<u32>().ok()
        };
        let length = number("content-length").unwrap_or_default();
        if body.len() < usize::try_from(length).ok()? {
            return None;
        }
        Some(Self {
            status: head.split(' ').nth(1)?.parse().ok()?,
            retry_after: number("retry-after").map(|secs| Duration::from_secs(secs.into())),
        })
    }
}

/// Microseconds from sending to answer, one after the other.
pub async fn one_by_one(gateway: &Gateway, payments: &[Made]) -> Result<Histogram<u64>> {
    let mut line = Line::connect(gateway.address).await?;
    let mut latency = Histogram::new(3)?;
    for payment in payments {
        let report = gateway.report(payment)?;
        let started = Instant::now();
        let answer = line.send(&report).await?;
        ensure!(answer.status == 200, "a webhook was answered {answer:?}");
        latency.record(u64::try_from(started.elapsed().as_micros())?)?;
    }
    Ok(latency)
}

/// Reports that are sent by many at once, none of them twice but for those that are put off.
pub struct Storm {
    reports: Vec<Report>,
    sent: AtomicUsize,
    /// A permit for each connection that has sent its first report.
    risen: Semaphore,
    over: AtomicBool,
}

/// What came of a storm.
pub struct Stormed {
    /// How many reports were sent, from the first on. Each was answered 200 in the end.
    pub sent: usize,
    pub put_off: u32,
    pub wrong: Vec<String>,
}

impl Storm {
    pub fn new(reports: Vec<Report>) -> Self {
        Self {
            reports,
            sent: AtomicUsize::new(0),
            risen: Semaphore::new(0),
            over: AtomicBool::new(false),
        }
    }

    /// Waits until so many reports are on their way.
    pub async fn risen(&self, in_flight: usize) -> Result<()> {
        let all = self.risen.acquire_many(u32::try_from(in_flight)?);
        let _risen = timeout(PATIENCE, all).await.context("no storm rose")??;
        Ok(())
    }

    /// Nothing more is sent.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Keeps `in_flight` reports on their way until the end, each on a connection of its own.
    pub async fn blow(self: Arc<Self>, address: SocketAddr, in_flight: usize) -> Result<Stormed> {
        let mut senders = JoinSet::new();
        for _ in 0..in_flight {
            let storm = Arc::clone(&self);
            senders.spawn(async move { storm.send_on(address).await });
        }
        let mut stormed = Stormed {
            sent: 0,
            put_off: 0,
            wrong: Vec::new(),
        };
        while let Some(sender) = senders.join_next().await {
            match sender? {
                Ok(put_off) => stormed.put_off += put_off,
                Err(error) => stormed.wrong.push(format!("storm: {error:#}")),
            }
        }
        let reports = self.reports.len();
        stormed.sent = self.sent.load(Ordering::Relaxed).min(reports);
        if !self.over.load(Ordering::Relaxed) {
            let early = format!("the storm ended early, after {reports} reports");
            stormed.wrong.push(early);
        }
        stormed.wrong.truncate(5);
        Ok(stormed)
    }

    /// Sends reports, each until it is accepted; counts how often one was put off.
    async fn send_on(&self, address: SocketAddr) -> Result<u32> {
        let mut line = Line::connect(address).await?;
        let mut put_off = 0;
        let mut is_first = true;
        while !self.over.load(Ordering::Relaxed)
            && let Some(report) = self.reports.get(self.sent.fetch_add(1, Ordering::Relaxed))
        {
            let give_up = Instant::now() + PATIENCE;
            loop {
                timeout(PATIENCE, line.write(report)).await??;
                if std::mem::take(&mut is_first) {
                    self.risen.add_permits(1);
                }
                let answer = timeout(PATIENCE, line.read())
                    .await
                    .context("a webhook was not answered")??;
                match answer.status {
                    200 => break,
                    503 => {
                        put_off += 1;
                        ensure!(Instant::now() < give_up, "a webhook was never accepted");
                        sleep(answer.retry_after.unwrap_or(PAUSE)).await;
                    }
                    status => bail!("a webhook was answered {status}"),
                }
            }
        }
        Ok(put_off)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Answer;

    #[test]
    fn an_answer_is_read_when_all_of_it_is_there() {
        let answer =
            b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\ncontent-length: 4\r\n\r\nbusy";
        for cut in 0..answer.len() {
            assert_eq!(Answer::whole(&answer[..cut]), None, "{cut}");
        }
        let busy = Answer {
            status: 503,
            retry_after: Some(Duration::from_secs(2)),
        };
        assert_eq!(Answer::whole(answer), Some(busy));
        let done = Answer {
            status: 200,
            retry_after: None,
        };
        assert_eq!(Answer::whole(b"HTTP/1.1 200 OK\r\n\r\n"), Some(done));
    }
}
