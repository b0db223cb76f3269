//! Grants, adjustments, settings, and the first sight of an account.

use billing_proto::v1;
use billing_proto::v1::{Decision, EntryKind};
use billing_testkit::TestCore;

use crate::support::{USD, account, amount, core, rows, set, unset};
use crate::user::User;

fn grant(user: &str, key: &str, micros: i64) -> v1::GrantCreditRequest {
    v1::GrantCreditRequest {
        account: Some(account(user)),
        idempotency_key: key.to_owned(),
        amount_micros: micros,
        reason: "goodwill, Ticket №9".to_owned(),
        actor: "root@acme".to_owned(),
    }
}

#[tokio::test]
async fn a_grant_is_credited_once_and_says_why_and_by_whom() {
    let (_database, core) = core().await;
    let alice = User::new(&core, "alice");
    let first = core
        .accounts()
        .grant_credit(grant("alice", "k", 5 * USD))
        .await
        .unwrap()
        .into_inner();
    assert!(!first.replayed);
    assert_eq!(first.balance.as_ref().unwrap().available_micros, 5 * USD);
    let again = core
        .accounts()
        .grant_credit(grant("alice", "k", 5 * USD))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        again,
        v1::GrantCreditResponse {
            replayed: true,
            ..first
        }
    );
    let entries = alice.entries().await;
    let [entry] = entries.as_slice() else {
        panic!("one entry, not {entries:?}");
    };
    assert_eq!(entry.kind(), EntryKind::Grant);
    assert_eq!(
        (entry.amount_micros, entry.balance_after_micros),
        (5 * USD, 5 * USD)
    );
    assert_eq!(entry.counterparty, "grants");
    assert_eq!(
        (entry.reason.as_str(), entry.actor.as_str()),
        ("goodwill, Ticket №9", "root@acme")
    );
    // A credit is no spending.
    let standing = alice.standing().await;
    assert_eq!(
        (standing.total_spent_micros, standing.request_count),
        (0, 0)
    );
    assert_eq!(alice.used().await, (0, 0));
    core.stop().await;
}

#[tokio::test]
async fn an_adjustment_of_either_sign_is_booked_once_and_may_lead_into_debt() {
    let (_database, core) = core().await;
    let alice = User::new(&core, "alice");
    alice.adjust("up", 3 * USD).await;
    let hold = alice.hold("hold", amount(2 * USD)).await;
    let down = alice.adjust("down", -4 * USD).await;
    let balance = down.balance.unwrap();
    assert_eq!((balance.settled_micros, balance.debt_micros), (-USD, USD));
    assert_eq!(balance.available_micros, -3 * USD);
    assert!(alice.adjust("down", -4 * USD).await.replayed);
    assert_eq!(alice.balance().await, (-USD, 2 * USD, -3 * USD, USD));
    let denied = alice.check(amount(1)).await;
    assert_eq!(
        (denied.decision(), denied.shortfall_micros),
        (Decision::InsufficientBalance, 3 * USD + 1)
    );
    alice.release(&hold).await.unwrap();
    assert_eq!(alice.balance().await, (-USD, 0, -USD, USD));
    let entry = &alice.entries().await[0];
    assert_eq!(entry.kind(), EntryKind::Adjustment);
    assert_eq!(entry.counterparty, "adjustments");
    assert_eq!(
        (entry.reason.as_str(), entry.actor.as_str()),
        ("put right", "root@acme")
    );
    core.stop().await;
}

#[tokio::test]
async fn of_the_settings_what_is_absent_stays_what_is_empty_goes_and_0_is_0() {
    let (_database, core) = core().await;
    let alice = User::new(&core, "alice");
    let created = alice.settings(v1::UpdateSettingsRequest::default()).await;
    assert!(created.exists);
    assert_eq!(created.limits[0].limit_micros, Some(10 * USD));
    assert_eq!(created.low_balance_threshold_micros, None);
    let all = v1::UpdateSettingsRequest {
        daily_limit: set(0),
        monthly_limit: set(7),
        low_balance_threshold: set(3),
        time_zone: Some("Europe/Kyiv".to_owned()),
        ..Default::default()
    };
    let shown = alice.settings(all).await;
    assert_eq!(
        (shown.limits[0].limit_micros, shown.limits[1].limit_micros),
        (Some(0), Some(7))
    );
    assert_eq!(shown.low_balance_threshold_micros, Some(3));
    assert_eq!(shown.time_zone, "Europe/Kyiv");
    let unchanged = alice.settings(v1::UpdateSettingsRequest::default()).await;
    assert_eq!(unchanged, shown);
    let removed = v1::UpdateSettingsRequest {
        daily_limit: unset(),
        low_balance_threshold: unset(),
        ..Default::default()
    };
    let shown = alice.settings(removed).await;
    assert_eq!(
        (shown.limits[0].limit_micros, shown.limits[1].limit_micros),
        (None, Some(7))
    );
    assert_eq!(shown.low_balance_threshold_micros, None);
    assert_eq!(alice.get().await, shown);
    core.stop().await;
}

#[tokio::test]
async fn suspension_is_shown_and_repeatable() {
    let (_database, core) = core().await;
    let alice = User::new(&core, "alice");
    for suspended in [true, true, false, false] {
        if suspended {
            alice.suspend().await;
        } else {
            alice.resume().await;
        }
        assert_eq!(alice.get().await.suspended, suspended);
        assert_eq!(alice.standing().await.suspended, suspended);
    }
    core.stop().await;
}

#[tokio::test]
async fn an_account_has_the_same_id_everywhere_and_its_tenants_name_is_part_of_it() {
    let (_database, core) = core().await;
    let before = User::new(&core, "alice").get().await;
    core.grant(&account("alice"), 1).await;
    let after = User::new(&core, "alice").get().await;
    assert_eq!(before.account_id, after.account_id);
    let id = billing_core::id::AccountId::of("acme", "alice");
    assert_eq!(after.account_id, id.to_string());
    assert_ne!(id, billing_core::id::AccountId::of("ac", "mealice"));
    core.stop().await;
}

async fn set_tenant(core: &TestCore, tenant: v1::Tenant) -> v1::Tenant {
    let request = v1::SetTenantRequest {
        tenant: Some(tenant),
        ..Default::default()
    };
    let answer = core.accounts().set_tenant(request).await;
    answer.unwrap().into_inner().tenant.unwrap()
}

async fn get_tenant(core: &TestCore, tenant_id: &str) -> v1::Tenant {
    let request = v1::GetTenantRequest {
        tenant_id: tenant_id.to_owned(),
    };
    let answer = core.accounts().get_tenant(request).await;
    answer.unwrap().into_inner().tenant.unwrap()
}

#[tokio::test]
async fn a_tenants_settings_are_replaced_as_a_whole() {
    let (_database, core) = core().await;
    let all = v1::Tenant {
        tenant_id: "acme".to_owned(),
        welcome_grant_micros: 3 * USD,
        unpriced_tools: v1::UnpricedToolPolicy::Free.into(),
        default_daily_limit_micros: Some(0),
        default_monthly_limit_micros: Some(50 * USD),
        topup_url: "https://acme.example/top-up".to_owned(),
    };
    assert_eq!(set_tenant(&core, all.clone()).await, all);
    assert_eq!(get_tenant(&core, "acme").await, all);
    let bare = v1::Tenant {
        tenant_id: "acme".to_owned(),
        ..Default::default()
    };
    let shown = v1::Tenant {
        unpriced_tools: v1::UnpricedToolPolicy::Deny.into(),
        ..bare.clone()
    };
    assert_eq!(set_tenant(&core, bare).await, shown);
    assert_eq!(get_tenant(&core, "acme").await, shown);
    core.stop().await;
}

#[tokio::test]
async fn the_welcome_grant_is_an_accounts_first_entry_once_whatever_comes_first() {
    let (database, core) = core().await;
    let tenant = v1::Tenant {
        tenant_id: "acme".to_owned(),
        welcome_grant_micros: 3 * USD,
        default_daily_limit_micros: Some(50 * USD),
        ..Default::default()
    };
    set_tenant(&core, tenant).await;
    // A charge that the welcome grant pays for, a denied one, a grant, and settings.
    let charged = User::new(&core, "charged");
    assert_eq!(
        charged.charge("k", amount(2 * USD)).await.decision(),
        Decision::Allowed
    );
    let denied = User::new(&core, "denied");
    assert_eq!(
        denied.charge("k", amount(4 * USD)).await.decision(),
        Decision::InsufficientBalance
    );
    let granted = User::with(&core, "granted", USD).await;
    let set_up = User::new(&core, "set-up").without_limits().await;
    for (user, available) in [(charged, 1), (denied, 3), (granted, 4), (set_up, 3)] {
        assert_eq!(user.available().await, available * USD);
        let entries = user.entries().await;
        let first = entries.last().unwrap();
        assert_eq!(
            (first.kind(), first.amount_micros),
            (EntryKind::Grant, 3 * USD)
        );
        assert_eq!(first.balance_after_micros, 3 * USD);
        assert!(first.entry_id.ends_with("-1"));
    }
    assert_eq!(
        charged.standing().await.limits[0].limit_micros,
        Some(50 * USD)
    );
    // A caller's key of the same name is his own.
    assert!(!granted.adjust("welcome", 1).await.replayed);
    let accounts = rows(&database)
        .await
        .into_iter()
        .find(|(table, _)| table == "account");
    assert_eq!(accounts.unwrap().1, 4);
    core.stop().await;
}

#[tokio::test]
async fn a_tenant_never_set_has_the_published_defaults() {
    let (_database, core) = core().await;
    let tenant = get_tenant(&core, "unset").await;
    let expected = v1::Tenant {
        tenant_id: "unset".to_owned(),
        welcome_grant_micros: 0,
        unpriced_tools: v1::UnpricedToolPolicy::Deny.into(),
        default_daily_limit_micros: Some(10 * USD),
        default_monthly_limit_micros: Some(100 * USD),
        topup_url: String::new(),
    };
    assert_eq!(tenant, expected);
    core.stop().await;
}
