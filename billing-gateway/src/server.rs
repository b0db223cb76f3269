//! Accepts connections, within bounds, until told to stop; then lets what is under way end.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::client_address::Peer;
use crate::config::HttpLimits;

/// The longest head of a request.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Without file descriptors `accept` fails at once, and would again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How the end comes: no new requests, then no more patience.
#[derive(Clone, Debug)]
struct Ending {
    drain: CancellationToken,
    cut: CancellationToken,
}

pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    limits: HttpLimits,
    shutdown: CancellationToken,
) {
    let max_connections = usize::try_from(limits.max_connections).unwrap_or(usize::MAX);
    let room = Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS)));
    let ending = Ending {
        drain: shutdown,
        cut: CancellationToken::new(),
    };
    let connections = TaskTracker::new();
    while let Some((stream, peer, permit)) = next_connection(&listener, &room, &ending).await {
        connections.spawn(connection(
            stream,
            peer,
            app.clone(),
            limits,
            ending.clone(),
            permit,
        ));
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait())
        .await
        .is_err()
    {
        let open = connections.len();
        tracing::warn!(open, "connections are cut off: they did not end in time");
        ending.cut.cancel();
        connections.wait().await;
    }
}

/// None when it is time to stop.
async fn next_connection(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
    ending: &Ending,
) -> Option<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let accepted = async {
        let permit = Arc::clone(room).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return Some((stream, Peer(peer.ip()), permit)),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = ending.drain.cancelled() => None,
        accepted = accepted => accepted,
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    app: Router,
    limits: HttpLimits,
    ending: Ending,
    _permit: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY not set");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        app.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = ending.drain.cancelled() => {
            served.as_mut().graceful_shutdown();
            tokio::select! {
                ended = served => ended,
                () = ending.cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}
