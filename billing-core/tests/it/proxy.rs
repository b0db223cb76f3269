//! The way to the database, to be cut, stalled, held up and opened again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use billing_testkit::TestDatabase;
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub struct Proxy {
    pub address: SocketAddr,
    server: PgConnectOptions,
    way: Arc<Way>,
    /// Everything that runs: it ends when this is dropped.
    tasks: JoinSet<()>,
}

/// How every connection is passed on.
#[derive(Default)]
struct Way {
    stalled: AtomicBool,
    answers_held: watch::Sender<bool>,
}

impl Proxy {
    pub async fn to(database: &TestDatabase) -> Self {
        let mut proxy = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            server: database.application(),
            way: Arc::default(),
            tasks: JoinSet::new(),
        };
        proxy.open().await;
        proxy
    }

    /// Lets connections through, at the same address as before.
    pub async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        self.way.stalled.store(false, Ordering::SeqCst);
        let (server, way) = (self.server.clone(), Arc::clone(&self.way));
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connect(client, server.clone(), Arc::clone(&way)));
            }
        });
    }

    /// Ends every connection and refuses new ones: the server is not there.
    pub async fn cut(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Keeps every connection and passes nothing on: the server does not answer.
    pub fn stall(&self) {
        self.way.stalled.store(true, Ordering::SeqCst);
    }

    /// Passes on what is asked, and keeps what is answered.
    pub fn hold_answers(&self) {
        self.way.answers_held.send_replace(true);
    }

    /// Passes on what was kept.
    pub fn release_answers(&self) {
        self.way.answers_held.send_replace(false);
    }
}

async fn connect(client: TcpStream, server: PgConnectOptions, way: Arc<Way>) {
    let port = server.get_port();
    // A server without TCP has a folder for its host.
    let folder = server.get_socket().cloned().or_else(|| {
        let host = server.get_host();
        host.starts_with('/').then(|| PathBuf::from(host))
    });
    if let Some(folder) = folder {
        let socket = folder.join(format!(".s.PGSQL.{port}"));
        let server = UnixStream::connect(socket).await.unwrap();
        pass_both_ways(client, server, &way).await;
    } else {
        let server = TcpStream::connect((server.get_host(), port)).await.unwrap();
        pass_both_ways(client, server, &way).await;
    }
}

async fn pass_both_ways<S: AsyncRead + AsyncWrite>(client: TcpStream, server: S, way: &Way) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = split(server);
    let never = watch::Sender::new(false);
    tokio::select! {
        () = pass(from_client, to_server, &way.stalled, &never) => {}
        () = pass(from_server, to_client, &way.stalled, &way.answers_held) => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    stalled: &AtomicBool,
    held: &watch::Sender<bool>,
) {
    let mut held = held.subscribe();
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if stalled.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        // It cannot end before the proxy does.
        drop(held.wait_for(|held| !held).await);
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
