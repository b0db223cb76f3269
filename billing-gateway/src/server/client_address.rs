//! The address of the client, behind the proxies that are ours.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who is at the other end of the connection; put into each request by the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub IpAddr);

/// What counts as one client: of IPv4 the address, of IPv6 the network.
pub(crate) fn network_of(request: &Request, trusted_proxies: u8) -> IpAddr {
    network(of(request.extensions(), request.headers(), trusted_proxies))
}

/// The same, of a request of which only the head is at hand.
pub(crate) fn network_of_head(head: &Parts, trusted_proxies: u8) -> IpAddr {
    network(of(&head.extensions, &head.headers, trusted_proxies))
}

/// The address itself.
pub(crate) fn of_head(head: &Parts, trusted_proxies: u8) -> IpAddr {
    of(&head.extensions, &head.headers, trusted_proxies)
}

/// How many addresses `X-Forwarded-For` names, whoever wrote them.
pub(crate) fn entries(headers: &HeaderMap) -> usize {
    listed(headers).count()
}

/// One customer usually has a whole /64 of IPv6, and could else be as many clients as he likes.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn of(extensions: &Extensions, headers: &HeaderMap, trusted_proxies: u8) -> IpAddr {
    let peer = extensions
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    forwarded(headers, trusted_proxies).unwrap_or(peer)
}

fn listed(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(FORWARDED_FOR)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(str::trim)
}

/// Each proxy of ours appended whom it heard. So of the list only the last `trusted_proxies`
/// entries are theirs; whatever stands before was written by the client.
fn forwarded(headers: &HeaderMap, trusted_proxies: u8) -> Option<IpAddr> {
    let hops_back = usize::from(trusted_proxies).checked_sub(1)?;
    let entries: Vec<&str> = listed(headers).collect();
    let entry = entries.iter().rev().nth(hops_back)?;
    entry
        .parse()
        .ok()
        .or_else(|| Some(entry.parse::<SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::body::Body;
    use axum::extract::Request;

    use super::{Peer, network, of};

    fn address(trusted_proxies: u8, forwarded: &[&str]) -> String {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer([10, 0, 0, 1].into()));
        of(request.extensions(), request.headers(), trusted_proxies).to_string()
    }

    #[test]
    fn an_ipv6_network_counts_as_one_client() {
        let of = |text: &str| network(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn without_proxies_of_ours_the_header_is_not_believed() {
        assert_eq!(address(0, &["192.0.2.9"]), "10.0.0.1");
    }

    #[test]
    fn only_what_our_proxies_appended_is_believed() {
        let spoofed = ["198.51.100.1, 192.0.2.9"];
        assert_eq!(address(1, &spoofed), "192.0.2.9");
        assert_eq!(
            address(2, &["198.51.100.1, 192.0.2.9", "10.0.0.2"]),
            "192.0.2.9"
        );
        assert_eq!(address(1, &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(address(1, &["192.0.2.9:443"]), "192.0.2.9");
    }

    #[test]
    fn a_header_that_says_nothing_leaves_the_peer() {
        assert_eq!(address(1, &[]), "10.0.0.1");
        assert_eq!(address(2, &["192.0.2.9"]), "10.0.0.1");
        assert_eq!(address(1, &["unknown"]), "10.0.0.1");
    }
}
