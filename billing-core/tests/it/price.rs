//! Prices of tools: versions, costs, free calls.

use billing_proto::v1;
use billing_proto::v1::{Decision, UnpricedToolPolicy};
use billing_testkit::{TestCore, TestDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};
use tonic::Code;

use crate::support::{
    USD, amount, as_owner, core, core_with_prices, eventually, fields, moment, price, reason, run,
    time, tool, tool_usage,
};
use crate::user::User;

fn unit(unit: &str, amount_micros: i64, per_units: i64) -> v1::UnitPrice {
    v1::UnitPrice {
        unit: unit.to_owned(),
        amount_micros,
        per_units,
    }
}

async fn set_price(core: &TestCore, request: v1::SetPriceRequest) -> v1::Price {
    let answer = core.prices().set_price(request).await;
    answer.unwrap().into_inner().price.unwrap()
}

async fn list(core: &TestCore, tool: &str, include_past: bool) -> Vec<(String, i64)> {
    let request = v1::ListPricesRequest {
        tenant_id: "acme".to_owned(),
        tool: tool.to_owned(),
        include_past,
    };
    let answer = core.prices().list_prices(request).await;
    let prices = answer.unwrap().into_inner().prices;
    prices
        .into_iter()
        .map(|price| (price.tool, price.version))
        .collect()
}

async fn estimate(
    core: &TestCore,
    tool: &str,
    quantities: &[(&str, i64)],
) -> v1::EstimateCostResponse {
    let request = v1::EstimateCostRequest {
        tenant_id: "acme".to_owned(),
        tool: Some(tool_usage(tool, quantities)),
    };
    core.prices()
        .estimate_cost(request)
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test]
async fn a_use_costs_its_call_and_its_units_rounded_up_once() {
    let search = v1::Price {
        per_call_micros: 10,
        unit_prices: vec![unit("in", 1, 3), unit("out", 1, 3)],
        ..price("search")
    };
    let tokens = v1::Price {
        unit_prices: vec![unit("tokens", 150_000, 1_000_000)],
        ..price("tokens")
    };
    let (_database, core) = core_with_prices(&[search, tokens]).await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    for (quantities, cost) in [((0, 0), 10), ((1, 1), 11), ((2, 1), 11), ((2, 2), 12)] {
        let quantities = [("in", quantities.0), ("out", quantities.1)];
        let answer = estimate(&core, "search", &quantities).await;
        assert_eq!(
            (answer.required_micros, answer.price_version),
            (cost, Some(1))
        );
        assert!(answer.priced && !answer.exempt);
        let check = alice.check(tool("search", &quantities)).await;
        assert_eq!(
            (check.required_micros, check.price_version),
            (cost, Some(1))
        );
    }
    let charged = alice
        .charge("k", tool("tokens", &[("tokens", 1_000_001)]))
        .await;
    assert_eq!(
        (charged.charged_micros, charged.price_version),
        (150_001, Some(1))
    );
    let entry = &alice.entries().await[0];
    assert_eq!(
        (entry.tool.as_str(), entry.price_version),
        ("tokens", Some(1))
    );
    assert!(
        alice
            .charge("k", tool("tokens", &[("tokens", 1_000_001)]))
            .await
            .replayed
    );
    core.stop().await;
}

#[tokio::test]
async fn an_unknown_and_a_missing_unit_are_refused_everywhere() {
    let search = v1::Price {
        unit_prices: vec![unit("tokens", 1, 1)],
        ..price("search")
    };
    let (_database, core) = core_with_prices(&[search]).await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.hold("held", tool("search", &[("tokens", 5)])).await;
    for quantities in [&[][..], &[("tokens", 1), ("bytes", 1)], &[("Tokens", 1)]] {
        let cost = tool("search", quantities);
        let check = v1::CheckBalanceRequest {
            account: alice.account(),
            cost: cost.clone(),
        };
        let placement = v1::PlaceHoldRequest {
            cost: cost.clone(),
            ..crate::support::hold("alice", "h", 0)
        };
        let charge = v1::ChargeRequest {
            cost: cost.clone(),
            ..crate::support::charge("alice", "c", 0)
        };
        for status in [
            core.balance().check_balance(check).await.unwrap_err(),
            alice.place(placement).await.unwrap_err(),
            alice.try_charge(charge).await.unwrap_err(),
            alice.capture(&hold, cost).await.unwrap_err(),
        ] {
            assert_eq!(status.code(), Code::InvalidArgument, "{quantities:?}");
            assert_eq!(fields(&status), ["cost.tool.quantities"], "{quantities:?}");
        }
        let estimate = v1::EstimateCostRequest {
            tenant_id: "acme".to_owned(),
            tool: Some(tool_usage("search", quantities)),
        };
        let status = core.prices().estimate_cost(estimate).await.unwrap_err();
        assert_eq!(fields(&status), ["tool.quantities"], "{quantities:?}");
    }
    assert_eq!(alice.balance().await, (5 * USD, 5, 5 * USD - 5, 0));
    core.stop().await;
}

#[tokio::test]
async fn an_exempt_tool_costs_nothing_even_in_debt() {
    let exempt = v1::Price {
        per_call_micros: USD,
        exempt: true,
        ..price("help")
    };
    let (_database, core) = core_with_prices(&[exempt]).await;
    let alice = User::new(&core, "alice");
    alice.adjust("debt", -USD).await;
    let check = alice.check(tool("help", &[])).await;
    assert_eq!(
        (check.decision(), check.required_micros),
        (Decision::Allowed, 0)
    );
    let hold = alice.hold("h", tool("help", &[])).await;
    assert_eq!(hold.amount_micros, 0);
    let captured = alice.capture(&hold, tool("help", &[])).await.unwrap();
    assert_eq!(
        (captured.charged_micros, captured.entry_id.is_empty()),
        (0, false)
    );
    assert_eq!(alice.charge("c", tool("help", &[])).await.charged_micros, 0);
    let answer = estimate(&core, "help", &[]).await;
    assert!(answer.exempt && answer.priced && answer.required_micros == 0);
    core.stop().await;
}

#[tokio::test]
async fn free_calls_are_taken_by_holds_and_charges_given_back_by_release_and_only_predicted_by_checks()
 {
    let free = v1::Price {
        per_call_micros: USD,
        free_calls_per_day: 2,
        ..price("search")
    };
    let (database, core) = core_with_prices(&[free]).await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let required = async || alice.check(tool("search", &[])).await.required_micros;
    for _ in 0..3 {
        assert_eq!(required().await, 0);
    }
    let first = alice.hold("first", tool("search", &[])).await;
    assert_eq!(first.amount_micros, 0);
    assert_eq!(
        alice
            .charge("second", tool("search", &[]))
            .await
            .charged_micros,
        0
    );
    assert_eq!(required().await, USD);
    let paid = alice.hold("third", tool("search", &[])).await;
    assert_eq!(paid.amount_micros, USD);
    // A repeated placement takes no second call, a released one gives its own back.
    alice.hold("first", tool("search", &[])).await;
    alice.release(&first).await.unwrap();
    assert_eq!(required().await, 0);
    alice.release(&paid).await.unwrap();
    let again = alice.hold("fourth", tool("search", &[])).await;
    assert_eq!(again.amount_micros, 0);
    assert_eq!(required().await, USD);
    // Whatever a free call came to, it captures at 0.
    assert_eq!(
        alice
            .capture(&again, amount(3 * USD))
            .await
            .unwrap()
            .charged_micros,
        0
    );
    assert_eq!(required().await, USD);
    assert_eq!(alice.balance().await, (5 * USD, 0, 5 * USD, 0));
    // A new local day has its own; what an earlier day's hold gives back is not today's.
    as_owner(&database, "update account set spent_on = spent_on - 1").await;
    let today = alice.hold("today", tool("search", &[])).await;
    as_owner(&database, "update account set spent_on = spent_on - 1").await;
    for key in ["next-1", "next-2"] {
        assert_eq!(
            alice.charge(key, tool("search", &[])).await.charged_micros,
            0
        );
    }
    alice.release(&today).await.unwrap();
    assert_eq!(required().await, USD);
    core.stop().await;
}

#[tokio::test]
async fn an_expired_free_hold_gives_its_call_back() {
    let free = v1::Price {
        per_call_micros: USD,
        free_calls_per_day: 1,
        ..price("search")
    };
    let (_database, core) = core_with_prices(&[free]).await;
    let alice = User::new(&core, "alice");
    let request = v1::PlaceHoldRequest {
        cost: tool("search", &[]),
        ttl: crate::support::seconds(1),
        ..crate::support::hold("alice", "k", 0)
    };
    assert_eq!(
        alice.place(request).await.unwrap().decision(),
        Decision::Allowed
    );
    let denied = alice.check(tool("search", &[])).await;
    assert_eq!(denied.decision(), Decision::InsufficientBalance);
    eventually("the free call is given back", async || {
        alice.check(tool("search", &[])).await.decision() == Decision::Allowed
    })
    .await;
    core.stop().await;
}

#[tokio::test]
async fn a_capture_by_tool_is_priced_by_the_version_that_held_when_the_hold_was_placed() {
    let old = v1::Price {
        unit_prices: vec![unit("tokens", 2, 1)],
        ..price("search")
    };
    let new = v1::Price {
        version: 2,
        per_call_micros: USD,
        unit_prices: vec![unit("pages", 5, 1)],
        ..price("search")
    };
    let (database, core) = core_with_prices(&[old]).await;
    let alice = User::with(&core, "alice", 5 * USD).await;
    let hold = alice.hold("k", tool("search", &[("tokens", 100)])).await;
    assert_eq!(hold.amount_micros, 200);
    database.price(&new).await;
    eventually("the new version holds", async || {
        let request = v1::EstimateCostRequest {
            tenant_id: "acme".to_owned(),
            tool: Some(tool_usage("search", &[("pages", 1)])),
        };
        core.prices().estimate_cost(request).await.is_ok()
    })
    .await;
    let captured = alice
        .capture(&hold, tool("search", &[("tokens", 60)]))
        .await
        .unwrap();
    assert_eq!(
        (captured.charged_micros, captured.released_micros),
        (120, 80)
    );
    assert_eq!(alice.entries().await[0].price_version, Some(1));
    let now = alice.charge("now", tool("search", &[("pages", 2)])).await;
    assert_eq!((now.charged_micros, now.price_version), (USD + 10, Some(2)));
    // The use is what a key stands for, not its price.
    assert!(
        alice
            .place_cost("k", tool("search", &[("tokens", 100)]))
            .await
            .replayed
    );
    assert_eq!(
        list(&core, "search", false).await,
        [("search".to_owned(), 2)]
    );
    let all = [("search".to_owned(), 2), ("search".to_owned(), 1)];
    assert_eq!(list(&core, "search", true).await, all);
    core.stop().await;
}

#[tokio::test]
async fn an_unpriced_tool_is_denied_unless_its_tenant_lets_it_pass() {
    let (_database, core) = core().await;
    let alice = User::new(&core, "alice");
    let unheard_of = || tool("unheard-of", &[("tokens", 5)]);
    let answer = alice.check(unheard_of()).await;
    assert_eq!(
        (answer.decision(), answer.price_version),
        (Decision::ToolNotPriced, None)
    );
    assert_eq!(
        alice.place_cost("h", unheard_of()).await.decision(),
        Decision::ToolNotPriced
    );
    assert_eq!(
        alice.charge("c", unheard_of()).await.decision(),
        Decision::ToolNotPriced
    );
    assert!(!estimate(&core, "unheard-of", &[]).await.priced);
    let tenant = v1::Tenant {
        tenant_id: "acme".to_owned(),
        unpriced_tools: UnpricedToolPolicy::Free.into(),
        ..Default::default()
    };
    let request = v1::SetTenantRequest {
        tenant: Some(tenant),
        ..Default::default()
    };
    core.accounts().set_tenant(request).await.unwrap();
    eventually("unpriced tools pass", async || {
        alice.check(unheard_of()).await.decision() == Decision::Allowed
    })
    .await;
    let hold = alice.hold("h", unheard_of()).await;
    assert_eq!(hold.amount_micros, 0);
    assert_eq!(
        alice
            .capture(&hold, unheard_of())
            .await
            .unwrap()
            .charged_micros,
        0
    );
    assert_eq!(alice.charge("c", unheard_of()).await.charged_micros, 0);
    let estimated = estimate(&core, "unheard-of", &[]).await;
    assert!(estimated.priced && estimated.price_version.is_none());
    core.stop().await;
}

#[tokio::test]
async fn a_new_price_starts_some_seconds_ahead_and_holds_from_then_on() {
    let (_database, core) = core().await;
    let request = v1::SetPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: "search".to_owned(),
        per_call_micros: 7,
        // The past is not edited.
        effective_at: Some(moment(Timestamp::now() - 1.hour())),
        ..Default::default()
    };
    let first = set_price(&core, request).await;
    let ahead = time(first.effective_at).duration_since(time(first.created_at));
    assert!(
        ahead >= SignedDuration::from_secs(5) && ahead <= SignedDuration::from_secs(9),
        "{ahead}"
    );
    assert!(!estimate(&core, "search", &[]).await.priced);
    assert_eq!(
        list(&core, "search", false).await,
        [("search".to_owned(), 1)]
    );
    eventually("the price holds", async || {
        estimate(&core, "search", &[]).await.priced
    })
    .await;
    assert!(Timestamp::now() >= time(first.effective_at));
    assert_eq!(estimate(&core, "search", &[]).await.required_micros, 7);
    core.stop().await;
}

#[tokio::test]
async fn a_price_set_again_adds_nothing_and_a_changed_one_adds_a_version() {
    let (_database, core) = core().await;
    let request = v1::SetPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: "search".to_owned(),
        per_call_micros: 7,
        unit_prices: vec![unit("out", 1, 2), unit("in", 1, 1000)],
        free_calls_per_day: 3,
        ..Default::default()
    };
    let first = set_price(&core, request.clone()).await;
    assert_eq!((first.version, first.free_calls_per_day), (1, 3));
    assert_eq!(first.unit_prices, [unit("in", 1, 1000), unit("out", 1, 2)]);
    // The order of the units says nothing.
    let turned = v1::SetPriceRequest {
        unit_prices: vec![unit("in", 1, 1000), unit("out", 1, 2)],
        ..request.clone()
    };
    assert_eq!(set_price(&core, turned).await, first);
    let at = Timestamp::now() + 48.hours();
    let later = v1::SetPriceRequest {
        per_call_micros: 8,
        effective_at: Some(moment(at)),
        ..request.clone()
    };
    let second = set_price(&core, later.clone()).await;
    assert_eq!(second.version, 2);
    assert_eq!(
        time(second.effective_at).as_microsecond(),
        at.as_microsecond()
    );
    assert_eq!(set_price(&core, later).await, second);
    // Both are still to come; another tool and another tenant are apart.
    let other = v1::SetPriceRequest {
        tool: "draft".to_owned(),
        ..request.clone()
    };
    set_price(&core, other).await;
    let elsewhere = v1::SetPriceRequest {
        tenant_id: "other".to_owned(),
        ..request
    };
    assert_eq!(set_price(&core, elsewhere).await.version, 1);
    let all = [
        ("draft".to_owned(), 1),
        ("search".to_owned(), 2),
        ("search".to_owned(), 1),
    ];
    assert_eq!(list(&core, "", false).await, all);
    core.stop().await;
}

fn at(of: Timestamp, per_call_micros: i64) -> v1::SetPriceRequest {
    v1::SetPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: "search".to_owned(),
        per_call_micros,
        effective_at: Some(moment(of)),
        ..Default::default()
    }
}

/// The version, and what it supersedes and leaves planned.
async fn place(core: &TestCore, request: v1::SetPriceRequest) -> (i64, Option<i64>, Vec<i64>) {
    let answer = core.prices().set_price(request).await.unwrap().into_inner();
    let planned = answer.planned.iter().map(|price| price.version).collect();
    (
        answer.price.unwrap().version,
        answer.superseded.map(|price| price.version),
        planned,
    )
}

fn cancellation(version: i64) -> v1::CancelPriceRequest {
    v1::CancelPriceRequest {
        tenant_id: "acme".to_owned(),
        tool: "search".to_owned(),
        version,
        reason: "too dear".to_owned(),
        actor: "root".to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_version_that_begins_too_soon_to_be_cancelled_gives_way_to_what_held_before() {
    let held = v1::Price {
        per_call_micros: 10,
        ..price("search")
    };
    let (database, core) = core_with_prices(&[held]).await;
    let soon = v1::SetPriceRequest {
        effective_at: None,
        ..at(Timestamp::now(), 9_999)
    };
    let set = core.prices().set_price(soon.clone()).await.unwrap();
    let versions =
        |prices: &[v1::Price]| -> Vec<i64> { prices.iter().map(|price| price.version).collect() };
    assert_eq!(versions(&set.into_inner().prices), [2, 1]);
    let refused = core.prices().cancel_price(cancellation(2)).await;
    assert_eq!(reason(&refused.unwrap_err()), "PRICE_STARTED");
    let or_restore = v1::CancelPriceRequest {
        or_restore: true,
        ..cancellation(2)
    };
    // At once, and again: it is restored once.
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (mut prices, request) = (core.prices(), or_restore.clone());
        calls.spawn(async move { prices.cancel_price(request).await.unwrap().into_inner() });
    }
    for answer in calls.join_all().await {
        let restored = answer.restored.unwrap();
        assert_eq!((restored.version, restored.per_call_micros), (3, 10));
        assert_eq!(versions(&answer.prices), [3, 2, 1]);
        assert_eq!(answer.price.unwrap().cancelled_at, None);
    }
    // What holds is never taken away, nor the first price that a tool ever had.
    let holds = v1::CancelPriceRequest {
        version: 1,
        ..or_restore.clone()
    };
    let first = v1::SetPriceRequest {
        tool: "new".to_owned(),
        ..soon
    };
    core.prices().set_price(first).await.unwrap();
    let first = v1::CancelPriceRequest {
        tool: "new".to_owned(),
        version: 1,
        ..or_restore
    };
    // Nor what takes over from a mistake that holds by now: the mistake would stay.
    as_owner(
        &database,
        "alter table price disable trigger price_append_only;
        update price set created_at = now() - interval '10 s', effective_at = now() - interval '2 s' where version = 2;
        update price set created_at = now() - interval '3 s', effective_at = now() + interval '5 s' where version = 3",
    )
    .await;
    let restored = v1::CancelPriceRequest {
        version: 3,
        ..holds.clone()
    };
    for request in [holds, first, restored] {
        let refused = core.prices().cancel_price(request).await.unwrap_err();
        assert_eq!(reason(&refused), "PRICE_STARTED");
    }
    core.stop().await;
}

/// Lets all that is planned start so much sooner.
async fn sooner(database: &TestDatabase, hours: i64) {
    for statement in [
        "alter table price disable trigger price_append_only".to_owned(),
        format!(
            "update price set effective_at = effective_at - interval '{hours} hours',
                created_at = created_at - interval '{hours} hours'"
        ),
        "alter table price enable trigger price_append_only".to_owned(),
    ] {
        as_owner(database, &statement).await;
    }
}

#[tokio::test]
async fn the_latest_start_holds_in_whatever_order_prices_were_set_and_says_what_it_supersedes() {
    let (database, core) = core().await;
    let now = Timestamp::now();
    assert_eq!(
        place(&core, at(now + 100.hours(), 9)).await,
        (1, None, vec![])
    );
    assert_eq!(
        place(&core, at(now + 10.hours(), 8)).await,
        (2, None, vec![1])
    );
    // Of one start, the one that was set last.
    assert_eq!(
        place(&core, at(now + 200.hours(), 11)).await,
        (3, Some(1), vec![])
    );
    assert_eq!(
        place(&core, at(now + 200.hours(), 12)).await,
        (4, Some(3), vec![])
    );
    // Set again, it is there already.
    assert_eq!(
        place(&core, at(now + 100.hours(), 9)).await,
        (1, Some(2), vec![4])
    );
    // The same as on the first day, behind another price.
    assert_eq!(
        place(&core, at(now + 150.hours(), 8)).await,
        (5, Some(1), vec![4])
    );
    let all = |versions: &[i64]| -> Vec<(String, i64)> {
        versions.iter().map(|n| ("search".to_owned(), *n)).collect()
    };
    assert_eq!(list(&core, "search", false).await, all(&[5, 4, 3, 2, 1]));
    for (hours, version, cost) in [(11, 2, 8), (90, 1, 9), (50, 5, 8), (50, 4, 12)] {
        sooner(&database, hours).await;
        eventually("the version holds", async || {
            let estimated = estimate(&core, "search", &[]).await;
            estimated.price_version == Some(version) && estimated.required_micros == cost
        })
        .await;
    }
    assert_eq!(list(&core, "search", false).await, all(&[4]));
    assert_eq!(list(&core, "search", true).await, all(&[5, 4, 3, 2, 1]));
    core.stop().await;
}

#[tokio::test]
async fn a_plan_is_kept_though_what_holds_says_the_same_when_it_is_made() {
    let (database, core) = core().await;
    let now = Timestamp::now();
    let today = v1::SetPriceRequest {
        effective_at: None,
        ..at(now, 9)
    };
    assert_eq!(place(&core, today).await, (1, None, vec![]));
    // The end of a sale, and then the sale.
    assert_eq!(
        place(&core, at(now + 100.hours(), 9)).await,
        (2, Some(1), vec![])
    );
    assert_eq!(
        place(&core, at(now + 10.hours(), 8)).await,
        (3, Some(1), vec![2])
    );
    for (hours, version, cost) in [(11, 3, 8), (90, 2, 9)] {
        sooner(&database, hours).await;
        eventually("the version holds", async || {
            let estimated = estimate(&core, "search", &[]).await;
            estimated.price_version == Some(version) && estimated.required_micros == cost
        })
        .await;
    }
    // A plan that has started is repeated, and not set once more behind the one that took over.
    assert_eq!(
        place(&core, at(now + 10.hours() - 101.hours(), 8)).await,
        (3, Some(1), vec![2])
    );
    core.stop().await;
}

#[tokio::test]
async fn a_planned_price_is_cancelled_by_word_and_what_has_started_is_not() {
    let (database, core) = core().await;
    let now = Timestamp::now();
    place(&core, at(now + 10.hours(), 8)).await;
    place(&core, at(now + 20.hours(), 9)).await;
    let mut prices = core.prices();
    let cancelled = prices.cancel_price(cancellation(2)).await.unwrap();
    let cancelled = cancelled.into_inner().price.unwrap();
    assert!(cancelled.cancelled_at.is_some());
    let again = prices.cancel_price(cancellation(2)).await.unwrap();
    assert_eq!(again.into_inner().price.unwrap(), cancelled);
    let unknown = prices.cancel_price(cancellation(3)).await.unwrap_err();
    assert_eq!(
        (unknown.code(), reason(&unknown).as_str()),
        (Code::NotFound, "PRICE_NOT_FOUND")
    );
    assert_eq!(
        list(&core, "search", false).await,
        [("search".to_owned(), 1)]
    );
    assert_eq!(list(&core, "search", true).await.len(), 2);
    // As if it had not been set.
    assert_eq!(
        place(&core, at(now + 21.hours(), 10)).await,
        (3, Some(1), vec![])
    );
    sooner(&database, 20).await;
    eventually("the version before it holds", async || {
        estimate(&core, "search", &[]).await.price_version == Some(1)
    })
    .await;
    let started = prices.cancel_price(cancellation(1)).await.unwrap_err();
    assert_eq!(
        (started.code(), reason(&started).as_str()),
        (Code::FailedPrecondition, "PRICE_STARTED")
    );
    // The database refuses it too, and that anything of it is changed.
    let mut owner = database.connect_as_owner().await;
    let late =
        "insert into price_cancellation values ('acme', 'search', 1, 'r', 'a', clock_timestamp())";
    for (statement, what) in [
        (late, "price_cancelled_ahead"),
        ("delete from price_cancellation", "append"),
    ] {
        let refused = run(&mut owner, statement).await.unwrap_err().to_string();
        let refused = match what {
            "append" => refused.contains("price_cancellation"),
            _ => refused.contains("cannot be cancelled"),
        };
        assert!(refused, "{statement}");
    }
    core.stop().await;
}
