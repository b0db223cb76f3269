//! What administrators take from the wall.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{DEFAULT, Gift, Scene};
use crate::gateway::{problem, token_of};
use crate::stage::good;

impl Scene {
    fn admin(&self, method: Method, path: &str) -> RequestBuilder {
        let claims = json!({"userId": "carol", "tenantId": DEFAULT, "role": "admin"});
        self.gateway
            .request(method, &format!("/api/admin/{path}"))
            .bearer_auth(token_of(&claims))
    }

    async fn read(&self, path: &str) -> Value {
        good(self.admin(Method::GET, path)).await
    }

    /// Of everybody on the wall.
    async fn bronze(&self) -> Value {
        self.json("supporters").await["supporters"]["bronze"].clone()
    }
}

#[tokio::test]
async fn a_message_alone_is_taken_back_and_so_is_its_giver_from_the_wall() {
    let scene = Scene::set().await;
    let gift = Gift {
        message: "Buy pills!",
        paid_at: Some("2026-01-02T00:00:00Z"),
        ..Gift::default()
    };
    scene.gives(gift).await;
    let listed = scene.read("messages").await;
    let ulid = listed["messages"][0]["ulid"].as_str().unwrap().to_owned();
    let path = format!("messages/{ulid}");
    let judge = |approved: bool, reason: &str| {
        let body = json!({"approved": approved, "reason": reason});
        scene.admin(Method::PUT, &path).json(&body)
    };
    let shown = good(judge(true, "")).await;
    assert_eq!(shown["state"], "approved", "{shown}");
    assert_eq!(scene.bronze().await[0]["message"], "Buy pills!");
    // Among those that are shown it is found again.
    assert_eq!(scene.read("messages").await["messages"], json!([]));
    let found = scene.read("messages?state=approved&userId=alice").await;
    assert_eq!(found["messages"][0]["ulid"], json!(ulid), "{found}");
    for _ in 0..2 {
        let withdrawn = good(judge(false, "an advertisement")).await;
        assert_eq!(withdrawn["state"], "refused", "{withdrawn}");
    }
    let alone = json!([{"name": "Alice Johnson", "since": "2026-01-02", "monthly": false}]);
    assert_eq!(scene.bronze().await, alone);

    let supporter = "users/alice/supporter";
    let hide = json!({"hidden": true, "reason": "no name of theirs"});
    let hidden = good(scene.admin(Method::PUT, supporter).json(&hide)).await;
    assert_eq!(
        (&hidden["hidden"], &hidden["banned"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(scene.bronze().await, json!([]));
    let back = json!({"hidden": false});
    good(scene.admin(Method::PUT, supporter).json(&back)).await;
    assert_eq!(scene.bronze().await, alone);

    kept(&scene, &ulid).await;
    // Nobody's, and somebody's who was never seen.
    let none = scene.admin(Method::PUT, "messages/01HQ5W8X7C9D3K2M4N6P8R0STV");
    let none = none.json(&json!({"approved": true}));
    let nobody = scene
        .admin(Method::PUT, "users/nobody/supporter")
        .json(&hide);
    for request in [none, nobody] {
        assert_eq!(problem(request).await["status"], 404);
    }
}

/// Who did all of it, and why.
async fn kept(scene: &Scene, ulid: &str) {
    let changes = scene.read("audit").await;
    let changes = changes["changes"].as_array().unwrap();
    let told: Vec<_> = changes
        .iter()
        .map(|one| {
            (
                &one["action"],
                &one["reason"],
                &one["actor"],
                &one["user_id"],
            )
        })
        .map(|(action, reason, actor, user)| json!([action, reason, actor, user]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["supporter", null, "carol", "alice"]),
            json!(["supporter", "no name of theirs", "carol", "alice"]),
            json!(["message", "an advertisement", "carol", "alice"]),
            json!(["message", null, "carol", "alice"]),
        ]
    );
    assert_eq!(changes[2]["before"], json!({"message_state": "approved"}));
    let after = json!({"message_state": "refused", "contribution": ulid});
    assert_eq!(changes[2]["after"], after);
}
