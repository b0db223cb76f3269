//! The conversation with a mail server.

use std::time::Duration;

use anyhow::Context;
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Severity;
use tokio::time::timeout;

/// To connect, greet, encrypt and sign in.
const CONNECT_TIME: Duration = Duration::from_secs(15);
/// For one mail. A server that looks for spam may take its time.
const MAIL_TIME: Duration = Duration::from_secs(20);
const QUIT_TIME: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// On loopback only.
    None,
    /// Nothing is said before STARTTLS; a server without it is not spoken to.
    StartTls,
    /// From the first byte.
    Implicit,
}

/// A mail server, and how to speak to it.
pub struct Server {
    host: String,
    port: u16,
    security: Security,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    /// What we call ourselves.
    hello: ClientId,
}

/// A connection that is ready for mail.
pub struct Session {
    connection: AsyncSmtpConnection,
}

/// A mail was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The server asks to be asked again later.
    #[error("{0}")]
    NotNow(String),
    /// The server will never take it.
    #[error("{0}")]
    Never(String),
    /// The connection is gone; the server may have taken the mail, or not.
    #[error("{0}")]
    Cut(String),
}

/// The server cannot be spoken to: no mail's fault.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Away(String);

impl Server {
    pub fn new(
        host: &str,
        port: u16,
        security: Security,
        authority: Option<&[u8]>,
        credentials: Option<Credentials>,
        own_domain: &str,
    ) -> anyhow::Result<Self> {
        let mut tls = TlsParametersBuilder::new(host.to_owned());
        if let Some(pem) = authority {
            let authority = Certificate::from_pem(pem).context("SMTP_CA is no certificate")?;
            tls = tls.add_root_certificate(authority);
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            security,
            tls: tls.build().context("TLS for SMTP_HOST")?,
            credentials,
            hello: ClientId::Domain(own_domain.to_owned()),
        })
    }

    #[cfg(test)]
    pub const fn security(&self) -> Security {
        self.security
    }

    /// Its address, and how it is spoken to.
    pub fn place(&self) -> String {
        let security = match self.security {
            Security::None => "without TLS",
            Security::StartTls => "STARTTLS",
            Security::Implicit => "TLS",
        };
        let signs_in = if self.credentials.is_some() {
            ", signed in"
        } else {
            ""
        };
        format!("{}:{} ({security}{signs_in})", self.host, self.port)
    }

    pub async fn connect(&self) -> Result<Session, Away> {
        match timeout(CONNECT_TIME, self.greet()).await {
            Ok(Ok(connection)) => Ok(Session { connection }),
            Ok(Err(away)) => Err(away),
            Err(_) => Err(Away("no answer in time".to_owned())),
        }
    }

    async fn greet(&self) -> Result<AsyncSmtpConnection, Away> {
        let away = |error: lettre::transport::smtp::Error| Away(told(&error));
        let address = (self.host.as_str(), self.port);
        let implicit = (self.security == Security::Implicit).then(|| self.tls.clone());
        let limit = Some(CONNECT_TIME);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, limit, &self.hello, implicit, None)
                .await
                .map_err(away)?;
        if self.security == Security::StartTls {
            if !connection.can_starttls() {
                connection.abort().await;
                return Err(Away("the server offers no STARTTLS".to_owned()));
            }
            let tls = self.tls.clone();
            connection.starttls(tls, &self.hello).await.map_err(away)?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let signed_in = connection.auth(&mechanisms, credentials).await;
            signed_in.map_err(away)?;
        }
        Ok(connection)
    }
}

impl Session {
    /// The server's, as DER; none where nothing is encrypted.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        let is_encrypted = self.connection.is_encrypted();
        is_encrypted
            .then(|| self.connection.peer_certificate().ok())
            .flatten()
    }

    /// Gives the server one mail. After [`NotTaken::Cut`] the session is of no use any more.
    pub async fn send(&mut self, envelope: &Envelope, mail: &[u8]) -> Result<(), NotTaken> {
        match timeout(MAIL_TIME, self.converse(envelope, mail)).await {
            Ok(done) => done,
            Err(_) => Err(NotTaken::Cut("no answer in time".to_owned())),
        }
    }

    async fn converse(&mut self, envelope: &Envelope, mail: &[u8]) -> Result<(), NotTaken> {
        let from = Mail::new(envelope.from().cloned(), Vec::new());
        if let Err(error) = self.connection.command(from).await {
            // The sender is the same in every mail: that he is refused is no mail's fault.
            return Err(match self.refused(&error).await {
                NotTaken::Never(told) => NotTaken::NotNow(told),
                other => other,
            });
        }
        for recipient in envelope.to() {
            let to = Rcpt::new(recipient.clone(), Vec::new());
            if let Err(error) = self.connection.command(to).await {
                return Err(self.refused(&error).await);
            }
        }
        if let Err(error) = self.connection.command(Data).await {
            return Err(self.refused(&error).await);
        }
        match self.connection.message(mail).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.refused(&error).await),
        }
    }

    /// What an error means, and the session made ready for the next mail.
    async fn refused(&mut self, error: &lettre::transport::smtp::Error) -> NotTaken {
        let told = told(error);
        let Some(code) = error.status() else {
            return NotTaken::Cut(told);
        };
        // 421: the server is closing the connection.
        if code.to_string() == "421" || self.connection.command(Rset).await.is_err() {
            return NotTaken::Cut(told);
        }
        if code.severity == Severity::PermanentNegativeCompletion {
            NotTaken::Never(told)
        } else {
            NotTaken::NotNow(told)
        }
    }

    /// Politely, but not for long.
    pub async fn quit(mut self) {
        let _ = timeout(QUIT_TIME, self.connection.quit()).await;
    }
}

/// An error with its causes, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.replace(char::is_control, " ")
}
