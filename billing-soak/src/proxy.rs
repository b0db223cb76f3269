//! A core's own way to PostgreSQL: a TCP port in front of the server's socket, to be cut, reset,
//! slowed, stalled, and to lose a COMMIT at the worst moment.

mod frames;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::frames::{Frames, Speech, is_ready};

const BUFFER_BYTES: usize = 16 * 1024;
/// How long an answer to COMMIT is awaited that nobody will be told.
const PATIENCE: Duration = Duration::from_secs(10);

/// What becomes of everything that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Clear,
    /// Each part of each message comes so much later.
    Slow(Duration),
    /// Connections stay, and nothing passes.
    Stalled,
    /// Connections end, and new ones are ended at once.
    Cut,
    /// The same by a reset, as a machine does that has lost its memory.
    Reset,
}

/// What becomes of one COMMIT. The core's connection is lost each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitLoss {
    /// The server never sees it.
    BeforeIt,
    /// The server carries it out while the core has lost it already.
    BeforeTheAnswer,
    /// The server has answered, and the core is not told.
    AfterTheAnswer,
    /// The server sees it so much later, when the core is trying again already.
    Late(Duration),
    /// It waits for what is decided while everything else about it stands still.
    Held,
}

/// Whether a COMMIT that was held goes on. Either way the core's connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Forwarded,
    Dropped,
}

/// The loss of the next COMMIT.
struct Arm {
    loss: CommitLoss,
    fired: oneshot::Sender<oneshot::Sender<Fate>>,
}

struct Gate {
    weather: watch::Sender<Weather>,
    armed: Mutex<Option<Arm>>,
    /// How often something was delayed, halted or torn.
    troubles: AtomicU64,
}

/// It ends with its connections when it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    gate: Arc<Gate>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// To the server that listens at this socket.
    pub async fn to(socket: PathBuf) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let gate = Arc::new(Gate {
            weather: watch::Sender::new(Weather::Clear),
            armed: Mutex::default(),
            troubles: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, socket, Arc::clone(&gate)));
        Ok(Self {
            address,
            gate,
            _tasks: tasks,
        })
    }

    pub fn set(&self, weather: Weather) {
        self.gate.weather.send_replace(weather);
    }

    /// How often something was delayed, halted or torn until now.
    pub fn troubles(&self) -> u64 {
        self.gate.troubles.load(Ordering::Relaxed)
    }

    /// Loses the next COMMIT. It is answered when one has come: for one that is held, with the way
    /// to decide its fate.
    pub fn arm(&self, loss: CommitLoss) -> oneshot::Receiver<oneshot::Sender<Fate>> {
        let (fired, wait) = oneshot::channel();
        *self.gate.armed() = Some(Arm { loss, fired });
        wait
    }

    /// No COMMIT is lost any more.
    pub fn disarm(&self) {
        *self.gate.armed() = None;
    }
}

impl Gate {
    fn armed(&self) -> MutexGuard<'_, Option<Arm>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) {
        self.troubles.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets something pass when the weather does.
    async fn passage(&self, weather: &mut watch::Receiver<Weather>) {
        loop {
            let now = *weather.borrow_and_update();
            match now {
                Weather::Stalled => {
                    self.trouble();
                    // The sender lives in self.
                    let _ = weather.changed().await;
                }
                Weather::Slow(delay) => {
                    self.trouble();
                    return sleep(delay).await;
                }
                Weather::Clear | Weather::Cut | Weather::Reset => return,
            }
        }
    }

    /// Passes whole messages on to the server. Ends with the COMMIT that is to be lost, or with the
    /// connection.
    async fn up(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> Option<(Arm, Vec<u8>)> {
        let mut weather = self.weather.subscribe();
        let mut speech = Speech::new();
        let mut bytes = vec![0; BUFFER_BYTES];
        while let Ok(read @ 1..) = from.read(&mut bytes).await {
            speech.feed(bytes.get(..read)?);
            let mut passing = Vec::new();
            let mut lost = None;
            while let Some(group) = speech.next() {
                if group.commits
                    && let Some(arm) = self.armed().take()
                {
                    lost = Some((arm, group.bytes));
                    break;
                }
                passing.extend(group.bytes);
            }
            if !passing.is_empty() {
                self.passage(&mut weather).await;
                to.write_all(&passing).await.ok()?;
            }
            if lost.is_some() {
                return lost;
            }
        }
        None
    }

    async fn down(&self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut weather = self.weather.subscribe();
        let mut bytes = vec![0; BUFFER_BYTES];
        while let Ok(read @ 1..) = from.read(&mut bytes).await {
            self.passage(&mut weather).await;
            let Some(passing) = bytes.get(..read) else {
                return;
            };
            if to.write_all(passing).await.is_err() {
                return;
            }
        }
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, gate: Arc<Gate>) {
    let mut connections = JoinSet::new();
    while let Ok((core, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (socket, gate) = (socket.clone(), Arc::clone(&gate));
        connections.spawn(async move { connect(core, socket, &gate).await });
    }
}

/// Returns when connections are to end.
async fn torn(weather: &mut watch::Receiver<Weather>) {
    // The sender outlives every connection.
    let _ = weather
        .wait_for(|weather| matches!(weather, Weather::Cut | Weather::Reset))
        .await;
}

async fn connect(mut core: TcpStream, socket: PathBuf, gate: &Gate) {
    let mut weather = gate.weather.subscribe();
    // Whatever is written is whole messages: nothing is gained by waiting for more.
    let _ = core.set_nodelay(true);
    // The server may be down: then the core's connection ends at once.
    let Ok(mut server) = UnixStream::connect(socket).await else {
        return;
    };
    let lost = {
        let (from_core, to_core) = core.split();
        let (from_server, to_server) = server.split();
        tokio::select! {
            lost = gate.up(from_core, to_server) => lost,
            () = gate.down(from_server, to_core) => None,
            () = torn(&mut weather) => {
                gate.trouble();
                None
            }
        }
    };
    if let Some((arm, commit)) = lost {
        return lose(arm, &commit, core, server).await;
    }
    if *weather.borrow() == Weather::Reset {
        // Without a farewell.
        let _ = core.set_zero_linger();
    }
}

/// Loses a COMMIT, and with it the core's connection.
async fn lose(arm: Arm, commit: &[u8], core: TcpStream, mut server: UnixStream) {
    let (fate, decided) = oneshot::channel();
    // Whoever armed it may have gone.
    let fire = || drop(arm.fired.send(fate));
    match arm.loss {
        CommitLoss::BeforeIt => {
            drop((core, server));
            fire();
        }
        CommitLoss::BeforeTheAnswer => {
            let sent = server.write_all(commit).await;
            drop(core);
            fire();
            if sent.is_ok() {
                answer(&mut server).await;
            }
        }
        CommitLoss::AfterTheAnswer => {
            carry_out(commit, &mut server).await;
            drop(core);
            fire();
        }
        CommitLoss::Late(delay) => {
            drop(core);
            fire();
            sleep(delay).await;
            carry_out(commit, &mut server).await;
        }
        CommitLoss::Held => {
            fire();
            let fate = timeout(PATIENCE, decided).await;
            if matches!(fate, Ok(Ok(Fate::Forwarded))) {
                carry_out(commit, &mut server).await;
            }
            drop(core);
        }
    }
}

async fn carry_out(commit: &[u8], server: &mut UnixStream) {
    // A server that is gone by now has not seen it.
    if server.write_all(commit).await.is_ok() {
        answer(server).await;
    }
}

/// Waits for the whole answer, whatever it is.
async fn answer(server: &mut UnixStream) {
    let mut frames = Frames::of_server();
    let mut bytes = [0; 1024];
    let ready = async {
        while let Ok(read @ 1..) = server.read(&mut bytes).await {
            frames.feed(bytes.get(..read).unwrap_or_default());
            if std::iter::from_fn(|| frames.next()).any(|message| is_ready(&message)) {
                return;
            }
        }
    };
    // Nobody is told either way.
    let _ = timeout(PATIENCE, ready).await;
}

#[cfg(test)]
mod tests;
