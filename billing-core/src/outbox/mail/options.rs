//! Every setting of mail.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use billing_proto::contact::domain_of_ascii;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use secrecy::{ExposeSecret, SecretString};

use super::render::Press;
use super::smtp::{Security, Server};
use super::{Outlet, Postman};
use crate::unsubscribe::Links;

/// How mail leaves. Settings that are blank are not set.
#[derive(Clone, Debug, Args)]
pub struct MailOptions {
    /// The mail server. None: mail is written as files (`.eml`) below `BILLING_OUTBOX_DIR`.
    #[arg(long, env = "SMTP_HOST", default_value = "")]
    pub smtp_host: String,

    /// Its port; 465 where `SMTP_SECURE` is set, else 587.
    #[arg(long, env = "SMTP_PORT")]
    pub smtp_port: Option<u16>,

    /// Speak TLS from the first byte. Else STARTTLS is demanded, but not of a server on loopback.
    #[arg(long, env = "SMTP_SECURE", default_value = "false", action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub smtp_secure: bool,

    /// PEM file with the authority of the mail server's certificate, besides those of the system.
    /// With it, TLS is demanded on loopback, too.
    #[arg(long, env = "SMTP_CA")]
    pub smtp_ca: Option<PathBuf>,

    /// User at the mail server.
    #[arg(long, env = "SMTP_USER", default_value = "")]
    pub smtp_user: String,

    /// Its password.
    #[arg(
        long,
        env = "SMTP_PASS",
        default_value = "",
        hide_env_values = true,
        hide_default_value = true
    )]
    pub smtp_pass: SecretString,

    /// The address that mail comes from; required with `SMTP_HOST`.
    #[arg(long, env = "EMAIL_FROM", default_value = "")]
    pub email_from: String,

    /// The name that mail comes from.
    #[arg(long, env = "EMAIL_FROM_NAME", default_value = "Billing")]
    pub email_from_name: String,

    /// Where users' own pages are; mail links to `/topup`, `/history` and `/settings` there. None:
    /// mail has no links.
    #[arg(long, env = "FRONTEND_URL", default_value = "")]
    pub frontend_url: String,
}

impl MailOptions {
    /// What delivers mail, by a server or into `folder`; `None` where there is neither.
    pub fn postman(
        &self,
        folder: Option<&Path>,
        links: &Arc<Links>,
    ) -> anyhow::Result<Option<Postman>> {
        let outlet = match (self.smtp_host.trim(), folder) {
            ("", None) => return Ok(None),
            ("", Some(folder)) => Outlet::Folder(folder.to_owned()),
            (host, _) => Outlet::Server(self.server(host)?),
        };
        let frontend = self.frontend()?;
        let press =
            Press::new(self.email_from_name.trim(), frontend).context("the templates of mail")?;
        Ok(Some(Postman {
            press,
            sender: self.sender()?,
            links: Arc::clone(links),
            outlet,
        }))
    }

    fn sender(&self) -> anyhow::Result<Mailbox> {
        let address = match (self.email_from.trim(), self.smtp_host.trim()) {
            ("", "") => "billing@localhost",
            ("", _) => bail!("SMTP_HOST needs EMAIL_FROM, the address that mail comes from"),
            (address, _) => address,
        };
        let address: Address = address.parse().context("EMAIL_FROM is no address")?;
        let address = match address.domain() {
            domain if domain.is_ascii() => address,
            domain => domain_of_ascii(domain)
                .and_then(|domain| Address::new(address.user(), domain).ok())
                .context("EMAIL_FROM is no address")?,
        };
        let name = self.email_from_name.trim();
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Mailbox::new(name, address))
    }

    /// Only what may stand in a link as it is.
    fn frontend(&self) -> anyhow::Result<Option<&str>> {
        let url = self.frontend_url.trim();
        if url.is_empty() {
            return Ok(None);
        }
        let parsed: http::Uri = url.parse().context("FRONTEND_URL is no URL")?;
        if parsed
            .authority()
            .is_some_and(|place| place.as_str().contains('@'))
        {
            bail!("FRONTEND_URL must hold no user and no password: it stands in mail");
        }
        let is_web = matches!(parsed.scheme_str(), Some("http" | "https"));
        let has_odd = url.contains(['<', '>', '"', '\'', '&', '?', '#']);
        if !is_web || parsed.host().is_none() || has_odd {
            bail!("FRONTEND_URL must be http(s)://host, and may have a port and a path");
        }
        Ok(Some(url))
    }

    fn server(&self, host: &str) -> anyhow::Result<Server> {
        let security = if self.smtp_secure {
            Security::Implicit
        } else if is_loopback(host) && self.smtp_ca.is_none() {
            Security::None
        } else {
            Security::StartTls
        };
        let default_port = if self.smtp_secure { 465 } else { 587 };
        let authority = self
            .smtp_ca
            .as_ref()
            .map(|path| {
                std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
            })
            .transpose()?;
        Server::new(
            host,
            self.smtp_port.unwrap_or(default_port),
            security,
            authority.as_deref(),
            self.credentials()?,
            self.sender()?.email.domain(),
        )
    }

    fn credentials(&self) -> anyhow::Result<Option<Credentials>> {
        let (user, password) = (self.smtp_user.trim(), self.smtp_pass.expose_secret());
        match (user.is_empty(), password.trim().is_empty()) {
            (true, true) => Ok(None),
            (false, false) => Ok(Some(Credentials::new(user.to_owned(), password.to_owned()))),
            _ => bail!("SMTP_USER and SMTP_PASS need each other"),
        }
    }
}

/// By its name only: what a name resolves to may change.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        mail: MailOptions,
    }

    fn options(arguments: &[&str]) -> MailOptions {
        let command = ["mail"].iter().chain(arguments);
        Command::try_parse_from(command).unwrap().mail
    }

    fn refused(arguments: &[&str]) -> String {
        let postman = options(arguments).postman(Some(Path::new("/nowhere")), &Arc::default());
        format!("{:#}", postman.err().unwrap())
    }

    #[test]
    fn settings_that_cannot_work_are_refused_at_start_by_name() {
        let server = ["--smtp-host", "mail.example"];
        let with = |more: &[&'static str]| refused(&[&server, more].concat());
        assert!(with(&[]).contains("EMAIL_FROM"));
        assert!(with(&["--email-from", "nobody"]).contains("EMAIL_FROM"));
        let sender = ["--email-from", "billing@example.com"];
        let with = |more: &[&'static str]| refused(&[&server, &sender, more].concat());
        assert!(with(&["--smtp-user", "billing"]).contains("SMTP_PASS"));
        assert!(with(&["--smtp-pass", "secret"]).contains("SMTP_USER"));
        for url in [
            "example.com",
            "ftp://example.com",
            "https://example.com/\"onclick",
            "https://example.com?a=b",
        ] {
            assert!(refused(&["--frontend-url", url]).contains("FRONTEND_URL"));
        }
    }

    #[test]
    fn tls_is_demanded_of_every_server_but_one_on_loopback() {
        let security = |arguments: &[&str]| {
            let options = options(&[arguments, &["--email-from", "a@example.com"]].concat());
            options.server(&options.smtp_host).unwrap().security()
        };
        for loopback in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(security(&["--smtp-host", loopback]), Security::None);
        }
        for away in ["mail.example", "localhost.example", "10.0.0.1", "0.0.0.0"] {
            assert_eq!(security(&["--smtp-host", away]), Security::StartTls);
        }
        let secure = ["--smtp-host", "localhost", "--smtp-secure", "true"];
        assert_eq!(security(&secure), Security::Implicit);
    }

    #[test]
    fn the_password_is_not_shown() {
        let options = options(&["--smtp-user", "billing", "--smtp-pass", "hunter2"]);
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
