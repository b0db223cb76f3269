//! The host that a request names. Where it names none, or several, a proxy in front and the gateway
//! could take it for different ones (RFC 9112, section 3.2).

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::problem::ApiError;

/// Refuses what does not name one host, once.
pub(crate) async fn named_once(request: Request, next: Next) -> Result<Response, ApiError> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let good = match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => is_host(host),
        (Some(_), Some(_)) => false,
    };
    if !good {
        let must = "must be given once, and be a host";
        return Err(ApiError::invalid("Host", must));
    }
    Ok(next.run(request).await)
}

/// Whether it is a host, perhaps with a port; it may be empty.
fn is_host(host: &HeaderValue) -> bool {
    let of_host = |authority: Authority| !authority.as_str().contains('@');
    host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(of_host)
}
