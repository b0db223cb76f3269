//! The way from the subject to the recording proxy.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Result;
use billing_testkit::{Proxy as Between, Upstream};

use super::tls::Tls;
use crate::options::Through;

pub enum Way {
    Direct(SocketAddr),
    Between(Box<Between>),
    Tls(Box<Tls>),
}

impl Way {
    /// None where that proxy is not installed; then a line says so.
    pub async fn to(proxy: SocketAddr, through: Through) -> Result<Option<Self>> {
        let upstream = |address| Upstream {
            address,
            admin: None,
        };
        let cores = [upstream(proxy)];
        // Nobody asks for a gateway.
        let gateways = [upstream(SocketAddr::from(([127, 0, 0, 1], 9)))];
        let between = match through {
            Through::Direct => return Ok(Some(Self::Direct(proxy))),
            Through::NginxTls => {
                let tls = Tls::before(proxy).await?;
                return Ok(tls.map(Box::new).map(Self::Tls));
            }
            Through::Nginx => Between::nginx(&cores, &gateways).await,
            Through::Haproxy => Between::haproxy(&cores, &gateways).await,
        };
        Ok(between.map(Box::new).map(Self::Between))
    }

    /// How the subject finds the core.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let url = match self {
            Self::Direct(address) => format!("http://{address}"),
            Self::Between(between) => format!("http://{}", between.grpc),
            Self::Tls(tls) => tls.url(),
        };
        let mut environment = BTreeMap::from([("BILLING_CORE_URL".to_owned(), url)]);
        if let Self::Tls(tls) = self {
            let file = tls.trusted().display().to_string();
            environment.insert("BILLING_CORE_CA".to_owned(), file);
        }
        environment
    }

    /// How many times the certificate was replaced, where there is one.
    pub fn rotations(&self) -> Option<usize> {
        match self {
            Self::Direct(_) | Self::Between(_) => None,
            Self::Tls(tls) => Some(tls.rotations()),
        }
    }
}
