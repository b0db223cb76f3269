//! The wall's pages.

use serde_json::{Value, json};

use super::{Gift, Scene, names};
use crate::gateway::problem;
use crate::stage::good;

/// Seven supporters, called as they are ordered: `1` gave most.
async fn seven(scene: &Scene) -> Vec<String> {
    let users: Vec<String> = (1..=7).map(|n: i32| n.to_string()).collect();
    for (user, less) in users.iter().zip((0..).step_by(500)) {
        let gift = Gift {
            user,
            name: user,
            cents: 10_000 - less,
            ..Gift::default()
        };
        scene.gives(gift).await;
    }
    users
}

async fn rename(scene: &Scene, user: &str, body: Value) {
    good(scene.put_me(user, &body)).await;
}

#[tokio::test]
async fn pages_of_the_wall_have_everybody_once_while_names_change() {
    let scene = Scene::set().await;
    let users = seven(&scene).await;
    for period in ["all", "month"] {
        let page = |cursor: String| format!("supporters?period={period}&limit=3{cursor}");
        let first = scene.json(&page(String::new())).await;
        assert_eq!(names(&first), users[..3]);
        assert_eq!(first["total_count"], 7);
        // On the page that was read, where it ended, and on one that comes.
        rename(&scene, "1", json!({"display_name": "One"})).await;
        rename(&scene, "3", json!({"is_anonymous": true})).await;
        rename(&scene, "5", json!({"display_name": "Five"})).await;
        let next = |page: &Value| format!("&cursor={}", page["next_cursor"].as_str().unwrap());
        let second = scene.json(&page(next(&first))).await;
        assert_eq!(names(&second), ["4", "Five", "6"]);
        assert_eq!(second["total_count"], 6);
        let third = scene.json(&page(next(&second))).await;
        assert_eq!(names(&third), ["7"]);
        assert_eq!(third["next_cursor"], Value::Null);
        for user in ["1", "5"] {
            rename(&scene, user, json!({"display_name": user})).await;
        }
        rename(&scene, "3", json!({"is_anonymous": false})).await;
    }
    let whole = scene.json("supporters").await;
    assert_eq!(names(&whole), users);
    assert_eq!(whole["next_cursor"], Value::Null);
}

#[tokio::test]
async fn nobody_is_lost_where_the_one_at_whom_a_page_ended_gives_more_or_gets_it_back() {
    let scene = Scene::set().await;
    let users: Vec<String> = (1..=7).map(|n: i32| n.to_string()).collect();
    let mut gifts = Vec::new();
    for (user, less) in users.iter().zip((0..).step_by(500)) {
        let (name, cents) = (user.as_str(), 10_000 - less);
        let gift = Gift {
            user,
            name,
            cents,
            ..Gift::default()
        };
        gifts.push((scene.gives(gift).await, cents));
    }
    let page = async |cursor: &str| scene.json(&format!("supporters?limit=3{cursor}")).await;
    let first = page("").await;
    assert_eq!(names(&first), users[..3]);
    let cursor = format!("&cursor={}", first["next_cursor"].as_str().unwrap());
    // 3, at whom it ended, is taken back; then 2 gives more. Before that, the page began behind 3.
    assert_eq!(names(&page(&cursor).await), ["4", "5", "6"]);
    scene.refunded(&gifts[2].0, gifts[2].1).await;
    assert_eq!(names(&page(&cursor).await), ["4", "5", "6"]);
    let more = Gift {
        user: "2",
        name: "2",
        ..Gift::default()
    };
    scene.gives(more).await;
    // Behind 1, who stayed: nobody is missing, and nobody is there who went up.
    assert_eq!(names(&page(&cursor).await), ["4", "5", "6"]);
    scene
        .gives(Gift {
            user: "1",
            name: "1",
            ..Gift::default()
        })
        .await;
    let refused = problem(scene.get(&format!("supporters?limit=3{cursor}"))).await;
    assert_eq!(refused["errors"][0]["field"], "cursor", "{refused}");
}

#[tokio::test]
async fn what_is_no_page_of_the_wall_is_refused_by_its_parameter() {
    let scene = Scene::set().await;
    for (query, field) in [
        ("period=year", "period"),
        ("period=", "period"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("cursor=next", "cursor"),
        ("period=all&period=month", "period"),
    ] {
        let refused = problem(scene.get(&format!("supporters?{query}"))).await;
        assert_eq!(refused["status"], 400, "{query}");
        assert_eq!(refused["errors"][0]["field"], field, "{query}");
    }
}
