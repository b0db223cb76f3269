//! Which addresses an endpoint may have: those of the public internet, and those that the configuration allows.
//! Each address that a name leads to is looked at when it is connected to, so that a name that leads elsewhere
//! meanwhile is caught, too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

const URL_BYTES: usize = 2048;

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// Of IANA's registry of special addresses, and multicast.
const NOT_PUBLIC_V4: [Ipv4Net; 14] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    // Carrier-grade NAT.
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    // Link-local; clouds tell a machine its credentials there.
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    // 6to4 relays.
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    // Multicast, and what is reserved behind it.
    v4(224, 0, 0, 0, 3),
];

/// Everything that is given out to the public lies in it: mapped and translated IPv4, unique-local, link-local and
/// multicast addresses do not.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

const NOT_PUBLIC_V6: [Ipv6Net; 4] = [
    // Of protocols: Teredo, ORCHID, benchmarks.
    v6(0x2001, 0, 0, 23),
    // Documentation.
    v6(0x2001, 0xdb8, 0, 32),
    v6(0x3fff, 0, 0, 20),
    // 6to4: an IPv4 address is in it.
    v6(0x2002, 0, 0, 16),
];

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|net| net.contains(&address))
        }
    }
}

/// Networks that endpoints may lie in though they are not public; there `http` is allowed, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

/// Not a list of networks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network: write an address and the length of its prefix, such as 10.1.0.0/16")]
pub struct NoNetwork(String);

impl FromStr for Networks {
    type Err = NoNetwork;

    /// Networks parted by commas or white space; blank: none.
    fn from_str(list: &str) -> Result<Self, NoNetwork> {
        list.split(|c: char| c == ',' || c.is_whitespace())
            .filter(|network| !network.is_empty())
            .map(|network| network.parse().map_err(|_| NoNetwork(network.to_owned())))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Networks {
    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address, or a URL, that is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("is no URL")]
    NoUrl,
    #[error("must have at most {} bytes", URL_BYTES)]
    TooLong,
    #[error("must begin with https://")]
    Scheme,
    #[error("must hold no user and no password")]
    Credentials,
    #[error("must have no fragment")]
    Fragment,
    #[error(
        "is in a network that is not public, and BILLING_ENDPOINT_ALLOWED_NETWORKS has no such network"
    )]
    NotPublic,
    #[error("must be https: http is only for networks of BILLING_ENDPOINT_ALLOWED_NETWORKS")]
    Unencrypted,
}

/// By which addresses a connection may be made.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    networks: Arc<Networks>,
    /// Unencrypted: the public is not called.
    allowed_only: bool,
}

impl Guard {
    pub(super) const fn new(networks: Arc<Networks>, allowed_only: bool) -> Self {
        Self {
            networks,
            allowed_only,
        }
    }

    fn check(&self, address: IpAddr) -> Result<(), Refused> {
        if self.networks.contain(address) {
            Ok(())
        } else if !is_public(address) {
            Err(Refused::NotPublic)
        } else if self.allowed_only {
            Err(Refused::Unencrypted)
        } else {
            Ok(())
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let (mut may, mut refused) = (Vec::new(), None);
            for found in tokio::net::lookup_host((host.as_str(), 0)).await? {
                match guard.check(found.ip()) {
                    Ok(()) => may.push(found),
                    Err(why) => refused = Some(why),
                }
            }
            if let (true, Some(why)) = (may.is_empty(), refused) {
                return Err(why.into());
            }
            let addresses: Addrs = Box::new(may.into_iter());
            Ok(addresses)
        })
    }
}

/// Reads the URL of an endpoint. An address in it is looked at here; what a name leads to, when it is connected to.
pub fn parse(text: &str, networks: &Networks) -> Result<Url, Refused> {
    if text.len() > URL_BYTES {
        return Err(Refused::TooLong);
    }
    let url: Url = text.parse().map_err(|_| Refused::NoUrl)?;
    // Letters that are not ASCII are longer in it.
    if url.as_str().len() > URL_BYTES {
        return Err(Refused::TooLong);
    }
    let allowed_only = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err(Refused::Scheme),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    if url.fragment().is_some() {
        return Err(Refused::Fragment);
    }
    if allowed_only && networks.0.is_empty() {
        return Err(Refused::Unencrypted);
    }
    if let Some(address) = literal(&url) {
        Guard::new(Arc::new(networks.clone()), allowed_only).check(address)?;
    }
    Ok(url)
}

/// The address that stands in a URL instead of a name. However it was written there (as `0x7f.1`), `Url` writes it
/// in one way.
fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// A URL as it may be logged and mailed: host and port. Many receivers know their senders by a path that nobody else
/// knows.
pub fn place(url: &str) -> String {
    let Ok(url) = url.parse::<Url>() else {
        return String::new();
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}"));
    format!("{host}{}", port.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn refusal(url: &str, allowed: &str) -> Option<Refused> {
        parse(url, &allowed.parse().unwrap()).err()
    }

    #[test]
    fn no_address_that_is_not_public_is_called_however_it_is_written() {
        for host in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.0.2.7",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::127.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[fc00::1]",
            "[fd12::1]",
            "[fe80::1]",
            "[ff02::1]",
            "[100::1]",
        ] {
            let url = format!("https://{host}/hook");
            assert_eq!(refusal(&url, ""), Some(Refused::NotPublic), "{host}");
        }
        for host in ["8.8.8.8", "[2606:4700::1111]", "hooks.example.com"] {
            assert_eq!(refusal(&format!("https://{host}:8443/?a=b"), ""), None);
        }
    }

    #[test]
    fn what_is_allowed_is_called_and_only_that_without_encryption() {
        let allowed = "127.0.0.0/8, fd12::/16";
        for url in [
            "http://127.0.0.1:1/",
            "https://[fd12::1]/",
            "http://name.internal/",
        ] {
            assert_eq!(refusal(url, allowed), None, "{url}");
        }
        assert_eq!(
            refusal("https://10.0.0.1/", allowed),
            Some(Refused::NotPublic)
        );
        for (url, allowed) in [("http://8.8.8.8/", allowed), ("http://name.example/", "")] {
            assert_eq!(refusal(url, allowed), Some(Refused::Unencrypted), "{url}");
        }
        assert!("10.0.0.0/8,nonsense".parse::<Networks>().is_err());
    }

    #[test]
    fn a_url_with_a_password_or_of_another_kind_is_refused_and_a_place_is_a_host() {
        for (url, why) in [
            ("hooks.example.com", Refused::NoUrl),
            ("ftp://hooks.example.com/", Refused::Scheme),
            ("https://user@hooks.example.com/", Refused::Credentials),
            ("https://:pass@hooks.example.com/", Refused::Credentials),
            ("https://hooks.example.com/#a", Refused::Fragment),
        ] {
            assert_eq!(refusal(url, ""), Some(why), "{url}");
        }
        let long = format!("https://hooks.example.com/{}", "є".repeat(1_000));
        assert_eq!(refusal(&long, ""), Some(Refused::TooLong));
        let shown = place("https://hooks.example.com:8443/hunter2?token=hunter2");
        assert_eq!(shown, "hooks.example.com:8443");
    }

    #[tokio::test]
    async fn a_name_that_leads_into_the_own_network_is_refused_when_it_is_connected_to() {
        let name = || "localhost".parse::<Name>().unwrap();
        let none = Guard::new(Arc::default(), false);
        let refused = none.resolve(name()).await.err().unwrap();
        assert_eq!(refused.downcast_ref::<Refused>(), Some(&Refused::NotPublic));
        let loopback: Networks = "127.0.0.0/8,::1/128".parse().unwrap();
        let some = Guard::new(Arc::new(loopback), true);
        let found: Vec<SocketAddr> = some.resolve(name()).await.unwrap().collect();
        assert!(!found.is_empty() && found.iter().all(|found| found.ip().is_loopback()));
    }
}
