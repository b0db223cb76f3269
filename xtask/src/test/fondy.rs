//! Fondy's official client against the sandbox: it shares no code with this repository.

use std::ffi::OsStr;

use anyhow::Result;
use tokio::process::Command;

use super::python_with;
use super::sandbox::Sandbox;
use crate::config;
use crate::step::Steps;
use billing_stage::process::find_program;

pub async fn run(steps: &mut Steps) {
    let python = "Fondy's Python client against the sandbox";
    if find_program("python3").is_none() {
        steps.skip(python, "python3 is not installed");
    } else {
        steps.run(python, python_client()).await;
    }
}

/// The client speaks nothing but TLS.
async fn python_client() -> Result<()> {
    let clients = config::repository().join("tests/fondy");
    let python = python_with("python-fondy", &clients.join("requirements.txt")).await?;
    let tls = config::repository().join("billing-sandbox/tests/fixtures/tls");
    let (certificate, key) = (tls.join("certificate.pem"), tls.join("key.pem"));
    let keys = [
        ("STRIPE_SECRET_KEY", "sk_test_of_the_official_clients"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_of_the_official_clients"),
        ("FONDY_MERCHANT_ID", "1396424"),
        ("FONDY_SECRET_KEY", "secret of the official clients"),
    ];
    let arguments = [
        OsStr::new("--tls-cert"),
        certificate.as_os_str(),
        OsStr::new("--tls-key"),
        key.as_os_str(),
    ];
    let sandbox = Sandbox::start(&keys, &arguments).await?;
    let mut client = Command::new(python);
    client
        .arg("sandbox.py")
        .current_dir(clients)
        .envs(keys)
        .env("REQUESTS_CA_BUNDLE", &certificate);
    sandbox.drive(client).await
}
