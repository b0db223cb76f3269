//! The settings, from the environment or by hand. `Debug` shows no secret.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::uri::{InvalidUri, Uri};

use crate::end::End;
use crate::store::Store;

const CORE_URL: &str = "BILLING_CORE_URL";
const TOKEN: &str = "BILLING_TOOLS_TOKEN";
const TENANT: &str = "BILLING_TENANT";
const CORE_CA: &str = "BILLING_CORE_CA";
const TOPUP_URL: &str = "BILLING_TOPUP_URL";

const HOLD_TTL_MIN: Duration = Duration::from_secs(1);
/// As the core has it.
const HOLD_TTL_MAX: Duration = Duration::from_hours(24);
/// In bytes, as the core's.
const TENANT_MAX: usize = 128;
/// Far above it no clock can tell when a deadline is over.
const DEADLINE_MAX: Duration = Duration::from_hours(24);

/// The answer where a tool has no price and its tenant denies such tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unpriced {
    /// 503
    #[default]
    ServiceUnavailable,
    /// 402
    PaymentRequired,
}

/// A call that names no user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutUser {
    /// 401
    #[default]
    Refuse,
    /// Is made and not billed.
    Pass,
}

/// A call that is sent again with its key after it was made and charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// Is worked again, and charged once.
    #[default]
    Work,
    /// 409 `CALL_REPEATED`
    Refuse,
}

/// Called with an end that is lost for good, and why.
pub(crate) type OnLost = Arc<dyn Fn(&End, &str) + Send + Sync>;

/// Where the core is, for whom calls are billed, and how.
#[derive(Clone)]
pub struct Settings {
    pub(crate) core_url: Uri,
    /// `Bearer …`, marked as sensitive.
    pub(crate) authorization: HeaderValue,
    pub(crate) tenant: String,
    pub(crate) ca_pem: Option<Vec<u8>>,
    pub(crate) topup_url: Option<String>,
    pub(crate) decision_deadline: Duration,
    pub(crate) ending_deadline: Duration,
    pub(crate) hold_ttl: Duration,
    pub(crate) allow_up_to_micros: i64,
    pub(crate) unpriced: Unpriced,
    pub(crate) without_user: WithoutUser,
    pub(crate) repeats: Repeats,
    pub(crate) backlog_max: usize,
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) on_lost: Option<OnLost>,
}

/// A setting that is missing or cannot work. The text begins with the setting's name in the
/// environment, and holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{0} is not set: {1}")]
    NotSet(&'static str, &'static str),
    #[error("{0} is not UTF-8")]
    NotText(&'static str),
    #[error("BILLING_CORE_URL is not a URL: {0}")]
    NotAUrl(#[source] InvalidUri),
    #[error("BILLING_CORE_URL must be http:// or https:// and a host, without a path")]
    NotACore,
    #[error("BILLING_CORE_CA cannot be read: {0}")]
    CaFile(#[source] std::io::Error),
    #[error("BILLING_CORE_CA {0}")]
    Ca(String),
    #[error("{0} {1}")]
    Wrong(&'static str, &'static str),
    #[error("billing-client needs a Tokio runtime")]
    NoRuntime,
}

impl Settings {
    /// From `BILLING_CORE_URL`, `BILLING_TOOLS_TOKEN` and `BILLING_TENANT`, and where they are set
    /// `BILLING_CORE_CA` and `BILLING_TOPUP_URL`.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::from_lookup(std::env::var_os)
    }

    /// With all that has a default left at it. `core_url` is `http://` or `https://`, `token` a service
    /// token of the role `tools`, `tenant` the one whose users call.
    pub fn new(core_url: &str, token: &str, tenant: &str) -> Result<Self, SettingsError> {
        let core_url: Uri = core_url.parse().map_err(SettingsError::NotAUrl)?;
        let is_http = matches!(core_url.scheme_str(), Some("http" | "https"));
        if !is_http || !matches!(core_url.path(), "" | "/") || core_url.query().is_some() {
            return Err(SettingsError::NotACore);
        }
        if token.is_empty() {
            return Err(not_set(TOKEN));
        }
        if tenant.is_empty() {
            return Err(not_set(TENANT));
        }
        if tenant.len() > TENANT_MAX {
            return Err(SettingsError::Wrong(TENANT, "is longer than 128 bytes"));
        }
        let no_token = SettingsError::Wrong(TOKEN, "holds characters that no header can carry");
        let bearer = HeaderValue::try_from(format!("Bearer {token}"));
        let Some(mut authorization) = bearer.ok().filter(|_| is_graphic(token)) else {
            return Err(no_token);
        };
        authorization.set_sensitive(true);
        Ok(Self {
            core_url,
            authorization,
            tenant: tenant.to_owned(),
            ca_pem: None,
            topup_url: None,
            decision_deadline: Duration::from_secs(2),
            ending_deadline: Duration::from_secs(5),
            hold_ttl: Duration::from_mins(1),
            allow_up_to_micros: 0,
            unpriced: Unpriced::default(),
            without_user: WithoutUser::default(),
            repeats: Repeats::default(),
            backlog_max: 10_000,
            store: None,
            on_lost: None,
        })
    }

    fn from_lookup(
        lookup: impl Fn(&'static str) -> Option<OsString>,
    ) -> Result<Self, SettingsError> {
        let read = |name| {
            let Some(value) = lookup(name).filter(|value| !value.is_empty()) else {
                return Ok(None);
            };
            let text = value.into_string();
            text.map(Some)
                .map_err(|_not_utf_8| SettingsError::NotText(name))
        };
        let needed = |name| read(name)?.ok_or_else(|| not_set(name));
        let settings = Self::new(&needed(CORE_URL)?, &needed(TOKEN)?, &needed(TENANT)?)?;
        let settings = match read(CORE_CA)? {
            Some(path) => settings.ca_file(path)?,
            None => settings,
        };
        Ok(match read(TOPUP_URL)? {
            Some(url) => settings.topup_url(url),
            None => settings,
        })
    }

    /// Trusts the authorities in this PEM file instead of the system's, for `https://`.
    pub fn ca_file(mut self, path: impl AsRef<Path>) -> Result<Self, SettingsError> {
        let pem = std::fs::read(path).map_err(SettingsError::CaFile)?;
        if self.core_url.scheme_str() != Some("https") {
            let why = format!("is for https://, and {CORE_URL} is http://");
            return Err(SettingsError::Ca(why));
        }
        self.ca_pem = Some(pem);
        Ok(self)
    }

    /// Where users top up if the tenant has set no address of its own.
    #[must_use]
    pub fn topup_url(mut self, url: impl Into<String>) -> Self {
        self.topup_url = Some(url.into());
        self
    }

    /// How long a call waits for the check, and then for its placement: at most a day, 2 s unless set.
    #[must_use]
    pub fn decision_deadline(mut self, deadline: Duration) -> Self {
        self.decision_deadline = deadline;
        self
    }

    /// How long a capture, release, charge or extension may take before it is kept and sent again: at
    /// most a day, 5 s unless set.
    #[must_use]
    pub fn ending_deadline(mut self, deadline: Duration) -> Self {
        self.ending_deadline = deadline;
        self
    }

    /// How long an amount stays held if this backend dies: 1 s to a day, 60 s unless set. Calls under
    /// way extend it.
    #[must_use]
    pub fn hold_ttl(mut self, ttl: Duration) -> Self {
        self.hold_ttl = ttl;
        self
    }

    /// While the core gives no decision, calls pass that together cost at most so much and are billed
    /// later. 0 unless set: none passes.
    #[must_use]
    pub fn allow_up_to_micros(mut self, micros: i64) -> Self {
        self.allow_up_to_micros = micros;
        self
    }

    #[must_use]
    pub fn unpriced(mut self, unpriced: Unpriced) -> Self {
        self.unpriced = unpriced;
        self
    }

    #[must_use]
    pub fn without_user(mut self, without_user: WithoutUser) -> Self {
        self.without_user = without_user;
        self
    }

    #[must_use]
    pub fn repeats(mut self, repeats: Repeats) -> Self {
        self.repeats = repeats;
        self
    }

    /// How many ends that were not delivered are kept. 10,000 unless set.
    #[must_use]
    pub fn backlog_max(mut self, ends: usize) -> Self {
        self.backlog_max = ends;
        self
    }

    /// Keeps ends that were not delivered durably, beside memory.
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Is called with an end that is lost for good, and why: the core refuses it, or the backlog is
    /// full.
    #[must_use]
    pub fn on_lost(mut self, on_lost: impl Fn(&End, &str) + Send + Sync + 'static) -> Self {
        self.on_lost = Some(Arc::new(on_lost));
        self
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if !(HOLD_TTL_MIN..=HOLD_TTL_MAX).contains(&self.hold_ttl) {
            return Err(SettingsError::Wrong("hold_ttl", "must be 1 s to 24 h"));
        }
        for (name, deadline) in [
            ("decision_deadline", self.decision_deadline),
            ("ending_deadline", self.ending_deadline),
        ] {
            if deadline.is_zero() || deadline > DEADLINE_MAX {
                let why = "must be more than 0 and at most 24 h";
                return Err(SettingsError::Wrong(name, why));
            }
        }
        if let Some(url) = &self.topup_url
            && !is_web_address(url)
        {
            let why = "must be a URL that begins with http:// or https://";
            return Err(SettingsError::Wrong(TOPUP_URL, why));
        }
        if self.allow_up_to_micros < 0 {
            let why = "must not be negative";
            return Err(SettingsError::Wrong("allow_up_to_micros", why));
        }
        Ok(())
    }
}

fn is_graphic(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_web_address(url: &str) -> bool {
    let uri = url.parse::<Uri>().ok();
    uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")))
}

fn not_set(name: &'static str) -> SettingsError {
    let meaning = match name {
        CORE_URL => "the billing core, http:// or https://",
        TOKEN => "a service token of the role tools",
        _ => "the tenant whose users call",
    };
    SettingsError::NotSet(name, meaning)
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("core_url", &self.core_url)
            .field("tenant", &self.tenant)
            .field("topup_url", &self.topup_url)
            .field("decision_deadline", &self.decision_deadline)
            .field("ending_deadline", &self.ending_deadline)
            .field("hold_ttl", &self.hold_ttl)
            .field("allow_up_to_micros", &self.allow_up_to_micros)
            .field("unpriced", &self.unpriced)
            .field("without_user", &self.without_user)
            .field("repeats", &self.repeats)
            .field("backlog_max", &self.backlog_max)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::time::Duration;

    use super::Settings;

    const ALL: [(&str, &str); 4] = [
        ("BILLING_CORE_URL", "http://127.0.0.1:50051"),
        ("BILLING_TOOLS_TOKEN", "secret-of-tools"),
        ("BILLING_TENANT", "flow"),
        ("BILLING_TOPUP_URL", "https://pay.test"),
    ];

    fn with(name: &str, value: &str) -> Result<Settings, String> {
        let lookup = |asked: &'static str| {
            if asked == name {
                return Some(OsString::from(value));
            }
            let mut all = ALL.iter();
            let found = all.find(|(known, _)| *known == asked);
            found.map(|(_, value)| OsString::from(value))
        };
        Settings::from_lookup(lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn a_setting_that_is_missing_or_cannot_work_is_named_by_its_variable() {
        for (name, value, error) in [
            ("BILLING_CORE_URL", "", "BILLING_CORE_URL is not set: "),
            (
                "BILLING_TOOLS_TOKEN",
                "",
                "BILLING_TOOLS_TOKEN is not set: ",
            ),
            ("BILLING_TENANT", "", "BILLING_TENANT is not set: "),
            ("BILLING_CORE_URL", "a b", "BILLING_CORE_URL is not a URL"),
            ("BILLING_CORE_URL", "core:50051", "BILLING_CORE_URL must be"),
            ("BILLING_CORE_URL", "ftp://core", "BILLING_CORE_URL must be"),
            ("BILLING_TOOLS_TOKEN", "a\nb", "BILLING_TOOLS_TOKEN holds"),
            ("BILLING_CORE_CA", "/none.pem", "BILLING_CORE_CA cannot"),
        ] {
            let text = with(name, value).unwrap_err();
            assert!(text.starts_with(error), "{text}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let settings = with("", "").unwrap();
        assert_eq!(settings.topup_url.as_deref(), Some("https://pay.test"));
        assert_eq!(settings.authorization, "Bearer secret-of-tools");
        assert!(!format!("{settings:?}").contains("secret"), "{settings:?}");
        let error = with("BILLING_TOOLS_TOKEN", "secret\nsecret").unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_ttl_that_the_core_refuses_is_refused_at_the_start() {
        let settings = with("", "").unwrap();
        assert!(settings.check().is_ok());
        let short = settings.hold_ttl(Duration::from_millis(999));
        let error = short.check().unwrap_err().to_string();
        assert_eq!(error, "hold_ttl must be 1 s to 24 h");
    }

    #[test]
    fn a_deadline_that_no_clock_can_tell_is_refused_at_the_start() {
        for deadline in [Duration::ZERO, Duration::MAX] {
            let settings = with("", "").unwrap();
            let decision = settings.clone().decision_deadline(deadline);
            let error = decision.check().unwrap_err().to_string();
            let why = "must be more than 0 and at most 24 h";
            assert_eq!(error, format!("decision_deadline {why}"));
            let error = settings.ending_deadline(deadline).check().unwrap_err();
            assert_eq!(error.to_string(), format!("ending_deadline {why}"));
        }
    }
}
