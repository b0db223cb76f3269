//! What is stored of the user, to keep.

use serde_json::{Value, json};

use crate::gateway::{System, account, problem, sent, token};

#[tokio::test]
async fn the_user_gets_all_that_is_stored_of_them_as_a_file_and_of_nobody_else() {
    let system = System::start().await;
    for (user, amount) in [("alice", 5_000_000), ("bob", 7_000_000)] {
        system.core.grant(&account(user), amount).await;
    }
    let path = "/api/v1/supporters/me/export";
    let export = system.gateway.get(path).bearer_auth(token(&json!("alice")));
    let response = sent(export).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"export.json\""
    );
    let document: Value = response.json().await.unwrap();
    assert_eq!(document["profile"]["user_id"], "alice");
    assert_eq!(document["entries"][0]["amount_micros"], 5_000_000);
    assert_eq!(document["entries"].as_array().unwrap().len(), 1);

    let refused = problem(system.gateway.get(path)).await;
    assert_eq!(refused["status"], 401);
}
