//! Accepts connections, within bounds, until told to stop; then lets what is under way end.

pub(crate) mod client_address;
mod fair_room;
pub(crate) mod host;
mod lingering_body;
pub mod open_files;
pub(crate) mod request_body;
pub(crate) mod settings;
mod strict_heads;
pub(crate) mod turned_away;
pub(crate) mod waiting_room;

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use billing_telemetry::admin::Readiness;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use self::client_address::Peer;
use self::fair_room::{FairRoom, Place};
use self::lingering_body::LingeringBody;
use self::settings::HttpLimits;
use self::strict_heads::{HeadRead, StrictHeads};

/// The longest head of a request.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Without file descriptors `accept` fails at once, and would again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How the end comes: connections are not used again, no new requests, then no more patience.
#[derive(Clone, Debug)]
struct Ending {
    readiness: Readiness,
    drain: CancellationToken,
    cut: CancellationToken,
}

pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    limits: HttpLimits,
    readiness: Readiness,
    shutdown: CancellationToken,
) {
    let max_connections = usize::try_from(limits.max_connections).unwrap_or(usize::MAX);
    let room = FairRoom::new("connection", max_connections);
    let ending = Ending {
        readiness,
        drain: shutdown,
        cut: CancellationToken::new(),
    };
    let connections = TaskTracker::new();
    while let Some((stream, peer, place)) = next_connection(&listener, &room, &ending).await {
        connections.spawn(connection(
            stream,
            peer,
            app.clone(),
            limits,
            ending.clone(),
            place,
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
    room: &Arc<FairRoom>,
    ending: &Ending,
) -> Option<(TcpStream, Peer, Place)> {
    let accepted = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let network = client_address::network(peer.ip());
                    let Some(place) = room.enter(network, 1) else {
                        continue;
                    };
                    // Their files are closed: they wait for nobody, and less than one more could.
                    room.left().await;
                    return (stream, Peer(peer.ip()), place);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    turned_away::not_accepted(&error);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = ending.drain.cancelled() => None,
        accepted = accepted => Some(accepted),
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

/// One whose place another gets is closed, but for a request that is being answered. The stream is
/// dropped before the place, which nothing holds for longer.
async fn connection(
    stream: TcpStream,
    peer: Peer,
    app: Router,
    limits: HttpLimits,
    ending: Ending,
    place: Place,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY not set");
    }
    let head_read = HeadRead::default();
    let stream = StrictHeads::new(stream, head_read.clone());
    let place = Arc::new(place);
    let service = {
        let (place, readiness) = (Arc::clone(&place), ending.readiness.clone());
        service_fn(move |request: Request<Incoming>| {
            head_read.told(request.body().size_hint().exact());
            let answered = answer(app.clone(), request, peer, Arc::clone(&place));
            last_where_leaving(answered, readiness.clone())
        })
    };
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let ended = tokio::select! {
        // An answer that is there is written before anything else is looked at.
        biased;
        ended = served.as_mut() => ended,
        () = place.revoked() => return,
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

/// Who keeps a connection learns with its next answer that it is over: none is closed under a request
/// that is on its way when the time to leave ends.
async fn last_where_leaving(
    answered: impl Future<Output = Result<Response, Infallible>>,
    readiness: Readiness,
) -> Result<Response, Infallible> {
    let mut answer = answered.await?;
    if readiness.is_leaving() {
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer)
}

/// The place is kept from when all of the request has come until the answer is there: before and after,
/// its client takes their time at their own risk.
async fn answer(
    app: Router,
    request: Request<Incoming>,
    peer: Peer,
    place: Arc<Place>,
) -> Result<Response, Infallible> {
    let expects = request.headers().contains_key(header::EXPECT);
    let mut request = request.map(|body| Body::new(LingeringBody::new(body, Arc::clone(&place))));
    request.extensions_mut().insert(peer);
    let mut answer = app.oneshot(request).await?;
    let whole = place.let_go();
    // Nobody knows whether a client that asked still sends its body, and one that was put off ends.
    if !whole && (expects || answer.status() == StatusCode::SERVICE_UNAVAILABLE) {
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer)
}
