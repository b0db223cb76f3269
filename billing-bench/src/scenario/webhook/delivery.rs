//! Webhooks on their way, over plain HTTP/1.1: one after the other, or as a storm.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
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
        self.0.write_all(&report.0).await?;
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
        let report = gateway.report(payment);
        let started = Instant::now();
        let answer = line.send(&report).await?;
        ensure!(answer.status == 200, "a webhook was answered {answer:?}");
        latency.record(u64::try_from(started.elapsed().as_micros())?)?;
    }
    Ok(latency)
}

/// What came of a storm.
pub struct Stormed {
    pub answered: u32,
    pub put_off: u32,
    pub wrong: Vec<String>,
}

/// Keeps as many reports in flight as there are, for a time; those that have been answered are sent
/// once more. Every report is answered 200 in the end.
pub async fn storm(address: SocketAddr, reports: Arc<[Report]>, time: Duration) -> Result<Stormed> {
    let until = Instant::now() + time;
    let mut senders = JoinSet::new();
    for number in 0..reports.len() {
        let reports = Arc::clone(&reports);
        senders.spawn(async move { deliver(address, &reports, number, until).await });
    }
    let mut stormed = Stormed {
        answered: 0,
        put_off: 0,
        wrong: Vec::new(),
    };
    while let Some(sender) = senders.join_next().await {
        match sender? {
            Ok((answered, put_off)) => {
                stormed.answered += answered;
                stormed.put_off += put_off;
            }
            Err(error) => stormed.wrong.push(format!("storm: {error:#}")),
        }
    }
    stormed.wrong.truncate(5);
    Ok(stormed)
}

/// Delivers one report until it is accepted, and again as long as the storm lasts.
async fn deliver(
    address: SocketAddr,
    reports: &[Report],
    number: usize,
    until: Instant,
) -> Result<(u32, u32)> {
    let report = reports.get(number).context("there is no such report")?;
    let give_up = until + PATIENCE;
    let mut line = Line::connect(address).await?;
    let (mut answered, mut put_off) = (0, 0);
    loop {
        let answer = line.send(report).await?;
        match answer.status {
            200 => {
                answered += 1;
                if Instant::now() >= until {
                    return Ok((answered, put_off));
                }
            }
            503 => {
                put_off += 1;
                if Instant::now() >= until && answered > 0 {
                    return Ok((answered, put_off));
                }
                ensure!(Instant::now() < give_up, "a webhook was never accepted");
                sleep(answer.retry_after.unwrap_or(PAUSE)).await;
            }
            status => bail!("a webhook was answered {status}"),
        }
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
