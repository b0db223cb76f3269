//! What anybody may read, as the platform's guide has it.

use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::{PaymentReport, PaymentState, Sponsorship};
use jiff::Timestamp;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{DEFAULT, Gift, Scene, state, tenant, token};
use crate::gateway::{Gateway, problem, sent};

#[tokio::test]
async fn the_guides_badge_is_its_owners_and_that_of_a_stranger_tells_no_sums() {
    let scene = Scene::set().await;
    let path = "supporters/demo/42/badge";
    let nothing = json!({
        "badge_level": null,
        "total_cents": 0,
        "contribution_count": 0,
        "first_contribution_at": null,
    });
    let untold = |level: Value| {
        json!({
            "badge_level": level,
            "total_cents": null,
            "contribution_count": null,
            "first_contribution_at": null,
        })
    };
    assert_eq!(scene.json_to("42", path).await, nothing);
    assert_eq!(scene.json(path).await, untold(Value::Null));
    for paid_at in [
        "2024-06-15T00:00:00Z",
        "2024-07-15T00:00:00Z",
        "2025-01-25T12:00:00Z",
    ] {
        scene
            .gives(Gift {
                user: "42",
                paid_at: Some(paid_at),
                ..Gift::default()
            })
            .await;
    }
    let bronze = json!({
        "badge_level": "bronze",
        "total_cents": 7500,
        "contribution_count": 3,
        "first_contribution_at": "2024-06-15T00:00:00Z",
    });
    assert_eq!(scene.json_to("42", path).await, bronze);
    assert_eq!(scene.json(path).await, untold(json!("bronze")));
    assert_eq!(scene.json_to("43", path).await, untold(json!("bronze")));
    scene
        .set_sponsorship(Sponsorship {
            shows_totals: true,
            ..tenant(DEFAULT)
        })
        .await;
    assert_eq!(scene.json(path).await, bronze);
    assert_eq!(scene.json("supporters/demo/nobody/badge").await, nothing);
}

#[tokio::test]
async fn the_guides_wall_names_by_level_since_when() {
    let scene = Scene::set().await;
    let levels = json!({"platinum": [], "gold": [], "silver": [], "bronze": [], "supporter": []});
    let empty = json!({"supporters": levels, "total_count": 0, "next_cursor": null});
    assert_eq!(scene.json("supporters").await, empty);
    for (user, name, cents, paid_at) in [
        ("1", "Alice Johnson", 200_000, "2024-01-15T23:59:59Z"),
        ("2", "Bob Smith", 50_000, "2024-03-20T00:00:00Z"),
        ("3", "Carol", 2_499, "2024-03-21T00:00:00Z"),
    ] {
        let gift = Gift {
            user,
            name,
            cents,
            paid_at: Some(paid_at),
            ..Gift::default()
        };
        scene.gives(gift).await;
    }
    let mut wall = empty.clone();
    wall["supporters"]["platinum"] =
        json!([{"name": "Alice Johnson", "since": "2024-01-15", "monthly": false}]);
    wall["supporters"]["gold"] =
        json!([{"name": "Bob Smith", "since": "2024-03-20", "monthly": false}]);
    wall["supporters"]["supporter"] =
        json!([{"name": "Carol", "since": "2024-03-21", "monthly": false}]);
    wall["total_count"] = json!(3);
    assert_eq!(scene.json("supporters").await, wall);
    assert_eq!(scene.json("supporters?period=all").await, wall);
    assert_eq!(scene.json("supporters?period=month").await, empty);
    let now = Gift {
        user: "2",
        name: "Bob Smith",
        cents: 500,
        ..Gift::default()
    };
    scene.gives(now).await;
    let mut month = empty;
    month["supporters"]["gold"] = wall["supporters"]["gold"].clone();
    month["total_count"] = json!(1);
    assert_eq!(scene.json("supporters?period=month").await, month);
}

#[tokio::test]
async fn the_guides_progress_is_that_of_the_month_and_a_refund_takes_its_part_back() {
    let scene = Scene::set().await;
    let month = |at: Timestamp| at.to_string()[..7].to_owned();
    let without_goal = scene.json("progress").await;
    assert_eq!(without_goal["goal_cents"], 0);
    assert_eq!(without_goal["percentage"], Value::Null);
    scene
        .set_sponsorship(Sponsorship {
            goal_minor: 50_000,
            ..tenant(DEFAULT)
        })
        .await;
    let mut last = None;
    for n in 0..23 {
        let gift = Gift {
            user: &n.to_string(),
            cents: if n == 0 { 1_700 } else { 1_500 },
            // Anonymous ones move the meter too.
            is_anonymous: n % 2 == 0,
            ..Gift::default()
        };
        last = Some(scene.gives(gift).await);
    }
    let progress = scene.json("progress").await;
    let reset: Timestamp = progress["next_reset"].as_str().unwrap().parse().unwrap();
    let next_month = progress["next_reset"].as_str().unwrap();
    assert!(next_month.ends_with("-01T00:00:00Z"), "{next_month}");
    let expected = json!({
        "goal_cents": 50_000,
        "current_cents": 34_700,
        "supporter_count": 23,
        "month": month(reset - jiff::SignedDuration::from_secs(1)),
        "percentage": 69,
        "pending_cents": 0,
        "next_reset": next_month,
    });
    assert_eq!(progress, expected);
    scene.refunded(&last.unwrap(), 1_500).await;
    let after = scene.json("progress").await;
    assert_eq!(after["current_cents"], 33_200);
    assert_eq!(after["supporter_count"], 22);
}

#[tokio::test]
async fn what_is_on_its_way_is_in_no_other_number_until_it_has_come() {
    let scene = Scene::set().await;
    let before = scene.json("progress").await;
    let gift = Gift::default();
    let payment = scene.begun(gift).await.payment.unwrap();
    // Nobody has paid yet.
    assert_eq!(scene.json("progress").await, before);
    let on_its_way = PaymentReport {
        processing: true,
        ..state(PaymentState::Pending, gift.cents)
    };
    let on_its_way = Report::Payment(on_its_way);
    scene.told(&payment, "completed", None, on_its_way).await;
    let mut expected = before.clone();
    expected["pending_cents"] = json!(gift.cents);
    assert_eq!(scene.json("progress").await, expected);
    let wall = scene.json("supporters").await;
    assert_eq!(wall["total_count"], 0);
    let paid = Report::Payment(state(PaymentState::Succeeded, gift.cents));
    scene.told(&payment, "paid", None, paid).await;
    let mut expected = before;
    expected["current_cents"] = json!(gift.cents);
    expected["supporter_count"] = json!(1);
    assert_eq!(scene.json("progress").await, expected);
}

#[tokio::test]
async fn who_has_an_answer_is_told_that_it_still_holds_until_a_byte_of_it_changes() {
    let scene = Scene::set().await;
    let paths = [
        "supporters",
        "supporters?period=month",
        "progress",
        "supporters/demo/alice/badge",
        "supporters/demo/alice/badge.svg",
        "supporters/demo/alice/shields.json",
    ];
    let mut tags = Vec::new();
    for path in paths {
        let answer = sent(scene.get(path)).await;
        assert_eq!(answer.status(), 200, "{path}");
        let tag = answer.headers()["etag"].clone();
        let again = scene.get(path).header("if-none-match", &tag);
        let again = sent(again).await;
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(again.headers()["etag"], tag);
        let cache = &again.headers()["cache-control"];
        assert_eq!(cache, &answer.headers()["cache-control"]);
        assert_ne!(cache, "no-store", "{path}");
        assert_eq!(again.text().await.unwrap(), "");
        tags.push(tag);
    }
    scene.gives(Gift::default()).await;
    for (path, tag) in paths.into_iter().zip(tags) {
        let again = sent(scene.get(path).header("if-none-match", tag)).await;
        assert_eq!(again.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_picture_says_the_level_and_can_do_nothing() {
    let scene = Scene::set().await;
    for (user, cents, shown, message) in [
        ("nobody", 0, "none yet", "not yet"),
        ("a", 2_500, "bronze", "bronze"),
        ("b", 10_000, "silver", "silver"),
        ("c", 50_000, "gold", "gold"),
        ("d", 200_000, "platinum", "platinum"),
    ] {
        let gift = Gift {
            user,
            cents,
            ..Gift::default()
        };
        if cents > 0 {
            scene.gives(gift).await;
        }
        let answer = sent(scene.get(&format!("supporters/demo/{user}/badge.svg"))).await;
        let headers = answer.headers();
        assert_eq!(headers["content-type"], "image/svg+xml");
        assert_eq!(headers["cache-control"], "public, max-age=60");
        assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let svg = answer.text().await.unwrap();
        let title = format!("<title>Supporter badge: {shown}</title>");
        assert!(svg.contains(&title), "{svg}");
        let shields = scene
            .json(&format!("supporters/demo/{user}/shields.json"))
            .await;
        assert_eq!(
            (&shields["schemaVersion"], &shields["label"]),
            (&json!(1), &json!("supporter"))
        );
        assert_eq!(
            (&shields["message"], &shields["isError"]),
            (&json!(message), &json!(false))
        );
    }
}

#[tokio::test]
async fn a_form_is_told_what_may_be_given_and_by_which_words_people_consent() {
    let scene = Scene::set().await;
    let defaults = json!({
        "currency": "USD",
        "min_amount_cents": 500,
        "max_amount_cents": 1_000_000,
        "presets_cents": [1000, 2500, 5000],
        "goal_cents": 0,
        "thresholds_cents": {"bronze": 2500, "silver": 10000, "gold": 50000, "platinum": 200_000},
        "time_zone": "UTC",
        "shows_totals": false,
        "wording": "",
        "wording_version": "1",
        "payments_paused": false,
        "payments_paused_reason": null,
    });
    assert_eq!(scene.json("sponsorship").await, defaults);
    scene
        .set_sponsorship(Sponsorship {
            wording: "Show my name".to_owned(),
            wording_version: "2026-11".to_owned(),
            ..tenant("other")
        })
        .await;
    let other = scene.json("sponsorship?tenant=other").await;
    assert_eq!(other["wording"], "Show my name");
    assert_eq!(other["wording_version"], "2026-11");
    assert_eq!(scene.json("sponsorship").await, defaults);
}

async fn refused(request: RequestBuilder, status: u16, code: &str) {
    let problem = problem(request).await;
    assert_eq!(problem["status"], status, "{problem}");
    assert_eq!(problem["code"], code, "{problem}");
}

#[tokio::test]
async fn wall_and_progress_are_given_sixty_times_a_minute_each_to_one_address() {
    let gateway = Gateway::without_core(&["--trusted-proxies=1"]).await;
    // What is refused reaches no core and still counts.
    let from = |address: &str, path: &str| {
        gateway
            .get(&format!("/api/v1/{path}"))
            .header("x-forwarded-for", address)
    };
    let [wall, progress] = ["supporters?period=year", "progress?tenant=other"];
    for _ in 0..60 {
        refused(from("192.0.2.1", wall), 400, "INVALID_REQUEST").await;
        refused(from("192.0.2.1", progress), 404, "NOT_FOUND").await;
    }
    for path in [wall, progress] {
        let answer = sent(from("192.0.2.1", path)).await;
        assert_eq!(answer.status(), 429);
        let wait = answer.headers()["retry-after"].to_str().unwrap();
        assert_eq!(wait, "1");
        refused(from("192.0.2.1", path), 429, "RATE_LIMITED").await;
    }
    refused(from("192.0.2.2", wall), 400, "INVALID_REQUEST").await;
    // Many faces are on one page.
    for _ in 0..100 {
        let badge = from("192.0.2.1", "supporters/other/u/badge.svg");
        refused(badge, 404, "NOT_FOUND").await;
    }
}

#[tokio::test]
async fn a_token_that_is_not_good_is_not_taken_for_a_strangers_request() {
    let scene = Scene::set().await;
    for path in ["supporters/demo/alice/badge", "supporters", "progress"] {
        let request = scene.get(path).bearer_auth("x.y.z");
        refused(request, 401, "UNAUTHENTICATED").await;
    }
    // A picture is the same for everybody.
    let picture = scene.get("supporters/demo/alice/badge.svg");
    assert_eq!(sent(picture.bearer_auth("x.y.z")).await.status(), 200);
    for path in ["supporters/me"] {
        refused(scene.get(path), 401, "UNAUTHENTICATED").await;
    }
    let owner = scene.get("supporters/demo/alice/badge");
    let answer = sent(owner.bearer_auth(token(DEFAULT, "alice"))).await;
    assert_eq!(answer.headers()["cache-control"], "private, no-cache");
}
