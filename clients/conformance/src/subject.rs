//! The program that uses a client: started by its command line, spoken to over HTTP.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use billing_stage::process::{bound_to_parent, last_lines, log_since, open_log};
use bytes::Bytes;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// An interpreter starts, perhaps on a busy machine.
const STARTS_WITHIN: Duration = Duration::from_mins(1);
/// The longest call of a scenario, and much more.
const ANSWERS_WITHIN: Duration = Duration::from_mins(1);

/// It ends by SIGKILL when it is dropped.
pub struct Subject {
    pub address: SocketAddr,
    log: PathBuf,
    _child: Child,
    /// Open until the end, so that nobody is told that nobody reads.
    _stdout: Lines<BufReader<ChildStdout>>,
}

/// How it is started: which variables of the environment are removed, and then set.
#[derive(Clone, Debug)]
pub struct Launch {
    pub command: String,
    pub environment: BTreeMap<String, String>,
    pub removed: Vec<String>,
    /// Takes its stderr.
    pub log: PathBuf,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub took: Duration,
}

/// The one line of stdout.
#[derive(Deserialize)]
struct Announcement {
    port: u16,
}

impl Launch {
    fn spawn(&self) -> Result<Child> {
        let mut shell = bound_to_parent(Path::new("sh"), "KILL");
        for name in &self.removed {
            shell.env_remove(name);
        }
        // The shell becomes the subject, so that a signal reaches it.
        shell
            .envs(&self.environment)
            .arg("-c")
            .arg(format!("exec {}", self.command))
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(open_log(&self.log)?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", self.command))
    }

    fn last_words(&self) -> String {
        last_lines(&log_since(&self.log, 0), 15)
    }

    /// Starts the subject, and waits until it says its port.
    pub async fn start(self) -> Result<Subject> {
        let mut child = self.spawn()?;
        let stdout = child.stdout.take().context("no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = match timeout(STARTS_WITHIN, lines.next_line()).await {
            Ok(line) => line?,
            Err(_) => bail!(
                "the subject says no port within {STARTS_WITHIN:?}:\n{}",
                self.last_words()
            ),
        };
        let line = line.with_context(|| format!("the subject ended:\n{}", self.last_words()))?;
        let announcement: Announcement =
            serde_json::from_str(&line).with_context(|| format!("the subject says {line:?}"))?;
        Ok(Subject {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, announcement.port)),
            log: self.log,
            _child: child,
            _stdout: lines,
        })
    }

    /// Starts the subject, which must end by itself. Answers with its exit code and its stderr.
    pub async fn refused(self) -> Result<(Option<i32>, String)> {
        let mut child = self.spawn()?;
        let Ok(ended) = timeout(STARTS_WITHIN, child.wait()).await else {
            bail!("the subject has not ended within {STARTS_WITHIN:?}");
        };
        Ok((ended?.code(), log_since(&self.log, 0)))
    }
}

impl Subject {
    pub async fn state(&self) -> Result<Value> {
        let request = Request::get("/state").body(Full::default())?;
        let answer = send(self.address, request).await?;
        ensure!(
            answer.status == 200,
            "/state: {} {}",
            answer.status,
            answer.text
        );
        Ok(serde_json::from_str(&answer.text)?)
    }

    pub async fn close(&self, within_ms: u64) -> Result<Value> {
        let body = serde_json::json!({"within_ms": within_ms}).to_string();
        let request = Request::post("/close")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body))?;
        let answer = send(self.address, request).await?;
        ensure!(
            answer.status == 200,
            "/close: {} {}",
            answer.status,
            answer.text
        );
        Ok(serde_json::from_str(&answer.text)?)
    }

    /// The last lines of its stderr.
    pub fn last_words(&self) -> String {
        last_lines(&log_since(&self.log, 0), 15)
    }
}

/// By a connection of its own, which closes when this future is dropped.
pub async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<Answer> {
    let asked = Instant::now();
    let answered = timeout(ANSWERS_WITHIN, exchange(address, request)).await;
    let (status, headers, body) =
        answered.with_context(|| format!("no answer within {ANSWERS_WITHIN:?}"))??;
    Ok(Answer {
        status,
        headers,
        text: String::from_utf8(body.to_vec()).context("the answer is no text")?,
        took: asked.elapsed(),
    })
}

async fn exchange(
    address: SocketAddr,
    mut request: Request<Full<Bytes>>,
) -> Result<(u16, HeaderMap, Bytes)> {
    let stream = TcpStream::connect(address)
        .await
        .context("the subject is gone")?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut connected = JoinSet::new();
    connected.spawn(async move {
        // Its error is the request's too.
        let _ = connection.await;
    });
    let host = address.to_string().parse()?;
    request.headers_mut().insert(header::HOST, host);
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok((head.status.as_u16(), head.headers, body))
}
