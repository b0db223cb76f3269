use std::process::Stdio;

use billing_sandbox::{Options, Sandbox, StartError};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

fn program(key: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_billing-sandbox"));
    command
        .args(arguments)
        .env_clear()
        .env("STRIPE_SECRET_KEY", key)
        .env("STRIPE_WEBHOOK_SECRET", "whsec_x")
        .env("BILLING_SANDBOX_WEBHOOK_URL", "")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

#[tokio::test]
async fn it_tells_where_it_is_serves_and_ends_well_at_sigterm() {
    let mut command = program("sk_test_x", &["--addr", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let page = lines.next_line().await.unwrap().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::get(&page).await.unwrap();
    assert_eq!(answer.status(), 200);
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn it_refuses_other_machines_live_keys_and_blank_ones() {
    for (key, arguments, why) in [
        ("sk_test_x", ["--addr", "0.0.0.0:0"], "other machines"),
        ("sk_live_x", ["--addr", "127.0.0.1:0"], "live mode"),
        (" ", ["--addr", "127.0.0.1:0"], "blank"),
    ] {
        let output = program(key, &arguments).output().await.unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(told.contains(why), "{told}");
        assert!(!told.contains("sk_live_x"), "{told}");
    }
}

#[tokio::test]
async fn it_refuses_half_of_fondy_and_half_of_a_certificate() {
    for (argument, value, why) in [
        ("--fondy-secret", " ", "the secret of Fondy is blank"),
        ("--fondy-merchant-id", "none", "invalid value"),
        ("--fondy-speedup", "0", "invalid value"),
        ("--tls-cert", "none.pem", "--tls-key"),
    ] {
        let arguments = ["--addr", "127.0.0.1:0", argument, value];
        let output = program("sk_test_x", &arguments).output().await.unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(told.contains(why), "{told}");
    }
}

#[tokio::test]
async fn it_listens_to_other_machines_where_that_is_asked_for() {
    let bind = async || TcpListener::bind("0.0.0.0:0").await.unwrap();
    let mut options = Options::new("sk_test_x".into(), "whsec_x".into());
    let refused = Sandbox::start(bind().await, options.clone()).unwrap_err();
    assert!(matches!(refused, StartError::NotLoopback(_)));
    options.public = true;
    let sandbox = Sandbox::start(bind().await, options).unwrap();
    sandbox.stop().await;
}

#[test]
fn no_secret_is_in_what_debug_shows() {
    let mut options = Options::new("sk_test_hidden".into(), "whsec_hidden".into());
    options.fondy_secret = "hidden".into();
    assert!(!format!("{options:?}").contains("hidden"));
}
