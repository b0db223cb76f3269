//! Whether pages are served, and what they are told.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};
use serde::Serialize;

use crate::config_check::{ConfigError, filled, guarded_url, origins};

/// The pages: the dashboard, the support pages, and elements for other sites.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Pages")]
#[group(id = "web")]
pub struct WebSettings {
    /// The folder of the built pages, which is read at the start. Absent or empty: none are served
    #[arg(
        id = "web_dir",
        long = "web-dir",
        env = "BILLING_WEB_DIR",
        value_name = "DIR"
    )]
    pub dir: Option<String>,

    /// Where users sign in: https, http on loopback, or a path of this address. They come back with a
    /// token to what `return_to` names
    #[arg(
        id = "web_login_url",
        long = "web-login-url",
        env = "BILLING_WEB_LOGIN_URL",
        value_name = "URL"
    )]
    pub login_url: Option<String>,

    /// Where users are led who sign out
    #[arg(
        id = "web_logout_url",
        long = "web-logout-url",
        env = "BILLING_WEB_LOGOUT_URL",
        value_name = "URL"
    )]
    pub logout_url: Option<String>,

    /// Where the pages keep a user's token
    #[arg(
        id = "web_token_storage",
        long = "web-token-storage",
        env = "BILLING_WEB_TOKEN_STORAGE",
        default_value = "local"
    )]
    pub token_storage: TokenStorage,

    /// What the token is called in localStorage
    #[arg(
        id = "web_token_key",
        long = "web-token-key",
        env = "BILLING_WEB_TOKEN_KEY",
        default_value = "jwt_token"
    )]
    pub token_key: String,

    /// Take a token from any link (#token=…), for trials: whoever makes such a link signs others in. Refused
    /// where payments are live
    #[arg(
        id = "web_token_links",
        long = "web-token-links",
        env = "BILLING_WEB_TOKEN_LINKS",
        default_value = "false",
        action = ArgAction::Set,
        value_parser = BoolishValueParser::new()
    )]
    pub token_links: bool,

    /// Origins whose pages may show the support pages in a frame, separated by commas; empty: none
    #[arg(
        id = "web_frame_ancestors",
        long = "web-frame-ancestors",
        env = "BILLING_WEB_FRAME_ANCESTORS",
        default_value = ""
    )]
    pub frame_ancestors: String,

    /// What the pages call whom users pay; absent: they name nobody
    #[arg(
        id = "web_tenant_name",
        long = "web-tenant-name",
        env = "BILLING_WEB_TENANT_NAME"
    )]
    pub tenant_name: Option<String>,

    /// Where the pages send those who have a question
    #[arg(
        id = "web_support_email",
        long = "web-support-email",
        env = "BILLING_WEB_SUPPORT_EMAIL"
    )]
    pub support_email: Option<String>,
}

/// Where the pages keep a user's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TokenStorage {
    /// In localStorage, where the platform's own pages on the same origin put it too
    Local,
    /// In memory, until the page is closed or loaded anew
    Memory,
}

#[derive(Clone, Debug)]
pub struct WebConfig {
    pub(crate) dir: Option<PathBuf>,
    pub(super) login_url: Option<String>,
    pub(super) logout_url: Option<String>,
    pub(super) token_storage: TokenStorage,
    pub(super) token_key: String,
    pub(super) token_links: bool,
    /// As the policy names them.
    pub(super) frame_ancestors: String,
    pub(super) tenant_name: Option<String>,
    pub(super) support_email: Option<String>,
}

impl WebConfig {
    /// `live`: whether any provider's payments are.
    pub(crate) fn checked(settings: WebSettings, live: bool) -> Result<Self, ConfigError> {
        if settings.token_links && live {
            return Err(ConfigError::TokenLinks);
        }
        let text = |name, value: Option<String>| value.map(|value| filled(name, value)).transpose();
        Ok(Self {
            dir: settings
                .dir
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from),
            login_url: page_url("BILLING_WEB_LOGIN_URL", settings.login_url)?,
            logout_url: page_url("BILLING_WEB_LOGOUT_URL", settings.logout_url)?,
            token_storage: settings.token_storage,
            token_key: filled("BILLING_WEB_TOKEN_KEY", settings.token_key)?,
            token_links: settings.token_links,
            frame_ancestors: ancestors(&settings.frame_ancestors)?,
            tenant_name: text("BILLING_WEB_TENANT_NAME", settings.tenant_name)?,
            support_email: text("BILLING_WEB_SUPPORT_EMAIL", settings.support_email)?,
        })
    }
}

/// A browser is led there, and nowhere that it would run as a script or take for another host.
fn page_url(name: &'static str, url: Option<String>) -> Result<Option<String>, ConfigError> {
    let Some(url) = url else {
        return Ok(None);
    };
    let is_plain = url
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_path = url.starts_with('/') && !url.starts_with("//");
    if is_plain && (is_path || guarded_url(&url).is_some()) {
        Ok(Some(url))
    } else {
        Err(ConfigError::PageUrl(name))
    }
}

fn ancestors(list: &str) -> Result<String, ConfigError> {
    let named = origins("BILLING_WEB_FRAME_ANCESTORS", list)?;
    let named: Vec<&str> = named
        .iter()
        .filter_map(|origin| origin.to_str().ok())
        .collect();
    if named.is_empty() {
        return Ok("'none'".to_owned());
    }
    Ok(format!("'self' {}", named.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::page_url;
    use crate::config_check::ConfigError;

    #[test]
    fn a_login_leads_to_a_page_and_to_nothing_else() {
        let checked = |url: &str| page_url("BILLING_WEB_LOGIN_URL", Some(url.to_owned()));
        for good in [
            "https://app.example.com/login?from=billing",
            "http://127.0.0.1:5173/login",
            "/login",
        ] {
            assert_eq!(checked(good).unwrap().as_deref(), Some(good));
        }
        for bad in [
            "http://app.example.com/login",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "login",
            "/log in",
            "",
        ] {
            let refused = ConfigError::PageUrl("BILLING_WEB_LOGIN_URL");
            assert_eq!(checked(bad).unwrap_err(), refused, "{bad}");
        }
    }
}
