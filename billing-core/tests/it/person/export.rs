//! All that is stored of somebody, as one document.

use billing_proto::v1;
use billing_testkit::TestCore;
use serde_json::Value;
use tonic::Code;

use super::life::Life;
use crate::support::{account, charge, core};

/// The document, and of how many parts it is.
async fn exported(core: &TestCore, user: &str) -> (Value, usize) {
    let (mut json, mut parts, mut page_token) = (String::new(), 0, String::new());
    loop {
        let request = v1::ExportPersonRequest {
            account: Some(account(user)),
            page_token,
        };
        let part = core.sponsorship().export_person(request).await.unwrap();
        let part = part.into_inner();
        json.push_str(&part.json);
        (parts, page_token) = (parts + 1, part.next_page_token);
        if page_token.is_empty() {
            return (serde_json::from_str(&json).unwrap(), parts);
        }
    }
}

#[tokio::test]
async fn an_export_is_one_document_of_all_that_is_stored_however_long_it_is() {
    let (database, core) = core().await;
    let life = Life {
        core: &core,
        database: &database,
        user: "alice",
        word: "lovelace",
    };
    life.live().await;
    for number in 0..205 {
        let charge = v1::ChargeRequest {
            description: format!("number {number}"),
            ..charge("alice", &number.to_string(), 1)
        };
        core.balance().charge(charge).await.unwrap();
    }
    let (document, parts) = exported(&core, "alice").await;
    assert!(parts > 7, "{parts}");
    assert_eq!(document["contact"]["email"], life.address());
    assert_eq!(document["supporter"]["display_name"], "Ada lovelace");
    assert_eq!(
        document["contributions"][0]["message"],
        "from lovelace gift"
    );
    assert_eq!(document["consents"][0]["what"], "public_display");
    assert_eq!(document["payments"].as_array().unwrap().len(), 3);
    assert_eq!(
        document["payments"][0]["refunds"][0]["reason"],
        "lovelace wrote"
    );
    assert_eq!(
        document["payments"][0]["disputes"][0]["withdrawn_minor"],
        300
    );
    assert_eq!(document["repairs"][0]["reason"], "lovelace was ahead");
    assert_eq!(document["holds"].as_array().unwrap().len(), 2);
    let mut notices = document["notices"].as_array().unwrap().iter();
    assert!(notices.any(|notice| notice["payload"]["word"] == "lovelace"));
    let entries = document["entries"].as_array().unwrap();
    let seqs: Vec<i64> = entries
        .iter()
        .map(|entry| entry["seq"].as_i64().unwrap())
        .collect();
    let all: Vec<i64> = (1..=i64::try_from(entries.len()).unwrap()).collect();
    assert_eq!(seqs, all);
    assert_eq!(entries.last().unwrap()["description"], "number 204");
    // What administrators changed, and why; who they are is theirs.
    let changes = document["admin_changes"].as_array().unwrap();
    assert!(
        changes
            .iter()
            .any(|change| change["action"] == "payment_refund")
    );
    let whole = document.to_string();
    for others in ["\"actor\"", "\"judged_by\"", "\"asked_by\"", "olga"] {
        assert!(!whole.contains(others), "{others}");
    }
}

#[tokio::test]
async fn an_export_of_nobody_is_empty_and_a_place_that_is_none_is_refused() {
    let (_database, core) = core().await;
    let (document, _) = exported(&core, "nobody").await;
    assert!(document["account"].is_null());
    assert_eq!(document["entries"], serde_json::json!([]));
    for page_token in ["x", "entries", "nothing/1", "entries/x", "consents/-1"] {
        let request = v1::ExportPersonRequest {
            account: Some(account("nobody")),
            page_token: page_token.to_owned(),
        };
        let refused = core.sponsorship().export_person(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{page_token}");
    }
}
