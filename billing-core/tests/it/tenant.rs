//! How a tenant is supported, and its messages, on the command line.

use std::net::SocketAddr;
use std::process::Stdio;

use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::operator::run;
use crate::port::free;
use crate::sponsorship::{gift, given, paid, state, told, until_two_wait, wall};
use crate::support::{account, core, eventually, moment};
use crate::switches::switch;

async fn sponsorship(core: &TestCore) -> v1::Sponsorship {
    let request = v1::GetSponsorshipRequest {
        tenant_id: account("").tenant_id,
    };
    let answer = core.sponsorship().get_sponsorship(request).await.unwrap();
    answer.into_inner().sponsorship.unwrap()
}

async fn tenant(database: &TestDatabase, arguments: &[&str]) -> (bool, Value, String) {
    run(database, &[&["tenant"], arguments, &["--json"]].concat()).await
}

#[tokio::test]
async fn a_tenant_is_set_piece_by_piece_and_the_rpc_shows_the_same() {
    let (database, core) = core().await;
    let folder = tempfile::tempdir().unwrap();
    let words = folder.path().join("consent.txt");
    std::fs::write(&words, "Я погоджуюся.\n").unwrap();
    let wording = words.to_str().unwrap();
    for change in [
        &["--goal", "500.00", "--zone", "Europe/Kyiv"][..],
        &["--bronze", "10", "--presets", "5,25.50"],
        &["--shows-totals", "true"],
        &["--wording", wording, "--wording-version", "2026-11"],
    ] {
        let (ok, _, complaint) = tenant(&database, &[&["set", "acme"], change].concat()).await;
        assert!(ok, "{complaint}");
    }
    let set = sponsorship(&core).await;
    assert_eq!(
        set,
        v1::Sponsorship {
            tenant_id: "acme".to_owned(),
            goal_minor: 50_000,
            bronze_minor: 1_000,
            silver_minor: 10_000,
            gold_minor: 50_000,
            platinum_minor: 200_000,
            time_zone: "Europe/Kyiv".to_owned(),
            presets_minor: vec![500, 2_550],
            shows_totals: true,
            wording: "Я погоджуюся.".to_owned(),
            wording_version: "2026-11".to_owned(),
        }
    );
    let (_, shown, _) = tenant(&database, &["show", "acme"]).await;
    assert_eq!(shown["goal_usd"], "500.00");
    assert_eq!(shown["presets_usd"], json!(["5.00", "25.50"]));
    let (_, all, _) = tenant(&database, &["list"]).await;
    assert_eq!(all, json!([shown]));
    let (_, unset, _) = tenant(&database, &["show", "other"]).await;
    assert_eq!(
        (&unset["bronze_usd"], &unset["zone"]),
        (&json!("25.00"), &json!("UTC"))
    );
}

#[tokio::test]
async fn what_a_tenant_cannot_be_is_refused_by_its_flag_and_changes_nothing() {
    let (database, core) = core().await;
    let before = sponsorship(&core).await;
    for (change, named) in [
        (&["--goal", "1.5"][..], "must be an amount in USD"),
        (&["--goal", "99999999999"], "--goal: must be between"),
        (&["--zone", "Kyiv"], "--zone: must be the name"),
        (&["--bronze", "100"], "--platinum: must be more"),
        (&["--presets", "4.99"], "--presets: must be between"),
        (
            &["--wording", "/nowhere", "--wording-version", "2"],
            "cannot read /nowhere",
        ),
        (&["--wording", "/dev/null"], "--wording-version"),
        (
            &["--wording-version", &"1".repeat(33)],
            "--wording-version: must have",
        ),
        (&["--shows-totals", "perhaps"], "--shows-totals"),
        (&[], "name what is to be set"),
    ] {
        let (ok, _, complaint) = tenant(&database, &[&["set", "acme"], change].concat()).await;
        assert!(!ok && complaint.contains(named), "{change:?}: {complaint}");
    }
    let (ok, _, complaint) = tenant(&database, &["set", " ", "--goal", "1"]).await;
    assert!(
        !ok && complaint.contains("TENANT: must not be blank"),
        "{complaint}"
    );
    assert_eq!(sponsorship(&core).await, before);
    let (_, all, _) = tenant(&database, &["list"]).await;
    assert_eq!(all, json!([]));
}

/// Also to strangers, who ask how the tenant is supported.
#[tokio::test]
async fn terms_of_support_say_whether_payments_begin() {
    let (_database, core) = core().await;
    let terms = async || {
        let request = v1::GetSponsorshipRequest {
            tenant_id: account("").tenant_id,
        };
        let answer = core.sponsorship().get_sponsorship(request).await.unwrap();
        let answer = answer.into_inner();
        (answer.payments_off, answer.payments_off_reason)
    };
    assert_eq!(terms().await, (false, String::new()));
    switch(&core, "payments", false).await;
    eventually("payments are off", async || terms().await.0).await;
    assert_eq!(terms().await.1, "we repair something");
    switch(&core, "payments", true).await;
    eventually("payments are on", async || !terms().await.0).await;
}

#[tokio::test]
async fn two_operators_who_set_different_things_at_once_both_have_their_way() {
    let (database, core) = core().await;
    let (ok, _, complaint) = tenant(&database, &["set", "acme", "--goal", "1"]).await;
    assert!(ok, "{complaint}");
    let mut owner = database.connect_as_owner().await;
    crate::support::run(&mut owner, "begin; select from sponsorship for update")
        .await
        .unwrap();
    let ended = async {
        until_two_wait(&database).await;
        drop(owner);
    };
    let goal = ["set", "acme", "--goal", "500"];
    let zone = ["set", "acme", "--zone", "Europe/Kyiv"];
    let (first, second, ()) =
        tokio::join!(tenant(&database, &goal), tenant(&database, &zone), ended);
    assert!(first.0 && second.0, "{} {}", first.2, second.2);
    let set = sponsorship(&core).await;
    assert_eq!((set.goal_minor, &*set.time_zone), (50_000, "Europe/Kyiv"));
}

#[tokio::test]
async fn an_operator_judges_messages_by_the_contribution_s_ulid() {
    let (database, core) = core().await;
    paid(&core, gift("alice", "1")).await;
    let (_, listed, complaint) = run(&database, &["messages", "list", "acme", "--json"]).await;
    let ulid = listed[0]["ulid"].as_str().unwrap_or_default();
    assert_eq!(listed[0]["message"], "From alice", "{complaint}");
    let judge = async |verb: &str, tenant: &str, ulid: &str| {
        run(&database, &["messages", verb, tenant, ulid, "--json"]).await
    };
    for (tenant, ulid) in [("acme", "01HQ"), ("other", ulid)] {
        let (ok, _, complaint) = judge("approve", tenant, ulid).await;
        assert!(
            !ok && complaint.contains("no such contribution"),
            "{complaint}"
        );
    }
    for (verb, state, words) in [
        ("approve", "approved", "From alice"),
        ("refuse", "refused", ""),
    ] {
        let (ok, judged, complaint) = judge(verb, "acme", ulid).await;
        assert!(ok, "{complaint}");
        assert_eq!(judged["message_state"], state);
        let shown = wall(&core, v1::WallPeriod::All).await;
        assert_eq!(shown.supporters[0].message, words);
    }
    let (_, listed, _) = run(&database, &["messages", "list", "acme", "--json"]).await;
    assert_eq!(listed, json!([]));
}

/// What a core's metric says; none where it does not say it.
async fn metric(admin: SocketAddr, name: &str) -> Option<f64> {
    let mut stream = TcpStream::connect(admin).await.ok()?;
    let request = b"GET /metrics HTTP/1.1\r\nhost: core\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
    answer.lines().find_map(value)
}

#[tokio::test]
async fn the_metrics_say_how_long_the_oldest_message_of_what_is_paid_waits() {
    let (database, core) = core().await;
    for (user, hours) in [("alice", 2), ("bob", 3)] {
        let payment = given(&core, gift(user, "1")).await;
        let mut event = told("paid", &payment, state(v1::PaymentState::Succeeded));
        let at = Timestamp::now() - SignedDuration::from_hours(hours);
        event.occurred_at = Some(moment(at));
        crate::payment::apply(&core, event).await.unwrap();
    }
    // Nobody reads what nobody paid.
    given(&core, gift("carol", "1")).await;
    let (address, admin) = (free().await, free().await);
    let mut program = Command::new(env!("CARGO_BIN_EXE_billing-core"))
        .args(["--database-url", database.application_url()])
        .args(["--grpc-addr", &address.to_string()])
        .args(["--admin-addr", &admin.to_string()])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    eventually("the messages are counted", async || {
        metric(admin, "billing_messages_waiting").await == Some(2.0)
    })
    .await;
    let oldest = metric(admin, "billing_messages_oldest_seconds").await;
    let oldest = oldest.unwrap();
    assert!((10_800.0..10_900.0).contains(&oldest), "{oldest}");
    program.kill().await.unwrap();
}
