//! How users want to be seen.

use reqwest::Method;
use serde_json::{Value, json};

use super::{DEFAULT, Gift, Scene, names, token};
use crate::gateway::problem;
use crate::stage::good;

#[tokio::test]
async fn how_somebody_is_shown_changes_at_once_on_wall_and_badge() {
    let scene = Scene::set().await;
    let new = json!({
        "display_name": null,
        "is_anonymous": false,
        "show_badge": false,
        "badge_level": null,
        "total_cents": 0,
        "contribution_count": 0,
        "first_contribution_at": null,
        "next_badge": "bronze",
        "next_badge_amount_cents": 2500,
    });
    assert_eq!(scene.json_to("alice", "supporters/me").await, new);
    let gift = Gift {
        paid_at: Some("2026-01-02T03:04:05Z"),
        ..Gift::default()
    };
    scene.gives(gift).await;
    let shown = json!({
        "display_name": "Alice Johnson",
        "is_anonymous": false,
        "show_badge": false,
        "badge_level": "bronze",
        "total_cents": 2500,
        "contribution_count": 1,
        "first_contribution_at": "2026-01-02T03:04:05Z",
        "next_badge": "silver",
        "next_badge_amount_cents": 10000,
    });
    assert_eq!(scene.json_to("alice", "supporters/me").await, shown);
    // Nothing is named: nothing changes.
    assert_eq!(good(scene.put_me("alice", &json!({}))).await, shown);
    for body in [
        json!({"display_name": "  Ї. "}),
        json!({"displayName": "Ї."}),
    ] {
        let answer = good(scene.put_me("alice", &body)).await;
        assert_eq!(answer["display_name"], "Ї.");
        assert_eq!(names(&scene.json("supporters").await), ["Ї."]);
    }
    let badge = async || scene.json("supporters/demo/alice/badge").await["badge_level"].clone();
    for (member, hides) in [("is_anonymous", true), ("isAnonymous", false)] {
        let answer = good(scene.put_me("alice", &json!({ member: hides }))).await;
        assert_eq!(answer["is_anonymous"], hides);
        let wall = scene.json("supporters").await;
        assert_eq!(names(&wall).is_empty(), hides);
        assert_eq!(wall["total_count"], i32::from(!hides));
        let expected = if hides { Value::Null } else { json!("bronze") };
        assert_eq!(badge().await, expected);
    }
    let answer = good(scene.put_me("alice", &json!({"display_name": null}))).await;
    assert_eq!(answer["display_name"], Value::Null);
    assert_eq!(scene.json("supporters").await["total_count"], 0);
    assert_eq!(badge().await, "bronze");
}

#[tokio::test]
async fn what_a_person_cannot_be_called_or_cannot_set_is_refused_and_the_unknown_is_named() {
    let scene = Scene::set().await;
    scene.gives(Gift::default()).await;
    for (body, field) in [
        (json!({"display_name": "a\u{7}b"}), "display_name"),
        (json!({"displayName": "a\nb"}), "display_name"),
        (json!({"display_name": "x".repeat(256)}), "display_name"),
        (
            json!({"display_name": "see https://a.example"}),
            "display_name",
        ),
        (json!({"display_name": 7}), "display_name"),
        (json!({"is_anonymous": null}), "is_anonymous"),
        (json!({"showBadge": "yes"}), "show_badge"),
        (json!({"showBadge": true, "show_badge": true}), "show_badge"),
    ] {
        let refused = problem(scene.put_me("alice", &body)).await;
        assert_eq!(refused["code"], "INVALID_REQUEST", "{body}");
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    let body = json!({"showBadge": true, "show_total": true, "email": "a@b.example"});
    let answer = good(scene.put_me("alice", &body)).await;
    assert_eq!(answer["show_badge"], true);
    assert_eq!(answer["ignored"], json!(["email", "show_total"]));
    assert_eq!(names(&scene.json("supporters").await), ["Alice Johnson"]);
    let unsigned = scene
        .gateway
        .request(Method::PUT, "/api/v1/supporters/me")
        .json(&json!({}));
    assert_eq!(problem(unsigned).await["status"], 401);
    let foreign = scene.put_me("alice", &json!({}));
    let foreign = problem(foreign.header("x-tenant-id", "other")).await;
    assert_eq!(foreign["code"], "TENANT_MISMATCH");
    let elsewhere = scene
        .get("supporters/me")
        .bearer_auth(token("other", "alice"));
    assert_eq!(good(elsewhere).await["total_cents"], 0);
    let own = scene
        .get("supporters/me")
        .bearer_auth(token(DEFAULT, "alice"));
    assert_eq!(good(own).await["total_cents"], 2500);
}
