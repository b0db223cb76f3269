//! Links by which whoever reads a mail ends mail of its kind, without signing in (RFC 8058). A link says
//! which account and which mail; we have signed it, and it ends.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clap::Args;
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use uuid::Uuid;

use crate::id::AccountId;

/// How long a link works. Laws ask for a month or two.
const LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// What a signature is about, so that one of another thing under the same secret is none.
const PURPOSE: &[u8] = b"billing unsubscribe 1";
/// Subscription, account, and the second at which the link ends.
const CONTENT_BYTES: usize = 1 + 16 + 8;
const KEY_BYTES_MIN: usize = 32;

/// Mail that one may do without; receipts are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscription {
    LowBalance,
}

/// A link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("none of ours")]
    Unknown,
    #[error("has ended")]
    Expired,
}

/// How links are made. Settings that are blank are not set.
#[derive(Clone, Debug, Args)]
pub struct UnsubscribeOptions {
    /// Secrets of the links by which mail is unsubscribed from, each of 32 bytes or more, separated by
    /// `;` or white space, the same for all cores. The first signs, all are believed; links end 90 days
    /// after their mail. None: mail has no such links.
    #[arg(
        long,
        env = "BILLING_UNSUBSCRIBE_KEYS",
        default_value = "",
        hide_env_values = true,
        hide_default_value = true
    )]
    pub unsubscribe_keys: SecretString,

    /// A file with more such secrets, one a line, behind those.
    #[arg(long, env = "BILLING_UNSUBSCRIBE_KEYS_FILE")]
    pub unsubscribe_keys_file: Option<PathBuf>,

    /// Where the gateway is reached by everybody: those links lead there. `https`, or on loopback.
    /// None: mail has no such links.
    #[arg(long, env = "BACKEND_URL", default_value = "")]
    pub backend_url: String,
}

/// Makes and reads links; without secrets it makes none, and believes none.
#[derive(Default)]
pub struct Links {
    keys: Vec<Hmac<Sha256>>,
    /// Without a slash at its end.
    gateway: Option<String>,
}

impl UnsubscribeOptions {
    pub fn links(&self) -> anyhow::Result<Links> {
        let mut list = self.unsubscribe_keys.expose_secret().to_owned();
        if let Some(path) = &self.unsubscribe_keys_file {
            let more = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            list.push('\n');
            list.push_str(&more);
        }
        let keys: Vec<_> = list
            .split(|c: char| c == ';' || c.is_whitespace())
            .filter(|key| !key.is_empty())
            .map(key)
            .collect::<Result<_, _>>()?;
        let gateway = if keys.is_empty() {
            None
        } else {
            self.gateway()?
        };
        Ok(Links { keys, gateway })
    }

    /// Mail programs post to https only.
    fn gateway(&self) -> anyhow::Result<Option<String>> {
        let url = self.backend_url.trim();
        if url.is_empty() {
            return Ok(None);
        }
        let parsed: http::Uri = url.parse().context("BACKEND_URL is no URL")?;
        ensure!(
            parsed
                .authority()
                .is_none_or(|place| !place.as_str().contains('@')),
            "BACKEND_URL must hold no user and no password: it stands in mail"
        );
        let host = parsed.host().unwrap_or_default();
        let is_guarded = match parsed.scheme_str() {
            Some("https") => !host.is_empty(),
            Some("http") => ["localhost", "127.0.0.1", "[::1]"].contains(&host),
            _ => false,
        };
        if !is_guarded || url.contains(['<', '>', '"', '\'', '&', '?', '#']) {
            bail!(
                "BACKEND_URL must be https://host for links in mail, and may have a port and a path"
            );
        }
        Ok(Some(url.trim_end_matches('/').to_owned()))
    }
}

fn key(secret: &str) -> anyhow::Result<Hmac<Sha256>> {
    ensure!(
        secret.len() >= KEY_BYTES_MIN,
        "each of BILLING_UNSUBSCRIBE_KEYS must have {KEY_BYTES_MIN} bytes or more"
    );
    let mut key = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    key.update(PURPOSE);
    Ok(key)
}

impl Links {
    /// What a mail that was written at a moment says of itself: the same whenever it is asked for.
    pub fn link(&self, to: AccountId, mail: Subscription, written: Timestamp) -> Option<String> {
        let (gateway, key) = (self.gateway.as_ref()?, self.keys.first()?);
        let ends = written.checked_add(LIFE).ok()?.as_second();
        let mut token = Vec::with_capacity(CONTENT_BYTES + 32);
        token.push(mail.code());
        token.extend_from_slice(to.uuid().as_bytes());
        token.extend_from_slice(&ends.to_be_bytes());
        let signature = key.clone().chain_update(&token).finalize().into_bytes();
        token.extend_from_slice(&signature);
        let token = BASE64_URL_SAFE_NO_PAD.encode(token);
        Some(format!("{gateway}/api/billing/unsubscribe/{token}"))
    }

    /// What the last part of a link says, where we have signed it and it has not ended.
    pub fn read(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(AccountId, Subscription), LinkError> {
        let token = BASE64_URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| LinkError::Unknown)?;
        let (content, signature) = token
            .split_at_checked(CONTENT_BYTES)
            .ok_or(LinkError::Unknown)?;
        let is_ours = |key: &Hmac<Sha256>| {
            let key = key.clone().chain_update(content);
            key.verify_slice(signature).is_ok()
        };
        if !self.keys.iter().any(is_ours) {
            return Err(LinkError::Unknown);
        }
        let (ends, mail, to) = fields(content).ok_or(LinkError::Unknown)?;
        if now.as_second() >= ends {
            return Err(LinkError::Expired);
        }
        Ok((to, mail))
    }
}

fn fields(content: &[u8]) -> Option<(i64, Subscription, AccountId)> {
    let (mail, rest) = content.split_first()?;
    let (account, ends) = rest.split_at_checked(16)?;
    Some((
        i64::from_be_bytes(ends.try_into().ok()?),
        Subscription::of(*mail)?,
        AccountId::from_uuid(Uuid::from_slice(account).ok()?),
    ))
}

impl Subscription {
    /// In links: never another one for the same mail.
    const fn code(self) -> u8 {
        match self {
            Self::LowBalance => 1,
        }
    }

    fn of(code: u8) -> Option<Self> {
        [Self::LowBalance]
            .into_iter()
            .find(|mail| mail.code() == code)
    }
}

/// Secrets are nobody's to log.
impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links")
            .field("gateway", &self.gateway)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an old secret of the tests, 32 bytes or more";
    const NEW: &str = "a new secret of the tests, 32 bytes or more";

    fn links(keys: &[&str], gateway: &str) -> anyhow::Result<Links> {
        let options = UnsubscribeOptions {
            unsubscribe_keys: keys.join(";").replace(' ', "-").into(),
            unsubscribe_keys_file: None,
            backend_url: gateway.to_owned(),
        };
        options.links()
    }

    fn good(keys: &[&str]) -> Links {
        links(keys, "https://billing.example.com/").unwrap()
    }

    fn alice() -> AccountId {
        AccountId::of("acme", "alice")
    }

    fn at(days: i64) -> Timestamp {
        let day = SignedDuration::from_hours(24 * days);
        Timestamp::UNIX_EPOCH.checked_add(day).unwrap()
    }

    fn token(links: &Links) -> String {
        let link = links
            .link(alice(), Subscription::LowBalance, at(1))
            .unwrap();
        let (base, token) = link.rsplit_once('/').unwrap();
        assert_eq!(base, "https://billing.example.com/api/billing/unsubscribe");
        token.to_owned()
    }

    #[test]
    fn a_link_says_whose_mail_it_is_for_ninety_days() {
        let links = good(&[NEW]);
        let token = token(&links);
        let said = Ok((alice(), Subscription::LowBalance));
        assert_eq!(links.read(&token, at(2)), said);
        assert_eq!(links.read(&token, at(90)), said);
        assert_eq!(links.read(&token, at(91)), Err(LinkError::Expired));
    }

    #[test]
    fn a_link_that_was_changed_or_signed_by_another_secret_is_none() {
        let links = good(&[NEW]);
        let token = token(&links);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let changed = BASE64_URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(links.read(&changed, at(2)), Err(LinkError::Unknown));
        }
        for other in ["", "AAAA", "?", &token[..40], &format!("{token}AAAA")] {
            assert_eq!(links.read(other, at(2)), Err(LinkError::Unknown), "{other}");
        }
        for others in [good(&[OLD]), Links::default()] {
            assert_eq!(others.read(&token, at(2)), Err(LinkError::Unknown));
        }
    }

    #[test]
    fn a_secret_is_changed_without_a_link_that_fails() {
        let old = token(&good(&[OLD]));
        let both = good(&[NEW, OLD]);
        assert!(both.read(&old, at(2)).is_ok());
        assert!(good(&[NEW]).read(&token(&both), at(2)).is_ok());
    }

    #[test]
    fn settings_that_cannot_work_are_refused_and_without_both_there_are_no_links() {
        let gateway = "https://billing.example.com";
        assert!(links(&["short"], gateway).is_err());
        for url in [
            "http://billing.example.com",
            "billing.example.com",
            "https://a.example?b",
        ] {
            assert!(links(&[NEW], url).is_err(), "{url}");
            // Another service may need it like that.
            assert!(links(&[], url).is_ok(), "{url}");
        }
        for links in [links(&[NEW], ""), links(&[], gateway)] {
            let link = links
                .unwrap()
                .link(alice(), Subscription::LowBalance, at(1));
            assert_eq!(link, None);
        }
        assert!(links(&[NEW], "http://127.0.0.1:8080").is_ok());
    }
}
