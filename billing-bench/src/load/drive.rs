//! The two loops, each on threads of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::apart::apart;
use super::errand::{Errand, Failure, Maker};
use super::tally::{Tally, together};
use super::wire::Wire;
use super::{Outcome, Plan, Target};

/// By when a call must be answered.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long after its deadline a call may still be answered: by then it has been lost.
const SLACK: Duration = Duration::from_secs(2);

/// So many callers, each with one operation in flight, for so long; what is in flight at the end is
/// awaited, so that every acknowledged operation is counted.
pub async fn closed(
    target: &Target,
    plan: &Plan,
    in_flight: usize,
    time: Duration,
) -> Result<Outcome> {
    let threads = threads().min(in_flight).max(1);
    let shares = (0..threads).map(|thread| {
        let share = Share::of(target, *plan, thread, threads);
        let callers = (in_flight + threads - 1 - thread) / threads;
        move |stop: Stop| share.close(callers, time, stop)
    });
    side_by_side(shares).await
}

/// Operations at a constant rate, whatever becomes of the earlier ones. Latency counts from the
/// moment at which an operation was to be sent.
pub async fn open(
    target: &Target,
    plan: &Plan,
    per_second: f64,
    time: Duration,
) -> Result<Outcome> {
    let threads = threads();
    let gap = Duration::from_secs(u64::try_from(threads)?).div_f64(per_second);
    let shares = (0..threads).map(|thread| {
        let share = Share::of(target, *plan, thread, threads);
        move |stop: Stop| share.open(gap, time, stop)
    });
    side_by_side(shares).await
}

/// The server and PostgreSQL need the rest of the machine.
fn threads() -> usize {
    available_parallelism().map_or(1, |cores| (cores.get() / 4).clamp(1, 8))
}

/// Set where nobody waits for the load any more.
#[derive(Clone)]
struct Stop(Arc<AtomicBool>);

impl Stop {
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct SetOnDrop(Stop);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

async fn side_by_side<F>(
    shares: impl Iterator<Item = impl FnOnce(Stop) -> F + Send + 'static>,
) -> Result<Outcome>
where
    F: Future<Output = Result<Outcome>> + 'static,
{
    let stop = Stop(Arc::default());
    let _guard = SetOnDrop(stop.clone());
    let mut running = JoinSet::new();
    for share in shares {
        let stop = stop.clone();
        running.spawn(apart(move || share(stop)));
    }
    let mut outcomes = Vec::new();
    while let Some(ended) = running.join_next().await {
        outcomes.push(ended.context("the load generator broke")??);
    }
    together(outcomes)
}

/// What one thread does of a load.
struct Share {
    target: Target,
    plan: Plan,
    thread: usize,
    threads: usize,
}

impl Share {
    fn of(target: &Target, plan: Plan, thread: usize, threads: usize) -> Self {
        Self {
            target: target.clone(),
            plan,
            thread,
            threads,
        }
    }

    /// This thread's connections, at most as many as it can use, on every address in turn.
    async fn wires(&self, most: usize) -> Result<Vec<Wire>> {
        let mut wires = Vec::new();
        let addresses = self.target.addresses.iter().cycle();
        let own = addresses
            .take(self.target.connections.max(self.threads))
            .skip(self.thread)
            .step_by(self.threads);
        for address in own.take(most.max(1)) {
            wires.push(Wire::connect(*address, &self.target.token, DEADLINE).await?);
        }
        Ok(wires)
    }

    async fn close(self, callers: usize, time: Duration, stop: Stop) -> Result<Outcome> {
        let wires = self.wires(callers).await?;
        let tally = Tally::new()?;
        let cpu = thread_cpu();
        let began = Instant::now();
        let until = began + time;
        let mut tasks = JoinSet::new();
        for wire in wires.iter().cycle().take(callers) {
            let maker = Maker::new(self.plan);
            let caller = Caller {
                wire: wire.clone(),
                tally: tally.clone(),
            };
            tasks.spawn(caller.go_on(maker, until, stop.clone()));
        }
        let drained = async { while tasks.join_next().await.is_some() {} };
        if timeout(time + DEADLINE + SLACK, drained).await.is_err() {
            tally.count_silence(u64::try_from(tasks.len())?);
        }
        Ok(tally.outcome(began.elapsed(), thread_cpu().saturating_sub(cpu)))
    }

    async fn open(self, gap: Duration, time: Duration, stop: Stop) -> Result<Outcome> {
        let wires = self.wires(usize::MAX).await?;
        let tally = Tally::new()?;
        let mut maker = Maker::new(self.plan);
        let (due, mut dues) = mpsc::unbounded_channel();
        let cpu = thread_cpu();
        let began = Instant::now();
        thread::Builder::new()
            .name("pace".to_owned())
            .spawn(move || pace(began, gap, time, &stop, &due))
            .context("cannot start a thread")?;
        let mut tasks = JoinSet::new();
        for wire in wires.iter().cycle() {
            let Some(at) = dues.recv().await else { break };
            let caller = Caller {
                wire: wire.clone(),
                tally: tally.clone(),
            };
            tasks.spawn(caller.go_once(maker.next_errand(), at));
            // What has ended is forgotten.
            while tasks.try_join_next().is_some() {}
        }
        // Each ends by itself, by its patience at the latest.
        while tasks.join_next().await.is_some() {}
        Ok(tally.outcome(began.elapsed(), thread_cpu().saturating_sub(cpu)))
    }
}

struct Caller {
    wire: Wire,
    tally: Tally,
}

impl Caller {
    async fn go_on(mut self, mut maker: Maker, until: Instant, stop: Stop) {
        let mut sent = Instant::now();
        while sent < until && !stop.is_set() {
            let errand = maker.next_errand();
            let ended = errand.run(&mut self.wire).await;
            let now = Instant::now();
            self.tally.count(&ended, now.duration_since(sent));
            if let Err(Failure::Status(_)) = ended {
                // Who is refused at once would ask at once again, and the generator do nothing else.
                sleep(Duration::from_millis(1)).await;
            }
            sent = Instant::now();
        }
    }

    async fn go_once(mut self, errand: Errand, at: Instant) {
        let ended = match timeout(DEADLINE + SLACK, errand.run(&mut self.wire)).await {
            Ok(ended) => ended,
            Err(_) => Err(Failure::Silence),
        };
        self.tally.count(&ended, at.elapsed());
    }
}

/// Says when the next operation is due. On a thread of its own: a runtime's timers tell time by the
/// millisecond.
fn pace(
    began: Instant,
    gap: Duration,
    time: Duration,
    stop: &Stop,
    due: &UnboundedSender<Instant>,
) {
    for turn in 0_u32.. {
        let offset = gap * turn;
        if offset >= time {
            return;
        }
        let at = began + offset;
        loop {
            let wait = at.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                break;
            }
            thread::park_timeout(wait);
        }
        if stop.is_set() || due.send(at).is_err() {
            return;
        }
    }
}

/// What this thread has used of the processors.
fn thread_cpu() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime)
        .try_into()
        .unwrap_or_default()
}
