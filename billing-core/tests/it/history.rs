//! `ListEntries` and `GetUsage`.

use billing_proto::v1;
use billing_proto::v1::EntryKind;
use billing_testkit::{TestCore, TestDatabase};
use jiff::Timestamp;

use crate::support::{USD, amount, as_owner, core, core_with_prices, moment, price, tool};
use crate::user::User;

fn at(time: &str) -> Option<prost_types::Timestamp> {
    Some(moment(time.parse::<Timestamp>().unwrap()))
}

async fn amounts(user: &User<'_>, request: v1::ListEntriesRequest) -> Vec<i64> {
    let page = user.page(request).await;
    page.entries
        .iter()
        .map(|entry| entry.amount_micros)
        .collect()
}

/// Puts the entry `seq` of the only account to a time in the past, behind the append-only rule.
async fn date(database: &TestDatabase, seq: i64, time: &str) {
    as_owner(
        database,
        &format!(
            "set session_replication_role = replica;
            update entry set created_at = '{time}' where seq = {seq}"
        ),
    )
    .await;
}

async fn usage(core: &TestCore, from: &str, to: &str) -> v1::GetUsageResponse {
    let request = v1::GetUsageRequest {
        account: User::new(core, "alice").account(),
        from: at(from),
        to: at(to),
    };
    core.balance()
        .get_usage(request)
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test]
async fn entries_come_newest_first_in_pages_that_stay_the_same_while_entries_arrive() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    for n in 1..=6 {
        alice.charge(&format!("{n}"), amount(n)).await;
    }
    let first = v1::ListEntriesRequest {
        page_size: 3,
        ..Default::default()
    };
    let page = alice.page(first.clone()).await;
    let shown: Vec<_> = page
        .entries
        .iter()
        .map(|entry| entry.amount_micros)
        .collect();
    assert_eq!(shown, [-6, -5, -4]);
    alice.charge("7", amount(7)).await;
    let second = v1::ListEntriesRequest {
        page_token: page.next_page_token.clone(),
        ..first.clone()
    };
    assert_eq!(amounts(&alice, second.clone()).await, [-3, -2, -1]);
    let last = alice.page(second).await.next_page_token;
    let third = alice
        .page(v1::ListEntriesRequest {
            page_token: last,
            ..first.clone()
        })
        .await;
    assert_eq!(third.entries.len(), 1);
    assert_eq!(third.entries[0].kind(), EntryKind::Grant);
    assert_eq!(third.next_page_token, "");
    // The id of any entry is a token: what is older than it.
    let after_second = v1::ListEntriesRequest {
        page_token: page.entries[1].entry_id.clone(),
        ..first.clone()
    };
    assert_eq!(amounts(&alice, after_second).await, [-4, -3, -2]);
    let skipping = v1::ListEntriesRequest { skip: 2, ..first };
    assert_eq!(amounts(&alice, skipping).await, [-5, -4, -3]);
    // A page that ends with the last entry says that it is the last.
    let exactly = alice
        .page(v1::ListEntriesRequest {
            page_size: 8,
            ..Default::default()
        })
        .await;
    assert_eq!(
        (exactly.entries.len(), exactly.next_page_token.as_str()),
        (8, "")
    );
    core.stop().await;
}

#[tokio::test]
async fn a_page_has_50_entries_where_no_size_is_given() {
    let (_database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    for n in 0..50 {
        alice.charge(&format!("{n}"), amount(1)).await;
    }
    let page = alice.page(v1::ListEntriesRequest::default()).await;
    assert_eq!(page.entries.len(), 50);
    assert_ne!(page.next_page_token, "");
    core.stop().await;
}

#[tokio::test]
async fn entries_are_found_by_kind_tool_and_time() {
    let search = v1::Price {
        per_call_micros: 5,
        ..price("search")
    };
    let (database, core) = core_with_prices(&[search]).await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let charge = alice.charge("1", tool("search", &[])).await.entry_id;
    alice.charge("2", amount(7)).await;
    alice.refund("3", &charge, Some(2)).await.unwrap();
    alice.adjust("4", -9).await;
    alice.charge("5", tool("search", &[])).await;
    let kind = |kind: EntryKind| v1::ListEntriesRequest {
        kind: kind.into(),
        ..Default::default()
    };
    assert_eq!(amounts(&alice, kind(EntryKind::Charge)).await, [-5, -7, -5]);
    assert_eq!(amounts(&alice, kind(EntryKind::Refund)).await, [2]);
    assert_eq!(amounts(&alice, kind(EntryKind::Adjustment)).await, [-9]);
    assert_eq!(amounts(&alice, kind(EntryKind::Grant)).await, [5 * USD]);
    assert!(amounts(&alice, kind(EntryKind::TopUp)).await.is_empty());
    let several = v1::ListEntriesRequest {
        kinds: vec![EntryKind::Refund.into(), EntryKind::Grant.into()],
        ..kind(EntryKind::Adjustment)
    };
    assert_eq!(amounts(&alice, several).await, [-9, 2, 5 * USD]);
    let by_tool = v1::ListEntriesRequest {
        tool: "search".to_owned(),
        ..Default::default()
    };
    // A refund belongs to the tool of its charge.
    assert_eq!(amounts(&alice, by_tool.clone()).await, [-5, 2, -5]);
    let both = v1::ListEntriesRequest {
        page_size: 1,
        skip: 1,
        ..v1::ListEntriesRequest {
            kind: EntryKind::Charge.into(),
            ..by_tool
        }
    };
    assert_eq!(amounts(&alice, both).await, [-5]);
    for seq in 1..=6 {
        date(&database, seq, &format!("2026-03-0{seq}T12:00:00Z")).await;
    }
    let span = |from: &str, to: &str| v1::ListEntriesRequest {
        from: at(from),
        to: at(to),
        ..Default::default()
    };
    // From is included, to is not.
    let days = span("2026-03-02T12:00:00Z", "2026-03-05T12:00:00Z");
    assert_eq!(amounts(&alice, days).await, [2, -7, -5]);
    let later = span("2026-03-02T12:00:00.000001Z", "2027-01-01T00:00:00Z");
    assert_eq!(amounts(&alice, later).await, [-5, -9, 2, -7]);
    let before = span("2000-01-01T00:00:00Z", "2026-03-01T12:00:00Z");
    assert!(amounts(&alice, before).await.is_empty());
    let turned = span("2026-03-05T12:00:00Z", "2026-03-02T12:00:00Z");
    assert!(amounts(&alice, turned).await.is_empty());
    core.stop().await;
}

#[tokio::test]
async fn usage_is_summed_by_the_days_of_the_accounts_zone_and_by_tool() {
    let search = v1::Price {
        per_call_micros: 5,
        ..price("search")
    };
    let (database, core) = core_with_prices(&[search]).await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    alice
        .settings(v1::UpdateSettingsRequest {
            time_zone: Some("Europe/Kyiv".to_owned()),
            ..Default::default()
        })
        .await;
    // Entries 2 to 6, about the short day of March 29 (Kyiv: 23 hours).
    let first = alice.charge("2", tool("search", &[])).await.entry_id;
    alice.charge("3", amount(7)).await;
    alice.charge("4", tool("search", &[])).await;
    alice.refund("5", &first, Some(2)).await.unwrap();
    alice.charge("6", amount(11)).await;
    for (seq, time) in [
        (1, "2026-03-01T00:00:00Z"),
        (2, "2026-03-28T21:59:59.999999Z"), // the last moment of March 28
        (3, "2026-03-28T22:00:00Z"),        // the first of March 29
        (4, "2026-03-29T20:59:59.999999Z"), // its last, an hour early
        (5, "2026-03-29T21:00:00Z"),        // March 30: only the refund
        (6, "2026-04-01T12:00:00Z"),
    ] {
        date(&database, seq, time).await;
    }
    let answer = usage(&core, "2026-03-20T00:00:00Z", "2026-04-10T00:00:00Z").await;
    assert_eq!(answer.time_zone, "Europe/Kyiv");
    let days: Vec<_> = answer
        .days
        .iter()
        .map(|day| (day.date.as_str(), day.spent_micros, day.charge_count))
        .collect();
    let expected = [
        ("2026-03-28", 5, 1),
        ("2026-03-29", 12, 2),
        ("2026-03-30", -2, 0),
        ("2026-04-01", 11, 1),
    ];
    assert_eq!(days, expected);
    let tools = |answer: &v1::GetUsageResponse| -> Vec<(String, i64, i64)> {
        let tools = answer.tools.iter();
        tools
            .map(|sum| (sum.tool.clone(), sum.spent_micros, sum.charge_count))
            .collect()
    };
    assert_eq!(
        tools(&answer),
        [(String::new(), 18, 2), ("search".to_owned(), 8, 2)]
    );
    // Part of a day is that part only.
    let part = usage(&core, "2026-03-29T00:00:00Z", "2026-03-29T21:00:00Z").await;
    assert_eq!(part.days.len(), 1);
    assert_eq!(
        (part.days[0].date.as_str(), part.days[0].spent_micros),
        ("2026-03-29", 5)
    );
    assert_eq!(tools(&part), [("search".to_owned(), 5, 1)]);
    core.stop().await;
}

#[tokio::test]
async fn usage_without_a_span_is_that_of_the_last_30_days() {
    let (database, core) = core().await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    alice.charge("2", amount(7)).await;
    alice.charge("3", amount(11)).await;
    let long_ago = Timestamp::now() - jiff::SignedDuration::from_hours(31 * 24);
    date(&database, 1, &long_ago.to_string()).await;
    date(&database, 2, &long_ago.to_string()).await;
    let request = v1::GetUsageRequest {
        account: alice.account(),
        ..Default::default()
    };
    let answer = core
        .balance()
        .get_usage(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.days.len(), 1);
    assert_eq!(
        (answer.days[0].spent_micros, answer.time_zone.as_str()),
        (11, "UTC")
    );
    // An account that was never written has used nothing.
    let request = v1::GetUsageRequest {
        account: User::new(&core, "never-seen").account(),
        ..Default::default()
    };
    let nothing = core
        .balance()
        .get_usage(request)
        .await
        .unwrap()
        .into_inner();
    assert!(nothing.days.is_empty() && nothing.tools.is_empty());
    core.stop().await;
}
