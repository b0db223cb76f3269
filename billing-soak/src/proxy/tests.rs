//! The proxy between a client and something that answers as a server would.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::time::{Instant, sleep, timeout};

use super::{CommitLoss, Fate, Proxy, Weather};

const STARTUP: &[u8] = b"\0\0\0\x08\0\x03\0\0";
const BEGIN: &[u8] = b"Q\0\0\0\x0aBEGIN\0";
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

const DONE: &[u8] = b"C\0\0\0\x0bCOMMIT\0Z\0\0\0\x05I";

struct Scene {
    proxy: Proxy,
    core: TcpStream,
    server: UnixStream,
    _folder: TempDir,
}

/// A connection that has begun a transaction.
async fn begun() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(Path::new(&socket)).unwrap();
    let proxy = Proxy::to(socket).await.unwrap();
    let core = TcpStream::connect(proxy.address).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let mut scene = Scene {
        proxy,
        core,
        server,
        _folder: folder,
    };
    scene.say(STARTUP).await;
    scene.say(BEGIN).await;
    scene
}

impl Scene {
    async fn say(&mut self, message: &[u8]) {
        self.core.write_all(message).await.unwrap();
        assert_eq!(self.heard(message.len()).await, message);
    }

    async fn commit(&mut self) {
        self.core.write_all(COMMIT).await.unwrap();
    }

    /// What the server hears.
    async fn heard(&mut self, bytes: usize) -> Vec<u8> {
        let mut heard = vec![0; bytes];
        self.server.read_exact(&mut heard).await.unwrap();
        heard
    }

    /// What the core is told until its connection ends.
    async fn told(&mut self) -> Vec<u8> {
        let mut told = Vec::new();
        self.core.read_to_end(&mut told).await.unwrap();
        told
    }
}

#[tokio::test]
async fn in_clear_weather_everything_passes() {
    let mut scene = begun().await;
    scene.say(COMMIT).await;
    scene.server.write_all(b"done").await.unwrap();
    let mut told = [0; 4];
    scene.core.read_exact(&mut told).await.unwrap();
    assert_eq!((&told, scene.proxy.troubles()), (b"done", 0));
}

#[tokio::test]
async fn a_commit_can_be_lost_before_the_server_sees_it() {
    let mut scene = begun().await;
    let fired = scene.proxy.arm(CommitLoss::BeforeIt);
    scene.commit().await;
    fired.await.unwrap();
    assert_eq!(scene.told().await, b"");
    let mut heard = Vec::new();
    scene.server.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"");
}

#[tokio::test]
async fn a_commit_can_be_lost_before_or_after_its_answer() {
    for loss in [CommitLoss::BeforeTheAnswer, CommitLoss::AfterTheAnswer] {
        let mut scene = begun().await;
        let fired = scene.proxy.arm(loss);
        scene.commit().await;
        assert_eq!(scene.heard(COMMIT.len()).await, COMMIT);
        scene.server.write_all(DONE).await.unwrap();
        fired.await.unwrap();
        assert_eq!(scene.told().await, b"", "{loss:?}");
    }
}

#[tokio::test]
async fn a_commit_can_come_when_its_core_has_long_lost_it() {
    let mut scene = begun().await;
    let late = Duration::from_millis(100);
    let armed = Instant::now();
    let fired = scene.proxy.arm(CommitLoss::Late(late));
    scene.commit().await;
    fired.await.unwrap();
    assert_eq!(scene.told().await, b"");
    assert_eq!(scene.heard(COMMIT.len()).await, COMMIT);
    assert!(armed.elapsed() >= late);
}

#[tokio::test]
async fn a_commit_that_is_held_waits_for_its_fate() {
    for fate in [Fate::Forwarded, Fate::Dropped] {
        let mut scene = begun().await;
        let fired = scene.proxy.arm(CommitLoss::Held);
        scene.commit().await;
        let decide = fired.await.unwrap();
        let mut byte = [0];
        let silent = timeout(Duration::from_millis(30), scene.server.read(&mut byte));
        assert!(silent.await.is_err());
        decide.send(fate).unwrap();
        let mut heard = Vec::new();
        if fate == Fate::Forwarded {
            heard = scene.heard(COMMIT.len()).await;
            scene.server.write_all(DONE).await.unwrap();
        }
        assert_eq!(scene.told().await, b"");
        scene.server.read_to_end(&mut heard).await.unwrap();
        let wanted = match fate {
            Fate::Forwarded => COMMIT,
            Fate::Dropped => b"",
        };
        assert_eq!(heard, wanted);
    }
}

#[tokio::test]
async fn bad_weather_slows_halts_and_tears() {
    let mut scene = begun().await;
    let delay = Duration::from_millis(40);
    scene.proxy.set(Weather::Slow(delay));
    let begun = Instant::now();
    scene.say(BEGIN).await;
    assert!(begun.elapsed() >= delay);

    scene.proxy.set(Weather::Stalled);
    scene.core.write_all(BEGIN).await.unwrap();
    let heard = timeout(Duration::from_millis(50), scene.heard(BEGIN.len()));
    assert!(heard.await.is_err());
    scene.proxy.set(Weather::Clear);
    assert_eq!(scene.heard(BEGIN.len()).await, BEGIN);

    scene.proxy.set(Weather::Cut);
    assert_eq!(scene.told().await, b"");
    assert!(scene.proxy.troubles() >= 3);
}

#[tokio::test]
async fn a_reset_is_no_farewell() {
    let mut scene = begun().await;
    scene.proxy.set(Weather::Reset);
    let mut told = Vec::new();
    let torn = scene.core.read_to_end(&mut told).await.unwrap_err();
    assert_eq!(torn.kind(), std::io::ErrorKind::ConnectionReset);
    // New ones end too.
    let mut core = TcpStream::connect(scene.proxy.address).await.unwrap();
    sleep(Duration::from_millis(10)).await;
    assert!(!matches!(core.read(&mut [0]).await, Ok(1..)));
}
