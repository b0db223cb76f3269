//! The administrator's port: metrics for Prometheus, and the probes of an orchestrator. Nothing
//! here asks for credentials, so it is bound to loopback or a private network.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::{HeaderName, StatusCode, header};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use metrics::{Unit, describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Upper bounds of latencies: from a lone round trip to the database to the longest deadline.
const SECONDS_BUCKETS: [f64; 16] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Upper bounds of numbers of requests that shared one transaction or one query.
const BATCH_BUCKETS: [f64; 11] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0,
];

/// How often histograms are folded; in between, their samples pile up.
const UPKEEP_PERIOD: Duration = Duration::from_secs(5);

/// At a time: fewer than the descriptors that services keep for this port.
const CONNECTIONS_MAX: usize = 16;
/// From a connection's beginning to the end of its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// For the whole of a connection, of which each takes one request.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// Without file descriptors `accept` fails at once, and would again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// For the requests under way at the end.
const DRAIN: Duration = Duration::from_secs(1);

/// The content type of Prometheus's text format.
const METRICS_TYPE: [(HeaderName, &str); 1] = [(
    header::CONTENT_TYPE,
    "text/plain; version=0.0.4; charset=utf-8",
)];

/// Makes `metrics` macros count for the whole process. Fails where another recorder is installed.
///
/// Histograms whose names end in `duration` or `_seconds` get buckets of seconds, those ending in
/// `batch_size` (or `batch.size`) powers of two up to 1024, others become summaries. Dots become
/// underscores, counters end in `_total`, and a described unit is added to the name, so
/// `rpc.server.call.duration` of [`Unit::Seconds`] is `rpc_server_call_duration_seconds`.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    let suffix = |text: &str| Matcher::Suffix(text.to_owned());
    let handle = PrometheusBuilder::new()
        .with_recommended_naming(true)
        .set_buckets_for_metric(suffix("duration"), &SECONDS_BUCKETS)?
        .set_buckets_for_metric(suffix("_seconds"), &SECONDS_BUCKETS)?
        .set_buckets_for_metric(suffix("batch_size"), &BATCH_BUCKETS)?
        .install_recorder()?;
    describe_gauge!(
        "process_resident_memory",
        Unit::Bytes,
        "Memory that the process holds in RAM."
    );
    describe_gauge!("process_open_fds", "Open file descriptors.");
    describe_process_limits();
    show_start();
    Ok(handle)
}

fn describe_process_limits() {
    describe_gauge!("process_max_fds", "Most file descriptors that may be open.");
    describe_gauge!(
        "process_memory_limit",
        Unit::Bytes,
        "Memory that the process's control group may hold; absent where nothing limits it."
    );
    describe_gauge!(
        "process_start_time",
        Unit::Seconds,
        "When the process began, in seconds since 1970."
    );
    describe_gauge!(
        "billing_build_info",
        "1, with the service's name and version."
    );
}

fn show_start() {
    if let Ok(since) = SystemTime::now().duration_since(UNIX_EPOCH) {
        gauge!("process_start_time").set(since.as_secs_f64());
    }
}

/// Says in the metrics which program answers. By its series, those of the process are known as a
/// billing service's, whatever the scrape's job is called.
pub fn show_build(service: &'static str, version: &'static str) {
    gauge!("billing_build_info", "service" => service, "version" => version).set(1.0);
}

/// Whether a service may be sent requests. Clones share one state, which begins as not ready.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    ready: Arc<AtomicBool>,
    leaving: CancellationToken,
}

impl Readiness {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed) && !self.is_leaving()
    }

    /// The service is to stop soon: it is never ready again, whatever is set.
    pub fn leave(&self) {
        self.leaving.cancel();
    }

    pub fn is_leaving(&self) -> bool {
        self.leaving.is_cancelled()
    }

    /// Until [`Readiness::leave`].
    pub async fn left(&self) {
        self.leaving.cancelled().await;
    }
}

/// Serves `/metrics`, `/livez` (200 while the process answers at all) and `/readyz` (200 or 503)
/// until `shutdown` is cancelled and the requests under way are answered. A connection takes one request;
/// where there are too many, the oldest goes, so that silent ones keep no probe out.
pub async fn serve(
    listener: TcpListener,
    handle: PrometheusHandle,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let upkeep = handle.clone();
    let app = router(handle, readiness);
    let mut connections = Connections::default();
    tokio::select! {
        () = shutdown.cancelled() => {}
        never = connections.accept(&listener, &app) => match never {},
        never = fold_histograms(upkeep) => match never {},
    }
    drop(listener);
    let answered = async { while connections.tasks.join_next().await.is_some() {} };
    // Whoever has not asked by then is cut off.
    let _ = timeout(DRAIN, answered).await;
    Ok(())
}

#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    oldest_first: VecDeque<AbortHandle>,
}

impl Connections {
    async fn accept(&mut self, listener: &TcpListener, app: &Router) -> Infallible {
        loop {
            let accepted = listener.accept().await;
            while self.tasks.try_join_next().is_some() {}
            self.oldest_first.retain(|task| !task.is_finished());
            if accepted.is_err() || self.oldest_first.len() >= CONNECTIONS_MAX {
                self.end_oldest();
            }
            match accepted {
                Ok((stream, _)) => {
                    let task = self.tasks.spawn(answer_one(stream, app.clone()));
                    self.oldest_first.push_back(task);
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    fn end_oldest(&mut self) {
        if let Some(oldest) = self.oldest_first.pop_front() {
            oldest.abort();
        }
    }
}

async fn answer_one(stream: TcpStream, app: Router) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    // Whoever asks sees for themselves where it ends early.
    let _ = timeout(CONNECTION_TIMEOUT, served).await;
}

fn router(handle: PrometheusHandle, readiness: Readiness) -> Router {
    let metrics = async |State(handle): State<PrometheusHandle>| {
        record_process();
        (METRICS_TYPE, handle.render())
    };
    let ready = async |State(readiness): State<Readiness>| {
        if readiness.is_ready() {
            (StatusCode::OK, "ready\n")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
        }
    };
    Router::new()
        .route("/metrics", get(metrics).with_state(handle))
        .route("/readyz", get(ready).with_state(readiness))
        .route("/livez", get(async || "alive\n"))
}

async fn fold_histograms(handle: PrometheusHandle) -> Infallible {
    let mut ticks = interval(UPKEEP_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// What Linux tells about this process; elsewhere these gauges are absent.
fn record_process() {
    if let Some(kib) = resident_kib() {
        #[expect(
            clippy::float_arithmetic,
            reason = "gauges are floats, and this is no money"
        )]
        gauge!("process_resident_memory").set(f64::from(kib) * 1024.0);
    }
    let open = std::fs::read_dir("/proc/self/fd").map(Iterator::count);
    if let Some(open) = open.ok().and_then(|count| u32::try_from(count).ok()) {
        gauge!("process_open_fds").set(f64::from(open));
    }
    if let Some(most) = open_files_max() {
        gauge!("process_max_fds").set(most);
    }
    if let Some(most) = memory_limit() {
        gauge!("process_memory_limit").set(most);
    }
}

/// None where nothing limits them.
fn open_files_max() -> Option<f64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// As a container sees its own control group; `max` where there is no limit.
fn memory_limit() -> Option<f64> {
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?;
    limit.trim().parse().ok()
}

/// Resident memory in KiB. `status` rather than `statm`, which counts in pages of a size that
/// only a system call tells.
fn resident_kib() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use metrics::{Unit, counter, describe_histogram, histogram};
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;
    use tokio_util::sync::CancellationToken;

    use super::{Readiness, install_metrics, serve};

    async fn get(port: u16, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    // One test, since a process has one recorder of metrics.
    #[tokio::test]
    async fn the_port_tells_metrics_and_readiness_until_it_is_told_to_end() {
        let handle = install_metrics().unwrap();
        assert!(install_metrics().is_err(), "a second recorder is refused");
        describe_histogram!("rpc.server.call.duration", Unit::Seconds, "Time to answer.");
        histogram!("rpc.server.call.duration", "rpc" => "Charge").record(0.003);
        histogram!("ledger.batch.size").record(3.0);
        counter!("ledger.decisions", "decision" => "allowed").increment(2);

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let readiness = Readiness::new();
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(serve(listener, handle, readiness.clone(), shutdown.clone()));

        assert!(get(port, "/livez").await.starts_with("HTTP/1.1 200"));
        assert!(get(port, "/readyz").await.starts_with("HTTP/1.1 503"));
        readiness.set(true);
        assert!(get(port, "/readyz").await.starts_with("HTTP/1.1 200"));

        let metrics = get(port, "/metrics").await;
        for line in [
            "content-type: text/plain; version=0.0.4",
            "rpc_server_call_duration_seconds_bucket{rpc=\"Charge\",le=\"0.0025\"} 0",
            "rpc_server_call_duration_seconds_bucket{rpc=\"Charge\",le=\"0.005\"} 1",
            "ledger_batch_size_bucket{le=\"2\"} 0",
            "ledger_batch_size_bucket{le=\"4\"} 1",
            "ledger_decisions_total{decision=\"allowed\"} 2",
        ] {
            assert!(metrics.contains(line), "{line} is missing from\n{metrics}");
        }
        if cfg!(target_os = "linux") {
            assert!(metrics.contains("\nprocess_resident_memory_bytes "));
            assert!(metrics.contains("\nprocess_open_fds "));
        }

        shutdown.cancel();
        server.await.unwrap().unwrap();
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    }

    #[tokio::test]
    async fn connections_that_ask_nothing_keep_no_probe_out_and_end() {
        let handle = PrometheusBuilder::new().build_recorder().handle();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(serve(listener, handle, Readiness::new(), shutdown.clone()));

        let mut silent = Vec::new();
        for _ in 0..200 {
            silent.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        }
        let probe = timeout(Duration::from_secs(2), get(port, "/livez")).await;
        assert!(probe.unwrap().starts_with("HTTP/1.1 200"));
        let mut open = 0;
        for stream in &mut silent {
            let ended = timeout(Duration::from_millis(10), stream.read_u8()).await;
            open += usize::from(ended.is_err());
        }
        assert!(open <= 16, "{open} of 200 are open");
        for stream in &mut silent {
            let ended = timeout(Duration::from_secs(8), stream.read_u8()).await;
            assert!(ended.is_ok(), "silent for ever");
        }

        shutdown.cancel();
        server.await.unwrap().unwrap();
    }
}
