//! Questions about the history.

use billing_proto::v1;

use super::{Refusing, bad_optional_texts, bad_times};
use crate::support::moment;
use crate::user::User;

#[tokio::test]
async fn a_page_that_cannot_be_one_is_refused() {
    let core = Refusing::start().await;
    for size in [-1, 501, i32::MAX, i32::MIN] {
        core.list_entries("page_size", |r| r.page_size = size).await;
    }
    for skip in [-1, 1_000_001, i32::MIN] {
        core.list_entries("skip", |r| r.skip = skip).await;
    }
    let bob = User::with(&core.core, "bob", 1).await;
    let anothers = bob.entries().await[0].entry_id.clone();
    for token in [
        "nonsense".to_owned(),
        "x".repeat(65),
        "a\0b".to_owned(),
        anothers,
    ] {
        core.list_entries("page_token", |r| r.page_token = token.clone())
            .await;
    }
    for tool in bad_optional_texts(128) {
        core.list_entries("tool", |r| r.tool = tool.clone()).await;
    }
    core.serves_on().await;
}

#[tokio::test]
async fn a_time_that_cannot_be_one_is_refused() {
    let core = Refusing::start().await;
    for at in bad_times() {
        core.list_entries("from", |r| r.from = at).await;
        core.list_entries("to", |r| r.to = at).await;
        core.get_usage("from", |r| r.from = at).await;
        core.get_usage("to", |r| r.to = at).await;
    }
    core.serves_on().await;
}

#[tokio::test]
async fn usage_is_asked_for_at_most_366_days() {
    let core = Refusing::start().await;
    let day = 86_400;
    let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    for (from, to) in [(0, 0), (day, 0), (0, 366 * day + 1)] {
        core.get_usage("from", |r| {
            r.from = time(from);
            r.to = time(to);
        })
        .await;
    }
    // Years of 366 days are asked about, and the first day of all.
    for (from, to) in [(time(0), time(366 * day)), (None, time(-62_135_596_800))] {
        let request = v1::GetUsageRequest {
            account: core.user("alice").account(),
            from,
            to,
        };
        core.core.balance().get_usage(request).await.unwrap();
    }
    core.serves_on().await;
}

#[tokio::test]
async fn the_days_of_usage_are_the_accounts_own_also_where_one_has_25_hours() {
    let core = Refusing::start().await;
    let settings = v1::UpdateSettingsRequest {
        account: core.user("alice").account(),
        time_zone: Some("Europe/Kyiv".to_owned()),
        ..Default::default()
    };
    core.core
        .accounts()
        .update_settings(settings)
        .await
        .unwrap();
    let time = |text: &str| {
        let at: jiff::Timestamp = text.parse().unwrap();
        Some(moment(at))
    };
    let usage = |from: &str, to: &str| v1::GetUsageRequest {
        account: core.user("alice").account(),
        from: time(from),
        to: time(to),
    };
    for (from, to) in [
        // Two ends of summer time lie between, and one beginning.
        ("2025-10-25T00:00:00+03:00", "2026-10-26T00:00:00+02:00"),
        ("2025-10-25T12:30:00+03:00", "2026-10-26T12:30:00+02:00"),
        // One day of 23 hours and none of 25.
        ("2025-03-29T00:00:00+02:00", "2026-03-30T00:00:00+03:00"),
        ("2026-03-28T00:00:00+02:00", "2027-03-29T01:00:00+03:00"),
    ] {
        core.core
            .balance()
            .get_usage(usage(from, to))
            .await
            .unwrap();
    }
    for (from, to) in [
        ("2025-10-25T00:00:00+03:00", "2026-10-26T00:00:00.001+02:00"),
        ("2026-03-28T00:00:00+02:00", "2027-03-29T01:00:00.001+03:00"),
    ] {
        let refused = core
            .core
            .balance()
            .get_usage(usage(from, to))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{from} {to}");
    }
}
