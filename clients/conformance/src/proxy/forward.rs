//! One request on to the core, by a connection of its own: so a core that was killed is reached again as soon
//! as it is back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// None where nobody listens there, an error where the core broke off. Whoever drops this future resets the
/// stream at the core.
pub async fn to_core(
    core: SocketAddr,
    head: Parts,
    body: Bytes,
) -> Result<Option<Response<Buffered>>> {
    let Ok(stream) = TcpStream::connect(core).await else {
        return Ok(None);
    };
    stream.set_nodelay(true)?;
    let io = TokioIo::new(stream);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
    // Ends with this future.
    let mut connected = JoinSet::new();
    connected.spawn(async move {
        // Its error is the request's too.
        let _ = connection.await;
    });
    let mut request = Request::from_parts(head, Full::new(body));
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", PathAndQuery::as_str);
    let uri: Uri = format!("http://{core}{path}").parse()?;
    *request.uri_mut() = uri;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?;
    let trailers = body.trailers().cloned();
    let data = Some(body.to_bytes()).filter(|data| !data.is_empty());
    Ok(Some(Response::from_parts(
        head,
        Buffered { data, trailers },
    )))
}

/// A whole answer, trailers included.
#[derive(Debug, Default)]
pub struct Buffered {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Buffered {
    pub fn data(&self) -> &[u8] {
        self.data.as_deref().unwrap_or_default()
    }

    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_ref()
    }
}

impl Body for Buffered {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.get_mut();
        let frame = match body.data.take() {
            Some(data) => Some(Frame::data(data)),
            None => body.trailers.take().map(Frame::trailers),
        };
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }
}
