//! Whom and which tenant a request names.

use reqwest::RequestBuilder;
use serde_json::json;

use super::{DEFAULT, Gift, Scene, names, token};
use crate::gateway::{Gateway, config, problem, sent};
use crate::stage::good;

async fn status(request: RequestBuilder) -> u16 {
    sent(request).await.status().as_u16()
}

#[tokio::test]
async fn two_tenants_have_each_their_wall_progress_and_badges() {
    let scene = Scene::set().await;
    let in_other = Gift {
        tenant: "other",
        name: "Alice of Other",
        cents: 10_000,
        ..Gift::default()
    };
    scene.gives(Gift::default()).await;
    scene.gives(in_other).await;
    for (tenant, name, cents, level) in [
        (DEFAULT, "Alice Johnson", 2_500, "bronze"),
        ("other", "Alice of Other", 10_000, "silver"),
    ] {
        let token = token(tenant, "alice");
        for (wall, progress) in [
            (
                scene.get(&format!("supporters?tenant={tenant}")),
                scene.get(&format!("progress?tenant={tenant}")),
            ),
            (
                scene.get("supporters").header("x-tenant-id", tenant),
                scene.get("progress").header("x-tenant-id", tenant),
            ),
            (
                scene.get("supporters").bearer_auth(&token),
                scene.get("progress").bearer_auth(&token),
            ),
        ] {
            let wall = good(wall).await;
            assert_eq!(
                (names(&wall), &wall["total_count"]),
                (vec![name], &json!(1))
            );
            assert_eq!(good(progress).await["current_cents"], cents);
        }
        let path = format!("supporters/{tenant}/alice/badge");
        assert_eq!(scene.json(&path).await["badge_level"], level);
        // Whoever has the same name in another tenant is a stranger.
        let own = tenant == DEFAULT;
        let total = &scene.json_to("alice", &path).await["total_cents"];
        assert_eq!(total.is_null(), !own);
    }
    assert_eq!(names(&scene.json("supporters").await), ["Alice Johnson"]);
}

#[tokio::test]
async fn a_request_that_names_two_tenants_is_refused() {
    let scene = Scene::set().await;
    for path in ["supporters", "progress", "sponsorship"] {
        let two = scene.get(&format!("{path}?tenant=demo"));
        assert_eq!(status(two.header("x-tenant-id", "other")).await, 400);
        let foreign = scene.get(&format!("{path}?tenant=other"));
        let foreign = foreign.bearer_auth(token(DEFAULT, "u"));
        assert_eq!(problem(foreign).await["code"], "TENANT_MISMATCH");
        let foreign = scene.get(path).header("x-tenant-id", "other");
        let foreign = foreign.bearer_auth(token(DEFAULT, "u"));
        assert_eq!(problem(foreign).await["code"], "TENANT_MISMATCH");
    }
    let badge = scene.get("supporters/demo/u/badge");
    assert_eq!(status(badge.header("x-tenant-id", "other")).await, 400);
}

#[tokio::test]
async fn a_tenant_that_is_not_served_is_not_found() {
    let scene = Scene::set().await;
    // This one's core token is for the tenant `other` only.
    let flags = ["--jwt-tenant-claim=tenantId"];
    let core_token = &scene.core.other_gateways_token;
    let gateway = Gateway::start(config(&scene.core.url(), core_token, &flags)).await;
    for (tenant, expected) in [("other", 200), ("demo", 404)] {
        for path in [
            format!("supporters?tenant={tenant}"),
            format!("progress?tenant={tenant}"),
            format!("sponsorship?tenant={tenant}"),
            format!("supporters/{tenant}/u/badge"),
            format!("supporters/{tenant}/u/badge.svg"),
            format!("supporters/{tenant}/u/shields.json"),
        ] {
            let answered = status(gateway.get(&format!("/api/v1/{path}"))).await;
            assert_eq!(answered, expected, "{path}");
        }
    }
}

#[tokio::test]
async fn a_person_is_found_by_whatever_they_are_called_and_nobody_by_nothing() {
    let scene = Scene::set().await;
    let longest = "x".repeat(255);
    for (user, written) in [
        ("Ї /?#%", "%D0%87%20%2F%3F%23%25"),
        ("me", "me"),
        ("a+b@c.example", "a+b@c.example"),
        (&longest, &longest),
    ] {
        let gift = Gift {
            user,
            ..Gift::default()
        };
        scene.gives(gift).await;
        for kind in ["badge", "badge.svg", "shields.json"] {
            let answer = sent(scene.get(&format!("supporters/demo/{written}/{kind}"))).await;
            let text = answer.text().await.unwrap();
            assert!(text.contains("bronze"), "{written}: {text}");
        }
    }
    let longer = "x".repeat(256);
    for (tenant, user, expected) in [
        ("demo", "%FF", 404),
        ("%C3", "u", 404),
        ("demo", "%00", 400),
        ("demo", "a%00", 400),
        ("demo", "%20", 400),
        ("demo", "%E2%80%8B", 400),
        ("%E2%80%8B", "u", 400),
        ("demo", &longer, 400),
        (&longer, "u", 400),
        ("demo", "", 400),
        ("", "u", 400),
    ] {
        for kind in ["badge", "badge.svg", "shields.json"] {
            let refused = problem(scene.get(&format!("supporters/{tenant}/{user}/{kind}"))).await;
            assert_eq!(refused["status"], expected, "{tenant}/{user}: {refused}");
        }
    }
}
