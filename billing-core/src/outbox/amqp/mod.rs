//! Events for RabbitMQ: published to the topic exchange `billing`, persistent, and gone from the outbox once the
//! broker has confirmed that it has them.

mod link;
mod relay;

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::Args;
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::{AMQPScheme, AMQPUri};
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

pub(super) use relay::run;

/// The exchange that events are published to.
pub const EXCHANGE: &str = "billing";

/// How events leave. Settings that are blank are not set.
#[derive(Clone, Debug, Args)]
pub struct EventOptions {
    /// RabbitMQ, for events: `amqps://user:password@host:5671/vhost`, or `amqp://` where the way to it is
    /// private. None: events are written as files below `BILLING_OUTBOX_DIR`, and without that not at all.
    #[arg(
        long,
        env = "BILLING_AMQP_URL",
        default_value = "",
        hide_env_values = true,
        hide_default_value = true
    )]
    pub amqp_url: SecretString,

    /// PEM file with the authority of RabbitMQ's certificate, besides those of the system.
    #[arg(long, env = "BILLING_AMQP_CA")]
    pub amqp_ca: Option<PathBuf>,
}

impl EventOptions {
    /// Whether a broker is named.
    pub fn is_set(&self) -> bool {
        !self.amqp_url.expose_secret().trim().is_empty()
    }

    /// Where events are published; none where no broker is named.
    pub fn broker(&self) -> anyhow::Result<Option<Broker>> {
        if !self.is_set() {
            return Ok(None);
        }
        let url = self.amqp_url.expose_secret().trim();
        // Its error may repeat the password.
        let Ok(uri) = AMQPUri::from_str(url) else {
            bail!("BILLING_AMQP_URL must be amqp(s)://user:password@host:port/vhost");
        };
        if is_in_brackets(url) {
            bail!(
                "BILLING_AMQP_URL must have a name or an IPv4 address as its host, not an IPv6 one"
            );
        }
        let authority = self.amqp_ca.as_ref().map(|path| {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
        });
        let authority = authority.transpose()?;
        if uri.scheme == AMQPScheme::AMQP {
            if authority.is_some() {
                bail!("BILLING_AMQP_CA needs an amqps:// URL");
            }
            if !is_loopback(&uri.authority.host) {
                warn!(
                    "events and the password of BILLING_AMQP_URL leave unencrypted: use amqps://"
                );
            }
        }
        Ok(Some(Broker { uri, authority }))
    }
}

/// Whether a URL's host is an IPv6 address. `AMQPUri` has none then, and takes localhost.
fn is_in_brackets(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest
        .split_once(['/', '?', '#'])
        .map_or(rest, |(authority, _)| authority);
    // A password may have brackets.
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    host.contains('[')
}

/// By its name only: what a name resolves to may change.
fn is_loopback(host: &str) -> bool {
    let is_address = |host: &str| {
        host.parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
    };
    host == "localhost" || is_address(host)
}

/// A broker that can be connected to.
#[derive(Clone)]
pub struct Broker {
    uri: AMQPUri,
    authority: Option<String>,
}

impl Broker {
    fn tls(&self) -> OwnedTLSConfig {
        OwnedTLSConfig {
            identity: None,
            cert_chain: self.authority.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        events: EventOptions,
    }

    fn options(arguments: &[&str]) -> EventOptions {
        let command = ["events"].iter().chain(arguments);
        Command::try_parse_from(command).unwrap().events
    }

    #[test]
    fn a_url_that_is_none_is_refused_by_name_and_no_password_is_shown() {
        assert!(options(&[]).broker().unwrap().is_none());
        assert!(options(&["--amqp-url", " "]).broker().unwrap().is_none());
        for url in [
            "localhost",
            "http://billing:hunter2@localhost",
            "amqp://billing:hunter2@host:port",
        ] {
            let options = options(&["--amqp-url", url]);
            let error = format!("{:#}", options.broker().err().unwrap());
            assert!(error.contains("BILLING_AMQP_URL"), "{error}");
            assert!(!error.contains("hunter2"));
            assert!(!format!("{options:?}").contains("hunter2"));
        }
    }

    #[test]
    fn an_ipv6_address_is_refused_in_words_rather_than_taken_for_localhost() {
        for url in [
            "amqps://billing:hunter2@[fd00::5]:5671/v",
            "amqp://billing:hunter2@[::1]",
            "amqp://[fd00::5]?heartbeat=5",
        ] {
            let error = options(&["--amqp-url", url]).broker().err().unwrap();
            let error = format!("{error:#}");
            assert!(error.contains("BILLING_AMQP_URL"), "{error}");
            assert!(error.contains("IPv6"), "{error}");
            assert!(!error.contains("hunter2") && !error.contains("fd00"));
        }
        for url in [
            "amqp://billing:hunter[2]@127.0.0.1:5672/v",
            "amqps://billing:hunter2@rabbit.example/[v]",
        ] {
            let broker = options(&["--amqp-url", url]).broker().unwrap().unwrap();
            assert_ne!(broker.uri.authority.host, "localhost");
        }
    }
}
