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
/// Before what was put off is sent again.
const PAUSE: Duration = Duration::from_millis(250);
const BUFFER_BYTES: usize = 16 * 1024;

/// A connection that is kept.
struct Line(TcpStream);

impl Line {
    async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Sends a report; answers with the status.
    async fn send(&mut self, report: &Report) -> Result<u16> {
        timeout(PATIENCE, self.exchange(report))
            .await
            .context("a webhook was not answered")?
    }

    async fn exchange(&mut self, report: &Report) -> Result<u16> {
        self.0.write_all(&report.0).await?;
        let mut answer = Vec::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = self.0.read(&mut buffer).await?;
            ensure!(read > 0, "the gateway has closed the connection");
            answer.extend(buffer.iter().take(read));
            if let Some(status) = whole(&answer) {
                return Ok(status);
            }
        }
    }
}

/// The status of an answer that has come as a whole.
fn whole(answer: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length: usize = head
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        })
        .unwrap_or_default();
    if body.len() < length {
        return None;
    }
    head.split(' ').nth(1)?.parse().ok()
}

/// Microseconds from sending to answer, one after the other.
pub async fn one_by_one(gateway: &Gateway, payments: &[Made]) -> Result<Histogram<u64>> {
    let mut line = Line::connect(gateway.address).await?;
    let mut latency = Histogram::new(3)?;
    for payment in payments {
        let report = gateway.report(payment);
        let started = Instant::now();
        let status = line.send(&report).await?;
        ensure!(status == 200, "a webhook was answered {status}");
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
        match line.send(report).await? {
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
                sleep(PAUSE).await;
            }
            status => bail!("a webhook was answered {status}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn an_answer_is_read_when_all_of_it_is_there() {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy";
        for cut in 0..answer.len() {
            assert_eq!(whole(&answer[..cut]), None, "{cut}");
        }
        assert_eq!(whole(answer), Some(503));
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\n\r\n"), Some(200));
    }
}
