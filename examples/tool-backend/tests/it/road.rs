//! A way to the core on which answers can be held back, and which can be cut.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

const BUFFER_BYTES: usize = 8192;

/// Ends when it is dropped; what is under way then goes on.
pub(crate) struct Road {
    pub(crate) url: String,
    state: watch::Sender<State>,
    listening: AbortHandle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Requests arrive, their answers wait.
    Held,
    /// No connection lives.
    Cut,
}

impl Road {
    pub(crate) async fn to(core: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (state, seen) = watch::channel(State::Open);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, core, seen.clone()));
            }
        });
        Self {
            url,
            state,
            listening: listening.abort_handle(),
        }
    }

    pub(crate) fn hold_answers(&self) {
        self.state.send_replace(State::Held);
    }

    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    pub(crate) fn open(&self) {
        self.state.send_replace(State::Open);
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn carry(client: TcpStream, core: SocketAddr, seen: watch::Receiver<State>) {
    tokio::select! {
        () = until(seen.clone(), |state| state == State::Cut) => {}
        _ended = both_ways(client, core, seen) => {}
    }
}

async fn both_ways(
    client: TcpStream,
    core: SocketAddr,
    seen: watch::Receiver<State>,
) -> io::Result<()> {
    let core = TcpStream::connect(core).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_core, mut to_core) = core.into_split();
    let answers = async {
        let mut bytes = Vec::with_capacity(BUFFER_BYTES);
        while from_core.read_buf(&mut bytes).await? > 0 {
            until(seen.clone(), |state| state != State::Held).await;
            to_client.write_all(&bytes).await?;
            bytes.clear();
        }
        Ok::<(), io::Error>(())
    };
    tokio::select! {
        asked = tokio::io::copy(&mut from_client, &mut to_core) => asked.map(|_bytes| ()),
        answered = answers => answered,
    }
}

/// Returns also where the road has ended.
async fn until(mut seen: watch::Receiver<State>, reached: impl Fn(State) -> bool) {
    let _ = seen.wait_for(|state| reached(*state)).await;
}
