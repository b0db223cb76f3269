//! nginx with the pages alone, as the image of them has it.

use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;
use tokio::process::Child;

use super::{accepts, changed, free_address};
use crate::nginx;

/// Stops when it is dropped.
#[derive(Debug)]
pub struct Pages {
    pub address: SocketAddr,
    _process: Child,
    _folder: TempDir,
}

impl Pages {
    /// Of a folder that was built, for an API elsewhere. None, and a line that says so, where there is no
    /// nginx.
    pub async fn serving(built: &Path, api_url: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let set = |name: &'static str, value: &str| (name, value.to_owned());
        let changes = [
            set("${BILLING_API_URL}", api_url),
            set("${BILLING_WEB_TENANT}", "demo"),
            set("${BILLING_WEB_TENANT_NAME}", ""),
            set("${BILLING_WEB_LOGIN_URL}", "https://app.example/login"),
            set("${BILLING_WEB_LOGOUT_URL}", ""),
            set("${BILLING_WEB_SUPPORT_EMAIL}", ""),
            set("${BILLING_WEB_TOKEN_STORAGE}", "local"),
            set("${BILLING_WEB_TOKEN_KEY}", "jwt_token"),
            set("${BILLING_WEB_STRIPE}", "true"),
            set("${BILLING_WEB_FRAME_ANCESTORS}", "'none'"),
            ("listen 8080;", format!("listen {address};")),
            ("root /web;", format!("root {};", built.display())),
        ];
        let (main, temporary) = nginx::within(folder.path());
        let server = changed("nginx/pages.conf.template", &changes);
        let text = format!(
            "{main} http {{ access_log off; {temporary} include /etc/nginx/mime.types;\n{server}}}"
        );
        let conf = folder.path().join("nginx.conf");
        std::fs::write(&conf, text).unwrap();
        let process = nginx::start(folder.path(), &conf)?;
        accepts(address, "nginx").await;
        Some(Self {
            address,
            _process: process,
            _folder: folder,
        })
    }
}
