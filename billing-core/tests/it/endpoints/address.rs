//! No address of the own network is called unless it is allowed, and no redirect is followed.

use billing_testkit::TestDatabase;

use super::receiver::{Receiver, Reply};
use super::{Added, add, core_for, grants, listed};
use crate::operator::run;
use crate::support::eventually;

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let database = TestDatabase::new().await;
    let elsewhere = Receiver::that_takes().await;
    let place = elsewhere.url();
    let receiver = Receiver::start(move |_| Reply::To(place.clone())).await;
    let Added { id, .. } = add(&database, &receiver.url()).await;
    let core = core_for(&database).await;
    grants(&core, 1, 1).await;
    eventually("it fails, and says why", async || {
        let shown = listed(&database, &id).await;
        shown["last_error"] == "answered 307: redirects are not followed"
    })
    .await;
    assert!(elsewhere.messages().is_empty());
    core.stop().await;
}

#[tokio::test]
async fn what_lies_in_the_own_network_is_not_called_unless_it_is_allowed() {
    let database = TestDatabase::new().await;
    let receiver = Receiver::that_takes().await;
    let owner = ["--owner", "dev@acme.example.org", "--tenant", "acme"];
    let port = receiver.port;
    for (url, why) in [
        (format!("https://127.0.0.1:{port}/"), "not public"),
        (format!("https://0x7f.1:{port}/"), "not public"),
        (format!("https://[::ffff:127.0.0.1]:{port}/"), "not public"),
        (format!("http://localhost:{port}/"), "https"),
        (format!("https://u:p@example.org:{port}/"), "no password"),
    ] {
        let add = [&["endpoints", "add", "--url", &url][..], &owner].concat();
        let (ok, _, complaint) = run(&database, &add).await;
        assert!(!ok && complaint.contains(why), "{url}: {complaint}");
    }
    // A name is looked up when it is called.
    let url = format!("https://localhost:{port}/");
    let named = [&["endpoints", "add", "--json", "--url", &url][..], &owner].concat();
    let (ok, added, complaint) = run(&database, &named).await;
    assert!(ok, "{complaint}");
    let id = added["id"].as_str().unwrap();
    let (ok, tested, _) = run(&database, &["endpoints", "test", id, "--json"]).await;
    assert!(!ok && tested["taken"] == false);
    let error = tested["error"].as_str().unwrap();
    assert!(error.contains("not public"), "{error}");
    // Allowed, it is called, and speaks no TLS.
    let allowed = ["--endpoint-allowed-networks", "127.0.0.0/8,::1/128"];
    let test = [&["endpoints", "test", id, "--json"][..], &allowed].concat();
    let (ok, tested, _) = run(&database, &test).await;
    let error = tested["error"].as_str().unwrap();
    assert!(!ok && error.starts_with("not reached"), "{error}");
    assert!(receiver.messages().is_empty());
    // An endpoint that was allowed once is not called by a core that allows it no more.
    let Added { id, .. } = add(&database, &receiver.url()).await;
    let core = billing_testkit::TestCore::start(&database).await;
    grants(&core, 1, 1).await;
    eventually("it is refused", async || {
        let error = listed(&database, &id).await["last_error"].to_string();
        error.contains("not called")
    })
    .await;
    assert!(receiver.messages().is_empty());
    core.stop().await;
}
