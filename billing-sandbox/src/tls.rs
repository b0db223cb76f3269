//! Connections under TLS, for callers that insist on it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::running::Running;

/// How long a caller may take to shake hands.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who the sandbox says it is under TLS.
#[derive(Clone)]
pub struct Tls {
    /// In PEM, its own first.
    pub certificates: String,
    /// In PEM.
    pub key: SecretString,
}

/// Shows nothing: somebody may have taken the key's file for the certificate's.
impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the certificate or its key is not PEM")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("there is no certificate")]
    NoCertificate,
    #[error("the certificate and its key do not fit")]
    Unfit(#[from] rustls::Error),
}

impl Tls {
    pub fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let certificates = CertificateDer::pem_slice_iter(self.certificates.as_bytes());
        let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
        if certificates.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(self.key.expose_secret().as_bytes())?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(certificates, key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Hands over connections whose handshake is done: one that dawdles keeps no other waiting.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    addr: SocketAddr,
}

impl TlsListener {
    pub fn new(
        listener: TcpListener,
        acceptor: TlsAcceptor,
        running: &Arc<Running>,
    ) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let (handed, ready) = mpsc::channel(64);
        let stop = running.stop.clone();
        let accepting = accept(listener, acceptor, Arc::clone(running), handed);
        running
            .tasks
            .spawn(async move { stop.run_until_cancelled(accepting).await });
        Ok(Self { ready, addr })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // Nobody accepts any more: the sandbox ends.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.addr)
    }
}

async fn accept(
    mut listener: TcpListener,
    acceptor: TlsAcceptor,
    running: Arc<Running>,
    handed: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    loop {
        // axum's own, which waits where the system has no more connections to give.
        let (stream, from) = Listener::accept(&mut listener).await;
        let (acceptor, handed) = (acceptor.clone(), handed.clone());
        let stop = running.stop.clone();
        running.tasks.spawn(async move {
            let shaking = tokio::time::timeout(PATIENCE, acceptor.accept(stream));
            match stop.run_until_cancelled(shaking).await {
                Some(Ok(Ok(stream))) => {
                    // A sandbox that ends takes no more.
                    let _ = handed.send((stream, from)).await;
                }
                Some(Ok(Err(error))) => tracing::info!(%error, "a caller does not speak TLS"),
                Some(Err(_)) => tracing::info!("a caller does not finish its handshake"),
                None => {}
            }
        });
    }
}
