//! What nobody may learn of anonymous gifts.

use billing_proto::v1;
use billing_proto::v1::PaymentState;
use billing_proto::v1::apply_provider_event_request::Report;
use serde_json::json;

use super::{DEFAULT, Gift, Scene, bytes, state, tenant};
use crate::stage::good;

const USERS: [&str; 3] = ["alice", "bob", "carol"];

/// Every public answer but the progress. Carol has given nothing at all; `ulid` is a gift of Alice's of which
/// nobody says thanks any more.
async fn public(scene: &Scene, ulid: &str) -> Vec<String> {
    let mut paths = vec!["sponsorship".to_owned(), format!("contributions/{ulid}")];
    for user in USERS {
        for kind in ["badge", "badge.svg", "shields.json"] {
            paths.push(format!("supporters/demo/{user}/{kind}"));
        }
    }
    for period in ["all", "month"] {
        paths.push(format!("supporters?period={period}"));
        paths.push(format!("supporters?period={period}&limit=1"));
    }
    let mut answers = Vec::new();
    for path in paths {
        let answer = bytes(scene.get(&path)).await;
        assert!(answer.starts_with("200 "), "{path} {answer}");
        answers.push(format!("{path} {answer}"));
    }
    answers
}

/// A public gift of Alice's of long ago; by its ULID.
async fn long_ago(scene: &Scene) -> String {
    let begun = scene.begun(Gift::default()).await;
    let paid = Report::Payment(state(PaymentState::Succeeded, 2_500));
    let at = Some("2026-01-02T00:00:00Z");
    scene.told(&begun.payment.unwrap(), "paid", at, paid).await;
    begun.contribution_ulid
}

fn anonymous(user: &str) -> Gift<'_> {
    Gift {
        user,
        cents: 10_000,
        is_anonymous: true,
        message: "nobody shall read this",
        ..Gift::default()
    }
}

#[tokio::test]
async fn an_anonymous_gift_changes_no_byte_of_any_public_answer_but_the_progress() {
    let scene = Scene::set().await;
    let ulid = long_ago(&scene).await;
    for shows_totals in [false, true] {
        scene
            .set_sponsorship(v1::Sponsorship {
                shows_totals,
                ..tenant(DEFAULT)
            })
            .await;
        scene.gives(Gift::default()).await;
        let (before, meter) = (public(&scene, &ulid).await, scene.json("progress").await);
        scene.gives(anonymous("alice")).await;
        let refunded = scene.gives(anonymous("bob")).await;
        assert_eq!(public(&scene, &ulid).await, before);
        let mut expected = meter.clone();
        expected["current_cents"] = json!(meter["current_cents"].as_i64().unwrap() + 20_000);
        expected["supporter_count"] = json!(2);
        assert_eq!(scene.json("progress").await, expected);
        scene.refunded(&refunded, 10_000).await;
        assert_eq!(public(&scene, &ulid).await, before);
    }
}

#[tokio::test]
async fn who_shows_their_badge_shows_what_they_gave_anonymously_and_no_name() {
    let scene = Scene::set().await;
    let ulid = long_ago(&scene).await;
    scene.gives(anonymous("bob")).await;
    let before = public(&scene, &ulid).await;
    good(scene.put_me("bob", &json!({"show_badge": true}))).await;
    let after = public(&scene, &ulid).await;
    let changed: Vec<&str> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .map(|(before, _)| before.split(' ').next().unwrap())
        .collect();
    let kinds = ["badge", "badge.svg", "shields.json"];
    assert_eq!(
        changed,
        kinds.map(|kind| format!("supporters/demo/bob/{kind}"))
    );
    let badge = scene.json("supporters/demo/bob/badge").await;
    assert_eq!(badge["badge_level"], "silver");
    good(scene.put_me("bob", &json!({"show_badge": false}))).await;
    assert_eq!(public(&scene, &ulid).await, before);
}

#[tokio::test]
async fn a_message_is_on_the_wall_once_somebody_approved_it() {
    let scene = Scene::set().await;
    let gift = Gift {
        message: "Keep up the great work!",
        paid_at: Some("2026-01-02T00:00:00Z"),
        ..Gift::default()
    };
    scene.gives(gift).await;
    let entry = async || scene.json("supporters").await["supporters"]["bronze"].clone();
    let without = json!([{"name": "Alice Johnson", "since": "2026-01-02", "monthly": false}]);
    assert_eq!(entry().await, without);
    let mut admin = scene.core.sponsorship_admin();
    let waiting = v1::ListMessagesRequest {
        tenant_id: DEFAULT.to_owned(),
        page_size: 0,
        ..Default::default()
    };
    let waiting = admin.list_messages(waiting).await.unwrap().into_inner();
    let approved = v1::ModerateMessageRequest {
        tenant_id: DEFAULT.to_owned(),
        ulid: waiting.messages[0].ulid.clone(),
        approve: true,
        actor: "carol".to_owned(),
        ..Default::default()
    };
    admin.moderate_message(approved).await.unwrap();
    let mut with = without.clone();
    with[0]["message"] = json!("Keep up the great work!");
    assert_eq!(entry().await, with);
}
