//! What operators do on the command line.

use std::process::Stdio;

use billing_testkit::TestDatabase;
use serde_json::Value;
use tokio::process::Command;

use crate::support::{USD, account, assert_books_are_right, charge, core};

/// Runs the program; answers with whether it succeeded, what it printed, and what it complained of.
pub async fn run(database: &TestDatabase, arguments: &[&str]) -> (bool, Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_billing-core"))
        .args(arguments)
        .env("DATABASE_URL", database.application_url())
        .env("USER", "olga")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let printed = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let complaint = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), printed, complaint)
}

pub const ALICE: [&str; 5] = ["--tenant", "acme", "--user", "alice", "--json"];

#[tokio::test]
async fn a_grant_of_an_operator_is_the_same_as_one_by_rpc() {
    let (database, core) = core().await;
    let grant = [
        "accounts",
        "grant",
        "--amount-micros",
        "5000000",
        "--reason",
        "sorry",
        "--key",
        "k",
    ];
    let grant = [&grant[..], &ALICE].concat();
    let (ok, first, complaint) = run(&database, &grant).await;
    assert!(ok, "{complaint}");
    assert_eq!(
        (&first["moved_micros"], &first["replayed"]),
        (&5_000_000.into(), &false.into())
    );
    let (_, again, _) = run(&database, &grant).await;
    assert_eq!(
        (&again["entry"], &again["replayed"]),
        (&first["entry"], &true.into())
    );
    // The same key and content by the RPC is the same grant.
    let request = billing_proto::v1::GrantCreditRequest {
        account: Some(account("alice")),
        idempotency_key: "k".to_owned(),
        amount_micros: 5 * USD,
        reason: "sorry".to_owned(),
        actor: "olga".to_owned(),
    };
    assert!(
        core.accounts()
            .grant_credit(request)
            .await
            .unwrap()
            .into_inner()
            .replayed
    );

    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn an_operator_s_correction_may_make_debt_and_a_suspension_denies_everything() {
    let (database, core) = core().await;
    let adjust = [
        "accounts",
        "adjust",
        "--amount-micros",
        "-2000000",
        "--reason",
        "too much",
    ];
    let (ok, adjusted, complaint) = run(&database, &[&adjust[..], &ALICE].concat()).await;
    assert!(ok, "{complaint}");
    assert_eq!(adjusted["settled_micros"], -2_000_000);
    let (ok, _, _) = run(&database, &[&["accounts", "suspend"], &ALICE[..]].concat()).await;
    assert!(ok);
    let (_, shown, _) = run(&database, &[&["accounts", "show"], &ALICE[..]].concat()).await;
    assert_eq!(
        (&shown["suspended"], &shown["debt_micros"]),
        (&true.into(), &2_000_000.into())
    );
    let denied = core
        .balance()
        .charge(charge("alice", "c", 1))
        .await
        .unwrap();
    let denied = denied.into_inner().decision();
    assert_eq!(denied, billing_proto::v1::Decision::AccountSuspended);
    run(&database, &[&["accounts", "resume"], &ALICE[..]].concat()).await;
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn what_an_operator_cannot_mean_is_refused_and_named() {
    let (database, _core) = core().await;
    for (arguments, named) in [
        (
            &[
                "accounts",
                "grant",
                "--amount-micros",
                "-1",
                "--reason",
                "r",
            ][..],
            "grant",
        ),
        (
            &[
                "accounts",
                "adjust",
                "--amount-micros",
                "0",
                "--reason",
                "r",
            ],
            "--amount-micros",
        ),
        (
            &["accounts", "adjust", "--amount-micros", "1", "--reason", ""],
            "--reason",
        ),
        (&["accounts", "show"], "does not exist"),
    ] {
        let (ok, _, complaint) = run(&database, &[arguments, &ALICE[..]].concat()).await;
        assert!(
            !ok && complaint.contains(named),
            "{arguments:?}: {complaint}"
        );
    }
    let switch = ["switch", "off", "everything", "--reason", "r"];
    let (ok, _, complaint) = run(&database, &switch).await;
    assert!(
        !ok && complaint.contains("enforcement, webhooks, payments"),
        "{complaint}"
    );
}

#[tokio::test]
async fn an_operator_switches_and_sees_who_did() {
    let (database, _core) = core().await;
    let off = [
        "switch",
        "off",
        "payments",
        "--reason",
        "maintenance",
        "--json",
    ];
    let (ok, switched, complaint) = run(&database, &off).await;
    assert!(ok, "{complaint}");
    assert_eq!(
        (&switched["on"], &switched["actor"]),
        (&false.into(), &"olga".into())
    );
    let (_, list, _) = run(&database, &["switch", "list", "--json"]).await;
    let off: Vec<&Value> = list
        .as_array()
        .unwrap()
        .iter()
        .filter(|switch| switch["on"] == false)
        .map(|switch| &switch["name"])
        .collect();
    assert_eq!(off, ["payments"]);
    let (ok, switched, complaint) = run(&database, &["switch", "on", "payments", "--json"]).await;
    assert!(ok, "{complaint}");
    assert_eq!(switched["on"], true);
    let (_, history, _) = run(&database, &["switch", "history", "--json"]).await;
    assert_eq!(history.as_array().unwrap().len(), 2);
    let (ok, _, complaint) = run(&database, &["switch", "off", "payments", "--json"]).await;
    assert!(
        !ok && complaint.contains("--reason must say why"),
        "{complaint}"
    );
}

#[tokio::test]
async fn a_price_of_an_operator_is_set_once_listed_and_cancelled_before_it_holds() {
    let (database, core) = core().await;
    let of_tool = ["--tenant", "acme", "--tool", "search", "--json"];
    let set = |terms: &[&'static str]| [&["prices", "set"], &of_tool[..], terms].concat();
    let now = set(&[
        "--per-call-micros",
        "2000",
        "--unit-price",
        "token=500/1000",
    ]);
    let (ok, first, complaint) = run(&database, &now).await;
    assert!(ok, "{complaint}");
    assert_eq!(first["price"]["version"], 1);
    let unit = serde_json::json!({"unit": "token", "amount_micros": 500, "per_units": 1000});
    assert_eq!(first["price"]["unit_prices"], serde_json::json!([unit]));
    let (_, again, _) = run(&database, &now).await;
    assert_eq!(again, first);
    let planned = set(&["--exempt", "--from", "2099-12-24T00:00:00Z"]);
    let (_, planned, _) = run(&database, &planned).await;
    assert_eq!(planned["superseded"]["version"], 1);

    let list = [&["prices", "list", "--all"], &of_tool[..]].concat();
    let (_, listed, _) = run(&database, &list).await;
    let versions: Vec<_> = listed.as_array().unwrap().iter().collect();
    assert_eq!(versions, [&planned["price"], &first["price"]]);
    // The RPC has the same.
    let request = billing_proto::v1::ListPricesRequest {
        tenant_id: "acme".to_owned(),
        include_past: true,
        ..Default::default()
    };
    let prices = core.prices().list_prices(request).await.unwrap();
    let prices = prices.into_inner().prices;
    let versions: Vec<i64> = prices.iter().map(|price| price.version).collect();
    assert_eq!(versions, [2, 1]);

    let cancel = |version| {
        let words = ["--version", version, "--reason", "no sale"];
        [&["prices", "cancel"], &of_tool[..], &words].concat()
    };
    let (ok, cancelled, complaint) = run(&database, &cancel("2")).await;
    assert!(ok, "{complaint}");
    assert!(cancelled["cancelled_at"].is_string());
    let (ok, _, complaint) = run(&database, &cancel("3")).await;
    assert!(!ok && complaint.contains("no such version"), "{complaint}");
    let (ok, _, complaint) = run(&database, &set(&["--unit-price", "token=5"])).await;
    assert!(
        !ok && complaint.contains("unit=micros/units"),
        "{complaint}"
    );
}
